// A snapshot taken beside traffic, with all types, values in parts and other keys between the parts, damaged: whatever bit is
// turned, wherever the file is cut, it is refused with the byte; never loaded, never a crash.

import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtomicFile } from '../../src/persist/atomic-file.ts'
import { ASIDE, PART, SnapshotDamaged } from '../../src/persist/format.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { Random } from '../../src/store/random.ts'
import { Engine } from '../support/engine.ts'
import { beginSave, inDirectory, makeKeyspace } from './keyspaces.ts'

const TRIES = process.env.KVNS_LONG_TESTS === '1' ? 20_000 : 400
/** Bytes at each end of the file that are cut or turned one by one: heads, the opening map, the closing frame. */
const EDGE = 60

/** By step. The walk is at the list then: the string is written between its parts, and in parts itself. */
const CHANGES: ReadonlyMap<number, readonly string[]> = new Map([
  [6, ['ZADD', 'ns/zset', '1', 'new']],
  [8, ['HSET', 'ns/hash', 'new', '1']],
  [9, ['APPEND', 'ns/prose', 'more']],
  [10, ['SADD', 'set', 'new']],
])

/** A snapshot of which every key was changed while it was written. */
function busySnapshot(path: string): Buffer {
  const engine = new Engine({}, 5)
  const client = engine.connect()
  const many = Array.from({ length: 1500 }, (_, i) => `element ${i} of a large value`)
  const scored = many.flatMap((element, i) => [String(i), element])
  client.call('RPUSH', 'list', ...many)
  client.call('SADD', 'set', ...many)
  client.call('ZADD', 'ns/zset', ...scored)
  client.call('HSET', 'ns/hash', ...scored)
  client.call('SET', 'string', 'x'.repeat(50_000), 'PX', '90000')
  client.call('SET', 'ns/prose', 'y'.repeat(50_000))
  for (let i = 0; i < 40; i++) client.call('SET', `k${i}`, `${i}`)
  const { keys } = engine.server
  const file = new AtomicFile(path)
  const { walk, queue } = beginSave(keys, file)
  for (let step = 0; walk.step(); step++) {
    client.call('SET', `k${step}`, 'new')
    const change = CHANGES.get(step)
    if (change !== undefined) client.call(...change)
  }
  queue.writeAll()
  file.commitSync()
  return readFileSync(path)
}

test('damage in any place of a snapshot with values in parts is found', () =>
  inDirectory(directory => {
    const path = join(directory, 'a')
    const whole = busySnapshot(path)
    expect(whole.indexOf(Buffer.from([0x92, ASIDE | PART]))).toBeGreaterThan(0)
    const target = makeKeyspace(9)
    expect(runToEnd(loadSnapshot(target, path)).keys).toBe(46)
    const random = new Random(3)
    const refused = (bytes: Buffer, what: string): void => {
      target.flushAll()
      writeFileSync(path, bytes)
      let error: unknown
      try {
        runToEnd(loadSnapshot(target, path))
      } catch (thrown) {
        error = thrown
      }
      if (!(error instanceof SnapshotDamaged)) throw new Error(`${what}: ${error}`)
      expect(error.byte).toBeLessThanOrEqual(whole.length)
    }
    const places = Array.from({ length: EDGE }, (_, i) => [i, whole.length - 1 - i]).flat()
    for (let i = 0; i < TRIES; i++) places.push(random.below(whole.length))
    for (const at of places) {
      const turned = Buffer.from(whole)
      turned[at] = (turned[at] ?? 0) ^ (1 << random.below(8))
      refused(turned, `a bit of byte ${at}`)
      refused(whole.subarray(0, at), `cut at ${at}`)
    }
    target.flushAll()
    writeFileSync(path, whole)
    expect(runToEnd(loadSnapshot(target, path)).keys).toBe(46)
  }))
