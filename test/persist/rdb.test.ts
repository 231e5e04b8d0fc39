// Values of RDB: the encodings of old versions, made here by hand, and what is wrong with them.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Crc64 } from '../../src/bytes/crc.ts'
import { lzfCompress, lzfExpand } from '../../src/persist/rdb/lzf.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'

type Bytes = readonly number[]

const bytes = (text: string): number[] => [...Buffer.from(text, 'latin1')]
const le16 = (n: number): number[] => [n & 255, (n >> 8) & 255]
const le32 = (n: number): number[] => [...le16(n & 0xffff), ...le16(n >>> 16)]
const le64 = (n: bigint): number[] => [...le32(Number(n & 0xffffffffn)), ...le32(Number((n >> 32n) & 0xffffffffn))]

/** A string of RDB below 16 KiB. */
const string = (content: Bytes): number[] =>
  content.length < 64 ? [content.length, ...content] : [0x40 | (content.length >> 8), content.length & 255, ...content]
const text = (content: string): number[] => string(bytes(content))

const payload = (type: number, value: Bytes, version = 10): Uint8Array => {
  const all = Uint8Array.from([type, ...value, ...le16(version), ...new Array<number>(8).fill(0)])
  const crc = new Crc64()
  crc.update(all, 0, all.length - 8)
  crc.write(all, all.length - 8)
  return all
}

/** An entry: head and data, without the length of the one before. */
function ziplist(entries: readonly Bytes[]): number[] {
  const body: number[] = []
  let before = 0
  let last = 10
  for (const entry of entries) {
    last = 10 + body.length
    const whole = [...(before < 254 ? [before] : [254, ...le32(before)]), ...entry]
    body.push(...whole)
    before = whole.length
  }
  return [...le32(11 + body.length), ...le32(last), ...le16(entries.length), ...body, 255]
}

const short = (content: string): number[] => [content.length, ...bytes(content)]

/** An element: head and data, without its length at the end, which is below 128 here. */
function listpack(elements: readonly Bytes[]): number[] {
  const body = elements.flatMap(element => [...element, element.length])
  return [...le32(7 + body.length), ...le16(elements.length), ...body, 255]
}

const packed = (content: string): number[] => [0x80 | content.length, ...bytes(content)]

function intset(width: number, integers: readonly bigint[]): number[] {
  return [...le32(width), ...le32(integers.length), ...integers.flatMap(n => le64(n).slice(0, width))]
}

function restored(engine: Engine, type: number, value: Bytes, version = 10): unknown {
  const client = engine.connect()
  client.call('DEL', 'k')
  const all = Buffer.from(payload(type, value, version)).toString('latin1')
  return client.call('RESTORE', 'k', '0', all)
}

const BAD = { error: 'ERR Bad data format' }

/** Restores and then asks. */
function expectReply(engine: Engine, type: number, value: Bytes, words: readonly string[], reply: unknown): void {
  expect(restored(engine, type, value)).toEqual({ simple: 'OK' })
  expect(engine.connect().call(...(words as [string]))).toEqual(reply as never)
}

