// Turns the keys into records, a small step at a time, so that the caller decides how much is done between two requests,
// and what the file then holds is of the moment at which the encoder was made, whatever requests did meanwhile:
//
// - the walk (unsaved.ts) meets every key that was there and does not carry the mark of this save, and writes it;
// - a key that lacks the mark and is about to change or go is written first (store/saving.ts). New keys have the mark.
//
// A large value is written in parts, over several steps. Other records may then stand between its parts: they say so
// (ASIDE). When it changes before its last part is written, its other parts are written at once; so is a large value that
// the walk has not reached. That is the one pause that a save can make, and it grows with that value alone: about 0.1 s
// for a set of a million short members, 0.5 ms for a string of a megabyte.
//
// When the save fails or is given up the walk goes on without writing, until all marks are the same again.

import { indexOfByte } from '../bytes/ascii.ts'
import type { Arena } from '../memory/arena.ts'
import { deadlineMs, entryType, FLAG_SAVED, isTimed, keyLength, keyStart } from '../store/entry.ts'
import { SLASH } from '../store/finder.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Saving } from '../store/saving.ts'
import { NS_NAME, NS_NAME_LENGTH, type Shard } from '../store/shard.ts'
import { ASIDE, KEY_FIELDS, PART, packMap } from './format.ts'
import type { FrameOutput } from './frame-output.ts'
import { RECORD_KINDS } from './kinds.ts'
import { COMPLETE, type RecordKind, WHOLE_LIMIT_BYTES } from './record-kind.ts'
import { type Home, isDefault, Unsaved } from './unsaved.ts'

/** Keys of one step: with values at their limit half a frame, about 0.1 ms. */
const KEYS_PER_STEP = 16
/** Array head, type, db, name head, deadline, access and the value's short fields, rounded up. */
const RECORD_HEAD_BYTES = 48

/** Why a save ended that was given up. */
export class SaveCancelled extends Error {
  override readonly name = 'SaveCancelled'
}

/** A value that is being written in parts. */
interface Large {
  readonly shard: Shard
  readonly entry: number
  readonly kind: RecordKind
  /** 0, or ASIDE for one between the parts of another. */
  readonly aside: number
  from: number
}

export class SnapshotEncoder implements Saving {
  /** Keys that there were at the beginning, expired ones that nobody had met included. */
  readonly total: number
  /** Records so far. */
  records = 0
  private readonly keys: Keyspace
  private readonly output: FrameOutput
  private readonly unsaved: Unsaved
  private large: Large | undefined

  /** `createdMs` is the wall clock for the opening map. No other save may be running. */
  constructor(keys: Keyspace, createdMs: number, output: FrameOutput) {
    if (keys.saving !== undefined) throw new Error('two saves at the same time')
    this.keys = keys
    this.output = output
    this.unsaved = new Unsaved(keys)
    let total = 0
    for (let db = 0; db < keys.databases; db++) total += keys.size(db)
    this.total = total
    this.map(packMap({ createdMs, databases: keys.databases }))
    keys.savedMark ^= FLAG_SAVED
    keys.saving = this
  }

  /** One small piece of work; false when all of it is done. */
  step(): boolean {
    const { large } = this
    if (this.isOver) return false
    if (large !== undefined) this.nextPart(large)
    else if (!this.unsaved.step(KEYS_PER_STEP, this.meet)) this.end()
    return !this.isOver
  }

  /** Writes no more. The steps to come give every key the mark. */
  giveUp(reason: unknown): void {
    this.output.failure ??= reason
  }

  /** Gives up, and every key the mark at once. */
  abandon(): void {
    this.giveUp(new SaveCancelled())
    while (this.step());
  }

  private get isOver(): boolean {
    return this.keys.saving !== this
  }

  private end(): void {
    const { output } = this
    this.keys.saving = undefined
    if (output.failure !== undefined) return
    if (!output.frame.empty) output.cut()
    this.map(packMap({ records: this.records, bytes: output.bytes }))
  }

  // ---- what happens between the steps -----------------------------------------------------------------------------

  before(shard: Shard, ns: number, e: number): void {
    const { large } = this
    try {
      if (large?.entry === e && large.shard === shard) this.finish(large)
      else this.write(shard, ns, e, 'whole')
    } catch (error) {
      // The command that changes the key has nothing to do with it.
      this.giveUp(error)
      this.mark(shard.arena, e)
    }
  }

  leaving(shard: Shard, ns: number): void {
    this.unsaved.leaving(shard, ns)
  }

  renaming(shard: Shard, from: number, to: number): void {
    this.unsaved.renaming(shard, from, to)
  }

