// Large values go at once for everybody who looks, and their memory comes back in slices: whatever made them go, no slice
// takes long, every byte comes back, and a write that needs the room gets it.

import { describe, expect, test } from 'bun:test'
import type { Arena } from '../../src/memory/arena.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'

const range = Array.from({ length: 20_000 }, (_, i) => i)

const GIANTS: readonly (readonly [string, readonly string[]])[] = [
  ['set', ['SADD', 'giant', ...range.map(i => `member ${i}`)]],
  ['hash', ['HSET', 'giant', ...range.flatMap(i => [`field ${i}`, `value ${i}`])]],
  ['hash with deadlines', ['HSETEX', 'giant', 'EX', '9', 'FIELDS', '20000', ...range.flatMap(i => [`f${i}`, `${i}`])]],
  ['sorted set', ['ZADD', 'giant', ...range.flatMap(i => [`${i}`, `member ${i}`])]],
  ['list', ['RPUSH', 'giant', ...range.map(i => `element ${i}`)]],
]

const ENDS: readonly (readonly string[])[] = [
  ['DEL giant'],
  ['UNLINK giant'],
  ['SET giant small'],
  ['SADD few a', 'SUNIONSTORE giant few'],
  ['SET other 1', 'RENAME other giant'],
  ['PEXPIRE giant 5', '+6'],
  ['PEXPIRE giant 5', '+6', 'GET giant'],
  ['SET elsewhere 1', 'FLUSHDB'],
  ['SELECT 1', 'SET elsewhere 1', 'SELECT 0', 'FLUSHDB', 'SADD new a'],
]

const ONE_SHARD = { maxmemory: '256mb' }

/** How all of it is read. */
const READS: Readonly<Record<string, string>> = {
  list: 'LRANGE giant 0 -1',
  'sorted set': 'ZRANGE giant 0 -1',
  set: 'SMEMBERS giant',
}

/** What leaves so little of a large value that this is made anew, and how many elements stay. */
const REMAINS: readonly (readonly [string, string, number])[] = [
  ['list', 'LTRIM giant 100 102', 3],
  ['list', 'LTRIM giant 5 4', 0],
  ['sorted set', 'ZREMRANGEBYRANK giant 7 -8', 14],
  ['sorted set', 'ZREMRANGEBYSCORE giant 5 +inf', 5],
  ['sorted set', 'ZREMRANGEBYRANK giant 0 -1', 0],
  ['set', 'SPOP giant 20000', 0],
  ['set', 'SPOP giant 19993', 7],
]
/** Blocks freed in one step: elements that are looked for at once, or one segment of a dict, and what holds them. */
const MOST_FREED = 1000

/** The most blocks that `work` gives back between two returns of true. */
function mostFreed(engine: Engine, work: () => boolean): number {
  const { arena } = engine.server.keys.shards[0] as { arena: Arena }
  const free = arena.free.bind(arena)
  let freed = 0
  let most = 0
  arena.free = offset => {
    freed++
    free(offset)
  }
  for (let more = true; more; most = Math.max(most, freed)) {
    freed = 0
    more = work()
  }
  arena.free = free
  return most
}

function run(engine: Engine, client: Client, script: readonly string[]): void {
  for (const line of script) {
    if (line === '+6') engine.advance(6)
    else client.call(...line.split(' '))
  }
}