describe('what old versions wrote is read', () => {
  using engine = new Engine()
  const WIDE = le64(-9007199254740993n)
  const ENTRIES: readonly (readonly [string, Bytes])[] = [
    ['a', short('a')],
    ['', short('')],
    ['x'.repeat(300), [0x41, 0x2c, ...bytes('x'.repeat(300))]],
    ['after', short('after')],
    ['y'.repeat(5), [0x80, 0, 0, 0, 5, ...bytes('yyyyy')]],
    ['0', [0xf1]],
    ['12', [0xfd]],
    ['-5', [0xfe, 0xfb]],
    ['-300', [0xc0, ...le16(-300)]],
    ['-70000', [0xf0, ...le32(-70000).slice(0, 3)]],
    ['70000', [0xf0, ...le32(70000).slice(0, 3)]],
    ['-2000000000', [0xd0, ...le32(-2000000000)]],
    ['-9007199254740993', [0xe0, ...WIDE]],
  ]
  const names = ENTRIES.map(([name]) => name)
  const entries = ENTRIES.map(([, entry]) => entry)

  test('ziplists: lists alone and in nodes', () => {
    expectReply(engine, 10, string(ziplist(entries)), ['LRANGE', 'k', '0', '-1'], names)
    const nodes = [2, ...string(ziplist(entries)), ...string(ziplist([short('end')]))]
    expectReply(engine, 14, nodes, ['LRANGE', 'k', '0', '-1'], [...names, 'end'])
  })

  test('ziplists: hashes and sorted sets', () => {
    const pairs = string(ziplist([short('f'), short('v'), [0xfe, 0x80], [0xf2]]))
    expectReply(engine, 13, pairs, ['HGETALL', 'k'], ['f', 'v', '-128', '1'])
    const scored = string(ziplist([short('a'), short('1.5'), [0xf3], [0xf5], short('c'), short('inf')]))
    expectReply(engine, 12, scored, ['ZRANGE', 'k', '0', '-1', 'WITHSCORES'], ['a', '1.5', '2', '4', 'c', 'inf'])
  })

  test('listpacks: sets, integers of every width, counts that are not known', () => {
    const elements = [packed('a'), [0x7f], [0xdf, 0xff], [0xf1, ...le16(-300)], [0xf4, ...WIDE]]
    const members = ['a', '127', '-1', '-300', '-9007199254740993']
    expect(restored(engine, 20, string(listpack(elements)))).toEqual({ simple: 'OK' })
    expect((engine.connect().call('SMEMBERS', 'k') as string[]).sort()).toEqual(members.sort())
    const unknown = listpack(elements)
    unknown[4] = 255
    unknown[5] = 255
    expectReply(engine, 18, [1, 2, ...string(unknown)], ['LLEN', 'k'], 5)
    expectReply(engine, 18, [2, 1, ...text('plain'), 2, ...string(unknown)], ['LINDEX', 'k', '0'], 'plain')
  })

  test('zipmaps', () => {
    const map = [2, 1, ...bytes('f'), 2, 1, ...bytes('vv!'), 254, ...le32(300), ...bytes('g'.repeat(300)), 0, 0, 255]
    expectReply(engine, 9, string(map), ['HMGET', 'k', 'f', 'g'.repeat(300)], ['vv', ''])
    map[0] = 254
    expectReply(engine, 9, string(map), ['HLEN', 'k'], 2)
  })

  test('intsets', () => {
    expectReply(engine, 11, string(intset(2, [-5n, 0n, 300n])), ['OBJECT', 'ENCODING', 'k'], 'intset')
    const wide = intset(8, [-9007199254740993n, -1n, 4294967295n, 9223372036854775807n])
    expectReply(engine, 11, string(wide), ['SMISMEMBER', 'k', '-9007199254740993', '4294967295', '1'], [1, 1, 0])
    expectReply(engine, 11, string(intset(4, [-70000n, 70000n])), ['SCARD', 'k'], 2)
  })

  test('lists, sets, hashes and sorted sets element after element', () => {
    expectReply(engine, 1, [2, ...text('a'), 0xc0, 0xff], ['LRANGE', 'k', '0', '-1'], ['a', '-1'])
    const scored = [4, ...text('a'), ...text('1.5'), ...text('b'), 254, ...text('c'), 255, ...text('d'), ...text('2')]
    const order = ['c', '-inf', 'a', '1.5', 'd', '2', 'b', 'inf']
    expectReply(engine, 3, scored, ['ZRANGE', 'k', '0', '-1', 'WITHSCORES'], order)
    expectReply(engine, 4, [1, ...text('f'), 0xc1, 0x2c, 0x01], ['HGETALL', 'k'], ['f', '300'])
  })

  test('fields with deadlines, of 7.4 and its release candidates', () => {
    const at = 1_700_000_100_000
    const relative = [...le64(BigInt(at)), 2, 0x0b, ...text('f'), ...text('v'), 0, ...text('g'), ...text('w')]
    const absolute = [1, 0x81, ...le64(BigInt(at)).reverse(), ...text('f'), ...text('v')]
    const elements = [packed('f'), packed('v'), [0xf4, ...le64(BigInt(at))], packed('g'), packed('w'), [0]]
    const ask = ['HPEXPIRETIME', 'k', 'FIELDS', '2', 'f', 'g']
    expectReply(engine, 24, relative, ask, [at + 10, -1])
    expectReply(engine, 22, absolute, ask, [at, -2])
    expectReply(engine, 25, [...le64(BigInt(at)), ...string(listpack(elements))], ask, [at, -1])
    expectReply(engine, 23, string(listpack(elements)), ask, [at, -1])
  })

  test('and the accounts are right', () => {
    recount(engine.server.keys)
    expect(engine.bugs).toEqual([])
  })
})

