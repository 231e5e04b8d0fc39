// Keys as JSON lines: what is written comes back, people may write such files, and what is wrong is told with its line.

import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JsonLineWrong, loadJson, saveJson } from '../../src/persist/json-lines.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'

const directory = mkdtempSync(join(tmpdir(), 'kvns-json-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const path = join(directory, 'test.jsonl')

const many = (n: number, text: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => text(i))

const COMMANDS: readonly (readonly [string, ...string[]])[] = [
  ['SET', 'plain', 'text with "quotes", é\n and \0'],
  ['SET', 'ns/\xff\xfe', '\xff\x00\x80', 'PX', '100000'],
  ['SET', 'long', 'x'.repeat(3_000_000)],
  ['RPUSH', 'list', ...many(2500, i => `e${i}`)],
  ['SADD', 'set', ...many(1500, i => `m${i}`), '\xff'],
  ['SADD', 'ints', '1', '2'],
  ['ZADD', 'zset', '1', 'a', '2.5', 'b', '-inf', 'c', '1e300', 'd'],
  ['HSET', 'hash', 'a', '1', 'b', ''],
  ['HSET', 'timed', 'f', 'v', 'g', 'w'],
  ['HPEXPIRE', 'timed', '5000', 'FIELDS', '1', 'f'],
  ['PEXPIRE', 'hash', '7000'],
  ['SELECT', '3'],
  ['SET', 'other', 'db'],
]

test('what is written comes back', () => {
  using from = new Engine()
  using to = new Engine()
  const client = from.connect()
  for (const command of COMMANDS) client.call(...command)
  expect(saveJson(from.server.keys, path)).toBe(10)
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) JSON.parse(line)
  expect(runToEnd(loadJson(to.server.keys, path))).toBe(10)
  expect(to.connect().call('DEBUG', 'DIGEST')).toEqual(client.call('DEBUG', 'DIGEST'))
  recount(to.server.keys)
})

function load(engine: Engine, ...lines: readonly string[]): number {
  writeFileSync(path, lines.join('\n'))
  return runToEnd(loadJson(engine.server.keys, path))
}

test('lines of other makers: numbers for texts, empty lines, no end of line at the end', () => {
  using engine = new Engine()
  const zset = '{"key":"z","type":"zset","value":[["a",1.5],["b","inf"]]}\r'
  const past = '{"key":"gone","type":"string","value":"x","expireAtMs":1}'
  expect(load(engine, zset, '', '\r', past, '{"key":7,"type":"string","value":8}')).toBe(2)
  const client = engine.connect()
  expect(client.call('ZRANGE', 'z', '0', '-1', 'WITHSCORES')).toEqual(['a', '1.5', 'b', 'inf'])
  expect(client.call('MGET', '7', 'gone')).toEqual(['8', null])
  recount(engine.server.keys)
})

describe('a line that is wrong is told, and makes no key', () => {
  const CASES: Readonly<Record<string, string>> = {
    'no JSON': '{"key":',
    'no object': '{"key":"k"}x',
    'no key': '{"type":"string","value":"v"}',
    'no type': '{"key":"k","value":"v"}',
    'another type': '{"key":"k","type":"stream","value":["a"]}',
    'no value': '{"key":"k","type":"string"}',
    'a list that is none': '{"key":"k","type":"list","value":"a"}',
    'an empty list': '{"key":"k","type":"list","value":[]}',
    'an element that is none': '{"key":"k","type":"list","value":[null]}',
    'a member twice': '{"key":"k","type":"set","value":["a","a"]}',
    'a score that is none': '{"key":"k","type":"zset","value":[["a","x"]]}',
    'a score that is NaN': '{"key":"k","type":"zset","value":[["a","nan"]]}',
    'a member without a score': '{"key":"k","type":"zset","value":[["a"]]}',
    'a field without a value': '{"key":"k","type":"hash","value":[["a"]]}',
    'a deadline of a field that is none': '{"key":"k","type":"hash","value":[["a","b","-1"]]}',
    'a deadline that is none': '{"key":"k","type":"string","value":"v","expireAtMs":-1}',
    'a database too many': '{"db":16,"key":"k","type":"string","value":"v"}',
    'a database that is none': '{"db":"0","key":"k","type":"string","value":"v"}',
    'more of another key': '{"key":"k","type":"list","value":["a"],"append":true}',
  }
  using engine = new Engine()
  for (const [name, line] of Object.entries(CASES)) {
    test(name, () => {
      expect(() => load(engine, '{"key":"good","type":"string","value":"v"}', line)).toThrow(/test\.jsonl, line 2: /)
      expect(() => load(engine, line)).toThrow(JsonLineWrong)
      expect(engine.connect().call('EXISTS', 'k')).toBe(0)
      recount(engine.server.keys)
    })
  }
})
