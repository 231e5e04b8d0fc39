// INFO's section Memory. `used_memory` is what the arenas have handed out plus the buffers of clients; only the former
// counts towards the limit, so the latter are in mem_not_counted_for_evict: used minus not counted is what is limited.

import { totalmem } from 'node:os'
import { dictCount } from '../../memory/dict.ts'
import { type Field, human, linesOf, type Reading, type Section } from './section.ts'
import type { ServerState } from './state.ts'

/** What a key costs beside its bytes: header of its entry, and its place in the dict (memory/dict.ts says 10.5). */
const KEY_OVERHEAD_BYTES = 12 + 10.5
/** The same of a namespace: its record without the name, and the dict of its first key. */
const NAMESPACE_OVERHEAD_BYTES = 100

interface Figures {
  readonly usedBytes: number
  readonly peakBytes: number
  readonly startupBytes: number
  /** Everything that is neither keys nor values. */
  readonly overheadBytes: number
  readonly arenaBytes: number
  /** What the arenas have touched, free blocks included. */
  readonly committedBytes: number
  readonly clientBytes: number
  readonly rssBytes: number
  readonly limitBytes: number
  readonly policy: string
}

function clientBytes(clients: ServerState['clients']): number {
  let sum = 0
  for (const client of clients.list()) sum += client.totalBytes
  return sum
}

function figuresOf({ state, peakBytes }: Reading): Figures {
  const { keys, clients, config, startupBytes } = state
  const arenaBytes = keys.allocatedBytes()
  const ofClients = clientBytes(clients)
  const used = arenaBytes + ofClients
  let committedBytes = 0
  let ofKeys = 0
  for (const shard of keys.shards) {
    committedBytes += shard.arena.committedBytes
    for (let db = 0; db < keys.databases; db++) {
      ofKeys += dictCount(shard.arena, shard.database(db)) * NAMESPACE_OVERHEAD_BYTES
    }
  }
  for (let db = 0; db < keys.databases; db++) ofKeys += keys.size(db) * KEY_OVERHEAD_BYTES
  return {
    usedBytes: used,
    peakBytes: Math.max(peakBytes, used),
    startupBytes,
    overheadBytes: Math.min(used, Math.round(startupBytes + ofClients + ofKeys)),
    arenaBytes,
    committedBytes,
    clientBytes: ofClients,
    rssBytes: process.memoryUsage.rss(),
    limitBytes: keys.limitBytes,
    policy: config.text('maxmemory-policy') ?? 'noeviction',
  }
}

const ratio = (a: number, b: number): string => (b === 0 ? 0 : a / b).toFixed(2)
const percent = (a: number, b: number): string => `${ratio(a * 100, b)}%`
const dataset = (f: Figures): number => f.usedBytes - f.overheadBytes

const FIELDS: readonly Field<Figures>[] = [
  ['used_memory', f => f.usedBytes],
  ['used_memory_human', f => human(f.usedBytes)],
  ['used_memory_rss', f => f.rssBytes],
  ['used_memory_rss_human', f => human(f.rssBytes)],
  ['used_memory_peak', f => f.peakBytes],
  ['used_memory_peak_human', f => human(f.peakBytes)],
  ['used_memory_peak_perc', f => percent(f.usedBytes, f.peakBytes)],
  ['used_memory_overhead', f => f.overheadBytes],
  ['used_memory_startup', f => f.startupBytes],
  ['used_memory_dataset', dataset],
  ['used_memory_dataset_perc', f => percent(dataset(f), Math.max(1, f.usedBytes - f.startupBytes))],
  ['allocator_allocated', f => f.arenaBytes],
  ['allocator_active', f => f.committedBytes],
  ['allocator_resident', f => f.committedBytes],
  ['total_system_memory', () => totalmem()],
  ['total_system_memory_human', () => human(totalmem())],
  ['used_memory_lua', 0],
  ['used_memory_vm_eval', 0],
  ['used_memory_lua_human', human(0)],
  ['used_memory_scripts_eval', 0],
  ['number_of_cached_scripts', 0],
  ['number_of_functions', 0],
  ['number_of_libraries', 0],
  ['used_memory_vm_functions', 0],
  ['used_memory_vm_total', 0],
  ['used_memory_vm_total_human', human(0)],
  ['used_memory_functions', 0],
  ['used_memory_scripts', 0],
  ['used_memory_scripts_human', human(0)],
  ['maxmemory', f => f.limitBytes],
  ['maxmemory_human', f => human(f.limitBytes)],
  ['maxmemory_policy', f => f.policy],
  ['allocator_frag_ratio', f => ratio(f.committedBytes, f.arenaBytes)],
  ['allocator_frag_bytes', f => f.committedBytes - f.arenaBytes],
  ['allocator_rss_ratio', ratio(1, 1)],
  ['allocator_rss_bytes', 0],
  ['rss_overhead_ratio', f => ratio(f.rssBytes, f.committedBytes)],
  ['rss_overhead_bytes', f => f.rssBytes - f.committedBytes],
  ['mem_fragmentation_ratio', f => ratio(f.committedBytes, f.arenaBytes)],
  ['mem_fragmentation_bytes', f => f.committedBytes - f.arenaBytes],
  ['mem_not_counted_for_evict', f => f.clientBytes],
  ['mem_replication_backlog', 0],
  ['mem_total_replication_buffers', 0],
  ['mem_clients_slaves', 0],
  ['mem_clients_normal', f => f.clientBytes],
  ['mem_cluster_links', 0],
  ['mem_aof_buffer', 0],
  // Redis's tests look for jemalloc here before they expect its fragmentation figures.
  ['mem_allocator', 'kvns-arena'],
  ['active_defrag_running', 0],
  ['lazyfree_pending_objects', 0],
  ['lazyfreed_objects', 0],
]

export const memorySection: Section = {
  title: 'Memory',
  names: ['memory'],
  asked: 'always',
  lines: reading => linesOf(FIELDS, figuresOf(reading)),
}
