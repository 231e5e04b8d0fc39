// The one promise of a save: whatever happens between its steps, the file is of the moment at which it began.

import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { AtomicFile } from '../../src/persist/atomic-file.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { SaveCancelled } from '../../src/persist/save-walk.ts'
import { Random } from '../../src/store/random.ts'
import { Generator } from '../differential/generator.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { bytesOf, request } from '../support/resp.ts'
import { digestOf, FORMATS, loadedDigest, NAMES, saveWith } from './formats.ts'
import { beginSave, get, inDirectory, makeKeyspace, NOW_MS, set, stateOf } from './keyspaces.ts'

/** About processes, clients and what is no change. FLUSHALL ends a save; the others of whole databases come in WHOLE. */
const WRITES = /^(?!client\||memory\||latency\||slowlog\||ns\||hello|reset|auth|flushall|wait|object\||keys|scan)/

const WHOLE: readonly (readonly string[])[] = [
  ['FLUSHDB'],
  ['SWAPDB', '0', '1'],
  ['NS', 'DROP', 'list:0'],
  ['NS', 'COPY', 'one', 'other', 'REPLACE'],
  ['NS', 'SWAP', 'one', 'default'],
  ['NS', 'SWAP', 'other', 'one'],
  ['MOVE', 'a', '2'],
]

const NAMESPACES = ['', '', 'one', 'other', 'third']

class Traffic {
  readonly engine: Engine
  private readonly random: Random
  private readonly clients: { readonly client: Client; readonly generator: Generator }[] = []
  private readonly free: Client

  constructor(engine: Engine, seed: number) {
    this.engine = engine
    this.random = new Random(seed)
    for (const [i, namespace] of NAMESPACES.entries()) this.clients.push(this.join(namespace, seed + i))
    this.free = engine.connect()
  }

  private join(namespace: string, seed: number): { client: Client; generator: Generator } {
    const client = this.engine.connect()
    if (namespace !== '') client.call('CLIENT', 'NAMESPACE', namespace)
    return { client, generator: new Generator(seed, WRITES) }
  }

  private send(client: Client, words: readonly string[]): void {
    client.send(bytesOf(request(words)))
    client.replies()
    this.engine.server.clients.blocked.endWaits()
  }

  /** Some commands of some clients; `whole`: now and then one that changes a whole database. */
  turn(commands: number, whole: 'with whole' | 'without'): void {
    for (let n = 0; n < commands; n++) {
      const i = this.random.below(this.clients.length)
      const chosen = this.clients[i]
      if (chosen === undefined) return
      for (const command of chosen.generator.next()) this.send(chosen.client, command.map(String))
      // One that waits comes back as another.
      chosen.client.leave()
      this.clients[i] = this.join(NAMESPACES[i] ?? '', this.random.below(1e9))
    }
    if (whole === 'without' || this.random.below(6) !== 0) return
    const by = this.random.below(2) === 0 ? this.free : this.clients[2]?.client
    this.send(by ?? this.free, WHOLE[this.random.below(WHOLE.length)] ?? [])
  }

  /** Values above what one record holds, of each type, in two databases. */
  giants(): void {
    for (const db of ['0', '1']) {
      this.free.call('SELECT', db)
      for (const name of ['a', 'one/a', 'other/b']) {
        for (const key of [`${name}:string`, name])
          this.free.call('SET', key, 'x'.repeat(90_000 + this.random.below(9)))
        for (const [type, verb] of [
          ['set', 'SADD'],
          ['list', 'RPUSH'],
        ] as const) {
          const members = Array.from({ length: 1500 }, (_, i) => `${i} member ${this.random.below(10)}`)
          this.free.call(verb, `${name}:${type}`, ...members)
        }
        const pairs = Array.from({ length: 1200 }, (_, i) => [String(i), `member ${i}`]).flat()
        this.free.call('ZADD', `${name}:zset`, ...pairs)
        this.free.call('HSET', `${name}:hash`, ...pairs)
      }
    }
    this.free.call('SELECT', '0')
  }

