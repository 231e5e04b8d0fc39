// What the walk over the keys (save-walk.ts) asks of a kind of file: snapshots (snapshot-output.ts), the commands of an
// append-only file's base (aof/command-output.ts), RDB files (rdb/file-output.ts).
//
// A key whose value is large comes in parts, over several steps. Until its last part the value does not change: who is about
// to change it has the other parts written first. Other keys that are about to change may come between its parts, whole.

import type { Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'
import { type Value, VISIT_END } from '../values/value.ts'
import type { FileQueue } from './file-queue.ts'

/** Returned instead of a place in a value: there is nothing more of it. */
export const WRITTEN = VISIT_END

/** Where a key stands: by itself, or between the parts of another one. */
export type Standing = 'alone' | 'between'

export interface SaveOutput {
  /** Writes the key at `p`, or begins with it when it is large. Returns WRITTEN, or the place in the value where part() goes on. */
  key(p: Place, standing: Standing): number
  /** Writes the next part of a value; returns as key() does. */
  part(p: Place, from: number, standing: Standing): number
  /** Bytes written so far. */
  readonly bytes: number
  /** What came between the parts of a key and could not be written there: none, or so much that there should be no more. */
  readonly held: 'nothing' | 'some' | 'too much'
  /** Writes some of what was held. */
  release(): void
  /** Ends the file, which has so many keys. */
  end(keys: number): void
}

/** Begins a file; the keyspace is as it is to be in it. */
export type SaveFormat = (queue: FileQueue, keys: Keyspace) => SaveOutput

/** Elements, and about bytes, of one part of a collection: 50 us. */
const PART_ELEMENTS = 512
const PART_BYTES = 64 << 10

export function elementsOfPart(v: Value): number {
  return Math.max(1, Math.min(PART_ELEMENTS, Math.floor((v.stored * PART_BYTES) / (v.logical + 1))))
}
