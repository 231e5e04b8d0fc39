// Sets where one request and its reply say nothing: chance, and scans of a set that changes meanwhile.

import { describe, expect, test } from 'bun:test'
import { Engine } from '../support/engine.ts'
import type { Reply } from '../support/resp.ts'

const textsOf = (reply: Reply): string[] => (Array.isArray(reply) ? reply.map(String) : [String(reply)])

/** Sum of (found - expected)^2 / expected. */
function chiSquare(found: ReadonlyMap<string, number>, members: number, draws: number): number {
  const expected = draws / members
  let sum = (members - found.size) * expected
  for (const n of found.values()) sum += (n - expected) ** 2 / expected
  return sum
}

const MEMBERS = 30
/** 29 degrees of freedom: above 73 once in 100,000 runs; the seed is always the same. */
const MOST = 73
const KINDS = {
  'an intset': (i: number) => String(i),
  'a small set': (i: number) => `w${i}`,
  'a table': (i: number) => `${i} ${'x'.repeat(70)}`,
}

describe('every member is drawn as often', () => {
  const draws: Record<string, readonly string[]> = {
    'SRANDMEMBER s': ['SRANDMEMBER', 's'],
    'SRANDMEMBER s -10': ['SRANDMEMBER', 's', '-10'],
    'SRANDMEMBER s 3': ['SRANDMEMBER', 's', '3'],
    'SRANDMEMBER s 10': ['SRANDMEMBER', 's', '10'],
    'SRANDMEMBER s 25': ['SRANDMEMBER', 's', '25'],
    'SPOP s': ['SPOP', 's'],
    'SPOP s 20': ['SPOP', 's', '20'],
  }
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const [name, words] of Object.entries(draws)) {
      test(`by ${name} from ${kind}`, () => {
        using engine = new Engine()
        const client = engine.connect()
        const members = Array.from({ length: MEMBERS }, (_, i) => make(i))
        const found = new Map<string, number>()
        let drawn = 0
        client.call('SADD', 's', ...members)
        for (let round = 0; round < 1500; round++) {
          for (const member of textsOf(client.call(...words))) {
            found.set(member, (found.get(member) ?? 0) + 1)
            drawn++
          }
          if (words[0] === 'SPOP') client.call('SADD', 's', ...members)
        }
        expect(chiSquare(found, MEMBERS, drawn)).toBeLessThan(MOST)
      })
    }
  }
})

test('SPOP of nearly all gives each member once, and each is as likely to stay', () => {
  using engine = new Engine()
  const client = engine.connect()
  const all = Array.from({ length: 2000 }, (_, i) => `w${i}`)
  const stayed = new Map<string, number>()
  for (let round = 0; round < 60; round++) {
    client.call('SADD', 's', ...all)
    const popped = textsOf(client.call('SPOP', 's', '1900'))
    const rest = textsOf(client.call('SMEMBERS', 's'))
    expect([popped.length, rest.length]).toEqual([1900, 100])
    expect(new Set([...popped, ...rest]).size).toBe(2000)
    expect(client.call('SISMEMBER', 's', popped[0] ?? '')).toBe(0)
    for (const member of rest) {
      const tenth = member.slice(-2)
      stayed.set(tenth, (stayed.get(tenth) ?? 0) + 1)
    }
  }
  // 100 endings of two characters, "w0" to "w9" among them; all but those stand for 20 members each.
  expect([...stayed.keys()].length).toBeGreaterThan(99)
  const counts = [...stayed].filter(([ending]) => /^[1-9]\d$/.test(ending)).map(([, n]) => n)
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length
  const spread = counts.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0)
  // 89 degrees of freedom: above 150 once in 10,000 runs; the seed is always the same.
  expect(spread).toBeLessThan(150)
})

test('SSCAN meets every member that is there all the time, whatever comes and goes', () => {
  using engine = new Engine()
  const client = engine.connect()
  const stays = Array.from({ length: 700 }, (_, i) => `stays${i}`)
  client.call('SADD', 's', ...stays)
  for (let round = 0; round < 5; round++) {
    const met = new Set<string>()
    let cursor = '0'
    let step = 0
    do {
      const [next, members] = client.call('SSCAN', 's', cursor, 'COUNT', '30') as readonly [string, readonly string[]]
      for (const member of members) met.add(member)
      cursor = next
      // It grows for a while, then it shrinks.
      const others = Array.from({ length: 15 }, (_, i) => `other${round % 2 === 0 ? step : 60 - step}:${i}`)
      client.call(round % 2 === 0 ? 'SADD' : 'SREM', 's', ...others)
      step++
    } while (cursor !== '0' && step < 2000)
    expect(cursor).toBe('0')
    expect(stays.filter(member => !met.has(member))).toEqual([])
  }
})

test('SSCAN of a set that becomes a table meets what it had', () => {
  using engine = new Engine()
  const client = engine.connect()
  client.call('SADD', 's', '1', '2', '3')
  const [cursor, members] = client.call('SSCAN', 's', '0') as readonly [string, readonly string[]]
  expect([cursor, [...members].sort()]).toEqual(['0', ['1', '2', '3']])
  client.call('SADD', 's', ...Array.from({ length: 600 }, (_, i) => `w${i}`))
  let next = '0'
  const met: string[] = []
  do {
    const reply = client.call('SSCAN', 's', next, 'MATCH', 'w*9', 'COUNT', '50') as readonly [string, readonly string[]]
    next = reply[0]
    met.push(...reply[1])
  } while (next !== '0')
  expect(met.length).toBe(60)
})
