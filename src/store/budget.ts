// What keys take and what they may take: the memory limit, blocks below it, and the counts of bytes and keys. The arenas say
// what is allocated; what that is by namespace and database is counted here.

import type { Arena } from '../memory/arena.ts'
import { OOM, OOM_ARENA } from '../resp/errors.ts'
import { ROOT_ALLOCATED, ROOT_LOGICAL, type Value } from '../values/value.ts'
import { FLAG_OUTSIDE, stringLength } from './entry.ts'
import { KeyFinder, type KeyspaceOptions } from './finder.ts'
import type { Place } from './place.ts'
import { DB_KEYS, DB_LOGICAL, NS_ALLOCATED, NS_DB, NS_LOGICAL, type Shard } from './shard.ts'

/** Kind bytes below this are those of strings. */
const STRING_KINDS = 16
/** So much is freed for a write before it may rather owe its room: far less than a millisecond. */
const FREEING_STEPS = 16
/** With so much room below the limit not every write looks how much there is: the next EASE_BYTES are known to fit. */
const AMPLE_BYTES = 128 << 20
const EASE_BYTES = 16 << 20

export abstract class Budget extends KeyFinder {
  private limit: number
  /** Bytes that are known to fit below the limit: adding up what all arenas hold took a tenth of a short write's time. */
  private easeBytes = 0
  /** Makes some room; false when it cannot. Tried before a write is refused. */
  onPressure: () => boolean = () => false
  /** Whether a command may take so many bytes above the limit, because keys will make up for it (eviction.ts). */
  mayOwe: (bytes: number) => boolean = () => false
  /** The collection that the running command is changing, and where its key is (store/collections.ts). */
  changing: Value | undefined
  changingAt: Place

  constructor(options: KeyspaceOptions) {
    super(options)
    this.limit = options.limitBytes
    this.changingAt = this.at
  }

  // ---- room -------------------------------------------------------------------------------------------------------

  get limitBytes(): number {
    return this.limit
  }

  set limitBytes(bytes: number) {
    this.limit = bytes
    this.easeBytes = 0
  }

  /** Throws OOM unless `bytes` more, 0 or above, fit below the limit. */
  fit(bytes: number): void {
    if (bytes <= this.easeBytes) this.easeBytes -= bytes
    else this.fitBeside(bytes, this.changing)
  }

  /**
   * The same when much may have been allocated since the last call: what there is counts. `bytes` below 0 will be given back.
   * What is freed for it in the arena of `v`, the value that is being changed or built, does not count for that value.
   */
  fitBeside(bytes: number, v: Value | undefined): void {
    for (let steps = 1; this.allocatedBytes() + bytes > this.limitBytes; steps++) {
      if (steps === FREEING_STEPS && this.mayOwe(bytes)) return
      const before = v === undefined ? 0 : v.a.allocatedBytes
      if (!this.onPressure()) {
        if (this.mayOwe(bytes)) return
        throw OOM
      }
      if (v !== undefined) v.allocatedBefore += v.a.allocatedBytes - before
    }
    this.easeBytes = this.limitBytes - this.allocatedBytes() - bytes >= AMPLE_BYTES ? EASE_BYTES : 0
  }

  /** Does work that the limit has been checked for already, or that leaves no more than there was. */
  unlimited(work: () => void): void {
    const { limitBytes } = this
    this.limitBytes = Number.POSITIVE_INFINITY
    try {
      work()
    } finally {
      this.limitBytes = limitBytes
    }
  }

  /** A block for a value or an entry. Throws OOM, before anything changed, above the limit or when the arena is full. */
  allocate(a: Arena, bytes: number): number {
    this.fit(bytes)
    const at = a.alloc(bytes)
    if (at === 0) throw OOM_ARENA
    return at
  }

  /** What `make` returns, 0 standing for no room: what waits to be freed is freed then, as long as there is any. */
  tryHard(make: () => number): number {
    let made = make()
    while (made === 0 && this.onPressure()) made = make()
    return made
  }

  // ---- counts -----------------------------------------------------------------------------------------------------

  /** The one function that moves byte counts. */
  account(ns: number, a: Arena, logical: number, allocated: number): void {
    const { f64 } = a
    if (logical !== 0) {
      f64[(ns + NS_LOGICAL) >> 3] += logical
      f64[(a.i32[(ns + NS_DB) >> 2] + DB_LOGICAL) >> 3] += logical
    }
    if (allocated !== 0) f64[(ns + NS_ALLOCATED) >> 3] += allocated
  }

  /** The value's share of the logical size of an entry. */
  valueLogical(a: Arena, e: number): number {
    return a.u8[e + 6] < STRING_KINDS ? stringLength(a, e) : a.i32[(a.i32[e >> 2] + ROOT_LOGICAL) >> 2]
  }

  /** Bytes that the arena has handed out for what lies outside the entry. */
  valueAllocated(a: Arena, e: number): number {
    if ((a.u8[e + 7] & FLAG_OUTSIDE) === 0) return 0
    const block = a.i32[e >> 2]
    return a.u8[e + 6] < STRING_KINDS ? a.sizeOf(block) : a.i32[(block + ROOT_ALLOCATED) >> 2]
  }

  allocatedBytes(): number {
    const { shards } = this
    let sum = 0
    for (let i = 0; i < shards.length; i++) sum += (shards[i] as Shard).arena.allocatedBytes
    return sum
  }

  logicalBytes(): number {
    let sum = 0
    for (const shard of this.shards)
      for (let db = 0; db < this.databases; db++) sum += shard.arena.f64[(shard.database(db) + DB_LOGICAL) >> 3]
    return sum
  }

  /** Number of keys of a database, expired ones that nobody met yet included. */
  size(db: number): number {
    let n = 0
    for (const shard of this.shards) n += shard.arena.i32[(shard.database(db) + DB_KEYS) >> 2]
    return n
  }

  /** Keys of all databases. */
  get keyCount(): number {
    let keys = 0
    for (let db = 0; db < this.databases; db++) keys += this.size(db)
    return keys
  }
}
