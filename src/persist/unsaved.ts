// Which keys a save has still to write, and what they are called in it. The keys are walked by the database records that
// there were when the save began, in hash order, so SWAPDB and FLUSHDB between two steps change nothing for it: records are
// exchanged, or emptied in slices from behind. A namespace that leaves its record (NS SWAP, FLUSHDB of a bound client) is
// walked by itself, and known by the name and number that it had.

import { dictScan } from '../memory/dict.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { FLAG_SAVED, keyLength, keyStart } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Place } from '../store/place.ts'
import { DB_KEYS, NS_DB, NS_FREED, NS_HASH, NS_NAME, NS_NAME_LENGTH, type Shard } from '../store/shard.ts'

const ALL_HASHES = 0x1_0000_0000
/** Any hash but that of `default`: names are given in full. */
const SOME_NAMESPACE = 1

/** What a namespace was when the save began. `name` is there for one that has another now. */
interface Home {
  readonly db: number
  readonly name?: { readonly bytes: Uint8Array; readonly isDefault: boolean }
}

interface Stretch {
  readonly shard: Shard
  readonly record: number
  readonly kind: 'database' | 'namespace'
}

/** Takes an entry that lacks the mark; false when it cannot now and wants to meet it again. */
type Meet = (shard: Shard, ns: number, e: number) => boolean

export class Unsaved {
  private readonly keys: Keyspace
  /** By record, of each shard: database records of the beginning, namespace records that left theirs. */
  private readonly homes = new Map<Shard, Map<number, Home>>()
  private readonly stretches: Stretch[] = []
  private readonly groups = new PairBatch()
  private readonly pairs = new PairBatch()
  /** Where the walk is in the first stretch: hash of a namespace, hash of a key. */
  private nsAt = 0
  private keyAt = 0

  constructor(keys: Keyspace) {
    this.keys = keys
    for (const shard of keys.shards) {
      const homes = new Map<number, Home>()
      this.homes.set(shard, homes)
      for (let db = 0; db < keys.databases; db++) {
        const record = shard.database(db)
        if (shard.arena.i32[(record + DB_KEYS) >> 2] === 0) continue
        homes.set(record, { db })
        this.stretches.push({ shard, record, kind: 'database' })
      }
    }
  }

  /** Aims `p` at a key by the names that it had when the save began. False: it was flushed before that and is only now freed. */
  aim(p: Place, shard: Shard, ns: number, e: number): boolean {
    const home = this.homeOf(shard, ns)
    if (home === undefined) return false
    const a = shard.arena
    const { name } = home
    p.shard = shard
    p.db = home.db
    p.ns = ns
    p.entry = e
    p.buf = a.u8
    p.keyStart = keyStart(a, e)
    p.keyEnd = p.keyStart + keyLength(a, e)
    p.nsHash = (name?.isDefault ?? isDefault(shard, ns)) ? 0 : SOME_NAMESPACE
    p.nsBuf = name?.bytes ?? a.u8
    p.nsStart = name === undefined ? ns + NS_NAME : 0
    p.nsEnd = p.nsStart + (name?.bytes.length ?? a.i32[(ns + NS_NAME_LENGTH) >> 2])
    return true
  }

  /** The same names, whatever becomes of the key and its namespace. */
  lasting(p: Place): Place {
    const kept = Object.assign(new Place(p.shard), p)
    kept.buf = p.buf.slice(p.keyStart, p.keyEnd)
    kept.keyStart = 0
    kept.keyEnd = kept.buf.length
    kept.nsBuf = p.nsBuf.slice(p.nsStart, p.nsEnd)
    kept.nsStart = 0
    kept.nsEnd = kept.nsBuf.length
    return kept
  }

  /** Undefined for a namespace whose keys are all newer than the save, or were flushed before it. */
  private homeOf(shard: Shard, ns: number): Home | undefined {
    const homes = this.homes.get(shard)
    return homes?.get(ns) ?? homes?.get(shard.arena.i32[(ns + NS_DB) >> 2])
  }

