// Hashes whose fields expire, while their keys are renamed, copied, moved, timed, flushed and reloaded: every hash holds what
// a plain Map says, clocks find their keys wherever these have gone, and the accounts hold. Commands come from a seed.

import { describe, expect, test } from 'bun:test'
import { dictCount } from '../../src/memory/dict.ts'
import { Random } from '../../src/store/random.ts'
import { ARENA_NAMES } from '../../src/values/hash-names.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import type { Reply } from '../support/resp.ts'

const COMMANDS = 6000
const COMMANDS_PER_LOOK = 500
const ROWS = [
  ['f1', 'f2', '3'],
  ['f2', 'f1', '3'],
  ['f1', '2', '300', 'f4', 'f5'],
]

interface Field {
  readonly value: string
  /** 0: none. */
  readonly deadlineMs: number
}

interface Key {
  fields: Map<string, Field>
  /** 0: none. */
  deadlineMs: number
}

class Run {
  readonly engine: Engine
  private readonly client: Client
  private readonly random: Random
  private readonly databases = [new Map<string, Key>(), new Map<string, Key>()] as [Map<string, Key>, Map<string, Key>]
  private db: 0 | 1 = 0
  /** Blocks of names that were there at the looks. */
  shared = 0

  constructor(seed: number, limit: string) {
    this.engine = new Engine(
      { databases: '2', maxmemory: limit, 'hash-max-listpack-entries': '6', 'hash-max-listpack-value': '20' },
      seed,
    )
    this.client = this.engine.connect()
    this.random = new Random(seed)
  }

  private get keys(): Map<string, Key> {
    return this.databases[this.db]
  }

  private get nowMs(): number {
    return this.engine.clock.nowMs()
  }

