// Memory stays below maxmemory, whatever the policy: who goes, who stays, and who is told.

import { expect, test } from 'bun:test'
import { Random } from '../../src/store/random.ts'
import { type Client, Engine, type Settings } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { bytesOf, type Reply, request } from '../support/resp.ts'

const LIMIT_BYTES = 2 << 20
/** A segment of the table of keys that grew for the last write: the next one makes up for it. */
const SEGMENT_BYTES = 4096
const OOM = "OOM command not allowed when used memory > 'maxmemory'."

function engineWith(settings: Settings): Engine {
  return new Engine({ maxmemory: String(LIMIT_BYTES), ...settings })
}

/** The text of an error; '' for any other reply. */
function refusal(reply: Reply): string {
  return typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : ''
}

function info(client: Client, field: string): number {
  const text = String(client.call('INFO', 'stats'))
  return Number(new RegExp(`${field}:(\\d+)`).exec(text)?.[1])
}

/** How many of `prefix0` to `prefix<n - 1>` are there. */
function present(client: Client, prefix: string, n: number): number {
  return Number(client.call('EXISTS', ...Array.from({ length: n }, (_, i) => `${prefix}${i}`)))
}

function fill(client: Client, prefix: string, n: number, bytes = 1024): void {
  for (let i = 0; i < n; i++) client.call('SET', `${prefix}${i}`, 'v'.repeat(bytes))
}

/** The most that was allocated whenever a change was told. */
function watchPeak(engine: Engine): { bytes: number } {
  const peak = { bytes: 0 }
  const { keys } = engine.server
  keys.observers.push({
    changed: () => {
      peak.bytes = Math.max(peak.bytes, keys.allocatedBytes())
    },
    flushed: () => undefined,
  })
  return peak
}

/** One write of a mixed load: strings of all sizes and collections, with deadlines. */
function writeSome(client: Client, random: Random): void {
  const key = `k${random.below(4000)}`
  const bytes = 2 ** random.below(13) + random.below(64)
  const elements = Array.from(
    { length: 1 + random.below(40) },
    () => 'e'.repeat(1 + random.below(60)) + random.uint32(),
  )
  switch (random.below(6)) {
    case 0:
      client.call('RPUSH', `l${key}`, ...elements)
      break
    case 1:
      client.call('HSET', `h${key}`, ...elements, ...elements)
      break
    case 2:
      client.call('ZADD', `z${key}`, ...elements.flatMap((e, i) => [String(i), e]))
      break
    case 3:
      client.call('SADD', `s${key}`, ...elements)
      break
    default:
      client.call('SET', key, 'v'.repeat(bytes))
  }
  for (const type of ['l', 'h', 'z', 's', '']) client.call('EXPIRE', type + key, String(1000 + random.below(5000)))
}

const EVICTING = ['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-lru', 'volatile-lfu', 'volatile-random']

for (const policy of [...EVICTING, 'volatile-ttl']) {
  test(`${policy}: mixed values of ten times the limit go through, and memory stays below it`, () => {
    using engine = engineWith({ 'maxmemory-policy': policy })
    const client = engine.connect()
    const peak = watchPeak(engine)
    const random = new Random(7)
    for (let i = 0; i < 6000; i++) writeSome(client, random)
    expect(peak.bytes).toBeLessThanOrEqual(LIMIT_BYTES)
    expect(peak.bytes).toBeGreaterThan(LIMIT_BYTES * 0.95)
    expect(info(client, 'evicted_keys')).toBeGreaterThan(1000)
    recount(engine.server.keys)
    expect(engine.bugs).toEqual([])
  })
}

for (const policy of ['lru', 'mru']) {
  test(`eviction-policy ${policy}: the same, in several namespaces`, () => {
    using engine = engineWith({ 'eviction-policy': policy })
    const client = engine.connect()
    const peak = watchPeak(engine)
    for (let i = 0; i < 6000; i++) client.call('SET', `n${i % 3}/k${i}`, 'v'.repeat(500 + (i % 1000)))
    expect(peak.bytes).toBeLessThanOrEqual(LIMIT_BYTES)
    expect(info(client, 'evicted_keys')).toBeGreaterThan(3000)
    recount(engine.server.keys)
    expect(engine.bugs).toEqual([])
  })
}