  forget(shard: Shard, record: number): void {
    this.unsaved.forget(shard, record)
  }

  /** As Redis, FLUSHALL ends a save. */
  flushing(): void {
    this.giveUp(new SaveCancelled())
    this.keys.saving = undefined
  }

  // ---- writing ----------------------------------------------------------------------------------------------------

  private readonly meet = (shard: Shard, ns: number, e: number): boolean => this.write(shard, ns, e, 'parts')

  /** Writes a key that lacks the mark; a large one all at once, or beginning with its head. False: not now. */
  private write(shard: Shard, ns: number, e: number, how: 'whole' | 'parts'): boolean {
    const a = shard.arena
    const home = this.unsaved.homeOf(shard, ns)
    // Without a home it was flushed before the save began and is only now freed.
    if (home === undefined || this.output.failure !== undefined) {
      this.mark(a, e)
      return true
    }
    const kind = kindOf(a, e)
    const size = kind.size(this.keys, a, e)
    const isLarge = size > WHOLE_LIMIT_BYTES
    const aside = this.large === undefined ? 0 : ASIDE
    if (isLarge && aside !== 0 && how === 'parts') return false
    this.head(shard, ns, e, home, kind, aside, isLarge ? 0 : size)
    if (!isLarge) {
      kind.whole(this.output.frame, this.keys, a, e)
      this.mark(a, e)
      if (this.output.frame.full) this.output.cut()
      return true
    }
    kind.head(this.output.frame, this.keys, a, e)
    const large = { shard, entry: e, kind, aside, from: 0 }
    if (how === 'whole') this.finish(large)
    else this.large = large
    return true
  }

  /** Writes the fields of a record before its value, for which there is room then. */
  private head(
    shard: Shard,
    ns: number,
    e: number,
    home: Home,
    kind: RecordKind,
    aside: number,
    valueBytes: number,
  ): void {
    const a = shard.arena
    const { frame } = this.output
    const key = keyStart(a, e)
    const keyBytes = keyLength(a, e)
    const { name } = home
    const isPlain = name === undefined ? isDefault(shard, ns) : name.isDefault
    const prefixed = !isPlain || indexOfByte(a.u8, key, key + keyBytes, SLASH) >= 0
    const nsBytes = !prefixed ? -1 : (name?.bytes.length ?? a.i32[(ns + NS_NAME_LENGTH) >> 2])
    frame.reserve(RECORD_HEAD_BYTES + nsBytes + 1 + keyBytes + valueBytes)
    this.records++
    frame.array(KEY_FIELDS + kind.fields)
    frame.uint(entryType(a, e) | aside)
    frame.uint(home.db)
    frame.binaryHead(nsBytes + 1 + keyBytes)
    if (prefixed) {
      if (name === undefined) frame.bytes(a.u8, ns + NS_NAME, ns + NS_NAME + nsBytes)
      else frame.bytes(name.bytes, 0, nsBytes)
      frame.u8[frame.at++] = SLASH
    }
    frame.bytes(a.u8, key, key + keyBytes)
    if (isTimed(a, e)) frame.double(deadlineMs(a, e))
    else frame.nil()
    frame.uint(a.i32[(e + 8) >> 2] >>> 0)
  }

  private finish(large: Large): void {
    while (this.nextPart(large));
  }

  /** Writes a part; false when it was the last one. */
  private nextPart(large: Large): boolean {
    const { shard, entry, kind } = large
    const { output, keys } = this
    if (output.failure === undefined) {
      const { frame } = output
      frame.reserve(RECORD_HEAD_BYTES)
      frame.array(2)
      frame.uint(PART | large.aside)
      large.from = kind.part(frame, keys, shard.arena, entry, large.from)
      if (frame.full) output.cut()
      if (large.from !== COMPLETE) return true
    }
    this.mark(shard.arena, entry)
    if (this.large === large) this.large = undefined
    return false
  }

  private mark(a: Arena, e: number): void {
    a.u8[e + 7] = (a.u8[e + 7] & ~FLAG_SAVED) | this.keys.savedMark
  }

  /** A frame of its own. */
  private map(packed: Uint8Array): void {
    const { output } = this
    output.frame.reserve(packed.length)
    output.frame.bytes(packed, 0, packed.length)
    output.cut()
  }
}

function kindOf(a: Arena, e: number): RecordKind {
  const kind = RECORD_KINDS[entryType(a, e)]
  if (kind === undefined) throw new Error(`no record for values of type ${entryType(a, e)}`)
  return kind
}