  private call(...words: readonly (string | number)[]): Reply {
    return this.client.call(...words.map(String))
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)] as T
  }

  private name(): string {
    return this.pick(['', '', 'ns/', `one${this.random.below(5)}/`]) + this.pick(['h', 'i', 'a longer name of a hash'])
  }

  private field(): string {
    return `${this.pick(['f', '', '1'])}${this.random.below(12)}`
  }

  private value(): string {
    return this.pick(['v', '7', 'x'.repeat(20), 'x'.repeat(21), 'y'.repeat(100), 'z'.repeat(300)])
  }

  private expire(): void {
    for (const keys of this.databases) {
      for (const [name, { fields, deadlineMs }] of keys) {
        for (const [field, told] of fields) {
          if (told.deadlineMs !== 0 && told.deadlineMs < this.nowMs) fields.delete(field)
        }
        if (fields.size === 0 || (deadlineMs !== 0 && deadlineMs < this.nowMs)) keys.delete(name)
      }
    }
  }

  private later(): number {
    return 1 + this.random.below(400)
  }

  set(): void {
    const [name, field, value] = [this.name(), this.field(), this.value()]
    const key = this.keys.get(name) ?? { fields: new Map(), deadlineMs: 0 }
    const ms = this.random.below(2) === 0 ? 0 : this.later()
    if (ms === 0) expect(this.call('HSET', name, field, value)).toBe(key.fields.has(field) ? 0 : 1)
    else expect(this.call('HSETEX', name, 'PX', ms, 'FIELDS', 1, field, value)).toBe(1)
    key.fields.set(field, { value, deadlineMs: ms === 0 ? 0 : this.nowMs + ms })
    this.keys.set(name, key)
  }

  /** Fields that other hashes have, too: new ones with the same names share them. */
  fill(): void {
    const name = this.name()
    const key = this.keys.get(name) ?? { fields: new Map(), deadlineMs: 0 }
    const pairs = this.pick(ROWS).map(field => [field, this.pick(['v', '7', 'x'.repeat(20)])] as const)
    const added = pairs.filter(([field]) => !key.fields.has(field)).length
    expect(this.call('HSET', name, ...pairs.flat())).toBe(added)
    for (const [field, value] of pairs) key.fields.set(field, { value, deadlineMs: 0 })
    this.keys.set(name, key)
  }

  draw(): void {
    const name = this.name()
    const fields = this.keys.get(name)?.fields ?? new Map<string, Field>()
    const drawn = this.call('HRANDFIELD', name, this.pick([-3, 2, 20]), 'WITHVALUES') as string[]
    for (let i = 0; i < drawn.length; i += 2) expect(fields.get(drawn[i] ?? '')?.value).toBe(drawn[i + 1] ?? '')
    const payload = this.call('DUMP', name)
    if (typeof payload !== 'string') return
    expect(this.call('RESTORE', `${name}:restored`, 0, payload)).toEqual({ simple: 'OK' })
    const restored = this.call('HGETALL', `${name}:restored`) as string[]
    expect(new Set(restored)).toEqual(new Set(this.call('HGETALL', name) as string[]))
    this.call('DEL', `${name}:restored`)
  }

  retime(): void {
    const [name, field, ms] = [this.name(), this.field(), this.later()]
    const fields = this.keys.get(name)?.fields
    const told = fields?.get(field)
    const persist = this.random.below(4) === 0
    const reply = persist
      ? this.call('HPERSIST', name, 'FIELDS', 1, field)
      : this.call('HPEXPIRE', name, ms, 'FIELDS', 1, field)
    if (told === undefined) expect(reply).toEqual([-2])
    else {
      expect(reply).toEqual([persist && told.deadlineMs === 0 ? -1 : 1])
      fields?.set(field, { ...told, deadlineMs: persist ? 0 : this.nowMs + ms })
    }
  }

  remove(): void {
    const [name, field] = [this.name(), this.field()]
    const removed = this.keys.get(name)?.fields.delete(field) === true
    expect(this.call('HDEL', name, field)).toBe(removed ? 1 : 0)
  }

  read(): void {
    const [name, field] = [this.name(), this.field()]
    const told = this.keys.get(name)?.fields.get(field)
    expect(this.call('HGET', name, field)).toBe(told?.value ?? null)
    expect(this.call('HLEN', name)).toBe(this.keys.get(name)?.fields.size ?? 0)
    const left = told === undefined ? -2 : told.deadlineMs === 0 ? -1 : told.deadlineMs - this.nowMs
    expect(this.call('HPTTL', name, 'FIELDS', 1, field)).toEqual([left])
  }

  rename(): void {
    const [from, to] = [this.name(), this.name()]
    const key = this.keys.get(from)
    if (key === undefined) return
    this.call('RENAME', from, to)
    this.keys.delete(from)
    this.keys.set(to, key)
  }

  copyOrMove(): void {
    const name = this.name()
    const other = this.databases[1 - this.db] as Map<string, Key>
    const key = this.keys.get(name)
    if (key === undefined) return
    if (this.random.below(2) === 0) {
      this.call('COPY', name, name, 'DB', 1 - this.db, 'REPLACE')
      other.set(name, { ...key, fields: new Map(key.fields) })
    } else if (this.call('MOVE', name, 1 - this.db) === 1) {
      this.keys.delete(name)
      other.set(name, key)
    }
  }

  /** Entries with and without a deadline have other shapes: each change moves them. */
  time(): void {
    const [name, ms] = [this.name(), 1 + this.random.below(3000)]
    const key = this.keys.get(name)
    const persist = this.random.below(2) === 0
    this.call(...(persist ? ['PERSIST', name] : ['PEXPIRE', name, ms]))
    if (key !== undefined) key.deadlineMs = persist ? 0 : this.nowMs + ms
  }

  overwrite(): void {
    const name = this.name()
    this.call('SET', name, 'string')
    if (this.random.below(2) === 0) this.call('DEL', name)
    else this.call('GETDEL', name)
    this.keys.delete(name)
  }

  wholeDatabases(): void {
    const kind = this.random.below(12)
    if (kind === 0) {
      this.call('FLUSHDB')
      this.keys.clear()
    } else if (kind === 1) {
      this.call('SWAPDB', 0, 1)
      this.databases.reverse()
    } else if (kind === 2) this.call('DEBUG', 'RELOAD')
    else {
      this.db = this.db === 0 ? 1 : 0
      this.call('SELECT', this.db)
    }
  }

  move(): void {
    this.engine.clock.advance(this.random.below(60))
    this.expire()
    if (this.random.below(3) === 0) this.engine.sweep()
  }

  step(): void {
    this.expire()
    this.pick(ACTIONS)(this)
    this.expire()
  }

  check(): void {
    recount(this.engine.server.keys)
    this.engine.sweep()
    recount(this.engine.server.keys)
    for (const db of [0, 1] as const) {
      this.call('SELECT', db)
      expect(this.call('DBSIZE')).toBe(this.databases[db].size)
      for (const [name, { fields }] of this.databases[db]) {
        const flat = this.call('HGETALL', name) as string[]
        const held = Array.from({ length: flat.length / 2 }, (_, i) => `${flat[2 * i]}=${flat[2 * i + 1]}`)
        expect(held.sort()).toEqual([...fields].map(([field, { value }]) => `${field}=${value}`).sort())
      }
    }
    this.call('SELECT', this.db)
    for (const { arena } of this.engine.server.keys.shards) {
      arena.check()
      this.shared += dictCount(arena, ARENA_NAMES)
    }
    expect(this.engine.bugs).toEqual([])
  }
}

