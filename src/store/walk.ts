// Walking over keys, for KEYS, SCAN, RANDOMKEY, the snapshot. The order is shard, namespace by hash, key by hash: none of it
// depends on how tables grow or shrink, so a key that stays is met exactly once whatever changes between two steps.
//
// A cursor is 53 bits: shard 5 | top 24 bits of the namespace's hash | top 24 bits of the key's hash. 0 is the start and
// the end. Keys that share these bits come together.

import { indexOfByte } from '../bytes/ascii.ts'
import { dictCount, dictRandom, dictRef, dictScan } from '../memory/dict.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { keyLength, keyStart } from './entry.ts'
import { SLASH } from './finder.ts'
import type { Keyspace } from './keyspace.ts'
import { DB_KEYS, NS_HASH, NS_NAME, NS_NAME_LENGTH, type Shard } from './shard.ts'

const POSITIONS = 0x1000000
const ALL_HASHES = 0x1_0000_0000
/** Draws before RANDOMKEY gives up on finding a key that has not expired. */
const RANDOM_TRIES = 100

/** With up to this many namespaces every key is equally likely; above, that many are drawn and weighed. */
const WEIGHED_NAMESPACES = 64

/** Entries met by a step, with the shard and namespace record of each. */
export class KeyBatch {
  length = 0
  shards = new Uint8Array(1024)
  namespaces = new Int32Array(1024)
  entries = new Int32Array(1024)

  clear(): void {
    this.length = 0
  }

  add(shard: number, ns: number, entry: number): void {
    if (this.length === this.entries.length) {
      const grown = this.length * 2
      const { shards, namespaces, entries } = this
      this.shards = new Uint8Array(grown)
      this.shards.set(shards)
      this.namespaces = new Int32Array(grown)
      this.namespaces.set(namespaces)
      this.entries = new Int32Array(grown)
      this.entries.set(entries)
    }
    this.shards[this.length] = shard
    this.namespaces[this.length] = ns
    this.entries[this.length++] = entry
  }
}

/** A key's displayed name: `default` without its prefix unless the local key has a slash itself. */
export class KeyName {
  buf: Uint8Array = new Uint8Array(64)
  start = 0
  end = 0
  private scratch = this.buf

  set(shard: Shard, ns: number, entry: number): void {
    const { arena } = shard
    const { u8, i32 } = arena
    const key = keyStart(arena, entry)
    const length = keyLength(arena, entry)
    if (i32[(ns + NS_HASH) >> 2] === 0 && indexOfByte(u8, key, key + length, SLASH) < 0) {
      this.setLocal(shard, entry)
      return
    }
    const nameLength = i32[(ns + NS_NAME_LENGTH) >> 2]
    const total = nameLength + 1 + length
    if (this.scratch.length < total) this.scratch = new Uint8Array(total * 2)
    this.scratch.set(u8.subarray(ns + NS_NAME, ns + NS_NAME + nameLength), 0)
    this.scratch[nameLength] = SLASH
    this.scratch.set(u8.subarray(key, key + length), nameLength + 1)
    this.buf = this.scratch
    this.start = 0
    this.end = total
  }

  /** The name without its namespace, as one sees it who is bound to that. */
  setLocal({ arena }: Shard, entry: number): void {
    this.buf = arena.u8
    this.start = keyStart(arena, entry)
    this.end = this.start + keyLength(arena, entry)
  }
}

/** The one namespace that a walk is limited to; `hash` 0 is `default`. */
export interface OnlyNamespace {
  readonly hash: number
  readonly bytes: Uint8Array
}

export class KeyWalk {
  private readonly keys: Keyspace
  private readonly groups = new PairBatch()
  private readonly pairs = new PairBatch()
  private readonly draw = (): number => this.keys.random.uint32()

  constructor(keys: Keyspace) {
    this.keys = keys
  }

  /**
   * Adds about `wanted` live keys of a database from `cursor` on to `out` and returns the next cursor, 0 at the end.
   * Expired keys are passed over.
   */
  step(db: number, cursor: number, wanted: number, out: KeyBatch, only?: OnlyNamespace): number {
    let keyAt = cursor % POSITIONS
    let rest = Math.floor(cursor / POSITIONS)
    let nsAt = rest % POSITIONS
    rest = Math.floor(rest / POSITIONS)
    let seen = 0
    for (let s = rest; s < this.keys.shards.length; s++) {
      const shard = this.keys.shards[s] as Shard
      for (;;) {
        const found = this.group(shard, db, nsAt, only)
        if (found < 0) break
        if (found !== nsAt) keyAt = 0
        nsAt = found
        const next = this.groupKeys(shard, s, keyAt, wanted - seen, out)
        seen += this.pairs.length
        if (next < ALL_HASHES) keyAt = next / 256
        else {
          keyAt = 0
          nsAt++
        }
        if (seen >= wanted && (nsAt < POSITIONS || s + 1 < this.keys.shards.length)) {
          if (nsAt === POSITIONS) return (s + 1) * POSITIONS * POSITIONS
          return (s * POSITIONS + nsAt) * POSITIONS + keyAt
        }
        if (nsAt === POSITIONS) break
      }
      nsAt = 0
      keyAt = 0
    }
    return 0
  }

