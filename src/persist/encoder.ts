// Turns the keys into frames, a small step at a time, so that the caller decides how much is done between two requests.
//
// What the file holds, when commands run between the steps:
// - each key is whole, as it was at one moment between the first step and the last;
// - a key that exists all the time is in the file, once as far as the loader is concerned; so is one that was renamed or
//   moved: its new name is written again when the walk has passed it already, its old name taken back;
// - keys are not all of the same moment. Without commands in between (one call after the other) the file is exact.
// The exact file beside traffic needs to hear of a change before it happens: whoever calls `later` for a key that is about
// to change and is not yet written (`isBehind` says so) gets it.
//
// A flushed or swapped database makes the walk worthless: `stale` is then set and the caller begins again.

import { indexOfByte } from '../bytes/ascii.ts'
import type { Arena } from '../memory/arena.ts'
import { deadlineMs, entryType, isTimed, keyLength, keyStart } from '../store/entry.ts'
import { SLASH } from '../store/finder.ts'
import type { ChangeObserver, Keyspace } from '../store/keyspace.ts'
import { displayBytes } from '../store/names.ts'
import { Place } from '../store/place.ts'
import { NS_HASH, NS_NAME, NS_NAME_LENGTH, type Shard } from '../store/shard.ts'
import { KeyBatch, KeyName, KeyWalk } from '../store/walk.ts'
import { GONE, KEY_FIELDS, OPENING, PART, packMap } from './format.ts'
import { Frame } from './frame.ts'
import { RECORD_KINDS } from './kinds.ts'
import { COMPLETE, type RecordKind, WHOLE_LIMIT_BYTES } from './record-kind.ts'

/** Keys of one step: with values at their limit half a frame, about 0.1 ms. */
const KEYS_PER_STEP = 16
/** Array head, type, db, name head, deadline, access and the value's short fields, rounded up. */
const RECORD_HEAD_BYTES = 48
/** Names that wait to be written, in bytes; more than this many renames at once make the walk stale. */
const LATER_LIMIT_BYTES = 4 << 20
/** How often a value that changes while it is written is begun again before the whole of it is written without a pause. */
const PATIENCE = 3

/** Positions of a namespace and of a key in a walk's cursor (store/walk.ts): the top 24 bits of a hash. */
const POSITIONS = 0x1000000

/** Events after which a key that the walk has passed, or was still to meet, is somewhere else. */
const MOVES: ReadonlySet<string> = new Set(['rename_from', 'rename_to', 'move_from', 'move_to'])

/** What `step` says: go on, take the frame and go on, or take the last frame. */
type Progress = 'filling' | 'full' | 'end'

interface Name {
  readonly db: number
  readonly bytes: Uint8Array
}

/** A value that is being written in parts, at the encoder's place. */
interface Large {
  readonly kind: RecordKind
  readonly name: Name
  from: number
  changed: boolean
}

export class SnapshotEncoder implements ChangeObserver {
  /** Records so far. */
  records = 0
  /** Bytes of the file so far, the frame that is being filled not counted. */
  bytes = OPENING.length
  stale = false
  private readonly keys: Keyspace
  private readonly frame = new Frame()
  private readonly walk: KeyWalk
  private readonly batch = new KeyBatch()
  private readonly name = new KeyName()
  private readonly place: Place
  private readonly names: Name[] = []
  private nameBytes = 0
  private large: Large | undefined
  private tries = 0
  private db = 0
  private cursor = 0

  /** `createdMs` is the wall clock for the opening map. */
  constructor(keys: Keyspace, createdMs: number) {
    this.keys = keys
    this.walk = new KeyWalk(keys)
    this.place = new Place(keys.at.shard)
    this.map(packMap({ createdMs, databases: keys.databases }))
  }

  /** True when what is being written must not be interrupted by commands, for it would never come to an end. */
  get urgent(): boolean {
    return this.large !== undefined && this.tries >= PATIENCE
  }

  /** One small piece of work. After 'full' and 'end' the frame must be taken before the next step. */
  step(): Progress {
    const { frame } = this
    if (this.records === 0 && !frame.empty) return 'full'
    if (this.large !== undefined) this.nextPart(this.large)
    else if (this.names.length > 0) this.writeNamed()
    else if (this.db < this.keys.databases) this.walkOn()
    else if (!frame.empty) return 'full'
    else {
      this.map(packMap({ records: this.records, bytes: this.bytes }))
      return 'end'
    }
    return frame.full ? 'full' : 'filling'
  }

  /** The finished frame, to be written before the next step. */
  take(): Uint8Array {
    const sealed = this.frame.seal()
    this.bytes += sealed.length
    this.frame.begin()
    return sealed
  }

  // ---- what happens between the steps -----------------------------------------------------------------------------

  changed(p: Place, event: string): void {
    const { large, place } = this
    if (large !== undefined && p.hash === place.hash && p.db === place.db) large.changed = true
    if (MOVES.has(event) && this.isBehind(p)) this.later(p)
  }

  flushed(_db: number): void {
    this.stale = true
  }

