// Large values go at once for everybody who looks, and their memory comes back in slices: whatever made them go, no slice
// takes long, every byte comes back, and a write that needs the room gets it.

import { describe, expect, test } from 'bun:test'
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

  test('is gone for whoever asks while most of it is still to be freed, and INFO counts it', () => {
    const engine = new Engine({}, 3)
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
    const engine = new Engine({}, 3)
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
