// Whole namespaces, over all databases: dropped, copied, exchanged.
//
// What is to be is built first, in database records that no database number leads to, where nobody finds it. Only when all
// of it is there do namespaces change their homes, which cannot fail (Shard.announceTo, handOver). So when memory runs out
// on the way, what was built is thrown away and nothing has changed.
//
// SWAP leaves entries where they are while both names send a key to the same shard (always, with one shard): an entry holds
// the local key only, so a new record and a dict with other hashes are all that it takes. A key's hash is that of the local
// key ^ that of the namespace, so all hashes change by the same bits, and a dict's segments come out as they went in.

import { copy } from '../bytes/ascii.ts'
import type { Arena } from '../memory/arena.ts'
import { dictClear, dictCount, dictInsert, dictScan } from '../memory/dict.ts'
import { dictTwist } from '../memory/dict-twist.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { VIEWS } from '../values/views.ts'
import {
  deadlineMs,
  entryBytes,
  FLAG_OUTSIDE,
  FLAG_SAVED,
  isTimed,
  keyLength,
  keyStart,
  NAMESPACE_AT,
} from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { Namespace } from './namespace.ts'
import { Place } from './place.ts'
import {
  DB_KEYS,
  DB_NUMBER,
  NS_ALLOCATED,
  NS_DB,
  NS_DEADLINES,
  NS_LOGICAL,
  NS_NAME_LENGTH,
  NS_TIMED,
  type Shard,
} from './shard.ts'
import { time } from './timers.ts'
import { copyKey } from './transfer.ts'

const ALL_HASHES = 0x1_0000_0000
/** Pairs taken from a dict at a time, and entries touched ahead: with 1024 a copy takes a fifth longer. */
const STEP = 256

/** A namespace's record in one shard and database. */
interface Part {
  readonly db: number
  readonly shard: Shard
  readonly ns: number
}

/** A record that takes over the entries of another one in the same shard. */
interface Renamed {
  readonly from: Part
  readonly to: number
}

interface Move {
  readonly shard: Shard
  readonly ns: number
  /** Database record. */
  readonly to: number
}

/** Keys of a namespace in all databases, expired ones that nobody met yet included. */
export function namespaceKeys(keys: Keyspace, name: Namespace): number {
  let sum = 0
  for (const { shard, ns } of partsOf(keys, name)) sum += dictCount(shard.arena, ns)
  return sum
}

/** Bytes that the arenas have handed out for its entries and values. */
export function namespaceAllocated(keys: Keyspace, name: Namespace): number {
  let sum = 0
  for (const { shard, ns } of partsOf(keys, name)) sum += shard.arena.f64[(ns + NS_ALLOCATED) >> 3]
  return sum
}

export function* partsOf(keys: Keyspace, { hash, bytes }: Namespace): Generator<Part> {
  for (let db = 0; db < keys.databases; db++) {
    for (const shard of keys.shards) {
      const ns = shard.namespace(db, hash, bytes, 0, bytes.length)
      if (ns !== 0) yield { db, shard, ns }
    }
  }
}

/** All keys of a namespace go; their memory is freed in slices. Returns how many there were. Throws OOM before any change. */
export function dropNamespace(keys: Keyspace, name: Namespace): number {
  const dropped = namespaceKeys(keys, name)
  const rebuild = new Rebuild(keys)
  rebuild.attempt(() => {
    for (const part of partsOf(keys, name)) rebuild.remove(part)
  })
  rebuild.settle([name], dropped)
  return dropped
}

/**
 * The target comes to hold what the source holds, with deadlines, and nothing else. Returns how many keys were copied.
 * Throws OOM before any change, also when the limit is reached on the way.
 */
export function copyNamespace(keys: Keyspace, source: Namespace, target: Namespace): number {
  const rebuild = new Rebuild(keys)
  let copied = 0
  rebuild.attempt(() => {
    for (const part of partsOf(keys, source)) copied += rebuild.copy(part, source, target, 'live')
    for (const part of partsOf(keys, target)) rebuild.remove(part)
  })
  rebuild.settle([target], copied)
  return copied
}

/** The keys of two namespaces change places, with their deadlines. As with RENAME the limit does not count. Throws OOM before any change. */
export function swapNamespaces(keys: Keyspace, a: Namespace, b: Namespace): void {
  const rebuild = new Rebuild(keys)
  const stays = keys.shardOf(a.hash) === keys.shardOf(b.hash)
  rebuild.attempt(() =>
    keys.unlimited(() => {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        for (const part of partsOf(keys, from)) {
          if (stays) rebuild.rename(part, from, to)
          else {
            rebuild.copy(part, from, to, 'all')
            rebuild.remove(part)
          }
        }
      }
    }),
  )
  rebuild.settle([a, b], 1)
}

