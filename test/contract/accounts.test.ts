// The accounts: whatever commands ran, every count of keys and bytes equals what a walk over the entries adds up to, and
// every key holds what a plain Map says. Commands come from a seed, so a failure can be replayed.

import { describe, expect, test } from 'bun:test'
import { Random } from '../../src/store/random.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import type { Reply } from '../support/resp.ts'

const COMMANDS = 12_000
const COMMANDS_PER_LOOK = 1000
/** Around the steps between inline values, values outside and large blocks. */
const SIZES = [0, 1, 5, 20, 44, 45, 200, 1000, 4000, 4060, 4080, 4096, 4200, 9000, 33_000, 40_000]

interface Value {
  text: string
  /** 0: none. */
  deadlineMs: number
}

/** What the commands of this test must lead to: one Map a database, no bytes and no slots. */
class Model {
  readonly databases = Array.from({ length: 3 }, () => new Map<string, Value>())
  db = 0

  get keys(): Map<string, Value> {
    return this.databases[this.db] ?? new Map()
  }

  expire(nowMs: number): void {
    for (const keys of this.databases) {
      for (const [name, { deadlineMs }] of keys) if (deadlineMs !== 0 && deadlineMs < nowMs) keys.delete(name)
    }
  }
}

class Run {
  readonly engine: Engine
  readonly model = new Model()
  private readonly client: Client
  private readonly random: Random

  constructor(seed: number) {
    this.engine = new Engine({ databases: '3' }, seed)
    this.client = this.engine.connect()
    this.random = new Random(seed)
  }

  private call(...words: readonly (string | number)[]): Reply {
    return this.client.call(...words.map(String))
  }