  /** Changes one of the giants, or takes it away. */
  upset(): void {
    const name = ['a', 'one/a', 'other/b'][this.random.below(3)] ?? ''
    const changes = [
      ['APPEND', `${name}:string`, 'y'],
      ['SETRANGE', `${name}:string`, '70000', 'z'],
      ['SETBIT', `${name}:string`, '500000', '1'],
      ['SADD', `${name}:set`, 'new'],
      ['SPOP', `${name}:set`, '3'],
      ['LPUSH', `${name}:list`, 'new'],
      ['LTRIM', `${name}:list`, '5', '-7'],
      ['ZINCRBY', `${name}:zset`, '3', 'member 17'],
      ['HSET', `${name}:hash`, '5', 'new', 'more', 'newer'],
      ['HPEXPIRE', `${name}:hash`, '5', 'FIELDS', '1', '6'],
      ['RENAME', `${name}:set`, `${name}:renamed`],
      ['COPY', `${name}:zset`, `${name}:list`, 'REPLACE'],
      ['DEL', `${name}:hash`],
      ['SET', `${name}:list`, 'short'],
      ['PEXPIRE', `${name}:zset`, '3'],
    ]
    this.free.call('SELECT', String(this.random.below(2)))
    this.send(this.free, changes[this.random.below(changes.length)] ?? [])
    this.free.call('SELECT', '0')
  }
}

const ROUNDS = process.env.KVNS_LONG_TESTS === '1' ? 400 : 6

test.each(NAMES)(
  'whatever commands come between the steps, the file is of the moment of its beginning, and loads: %s',
  name =>
    inDirectory(directory => {
      const path = join(directory, 'a')
      const engine = new Engine({ databases: '4' }, 11)
      const target = new Engine({ databases: '4', dir: directory }, 12)
      const traffic = new Traffic(engine, 13)
      const format = FORMATS[name]
      const random = new Random(14)
      for (let round = 0; round < ROUNDS; round++) {
        traffic.turn(150, 'without')
        if (round % 2 === 0) traffic.giants()
        const before = digestOf(engine)
        const nowMs = engine.clock.nowMs()
        const { keys } = engine.server
        keys.setNow(nowMs)
        const every = 1 + random.below(3)
        const output = saveWith(
          keys,
          path,
          () => {
            if (random.below(2 + every) !== 0) return
            traffic.turn(random.below(4), 'with whole')
            if (random.below(2) === 0) traffic.upset()
            if (random.below(4) === 0) engine.advance(random.below(8))
            if (random.below(3) === 0) engine.server.expiry.slice()
          },
          format.of(nowMs),
        )
        expect(output.failure).toBeUndefined()
        expect(loadedDigest(target, path, nowMs, format)).toBe(before)
        recount(keys)
      }
      expect(engine.bugs).toEqual([])
    }),
)

