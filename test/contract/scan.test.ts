// SCAN's promise: a key that is there during the whole walk is listed exactly once, whatever else comes and goes, and the
// walk ends.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Client, Engine } from '../support/engine.ts'

interface Step {
  readonly next: string
  readonly names: readonly string[]
}

function scan(client: Client, cursor: string, ...options: readonly string[]): Step {
  const reply = client.call('SCAN', cursor, ...options)
  if (!Array.isArray(reply)) throw new Error(`no list: ${Bun.inspect(reply)}`)
  const [next, names] = reply
  if (typeof next !== 'string' || !Array.isArray(names)) throw new Error('no cursor and names')
  return { next, names: names.map(String) }
}

/** How often each name is met in a whole walk; `between` runs after every step. */
function walk(client: Client, options: readonly string[], between: () => void): Map<string, number> {
  const met = new Map<string, number>()
  let cursor = '0'
  for (let steps = 0; steps < 100_000; steps++) {
    const { next, names } = scan(client, cursor, ...options)
    for (const name of names) met.set(name, (met.get(name) ?? 0) + 1)
    if (next === '0') return met
    between()
    cursor = next
  }
  throw new Error('a walk without end')
}

const namespaces = fc.constantFrom('', 'ns/', 'another/')

describe('SCAN', () => {
  test('lists a key that stays exactly once, while others come and go', () => {
    const run = (stays: number, count: number, prefix: string, churn: number): void => {
      using engine = new Engine()
      const [client, other] = [engine.connect(), engine.connect()]
      for (let i = 0; i < stays; i++) client.call('SET', `${prefix}stays${i}`, 'v')
      let made = 0
      let gone = 0
      const met = walk(client, ['COUNT', String(count)], () => {
        for (let i = 0; i < churn; i++) other.call('SET', `${prefix}comes${made++}`, 'v')
        // Leaves a few of them, so that tables grow and shrink.
        while (made - gone > 3 * churn) other.call('DEL', `${prefix}comes${gone++}`)
        other.call('SET', `one${made}/k`, 'v')
      })
      for (let i = 0; i < stays; i++) expect(met.get(`${prefix}stays${i}`)).toBe(1)
    }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 80 }), namespaces, fc.nat(12), run),
      { numRuns: 40 },
    )
  })

  test('of one namespace lists all of it and nothing else', () => {
    using engine = new Engine()
    const client = engine.connect()
    for (let i = 0; i < 2000; i++) client.call('SET', `${['a/', 'b/', '', 'a/x/'][i % 4]}k${i}`, 'v')
    const met = walk(client, ['MATCH', 'a/*', 'COUNT', '7'], () => undefined)
    expect([...met.values()].every(times => times === 1)).toBe(true)
    expect(met.size).toBe(1000)
    expect([...met.keys()].every(name => name.startsWith('a/'))).toBe(true)
  })

  test('misses nothing when the namespace that it stopped in goes', () => {
    using engine = new Engine()
    const client = engine.connect()
    const local = Array.from({ length: 20 }, (_, i) => `k${i}`)
    for (let ns = 0; ns < 40; ns++) for (const key of local) client.call('SET', `${ns}/${key}`, 'v')
    let last = ''
    const seen = new Map<string, number>()
    for (let cursor = '0', steps = 0; steps === 0 || cursor !== '0'; steps++) {
      const { next, names } = scan(client, cursor, 'COUNT', '7')
      for (const name of names) seen.set(name, (seen.get(name) ?? 0) + 1)
      last = names.at(-1)?.split('/')[0] ?? last
      if (Number(last) % 2 === 0) client.call('DEL', ...local.map(key => `${last}/${key}`))
      cursor = next
    }
    for (let ns = 1; ns < 40; ns += 2) for (const key of local) expect(seen.get(`${ns}/${key}`)).toBe(1)
  })

  test('ends at once for cursors that were never given out', () => {
    using engine = new Engine()
    const client = engine.connect()
    for (let i = 0; i < 100; i++) client.call('SET', `k${i}`, 'v')
    for (const cursor of ['18446744073709551615', '9007199254740992', '-1', '9007199254740991']) {
      expect(scan(client, cursor)).toEqual({ next: '0', names: [] })
    }
  })

  test('met with deadlines shows no key that is due', () => {
    using engine = new Engine()
    const client = engine.connect()
    for (let i = 0; i < 300; i++) client.call('SET', `k${i}`, 'v', 'PX', i < 150 ? '10' : '100000')
    engine.clock.advance(11)
    expect(walk(client, ['COUNT', '9'], () => undefined).size).toBe(150)
  })
})

test('RANDOMKEY reaches every key of every namespace', () => {
  using engine = new Engine()
  const client = engine.connect()
  const names = Array.from({ length: 40 }, (_, i) => `${['', 'ns/', 'lonely/'][i === 0 ? 2 : i % 2]}k${i}`)
  for (const name of names) client.call('SET', name, 'v')
  const met = new Set<string>()
  for (let i = 0; i < 3000; i++) met.add(String(client.call('RANDOMKEY')))
  expect([...met].sort()).toEqual([...names].sort())
})