  private pick<T>(items: readonly T[]): T {
    const item = items[this.random.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick')
    return item
  }

  private name(): string {
    const local = `${this.pick(['', 'k', 'a longer name of a key ', 'x/'])}${this.random.below(12)}`
    return this.pick(['', '', 'ns/', 'another/', `one${this.random.below(200)}/`, '/']) + local
  }

  private text(): string {
    return this.pick(['a', 'b', '7']).repeat(this.pick(SIZES))
  }

  private get nowMs(): number {
    return this.engine.clock.nowMs()
  }

  /** One command, and the same on the model. */
  step(): void {
    this.model.expire(this.nowMs)
    this.pick(ACTIONS)(this)
  }

  set(): void {
    const [name, text, ms] = [this.name(), this.text(), this.random.below(3) === 0 ? 1 + this.random.below(5000) : 0]
    if (ms === 0) this.call('SET', name, text)
    else this.call('SET', name, text, 'PX', ms)
    this.model.keys.set(name, { text, deadlineMs: ms === 0 ? 0 : this.nowMs + ms })
  }

  append(): void {
    const [name, text] = [this.name(), this.text()]
    const before = this.model.keys.get(name) ?? { text: '', deadlineMs: 0 }
    expect(this.call('APPEND', name, text)).toBe(before.text.length + text.length)
    this.model.keys.set(name, { ...before, text: before.text + text })
  }

  setRange(): void {
    const [name, text, offset] = [this.name(), this.text(), this.pick(SIZES)]
    const before = this.model.keys.get(name) ?? { text: '', deadlineMs: 0 }
    this.call('SETRANGE', name, offset, text)
    if (text === '') return
    const padded = before.text.padEnd(offset, '\0')
    const after = padded.slice(0, offset) + text + padded.slice(offset + text.length)
    this.model.keys.set(name, { ...before, text: after })
  }

  count(): void {
    const name = this.name()
    const before = this.model.keys.get(name) ?? { text: '0', deadlineMs: 0 }
    if (!/^\d{1,15}$/.test(before.text) || (before.text.length > 1 && before.text.startsWith('0'))) return
    const sum = Number(before.text) + 999
    expect(this.call('INCRBY', name, 999)).toBe(sum)
    this.model.keys.set(name, { ...before, text: String(sum) })
  }

  remove(): void {
    const names = [this.name(), this.name(), this.name()]
    this.call(this.pick(['DEL', 'UNLINK']), ...names)
    for (const name of names) this.model.keys.delete(name)
  }

  rename(): void {
    const [from, to] = [this.name(), this.name()]
    const value = this.model.keys.get(from)
    if (value === undefined) return
    this.call('RENAME', from, to)
    this.model.keys.delete(from)
    this.model.keys.set(to, value)
  }

  copyOrMove(): void {
    const [name, db] = [this.name(), this.random.below(3)]
    const value = this.model.keys.get(name)
    const target = this.model.databases[db]
    if (value === undefined || target === undefined || db === this.model.db) return
    if (this.random.below(2) === 0) {
      this.call('COPY', name, name, 'DB', db, 'REPLACE')
      target.set(name, { ...value })
    } else if (this.call('MOVE', name, db) === 1) {
      this.model.keys.delete(name)
      target.set(name, value)
    } else expect(target.has(name)).toBe(true)
  }

  deadline(): void {
    const [name, ms] = [this.name(), this.random.below(10_000) - 200]
    const value = this.model.keys.get(name)
    const persists = this.random.below(3) === 0
    if (persists) this.call('PERSIST', name)
    else this.call('PEXPIRE', name, ms)
    if (value === undefined) return
    if (persists) value.deadlineMs = 0
    else if (ms <= 0) this.model.keys.delete(name)
    else value.deadlineMs = this.nowMs + ms
  }

  databases(): void {
    const [a, b] = [this.random.below(3), this.random.below(3)]
    const { databases } = this.model
    const what = this.random.below(40)
    if (what === 0) {
      this.call('FLUSHDB')
      this.model.keys.clear()
    } else if (what === 1) {
      this.call('SWAPDB', a, b)
      const [first, second] = [databases[a], databases[b]]
      if (first !== undefined && second !== undefined) [databases[a], databases[b]] = [second, first]
    } else {
      this.call('SELECT', a)
      this.model.db = a
    }
  }

  time(): void {
    this.engine.clock.advance(this.random.below(400))
    if (this.random.below(2) === 0) this.engine.sweep()
  }

  /** Throws or fails when anything is not as it must be. */
  look(): void {
    this.engine.sweep()
    this.model.expire(this.nowMs)
    recount(this.engine.server.keys)
    const now = this.model.db
    for (const [db, keys] of this.model.databases.entries()) {
      this.call('SELECT', db)
      expect(this.call('DBSIZE')).toBe(keys.size)
      for (const [name, { text, deadlineMs }] of keys) {
        if (this.call('GET', name) !== text) throw new Error(`${db} ${name} holds something else`)
        expect(this.call('PTTL', name)).toBe(deadlineMs === 0 ? -1 : deadlineMs - this.nowMs)
      }
    }
    this.call('SELECT', now)
    expect(this.engine.bugs).toEqual([])
  }
}

const ACTIONS: readonly ((run: Run) => void)[] = [
  run => run.set(),
  run => run.set(),
  run => run.set(),
  run => run.append(),
  run => run.setRange(),
  run => run.count(),
  run => run.remove(),
  run => run.rename(),
  run => run.copyOrMove(),
  run => run.deadline(),
  run => run.databases(),
  run => run.time(),
]

describe('accounts', () => {
  for (const seed of [1, 2, 3]) {
    test(`agree with the entries after random commands (seed ${seed})`, () => {
      const run = new Run(seed)
      using _engine = run.engine
      for (let i = 1; i <= COMMANDS; i++) {
        run.step()
        if (i % COMMANDS_PER_LOOK === 0) run.look()
      }
    })
  }

  test('are back where they began when all keys are gone', () => {
    const run = new Run(4)
    using engine = run.engine
    const { keys } = engine.server
    const before = keys.allocatedBytes()
    for (let i = 0; i < 3000; i++) run.step()
    const client = engine.connect()
    for (let db = 0; db < 3; db++) {
      client.call('SELECT', String(db))
      const names = client.call('KEYS', '*')
      if (!Array.isArray(names)) throw new Error('KEYS answers a list')
      for (const name of names) client.call('DEL', String(name))
    }
    engine.sweep()
    recount(keys)
    expect(keys.allocatedBytes()).toBe(before)
    expect(keys.logicalBytes()).toBe(0)
  })
})