/** Changes, each for itself, before the first step of a save. `reclaim` frees some of what was flushed, `bound` is in `one`. */
const CHANGES: readonly string[] = [
  'SETBIT raw 9 1',
  'BITFIELD raw SET u8 0 1',
  'INCR counter',
  'INCRBYFLOAT counter 1.5',
  'APPEND raw more',
  'SETRANGE raw 1 Z',
  'SET raw new',
  'SET raw rew PX 100000',
  'GETEX timed PERSIST',
  'PEXPIRE timed 77',
  'PEXPIRE raw 77',
  'PFADD hll z',
  'PFADD dense z',
  'PFCOUNT hll',
  'PFMERGE hll dense',
  'RENAME list other; LPUSH list x',
  'RENAME large one/large',
  'MOVE set 1',
  'COPY hash zset REPLACE',
  'DEL large; SET large 1',
  'LPUSH list 0',
  'SMOVE set one/set a',
  'LMOVE list one/list LEFT RIGHT',
  'SORT list ALPHA STORE list',
  'SUNIONSTORE set set one/set',
  'HSET hash a 9',
  'HPEXPIRE hash 1 FIELDS 1 a; +5',
  'PEXPIRE raw 1; +5; GET raw',
  'ZADD zset 9 a',
  'SWAPDB 0 1; SET raw 1; FLUSHDB',
  'FLUSHDB; SET raw 1; reclaim; SET one/raw 2',
  'FLUSHDB; reclaim; step; reclaim; step; reclaim',
  'bound FLUSHDB; SET one/raw 1; reclaim; reclaim; SET two/raw 1',
  'bound SWAPDB 0 1; DEL one/raw one/set one/list one/fill; SET two/k 1; SET three/k 1; SET one/raw 1',
  'bound SWAPDB 0 1; bound SET raw 1',
  'NS SWAP one default; SET raw 1; DEL one/list',
  'NS SWAP one two; NS SWAP two three; SET one/raw 1',
  'NS COPY one copied; SET copied/raw 1; SET one/raw 1',
  'NS COPY default one REPLACE; SET one/raw 3',
  'NS DROP one; reclaim; SET one/raw 1',
]

test.each(NAMES)('each kind of change is too late for a save that has begun: %s', name =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const engine = new Engine({ databases: '3' }, 21)
    const target = new Engine({ databases: '3', dir: directory }, 22)
    const client = engine.connect()
    const bound = engine.connect()
    bound.call('CLIENT', 'NAMESPACE', 'one')
    const { keys, expiry } = engine.server
    const format = FORMATS[name]
    for (const script of CHANGES) {
      client.call('FLUSHALL')
      client.call('SET', 'raw', 'ab')
      client.call('APPEND', 'raw', 'c')
      client.call('SET', 'counter', '17')
      client.call('SET', 'timed', 'x', 'PX', '5000')
      client.call('PFADD', 'hll', 'a', 'b')
      client.call('PFADD', 'dense', 'a', 'b')
      client.call('PFDEBUG', 'TODENSE', 'dense')
      client.call('RPUSH', 'large', ...Array.from({ length: 2000 }, (_, i) => `element ${i}`))
      for (const ns of ['', 'one/', 'two/']) {
        client.call('APPEND', `${ns}raw`, 'de')
        client.call('SADD', `${ns}set`, 'a', 'b')
        client.call('RPUSH', `${ns}list`, 'b', 'a')
        client.call('HSET', `${ns}hash`, 'a', '1', 'b', '2')
        client.call('ZADD', `${ns}zset`, '1', 'a', '2', 'b')
      }
      for (let i = 0; i < 300; i++) client.call('SET', `${i}`, `${i}`)
      const before = digestOf(engine)
      const nowMs = engine.clock.nowMs()
      keys.setNow(nowMs)
      const done = saveWith(
        keys,
        path,
        (step, walk) => {
          if (step !== 0) return
          for (const words of script.split('; ').map(part => part.split(' '))) {
            if (words[0] === 'reclaim') expiry.reclaim()
            else if (words[0] === 'step') walk.step()
            else if (words[0] === 'bound') bound.call(...words.slice(1))
            else if (words[0] === '+5') {
              engine.advance(5)
              engine.sweep()
            } else client.call(...words)
          }
        },
        format.of(nowMs),
      )
      expect([script, done.failure]).toEqual([script, undefined])
      expect([script, loadedDigest(target, path, nowMs, format)]).toEqual([script, before])
      engine.sweep()
      recount(keys)
    }
  }),
)