test('a chunk of pipelined writes does not go above the limit, and none is refused', () => {
  using engine = engineWith({ 'maxmemory-policy': 'allkeys-lru' })
  const client = engine.connect()
  const peak = watchPeak(engine)
  client.send(bytesOf(Array.from({ length: 4000 }, (_, i) => request(['SET', `k${i}`, 'v'.repeat(2000)])).join('')))
  const replies = client.replies()
  expect(replies.length).toBe(4000)
  expect(replies.filter(reply => refusal(reply) !== '')).toEqual([])
  expect(peak.bytes).toBeLessThanOrEqual(LIMIT_BYTES)
})

test('values that turn from small to large leave no more holes than the limit once more, and some slabs of each size', () => {
  const limitBytes = 16 << 20
  using engine = engineWith({ maxmemory: String(limitBytes), 'maxmemory-policy': 'allkeys-random' })
  const client = engine.connect()
  const random = new Random(3)
  const { keys } = engine.server
  for (const [times, least, range] of [
    [2, 50, 400],
    [4, 5_000, 100_000],
    [4, 50, 50_000],
  ] as const) {
    for (let sent = 0; sent < times * limitBytes; ) {
      const bytes = least + random.below(random.below(range) + 1)
      expect(refusal(client.call('SET', `k${random.uint32()}`, 'v'.repeat(bytes)))).toBe('')
      sent += bytes
      expect(keys.allocatedBytes()).toBeLessThanOrEqual(limitBytes + SEGMENT_BYTES)
    }
  }
  const committed = keys.shards.reduce((sum, { arena }) => sum + arena.committedBytes, 0)
  expect(committed).toBeLessThanOrEqual(2 * limitBytes + (8 << 20))
})

test('noeviction refuses writes and goes on with reads and deletes', () => {
  using engine = engineWith({})
  const client = engine.connect()
  let why = ''
  for (let i = 0; why === ''; i++) why = refusal(client.call('SET', `k${i}`, 'v'.repeat(1024)))
  expect(why).toBe(OOM)
  expect(client.call('GET', 'k0')).toBe('v'.repeat(1024))
  expect(client.call('DEL', 'k0')).toBe(1)
  expect(info(client, 'evicted_keys')).toBe(0)
})

test('volatile policies take keys with a deadline only, and refuse once there are none', () => {
  for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
    using engine = engineWith({ 'maxmemory-policy': policy })
    const client = engine.connect()
    fill(client, 'stays', 1000)
    for (let i = 0; i < 100; i++) client.call('SET', `goes${i}`, 'v'.repeat(1024), 'EX', String(1000 + i))
    let why = ''
    for (let i = 0; why === '' && i < 4000; i++) why = refusal(client.call('SET', `more${i}`, 'v'.repeat(1024)))
    expect(why).toBe(OOM)
    expect(present(client, 'stays', 1000)).toBe(1000)
    expect(present(client, 'goes', 100)).toBe(0)
    expect(info(client, 'evicted_keys')).toBe(100)
  }
})

test('a single key with a deadline among many is found', () => {
  using engine = engineWith({ 'maxmemory-policy': 'volatile-lru' })
  const client = engine.connect()
  client.call('SET', 'goes', 'v'.repeat(200_000), 'EX', '100000')
  let evicted = false
  for (let i = 0; i < 20000 && !evicted; i++) {
    expect(refusal(client.call('SET', `k${i}`, 'v'.repeat(100)))).toBe('')
    evicted = client.call('EXISTS', 'goes') === 0
  }
  expect(evicted).toBe(true)
})

test('allkeys-lru takes what was not used for long, allkeys-lfu what was used seldom', () => {
  for (const policy of ['allkeys-lru', 'allkeys-lfu']) {
    using engine = engineWith({ 'maxmemory-policy': policy, 'maxmemory-samples': '10' })
    const client = engine.connect()
    fill(client, 'cold', 600)
    fill(client, 'hot', 600)
    for (let round = 0; round < 20; round++) {
      engine.advance(1000)
      for (let i = 0; i < 600; i++) client.call('GET', `hot${i}`)
    }
    fill(client, 'new', 1000)
    expect(present(client, 'hot', 600)).toBeGreaterThan(500)
    expect(present(client, 'cold', 600)).toBeLessThan(250)
  }
})

test('volatile-ttl takes what would expire soonest', () => {
  using engine = engineWith({ 'maxmemory-policy': 'volatile-ttl', 'maxmemory-samples': '10' })
  const client = engine.connect()
  for (let i = 0; i < 600; i++) client.call('SET', `far${i}`, 'v'.repeat(1024), 'EX', '100000')
  for (let i = 0; i < 600; i++) client.call('SET', `soon${i}`, 'v'.repeat(1024), 'EX', '1000')
  for (let i = 0; i < 800; i++) client.call('SET', `new${i}`, 'v'.repeat(1024), 'EX', '50000')
  expect(present(client, 'far', 600)).toBeGreaterThan(550)
})

