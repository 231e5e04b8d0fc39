// `npm run bench`: dist/kvns beside redis-server, the same load in the same run.
//   --quick               fewer requests and loads: a first impression in under a minute
//   --server-cmd 'CMD'    another server instead of dist/kvns ({port} and {dir} stand for its own)
//   --tests 'set;get;…'   groups of redis-benchmark's tests; --pipeline 1,16,64; --rounds N
//   --only ops|memory     one of the two parts
// The machine is never quiet: rounds are interleaved, medians are shown, and of the ratios the one of CPU time is the one
// to trust. It is user and system time of the server's processes per command, which other load disturbs least.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bytesPerKey, MEMORY_LOADS } from './support/memory-load.ts'
import { cpuSeconds } from './support/processes.ts'
import { installed, refuse, run } from './support/run.ts'
import { ourEnvironment, Server, type ServerPlan, splitCommand } from './support/server.ts'
import { ROOT } from './support/source.ts'

const GROUPS = 'ping_mbulk;set;get;incr;mset;hset;lpush,lpop;rpush,rpop;sadd,spop;zadd,zpopmin;lrange_100'
const QUICK_GROUPS = 'set;get;incr;hset;lpush,lpop;zadd,zpopmin'
const BINARY = join(ROOT, 'dist/kvns')

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'server-cmd': { type: 'string' },
    tests: { type: 'string' },
    pipeline: { type: 'string', default: '1,16,64' },
    rounds: { type: 'string' },
    only: { type: 'string' },
  },
})

const OURS: ServerPlan = {
  name: 'kvns',
  argv: splitCommand(values['server-cmd'] ?? BINARY),
  env: ourEnvironment({ KVNS_MEMORY_LIMIT: String(8 * 2 ** 30) }),
}
const REDIS: ServerPlan = {
  name: 'redis',
  argv: ['redis-server', '--port', '{port}', '--bind', '127.0.0.1', '--dir', '{dir}', '--save', ''],
}

interface Sample {
  readonly requestsPerSecond: number
  readonly cpuNanoseconds: number
}

/** One redis-benchmark run; undefined when the server does not know the commands. */
function measure(server: Server, tests: string, requests: number, pipeline: number): Sample | undefined {
  const before = cpuSeconds(server.pid)
  const argv = ['redis-benchmark', '-p', String(server.port), '-t', tests, '-n', String(requests), '--csv']
  const ended = run([...argv, '-c', '50', '-P', String(pipeline), '-r', '100000', '-d', '64'], { timeoutSeconds: 300 })
  const cpu = cpuSeconds(server.pid) - before
  const rates = [...ended.stdout.matchAll(/^"(?!test")[^"]*","([\d.]+)"/gm)].map(row => Number(row[1]))
  // LRANGE comes with an LPUSH run that fills its list: its requests are in the CPU time, its rate is not ours to show.
  const loads = tests.split(',').length + (tests.startsWith('lrange') ? 1 : 0)
  if (ended.code !== 0 || rates.length < loads || !rates.every(rate => rate > 0)) return undefined
  const shown = tests.startsWith('lrange') ? rates.slice(-1) : rates
  const requestsPerSecond = shown.length / shown.reduce((sum, rate) => sum + 1 / rate, 0)
  return { requestsPerSecond, cpuNanoseconds: (cpu * 1e9) / (requests * rates.length) }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, x) => sum + Math.log(x), 0) / numbers.length)
}

const column = (value: number, width: number, digits = 0) => value.toFixed(digits).padStart(width)

interface Ratios {
  readonly cpu: number
  readonly requests: number
}

