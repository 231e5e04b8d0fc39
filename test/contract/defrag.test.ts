// Two servers get the same commands; in one of them blocks move between any two. Every reply is the same, all keys are in the
// end, and the accounts hold all the time. Commands come from a seed, so a failure can be replayed.

import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { AtomicFile } from '../../src/persist/atomic-file.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { Defrag, type DefragSettings } from '../../src/store/defrag.ts'
import { Random } from '../../src/store/random.ts'
import { beginSave, inDirectory } from '../persist/keyspaces.ts'
import { Engine, type Settings } from '../support/engine.ts'
import { recount } from '../support/recount.ts'

/** Works whatever little there is to win, and leaves all but the smallest values for later. */
const EAGER: DefragSettings = {
  activeDefrag: true,
  defragIgnoreBytes: 1,
  defragThresholdLower: 0,
  defragThresholdUpper: 1,
  defragCycleMin: 99,
  defragCycleMax: 99,
  defragMaxScanFields: 3,
}
const SMALL_FORMS: Settings = {
  databases: '3',
  'hash-max-listpack-entries': '6',
  'zset-max-listpack-entries': '6',
  'set-max-intset-entries': '6',
  'set-max-listpack-entries': '6',
}

/** A defragmentation of an engine that does a few steps a slice, and never rests. */
function defragOf({ server, clock }: Engine): Defrag {
  let ns = 0
  const stepping = {
    nowMs: () => clock.nowMs(),
    nowNs: () => {
      ns += defrag.percent === 0 ? 1e11 : 1e5
      return ns
    },
  }
  const defrag: Defrag = new Defrag(server.keys, stepping, EAGER, () => server.isLoading)
  return defrag
}

/** Writes of every type and form, and what takes keys away again. */
class Traffic {
  private readonly random: Random
  private readonly databases = 2

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)] as T
  }

  private some(most: number, make: (i: number) => readonly string[]): string[] {
    const from = this.random.below(1000)
    return Array.from({ length: 1 + this.random.below(most) }, (_, i) => make(from + i)).flat()
  }

  private name(type: string): string {
    return `${this.pick(['', '', 'ns/', `one${this.random.below(20)}/`])}${type}${this.random.below(250)}`
  }

  /** A filling command. */
  fill(): string[] {
    const most = this.pick([3, 20, 60, 200])
    const text = (i: number): string => `${i} ${'x'.repeat(this.pick([1, 10, 30, 90]))}`
    switch (this.random.below(10)) {
      case 0:
      case 1:
        return ['SET', this.name('s'), 'v'.repeat(this.pick([0, 5, 40, 200, 2000, 4090, 6000, 20_000]))]
      case 2:
        return ['SET', this.name('s'), 'v'.repeat(this.pick([5, 100])), 'PX', String(1 + this.random.below(20_000))]
      case 3:
        return ['RPUSH', this.name('l'), ...this.some(most, i => [text(i)])]
      case 4:
        return ['LPUSH', this.name('l'), ...this.some(most, i => [`begins alike ${i}`])]
      case 5:
        return ['SADD', this.name('u'), ...this.some(most, i => [this.pick([String(i), text(i)])])]
      case 6:
        return ['SADD', this.name('i'), ...this.some(6, i => [String(i)])]
      case 7:
        return ['ZADD', this.name('z'), ...this.some(most, i => [String(i % 7), text(i)])]
      case 8:
        if (this.random.below(2) === 0) return ['HSET', this.name('h'), 'name', text(1), 'age', '7', 'town', text(2)]
        return ['HSET', this.name('h'), ...this.some(most, i => [text(i), text(i)])]
      default: {
        const fields = this.some(most, i => [`f${i}`, text(i)])
        const ms = String(1 + this.random.below(30_000))
        return ['HSETEX', this.name('h'), 'PX', ms, 'FIELDS', String(fields.length / 2), ...fields]
      }
    }
  }

  /** One that takes away, moves or reads. */
  thin(): string[] {
    const type = this.pick(['s', 's', 'l', 'u', 'i', 'z', 'h'])
    const name = this.name(type)
    const other = this.name(type)
    const n = String(1 + this.random.below(60))
    return this.pick([
      ['DEL', name, other, this.name(type)],
      ['UNLINK', name, this.name(type)],
      ['RENAME', name, other],
      ['COPY', name, other, 'REPLACE'],
      ['MOVE', name, String(this.random.below(this.databases))],
      ['PEXPIRE', name, String(this.random.below(5000))],
      ['PERSIST', name],
      ...{
        s: [
          ['APPEND', name, 'more'.repeat(this.pick([1, 100]))],
          ['GET', name],
        ],
        l: [
          ['LPOP', name, n],
          ['RPOP', name, n],
          ['LTRIM', name, n, '-2'],
          ['LRANGE', name, '0', '-1'],
        ],
        u: [
          ['SPOP', name, n],
          ['SMEMBERS', name],
        ],
        i: [
          ['SPOP', name],
          ['SMEMBERS', name],
        ],
        z: [
          ['ZPOPMIN', name, n],
          ['ZREMRANGEBYRANK', name, '3', n],
          ['ZRANGE', name, '0', '-1', 'WITHSCORES'],
          ['ZRANDMEMBER', name],
        ],
        h: [
          ['HDEL', name, ...this.some(40, i => [`f${i}`])],
          ['HPEXPIRE', name, n, 'FIELDS', '1', `f${n}`],
          ['HGETALL', name],
          ['HRANDFIELD', name],
        ],
      }[type as 's' | 'l' | 'u' | 'i' | 'z' | 'h'],
    ])
  }

  next(phase: number): string[] {
    if (this.random.below(2500) === 0) return this.pick([['FLUSHDB'], ['SWAPDB', '0', '1'], ['NS', 'DROP', 'one3']])
    if (this.random.below(60) === 0) return ['SELECT', String(this.random.below(this.databases))]
    return this.random.below(10) < (phase % 2 === 0 ? 8 : 1) ? this.fill() : this.thin()
  }

  passes(): number {
    return this.random.below(8) === 0 ? this.random.below(200) : 0
  }
}

