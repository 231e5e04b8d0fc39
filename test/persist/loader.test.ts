import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { packMap, SnapshotDamaged, SnapshotRefused } from '../../src/persist/format.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { saveSync } from '../../src/persist/writer.ts'
import { ManualClock } from '../../src/store/clock.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { get, inDirectory, makeKeyspace, NOW_MS, seal, set, stateOf } from './keyspaces.ts'

const clock = new ManualClock(NOW_MS)
const target = makeKeyspace(8)

function attempt(path: string): unknown {
  target.flushAll()
  try {
    runToEnd(loadSnapshot(target, path))
    return 'loaded'
  } catch (error) {
    return error
  }
}

/** A small file with everything in it but parts. */
function small(path: string): Buffer {
  const keys = makeKeyspace()
  for (let i = 0; i < 4; i++) set(keys, `ns${i}/key`, `value ${i}`, i, i === 2 ? NOW_MS + 1000 : 0)
  set(keys, 'n', '-17')
  saveSync(keys, path, clock)
  return readFileSync(path)
}

test('each flipped bit is found', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const file = small(path)
    for (let bit = 0; bit < file.length * 8; bit++) {
      const broken = Buffer.from(file)
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      writeFileSync(path, broken)
      const error = attempt(path)
      if (!(error instanceof SnapshotDamaged)) throw new Error(`bit ${bit}: ${error}`)
      expect(error.byte).toBeLessThanOrEqual(file.length)
      expect(error.message).toStartWith(`snapshot ${path} is damaged at byte ${error.byte}: `)
    }
  }))

test('a file cut anywhere, or with something behind its end, is found', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const file = small(path)
    for (let length = 0; length < file.length; length++) {
      writeFileSync(path, file.subarray(0, length))
      expect(attempt(path)).toBeInstanceOf(SnapshotDamaged)
    }
    for (const more of [Buffer.from([0]), file.subarray(-40), file]) {
      writeFileSync(path, Buffer.concat([file, more]))
      expect(attempt(path)).toBeInstanceOf(SnapshotDamaged)
    }
  }))

/** Splits a file into its frames and joins them again, with right checksums. */
function payloadsOf(file: Buffer): Buffer[] {
  const payloads: Buffer[] = []
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    payloads.push(Buffer.from(file.subarray(at + 12, at + 12 + file.readUInt32BE(at))))
  }
  return payloads
}

test('with right checksums too, no content makes the loader crash, hang or take memory', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    set(keys, 'a/b', 'value')
    set(keys, 'large', 'x'.repeat(50_000), 1)
    set(keys, 'timed', '77', 2, NOW_MS + 50)
    saveSync(keys, path, clock)
    const payloads = payloadsOf(readFileSync(path))
    expect(seal(payloads)).toEqual(readFileSync(path))
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }))
    fc.assert(
      fc.property(
        fc.nat({ max: payloads.length - 1 }),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        (which, changes) => {
          const copies = payloads.map(payload => Buffer.from(payload))
          const payload = copies[which] ?? Buffer.alloc(0)
          // Nearly all of a payload may be one value: only the first and the last bytes have a meaning.
          for (const [at, byte] of changes) payload[at % Math.min(payload.length, 120)] = byte
          writeFileSync(path, seal(copies))
          const outcome = attempt(path)
          if (outcome !== 'loaded') {
            expect(outcome instanceof SnapshotDamaged || outcome instanceof SnapshotRefused).toBe(true)
          }
          expect(target.allocatedBytes()).toBeLessThan(1 << 20)
          stateOf(target)
        },
      ),
      { numRuns: 1500 },
    )
  }))

test('frames that are doubled, exchanged or missing are found', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    for (let i = 0; i < 60; i++) set(keys, `key${i}`, 'v'.repeat(30_000))
    saveSync(keys, path, clock)
    const file = readFileSync(path)
    const frames: Buffer[] = []
    for (let at = 8; at < file.length; ) {
      const length = 12 + file.readUInt32BE(at)
      frames.push(file.subarray(at, at + length))
      at += length
    }
    expect(frames.length).toBeGreaterThanOrEqual(4)
    const [opening, first, second, ...rest] = frames
    for (const order of [
      [opening, first, first, second],
      [opening, second, first],
      [opening, second],
      [first, second],
    ]) {
      writeFileSync(path, Buffer.concat([file.subarray(0, 8), ...order.map(f => f ?? Buffer.alloc(0)), ...rest]))
      expect(attempt(path)).toBeInstanceOf(SnapshotDamaged)
    }
  }))