describe('what contradicts itself is no value', () => {
  using engine = new Engine()
  const good = listpack([packed('a'), packed('1')])
  const zipped = ziplist([short('a'), short('1')])
  const changed = (list: Bytes, at: number, to: number): number[] => list.map((byte, i) => (i === at ? to : byte))
  const CASES: Readonly<Record<string, readonly [type: number, value: Bytes]>> = {
    'no such type': [200, []],
    'a stream': [15, [0]],
    'a module': [7, [0]],
    'an empty list': [1, [0]],
    'an empty quicklist': [18, [0]],
    'a quicklist of an empty listpack': [18, [1, 2, ...string(listpack([]))]],
    'an empty hash as ziplist': [13, string(ziplist([]))],
    'a string that ends too early': [0, [10, ...bytes('short')]],
    'a string of 2^63 bytes': [0, [0x81, 0x7f, 255, 255, 255, 255, 255, 255, 255]],
    'a string of another form': [0, [0xc4]],
    'a length of another form': [1, [0xc0]],
    'a length of no form': [1, [0x82, 0, 0, 0, 1]],
    'a compressed string that is too long': [0, [0xc3, 2, 0x80, 0x3f, 255, 255, 255, 0, 0]],
    'a compressed string that looks back too far': [0, [0xc3, 4, 5, 0x20, 5, 0x20, 5]],
    'a compressed string of another length': [0, [0xc3, 2, 2, 0, 65]],
    'something behind the value': [0, [1, 65, 66]],
    'a member twice': [2, [2, ...text('a'), ...text('a')]],
    'a field twice': [4, [2, ...text('a'), ...text('x'), ...text('a'), ...text('y')]],
    'a packed field twice': [16, string(listpack([packed('a'), packed('1'), packed('a'), packed('1')]))],
    'a packed field without a value': [16, string(listpack([packed('a')]))],
    'a packed member twice': [17, string(listpack([packed('a'), [1], packed('a'), [2]]))],
    'a packed member without a score': [17, string(listpack([packed('a')]))],
    'a score that is none': [17, string(listpack([packed('a'), packed('x')]))],
    'a score that is NaN': [3, [1, ...text('a'), 253]],
    'a packed score that is NaN': [17, string(listpack([packed('a'), packed('nan')]))],
    'an integer twice': [11, string(intset(2, [1n, 1n]))],
    'integers out of order': [11, string(intset(2, [2n, 1n]))],
    'an intset of no integers': [11, string(intset(2, []))],
    'integers of another width': [11, string([...le32(3), ...le32(1), 1, 2, 3])],
    'an intset that is too short': [11, string([...le32(4), ...le32(2), 1, 0, 0, 0])],
    'a listpack of another length': [16, string(changed(good, 0, good.length + 1))],
    'a listpack of another count': [16, string(changed(good, 4, 4))],
    'a listpack without an end': [16, string(changed(good, good.length - 1, 0))],
    'a back length that is wrong': [16, string(changed(good, 8, 3))],
    'an element that is too long': [16, string(changed(good, 6, 0x8f))],
    'an element of no form': [16, string(changed(good, 6, 0xf7))],
    'a ziplist of another length': [13, string(changed(zipped, 0, 100))],
    'a ziplist of another count': [13, string(changed(zipped, 8, 4))],
    'a ziplist with a wrong last entry': [13, string(changed(zipped, 4, 10))],
    'an entry that does not know the one before': [13, string(changed(zipped, 13, 4))],
    'an entry that is too long': [13, string(changed(zipped, 11, 60))],
    'a node of no kind': [18, [1, 3, ...string(good)]],
    'a zipmap that ends too early': [9, string([1, 1, ...bytes('f'), 9, 0, 255])],
    'a zipmap with a long length that is short': [
      9,
      string([1, 254, ...le32(1), ...bytes('f'), 1, 0, ...bytes('v'), 255]),
    ],
    'a field of a negative deadline': [24, [...le64(-100n), 1, 1, ...text('f'), ...text('v')]],
  }
  for (const [name, [type, value]] of Object.entries(CASES)) {
    test(name, () => {
      expect(restored(engine, type, value, 12)).toEqual(BAD)
      expect(engine.connect().call('EXISTS', 'k')).toBe(0)
      expect(engine.server.bugs).toBe(0)
    })
  }

  test('and nothing of it stays', () => recount(engine.server.keys))
})

