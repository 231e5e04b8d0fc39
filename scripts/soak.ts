// `bun scripts/soak.ts`: full load on 10,000 keys for a long time, and what becomes of memory and latency. redis-benchmark
// sends SET, GET and INCR, 50 clients, 16 requests at a time; a client of ours overwrites the same keys with values of
// changing sizes, which is what breaks arenas into pieces. Exit code 1 above the memory limit or on a wrong answer.
//   --seconds N        how long (600)
//   --max-rss-mb N     the most resident memory allowed at any time (150)
//   --server-cmd CMD   another server instead of dist/kvns ({port} and {dir} stand for its own)

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { askInfo } from './support/campaign.ts'
import { Chance } from './support/hostile-bytes.ts'
import { encode, Peer } from './support/peer.ts'
import { endGroup, residentBytes, running } from './support/processes.ts'
import { installed, refuse } from './support/run.ts'
import { ourEnvironment, Server, splitCommand } from './support/server.ts'
import { ROOT } from './support/source.ts'
import { startWitness, type Testimony } from './support/witness.ts'

const BINARY = join(ROOT, 'dist/kvns')
const KEYS = 10_000
const MAX_VALUE_BYTES = 4096
const REQUESTS_AT_ONCE = 64
/** The server is left alone this long at the end, for what it gives back. */
const REST_MS = 2000

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    'max-rss-mb': { type: 'string', default: '150' },
    'server-cmd': { type: 'string' },
  },
})

interface Sample {
  readonly residentBytes: number
  readonly usedBytes: number
  /** Committed over allocated bytes of the arenas, as INFO says. */
  readonly fragmentation: number
  readonly commands: number
}

async function sample(server: Server): Promise<Sample> {
  const info = await askInfo(server.port)
  return {
    residentBytes: residentBytes(server.pid),
    usedBytes: Number(info.get('used_memory')),
    fragmentation: Number(info.get('mem_fragmentation_ratio')),
    commands: Number(info.get('total_commands_processed')),
  }
}

/** redis-benchmark in a loop of its own; `-l` repeats until it is ended. */
function startBenchmark(port: number): ChildProcess {
  const load = ['-t', 'set,get,incr', '-n', '1000000', '-r', String(KEYS), '-P', '16', '-c', '50', '-q', '-l']
  return spawn('redis-benchmark', ['-p', String(port), ...load], { detached: true, stdio: 'ignore' })
}

/** Overwrites the benchmark's keys with values of 1 to 4096 bytes until the time is over; answers how many. */
async function overwrite(port: number, endMs: number): Promise<number> {
  const chance = new Chance(1)
  const filling = 'o'.repeat(MAX_VALUE_BYTES)
  const expected = '+OK\r\n'.repeat(REQUESTS_AT_ONCE)
  using peer = await Peer.open(port)
  let count = 0
  while (performance.now() < endMs) {
    let requests = ''
    for (let i = 0; i < REQUESTS_AT_ONCE; i++) {
      const key = `key:${String(chance.below(KEYS)).padStart(12, '0')}`
      requests += encode(['SET', key, filling.slice(0, 1 + chance.below(MAX_VALUE_BYTES))])
    }
    const got = await peer.ask(requests, REQUESTS_AT_ONCE)
    if (got !== expected) throw new Error(`overwriting: ${JSON.stringify(got.slice(0, 200))}`)
    count += REQUESTS_AT_ONCE
  }
  peer.close()
  return count
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

function print(samples: readonly Sample[], rest: Sample, overwrites: number, honest: Testimony): void {
  const first = samples[0] ?? rest
  const peak = (field: keyof Sample): number => Math.max(...samples.slice(1).map(each => each[field]))
  const commands = rest.commands - first.commands
  const lines = [
    `commands ${commands} (${Math.round(commands / Number(values.seconds))} a second), ${overwrites} of them overwrites`,
    `resident: start ${megabytes(first.residentBytes)}, peak ${megabytes(peak('residentBytes'))}, end ${megabytes(rest.residentBytes)}`,
    `used_memory: peak ${megabytes(peak('usedBytes'))}, end ${megabytes(rest.usedBytes)}`,
    `mem_fragmentation_ratio: peak ${peak('fragmentation')} (the almost empty start left out), end ${rest.fragmentation}`,
    `honest client beside it: ${honest.rounds} rounds, median ${honest.medianMs.toFixed(2)} ms, ` +
      `99 % ${honest.p99Ms.toFixed(1)} ms, worst ${honest.worstMs.toFixed(1)} ms at ${honest.worstAtS.toFixed(1)} s`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Everything at once for the time asked; answers what is wrong. */
async function soak(server: Server): Promise<string[]> {
  const seconds = Number(values.seconds)
  const samples = [await sample(server)]
  const endMs = performance.now() + seconds * 1000
  const witness = startWitness(server.port)
  const benchmark = startBenchmark(server.port)
  const problems: string[] = []
  let overwrites = 0
  try {
    const overwriting = overwrite(server.port, endMs).then(
      count => {
        overwrites = count
      },
      error => {
        problems.push(String(error))
      },
    )
    while (performance.now() < endMs && server.alive) {
      await Bun.sleep(Math.min(1000, endMs - performance.now()))
      samples.push(await sample(server))
    }
    if (!running(benchmark)) problems.push('redis-benchmark ended early')
    await overwriting
  } finally {
    await endGroup(benchmark)
  }
  const honest = await witness.end()
  await Bun.sleep(REST_MS)
  const rest = await sample(server)
  print(samples, rest, overwrites, honest)
  const peakBytes = Math.max(...samples.map(each => each.residentBytes))
  const most = Number(values['max-rss-mb']) * 2 ** 20
  if (peakBytes > most) problems.push(`${megabytes(peakBytes)} resident, ${megabytes(most)} allowed`)
  return [...problems, ...honest.problems]
}

if (!installed('redis-benchmark')) refuse('soak: redis-benchmark is missing (apt-get install redis-tools)')
if (values['server-cmd'] === undefined && !existsSync(BINARY)) refuse('soak: no dist/kvns: npm run build')
const server = await Server.start({
  name: 'soaked',
  argv: splitCommand(values['server-cmd'] ?? BINARY),
  env: ourEnvironment(),
})
let problems: readonly string[] = []
try {
  problems = await soak(server)
} finally {
  await server.stop()
}
for (const problem of problems) process.stdout.write(`PROBLEM ${problem}\n`)
process.stdout.write(`soak: ${values.seconds} s: ${problems.length > 0 ? 'FAILED' : 'passed'}\n`)
process.exit(problems.length > 0 ? 1 : 0)
