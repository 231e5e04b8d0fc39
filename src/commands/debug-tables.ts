// DEBUG HTSTATS and HTSTATS-KEY: how full tables are, under Redis's names where they mean the same. A table of ours is cut
// into segments, and a chain is a run of slots whose pairs have one hash, so there are no chains to tell of.

import type { Arena } from '../memory/arena.ts'
import { dictCount, dictScan, dictSlots } from '../memory/dict.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { entryEncoding, entryType } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { DB_TIMED, type Shard } from '../store/shard.ts'
import type { ValueHost } from '../values/value.ts'
import { VIEWS } from '../values/views.ts'

const ALL_HASHES = 0x1_0000_0000
const SCANNED = 1024

interface Fill {
  slots: number
  pairs: number
  tables: number
}

function lines(title: string, { slots, pairs, tables }: Fill): string {
  if (pairs === 0) return `${title}\nNo stats available for empty dictionaries\n`
  const used = ((100 * pairs) / slots).toFixed(2)
  const of = tables === 1 ? '' : ` tables: ${tables}\n`
  return `${title}\n table size: ${slots}\n number of elements: ${pairs}\n${of} slots in use: ${used}%\n`
}

/** Adds up the tables of all namespaces of a database in one shard. */
function addShard({ arena }: Shard, record: number, fill: Fill): void {
  const batch = new PairBatch()
  for (let from = 0; from < ALL_HASHES; ) {
    batch.length = 0
    from = dictScan(arena, record, from, SCANNED, batch)
    for (let i = 0; i < batch.length; i++) {
      const ns = batch.refs[i] as number
      fill.tables++
      fill.slots += dictSlots(arena, ns)
      fill.pairs += dictCount(arena, ns)
    }
  }
}

export function databaseTables(keys: Keyspace, db: number): string {
  const fill: Fill = { slots: 0, pairs: 0, tables: 0 }
  let timed = 0
  for (const shard of keys.shards) {
    addShard(shard, shard.database(db), fill)
    timed += shard.arena.i32[(shard.database(db) + DB_TIMED) >> 2]
  }
  return `[Dictionary HT]\n${lines('Hash table 0 stats (main hash table):', fill)}[Time wheel]\n number of elements: ${timed}\n`
}

/** Undefined for a value that is no table to Redis. */
export function valueTable(host: ValueHost, a: Arena, e: number): string | undefined {
  const view = VIEWS[entryType(a, e)]
  if (view === undefined) return undefined
  view.aim(host, a, a.i32[e >> 2], entryEncoding(a, e))
  const { table } = view
  if (table === 0) return undefined
  const fill = { slots: dictSlots(a, table), pairs: dictCount(a, table), tables: 1 }
  return lines('Hash table 0 stats (main hash table):', fill)
}
