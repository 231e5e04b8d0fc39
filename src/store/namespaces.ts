// One namespace of a database as a whole, for connections that are bound to it: to them it is all there is.

import { dictBytes, dictCount } from '../memory/dict.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import type { Keyspace } from './keyspace.ts'
import type { Namespace } from './namespace.ts'
import { DB_DEADLINES, DB_KEYS, DB_TIMED, NS_ALLOCATED, NS_DEADLINES, NS_TIMED, type Shard } from './shard.ts'

/** Sums over the shards. */
export interface KeyTotals {
  /** Expired keys that nobody met yet included. */
  readonly keys: number
  readonly timed: number
  /** Sum of the deadlines of the timed keys, ms. */
  readonly deadlinesMs: number
}

const recordIn = (shard: Shard, db: number, { hash, bytes }: Namespace): number =>
  shard.namespace(db, hash, bytes, 0, bytes.length)

/** What a database holds, or one namespace in it. */
export function keyTotals(keys: Pick<Keyspace, 'shards'>, db: number, namespace?: Namespace): KeyTotals {
  const totals = { keys: 0, timed: 0, deadlinesMs: 0 }
  for (const shard of keys.shards) {
    const { i32, f64 } = shard.arena
    if (namespace === undefined) {
      const record = shard.database(db)
      totals.keys += i32[(record + DB_KEYS) >> 2]
      totals.timed += i32[(record + DB_TIMED) >> 2]
      totals.deadlinesMs += f64[(record + DB_DEADLINES) >> 3]
      continue
    }
    const ns = recordIn(shard, db, namespace)
    if (ns === 0) continue
    totals.keys += dictCount(shard.arena, ns)
    totals.timed += i32[(ns + NS_TIMED) >> 2]
    totals.deadlinesMs += f64[(ns + NS_DEADLINES) >> 3]
  }
  return totals
}

/** Bytes handed out for a namespace, in all databases. O(segments of its dicts). */
export function namespaceBytes(keys: Pick<Keyspace, 'shards' | 'databases'>, namespace: Namespace): number {
  let bytes = 0
  for (let db = 0; db < keys.databases; db++) {
    for (const shard of keys.shards) {
      const ns = recordIn(shard, db, namespace)
      if (ns !== 0) bytes += shard.arena.f64[(ns + NS_ALLOCATED) >> 3] + dictBytes(shard.arena, ns)
    }
  }
  return bytes
}

/** Whether the shard holds nothing else than these keys. */
function isAlone(keys: Keyspace, shard: Shard, count: number): boolean {
  let all = 0
  for (let db = 0; db < keys.databases; db++) all += shard.arena.i32[(shard.database(db) + DB_KEYS) >> 2]
  return all === count
}

/** A namespace's record that is about to be detached, and the record that takes it over. */
interface Leaving {
  readonly shard: Shard
  readonly ns: number
  readonly grave: number
}

/** Empties a namespace of some databases at once; what it held is freed in slices. Throws OOM before any change. */
export function flushNamespace(keys: Keyspace, databases: readonly number[], namespace: Namespace): void {
  const flushed = databases.map(db => keyTotals(keys, db, namespace).keys)
  const emptied: Shard[] = []
  const leaving: Leaving[] = []
  for (const shard of keys.shards) {
    const records = databases.map(db => recordIn(shard, db, namespace)).filter(ns => ns !== 0)
    if (records.length === 0) continue
    const count = records.reduce((sum, ns) => sum + dictCount(shard.arena, ns), 0)
    if (keys.saving === undefined && isAlone(keys, shard, count)) emptied.push(shard)
    else for (const ns of records) leaving.push({ shard, ns, grave: graveFor(keys, shard, ns, leaving) })
  }
  keys.epoch++
  for (const { shard, ns, grave } of leaving) {
    keys.saving?.leaving(shard, ns)
    shard.detachNamespace(ns, grave)
  }
  for (const shard of emptied) keys.empty(shard)
  for (const [i, db] of databases.entries()) keys.announceFlush(db, flushed[i] as number, namespace)
}

/** Throws OOM, and gives up what was made for others. */
function graveFor(keys: Keyspace, shard: Shard, ns: number, others: readonly Leaving[]): number {
  const grave = keys.tryHard(() => shard.makeGrave(ns))
  if (grave !== 0) return grave
  for (const other of others) other.shard.dropGrave(other.ns, other.grave)
  throw OOM_ARENA
}

/** Exchanges what two databases have of a namespace. Throws OOM when a table has no room; nothing is changed then. */
export function swapNamespace(keys: Keyspace, a: number, b: number, namespace: Namespace): void {
  keys.epoch++
  const swap = (shard: Shard): boolean => {
    const nsInA = recordIn(shard, a, namespace)
    const nsInB = recordIn(shard, b, namespace)
    for (const ns of [nsInA, nsInB]) if (ns !== 0) keys.saving?.leaving(shard, ns)
    return shard.swapNamespace(a, nsInA, b, nsInB)
  }
  for (const [i, shard] of keys.shards.entries()) {
    if (swap(shard)) continue
    // There is room to go back to where they came from.
    for (const done of keys.shards.slice(0, i)) swap(done)
    throw OOM_ARENA
  }
  keys.announceFlush(a, 1, namespace)
  keys.announceFlush(b, 0, namespace)
}