describe('LZF', () => {
  test('gives back what it was given', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'ab', 'abcabc', '\0'.repeat(40), 'xyz'), { maxLength: 400 })
    fc.assert(
      fc.property(letters, parts => {
        const source = Buffer.from(parts.join(''))
        const packedBytes = new Uint8Array(source.length * 2 + 16)
        const end = lzfCompress(source, 0, source.length, packedBytes, 0, packedBytes.length)
        const back = new Uint8Array(source.length)
        expect(lzfExpand(packedBytes, 0, end, back, source.length)).toBe(true)
        expect(Buffer.from(back)).toEqual(source)
      }),
      { numRuns: 300 },
    )
  })
})

// ---- damaged payloads ----------------------------------------------------------------------------------------------

const COMMANDS = [
  'SET string abcabcabcabcabcabcabcabcabcabcabcabc',
  'SET int 70000',
  'RPUSH list a 1 -300 70000 x',
  `RPUSH big ${Array.from({ length: 900 }, (_, i) => `e${i}`).join(' ')}`,
  'SADD ints 1 2 300 70000',
  'SADD set a b 1 2',
  'ZADD zset 1 a 2.5 b -inf c',
  `ZADD bigz ${Array.from({ length: 140 }, (_, i) => `${i} m${i}`).join(' ')}`,
  'HSET hash a 1 b 2 c x',
  `HSET bigh f ${'x'.repeat(70)} g y`,
  'HSET timed f v g w',
  'HEXPIRE timed 100 FIELDS 1 f',
]

function dumps(client: Client): string[] {
  for (const line of COMMANDS) client.call(...(line.split(' ') as [string]))
  const all = (client.call('KEYS', '*') as string[]).sort().map(key => client.call('DUMP', key) as string)
  const old = [
    payload(13, string(ziplist([short('a'), short('1'), [0xfe, 5], [0xc0, 1, 1]]))),
    payload(9, string([1, 1, ...bytes('f'), 1, 0, ...bytes('v'), 255])),
    payload(14, [1, ...string(ziplist([short('a'), [0xf0, 1, 2, 3]]))]),
    payload(25, [...le64(1_700_000_100_000n), ...string(listpack([packed('f'), packed('v'), [0]]))], 12),
  ]
  return [...all, ...old.map(one => Buffer.from(one).toString('latin1'))]
}

type Change = readonly [kind: number, at: number, byte: number]

function damaged(dump: string, changes: readonly Change[]): string {
  let body = dump.slice(0, -10)
  for (const [kind, at, byte] of changes) {
    const i = Math.floor(at * body.length)
    const c = String.fromCharCode(byte)
    const [before, here, after] = [body.slice(0, i), body.slice(i, i + 1), body.slice(i + 1)]
    body = [before + c + after, before + after, before + here + here + after, before][kind] ?? body
  }
  return body + dump.slice(-10)
}

test('whatever is done to a payload, it is a value or an error', () => {
  using engine = new Engine({ maxmemory: '64mb' })
  const client = engine.connect()
  const good = dumps(client)
  client.call('FLUSHALL')
  client.call('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', '1')
  const change = fc.tuple(fc.nat(3), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255))
  let errors = 0
  fc.assert(
    fc.property(fc.constantFrom(...good), fc.array(change, { minLength: 1, maxLength: 4 }), (dump, changes) => {
      const reply = client.call('RESTORE', 'k', '0', damaged(dump, changes)) as { error?: string }
      if (reply.error !== undefined) {
        errors++
        expect(reply.error).toMatch(/^(ERR Bad data format|OOM )/)
        expect(client.call('EXISTS', 'k')).toBe(0)
        return
      }
      const again = client.call('DUMP', 'k') as string
      client.call('DEBUG', 'DIGEST-VALUE', 'k')
      if (again !== null) expect(client.call('RESTORE', 'k', '0', again, 'REPLACE')).toEqual({ simple: 'OK' })
      client.call('DEL', 'k')
    }),
    { numRuns: 20_000 },
  )
  expect(errors).toBeGreaterThan(1000)
  expect(engine.bugs).toEqual([])
  expect(engine.server.bugs).toBe(0)
  recount(engine.server.keys)
})
