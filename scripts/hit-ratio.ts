// `bun scripts/hit-ratio.ts`: how often a cache under allkeys-lru and allkeys-lfu has what is asked for, beside redis-server with
// the same maxmemory, keys and requests (Zipf). Each request reads a key; a miss is followed by a SET of it. The two hold
// different numbers of keys in the same memory, so a third line is ours with as many keys as redis-server holds. Exit code 1
// when ours is below in either.
//   --limit-mb N    maxmemory above what an empty server takes (4)
//   --keys N        different keys (200000)
//   --requests N    (500000)
//   --skew N        of the Zipf distribution (0.99)

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { askInfo } from './support/campaign.ts'
import { Chance } from './support/hostile-bytes.ts'
import { encode, Peer } from './support/peer.ts'
import { installed, refuse } from './support/run.ts'
import { ourEnvironment, Server } from './support/server.ts'
import { ROOT } from './support/source.ts'

const BINARY = join(ROOT, 'dist/kvns')
const REDIS = ['redis-server', '--port', '{port}', '--dir', '{dir}', '--save', '', '--appendonly', 'no']
const REQUESTS_AT_ONCE = 100
const VALUE = 'v'.repeat(100)
/** Some seconds long, so that clocks of whole seconds tell keys apart, on both sides alike. */
const PAUSE_EVERY = 20_000
const PAUSE_MS = 300

const { values } = parseArgs({
  options: {
    'limit-mb': { type: 'string', default: '4' },
    keys: { type: 'string', default: '200000' },
    requests: { type: 'string', default: '500000' },
    skew: { type: 'string', default: '0.99' },
  },
})

/** Draws key numbers, the first ones most often: cumulative weights and a binary search. */
class Zipf {
  private readonly sums: Float64Array
  private readonly chance = new Chance(1)

  constructor(keys: number, skew: number) {
    this.sums = new Float64Array(keys)
    let sum = 0
    for (let i = 0; i < keys; i++) {
      sum += 1 / (i + 1) ** skew
      this.sums[i] = sum
    }
  }

  next(): number {
    const { sums } = this
    const wanted = (this.chance.below(2 ** 30) / 2 ** 30) * (sums[sums.length - 1] ?? 0)
    let low = 0
    let high = sums.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

interface Outcome {
  readonly ratio: number
  readonly keys: number
}

/** The second half of the requests counts; the first fills the cache. */
async function play(server: Server): Promise<Outcome> {
  using peer = await Peer.open(server.port)
  const zipf = new Zipf(Number(values.keys), Number(values.skew))
  const requests = Number(values.requests)
  let hits = 0
  let asked = 0
  for (let done = 0; done < requests; done += REQUESTS_AT_ONCE) {
    const keys = Array.from({ length: REQUESTS_AT_ONCE }, () => `key:${zipf.next()}`)
    const reply = await peer.ask(
      keys.map(key => encode(['EXISTS', key]) + encode(['GETRANGE', key, '0', '0'])).join(''),
      3 * REQUESTS_AT_ONCE,
    )
    const found = reply.split('\r\n').filter(line => line === ':1' || line === ':0')
    const missing = keys.filter((_, i) => found[i] === ':0')
    if (missing.length > 0) await peer.ask(missing.map(key => encode(['SET', key, VALUE])).join(''), missing.length)
    if (done * 2 >= requests) {
      asked += keys.length
      hits += keys.length - missing.length
    }
    if (done % PAUSE_EVERY === 0) await Bun.sleep(PAUSE_MS)
  }
  const keyspace = (await askInfo(server.port)).get('db0') ?? ''
  return { ratio: hits / asked, keys: Number(/keys=(\d+)/.exec(keyspace)?.[1]) }
}

async function outcomeOf(name: string, argv: readonly string[], policy: string, limitBytes: number): Promise<Outcome> {
  const server = await Server.start({ name, argv, env: name === 'kvns' ? ourEnvironment() : {} })
  try {
    using peer = await Peer.open(server.port)
    const used = Number((await askInfo(server.port)).get('used_memory'))
    await peer.ask(
      encode(['CONFIG', 'SET', 'maxmemory', String(used + Math.round(limitBytes)), 'maxmemory-policy', policy]),
    )
    return await play(server)
  } finally {
    await server.stop()
  }
}

if (!installed('redis-server')) refuse('hit-ratio: redis-server is missing (apt-get install redis-server)')
if (!existsSync(BINARY)) refuse('hit-ratio: no dist/kvns: npm run build')
const limitBytes = Number(values['limit-mb']) * 2 ** 20
let isBelow = false
const percent = (part: number): string => `${(100 * part).toFixed(2)} %`
for (const policy of ['allkeys-lru', 'allkeys-lfu']) {
  const theirs = await outcomeOf('redis', REDIS, policy, limitBytes)
  const ours = await outcomeOf('kvns', [BINARY], policy, limitBytes)
  const fair = await outcomeOf('kvns', [BINARY], policy, (limitBytes * theirs.keys) / ours.keys)
  isBelow ||= ours.ratio < theirs.ratio || fair.ratio < theirs.ratio - 0.002
  process.stdout.write(
    `${policy}: redis-server ${percent(theirs.ratio)} (${theirs.keys} keys), kvns ${percent(ours.ratio)} (${ours.keys} keys), ` +
      `with as many keys ${percent(fair.ratio)} (${fair.keys})\n`,
  )
}
process.stdout.write(`hit-ratio: ${isBelow ? 'FAILED' : 'passed'}\n`)
process.exit(isBelow ? 1 : 0)