/** One group of tests at one pipeline depth on both servers, in turns; prints its line. */
function compare(ours: Server, redis: Server, tests: string, pipeline: number): Ratios | undefined {
  const full = (pipeline === 1 ? 100_000 : 1_000_000) / (tests.startsWith('lrange') ? 20 : 1)
  const requests = values.quick ? full / 2 : full
  const label = `${tests.padEnd(16)} P=${String(pipeline).padEnd(3)}`
  const pairs: { ours: Sample; redis: Sample }[] = []
  for (const server of [ours, redis]) measure(server, tests, Math.ceil(requests / 5), pipeline)
  for (let round = 0; round < Number(values.rounds ?? (values.quick ? 1 : 3)); round++) {
    const a = measure(ours, tests, requests, pipeline)
    const b = measure(redis, tests, requests, pipeline)
    if (a !== undefined && b !== undefined) pairs.push({ ours: a, redis: b })
  }
  if (pairs.length === 0) {
    process.stdout.write(`${label} no result\n`)
    return undefined
  }
  const of = (pick: (pair: (typeof pairs)[number]) => number) => median(pairs.map(pick))
  const cpu = of(pair => pair.redis.cpuNanoseconds / Math.max(pair.ours.cpuNanoseconds, 1))
  const rate = of(pair => pair.ours.requestsPerSecond / pair.redis.requestsPerSecond)
  const nanoseconds = [of(pair => pair.ours.cpuNanoseconds), of(pair => pair.redis.cpuNanoseconds)]
  const rates = [of(pair => pair.ours.requestsPerSecond), of(pair => pair.redis.requestsPerSecond)]
  const [ourNs, redisNs] = nanoseconds.map(each => column(each, 7))
  const [ourRate, redisRate] = rates.map(each => column(each, 9))
  process.stdout.write(
    `${label} ${ourNs} ${redisNs} ${column(cpu, 6, 2)}  ${ourRate} ${redisRate} ${column(rate, 6, 2)}\n`,
  )
  return { cpu, requests: rate }
}

async function operations(): Promise<void> {
  const ours = await Server.start(OURS)
  const redis = await Server.start(REDIS)
  const groups = (values.tests ?? (values.quick ? QUICK_GROUPS : GROUPS)).split(';')
  process.stdout.write('                       CPU ns per command          requests per second\n')
  process.stdout.write('                       kvns   redis   redis/kvns     kvns     redis   kvns/redis\n')
  try {
    for (const pipeline of values.pipeline.split(',').map(Number)) {
      const ratios = groups.map(tests => compare(ours, redis, tests, pipeline)).filter(row => row !== undefined)
      if (ratios.length === 0) continue
      const cpu = geometricMean(ratios.map(row => row.cpu))
      const requests = geometricMean(ratios.map(row => row.requests))
      const worst = Math.min(...ratios.map(row => row.cpu))
      const means = `CPU x${cpu.toFixed(2)} (worst x${worst.toFixed(2)}), requests x${requests.toFixed(2)}`
      process.stdout.write(`P=${pipeline}: geometric mean: ${means}\n`)
    }
  } finally {
    await ours.stop()
    await redis.stop()
  }
}

async function memory(): Promise<void> {
  const keys = values.quick ? 200_000 : 1_000_000
  process.stdout.write('resident bytes per key beyond the empty server        kvns    redis   kvns/redis\n')
  for (const load of values.quick ? MEMORY_LOADS.slice(0, 1) : MEMORY_LOADS) {
    const found: number[] = []
    for (const plan of [OURS, REDIS]) {
      const server = await Server.start(plan)
      try {
        found.push(await bytesPerKey(server, load, keys))
      } finally {
        await server.stop()
      }
    }
    const [ours = Number.NaN, redis = Number.NaN] = found
    const name = `${load.name}, ${keys}`.padEnd(50)
    process.stdout.write(`${name} ${column(ours, 8, 1)} ${column(redis, 8, 1)} ${column(ours / redis, 8, 2)}\n`)
  }
}

for (const program of ['redis-server', 'redis-benchmark', 'redis-cli']) {
  if (!installed(program)) refuse(`bench: ${program} is missing (apt-get install redis-server redis-tools)`)
}
if (values['server-cmd'] === undefined && !existsSync(BINARY)) refuse('bench: no dist/kvns: npm run build')
if (values.only !== 'memory') await operations()
if (values.only !== 'ops') await memory()
