// NS DROP, COPY and SWAP below the commands: beside a model of Maps, on one shard and on several, with every account counted
// again; and what is left when memory runs out on the way, which is what was there before.

import { describe, expect, test } from 'bun:test'
import { fromText, toText } from '../../src/bytes/ascii.ts'
import { CommandError } from '../../src/resp/errors.ts'
import { ManualClock } from '../../src/store/clock.ts'
import { makeValue, openAt, settleValue } from '../../src/store/collections.ts'
import { Expiry } from '../../src/store/expiry.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { Namespace } from '../../src/store/namespace.ts'
import { Random } from '../../src/store/random.ts'
import { setString } from '../../src/store/strings.ts'
import { copyNamespace, dropNamespace, namespaceKeys, swapNamespaces } from '../../src/store/whole-namespaces.ts'
import { Hash } from '../../src/values/hash.ts'
import { recount, wholeState } from '../support/recount.ts'

const NOW_MS = 1_700_000_000_000
const NAMES = ['default', 'a', 'b', 'a much longer name of a namespace', ''] as const
const SIZES = [0, 10, 100, 5000, 40_000]
const DATABASES = 3

/** Values by `db namespace/key`: text and deadline, or the fields of a hash. */
type Model = Map<string, { readonly text: string; readonly deadlineMs: number }>

class Run {
  readonly clock = new ManualClock(NOW_MS)
  readonly keys: Keyspace
  readonly expiry: Expiry
  readonly model: Model = new Map()
  private readonly random: Random
  private readonly hash = new Hash()

  constructor(shards: number, seed: number) {
    this.keys = new Keyspace({ databases: DATABASES, limitBytes: 1 << 30, seed, nowMs: NOW_MS, shards })
    this.expiry = new Expiry(this.keys, this.clock)
    this.random = new Random(seed)
  }

  namespace(name: string): Namespace {
    return new Namespace(name, this.keys)
  }