/** Frees a namespace record whose entries are another one's. */
function discard(keys: Keyspace, shard: Shard, ns: number): void {
  keys.saving?.forget(shard, ns)
  dictClear(shard.arena, ns)
  shard.dropNamespace(ns)
}

class Rebuild {
  private readonly keys: Keyspace
  private readonly from: Place
  private readonly to: Place
  private readonly batch = new PairBatch()
  /** Database records without a number. Whatever is in them at the end is freed: what was removed, or else what was built. */
  private readonly records: { readonly shard: Shard; readonly record: number }[] = []
  private readonly built: Part[] = []
  private readonly removed: Part[] = []
  private readonly renamed: Renamed[] = []
  private readonly moves: Move[] = []
  private readonly databases = new Set<number>()
  /** What was read only to be read. */
  touched = 0

  constructor(keys: Keyspace) {
    this.keys = keys
    this.from = new Place(keys.at.shard)
    this.to = new Place(keys.at.shard)
  }

  /** Does what may run out of memory; throws it all away then, and throws on. */
  attempt(work: () => void): void {
    const { keys } = this
    const { announcesNew, arrivals } = keys
    // Keys that are built are nobody's yet, and their deadlines are what they were.
    keys.announcesNew = false
    keys.arrivals = undefined
    try {
      work()
      this.announce()
    } catch (error) {
      this.giveUp()
      throw error
    } finally {
      keys.announcesNew = announcesNew
      keys.arrivals = arrivals
    }
  }

  /** Enters all that moves where it goes to. Throws OOM, and nothing is entered. */
  private announce(): void {
    const moves: Move[] = this.built.map(({ shard, ns, db }) => ({ shard, ns, to: shard.database(db) }))
    for (const { shard, ns } of this.removed) moves.push({ shard, ns, to: this.detached(shard) })
    for (const { shard, ns, to } of moves) {
      if (!shard.announceTo(to, ns)) {
        for (const done of this.moves) done.shard.withdrawFrom(done.to, done.ns)
        throw OOM_ARENA
      }
      this.moves.push({ shard, ns, to })
    }
  }

  /** Leaves everything as it was: what was built is freed in slices, but for entries that were never moved. */
  private giveUp(): void {
    for (const { from, to } of this.renamed) discard(this.keys, from.shard, to)
    this.release()
  }

  private release(): void {
    for (const { shard, record } of this.records) {
      if (dictCount(shard.arena, record) > 0) shard.bury(record)
      else shard.arena.free(record)
    }
  }

  /** What was built takes its place, and those who have an eye on the namespaces are told. */
  settle(names: readonly Namespace[], changes: number): void {
    const { keys } = this
    if (this.databases.size === 0) return
    keys.dirty += changes
    for (const { from, to } of this.renamed) {
      keys.saving?.renaming(from.shard, from.ns, to)
      this.adopt(from.shard.arena, to)
    }
    for (const { shard, ns, to } of this.moves) {
      keys.saving?.leaving(shard, ns)
      shard.handOver(ns, to)
    }
    for (const { from } of this.renamed) discard(keys, from.shard, from.ns)
    this.release()
    for (const name of names) {
      // To observers each name is a change of its own.
      keys.epoch++
      for (const db of this.databases) for (const observer of keys.observers) observer.flushed(db, name)
    }
  }

  /** The part will go. */
  remove(part: Part): void {
    this.databases.add(part.db)
    this.removed.push(part)
  }

  /** Builds copies of a part's keys under another name; `live`: of those that have not expired. Returns how many. */
  copy(part: Part, source: Namespace, target: Namespace, which: 'live' | 'all'): number {
    const { keys, from, to, batch } = this
    const a = part.shard.arena
    const twist = source.hash ^ target.hash
    from.shard = part.shard
    from.ns = part.ns
    to.nsHash = target.hash
    to.ns = 0
    let copied = 0
    for (let at = 0; at < ALL_HASHES; ) {
      batch.length = 0
      at = dictScan(a, part.ns, at, STEP, batch)
      this.touch(a)
      for (let i = 0; i < batch.length; i++) {
        const e = batch.refs[i]
        if (which === 'live' && keys.isOver(a, e)) continue
        to.hash = batch.hashes[i] ^ twist
        to.shard = keys.shardOf(to.hash)
        if (to.ns === 0) to.ns = this.build(to.shard, part.db, target)
        this.copyEntry(a, e)
        copied++
      }
    }
    return copied
  }