test('what has expired goes before anything is evicted', () => {
  using engine = engineWith({ 'maxmemory-policy': 'allkeys-lru' })
  const client = engine.connect()
  fill(client, 'stays', 500)
  for (let i = 0; i < 1000; i++) client.call('SET', `due${i}`, 'v'.repeat(1024), 'PX', '100')
  engine.advance(200)
  fill(client, 'new', 1000)
  expect(present(client, 'stays', 500)).toBe(500)
  expect(info(client, 'evicted_keys')).toBe(0)
})

test('all databases and namespaces take part; one with a policy of its own does not', () => {
  using engine = engineWith({ 'maxmemory-policy': 'allkeys-random', 'ns-eviction': 'safe:none, own:lru' })
  const client = engine.connect()
  fill(client, 'safe/', 100)
  fill(client, 'own/', 100)
  fill(client, 'a/', 300)
  client.call('SELECT', '3')
  fill(client, 'b', 300)
  client.call('SELECT', '5')
  for (let i = 0; i < 5000; i++) client.call('SET', `c${i % 2}/${i}`, 'v'.repeat(1024))
  expect(present(client, 'c0/', 5000)).toBeGreaterThan(200)
  client.call('SELECT', '3')
  expect(present(client, 'b', 300)).toBeLessThan(50)
  client.call('SELECT', '0')
  expect(present(client, 'a/', 300)).toBeLessThan(50)
  expect(present(client, 'safe/', 100)).toBe(100)
  expect(present(client, 'own/', 100)).toBe(100)
})

test('CONFIG SET takes effect at once; a lowered limit is reached in slices', () => {
  using engine = engineWith({})
  const client = engine.connect()
  fill(client, 'k', 1500)
  expect(refusal(client.call('CONFIG', 'SET', 'maxmemory', '500000', 'maxmemory-policy', 'allkeys-random'))).toBe('')
  const { eviction } = engine.server.evictions
  while (eviction.slice());
  expect(engine.server.keys.allocatedBytes()).toBeLessThanOrEqual(500_000)
  client.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  let why = ''
  for (let i = 0; why === ''; i++) why = refusal(client.call('SET', `new${i}`, 'v'.repeat(1024)))
  expect(why).toBe(OOM)
})

test('a command that makes more than it brings goes through, and others go behind it', () => {
  using engine = engineWith({ 'maxmemory-policy': 'allkeys-lru' })
  const client = engine.connect()
  client.call('SADD', 'set', ...Array.from({ length: 10_000 }, (_, i) => `member${i}`))
  fill(client, 'k', 2000)
  client.call('SADD', 'set', ...Array.from({ length: 10_000 }, (_, i) => `member${i}`))
  for (let i = 0; i < 20; i++) expect(refusal(client.call('SUNIONSTORE', `union${i}`, 'set'))).toBe('')
  expect(engine.server.keys.allocatedBytes()).toBeLessThanOrEqual(LIMIT_BYTES)
  expect(refusal(client.call('SETRANGE', 'large', '1000000', 'x'))).toBe('')
  expect(engine.server.keys.allocatedBytes()).toBeLessThanOrEqual(LIMIT_BYTES)
  // What would not fit into an empty server is refused.
  expect(refusal(client.call('SETRANGE', 'larger', '4000000', 'x'))).toBe(OOM)
  recount(engine.server.keys)
})

test('a transaction evicts, too', () => {
  using engine = engineWith({ 'maxmemory-policy': 'allkeys-lru' })
  const client = engine.connect()
  const peak = watchPeak(engine)
  fill(client, 'k', 2000)
  client.call('MULTI')
  fill(client, 'new', 500)
  const replies = client.call('EXEC') as Reply[]
  expect(replies.filter(reply => refusal(reply) !== '')).toEqual([])
  expect(peak.bytes).toBeLessThanOrEqual(LIMIT_BYTES)
})

