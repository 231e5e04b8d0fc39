// `bun scripts/eviction-memory.ts`: a writer pushes ten times the memory limit through a server, under each policy: strings of
// 10 bytes to 256 KiB and collections, small ones first, then large ones, then all together, which is what leaves holes
// everywhere. Prints what was allocated and resident at most. Exit code 1 above the limit and the overhead stated here.
//   --limit-mb N       maxmemory (64)
//   --times N          how many times the limit is pushed through (10)
//   --policy NAME      only this one
//   --server-cmd CMD   another server instead of dist/kvns ({port} and {dir} stand for its own)

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { askInfo } from './support/campaign.ts'
import { Chance } from './support/hostile-bytes.ts'
import { encode, Peer } from './support/peer.ts'
import { residentBytes } from './support/processes.ts'
import { refuse } from './support/run.ts'
import { ourEnvironment, Server, splitCommand } from './support/server.ts'
import { ROOT } from './support/source.ts'

const BINARY = join(ROOT, 'dist/kvns')
/**
 * What resident memory may be beside the limit: the program with its buffers, and what blocks that went leave unused between
 * those that stay until defragmentation has moved these together. With sizes that stay as they are that is a tenth; half of
 * the limit is there for some seconds when values turn from small to large ones and all slabs thin out at once.
 */
const PROGRAM_BYTES = 136 * 2 ** 20
const HOLES = 0.5
const REQUESTS_AT_ONCE = 32
const KEYS = 200_000
const MAX_VALUE_BYTES = 256 << 10
const SAMPLE_EVERY_MS = 20

const POLICIES: readonly (readonly [setting: string, policy: string])[] = [
  ...[
    'allkeys-lru',
    'allkeys-lfu',
    'allkeys-random',
    'volatile-lru',
    'volatile-lfu',
    'volatile-random',
    'volatile-ttl',
  ].map(policy => ['maxmemory-policy', policy] as const),
  ['eviction-policy', 'lru'],
  ['eviction-policy', 'mru'],
]

const { values } = parseArgs({
  options: {
    'limit-mb': { type: 'string', default: '64' },
    times: { type: 'string', default: '10' },
    policy: { type: 'string' },
    'server-cmd': { type: 'string' },
  },
})
const limitBytes = Number(values['limit-mb']) * 2 ** 20
const filling = 'f'.repeat(MAX_VALUE_BYTES)

type Phase = 'small' | 'large' | 'mixed'

/** A size that is as likely to be between 10 and 100 bytes as between 10 and 100 KiB. */
function sizeIn(phase: Phase, chance: Chance): number {
  const [least, most] = phase === 'small' ? [3, 9] : phase === 'large' ? [10, 18] : [3, 18]
  return Math.floor(2 ** (least + (chance.below(1000) / 1000) * (most - least)))
}

/** A write that makes or grows a key of about so many bytes; each key has a deadline. */
function writeOf(bytes: number, chance: Chance): string {
  const key = String(chance.below(KEYS))
  const width = 8 + chance.below(56)
  const count = Math.max(1, Math.min(500, Math.floor(bytes / width)))
  const elements = Array.from({ length: count }, (_, i) => `${chance.below(1 << 30)}${filling.slice(0, width)}${i}`)
  switch (chance.below(8)) {
    case 0:
      return encode(['RPUSH', `l${key}`, ...elements]) + encode(['EXPIRE', `l${key}`, '5000'])
    case 1:
      return encode(['HSET', `h${key}`, ...elements.flatMap(e => [e, e])]) + encode(['EXPIRE', `h${key}`, '5000'])
    case 2:
      return (
        encode(['ZADD', `z${key}`, ...elements.flatMap((e, i) => [String(i), e])]) +
        encode(['EXPIRE', `z${key}`, '5000'])
      )
    case 3:
      return encode(['SADD', `s${key}`, ...elements]) + encode(['EXPIRE', `s${key}`, '5000'])
    default:
      return encode(['SET', key, filling.slice(0, bytes), 'EX', String(1000 + chance.below(9000))]) + encode(['PING'])
  }
}

/** Pushes so many bytes; answers how many writes were refused. */
async function push(peer: Peer, phase: Phase, bytes: number, chance: Chance): Promise<number> {
  let refused = 0
  for (let sent = 0; sent < bytes; ) {
    let requests = ''
    for (let i = 0; i < REQUESTS_AT_ONCE; i++) requests += writeOf(sizeIn(phase, chance), chance)
    sent += requests.length
    const replies = await peer.ask(requests, 2 * REQUESTS_AT_ONCE)
    refused += replies.split('-OOM').length - 1
    if (replies.includes('-ERR')) throw new Error(replies)
  }
  return refused
}

interface Outcome {
  readonly refused: number
  readonly peakResidentBytes: number
  readonly peakFragmentation: number
  readonly evicted: number
}

async function measure(server: Server, chance: Chance): Promise<Outcome> {
  using peer = await Peer.open(server.port)
  let peakResidentBytes = 0
  let peakFragmentation = 0
  const sampler = setInterval(() => {
    peakResidentBytes = Math.max(peakResidentBytes, residentBytes(server.pid))
  }, SAMPLE_EVERY_MS)
  const all = limitBytes * Number(values.times)
  let refused = 0
  try {
    for (const phase of ['small', 'large', 'small', 'mixed'] as const) {
      refused += await push(peer, phase, all / 4, chance)
      peakFragmentation = Math.max(
        peakFragmentation,
        Number((await askInfo(server.port)).get('mem_fragmentation_ratio')),
      )
    }
  } finally {
    clearInterval(sampler)
  }
  return {
    refused,
    peakResidentBytes,
    peakFragmentation,
    evicted: Number((await askInfo(server.port)).get('evicted_keys')),
  }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`

if (values['server-cmd'] === undefined && !existsSync(BINARY)) refuse('eviction-memory: no dist/kvns: npm run build')
const most = PROGRAM_BYTES + limitBytes * (1 + HOLES)
let isBelow = true
for (const [setting, policy] of POLICIES) {
  if (values.policy !== undefined && values.policy !== policy) continue
  const argv = splitCommand(values['server-cmd'] ?? BINARY)
  const server = await Server.start({
    name: 'evicting',
    argv: [...argv, '--maxmemory', String(limitBytes), `--${setting}`, policy],
    env: values['server-cmd'] === undefined ? ourEnvironment() : {},
  })
  try {
    const startBytes = residentBytes(server.pid)
    const { refused, peakResidentBytes, peakFragmentation, evicted } = await measure(server, new Chance(1))
    isBelow &&= peakResidentBytes <= most && refused === 0
    process.stdout.write(
      `${policy.padEnd(16)} resident: start ${megabytes(startBytes)}, peak ${megabytes(peakResidentBytes)} (allowed ${megabytes(most)}); ` +
        `fragmentation ${peakFragmentation}; evicted ${evicted}, refused ${refused}\n`,
    )
  } finally {
    await server.stop()
  }
}
process.stdout.write(`eviction-memory: ${isBelow ? 'passed' : 'FAILED'}\n`)
process.exit(isBelow ? 0 : 1)
