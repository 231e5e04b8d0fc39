import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { Packr, Unpackr } from 'msgpackr'
import { packMap, unpackMap } from '../../src/persist/format.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { saveSync } from '../../src/persist/writer.ts'
import { ManualClock } from '../../src/store/clock.ts'
import { inDirectory, latin1, makeKeyspace, NOW_MS, set, setAccess, stateOf } from './keyspaces.ts'

const clock = new ManualClock(NOW_MS)

/** The payloads of a file, read with nothing of ours; throws when a checksum is wrong. */
function payloadsOf(path: string): unknown[][] {
  const file = readFileSync(path)
  expect(file.toString('latin1', 0, 8)).toBe('KVNS\0\0\0\x01')
  const payloads: unknown[][] = []
  let chain = crc32(file.subarray(0, 8))
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at)
    const payload = file.subarray(at + 12, at + 12 + length)
    chain = crc32(file.subarray(at, at + 8), chain)
    expect([file.readUInt32BE(at + 4), file.readUInt32BE(at + 8)]).toEqual([crc32(payload), chain])
    payloads.push(new Unpackr({ useRecords: false }).unpackMultiple(payload))
    at += 12 + length
  }
  return payloads
}

test('a snapshot reads as MessagePack: an opening map, records, a closing map', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    set(keys, 'plain', 'abc')
    setAccess(keys, 'plain', -2)
    saveSync(keys, path, clock)
    expect(payloadsOf(path)).toEqual([
      [{ createdMs: NOW_MS, databases: 16 }],
      [[0, 0, Buffer.from('plain'), null, 0xfffffffe, 8, Buffer.from('abc')]],
      [{ records: 1, bytes: expect.any(Number) }],
    ])
    set(keys, 'ns/k\xff', '12', 15, NOW_MS + 5000)
    setAccess(keys, 'ns/k\xff', 7, 15)
    saveSync(keys, path, clock)
    expect(payloadsOf(path)[1]?.[1]).toEqual([
      0,
      15,
      Buffer.from(latin1('ns/k\xff')),
      NOW_MS + 5000,
      7,
      1,
      Buffer.from('12'),
    ])
  }))

test('a value above the limit for whole ones is a length and parts, in frames below 1 MiB', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    const value = 'large value '.repeat(300_000)
    set(keys, 'large', value)
    saveSync(keys, path, clock)
    const payloads = payloadsOf(path)
    const records = payloads.slice(1, -1).flat() as unknown[][]
    expect(records[0]?.[6]).toBe(value.length)
    expect(Buffer.concat(records.slice(1).map(part => part[1] as Buffer)).toString()).toBe(value)
    expect(records.slice(1).every(part => part[0] === 16)).toBe(true)
    expect(payloads.length).toBeGreaterThan(5)
    const loaded = makeKeyspace(9)
    runToEnd(loadSnapshot(loaded, path))
    expect(stateOf(loaded)).toEqual(stateOf(keys))
  }))

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array).toString('latin1'))
const arbitraryKey = fc.record({
  name: fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom('', 'a', 'default', 'b\0\xff', 'n'.repeat(300)), bytes(6))
        .map(([ns, key]) => `${ns}/${key}`),
    },
    { weight: 3, arbitrary: bytes(12) },
    { weight: 1, arbitrary: fc.constantFrom('', '/', '//', 'default/', 'default/a/b', 'k'.repeat(70_000)) },
  ),
  value: fc.oneof(
    { weight: 4, arbitrary: bytes(60) },
    { weight: 2, arbitrary: fc.integer().map(String) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(40, 255, 256, 4080, 4096, 32_768, 32_769, 65_536, 300_000).map(n => 'v'.repeat(n)),
    },
  ),
  db: fc.integer({ min: 0, max: 15 }),
  deadline: fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 2 ** 40 }).map(n => NOW_MS + n),
  ),
  access: fc.integer(),
})

test('whatever is saved is loaded: names, values, encodings, deadlines, access words, accounting', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const loaded = makeKeyspace(2, 2)
    const keys = makeKeyspace(3, 4)
    fc.assert(
      fc.property(fc.array(arbitraryKey, { maxLength: 40 }), all => {
        keys.flushAll()
        loaded.flushAll()
        for (const key of all) {
          set(keys, key.name, key.value, key.db, key.deadline)
          setAccess(keys, key.name, key.access, key.db)
        }
        const saved = saveSync(keys, path, clock)
        const result = runToEnd(loadSnapshot(loaded, path))
        const before = stateOf(keys)
        expect(stateOf(loaded)).toEqual(before)
        expect(loaded.logicalBytes()).toBe(keys.logicalBytes())
        expect([saved.records, result.keys, result.expired, result.bytes]).toEqual([
          before.size,
          before.size,
          0,
          saved.bytes,
        ])
        expect(result.createdMs).toBe(NOW_MS)
      }),
      { numRuns: 150 },
    )
  }))

test('thousands of keys in many namespaces fill several frames and come back', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    for (let i = 0; i < 20_000; i++) set(keys, `user${i % 700}/key:${i}`, `value ${i}`.repeat(1 + (i % 9)), i % 3)
    saveSync(keys, path, clock)
    const loaded = makeKeyspace(5)
    expect(runToEnd(loadSnapshot(loaded, path)).keys).toBe(20_000)
    expect(stateOf(loaded)).toEqual(stateOf(keys))
  }))

test('maps are those that MessagePack libraries read and write', () => {
  const packr = new Packr({ useRecords: false, variableMapSize: true })
  for (const createdMs of [0, 5, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, NOW_MS, 2 ** 53 - 1]) {
    const map = { createdMs, databases: 16 }
    expect(packr.unpack(packMap(map))).toEqual(map)
    for (const packed of [packMap(map), new Uint8Array(packr.pack(map))]) {
      expect(unpackMap(packed, ['databases', 'createdMs'])).toEqual([16, createdMs])
      for (let end = 1; end < packed.length; end++)
        expect(unpackMap(packed.subarray(0, end), ['createdMs'])).toBeUndefined()
    }
  }
  for (const map of [{ createdMs: -1 }, { createdMs: 0.5 }, { createdMs: 'x' }, { databases: 1 }]) {
    expect(unpackMap(new Uint8Array(packr.pack(map)), ['createdMs'])).toBeUndefined()
  }
})