test('evictions are events, in INFO, in /metrics and taken back by RESETSTAT; watched and tracked keys are told', () => {
  using engine = engineWith({ 'maxmemory-policy': 'allkeys-lru', 'notify-keyspace-events': 'Ee' })
  const [listener, watcher, client] = [engine.connect(), engine.connect(), engine.connect()]
  listener.call('SUBSCRIBE', '__keyevent@0__:evicted')
  fill(client, 'k', 20)
  watcher.call('WATCH', ...Array.from({ length: 20 }, (_, i) => `k${i}`))
  watcher.call('MULTI')
  watcher.call('PING')
  engine.advance(5000)
  fill(client, 'more', 4000)
  const evicted = info(client, 'evicted_keys')
  expect(evicted).toBeGreaterThan(1000)
  expect(engine.server.evictions.byNamespace.counts.reduce((a, b) => a + b, 0)).toBe(evicted)
  expect(watcher.call('EXEC')).toBeNull()
  client.call('CONFIG', 'RESETSTAT')
  expect(info(client, 'evicted_keys')).toBe(0)
})

// ---- policies within a namespace ----------------------------------------------------------------------------------------

test('a write evicts nobody in another namespace, and is refused when its own has nothing to give', () => {
  using engine = engineWith({ 'eviction-policy': 'lru' })
  const client = engine.connect()
  fill(client, 'a/', 1500)
  const before = present(client, 'a/', 1500)
  let why = ''
  for (let i = 0; i < 2000 && why === ''; i++) why = refusal(client.call('SET', `b/${i}`, 'v'.repeat(1024)))
  // Its own keys made room for each other.
  expect(why).toBe('')
  expect(present(client, 'a/', 1500)).toBe(before)
  // Nothing goes when all of it would not be enough.
  const own = present(client, 'b/', 2000)
  expect(own).toBeGreaterThan(50)
  expect(refusal(client.call('SET', 'b/large', 'v'.repeat(1_900_000)))).toBe(OOM)
  expect(present(client, 'b/', 2000)).toBe(own)
})

test('the key that is written is never evicted for it', () => {
  using engine = engineWith({ 'eviction-policy': 'lru' })
  const client = engine.connect()
  for (let i = 0; i < 3000; i++) {
    const r = refusal(client.call('RPUSH', 'a/list', 'v'.repeat(300)))
    if (r !== '')
      console.log(
        i,
        engine.server.keys.allocatedBytes(),
        client.call('MEMORY', 'USAGE', 'a/list'),
        client.call('DBSIZE'),
        client.call('NS', 'INFO', 'a'),
      )
    expect(r).toBe('')
    expect(client.call('LLEN', 'a/list')).toBe(i + 1)
    for (let k = 0; k < 3; k++) client.call('SET', `a/k${i}.${k}`, 'v'.repeat(300))
  }
})

test('lru and lfu take the fewest hits first, mru and mfu the most', () => {
  for (const [policy, first] of [
    ['lru', 'seldom'],
    ['lfu', 'seldom'],
    ['mru', 'often'],
    ['mfu', 'often'],
  ] as const) {
    using engine = engineWith({ 'eviction-policy': policy })
    const client = engine.connect()
    const bytes = 600_000
    for (const [key, hits] of [
      ['seldom', 1],
      ['between', 3],
      ['often', 5],
    ] as const) {
      client.call('SET', `a/${key}`, 'v'.repeat(bytes))
      for (let i = 0; i < hits; i++) client.call('GET', `a/${key}`)
    }
    client.call('SET', 'a/new', 'v'.repeat(bytes))
    const gone = ['seldom', 'between', 'often', 'new'].filter(key => client.call('EXISTS', `a/${key}`) === 0)
    expect(gone).toEqual([first])
  }
})

test('eviction-threshold is a high-water mark', () => {
  using engine = engineWith({ 'eviction-policy': 'lru', 'eviction-threshold': '0.5' })
  const client = engine.connect()
  fill(client, 'a/', 3000)
  const { keys } = engine.server
  expect(keys.allocatedBytes()).toBeLessThanOrEqual(LIMIT_BYTES / 2)
  expect(keys.allocatedBytes()).toBeGreaterThan(LIMIT_BYTES * 0.45)
  // Where the mark cannot be reached, the limit counts.
  expect(refusal(client.call('SET', 'b/large', 'v'.repeat(300_000)))).toBe('')
  expect(keys.allocatedBytes()).toBeGreaterThan(LIMIT_BYTES / 2)
})

test('NS SET gives a namespace its policy, and quotas evict within it', () => {
  using engine = engineWith({ maxmemory: '8mb' })
  const client = engine.connect()
  fill(client, 'other/', 200)
  client.call('NS', 'SET', 'cache', 'quota', '500kb', 'policy', 'allkeys-lru')
  fill(client, 'cache/', 3000)
  const kept = present(client, 'cache/', 3000)
  expect(kept).toBeGreaterThan(350)
  expect(kept).toBeLessThan(480)
  expect(client.call('EXISTS', 'cache/2999')).toBe(1)
  expect(present(client, 'other/', 200)).toBe(200)
  client.call('NS', 'SET', 'cache', 'policy', 'default')
  let why = ''
  for (let i = 0; i < 1000 && why === ''; i++) why = refusal(client.call('SET', `cache/x${i}`, 'v'.repeat(1024)))
  expect(why).toBe("OOM command not allowed when used memory > 'maxmemory' of namespace 'cache'.")
})

