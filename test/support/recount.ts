// The accounts of a keyspace against what its entries add up to: per namespace, per database and for each arena, down to the
// last byte handed out. Throws Error at the first difference.

import { digestValue } from '../../src/commands/digest.ts'
import { dictBytes, dictCheck, dictCount, dictScan } from '../../src/memory/dict.ts'
import { PairBatch } from '../../src/memory/pair-batch.ts'
import {
  deadlineMs,
  entryEncoding,
  entryType,
  isTimed,
  keyLength,
  keyStart,
  stringLength,
  stringStart,
  summedMs,
} from '../../src/store/entry.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import {
  DB_DEADLINES,
  DB_DEFAULT,
  DB_KEYS,
  DB_LOGICAL,
  DB_NEXT_DEAD,
  DB_NUMBER,
  DB_TIMED,
  NS_ALLOCATED,
  NS_DB,
  NS_DEADLINES,
  NS_HASH,
  NS_LOGICAL,
  NS_NAME,
  NS_NAME_LENGTH,
  NS_TIMED,
  ROOT_DEAD,
  ROOT_GRAVES,
  type Shard,
} from '../../src/store/shard.ts'
import { ARENA_NAMES } from '../../src/values/hash-names.ts'
import { TYPE_STRING } from '../../src/values/types.ts'
import { ROOT_ALLOCATED } from '../../src/values/value.ts'

const ALL_HASHES = 0x1_0000_0000

interface Totals {
  keys: number
  timed: number
  deadlines: number
  logical: number
  /** Bytes of the arena: entries and values of a namespace; for a database everything below its record. */
  allocated: number
}

const nothing = (): Totals => ({ keys: 0, timed: 0, deadlines: 0, logical: 0, allocated: 0 })

/** Every pair of a dict: [hash, ref]. */
function* pairs(shard: Shard, root: number): Generator<readonly [number, number]> {
  const batch = new PairBatch()
  let from = 0
  while (from < ALL_HASHES) {
    batch.length = 0
    from = dictScan(shard.arena, root, from, 64, batch)
    for (let i = 0; i < batch.length; i++) yield [batch.hashes[i] ?? 0, batch.refs[i] ?? 0]
  }
}

function same(what: string, counted: unknown, found: unknown): void {
  if (counted !== found) throw new Error(`recount: ${what}: the record says ${counted}, the entries ${found}`)
}

function countNamespace(keys: Keyspace, shard: Shard, ns: number): Totals {
  const a = shard.arena
  const sum = nothing()
  const nameBytes = a.i32[(ns + NS_NAME_LENGTH) >> 2]
  const nsHash = a.i32[(ns + NS_HASH) >> 2]
  for (const [hash, e] of pairs(shard, ns)) {
    const start = keyStart(a, e)
    const bytes = keyLength(a, e)
    same('hash of an entry', hash, keys.hashOf(nsHash, a.u8, start, start + bytes))
    sum.keys++
    sum.logical += nameBytes + bytes + keys.valueLogical(a, e)
    sum.allocated += a.sizeOf(e) + keys.valueAllocated(a, e)
    if (!isTimed(a, e)) continue
    sum.timed++
    sum.deadlines += summedMs(deadlineMs(a, e))
    same('namespace of a timed entry', a.i32[(e + 12) >> 2], ns)
  }
  dictCheck(a, ns)
  same('keys of a namespace', dictCount(a, ns), sum.keys)
  same('timed keys of a namespace', a.i32[(ns + NS_TIMED) >> 2], sum.timed)
  same('sum of the deadlines of a namespace', a.f64[(ns + NS_DEADLINES) >> 3], sum.deadlines)
  same('logical bytes of a namespace', a.f64[(ns + NS_LOGICAL) >> 3], sum.logical)
  same('allocated bytes of a namespace', a.f64[(ns + NS_ALLOCATED) >> 3], sum.allocated)
  return sum
}

function countDatabase(keys: Keyspace, shard: Shard, record: number): Totals {
  const a = shard.arena
  const sum = nothing()
  let ofDefault = 0
  for (const [hash, ns] of pairs(shard, record)) {
    same('hash of a namespace', a.i32[(ns + NS_HASH) >> 2], hash)
    same('database of a namespace', a.i32[(ns + NS_DB) >> 2], record)
    if (hash === 0) ofDefault = ns
    const own = countNamespace(keys, shard, ns)
    if (own.keys === 0) throw new Error('recount: a namespace without keys')
    sum.keys += own.keys
    sum.timed += own.timed
    sum.deadlines += own.deadlines
    sum.logical += own.logical
    sum.allocated += own.allocated + a.sizeOf(ns) + dictBytes(a, ns)
  }
  sum.allocated += a.sizeOf(record) + dictBytes(a, record)
  dictCheck(a, record)
  same('record of default', a.i32[(record + DB_DEFAULT) >> 2], ofDefault)
  same('keys of a database', a.i32[(record + DB_KEYS) >> 2], sum.keys)
  same('timed keys of a database', a.i32[(record + DB_TIMED) >> 2], sum.timed)
  same('sum of the deadlines of a database', a.f64[(record + DB_DEADLINES) >> 3], sum.deadlines)
  same('logical bytes of a database', a.f64[(record + DB_LOGICAL) >> 3], sum.logical)
  return sum
}

