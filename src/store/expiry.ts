// What happens without a command: keys and fields of hashes go at their deadline, flushed databases are freed. All of it
// works in slices bounded by time, pulled by the server's timer; the wheel and the dead records in the arena keep the place
// where a slice stopped.

import { dictCount, dictDrain, dictFind, dictNext, dictRef, dictRemove, dictScan } from '../memory/dict.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { wheelAdvance, wheelNextMs, wheelRemove } from '../memory/timewheel.ts'
import { Hash } from '../values/hash.ts'
import { clockEntry, clockFired, clockNamespace, isClockTimer } from '../values/hash-clock.ts'
import { Aim } from './aim.ts'
import type { Clock } from './clock.ts'
import { openAt, settleValue } from './collections.ts'
import { FLAG_OUTSIDE, FLAG_SAVED, FLAG_TIMED, FLAG_UNLISTED, namespaceOf, TIMER_AT } from './entry.ts'
import { dig, pendingIn } from './graves.ts'
import type { Keyspace } from './keyspace.ts'
import type { Place } from './place.ts'
import { DB_KEYS, DB_NEXT_DEAD, NS_FREED, NS_HASH, ROOT_DEAD, ROOT_GRAVES, type Shard } from './shard.ts'

/** Longest stretch of the loop that one slice may take. */
export const SLICE_MS = 0.5
/** Wheel steps, or entries freed, between two looks at the clock: about 20 microseconds of work. */
const STEPS_PER_LOOK = 64
/** Elements of an unlinked value freed between two looks at the clock: as much work. */
const ELEMENTS_PER_LOOK = 256
/** Collections of flushed keys that are larger are freed one by one: up to 430 keys are met at once. */
const FLUSHED_LAZY_BYTES = 1 << 10
/** Fields freed for one firing of a hash's clock. */
const FIELDS_PER_CLOCK = 64
const ALL_HASHES = 0x1_0000_0000

export class Expiry {
  /** False after DEBUG SET-ACTIVE-EXPIRE 0. */
  active = true
  /** Time that slices took in ns, and how many were ended by their time with work left. */
  spentNs = 0
  cutShort = 0
  /** Keys of flushed databases and large values that have been freed in slices, each once. */
  private freedOneByOne = 0
  /** Told of each field that goes, at its key; undefined while nobody wants to know. */
  onFieldExpired: ((place: Place, buf: Uint8Array, start: number, end: number) => void) | undefined
  private readonly keys: Keyspace
  private readonly clock: Clock
  private readonly aim: Aim
  private readonly batch = new PairBatch()
  private readonly hash = new Hash()

  constructor(keys: Keyspace, clock: Clock) {
    this.keys = keys
    this.clock = clock
    this.aim = new Aim(keys)
    keys.onPressure = () => this.reclaim()
  }

  /**
   * One slice: removes due keys and frees flushed ones for at most SLICE_MS. Returns true when work is left, so that the
   * caller comes back soon.
   */
  slice(): boolean {
    const start = this.clock.nowNs()
    this.keys.setNow(this.clock.nowMs())
    const isCutShort = this.workUntil(start + SLICE_MS * 1e6)
    this.spentNs += this.clock.nowNs() - start
    if (isCutShort) this.cutShort++
    return isCutShort
  }

  /** True when the time (ns) came before the end of the work. */
  private workUntil(endNs: number): boolean {
    for (const shard of this.keys.shards) {
      while (this.step(shard)) {
        if (this.clock.nowNs() > endNs) return true
      }
    }
    return false
  }

  /** Keys of flushed databases and large values that are still to be freed. */
  get pending(): number {
    let pending = 0
    for (const shard of this.keys.shards) pending += pendingIn(shard)
    return pending
  }

  /** Those that were freed, each once. */
  get freed(): number {
    return this.freedOneByOne + this.keys.emptied
  }

  /** Frees some of what was flushed or unlinked; false when there is none. The keyspace calls it before it refuses a write. */
  reclaim(): boolean {
    for (const shard of this.keys.shards) if (this.free(shard)) return true
    return this.keys.saving?.hurry() ?? false
  }

  /** A few microseconds of freeing; false when there is nothing to free. */
  private free(shard: Shard): boolean {
    const { arena } = shard
    if (arena.i32[ROOT_GRAVES >> 2] !== 0) {
      if (dig(this.keys, arena, ELEMENTS_PER_LOOK) === 'all') this.freedOneByOne++
      return true
    }
    if (arena.i32[ROOT_DEAD >> 2] === 0) return false
    this.freeSome(shard)
    return true
  }

  /** Removes some of the keys and fields that are due; false when there are none. */
  removeDue(): boolean {
    if (!this.expires) return false
    let removed = false
    for (const shard of this.keys.shards) removed = this.expireSome(shard) || removed
    return removed
  }

