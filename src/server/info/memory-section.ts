// INFO's section Memory. The buffers of clients do not count towards the limit, so they are in mem_not_counted_for_evict:
// used minus not counted is what is limited.

import { totalmem } from 'node:os'
import { datasetBytes, type MemoryFigures, memoryFigures, netBytes } from './memory-figures.ts'
import { type Field, human, linesOf, type Section } from './section.ts'

const ratio = (a: number, b: number): string => (b === 0 ? 0 : a / b).toFixed(2)
const percent = (a: number, b: number): string => `${ratio(a * 100, b)}%`

const FIELDS: readonly Field<MemoryFigures>[] = [
  ['used_memory', f => f.usedBytes],
  ['used_memory_human', f => human(f.usedBytes)],
  ['used_memory_rss', f => f.rssBytes],
  ['used_memory_rss_human', f => human(f.rssBytes)],
  ['used_memory_peak', f => f.peakBytes],
  ['used_memory_peak_human', f => human(f.peakBytes)],
  ['used_memory_peak_perc', f => percent(f.usedBytes, f.peakBytes)],
  ['used_memory_overhead', f => f.overheadBytes],
  ['used_memory_startup', f => f.startupBytes],
  ['used_memory_dataset', datasetBytes],
  ['used_memory_dataset_perc', f => percent(datasetBytes(f), netBytes(f))],
  ['allocator_allocated', f => f.arenaBytes],
  ['allocator_active', f => f.activeBytes],
  ['allocator_resident', f => f.residentBytes],
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
  ['allocator_frag_ratio', f => ratio(f.activeBytes, f.arenaBytes)],
  ['allocator_frag_bytes', f => f.activeBytes - f.arenaBytes],
  ['allocator_rss_ratio', f => ratio(f.residentBytes, f.activeBytes)],
  ['allocator_rss_bytes', f => f.residentBytes - f.activeBytes],
  ['rss_overhead_ratio', f => ratio(f.rssBytes, f.residentBytes)],
  ['rss_overhead_bytes', f => f.rssBytes - f.residentBytes],
  ['mem_fragmentation_ratio', f => ratio(f.residentBytes, f.arenaBytes)],
  ['mem_fragmentation_bytes', f => f.residentBytes - f.arenaBytes],
  ['mem_not_counted_for_evict', f => f.clientBytes],
  ['mem_replication_backlog', 0],
  ['mem_total_replication_buffers', 0],
  ['mem_clients_slaves', 0],
  ['mem_clients_normal', f => f.clientBytes],
  ['mem_cluster_links', 0],
  ['mem_aof_buffer', 0],
  // Redis's tests look for jemalloc here before they expect its fragmentation figures.
  ['mem_allocator', 'kvns-arena'],
  ['active_defrag_running', f => f.defragPercent],
  ['lazyfree_pending_objects', f => f.pendingKeys],
  ['lazyfreed_objects', f => f.freedKeys],
]

export const memorySection: Section = {
  title: 'Memory',
  names: ['memory'],
  asked: 'always',
  lines: reading => linesOf(FIELDS, memoryFigures(reading)),
}