  leaving(shard: Shard, ns: number): void {
    const home = this.homeOf(shard, ns)
    if (home !== undefined) this.walkApart(shard, ns, home)
  }

  renaming(shard: Shard, from: number, to: number): void {
    const home = this.homeOf(shard, from)
    if (home === undefined) return
    const { u8, i32 } = shard.arena
    const bytes = u8.slice(from + NS_NAME, from + NS_NAME + i32[(from + NS_NAME_LENGTH) >> 2])
    this.walkApart(shard, to, { db: home.db, name: home.name ?? { bytes, isDefault: isDefault(shard, from) } })
  }

  private walkApart(shard: Shard, record: number, home: Home): void {
    const homes = this.homes.get(shard)
    if (homes === undefined || homes.has(record)) return
    homes.set(record, home)
    this.stretches.push({ shard, record, kind: 'namespace' })
  }

  forget(shard: Shard, record: number): void {
    const homes = this.homes.get(shard)
    if (homes?.delete(record) !== true) return
    const i = this.stretches.findIndex(stretch => stretch.shard === shard && stretch.record === record)
    if (i >= 0) this.stretches.splice(i, 1)
    if (i === 0) this.nsAt = this.keyAt = 0
  }

  /** Meets about `wanted` of the entries; false when it has met all that lack the mark. */
  step(wanted: number, meet: Meet): boolean {
    const stretch = this.stretches[0]
    if (stretch === undefined) return false
    const isOver =
      stretch.kind === 'database'
        ? this.walkDatabase(stretch, wanted, meet)
        : this.walkNamespaces(stretch.shard, [stretch.record], wanted, meet)
    if (!isOver) return true
    this.nsAt = this.keyAt = 0
    // Met entries are no reason for a namespace to go, so it is still the first.
    this.stretches.shift()
    return true
  }

  /** True at the end. */
  private walkDatabase({ shard, record }: Stretch, wanted: number, meet: Meet): boolean {
    const { groups } = this
    groups.length = 0
    let from = this.nsAt
    while (groups.length === 0 && from < ALL_HASHES) from = dictScan(shard.arena, record, from, 1, groups)
    if (groups.length === 0) return true
    const first = groups.hashes[0] >>> 0
    if (first !== this.nsAt) this.keyAt = 0
    this.nsAt = first
    const same: number[] = []
    for (let i = 0; i < groups.length; i++) if (groups.hashes[i] >>> 0 === first) same.push(groups.refs[i] as number)
    if (this.walkNamespaces(shard, same, wanted, meet)) {
      this.nsAt = first + 1
      this.keyAt = 0
    }
    return false
  }

  /** Walks namespaces side by side, all of them from `keyAt` on; those met a second time have the mark. True at the end. */
  private walkNamespaces(shard: Shard, records: readonly number[], wanted: number, meet: Meet): boolean {
    const a = shard.arena
    const { pairs, keys } = this
    let next = ALL_HASHES
    for (const ns of records) {
      pairs.length = 0
      // A flushed namespace has freed entries before this place.
      const from = Math.max(this.keyAt, a.i32[(ns + NS_FREED) >> 2] >>> 0)
      next = Math.min(next, dictScan(a, ns, from, wanted, pairs))
      for (let i = 0; i < pairs.length; i++) {
        const e = pairs.refs[i] as number
        if (((a.u8[e + 7] ^ keys.savedMark) & FLAG_SAVED) !== 0 && !meet(shard, ns, e)) return false
      }
    }
    this.keyAt = next
    return next === ALL_HASHES
  }
}

/** Whether keys of the namespace in `ns` stand in the file under their local names, those without a slash. */
const isDefault = (shard: Shard, ns: number): boolean => shard.arena.i32[(ns + NS_HASH) >> 2] === 0