describe('defragmentation', () => {
  const runs = [
    { seed: 11, limit: '64mb', shards: 1 },
    { seed: 12, limit: '64mb', shards: 1 },
    { seed: 13, limit: '3gb', shards: 3 },
  ]
  test.each(runs)('between commands nobody notices it: seed $seed, maxmemory $limit', ({ seed, limit, shards }) => {
    using moving = new Engine({ ...SMALL_FORMS, maxmemory: limit }, seed)
    using still = new Engine({ ...SMALL_FORMS, maxmemory: limit }, seed)
    const { keys } = moving.server
    expect(keys.shards.length).toBeGreaterThanOrEqual(shards)
    const clients = [moving.connect(), still.connect()] as const
    const traffic = new Traffic(seed)
    const defrag = defragOf(moving)
    for (let i = 0; i < 8000; i++) {
      const words = traffic.next(Math.floor(i / 1000))
      const [reply, expected] = clients.map(client => client.call(...words))
      if (JSON.stringify(reply) !== JSON.stringify(expected)) expect([i, words, reply]).toEqual([i, words, expected])
      defrag.slice()
      const ms = traffic.passes()
      if (ms > 0) {
        for (const engine of [moving, still]) {
          engine.advance(ms)
          engine.sweep()
        }
      }
      if (i % 400 === 0) recount(keys)
    }
    recount(keys)
    expect(clients[0].call('DEBUG', 'DIGEST')).toEqual(clients[1].call('DEBUG', 'DIGEST'))
    expect(defrag.hits).toBeGreaterThan(500)
    expect(defrag.keyHits).toBeGreaterThan(50)
    expect([moving.bugs, still.bugs]).toEqual([[], []])
  })

  // Elements come to all keys in turn, so the blocks of one lie among those of the others; then most keys go.
  const kinds: readonly (readonly [string, number, (key: string, i: number) => readonly string[]])[] = [
    ['strings', 1, key => ['SET', key, 'v'.repeat(50)]],
    ['strings with deadlines', 1, key => ['SET', key, 'v'.repeat(50), 'EX', '1000']],
    ['long strings', 1, key => ['SET', key, 'v'.repeat(5000)]],
    ['packed lists', 5, (key, i) => ['RPUSH', key, `element ${i}`]],
    ['lists', 400, (key, i) => ['RPUSH', key, `begins alike ${i}`]],
    ['packed hashes', 5, (key, i) => ['HSET', key, `${i}`, `value ${i}`]],
    ['hashes', 50, (key, i) => ['HSET', key, `field ${i}`, `value ${i}`]],
    ['hashes with timed fields', 50, (key, i) => ['HSETEX', key, 'EX', `${1000 + i}`, 'FIELDS', '1', `f${i}`, 'v']],
    ['sets of integers', 5, (key, i) => ['SADD', key, `${i}`]],
    ['packed sets', 5, (key, i) => ['SADD', key, `member ${i}`]],
    ['sets', 50, (key, i) => ['SADD', key, `member ${i}`]],
    ['packed sorted sets', 5, (key, i) => ['ZADD', key, `${i}`, `member ${i}`]],
    ['sorted sets', 100, (key, i) => ['ZADD', key, `${(i * 7) % 13}`, `member ${i}`]],
  ]
  test.each(kinds)('%s of thin slabs move together, and next to nothing is left unused', (_kind, elements, write) => {
    using engine = new Engine({ ...SMALL_FORMS, maxmemory: '64mb' }, 7)
    const client = engine.connect()
    const { keys } = engine.server
    const { arena } = keys.shards[0] ?? { arena: undefined }
    if (arena === undefined) throw new Error('no shard')
    const count = Math.max(200, Math.floor(20_000 / elements))
    for (let i = 0; i < elements; i++) for (let k = 0; k < count; k++) client.call(...write(`key ${k}`, i))
    for (let k = 0; k < count; k++) if (k % 10 !== 0) client.call('DEL', `key ${k}`)
    engine.sweep()
    const digest = client.call('DEBUG', 'DIGEST')
    const thin = arena.thinBytes
    const defrag = defragOf(engine)
    for (let i = 0; i < 5000; i++) defrag.slice()
    recount(keys)
    expect(client.call('DEBUG', 'DIGEST')).toEqual(digest)
    expect(arena.thinBytes).toBeLessThan(Math.max(thin / 4, 200_000))
    expect(defrag.hits).toBeGreaterThan((count * elements) / 20 / (elements >= 50 && elements !== 400 ? 1 : elements))
    // What was moved is found, changed and freed as before.
    for (let k = 0; k < count; k += 10) for (let i = 0; i < 3; i++) client.call(...write(`key ${k}`, elements + i))
    recount(keys)
    engine.advance(2_000_000)
    engine.sweep()
    for (let k = 0; k < count; k += 10) client.call('DEL', `key ${k}`)
    engine.sweep()
    recount(keys)
    expect(engine.bugs).toEqual([])
  })

  test('a save that runs is left alone, and its file is of the moment at which it began', async () => {
    await inDirectory(directory => {
      using engine = new Engine({ ...SMALL_FORMS, maxmemory: '64mb' }, 5)
      const client = engine.connect()
      const { keys } = engine.server
      const traffic = new Traffic(5)
      const defrag = defragOf(engine)
      for (let i = 0; i < 3000; i++) client.call(...traffic.next(0))
      for (let i = 0; i < 1500; i++) client.call(...traffic.next(1))
      client.call('SELECT', '0')
      defrag.slice()
      expect(defrag.percent).toBeGreaterThan(0)
      const path = join(directory, 'saved')
      const file = new AtomicFile(path)
      const digest = client.call('DEBUG', 'DIGEST')
      const { walk, queue } = beginSave(keys, file)
      const { hits } = defrag
      while (walk.step()) {
        defrag.slice()
        client.call(...traffic.next(1))
      }
      expect(defrag.hits).toBe(hits)
      queue.writeAll()
      file.commitSync()
      recount(keys)
      for (let i = 0; i < 2000; i++) defrag.slice()
      expect(defrag.hits).toBeGreaterThan(hits)
      recount(keys)
      client.call('FLUSHALL')
      runToEnd(loadSnapshot(keys, path))
      expect(client.call('DEBUG', 'DIGEST')).toEqual(digest)
      expect(engine.bugs).toEqual([])
    })
  })
})