test('FLUSHALL ends a save; the next one is exact again', () =>
  inDirectory(directory => {
    const keys = makeKeyspace()
    for (let i = 0; i < 100; i++) set(keys, `k${i}`, 'v')
    const output = saveWith(keys, join(directory, 'a'), step => {
      if (step === 2) keys.flushAll()
    })
    expect(output.failure).toBeInstanceOf(SaveCancelled)
    for (let i = 0; i < 100; i++) set(keys, `k${i}`, 'v')
    const before = stateOf(keys)
    saveWith(keys, join(directory, 'a'), step => set(keys, `k${step}`, 'changed'))
    const loaded = makeKeyspace(5)
    runToEnd(loadSnapshot(loaded, join(directory, 'a')))
    expect(stateOf(loaded)).toEqual(before)
  }))

test('after a save that failed on the way all marks are the same again', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    for (const how of ['later', 'at once'] as const) {
      const keys = makeKeyspace()
      for (let i = 0; i < 200; i++) set(keys, `k${i}`, 'v'.repeat(i === 7 ? 100_000 : 9))
      const output = saveWith(keys, path, (step, walk) => {
        if (step === 3) walk.giveUp(new Error('no'))
        if (step === 5 && how === 'at once') walk.abandon()
        set(keys, `k${step}`, 'changed')
      })
      expect(output.failure).toBeInstanceOf(Error)
      const before = stateOf(keys)
      saveWith(keys, path, step => set(keys, `k${step * 3}`, 'changed again'))
      const loaded = makeKeyspace(6)
      runToEnd(loadSnapshot(loaded, path))
      expect(stateOf(loaded)).toEqual(before)
    }
  }))

test('frames that may not wait any more are written on the spot, so changes during a save take no more memory', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    for (let i = 0; i < 1500; i++) set(keys, `k${i}`, `${i % 10}`.repeat(30_000))
    const before = stateOf(keys)
    const output = saveWith(keys, path, (step, walk) => {
      if (step !== 0) return
      for (let i = 0; i < 1500; i++) set(keys, `k${i}`, 'changed')
      expect(walk.records).toBe(1500)
    })
    expect(output.waits).toBe(0)
    const loaded = makeKeyspace(6)
    runToEnd(loadSnapshot(loaded, path))
    expect(stateOf(loaded)).toEqual(before)
    expect(get(keys, 'k7')).toBe('changed')
    expect(keys.nowMs).toBe(NOW_MS)
  }))

/** What the walk may write between two looks at the clock: a part of a value, or keys up to a bound and one more. */
const MOST_STEP_BYTES = 330_000

test.each(NAMES)('no step writes more than a part of a value or a few keys, whatever they weigh: %s', name =>
  inDirectory(directory => {
    const engine = new Engine({}, 31)
    const client = engine.connect()
    const texts = (n: number, bytes: number): string[] =>
      Array.from({ length: n }, (_, i) => `${i}${'x'.repeat(bytes)}`)
    for (let i = 0; i < 300; i++) client.call('SET', `string:${i}`, `${i}`.padEnd(i * 100, 'abcdefgh'))
    client.call('SET', 'huge', 'y'.repeat(2_000_000))
    for (const [key, n, bytes] of [
      ['many', 20_000, 5],
      ['heavy', 100, 30_000],
    ] as const) {
      client.call('SADD', `${key}:set`, ...texts(n, bytes))
      client.call('RPUSH', `${key}:list`, ...texts(n, bytes))
      client.call('ZADD', `${key}:zset`, ...texts(n, bytes).flatMap((text, i) => [String(i), text]))
      client.call('HSET', `${key}:hash`, ...texts(n, bytes).flatMap(text => [text, text]))
    }
    const { keys } = engine.server
    const file = new AtomicFile(join(directory, 'a'))
    const { walk, queue, output } = beginSave(keys, file, FORMATS[name].of(keys.nowMs))
    let most = 0
    for (let before = output.bytes; walk.step(); before = output.bytes) most = Math.max(most, output.bytes - before)
    queue.writeAll()
    file.abandon()
    expect(queue.failure).toBeUndefined()
    expect(most).toBeLessThan(MOST_STEP_BYTES)
  }),
)