  /** Loads the namespaces of the first position from `nsAt` on into `groups`; returns that position or -1. */
  private group(shard: Shard, db: number, nsAt: number, only: OnlyNamespace | undefined): number {
    const { arena } = shard
    const { groups } = this
    groups.length = 0
    if (only !== undefined) {
      const position = only.hash >>> 8
      const ns = position < nsAt ? 0 : recordOf(shard, db, only)
      if (ns === 0) return -1
      groups.add(only.hash, ns)
      return position
    }
    let from = nsAt * 256
    while (groups.length === 0 && from < ALL_HASHES) from = dictScan(arena, shard.database(db), from, 1, groups)
    if (groups.length === 0) return -1
    let first = POSITIONS
    for (let i = 0; i < groups.length; i++) first = Math.min(first, (groups.hashes[i] as number) >>> 8)
    let kept = 0
    for (let i = 0; i < groups.length; i++) {
      if ((groups.hashes[i] as number) >>> 8 === first) groups.refs[kept++] = groups.refs[i] as number
    }
    groups.length = kept
    return first
  }

  /** Adds keys of all namespaces in `groups` that lie in [keyAt, next) and returns next, a hash. */
  private groupKeys(shard: Shard, s: number, keyAt: number, wanted: number, out: KeyBatch): number {
    const a = shard.arena
    const { pairs, groups } = this
    let next = ALL_HASHES
    for (let g = 0; g < groups.length; g++) {
      pairs.length = 0
      next = Math.min(next, dictScan(a, groups.refs[g] as number, keyAt * 256, Math.max(1, wanted), pairs))
    }
    const seen = groups.length === 1 ? pairs.length : -1
    for (let g = 0; g < groups.length; g++) {
      const ns = groups.refs[g] as number
      if (seen < 0) {
        pairs.length = 0
        dictScan(a, ns, keyAt * 256, Math.max(1, wanted), pairs)
      }
      for (let i = 0; i < pairs.length; i++) {
        const e = pairs.refs[i] as number
        if ((pairs.hashes[i] as number) >>> 0 >= next) continue
        if (this.keys.isOver(a, e)) continue
        out.add(s, ns, e)
      }
    }
    return next
  }

  /**
   * A random live key of a database, or of one namespace in it, into `out` (cleared first); nothing when there is none to
   * be found.
   */
  random(db: number, out: KeyBatch, only?: OnlyNamespace): void {
    const { keys } = this
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      out.clear()
      let total = 0
      for (const shard of keys.shards) total += countIn(shard, db, only)
      if (total === 0) return
      let pick = keys.random.below(total)
      const s = keys.shards.findIndex(shard => {
        pick -= countIn(shard, db, only)
        return pick < 0
      })
      const shard = keys.shards[s] as Shard
      const a = shard.arena
      const ns = only === undefined ? this.randomNamespace(shard, shard.database(db)) : recordOf(shard, db, only)
      const e = dictRef(a, dictRandom(a, ns, this.draw))
      if (keys.isOver(a, e)) continue
      out.add(s, ns, e)
      return
    }
  }

  /** A namespace, likelier the more keys it has. */
  private randomNamespace(shard: Shard, record: number): number {
    const a = shard.arena
    const { groups: candidates } = this
    candidates.length = 0
    if (dictCount(a, record) <= WEIGHED_NAMESPACES) {
      let from = 0
      while (from < ALL_HASHES) from = dictScan(a, record, from, WEIGHED_NAMESPACES, candidates)
    } else {
      for (let i = 0; i < WEIGHED_NAMESPACES; i++) candidates.add(0, dictRef(a, dictRandom(a, record, this.draw)))
    }
    let total = 0
    for (let i = 0; i < candidates.length; i++) total += dictCount(a, candidates.refs[i] as number)
    let pick = this.keys.random.below(total)
    for (let i = 0; i < candidates.length; i++) {
      const ns = candidates.refs[i] as number
      pick -= dictCount(a, ns)
      if (pick < 0) return ns
    }
    return candidates.refs[0] as number
  }
}

const recordOf = (shard: Shard, db: number, { hash, bytes }: OnlyNamespace): number =>
  shard.namespace(db, hash, bytes, 0, bytes.length)

/** Keys that a shard has of a database, or of one namespace in it. */
function countIn(shard: Shard, db: number, only: OnlyNamespace | undefined): number {
  const a = shard.arena
  if (only === undefined) return a.i32[(shard.database(db) + DB_KEYS) >> 2]
  const ns = recordOf(shard, db, only)
  return ns === 0 ? 0 : dictCount(a, ns)
}
