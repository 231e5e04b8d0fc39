// What memory is used for, as INFO's section Memory and MEMORY STATS show it. "Used" is what the arenas have handed out plus
// the buffers of clients; only the former counts towards the limit.

import { dictCount } from '../../memory/dict.ts'
import { HEADER_BYTES, TIMED_HEADER_BYTES } from '../../store/entry.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import type { Namespace } from '../../store/namespace.ts'
import { keyTotals, namespaceBytes } from '../../store/namespaces.ts'
import type { Reading } from './section.ts'
import type { ServerState } from './state.ts'

/** What a key costs beside its bytes: header of its entry, and its place in the dict (memory/dict.ts says 10.5). */
const KEY_OVERHEAD_BYTES = HEADER_BYTES + 10.5
const TIMED_OVERHEAD_BYTES = TIMED_HEADER_BYTES - HEADER_BYTES
/** What a namespace costs: its record without the name, and the dict of its first key. */
const NAMESPACE_OVERHEAD_BYTES = 100

/** What a database takes beside the names and values of its keys. */
interface DatabaseFigures {
  readonly db: number
  readonly keys: number
  readonly tableBytes: number
  readonly deadlineBytes: number
}

export interface MemoryFigures {
  readonly usedBytes: number
  readonly peakBytes: number
  readonly startupBytes: number
  /** Everything that is neither keys nor values. */
  readonly overheadBytes: number
  readonly arenaBytes: number
  /** Of slabs and large blocks, free blocks in slabs included. */
  readonly activeBytes: number
  /** The same with what is free between them, as far as the system does not have it back. */
  readonly residentBytes: number
  /** Percent of the time that defragmentation takes; 0 when it rests. */
  readonly defragPercent: number
  readonly clientBytes: number
  readonly clients: number
  readonly rssBytes: number
  readonly limitBytes: number
  readonly policy: string
  /** Keys of flushed databases: to be freed, and freed. */
  readonly pendingKeys: number
  readonly freedKeys: number
  /** Those that have keys. */
  readonly databases: readonly DatabaseFigures[]
}

/** Bytes of the clients that the one who asks sees. */
function clientBytes(clients: ServerState['clients'], namespace: Namespace | undefined): number {
  let sum = 0
  for (const { session, totalBytes } of clients.list()) {
    if (namespace === undefined || session.namespace?.name === namespace.name) sum += totalBytes
  }
  return sum
}

function databaseFigures(keys: Keyspace, db: number, namespace: Namespace | undefined): DatabaseFigures {
  let namespaces = namespace === undefined ? 0 : 1
  if (namespace === undefined) {
    for (const shard of keys.shards) namespaces += dictCount(shard.arena, shard.database(db))
  }
  const seen = keyTotals(keys, db, namespace)
  return {
    db,
    keys: seen.keys,
    tableBytes: Math.round(seen.keys * KEY_OVERHEAD_BYTES + namespaces * NAMESPACE_OVERHEAD_BYTES),
    deadlineBytes: seen.timed * TIMED_OVERHEAD_BYTES,
  }
}

/** To one who is bound to a namespace, that is all that memory is used for; nobody keeps its peak. */
export function memoryFigures(reading: Reading): MemoryFigures {
  const { state, namespace, totals } = reading
  const { keys, clients, config } = state
  const startupBytes = namespace === undefined ? state.keys.startupBytes : 0
  const arenaBytes = namespace === undefined ? keys.allocatedBytes() : namespaceBytes(keys, namespace)
  const ofClients = clientBytes(clients, namespace)
  const used = arenaBytes + ofClients
  let activeBytes = 0
  let residentBytes = 0
  for (const { arena } of keys.shards) {
    activeBytes += arena.allocatedBytes + arena.thinBytes
    residentBytes += arena.residentBytes
  }
  const databases: DatabaseFigures[] = []
  for (let db = 0; db < keys.databases; db++) {
    const figures = databaseFigures(keys, db, namespace)
    if (figures.keys > 0) databases.push(figures)
  }
  const ofKeys = databases.reduce((sum, { tableBytes, deadlineBytes }) => sum + tableBytes + deadlineBytes, 0)
  return {
    usedBytes: used,
    peakBytes: namespace === undefined ? Math.max(reading.peakBytes, used) : used,
    startupBytes,
    overheadBytes: Math.min(used, startupBytes + ofClients + ofKeys),
    arenaBytes,
    activeBytes,
    residentBytes,
    defragPercent: Math.round(state.defrag.percent),
    clientBytes: ofClients,
    clients: clients.count,
    rssBytes: process.memoryUsage.rss(),
    limitBytes: (namespace && state.namespaces.at(namespace.hash)?.quotaBytes) || keys.limitBytes,
    policy:
      namespace === undefined
        ? (config.text('maxmemory-policy') ?? 'noeviction')
        : state.evictions.eviction.policyOf(namespace.hash).name,
    pendingKeys: state.expiry.pending,
    freedKeys: totals.lazilyFreed,
    databases,
  }
}

/** Bytes of keys and values. */
export const datasetBytes = (f: MemoryFigures): number => f.usedBytes - f.overheadBytes
/** Bytes in use that an empty server does not use; at least 1, because it is divided by. */
export const netBytes = (f: MemoryFigures): number => Math.max(1, f.usedBytes - f.startupBytes)
