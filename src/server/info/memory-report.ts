// What MEMORY STATS, DOCTOR and MALLOC-STATS tell: numbers under the names of Redis 7.0.15 and in its order, advice in
// words, and how the arenas are filled.

import type { MemoryFact } from '../../commands/services.ts'
import { CLASS_BYTES } from '../../memory/classes.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import { datasetBytes, type MemoryFigures, netBytes } from './memory-figures.ts'
import { human } from './section.ts'

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b)
const count = (value: number) => ({ kind: 'count', value }) as const
const share = (value: number) => ({ kind: 'share', value }) as const

export function memoryStats(f: MemoryFigures): MemoryFact[] {
  const keys = f.databases.reduce((sum, database) => sum + database.keys, 0)
  return [
    ['peak.allocated', count(f.peakBytes)],
    ['total.allocated', count(f.usedBytes)],
    ['startup.allocated', count(f.startupBytes)],
    ['replication.backlog', count(0)],
    ['clients.slaves', count(0)],
    ['clients.normal', count(f.clientBytes)],
    ['cluster.links', count(0)],
    ['aof.buffer', count(0)],
    ['lua.caches', count(0)],
    ['functions.caches', count(0)],
    ...f.databases.map(database => [`db.${database.db}`, { kind: 'facts', facts: overheadFacts(database) }] as const),
    ['overhead.total', count(f.overheadBytes)],
    ['keys.count', count(keys)],
    ['keys.bytes-per-key', count(keys === 0 ? 0 : Math.floor(netBytes(f) / keys))],
    ['dataset.bytes', count(datasetBytes(f))],
    ['dataset.percentage', share((100 * datasetBytes(f)) / netBytes(f))],
    ['peak.percentage', share(100 * ratio(f.usedBytes, f.peakBytes))],
    ['allocator.allocated', count(f.arenaBytes)],
    ['allocator.active', count(f.activeBytes)],
    ['allocator.resident', count(f.residentBytes)],
    ['allocator-fragmentation.ratio', share(ratio(f.activeBytes, f.arenaBytes))],
    ['allocator-fragmentation.bytes', count(f.activeBytes - f.arenaBytes)],
    ['allocator-rss.ratio', share(ratio(f.residentBytes, f.activeBytes))],
    ['allocator-rss.bytes', count(f.residentBytes - f.activeBytes)],
    ['rss-overhead.ratio', share(ratio(f.rssBytes, f.residentBytes))],
    ['rss-overhead.bytes', count(f.rssBytes - f.residentBytes)],
    ['fragmentation', share(ratio(f.residentBytes, f.arenaBytes))],
    ['fragmentation.bytes', count(f.residentBytes - f.arenaBytes)],
  ]
}

function overheadFacts({ tableBytes, deadlineBytes }: MemoryFigures['databases'][number]): MemoryFact[] {
  return [
    ['overhead.hashtable.main', count(tableBytes)],
    ['overhead.hashtable.expires', count(deadlineBytes)],
    ['overhead.hashtable.slot-to-keys', count(0)],
  ]
}

/** Below this nothing can be said (Redis's limit, as those of the findings). */
const SMALL_BYTES = 5 << 20
const WORTH_MENTIONING_BYTES = 10 << 20
const LARGE_CLIENT_BYTES = 200 << 10

interface Finding {
  readonly holds: (f: MemoryFigures) => boolean
  readonly advice: string
}

const FINDINGS: readonly Finding[] = [
  {
    holds: f => f.peakBytes > 1.5 * f.usedBytes,
    advice:
      'Peak: this server once used more than one and a half times the memory it uses now. What was freed since goes ' +
      'back to the system bit by bit, as far as it fills whole pages; MEMORY PURGE does that at once.',
  },
  {
    holds: f => f.activeBytes > 1.1 * f.arenaBytes && f.activeBytes - f.arenaBytes > WORTH_MENTIONING_BYTES,
    advice:
      'Fragmentation: between used blocks of the arenas there is more than a tenth of their size in free ones. They ' +
      'will be used for new data; with activedefrag they are moved together, and whole pages go back to the system.',
  },
  {
    holds: f => f.clients > 0 && f.clientBytes / f.clients > LARGE_CLIENT_BYTES,
    advice:
      'Clients: their buffers take more than 200 KB each on average. Somebody sends very large requests or does not ' +
      'read its replies: CLIENT LIST shows who (qbuf, omem).',
  },
  {
    holds: f => f.limitBytes > 0 && f.arenaBytes > 0.9 * f.limitBytes,
    advice: 'Limit: more than nine tenths of maxmemory are in use. Writes are refused when it is reached.',
  },
]

export function memoryAdvice(f: MemoryFigures): string {
  if (f.usedBytes < SMALL_BYTES)
    return 'This server holds next to nothing: there is too little to say anything about.\n'
  const found = FINDINGS.filter(finding => finding.holds(f))
  if (found.length === 0) return 'I can find no problem with the memory of this server.\n'
  return `What I noticed about the memory of this server:\n\n${found.map(({ advice }) => ` * ${advice}\n\n`).join('')}`
}

/** How each arena is filled, and how many bytes its slabs of each block size have. */
export function allocatorReport(keys: Keyspace): string {
  const lines: string[] = []
  for (const [number, { arena }] of keys.shards.entries()) {
    const { allocatedBytes, committedBytes, freeBytes } = arena
    lines.push(
      `arena ${number}: allocated ${allocatedBytes} (${human(allocatedBytes)}), touched ${committedBytes} ` +
        `(${human(committedBytes)}), untouched ${freeBytes} (${human(freeBytes)})`,
      '  block bytes   slab bytes',
    )
    for (const [sizeClass, bytes] of arena.slabBytes().entries()) {
      if (bytes === 0) continue
      lines.push(`${String(CLASS_BYTES[sizeClass]).padStart(13)}${String(bytes).padStart(13)}`)
    }
  }
  return `${lines.join('\n')}\n`
}