test('a value whose parts stop short is not loaded, whatever record follows', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    set(keys, 'large', 'x'.repeat(400_000))
    saveSync(keys, path, clock)
    const [opening, parted] = payloadsOf(readFileSync(path))
    keys.flushAll()
    set(keys, 'other', 'z'.repeat(500_000))
    saveSync(keys, path, clock)
    const others = payloadsOf(readFileSync(path)).slice(1, -1)
    if (opening === undefined || parted === undefined) throw new Error('no frames')
    // [0, 0, 'large', nil, access, 0, 400000]: everything before the array of the first part.
    const head = parted.subarray(0, parted.indexOf(Buffer.from([0x92, 16])))
    const frames = [opening, head, ...others]
    const closing = Buffer.from(packMap({ records: 2, bytes: seal(frames).length }))
    writeFileSync(path, seal([...frames, closing]))
    expect(attempt(path)).toBe('loaded')
    expect([...stateOf(target).keys()].sort()).toEqual(['0 other'])
    // The same with a length that the file cannot hold: no memory is taken for it.
    head.writeUInt32BE(1 << 30, head.length - 4)
    writeFileSync(
      path,
      seal([opening, head, Buffer.from(packMap({ records: 1, bytes: seal([opening, head]).length }))]),
    )
    expect(String(attempt(path))).toContain('the last value is not complete')
    expect(target.allocatedBytes()).toBeLessThan(1 << 20)
  }))

test('keys whose deadline has passed are left out, in parts or whole', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    set(keys, 'gone', 'x', 0, NOW_MS + 10)
    set(keys, 'gone large', 'x'.repeat(700_000), 0, NOW_MS + 10)
    set(keys, 'stays', 'y', 0, NOW_MS + 11)
    set(keys, 'stays large', 'y'.repeat(700_000), 0, NOW_MS + 1000)
    saveSync(keys, path, clock)
    const loaded = makeKeyspace()
    loaded.setNow(NOW_MS + 11)
    expect(runToEnd(loadSnapshot(loaded, path))).toMatchObject({ keys: 2, expired: 2 })
    expect([...stateOf(loaded).keys()].sort()).toEqual(['0 stays', '0 stays large'])
  }))

test('the memory limit does not count while loading, and holds again afterwards', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    for (let i = 0; i < 1000; i++) set(keys, `key${i}`, 'v'.repeat(100))
    saveSync(keys, path, clock)
    const loaded = new Keyspace({ databases: 16, limitBytes: 50_000, seed: 1, nowMs: NOW_MS, shards: 1 })
    expect(runToEnd(loadSnapshot(loaded, path)).keys).toBe(1000)
    expect(() => set(loaded, 'one more', 'x')).toThrow()
    expect(loaded.limitBytes).toBe(50_000)
  }))

test('a file of a later version, or with more databases, is refused but not damaged', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    set(keys, 'k', 'v', 9)
    saveSync(keys, path, clock)
    const fewer = new Keyspace({ databases: 4, limitBytes: 1 << 20, seed: 1, nowMs: NOW_MS, shards: 1 })
    expect(() => runToEnd(loadSnapshot(fewer, path))).toThrow('it has keys in database 9, this server has 4 databases')
    const file = readFileSync(path)
    file[7] = 2
    file.writeUInt32BE(crc32(file.subarray(8, 16), crc32(file.subarray(0, 8))), 16)
    writeFileSync(path, file)
    expect(attempt(path)).toBeInstanceOf(SnapshotRefused)
    expect(String(attempt(path))).toContain('it is of version 2')
  }))

test('loading adds no changes and announces none', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const keys = makeKeyspace()
    set(keys, 'k', 'v')
    saveSync(keys, path, clock)
    const loaded = makeKeyspace()
    const heard: string[] = []
    loaded.observers.push({ changed: (_place, event) => heard.push(event), flushed: () => heard.push('flushed') })
    runToEnd(loadSnapshot(loaded, path))
    expect([get(loaded, 'k'), loaded.dirty, heard]).toEqual(['v', 0, []])
  }))
