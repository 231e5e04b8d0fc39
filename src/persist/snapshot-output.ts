// Keys as the records of a snapshot (format.ts). Records may stand between the parts of a large value: they say so (ASIDE).

import { deadlineMs, entryType, isTimed } from '../store/entry.ts'
import { SLASH } from '../store/finder.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { isShownWithNamespace } from '../store/names.ts'
import type { Place } from '../store/place.ts'
import { COLLECTION_FIELDS, writeVisits } from './collection-record.ts'
import type { FileQueue } from './file-queue.ts'
import { ASIDE, KEY_FIELDS, OPENING, PART, packMap } from './format.ts'
import { Frame } from './frame.ts'
import { kindOf } from './kinds.ts'
import { WHOLE_LIMIT_BYTES } from './record-kind.ts'
import {
  type ChangedKey,
  elementsOfPart,
  type SaveFormat,
  type SaveOutput,
  type Standing,
  WRITTEN,
} from './save-output.ts'

/** Array head, type, db, name head, deadline, access and the value's short fields, rounded up. */
const RECORD_HEAD_BYTES = 48

/** `createdMs` is the wall clock for the opening map. */
export function snapshotFormat(createdMs: number): SaveFormat {
  return (queue, keys) => new SnapshotOutput(queue, keys, createdMs)
}

class SnapshotOutput implements SaveOutput {
  readonly held = 'nothing'
  readonly order = 'up'
  private readonly keys: Keyspace
  private readonly queue: FileQueue
  private readonly frame: Frame

  constructor(queue: FileQueue, keys: Keyspace, createdMs: number) {
    this.queue = queue
    this.keys = keys
    this.frame = new Frame(queue.put(OPENING, OPENING.length))
    this.map(packMap({ createdMs, databases: keys.databases }))
  }

  get bytes(): number {
    return this.queue.bytes + this.frame.at
  }

  release(): void {
    // Nothing is held.
  }

  key(p: Place, standing: Standing): number {
    const a = p.shard.arena
    const e = p.entry
    const kind = kindOf(a, e)
    const bytes = kind.size(this.keys, a, e)
    const isLarge = bytes > WHOLE_LIMIT_BYTES
    const word = entryType(a, e) | asideBit(standing)
    const deadline = isTimed(a, e) ? deadlineMs(a, e) : 0
    this.head(p, word, kind.fields, deadline, a.i32[(e + 8) >> 2], isLarge ? 0 : bytes)
    if (isLarge) {
      kind.head(this.frame, this.keys, a, e)
      return 0
    }
    kind.whole(this.frame, this.keys, a, e)
    this.cutIfFull()
    return WRITTEN
  }

  /** Writes the fields of a record before its value, for which there is room then. */
  private head(p: Place, word: number, fields: number, deadline: number, access: number, valueBytes: number): void {
    const { frame } = this
    const { buf, keyStart, keyEnd, nsStart, nsEnd } = p
    const keyBytes = keyEnd - keyStart
    const nsBytes = isShownWithNamespace(p.nsHash, buf, keyStart, keyEnd) ? nsEnd - nsStart : -1
    frame.reserve(RECORD_HEAD_BYTES + nsBytes + 1 + keyBytes + valueBytes)
    frame.array(KEY_FIELDS + fields)
    frame.uint(word)
    frame.uint(p.db)
    frame.binaryHead(nsBytes + 1 + keyBytes)
    if (nsBytes >= 0) {
      frame.bytes(p.nsBuf, nsStart, nsEnd)
      frame.u8[frame.at++] = SLASH
    }
    frame.bytes(buf, keyStart, keyEnd)
    if (deadline === 0) frame.nil()
    else frame.double(deadline)
    frame.uint(access >>> 0)
  }

  part(p: Place, from: number, standing: Standing): number {
    const { frame } = this
    const a = p.shard.arena
    frame.reserve(RECORD_HEAD_BYTES)
    frame.array(2)
    frame.uint(PART | asideBit(standing))
    const next = kindOf(a, p.entry).part(frame, this.keys, a, p.entry, from)
    this.cutIfFull()
    return next
  }

  begin({ place, type, deadline, access, rest }: ChangedKey): void {
    this.head(place, type, COLLECTION_FIELDS, deadline, access, 0)
    this.frame.uint(rest.stored * rest.width)
  }

  more({ rest }: ChangedKey): boolean {
    const { frame } = this
    const { at } = frame
    frame.reserve(RECORD_HEAD_BYTES)
    frame.array(2)
    frame.uint(PART)
    let isMore = true
    const visits = writeVisits(frame, visit => {
      isMore = rest.next(elementsOfPart(rest), visit)
    })
    // The value may be complete, and then nobody waits for a part.
    if (visits === 0) frame.at = at
    this.cutIfFull()
    return isMore
  }

  end(records: number): void {
    if (!this.frame.empty) this.cut()
    this.map(packMap({ records, bytes: this.queue.bytes }))
  }

  /** A frame of its own. */
  private map(packed: Uint8Array): void {
    this.frame.reserve(packed.length)
    this.frame.bytes(packed, 0, packed.length)
    this.cut()
  }

  private cutIfFull(): void {
    if (this.frame.full) this.cut()
  }

  /** Ends the frame; the next record begins another one. */
  private cut(): void {
    const { frame } = this
    frame.begin(this.queue.put(frame.u8, frame.seal()))
  }
}

const asideBit = (standing: Standing): number => (standing === 'between' ? ASIDE : 0)
