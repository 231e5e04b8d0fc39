// RDB files: what is written comes back, and what is damaged in any place is refused.

import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Crc64 } from '../../src/bytes/crc.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { RdbCorrupt, RdbUnsupported } from '../../src/persist/rdb/errors.ts'
import { saveRdb } from '../../src/persist/rdb/file-output.ts'
import { loadRdb } from '../../src/persist/rdb/load.ts'
import { idleSeconds } from '../../src/store/access.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import { Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { get, makeKeyspace, NOW_MS } from './keyspaces.ts'

const directory = mkdtempSync(join(tmpdir(), 'kvns-rdb-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const path = join(directory, 'test.rdb')

const many = (n: number, text: (i: number) => string): string => Array.from({ length: n }, (_, i) => text(i)).join(' ')

const COMMANDS = [
  'SET plain value',
  'SET ns/key 12345 PX 100000',
  'SET default/a/b x',
  `RPUSH list ${many(3000, i => `e${i}`)}`,
  'SADD ints 1 2 70000',
  `SADD set ${many(1000, i => `m${i}`)}`,
  'ZADD small 1 a 2.5 b',
  `ZADD large ${many(500, i => `${i} m${i}`)}`,
  'HSET hash a 1',
  `HSET big ${many(1000, i => `f${i} v${i}`)}`,
  'SELECT 3',
  'SET other db',
]

function digestOf(engine: Engine): unknown {
  return engine.connect().call('DEBUG', 'DIGEST')
}

function filled(...more: readonly string[]): Engine {
  const engine = new Engine()
  const client = engine.connect()
  for (const line of [...COMMANDS, ...more]) client.call(...(line.split(' ') as [string]))
  return engine
}

describe('a file', () => {
  for (const compression of ['on', 'off'] as const) {
    test(`brings back what was written, compression ${compression}`, () => {
      using from = filled()
      using to = new Engine()
      expect(saveRdb(from.server.keys, path, NOW_MS, compression)).toBe(11)
      expect(readFileSync(path, 'latin1').slice(0, 9)).toBe('REDIS0010')
      expect(runToEnd(loadRdb(to.server.keys, path))).toMatchObject({ keys: 11, expired: 0, empty: 0 })
      expect(digestOf(to)).toEqual(digestOf(from) as never)
      recount(to.server.keys)
    })
  }

  test('is of version 12 where fields expire, and they keep their deadlines', () => {
    using from = filled('HSET timed f v g w', 'HPEXPIRE timed 5000 FIELDS 1 f')
    using to = new Engine()
    saveRdb(from.server.keys, path, NOW_MS, 'on')
    expect(readFileSync(path, 'latin1').slice(0, 9)).toBe('REDIS0012')
    runToEnd(loadRdb(to.server.keys, path))
    expect(digestOf(to)).toEqual(digestOf(from) as never)
    const client = to.connect()
    client.call('SELECT', '3')
    expect(client.call('HPTTL', 'timed', 'FIELDS', '2', 'f', 'g')).toEqual([5000, -1])
  })

  test('says so at its beginning also when that was written long before: the checksum is right', () => {
    using from = filled(`SET long ${'x'.repeat(3_000_000)}`, 'HSET timed f v', 'HPEXPIRE timed 5000 FIELDS 1 f')
    using to = new Engine()
    saveRdb(from.server.keys, path, NOW_MS, 'off')
    expect(readFileSync(path, 'latin1').slice(0, 9)).toBe('REDIS0012')
    runToEnd(loadRdb(to.server.keys, path))
    expect(digestOf(to)).toEqual(digestOf(from) as never)
  })

  test('may have values, and elements, longer than the piece that is read at a time', () => {
    using from = new Engine()
    using to = new Engine()
    const client = from.connect()
    const long = (i: number): string => `${i}:${'abcdefghij'.repeat(60 + (i % 7))}`
    for (let i = 0; i < 2500; i++) {
      client.call('HSET', 'hash', long(i), long(i + 1))
      client.call('ZADD', 'zset', String(i / 3), long(i))
      client.call('RPUSH', 'list', long(i))
      client.call('SADD', 'set', long(i))
    }
    client.call('HSET', 'hash', 'f', 'x'.repeat(3_000_000), 'y'.repeat(2_500_000), 'v')
    client.call('ZADD', 'zset', '1', 'z'.repeat(2_500_000))
    client.call('HSET', 'timed', long(1), long(2), 'y'.repeat(1_200_000), 'v')
    client.call('HPEXPIRE', 'timed', '5000', 'FIELDS', '1', long(1))
    for (const compression of ['on', 'off'] as const) {
      saveRdb(from.server.keys, path, NOW_MS, compression)
      to.connect().call('FLUSHALL')
      runToEnd(loadRdb(to.server.keys, path))
      expect(digestOf(to)).toEqual(digestOf(from) as never)
    }
    recount(to.server.keys)
  })

  test('that is loaded over keys replaces those of the same name', () => {
    using from = filled()
    using to = new Engine()
    to.connect().call('RPUSH', 'plain', 'x')
    to.connect().call('SET', 'kept', 'y')
    saveRdb(from.server.keys, path, NOW_MS, 'on')
    runToEnd(loadRdb(to.server.keys, path))
    expect(to.connect().call('MGET', 'plain', 'kept')).toEqual(['value', 'y'])
    recount(to.server.keys)
  })
})

// ---- files made by hand --------------------------------------------------------------------------------------------

const bytes = (text: string): number[] => [...Buffer.from(text, 'latin1')]
const string = (text: string): number[] => [text.length, ...bytes(text)]
const key = (name: string, value: string): number[] => [0, ...string(name), ...string(value)]
const le64 = (n: number): number[] => [...Buffer.from(new BigInt64Array([BigInt(n)]).buffer)]
const le32 = (n: number): number[] => le64(n).slice(0, 4)

function load(
  body: readonly number[],
  magic = 'REDIS0010',
  sum: 'right' | 'zero' | 'none' = 'right',
  keys = makeKeyspace(),
): Keyspace {
  const all = Uint8Array.from([...bytes(magic), ...body, 255, ...new Array<number>(sum === 'none' ? 0 : 8).fill(0)])
  if (sum === 'right') {
    const crc = new Crc64()
    crc.update(all, 0, all.length - 8)
    crc.write(all, all.length - 8)
  }
  writeFileSync(path, all)
  skipped = runToEnd(loadRdb(keys, path)).skipped
  return keys
}

let skipped: ReadonlyMap<string, number> = new Map()

describe('a file of others', () => {
  test('has deadlines in seconds and milliseconds; keys whose time is over stay out', () => {
    const keys = load([
      ...[252, ...le64(NOW_MS + 5000), ...key('ms', 'v')],
      ...[253, ...le32(NOW_MS / 1000 + 9), ...key('s', 'v')],
      ...[252, ...le64(NOW_MS - 1), ...key('gone', 'v')],
      ...key('none', 'v'),
    ])
    const deadline = (name: string): number => {
      keys.locateIn(keys.at, 0, Buffer.from(name), 0, name.length)
      return keys.at.entry === 0 ? -1 : keys.deadline(keys.at)
    }
    expect(['ms', 's', 'gone', 'none'].map(deadline)).toEqual([NOW_MS + 5000, NOW_MS + 9000, -1, 0])
  })

  test('has databases, sizes, facts and uses of keys', () => {
    const keys = load([
      ...[250, ...string('redis-ver'), ...string('7.0.15'), 254, 3, 251, 1, 0],
      ...[248, 0x40, 100, ...key('idle', 'v')],
      ...[249, 7, ...key('often', 'v')],
    ])
    const word = (name: string): number => {
      const e = keys.locateIn(keys.at, 3, Buffer.from(name), 0, name.length)
      return keys.at.shard.arena.i32[(e + 8) >> 2] ?? 0
    }
    expect(idleSeconds(word('idle'), keys.accessClock)).toBe(100)
    expect(word('often') & 255).toBe(7)
  })

  test('is read around what is not known here', () => {
    const stream = [1, ...string('0123456789abcdef'), ...string('x'), 1, 1, 1, 1, 1, 0, 0, 1]
    const group = [1, ...string('g'), 1, 1, 1, 1, ...le64(1), ...le64(2), ...le64(3), 1]
    const consumers = [1, ...string('c'), ...le64(1), 1, ...le64(1), ...le64(2)]
    const module = [1, 5, ...string('text'), 2, 9, 1, 9, 4, ...le64(0), 3, ...le32(0), 0]
    const keys = load([
      ...[245, ...string('#!lua name=x')],
      ...[247, 9, 2, 1, 5, ...string('aux'), 0],
      ...[244, 1, 2, 3],
      ...[19, ...string('stream'), ...stream, ...group, ...consumers],
      ...[7, ...string('module'), ...module],
      ...key('after', 'v'),
    ])
    expect(get(keys, 'after')).toBe('v')
    expect([...skipped]).toEqual([
      ['a function library', 1],
      ['data of a module', 1],
      ['a stream', 1],
      ['a module value', 1],
    ])
  })

  test('may have no checksum: an old one, or one that was told not to', () => {
    expect(get(load(key('k', 'v'), 'REDIS0004', 'none'), 'k')).toBe('v')
    expect(get(load(key('k', 'v'), 'REDIS0009', 'zero'), 'k')).toBe('v')
    expect(get(load(key('k', 'v'), 'VALKEY080'), 'k')).toBe('v')
  })

  test('is refused when it is newer, or has more databases than there are', () => {
    expect(() => load([], 'REDIS0013')).toThrow(RdbUnsupported)
    expect(() => load([], 'REDIS0000')).toThrow(RdbUnsupported)
    expect(() => load([254, 16])).toThrow(RdbUnsupported)
    expect(() => load([22, ...string('h'), 0], 'VALKEY080')).toThrow(RdbUnsupported)
    expect(() => load([], 'KVNS    0')).toThrow(RdbCorrupt)
    expect(() => load([243])).toThrow(RdbCorrupt)
    expect(() => load([2, ...string('set'), 2, ...string('a'), ...string('a')])).toThrow(RdbCorrupt)
  })
})

test('a file that is cut anywhere, or has a bit turned, is refused', () => {
  using from = new Engine()
  const client = from.connect()
  for (const line of ['SET k value', 'RPUSH l a b', 'HSET h f v', 'ZADD z 1 a', 'SADD s 1 2 3']) {
    client.call(...(line.split(' ') as [string]))
  }
  saveRdb(from.server.keys, path, NOW_MS, 'on')
  const whole = readFileSync(path)
  const keys = makeKeyspace()
  const refused = (content: Buffer): void => {
    writeFileSync(path, content)
    keys.flushAll()
    expect(() => runToEnd(loadRdb(keys, path))).toThrow(/damaged before byte|cannot be loaded/)
    recount(keys)
  }
  for (let length = 0; length < whole.length; length++) refused(whole.subarray(0, length))
  for (let bit = 0; bit < whole.length * 8; bit += 5) {
    const turned = Buffer.from(whole)
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    refused(turned)
  }
})

test('a file without a checksum may hold anything: it is loaded or refused', () => {
  using from = filled('HSET timed f v g w', 'HPEXPIRE timed 5000 FIELDS 1 f', 'SELECT 0', 'DEL list big large set')
  saveRdb(from.server.keys, path, NOW_MS, 'on')
  const whole = [...readFileSync(path).subarray(9, -9)]
  const change = fc.tuple(fc.nat(3), fc.nat(whole.length - 1), fc.nat(255))
  let refused = 0
  const keys = makeKeyspace()
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), changes => {
      const body = [...whole]
      for (const [kind, at, byte] of changes) body.splice(at, kind === 0 ? 0 : 1, ...(kind === 1 ? [] : [byte]))
      try {
        keys.flushAll()
        load(body, 'REDIS0012', 'zero', keys)
      } catch (error) {
        refused++
        expect(error instanceof RdbCorrupt || error instanceof RdbUnsupported ? '' : String(error)).toBe('')
      }
      recount(keys)
    }),
    { numRuns: 1000 },
  )
  expect(refused).toBeGreaterThan(50)
})
