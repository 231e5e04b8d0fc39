// Takes all keys to a file, a small step at a time, so that the caller decides how much is done between two requests, and
// what the file then holds is of the moment at which the walk was made, whatever requests did meanwhile:
//
// - the walk (unsaved.ts) meets every key that was there and does not carry the mark of this save, and writes it;
// - a key that lacks the mark and is about to change or go is written first (store/saving.ts). New keys have the mark.
//
// What a key looks like in the file the output knows (save-output.ts). A large value is written in parts, over several steps.
// When it is about to change before its last part is written, or before the walk has come to it, the key is one of those
// that have changed (changed-keys.ts): it counts as written from then on, and the steps that follow write it as it was.
// Values of a form that does not allow for this are written on the spot.
//
// When the save fails or is given up the walk goes on without writing, until all marks are the same again.

import type { Arena } from '../memory/arena.ts'
import { FLAG_SAVED } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Place } from '../store/place.ts'
import type { Saving } from '../store/saving.ts'
import type { Shard } from '../store/shard.ts'
import { ChangedKeys } from './changed-keys.ts'
import type { FileQueue } from './file-queue.ts'
import { kindOf } from './kinds.ts'
import { WHOLE_LIMIT_BYTES } from './record-kind.ts'
import { type SaveOutput, WRITTEN } from './save-output.ts'
import { Unsaved } from './unsaved.ts'

/** Keys of one step, and about bytes: 10 to 50 us, more where texts are compressed. */
const KEYS_PER_STEP = 16
const STEP_BYTES = 64 << 10

/** Why a save ended that was given up. */
export class SaveCancelled extends Error {
  override readonly name = 'SaveCancelled'
}

/** A value that is being written in parts. */
interface Large {
  readonly place: Place
  from: number
}

export class SaveWalk implements Saving {
  /** Keys that there were at the beginning, expired ones that nobody had met included. */
  readonly total: number
  /** Keys written so far. */
  records = 0
  private readonly keys: Keyspace
  private readonly queue: FileQueue
  private readonly output: SaveOutput
  private readonly unsaved: Unsaved
  /** The key that is being written. */
  private readonly place: Place
  private large: Large | undefined
  private readonly changed: ChangedKeys
  /** Bytes of the output when the present step began. */
  private startBytes = 0

  /** No other save may be running. */
  constructor(keys: Keyspace, queue: FileQueue, output: SaveOutput) {
    if (keys.saving !== undefined) throw new Error('two saves at the same time')
    // Shards are not to change while they are walked.
    keys.reserveArenas()
    this.keys = keys
    this.queue = queue
    this.output = output
    this.unsaved = new Unsaved(keys)
    this.changed = new ChangedKeys(output)
    this.place = new Place(keys.at.shard)
    let total = 0
    for (let db = 0; db < keys.databases; db++) total += keys.size(db)
    this.total = total
    keys.savedMark ^= FLAG_SAVED
    keys.saving = this
  }

  /** One small piece of work; false when all of it is done. */
  step(): boolean {
    const { changed, output } = this
    if (this.isOver) return false
    this.startBytes = output.bytes
    if (this.hasFailed) changed.giveUp()
    if (changed.isTooMuch) this.finish()
    const { large } = this
    if (large !== undefined) this.nextPart(large)
    else if (changed.isWriting) changed.step()
    else if (!this.hasFailed && output.held !== 'nothing') output.release()
    else if (!changed.isEmpty) changed.begin()
    else if (!this.unsaved.step(KEYS_PER_STEP, this.meet)) this.end()
    return !this.isOver
  }

  /** Writes no more. The steps to come give every key the mark. */
  giveUp(reason: unknown): void {
    this.queue.failure ??= reason
  }

  /** Gives up, and every key gets the mark at once. */
  abandon(reason: unknown = new SaveCancelled()): void {
    this.giveUp(reason)
    while (this.step());
  }

  private get isOver(): boolean {
    return this.keys.saving !== this
  }

  private get hasFailed(): boolean {
    return this.queue.failure !== undefined
  }

  private end(): void {
    this.keys.saving = undefined
    if (!this.hasFailed) this.output.end(this.records)
  }

  // ---- what happens between the steps -----------------------------------------------------------------------------

  before(shard: Shard, ns: number, e: number): void {
    const { large } = this
    try {
      if (large?.place.entry === e && large.place.shard === shard) this.change(large)
      else if (!this.begin(shard, ns, e)) {
        this.whole(shard, ns, e)
        if (this.output.held === 'too much') this.finish()
      }
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
    this.changed.giveUp()
    this.keys.saving = undefined
  }

  hurry(): boolean {
    const { changed } = this
    if (!changed.hasGone) return false
    this.finish()
    changed.begin()
    changed.finish()
    return true
  }

  // ---- writing ----------------------------------------------------------------------------------------------------

  /** The value that is being written is about to change. */
  private change(large: Large): void {
    if (!this.hasFailed && this.changed.take(this.keys, large.place, large.from, 'begun')) this.markLarge(large)
    else this.finish()
  }

  /** A key that the walk has not come to is about to change. False: it has to be written now. */
  private begin(shard: Shard, ns: number, e: number): boolean {
    const { arena: a } = shard
    const { keys, place } = this
    if (this.hasFailed || kindOf(a, e).size(keys, a, e) <= WHOLE_LIMIT_BYTES) return false
    if (!this.unsaved.aim(place, shard, ns, e)) return false
    if (!this.changed.take(keys, this.unsaved.lasting(place), 0, 'new')) return false
    this.records++
    this.mark(a, e)
    return true
  }

  /** Writes a key that is about to change. */
  private whole(shard: Shard, ns: number, e: number): void {
    const { output, place } = this
    if (this.aim(shard, ns, e)) {
      const standing = this.large === undefined && !this.changed.isWriting ? 'alone' : 'between'
      let from = output.key(place, standing)
      while (from !== WRITTEN) from = output.part(place, from, standing)
    }
    this.mark(shard.arena, e)
  }

  /** Writes a key that the walk has come to, or begins with it. False: not now. */
  private readonly meet = (shard: Shard, ns: number, e: number): boolean => {
    if (this.large !== undefined || this.output.bytes - this.startBytes > STEP_BYTES) return false
    const from = this.aim(shard, ns, e) ? this.output.key(this.place, 'alone') : WRITTEN
    if (from === WRITTEN) this.mark(shard.arena, e)
    else this.large = { place: this.unsaved.lasting(this.place), from }
    return true
  }

  /** Aims `place` at a key that is to be written. False: nothing is written any more, or it was flushed before the save began. */
  private aim(shard: Shard, ns: number, e: number): boolean {
    if (this.hasFailed || !this.unsaved.aim(this.place, shard, ns, e)) return false
    this.records++
    return true
  }

  /** Writes all of the value that is being written. */
  private finish(): void {
    const { large, changed } = this
    if (large === undefined) changed.finish()
    else while (this.nextPart(large));
  }

  /** Writes a part; false when it was the last one. */
  private nextPart(large: Large): boolean {
    const { place } = large
    if (!this.hasFailed) {
      large.from = this.output.part(place, large.from, 'alone')
      if (large.from !== WRITTEN) return true
    }
    this.markLarge(large)
    return false
  }

  private markLarge({ place }: Large): void {
    this.mark(place.shard.arena, place.entry)
    this.large = undefined
  }

  private mark(a: Arena, e: number): void {
    a.u8[e + 7] = (a.u8[e + 7] & ~FLAG_SAVED) | this.keys.savedMark
  }
}