describe.each(GIANTS)('a large %s', (_name, fill) => {
  test('comes back byte by byte, whatever made it go', () => {
    const engine = new Engine({ maxmemory: '1gb' }, 3)
    const client = engine.connect()
    const { keys, expiry } = engine.server
    for (const script of ENDS) {
      client.call('FLUSHALL')
      run(engine, client, script)
      engine.sweep()
      client.call('FLUSHALL')
      client.call(...fill)
      const full = keys.allocatedBytes()
      run(engine, client, script)
      keys.setNow(engine.clock.nowMs())
      expiry.removeDue()
      recount(keys)
      expiry.reclaim()
      engine.sweep()
      recount(keys)
      expect(expiry.pending).toBe(0)
      expect([script, keys.allocatedBytes() < full / 4]).toEqual([script, true])
      engine.advance(10_000)
      engine.sweep()
    }
    expect(engine.bugs).toEqual([])
  })

  test('takes no more than a few blocks at a time to be freed, and none to be unlinked', () => {
    const engine = new Engine(ONE_SHARD, 3)
    const client = engine.connect()
    const { expiry } = engine.server
    for (const script of ENDS) {
      client.call('FLUSHALL')
      client.call(...fill)
      run(engine, client, script.slice(0, -1))
      const unlinked = mostFreed(engine, () => {
        run(engine, client, script.slice(-1))
        return false
      })
      expect([script, unlinked < 50]).toEqual([script, true])
      expect(mostFreed(engine, () => expiry.removeDue() || expiry.reclaim())).toBeLessThan(MOST_FREED)
      expect(expiry.pending).toBe(0)
    }
  })

  test('is gone for whoever asks while most of it is still to be freed, and INFO counts it', () => {
    const engine = new Engine(ONE_SHARD, 3)
    const client = engine.connect()
    const { keys, expiry } = engine.server
    const info = (field: string): string =>
      new RegExp(`${field}:(\\d+)`).exec(String(client.call('INFO', 'memory')))?.[1] ?? ''
    client.call(...fill)
    const full = keys.allocatedBytes()
    expect(client.call('UNLINK', 'giant')).toBe(1)
    expect([client.call('EXISTS', 'giant'), client.call('DBSIZE')]).toEqual([0, 0])
    expect(info('lazyfree_pending_objects')).toBe('1')
    expect(keys.allocatedBytes()).toBeGreaterThan(full / 2)
    expiry.reclaim()
    expect(client.call('SADD', 'giant', 'a')).toBe(1)
    engine.sweep()
    expect(keys.allocatedBytes()).toBeLessThan(full / 4)
    expect([info('lazyfree_pending_objects'), info('lazyfreed_objects')]).toEqual(['0', '1'])
    expect(client.call('SMEMBERS', 'giant')).toEqual(['a'])
    recount(keys)
  })

  test('gives its room to a write that needs it', () => {
    const engine = new Engine(ONE_SHARD, 3)
    const client = engine.connect()
    const { keys } = engine.server
    client.call(...fill)
    const bytes = keys.allocatedBytes()
    client.call('CONFIG', 'SET', 'maxmemory', String(bytes + 1000))
    client.call('DEL', 'giant')
    expect(client.call('SET', 'k', 'x'.repeat(bytes / 2))).toEqual({ simple: 'OK' })
    engine.sweep()
    recount(keys)
    expect(engine.bugs).toEqual([])
  })
})

describe('a command that leaves next to nothing of a large value', () => {
  test.each(REMAINS)('frees the rest of a %s in slices: %s', (name, command, left) => {
    const engine = new Engine(ONE_SHARD, 3)
    const client = engine.connect()
    const { keys, expiry } = engine.server
    const fill = GIANTS.find(([type]) => type === name)?.[1] ?? []
    client.call(...fill)
    const all = client.call(...(READS[name] ?? '').split(' ')) as readonly string[]
    const freed = mostFreed(engine, () => {
      client.call(...command.split(' '))
      return false
    })
    recount(keys)
    expect(freed).toBeLessThan(50)
    expect(expiry.pending).toBe(1)
    const rest = client.call(...(READS[name] ?? '').split(' ')) as readonly string[]
    expect(rest.length).toBe(left)
    expect(all).toEqual(expect.arrayContaining([...rest]))
    expect(client.call('EXISTS', 'giant')).toBe(left === 0 ? 0 : 1)
    expect(mostFreed(engine, () => expiry.reclaim())).toBeLessThan(MOST_FREED)
    recount(keys)
    client.call(...fill)
    expect((client.call(...(READS[name] ?? '').split(' ')) as readonly string[]).length).toBeGreaterThanOrEqual(
      all.length,
    )
    recount(keys)
    expect(engine.bugs).toEqual([])
  })
})

describe('flushed keys', () => {
  test('with values of some size take no longer than small ones, and are counted once', () => {
    const engine = new Engine(ONE_SHARD, 3)
    const client = engine.connect()
    const { keys, expiry } = engine.server
    client.call('SELECT', '1')
    client.call('SET', 'elsewhere', '1')
    client.call('SELECT', '0')
    for (let i = 0; i < 1000; i++) client.call('SADD', `k${i}`, ...range.slice(0, 600).map(m => `member ${m}`))
    client.call('FLUSHDB')
    expect(expiry.pending).toBe(1000)
    expect(mostFreed(engine, () => expiry.reclaim())).toBeLessThan(2 * MOST_FREED)
    expect([expiry.pending, expiry.freed]).toEqual([0, 1000])
    recount(keys)
  })
})
