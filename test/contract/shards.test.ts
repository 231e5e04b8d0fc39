// Values of every type and form on their way from one shard to another, and through snapshots: they are what they were, and so
// are the accounts on both sides.

import { describe, expect, test } from 'bun:test'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import type { Reply } from '../support/resp.ts'

/** More than a snapshot writes in one piece. */
const MANY = 3000
const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i))
const texts = (n: number): string[] => numbers(n).map(i => `text ${i}`)
const flat = (n: number, make: (i: string) => string[]): string[] => numbers(n).flatMap(make)

const VALUES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'an integer': [['SET', 'k', '12345']],
  'a short string': [['SET', 'k', 'text']],
  'a long string': [['SET', 'k', 'x'.repeat(100_000)]],
  'a string with a deadline': [['SET', 'k', 'text', 'EX', '100']],
  'a HyperLogLog': [['PFADD', 'k', ...texts(50)]],
  'a short list': [['RPUSH', 'k', 'a', '1', '-9223372036854775808', '']],
  'a long list': [['RPUSH', 'k', ...texts(MANY), 'x'.repeat(50_000)]],
  integers: [['SADD', 'k', ...numbers(5), '-9223372036854775808']],
  'many integers': [['SADD', 'k', ...numbers(512)]],
  'a small set': [['SADD', 'k', 'a', '1', '']],
  'a large set': [['SADD', 'k', ...texts(MANY), '']],
  'a small sorted set': [['ZADD', 'k', '1', 'a', '-inf', '', 'inf', '7', '0.1', 'b']],
  'a large sorted set': [['ZADD', 'k', ...flat(MANY, i => [`${Number(i) / 3}`, `m${i}`]), '-inf', '', 'inf', 'last']],
  'a large sorted set with a zero below zero': [['ZADD', 'k', ...flat(200, i => [i, `m${i}`]), '-0', 'below']],
  'a small hash': [['HSET', 'k', 'f', 'v', '', '', '1', '2']],
  'a large hash': [['HSET', 'k', ...flat(MANY, i => [`f${i}`, `v${i}`]), '', 'x'.repeat(50_000)]],
  'a small hash with timed fields': [
    ['HSET', 'k', 'f', 'v', 'g', 'w'],
    ['HPEXPIRE', 'k', '5000', 'FIELDS', '1', 'g'],
  ],
  'a large hash with timed fields': [
    ['HSETEX', 'k', 'PX', '5000', 'FIELDS', String(MANY), ...flat(MANY, i => [`f${i}`, `v${i}`])],
    ['HSET', 'k', 'stays', '1'],
  ],
  'a hash whose fields are all timed': [
    ['HSETEX', 'k', 'PX', '5000', 'FIELDS', '1', 'f', 'v'],
    ['EXPIRE', 'k', '100'],
  ],
}

const NAMES = ['a', 'b', 'c', 'ns/a', 'ns/b', 'other/k', 'a longer name', 'k2', 'k3', 'k4', 'k5', 'ns/c']

/** All that can be told of a key, the order in which a set gives its members aside. */
function told(client: Client, name: string): Reply[] {
  return [
    client.call('DEBUG', 'DIGEST-VALUE', name),
    client.call('OBJECT', 'ENCODING', name),
    client.call('PTTL', name),
    client.call('TYPE', name),
  ]
}

describe('RENAME, COPY, MOVE and snapshots keep', () => {
  for (const [what, commands] of Object.entries(VALUES)) {
    test(what, () => {
      using engine = new Engine({ maxmemory: '3gb', databases: '2' })
      const { keys } = engine.server
      expect(keys.shards.length).toBeGreaterThan(1)
      const client = engine.connect()
      for (const words of commands) client.call(...words)
      const is = told(client, 'k')
      let name = 'k'
      for (const [i, to] of NAMES.entries()) {
        // Every other name is taken, by a value of one of the types.
        if (i % 2 === 1)
          for (const words of Object.values(VALUES)[i] ?? []) client.call(words[0] ?? '', to, ...words.slice(2))
        client.call('RENAME', name, to)
        expect(told(client, to)).toEqual(is)
        expect(client.call('EXISTS', name)).toBe(0)
        name = to
        client.call('COPY', name, `${name} copied`, 'REPLACE')
        expect(told(client, `${name} copied`)).toEqual(is)
        client.call('COPY', name, name, 'DB', '1')
        recount(keys)
      }
      client.call('SELECT', '1')
      for (const each of NAMES) expect(told(client, each)).toEqual(is)
      for (const each of NAMES) client.call('MOVE', each, '0')
      client.call('SELECT', '0')
      client.call('DEBUG', 'RELOAD')
      recount(keys)
      for (const each of NAMES) {
        expect(told(client, each)).toEqual(is)
        expect(told(client, `${each} copied`)).toEqual(is)
      }
      engine.clock.advance(5001)
      const left = client.call('DBSIZE')
      engine.sweep()
      recount(keys)
      // Clocks of fields have found their keys wherever these went.
      if (what.includes('all timed')) expect(client.call('DBSIZE')).toBe(0)
      else expect(client.call('DBSIZE')).toBe(left as number)
      if (what.includes('large hash with timed')) expect(client.call('HGETALL', 'ns/c copied')).toEqual(['stays', '1'])
      expect(engine.bugs).toEqual([])
    })
  }
})