const ACTIONS: readonly ((run: Run) => void)[] = [
  run => run.set(),
  run => run.set(),
  run => run.set(),
  run => run.set(),
  run => run.fill(),
  run => run.fill(),
  run => run.fill(),
  run => run.draw(),
  run => run.retime(),
  run => run.retime(),
  run => run.remove(),
  run => run.read(),
  run => run.read(),
  run => run.rename(),
  run => run.copyOrMove(),
  run => run.time(),
  run => run.overwrite(),
  run => run.wholeDatabases(),
  run => run.move(),
  run => run.move(),
]

describe('hashes with fields that expire', () => {
  // The second limit makes several shards.
  for (const [seed, limit] of [
    [1, '1gb'],
    [2, '3gb'],
    [3, '3gb'],
  ] as const) {
    test(`hold what they should and are accounted for below ${limit}, seed ${seed}`, () => {
      const run = new Run(seed, limit)
      for (let i = 1; i <= COMMANDS; i++) {
        run.step()
        if (i % COMMANDS_PER_LOOK === 0) run.check()
      }
      expect(run.shared).toBeGreaterThan(0)
      run.engine[Symbol.dispose]()
    })
  }

  test('leave with an event, also when a command failed meanwhile', () => {
    using engine = new Engine()
    const client = engine.connect()
    const events: string[] = []
    engine.server.keys.observers.push({ changed: (_place, event) => events.push(event), flushed: () => undefined })
    client.call('HSETEX', 'h', 'PX', '10', 'FIELDS', '1', 'f', 'v')
    engine.clock.advance(11)
    events.length = 0
    expect(client.call('HEXPIRE', 'h', 'x', 'FIELDS', '1', 'f')).toHaveProperty('error')
    expect(client.call('EXISTS', 'h')).toBe(0)
    expect(events).toEqual(['hexpired', 'del'])
    engine.sweep()
    expect(events.length).toBe(2)
  })

  test('do not slow down the draws of those that stay', () => {
    using engine = new Engine()
    const client = engine.connect()
    const pairs = Array.from({ length: 20_000 }, (_, i) => [`${i}`, 'v']).flat()
    client.call('HSETEX', 'h', 'PX', '10', 'FIELDS', '20000', ...pairs)
    client.call('HSET', 'h', 'stays', '1')
    engine.clock.advance(11)
    // Each draw for itself would count the due ones: 10 s.
    const drawn = client.call('HRANDFIELD', 'h', '-20000')
    expect(new Set(drawn as string[])).toEqual(new Set(['stays']))
  }, 2000)

  test('go in slices when a hundred thousand fields are due at once', () => {
    using engine = new Engine()
    const client = engine.connect()
    const words = ['HSETEX', 'h', 'PX', '10', 'FIELDS', '10000']
    for (let part = 0; part < 10; part++) {
      const pairs = Array.from({ length: 10_000 }, (_, i) => [`${part}:${i}`, 'v']).flat()
      client.call(...words, ...pairs)
    }
    client.call('HSET', 'h', 'stays', '1')
    engine.clock.advance(11)
    expect(client.call('HLEN', 'h')).toBe(1)
    expect(client.call('HRANDFIELD', 'h')).toBe('stays')
    expect(client.call('HGETALL', 'h')).toEqual(['stays', '1'])
    engine.sweep()
    recount(engine.server.keys)
    expect(client.call('HLEN', 'h')).toBe(1)
    expect(client.call('HDEL', 'h', 'stays')).toBe(1)
    expect(client.call('DBSIZE')).toBe(0)
  })
})