/** Bytes of the names that hashes share, and of the table that leads to them. */
function countNames(shard: Shard): number {
  const a = shard.arena
  let bytes = dictBytes(a, ARENA_NAMES)
  dictCheck(a, ARENA_NAMES)
  for (const [, names] of pairs(shard, ARENA_NAMES)) bytes += a.sizeOf(names)
  return bytes
}

function countShard(keys: Keyspace, shard: Shard): void {
  const a = shard.arena
  a.check()
  let bytes = a.sizeOf(shard.wheel) + countNames(shard)
  for (let db = 0; db < keys.databases; db++) {
    const record = shard.database(db)
    same('number of a database', a.i32[(record + DB_NUMBER) >> 2], db)
    bytes += countDatabase(keys, shard, record).allocated
  }
  for (let dead = a.i32[ROOT_DEAD >> 2]; dead !== 0; dead = a.i32[(dead + DB_NEXT_DEAD) >> 2]) {
    same('number of a flushed database', a.i32[(dead + DB_NUMBER) >> 2], -1)
    bytes += deadBytes(keys, shard, dead)
  }
  for (let grave = a.i32[ROOT_GRAVES >> 2] ?? 0; grave !== 0; grave = a.i32[grave >> 2] ?? 0) {
    bytes += a.sizeOf(grave) + (a.i32[((a.i32[(grave >> 2) + 1] ?? 0) + ROOT_ALLOCATED) >> 2] ?? 0)
  }
  same('allocated bytes of an arena', a.allocatedBytes, bytes)
}

/** A flushed database is freed in slices: its counts stay what they were, but every block left must be found. */
function deadBytes(keys: Keyspace, shard: Shard, record: number): number {
  const a = shard.arena
  let bytes = a.sizeOf(record) + dictBytes(a, record)
  for (const [, ns] of pairs(shard, record)) {
    bytes += a.sizeOf(ns) + dictBytes(a, ns)
    for (const [, e] of pairs(shard, ns)) {
      bytes += a.sizeOf(e) + keys.valueAllocated(a, e)
    }
  }
  return bytes
}

/** Throws Error unless every account agrees. A flushed database must not be half freed: its slots point to freed blocks. */
export function recount(keys: Keyspace): void {
  for (const shard of keys.shards) countShard(keys, shard)
}

/** All that a namespace is in all databases and shards: its entries with their values and deadlines, and its accounts. */
export function namespaceState(keys: Keyspace, name: string): readonly string[] {
  return state(keys, other => other === name)
}

/** The same of all namespaces. Access times and hits are left out. */
export function wholeState(keys: Keyspace): readonly string[] {
  return state(keys, () => true)
}

function state(keys: Keyspace, wanted: (name: string) => boolean): readonly string[] {
  const lines: string[] = []
  for (const [s, shard] of keys.shards.entries()) {
    const a = shard.arena
    const text = (from: number, bytes: number): string =>
      Buffer.from(a.u8.subarray(from, from + bytes)).toString('latin1')
    for (let db = 0; db < keys.databases; db++) {
      for (const [, ns] of pairs(shard, shard.database(db))) {
        const name = text(ns + NS_NAME, a.i32[(ns + NS_NAME_LENGTH) >> 2])
        if (!wanted(name)) continue
        const accounts = [NS_LOGICAL, NS_ALLOCATED].map(at => a.f64[(ns + at) >> 3])
        lines.push(`${s} ${db} ${name} keys ${dictCount(a, ns)} timed ${a.i32[(ns + NS_TIMED) >> 2]} bytes ${accounts}`)
        for (const [, e] of pairs(shard, ns)) {
          const value =
            entryType(a, e) === TYPE_STRING
              ? text(stringStart(a, e), stringLength(a, e))
              : digestValue(keys, shard, e).toString('hex')
          const deadline = isTimed(a, e) ? deadlineMs(a, e) : 0
          const kind = `${entryType(a, e)} ${entryEncoding(a, e)}`
          lines.push(`${s} ${db} ${name}/${text(keyStart(a, e), keyLength(a, e))} = ${value} ${kind} until ${deadline}`)
        }
      }
    }
  }
  return lines.sort()
}
