// Large collections that change, and keys with them that go, while a save writes them: the file has them as they were.

import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { AtomicFile } from '../../src/persist/atomic-file.ts'
import { Random } from '../../src/store/random.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { digestOf, FORMATS, loadedDigest, NAMES, saveWith } from './formats.ts'
import { beginSave, inDirectory } from './keyspaces.ts'

const ROUNDS = process.env.KVNS_LONG_TESTS === '1' ? 200 : 10
const ELEMENTS = 2500

type Words = readonly (string | number)[]

/** Commands on large collections, with what lot has decided. */
class Lot {
  private readonly random: Random

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  below(bound: number): number {
    return this.random.below(bound)
  }

  of<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)]
    if (chosen === undefined) throw new Error('there is nothing to choose from')
    return chosen
  }

  /** One that there is, as a rule, or a new one; sometimes long. */
  element(): string {
    const n = this.below(ELEMENTS + 200)
    return n > ELEMENTS + 190 ? `${n}`.padEnd(3000, 'long') : `element ${n}`
  }

  elements(most: number): string[] {
    return Array.from({ length: 1 + this.below(most) }, () => this.element())
  }

  score(): string {
    return String(this.below(4) === 0 ? this.below(5) : this.below(1e6) / 8)
  }

  index(): number {
    return this.below(4) === 0 ? this.below(5) - 2 : this.below(2 * ELEMENTS) - ELEMENTS
  }

  many(): number {
    return this.below(20) === 0 ? this.below(200) : this.below(5)
  }

  side(): string {
    return this.of(['LEFT', 'RIGHT'])
  }

  key(type: string): string {
    return `${this.of(['', '', 'ns/'])}${type}`
  }
}

const COMMANDS: Readonly<Record<string, readonly ((lot: Lot) => Words)[]>> = {
  set: [
    lot => ['SADD', lot.key('set'), ...lot.elements(4)],
    lot => ['SREM', lot.key('set'), ...lot.elements(4)],
    lot => ['SPOP', lot.key('set')],
    lot => ['SPOP', lot.key('set'), lot.many()],
    lot => ['SMOVE', lot.key('set'), lot.key('set'), lot.element()],
  ],
  hash: [
    lot => ['HSET', lot.key('hash'), lot.element(), lot.score(), lot.element(), lot.element()],
    lot => ['HSET', lot.key('hash'), lot.element(), 'x'.repeat(lot.below(200))],
    lot => ['HDEL', lot.key('hash'), ...lot.elements(4)],
    lot => ['HINCRBY', lot.key('hash'), `number ${lot.below(50)}`, '3'],
    lot => ['HEXPIRE', lot.key('hash'), 100 + lot.below(50), 'FIELDS', '1', lot.element()],
    lot => ['HPEXPIRE', lot.key('hash'), 1 + lot.below(20), 'FIELDS', '2', lot.element(), lot.element()],
    lot => ['HPERSIST', lot.key('hash'), 'FIELDS', '1', lot.element()],
    lot => ['HGETDEL', lot.key('hash'), 'FIELDS', '1', lot.element()],
  ],
  zset: [
    lot => ['ZADD', lot.key('zset'), lot.score(), lot.element(), lot.score(), lot.element()],
    lot => ['ZINCRBY', lot.key('zset'), lot.score(), lot.element()],
    lot => ['ZREM', lot.key('zset'), ...lot.elements(4)],
    lot => ['ZREMRANGEBYRANK', lot.key('zset'), 1000, 1003],
    lot => [lot.of(['ZPOPMIN', 'ZPOPMAX']), lot.key('zset'), lot.many()],
  ],
  list: [
    lot => [lot.of(['LPUSH', 'RPUSH']), lot.key('list'), ...lot.elements(4)],
    lot => [lot.of(['LPUSH', 'RPUSH']), lot.key('list'), ...lot.elements(4)],
    lot => [lot.of(['LPOP', 'RPOP']), lot.key('list'), lot.many()],
    lot => [lot.of(['LPOP', 'RPOP']), lot.key('list')],
    lot => ['LSET', lot.key('list'), lot.index(), lot.element()],
    lot => ['LINSERT', lot.key('list'), lot.of(['BEFORE', 'AFTER']), lot.element(), lot.element()],
    lot => ['LREM', lot.key('list'), lot.below(5) - 2, lot.element()],
    lot => ['LTRIM', lot.key('list'), lot.below(3), -1 - lot.below(3)],
    lot => ['LMOVE', lot.key('list'), lot.key('list'), lot.side(), lot.side()],
  ],
}

