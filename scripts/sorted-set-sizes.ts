// `bun scripts/sorted-set-sizes.ts`: what commands on one sorted set cost as it grows, dist/kvns beside redis-server.
//   --sizes 1000,10000    how many members (1000 to 1000000)
//   --requests N          of each command (200000)
//   --server-cmd 'CMD'    another server instead of dist/kvns
// CPU time of the server per command, in nanoseconds, with 16 commands in a pipeline: user and system time, so the work of
// the socket is in it. Scores and members are random, so each ZADD moves a member. The last column is resident memory.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bytesPerKey, type MemoryLoad } from './support/memory-load.ts'
import { cpuSeconds } from './support/processes.ts'
import { refuse, run } from './support/run.ts'
import { ourEnvironment, Server, type ServerPlan, splitCommand } from './support/server.ts'
import { ROOT } from './support/source.ts'

const BINARY = join(ROOT, 'dist/kvns')

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,10000,100000,1000000' },
    requests: { type: 'string', default: '200000' },
    'server-cmd': { type: 'string' },
  },
})

const PLANS: readonly ServerPlan[] = [
  {
    name: 'kvns',
    argv: splitCommand(values['server-cmd'] ?? BINARY),
    env: ourEnvironment({ KVNS_MEMORY_LIMIT: String(4 * 2 ** 30) }),
  },
  {
    name: 'redis',
    argv: ['redis-server', '--port', '{port}', '--bind', '127.0.0.1', '--dir', '{dir}', '--save', ''],
  },
]

const ANY = '__rand_int__'
const COMMANDS: readonly (readonly [name: string, words: readonly string[]])[] = [
  ['ZSCORE', ['zscore', 'z', `m:${ANY}`]],
  ['ZADD', ['zadd', 'z', ANY, `m:${ANY}`]],
  ['ZRANK', ['zrank', 'z', `m:${ANY}`]],
  ['ZRANGEBYSCORE LIMIT 0 10', ['zrangebyscore', 'z', ANY, '+inf', 'LIMIT', '0', '10']],
]

/** Members as redis-benchmark spells its random numbers; scores that are spread over the same range. */
const load = (size: number): MemoryLoad => ({
  name: 'one sorted set',
  command: i => ['zadd', 'z', String((i * 7919) % size), `m:${String(i).padStart(12, '0')}`],
})

function nanoseconds(server: Server, words: readonly string[], size: number): number {
  const argv = [
    'redis-benchmark',
    '-p',
    String(server.port),
    '-n',
    values.requests,
    '-P',
    '16',
    '-r',
    String(size),
    '-q',
  ]
  const before = cpuSeconds(server.pid)
  run([...argv, ...words], { timeoutSeconds: 300 })
  return ((cpuSeconds(server.pid) - before) * 1e9) / Number(values.requests)
}

if (values['server-cmd'] === undefined && !existsSync(BINARY)) refuse('sorted-set-sizes: no dist/kvns: npm run build')
process.stdout.write(`members   server  ${COMMANDS.map(([name]) => name).join('  ')}  bytes a member\n`)
for (const size of values.sizes.split(',').map(Number)) {
  for (const plan of PLANS) {
    const server = await Server.start(plan)
    try {
      const bytes = await bytesPerKey(server, load(size), size)
      const found = COMMANDS.map(([name, words]) => nanoseconds(server, words, size).toFixed(0).padStart(name.length))
      const row = [String(size).padEnd(8), plan.name.padEnd(6), ...found, bytes.toFixed(1).padStart(14)]
      process.stdout.write(`${row.join('  ')}\n`)
    } finally {
      await server.stop()
    }
  }
}
