// Collections in snapshot files whose checksums are right and whose contents are not: each is refused with the byte at which it
// is wrong, and nothing of it stays.

import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packMap, SnapshotDamaged } from '../../src/persist/format.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_ZSET } from '../../src/values/types.ts'
import { Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { inDirectory, makeKeyspace, NOW_MS, seal } from './keyspaces.ts'

const PART = 16

function uint(n: number): Buffer {
  const bytes = Buffer.alloc(5, 0xce)
  bytes.writeUInt32BE(n, 1)
  return bytes
}

function array(n: number): Buffer {
  if (n < 16) return Buffer.from([0x90 | n])
  const bytes = Buffer.alloc(5, 0xdd)
  bytes.writeUInt32BE(n, 1)
  return bytes
}

function binary(text: string): Buffer {
  const bytes = uint(text.length)
  bytes[0] = 0xc6
  return Buffer.concat([bytes, Buffer.from(text, 'latin1')])
}

/** An array of these texts that says it has `count` of them. */
const texts = (all: readonly string[], count = all.length): Buffer => Buffer.concat([array(count), ...all.map(binary)])

const key = (type: number, value: Buffer, name = 'k'): Buffer =>
  Buffer.concat([array(6), uint(type), uint(0), binary(name), Buffer.from([0xc0]), uint(1), value])

const part = (value: Buffer): Buffer => Buffer.concat([array(2), uint(PART), value])

/** A file with these records of which `keys` are no parts. */
function fileOf(records: readonly Buffer[], keys: number): Buffer {
  const payloads = [Buffer.from(packMap({ createdMs: NOW_MS, databases: 1 })), Buffer.concat(records)]
  const bytes = seal(payloads).length
  return seal([...payloads, Buffer.from(packMap({ records: keys, bytes }))])
}

function load(records: readonly Buffer[]): Promise<void> {
  const keys = makeKeyspace()
  return inDirectory(directory => {
    const path = join(directory, 'a')
    writeFileSync(path, fileOf(records, records.filter(record => record[0] !== 0x92).length))
    try {
      runToEnd(loadSnapshot(keys, path))
    } catch (error) {
      if (!(error instanceof SnapshotDamaged)) throw error
      throw new Error(error.message.replace(/.* at byte \d+: /, ''))
    }
    recount(keys)
  })
}

const ELEMENT = 'an element of a value is not what it should be'
const HALF = 'a value with half an element'
/** What follows the elements that are there is none. */
const SHORT = 'a field is not binary'

const WHOLE: readonly (readonly [what: string, type: number, value: Buffer, reason: string])[] = [
  ['a list of nothing', TYPE_LIST, texts([]), HALF],
  ['a set of nothing', TYPE_SET, texts([]), HALF],
  ['a sorted set of nothing', TYPE_ZSET, texts([]), HALF],
  ['a hash of nothing', TYPE_HASH, texts([]), HALF],
  ['a member without a score', TYPE_ZSET, texts(['a', '1', 'b']), HALF],
  ['a field without a value', TYPE_HASH, texts(['f', 'v', '', 'g']), HALF],
  ['a field without a word for its deadline', TYPE_HASH, texts(['f', 'v']), HALF],
  ['fewer elements than there should be', TYPE_LIST, texts(['a', 'b'], 3), SHORT],
  ['four thousand million elements', TYPE_SET, texts(['a', 'b'], 2 ** 32 - 1), SHORT],
  ['four thousand million scores', TYPE_ZSET, texts(['a', '1'], 2 ** 32 - 2), SHORT],
  ['four thousand million fields', TYPE_HASH, texts(['f', 'v', ''], 2 ** 32 - 1), SHORT],
  ['a member twice', TYPE_SET, texts(['a', 'b', 'a']), ELEMENT],
  ['an integer twice', TYPE_SET, texts(['1', '2', '1']), ELEMENT],
  ['a scored member twice', TYPE_ZSET, texts(['a', '1', 'a', '2']), ELEMENT],
  ['a field twice', TYPE_HASH, texts(['f', 'v', '', 'f', 'w', '']), ELEMENT],
  ['a timed field twice', TYPE_HASH, texts(['f', 'v', String(NOW_MS - 9), 'f', 'w', '']), ELEMENT],
  ...['', 'x', 'nan', '-nan', '1x', ' 1', '1 ', '1,5', '\0'].map(
    score => [`the score '${score}'`, TYPE_ZSET, texts(['a', '1', 'b', score]), ELEMENT] as const,
  ),
  ...['x', '-1', '1.5', ' 1', '1e3', '-0', '01', '9007199254740993', 'inf'].map(
    deadline => [`the deadline '${deadline}'`, TYPE_HASH, texts(['f', 'v', deadline]), ELEMENT] as const,
  ),
  ['an element that is a number', TYPE_LIST, Buffer.concat([array(2), binary('a'), uint(7)]), 'a field is not binary'],
  ['a number of no elements', TYPE_ZSET, uint(0), 'a value of no elements has no parts'],
  ['nil', TYPE_SET, Buffer.from([0xc0]), 'a field is not a whole number'],
]

describe('a file is refused that has', () => {
  for (const [what, type, value, reason] of WHOLE) {
    test(what, async () => {
      const good = key(TYPE_LIST, texts(['a']), 'good')
      await expect(load([good, key(type, value), good])).rejects.toThrow(reason)
    })
  }
})

describe('a value in parts is refused when', () => {
  const PARTED: readonly (readonly [what: string, records: readonly Buffer[], reason: string])[] = [
    ['a part is missing', [key(TYPE_SET, uint(3)), part(texts(['a', 'b']))], 'the last value is not complete'],
    ['all parts are missing', [key(TYPE_LIST, uint(1)), part(texts([]))], 'the last value is not complete'],
    [
      'parts have too much',
      [key(TYPE_SET, uint(1)), part(texts(['a', 'b']))],
      'the parts of a value are more than it has',
    ],
    ['a part cuts an element', [key(TYPE_ZSET, uint(4)), part(texts(['a', '1', 'b']))], 'the parts of a value'],
    ['its number is that of half elements', [key(TYPE_HASH, uint(4)), part(texts(['f', 'v', '']))], 'no parts'],
    ['parts repeat a member', [key(TYPE_SET, uint(2)), part(texts(['a'])), part(texts(['a']))], ELEMENT],
    ['a part has no score', [key(TYPE_ZSET, uint(4)), part(texts(['a', '1'])), part(texts(['b', 'x']))], ELEMENT],
    ['a part is a text', [key(TYPE_LIST, uint(2)), part(texts(['a'])), part(binary('b'))], 'is not an array'],
    [
      'a part follows the last one',
      [key(TYPE_LIST, uint(1)), part(texts(['a'])), part(texts(['b']))],
      'without a value',
    ],
  ]
  for (const [what, records, reason] of PARTED) {
    test(what, async () => {
      await expect(load(records)).rejects.toThrow(reason)
    })
  }
})

test('whatever a good file may say is loaded', async () => {
  await load([
    key(TYPE_ZSET, texts(['a', 'inf', 'b', '-inf', 'c', '-0', '', '5e-324']), 'z'),
    key(TYPE_HASH, texts(['f', 'v', '', '', '', String(NOW_MS - 1), 'g', '', String(2 ** 46)]), 'h'),
    key(TYPE_SET, texts(['', '1', '01', '-0', '9223372036854775807']), 's'),
    key(TYPE_LIST, uint(2), 'l'),
    part(texts(['a'])),
    part(texts([])),
    part(texts(['a'])),
    key(TYPE_SET, uint(2), 'given up'),
    part(texts(['a'])),
    key(TYPE_LIST, texts(['x']), 'given up'),
  ])
})

test('after a DEBUG RELOAD that failed in the middle of a value nothing is left', () => {
  for (const value of [uint(4), texts(['a', '1', 'b', 'x'])]) {
    using engine = new Engine()
    const path = engine.config.persistPath
    const client = engine.connect()
    client.call('SET', 'before', '1')
    const half = [key(TYPE_ZSET, value), part(texts(['a', '1'])), part(texts(['b', 'x']))]
    writeFileSync(path, fileOf([key(TYPE_LIST, texts(['a']), 'good'), ...half], 2))
    expect(JSON.stringify(client.call('DEBUG', 'RELOAD', 'NOSAVE'))).toContain('ERR')
    expect(client.call('DBSIZE')).toBe(0)
    recount(engine.server.keys)
    expect(client.call('ZADD', 'k', '1', 'a')).toBe(1)
    recount(engine.server.keys)
  }
})