const TYPES = Object.keys(COMMANDS)

/** What leaves little of a value, or makes another one of it. */
const UPHEAVALS: Readonly<Record<string, readonly ((lot: Lot) => Words)[]>> = {
  set: [
    lot => ['SUNIONSTORE', lot.key('set'), lot.key('set'), lot.key('set')],
    lot => ['SDIFFSTORE', lot.key('set'), lot.key('set'), lot.key('set')],
    lot => ['SPOP', lot.key('set'), lot.below(ELEMENTS)],
    lot => ['SPOP', lot.key('set'), ELEMENTS - 40],
    lot => ['SPOP', lot.key('set'), 2 * ELEMENTS],
  ],
  hash: [lot => ['HDEL', lot.key('hash'), ...lot.elements(1000)]],
  zset: [
    lot => ['ZREMRANGEBYRANK', lot.key('zset'), lot.index(), lot.index()],
    lot => ['ZREMRANGEBYSCORE', lot.key('zset'), lot.score(), lot.score()],
    lot => ['ZUNIONSTORE', lot.key('zset'), '2', lot.key('zset'), lot.key('set')],
    lot => ['ZRANGESTORE', lot.key('zset'), lot.key('zset'), lot.index(), lot.index()],
    lot => [lot.of(['ZPOPMIN', 'ZPOPMAX']), lot.key('zset'), lot.below(ELEMENTS)],
  ],
  list: [
    lot => ['LTRIM', lot.key('list'), lot.index(), lot.index()],
    lot => [lot.of(['LPOP', 'RPOP']), lot.key('list'), lot.below(ELEMENTS)],
    lot => ['SORT', lot.key('list'), 'ALPHA', 'STORE', lot.key('list')],
  ],
}

/** What happens to keys, whatever they hold. */
const OF_KEYS: readonly ((lot: Lot, type: string) => Words)[] = [
  (lot, type) => ['DEL', lot.key(type)],
  (lot, type) => ['SET', lot.key(type), 'short'],
  (lot, type) => ['RENAME', lot.key(type), lot.key(type)],
  (lot, type) => ['RENAME', lot.key(type), lot.key(lot.of(TYPES))],
  (lot, type) => ['COPY', lot.key(type), lot.key(type), 'REPLACE'],
  (lot, type) => ['PEXPIRE', lot.key(type), lot.below(20)],
  (lot, type) => ['EXPIRE', lot.key(type), 100],
  (lot, type) => ['PERSIST', lot.key(type)],
  (lot, type) => ['MOVE', lot.key(type), '1'],
  (lot, type) => ['RESTORE', lot.key(type), '0', 'no payload', 'REPLACE'],
  () => ['SWAPDB', '0', '1'],
  () => ['FLUSHDB'],
  () => ['NS', 'DROP', 'ns'],
  () => ['NS', 'SWAP', 'ns', 'default'],
]

function fill(client: Client, lot: Lot): void {
  const elements = Array.from({ length: ELEMENTS }, (_, i) => `element ${i}`)
  for (const ns of ['', 'ns/']) {
    client.call('DEL', ...TYPES.map(type => `${ns}${type}`))
    client.call('SADD', `${ns}set`, ...elements)
    client.call('RPUSH', `${ns}list`, ...elements)
    client.call('HSET', `${ns}hash`, ...elements.flatMap(element => [element, `${lot.below(1000)}`]))
    client.call('ZADD', `${ns}zset`, ...elements.flatMap(element => [lot.score(), element]))
    if (lot.below(2) === 0) client.call('HPEXPIRE', `${ns}hash`, '9', 'FIELDS', '2', 'element 3', 'element 4')
  }
}

/** `calm`: values mostly stay, so that much happens in them. */
function change(client: Client, lot: Lot, types: readonly string[], mood: 'calm' | 'wild'): void {
  const type = lot.of(types)
  const upheaval = lot.below(mood === 'calm' ? 400 : 20)
  const command =
    upheaval === 0 ? lot.of(OF_KEYS)(lot, type) : lot.of((upheaval === 1 ? UPHEAVALS : COMMANDS)[type] ?? [])(lot)
  client.call(...command.map(String))
}