  private pick<T>(items: readonly T[]): T {
    const item = items[this.random.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick')
    return item
  }

  private find(db: number, name: string): number {
    const bytes = fromText(name)
    return this.keys.locateIn(this.keys.at, db, bytes, 0, bytes.length)
  }

  set(): void {
    const { keys, random } = this
    const db = random.below(DATABASES)
    const name = `${this.pick(NAMES)}/${random.below(30)}`
    const deadlineMs = random.below(2) * (keys.nowMs + 1 + random.below(3000))
    const e = this.find(db, name)
    if (random.below(4) === 0) {
      if (e !== 0) keys.remove(keys.at, 'del')
      this.setHash(db, name, deadlineMs)
      return
    }
    const text = this.pick(['x', 'y']).repeat(this.pick(SIZES))
    const bytes = fromText(text)
    setString(keys, keys.at, bytes, 0, bytes.length, 0, deadlineMs)
    this.model.set(`${db} ${name}`, { text, deadlineMs })
  }

  /** A hash with a field that expires on its own: its clock has to know its new home. */
  private setHash(db: number, name: string, deadlineMs: number): void {
    const { keys, hash } = this
    this.find(db, name)
    makeValue(keys, keys.at, hash, deadlineMs)
    for (const field of ['f', 'g', 'h'.repeat(100)]) {
      const bytes = fromText(field)
      hash.set(bytes, 0, bytes.length, bytes, 0, bytes.length, 0)
    }
    settleValue(keys, keys.at, hash)
    openAt(keys, keys.at, hash)
    const f = fromText('f')
    hash.allowDeadlines()
    hash.find(f, 0, f.length)
    hash.retimeFound(keys.nowMs + 1 + this.random.below(3000))
    settleValue(keys, keys.at, hash)
    this.model.set(`${db} ${name}`, { text: 'a hash', deadlineMs })
  }

  /** Keys of a namespace in the model, with their databases. */
  private of(name: string): [db: string, local: string, value: { text: string; deadlineMs: number }][] {
    return [...this.model].flatMap(([id, value]) => {
      const [db = '', key = ''] = id.split(/ (.*)/s)
      const slash = key.indexOf('/')
      return key.slice(0, slash) === name ? [[db, key.slice(slash + 1), value] as const] : []
    }) as [string, string, { text: string; deadlineMs: number }][]
  }

  private put(name: string, keys: ReturnType<Run['of']>): void {
    for (const [db, local, value] of keys) this.model.set(`${db} ${name}/${local}`, value)
  }

  private clear(name: string): void {
    for (const [db, local] of this.of(name)) this.model.delete(`${db} ${name}/${local}`)
  }

  whole(): void {
    const [one, other] = [this.pick(NAMES), this.pick(NAMES)]
    const [a, b] = [this.namespace(one), this.namespace(other)]
    this.expire()
    const what = this.random.below(4)
    if (what === 0) {
      expect(dropNamespace(this.keys, a)).toBe(this.of(one).length)
      this.clear(one)
    } else if (one === other) return
    else if (what === 1) {
      const copied = this.of(one)
      expect(copyNamespace(this.keys, a, b)).toBe(copied.length)
      this.clear(other)
      this.put(other, copied)
    } else {
      swapNamespaces(this.keys, a, b)
      const [first, second] = [this.of(one), this.of(other)]
      this.clear(one)
      this.clear(other)
      this.put(one, second)
      this.put(other, first)
    }
  }

  private expire(): void {
    this.keys.setNow(this.clock.nowMs())
    for (const [id, { deadlineMs }] of this.model)
      if (deadlineMs !== 0 && deadlineMs < this.keys.nowMs) this.model.delete(id)
    while (this.expiry.slice());
  }

  time(): void {
    this.clock.advance(this.random.below(300))
    this.expire()
  }

  look(): void {
    const { keys } = this
    this.expire()
    recount(keys)
    let size = 0
    for (let db = 0; db < DATABASES; db++) size += keys.size(db)
    expect(size).toBe(this.model.size)
    for (const [id, { text, deadlineMs }] of this.model) {
      const [db = '', name = ''] = id.split(/ (.*)/s)
      if (this.find(Number(db), name) === 0) throw new Error(`${id} is gone`)
      expect(keys.deadline(keys.at)).toBe(deadlineMs)
      if (!holds(keys, text)) throw new Error(`${id} holds something else`)
    }
  }
}

/** Whether the key at `at` holds the text; a hash only has to be one. */
function holds(keys: Keyspace, text: string): boolean {
  const { at } = keys
  const a = at.shard.arena
  if (text === 'a hash') return a.u8[at.entry + 6] >> 4 !== 0
  return keys.valueLogical(a, at.entry) === text.length
}

describe('whole namespaces', () => {
  for (const shards of [1, 2, 8]) {
    test(`are dropped, copied and exchanged as the model says, on ${shards} shards`, () => {
      const run = new Run(shards, 5)
      for (let i = 0; i < 1500; i++) {
        if (i % 10 === 9) run.whole()
        else if (i % 10 === 8) run.time()
        else run.set()
        if (i % 50 === 0) run.look()
      }
      run.look()
      for (const name of NAMES) dropNamespace(run.keys, run.namespace(name))
      while (run.expiry.slice());
      recount(run.keys)
      expect(run.keys.logicalBytes()).toBe(0)
    })
  }

  for (const shards of [1, 4]) {
    test(`are what they were when memory runs out on the way, on ${shards} shards`, () => {
      const run = new Run(shards, 6)
      const { keys, expiry } = run
      for (let i = 0; i < 400; i++) run.set()
      const [a, b] = [run.namespace('a'), run.namespace('b')]
      const before = wholeState(keys)
      const allocated = keys.allocatedBytes()
      const dirty = keys.dirty
      const heard: string[] = []
      keys.observers.push({ changed: (_p, event) => heard.push(event), flushed: db => heard.push(`flushed ${db}`) })
      for (const share of [0, 0.1, 0.5, 0.9]) {
        keys.limitBytes = allocated + share * 100_000
        expect(() => copyNamespace(keys, a, b)).toThrow(CommandError)
        while (expiry.slice());
        expect(keys.allocatedBytes()).toBe(allocated)
      }
      keys.limitBytes = Number.POSITIVE_INFINITY
      // No block that an arena could give, then some: each step further on the way.
      for (let spare = 0; ; spare++) {
        const taken = keys.shards.map(({ arena }) => exhaust(arena, spare))
        let failed = true
        try {
          swapNamespaces(keys, a, b)
          failed = false
        } catch (error) {
          if (!(error instanceof CommandError)) throw error
        }
        for (const [i, { arena }] of keys.shards.entries()) for (const block of taken[i] ?? []) arena.free(block)
        while (expiry.slice());
        recount(keys)
        if (!failed) break
        expect(wholeState(keys)).toEqual(before)
        expect([keys.dirty, heard]).toEqual([dirty, []])
      }
      swapNamespaces(keys, b, a)
      while (expiry.slice());
      expect(wholeState(keys)).toEqual(before)
      expect(new Set(heard)).toEqual(new Set(['flushed 0', 'flushed 1', 'flushed 2']))
    })
  }

  test('tell observers which of their databases and names have changed', () => {
    const { keys } = new Run(1, 1)
    const heard: string[] = []
    for (const [db, name] of [
      [0, 'a/1'],
      [2, 'a/2'],
      [1, 'b/3'],
    ] as const) {
      const bytes = fromText(name)
      keys.locateIn(keys.at, db, bytes, 0, bytes.length)
      setString(keys, keys.at, bytes, 0, bytes.length, 0, 0)
    }
    keys.observers.push({
      changed: () => heard.push('changed'),
      flushed: (db, of) => heard.push(`${db} ${of === undefined ? '' : toText(of.bytes, 0, of.bytes.length)}`),
    })
    const [a, b] = [new Namespace('a', keys), new Namespace('b', keys)]
    swapNamespaces(keys, a, b)
    expect(heard.splice(0).sort()).toEqual(['0 a', '0 b', '1 a', '1 b', '2 a', '2 b'])
    dropNamespace(keys, b)
    expect(heard.splice(0).sort()).toEqual(['0 b', '2 b'])
    expect([namespaceKeys(keys, a), namespaceKeys(keys, b)]).toEqual([1, 0])
  })
})

/** Takes all that an arena can give but `spare` KiB, and returns the blocks. */
function exhaust(arena: Keyspace['at']['shard']['arena'], spare: number): number[] {
  const blocks: number[] = []
  const kept: number[] = []
  for (let i = 0; i < spare; i++) kept.push(arena.alloc(1024))
  for (let bytes = 1 << 30; bytes >= 8; bytes >>= 1) {
    for (let block = arena.alloc(bytes); block !== 0; block = arena.alloc(bytes)) blocks.push(block)
  }
  for (const block of kept) if (block !== 0) arena.free(block)
  return blocks
}