test('what one command makes may not go above a quota that its namespace cannot make up for, whatever others hold', () => {
  using engine = engineWith({ maxmemory: '8mb', 'maxmemory-policy': 'allkeys-lru' })
  const client = engine.connect()
  fill(client, 'other/', 200)
  client.call('NS', 'SET', 'small', 'quota', '100kb')
  expect(refusal(client.call('SETRANGE', 'small/large', '150000', 'x'))).toContain("of namespace 'small'.")
  expect(refusal(client.call('SETRANGE', 'small/fits', '60000', 'x'))).toBe('')
  // Here what is there already makes room for it.
  expect(refusal(client.call('SETRANGE', 'small/next', '60000', 'x'))).toBe('')
  client.call('SET', 'small/last', 'v')
  expect(Number(client.call('EXISTS', 'small/fits', 'small/next'))).toBe(1)
  expect(present(client, 'other/', 200)).toBe(200)
})

test('ear: what was read goes with the sweep, unless it was written since', () => {
  using engine = engineWith({ 'ns-eviction': 'once:ear' })
  const client = engine.connect()
  const sweep = (): void => {
    engine.advance(1000)
    engine.server.evictions.tick()
  }
  for (const key of ['read', 'written', 'unread', 'looked']) client.call('SET', `once/${key}`, 'v')
  client.call('HSET', 'once/hash', 'f', 'v')
  client.call('HSET', 'once/miss', 'f', 'v')
  client.call('SET', 'free', 'v')
  for (const key of ['once/read', 'once/written', 'once/none', 'free']) client.call('GET', key)
  client.call('HGET', 'once/hash', 'f')
  client.call('HGET', 'once/miss', 'other')
  for (const look of ['EXISTS', 'TYPE', 'TTL', 'STRLEN']) client.call(look, 'once/looked')
  expect(client.call('GET', 'once/read')).toBe('v')
  client.call('APPEND', 'once/written', 'x')
  sweep()
  const left = ['read', 'written', 'unread', 'looked', 'hash', 'miss'].filter(
    key => client.call('EXISTS', `once/${key}`) === 1,
  )
  expect(left).toEqual(['written', 'unread', 'looked', 'miss'])
  expect(client.call('EXISTS', 'free')).toBe(1)
  // Memory pressure in such a namespace refuses.
  let why = ''
  for (let i = 0; i < 3000 && why === ''; i++) why = refusal(client.call('SET', `once/k${i}`, 'v'.repeat(1024)))
  expect(why).toBe(OOM)
  client.call('CONFIG', 'SET', 'ns-eviction', '')
  client.call('GET', 'once/unread')
  sweep()
  expect(client.call('EXISTS', 'once/unread')).toBe(1)
  recount(engine.server.keys)
})

test('a large value that is evicted for a limit far below it holds up nobody, and most others stay', () => {
  const engine = new Engine({ maxmemory: '256mb', 'maxmemory-policy': 'allkeys-lru' })
  const client = engine.connect()
  const { keys, expiry } = engine.server
  for (let i = 0; i < 20; i++)
    client.call('SADD', 'giant', ...Array.from({ length: 10_000 }, (_, j) => `member ${i * 10_000 + j}`))
  engine.advance(2000)
  fill(client, 'k', 100)
  client.call('CONFIG', 'SET', 'maxmemory', String(2 << 20))
  const before = keys.allocatedBytes()
  expect(client.call('SET', 'new', 'v'.repeat(1000))).toEqual({ simple: 'OK' })
  expect(expiry.pending).toBe(1)
  expect(before - keys.allocatedBytes()).toBeLessThan(2 << 20)
  for (let i = 0; i < 50; i++) expect(client.call('SET', `new${i}`, 'v')).toEqual({ simple: 'OK' })
  engine.sweep()
  expect(keys.allocatedBytes()).toBeLessThan(2 << 20)
  // Those that were looked at before the giant was met may be gone.
  expect(present(client, 'k', 100)).toBeGreaterThan(80)
  expect(client.call('EXISTS', 'giant', 'new')).toBe(1)
  recount(keys)
})