test.each(NAMES)('large collections are in the file as they were, whatever changes them: %s', name =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const format = FORMATS[name]
    const engine = new Engine({ databases: '2' }, 41)
    const target = new Engine({ databases: '2', dir: directory }, 42)
    const client = engine.connect()
    const { keys, expiry } = engine.server
    const lot = new Lot(43)
    for (let round = 0; round < ROUNDS; round++) {
      if (round % 2 === 0) fill(client, lot)
      const types = round % 3 === 0 ? [lot.of(TYPES)] : TYPES
      const mood = lot.below(3) === 0 ? 'wild' : 'calm'
      const before = digestOf(engine)
      const nowMs = engine.clock.nowMs()
      keys.setNow(nowMs)
      const often = 1 + lot.below(40)
      const output = saveWith(
        keys,
        path,
        () => {
          for (let n = lot.below(often); n > 0; n--) change(client, lot, types, mood)
          if (lot.below(8) === 0) engine.advance(lot.below(8))
          if (lot.below(4) === 0) expiry.slice()
          if (lot.below(40) === 0) expiry.reclaim()
        },
        format.of(nowMs),
      )
      expect([round, output.failure]).toEqual([round, undefined])
      expect([round, loadedDigest(target, path, nowMs, format)]).toEqual([round, before])
      recount(keys)
    }
    expect(engine.bugs).toEqual([])
  }),
)

/** One change of each kind, of a value with these elements. */
const SINGLE: Readonly<Record<string, readonly string[]>> = {
  set: ['SADD set x', 'SREM set', 'SPOP set', 'SMOVE set other'],
  hash: ['HSET hash x y', 'HDEL hash', 'HPEXPIRE hash 9 FIELDS 1'],
  zset: ['ZADD zset 0', 'ZREM zset', 'ZPOPMAX zset'],
  list: ['LPUSH list x', 'RPOP list', 'LSET list 5000 x', 'LINSERT list AFTER', 'LREM list 0'],
}
const NAMED = /SREM|SMOVE|HDEL|FIELDS|ZADD|ZREM|LINSERT|LREM/

test.each(NAMES)('a large collection is not written when it changes or goes, but by the steps that follow: %s', name =>
  inDirectory(directory => {
    const engine = new Engine({}, 51)
    const client = engine.connect()
    const { keys } = engine.server
    const elements = Array.from({ length: 10_000 }, (_, i) => `element ${i}`)
    client.call('SADD', 'set', ...elements)
    client.call('RPUSH', 'list', ...elements)
    client.call('HSET', 'hash', ...elements.flatMap(element => [element, 'value']))
    client.call('ZADD', 'zset', ...elements.flatMap(element => ['1', element]))
    for (const type of TYPES) {
      for (const line of [...(SINGLE[type] ?? []), `EXPIRE ${type} 100`, `RENAME ${type} ${type}2`, `DEL ${type}2`]) {
        const words = [...line.split(' '), ...(NAMED.test(line) ? ['element 77'] : [])]
        if (line.startsWith('LINSERT')) words.push('x')
        const file = new AtomicFile(join(directory, 'a'))
        const { walk, output } = beginSave(keys, file, FORMATS[name].of(keys.nowMs))
        const { bytes } = output
        client.call(...words)
        expect([line, output.bytes]).toEqual([line, bytes])
        expect(walk.records).toBe(1)
        while (walk.step());
        file.abandon()
      }
    }
    while (engine.server.expiry.slice());
    recount(keys)
    expect(engine.bugs).toEqual([])
  }),
)

test('when memory is short, values that wait for a save are written, and freed', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const engine = new Engine({ maxmemory: '20mb', 'maxmemory-policy': 'allkeys-random' }, 61)
    const target = new Engine({}, 62)
    const client = engine.connect()
    const { keys, expiry } = engine.server
    const members = Array.from({ length: 20_000 }, (_, i) => `member ${i}`)
    for (let i = 0; i < 10; i++) client.call('SADD', `set:${i}`, ...members)
    const before = digestOf(engine)
    saveWith(keys, path, step => {
      if (step % 2 === 0) client.call('SET', `key:${step}`, 'x'.repeat(100_000))
    })
    expect(keys.allocatedBytes()).toBeLessThan(20 << 20)
    expect(loadedDigest(target, path, keys.nowMs, FORMATS.snapshot)).toBe(before)
    while (expiry.slice());
    recount(keys)
  }))