  /** When slice() has something to do next, ms since the epoch; Infinity when no key has a deadline. */
  nextMs(): number {
    let next = Number.POSITIVE_INFINITY
    for (const shard of this.keys.shards) {
      const { i32 } = shard.arena
      if (shard.givesBack || (i32[ROOT_DEAD >> 2] | i32[ROOT_GRAVES >> 2]) !== 0) return this.keys.nowMs
      if (this.expires) next = Math.min(next, wheelNextMs(shard.arena, shard.wheel))
    }
    return next
  }

  private get expires(): boolean {
    return this.active && !this.keys.keepsExpired
  }

  /** A few microseconds of work on one shard; false when there is none. */
  private step(shard: Shard): boolean {
    if (this.expires && this.expireSome(shard)) return true
    return this.free(shard) || shard.giveBack()
  }

  private expireSome(shard: Shard): boolean {
    // A key lives through the whole millisecond of its deadline, as in Redis.
    const due = this.keys.nowMs - 1
    for (let i = 0; i < STEPS_PER_LOOK; i++) {
      const timer = wheelAdvance(shard.arena, shard.wheel, due, STEPS_PER_LOOK)
      if (timer === 0) return false
      if (timer < 0) return true
      if (isClockTimer(shard.arena, timer)) i += this.expireFields(shard, timer)
      else this.fire(shard, timer - TIMER_AT)
    }
    return true
  }

  private fire(shard: Shard, entry: number): void {
    const a = shard.arena
    a.u8[entry + 7] |= FLAG_UNLISTED
    if (this.aim.at(shard, namespaceOf(a, entry), entry)) this.keys.expire(this.aim.place)
  }

  /**
   * Frees some fields of a hash whose clock has fired; the clock fires again for the others. Returns how many. Redis counts
   * neither as a change; a snapshot drops such fields when it is loaded.
   */
  private expireFields(shard: Shard, timer: number): number {
    const { keys, hash, onFieldExpired: tell } = this
    const { place } = this.aim
    const clock = clockFired(shard.arena, timer)
    if (!this.aim.at(shard, clockNamespace(shard.arena, clock), clockEntry(shard.arena, clock))) return 0
    openAt(keys, place, hash)
    const reaped = hash.reap(FIELDS_PER_CLOCK, tell && ((buf, start, end) => tell(place, buf, start, end)))
    settleValue(keys, place, hash)
    if (reaped > 0) keys.announce(place, 'hexpired')
    if (hash.stored === 0) {
      keys.drop(place)
      keys.announce(place, 'del')
    }
    return reaped
  }

  /** Frees some entries of the first dead database, then its namespaces, then the record itself. */
  private freeSome(shard: Shard): void {
    const a = shard.arena
    const record = a.i32[ROOT_DEAD >> 2]
    this.batch.length = 0
    // A scan may come back empty-handed from a stretch of empty segments: only the count says that nothing is left.
    let from = dictCount(a, record) === 0 ? ALL_HASHES : 0
    while (this.batch.length === 0 && from < ALL_HASHES) from = dictScan(a, record, from, 1, this.batch)
    if (this.batch.length === 0) {
      this.keys.saving?.forget(shard, record)
      a.i32[ROOT_DEAD >> 2] = a.i32[(record + DB_NEXT_DEAD) >> 2]
      a.free(record)
      return
    }
    const ns = this.batch.refs[0] as number
    const at = (ns + NS_FREED) >> 2
    this.batch.length = 0
    const next = dictDrain(a, ns, a.i32[at] >>> 0, STEPS_PER_LOOK, this.batch)
    for (let i = 0; i < this.batch.length; i++) this.freeEntry(shard, ns, this.batch.refs[i] as number)
    a.i32[(record + DB_KEYS) >> 2] -= this.batch.length
    if (next < ALL_HASHES) {
      a.i32[at] = next | 0
      return
    }
    const hash = a.i32[(ns + NS_HASH) >> 2]
    let slot = dictFind(a, record, hash)
    while (slot !== 0 && dictRef(a, slot) !== ns) slot = dictNext(a, record, slot, hash)
    dictRemove(a, record, slot)
    this.keys.saving?.forget(shard, ns)
    a.free(ns)
  }

  private freeEntry(shard: Shard, ns: number, e: number): void {
    const a = shard.arena
    const flags = a.u8[e + 7]
    if (((flags ^ this.keys.savedMark) & FLAG_SAVED) !== 0) this.keys.saving?.before(shard, ns, e)
    if ((flags & (FLAG_TIMED | FLAG_UNLISTED)) === FLAG_TIMED) wheelRemove(a, shard.wheel, e + TIMER_AT)
    const isBuried = (flags & FLAG_OUTSIDE) !== 0 && this.keys.releaseValue(a, e, FLUSHED_LAZY_BYTES)
    // What is buried is counted when it is freed.
    if (!isBuried) this.freedOneByOne++
    a.free(e)
  }
}