  /** Whether the walk has passed the position of the key at `p`. */
  isBehind(p: Place): boolean {
    if (p.db !== this.db) return p.db < this.db
    const shard = this.keys.shards.indexOf(p.shard)
    return (shard * POSITIONS + (p.nsHash >>> 8)) * POSITIONS + (p.hash >>> 8) < this.cursor
  }

  /** Writes the key at `p`, or that it is gone, with one of the next steps. */
  later(p: Place): void {
    this.push({ db: p.db, bytes: displayBytes(p) })
  }

  private push(name: Name): void {
    this.names.push(name)
    this.nameBytes += name.bytes.length
    if (this.nameBytes > LATER_LIMIT_BYTES && this.names.length > KEYS_PER_STEP) this.stale = true
  }

  // ---- steps ------------------------------------------------------------------------------------------------------

  private walkOn(): void {
    const { batch, keys, db } = this
    if (keys.size(db) === 0) {
      this.db++
      return
    }
    batch.clear()
    this.cursor = this.walk.step(db, this.cursor, KEYS_PER_STEP, batch)
    for (let i = 0; i < batch.length; i++) {
      this.writeMet(db, keys.shards[batch.shards[i]] as Shard, batch.namespaces[i], batch.entries[i])
    }
    if (this.cursor === 0) this.db++
  }

  private writeMet(db: number, shard: Shard, ns: number, e: number): void {
    const a = shard.arena
    const kind = kindOf(a, e)
    const size = kind.size(this.keys, a, e)
    if (size > WHOLE_LIMIT_BYTES) {
      this.name.set(shard, ns, e)
      this.push({ db, bytes: this.name.buf.slice(this.name.start, this.name.end) })
      return
    }
    const { frame } = this
    const key = keyStart(a, e)
    const keyBytes = keyLength(a, e)
    const prefixed = a.i32[(ns + NS_HASH) >> 2] !== 0 || indexOfByte(a.u8, key, key + keyBytes, SLASH) >= 0
    const nsBytes = prefixed ? a.i32[(ns + NS_NAME_LENGTH) >> 2] : -1
    frame.reserve(RECORD_HEAD_BYTES + nsBytes + 1 + keyBytes + size)
    this.beginRecord(kind, db, a, e)
    frame.binaryHead(nsBytes + 1 + keyBytes)
    if (prefixed) {
      frame.bytes(a.u8, ns + NS_NAME, ns + NS_NAME + nsBytes)
      frame.u8[frame.at++] = SLASH
    }
    frame.bytes(a.u8, key, key + keyBytes)
    writeState(frame, a, e)
    kind.whole(frame, this.keys, a, e)
  }

  private beginRecord(kind: RecordKind, db: number, a: Arena, e: number): void {
    this.records++
    this.frame.array(KEY_FIELDS + kind.fields)
    this.frame.uint(entryType(a, e))
    this.frame.uint(db)
  }

  /** Writes the first of the waiting names as it is now. */
  private writeNamed(): void {
    const { frame, place } = this
    const name = this.names.shift()
    if (name === undefined) return
    this.nameBytes -= name.bytes.length
    const e = this.keys.locateShown(place, name.db, name.bytes)
    frame.reserve(RECORD_HEAD_BYTES + name.bytes.length + WHOLE_LIMIT_BYTES)
    if (e === 0) {
      this.records++
      frame.array(3)
      frame.uint(GONE)
      frame.uint(name.db)
      frame.binaryHead(name.bytes.length)
      frame.bytes(name.bytes, 0, name.bytes.length)
      this.tries = 0
      return
    }
    const a = place.shard.arena
    const kind = kindOf(a, e)
    this.beginRecord(kind, name.db, a, e)
    frame.binaryHead(name.bytes.length)
    frame.bytes(name.bytes, 0, name.bytes.length)
    writeState(frame, a, e)
    if (kind.size(this.keys, a, e) <= WHOLE_LIMIT_BYTES) {
      kind.whole(frame, this.keys, a, e)
      this.tries = 0
    } else {
      kind.head(frame, this.keys, a, e)
      this.large = { kind, name, from: 0, changed: false }
    }
  }

  private nextPart(large: Large): void {
    if (large.changed) {
      this.large = undefined
      this.tries++
      this.names.unshift(large.name)
      this.nameBytes += large.name.bytes.length
      return
    }
    const { frame, place } = this
    frame.reserve(RECORD_HEAD_BYTES)
    frame.array(2)
    frame.uint(PART)
    large.from = large.kind.part(frame, this.keys, place.shard.arena, place.entry, large.from)
    if (large.from !== COMPLETE) return
    this.large = undefined
    this.tries = 0
  }

  private map(packed: Uint8Array): void {
    this.frame.reserve(packed.length)
    this.frame.bytes(packed, 0, packed.length)
  }
}

function kindOf(a: Arena, e: number): RecordKind {
  const kind = RECORD_KINDS[entryType(a, e)]
  if (kind === undefined) throw new Error(`no record for values of type ${entryType(a, e)}`)
  return kind
}

function writeState(frame: Frame, a: Arena, e: number): void {
  if (isTimed(a, e)) frame.double(deadlineMs(a, e))
  else frame.nil()
  frame.uint(a.i32[(e + 8) >> 2] >>> 0)
}
