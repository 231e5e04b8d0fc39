// What the walk over the keys (save-walk.ts) asks of a kind of file: snapshots (snapshot-output.ts), the commands of an
// append-only file's base (aof/command-output.ts), RDB files (rdb/file-output.ts).
//
// A key whose value is large comes in parts, over several steps. When the value is about to change before its last part, its
// other parts are taken from its Unwritten (values/unwritten.ts), or written first where there is none. Other keys that are
// about to change may come between its parts, whole.

import type { Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'
import type { Unwritten } from '../values/unwritten.ts'
import { type SavedOrder, VISIT_END } from '../values/value.ts'
import type { FileQueue } from './file-queue.ts'

/** Returned instead of a place in a value: there is nothing more of it. */
export const WRITTEN = VISIT_END

/** Where a key stands: by itself, or between the parts of another one. */
export type Standing = 'alone' | 'between'

/** A key with a large value that has changed, or gone, since the save began: what it was then. */
export interface ChangedKey {
  /** For its names; there may be no entry any more. */
  readonly place: Place
  readonly type: number
  /** In ms, 0 for none. */
  readonly deadline: number
  /** The access word. */
  readonly access: number
  /** The earliest deadline of a field in ms, 0 when no field has one. */
  readonly firstFieldDeadline: number
  readonly rest: Unwritten
}

export interface SaveOutput {
  /** How part() goes through a sorted set. */
  readonly order: SavedOrder
  /** Writes the key at `p`, or begins with it when it is large. Returns WRITTEN, or the place in the value where part() goes on. */
  key(p: Place, standing: Standing): number
  /** Writes the next part of a value; returns as key() does. */
  part(p: Place, from: number, standing: Standing): number
  /** Begins with a key that has changed, by itself: its elements follow in parts. */
  begin(key: ChangedKey): void
  /** Writes the next part of it, by itself; false when it was the last one. */
  more(key: ChangedKey): boolean
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

export function elementsOfPart(v: { readonly stored: number; readonly logical: number }): number {
  return Math.max(1, Math.min(PART_ELEMENTS, Math.floor((v.stored * PART_BYTES) / (v.logical + 1))))
}