  /** Reads where the entries of the batch lie, so that waits for memory overlap: copying 100,000 takes 47 ms instead of 81. */
  private touch(a: Arena): void {
    const { batch } = this
    let seen = 0
    for (let i = 0; i < batch.length; i++) seen |= a.i32[batch.refs[i] >> 2]
    this.touched = seen
  }

  private copyEntry(a: Arena, e: number): void {
    const { keys, from, to } = this
    if ((a.u8[e + 7] & FLAG_OUTSIDE) === 0) {
      this.cloneEntry(a, e)
      return
    }
    from.entry = e
    to.buf = a.u8
    to.keyStart = keyStart(a, e)
    to.keyEnd = to.keyStart + keyLength(a, e)
    to.slot = 0
    to.entry = 0
    copyKey(keys, from, to)
    to.shard.arena.i32[(to.entry + 8) >> 2] = a.i32[(e + 8) >> 2]
  }

  /** A copy of an entry that is one block, as it is: half the time that reading it and putting it anew takes. */
  private cloneEntry(a: Arena, e: number): void {
    const { keys, to } = this
    const { arena } = to.shard
    const bytes = entryBytes(a, e)
    const clone = keys.allocate(arena, bytes)
    if (dictInsert(arena, to.ns, to.hash, clone) === 0) {
      arena.free(clone)
      throw OOM_ARENA
    }
    copy(arena.u8, clone, a.u8, e, e + bytes)
    arena.u8[clone + 7] = (arena.u8[clone + 7] & ~FLAG_SAVED) | keys.savedMark
    if (isTimed(a, e)) time(to, clone, deadlineMs(a, e))
    arena.i32[(arena.i32[(to.ns + NS_DB) >> 2] + DB_KEYS) >> 2]++
    const logical = arena.i32[(to.ns + NS_NAME_LENGTH) >> 2] + keyLength(a, e) + keys.valueLogical(a, e)
    keys.account(to.ns, arena, logical, arena.sizeOf(clone))
  }

  /** Builds a record of another name for a part's entries, which stay the part's until it is adopted. */
  rename(part: Part, source: Namespace, target: Namespace): void {
    const { shard, ns } = part
    const a = shard.arena
    const twist = source.hash ^ target.hash
    const to = this.build(shard, part.db, target)
    this.renamed.push({ from: part, to })
    this.remove(part)
    if (!dictTwist(a, ns, to, twist)) throw OOM_ARENA
    const longer = a.i32[(to + NS_NAME_LENGTH) >> 2] - a.i32[(ns + NS_NAME_LENGTH) >> 2]
    a.i32[(to + NS_TIMED) >> 2] = a.i32[(ns + NS_TIMED) >> 2]
    a.f64[(to + NS_DEADLINES) >> 3] = a.f64[(ns + NS_DEADLINES) >> 3]
    a.f64[(to + NS_ALLOCATED) >> 3] = a.f64[(ns + NS_ALLOCATED) >> 3]
    a.f64[(to + NS_LOGICAL) >> 3] = a.f64[(ns + NS_LOGICAL) >> 3] + longer * dictCount(a, ns)
  }

  /** A record for a namespace, in a database record of its own that has no number. */
  private build(shard: Shard, db: number, name: Namespace): number {
    const record = this.detached(shard)
    const ns = shard.addNamespace(record, name.hash, name.bytes, 0, name.bytes.length)
    if (ns === 0) throw OOM_ARENA
    this.databases.add(db)
    this.built.push({ db, shard, ns })
    return ns
  }

  private detached(shard: Shard): number {
    const record = shard.newDatabase()
    if (record === 0) throw OOM_ARENA
    shard.arena.i32[(record + DB_NUMBER) >> 2] = -1
    this.records.push({ shard, record })
    return record
  }

  /** The entries in a record's dict, which another one had before, are told so. */
  private adopt(a: Arena, to: number): void {
    const { keys, batch } = this
    for (let at = 0; at < ALL_HASHES; ) {
      batch.length = 0
      at = dictScan(a, to, at, STEP, batch)
      this.touch(a)
      for (let i = 0; i < batch.length; i++) {
        const e = batch.refs[i]
        const kind = a.u8[e + 6]
        if (isTimed(a, e)) a.i32[(e + NAMESPACE_AT) >> 2] = to
        const view = VIEWS[kind >> 4]
        if (view === undefined) continue
        view.aim(keys, a, a.i32[e >> 2], kind & 15)
        view.own(e, to)
      }
    }
  }
}
