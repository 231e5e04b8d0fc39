// What goes on in the keyspace below the commands: moving keys over the limit, growing when nothing fits, what observers
// are told when keys go by themselves, and all of it on several shards.

import { expect, test } from 'bun:test'
import { fromText, toText } from '../../src/bytes/ascii.ts'
import { CommandError } from '../../src/resp/errors.ts'
import { ManualClock } from '../../src/store/clock.ts'
import { Expiry } from '../../src/store/expiry.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import type { Place } from '../../src/store/place.ts'
import { Random } from '../../src/store/random.ts'
import { resizeString, setString } from '../../src/store/strings.ts'
import { copyKey, moveKey } from '../../src/store/transfer.ts'
import { recount } from '../support/recount.ts'

const NOW_MS = 1_700_000_000_000
const RAW = 0

function keyspace(shards: number): Keyspace {
  return new Keyspace({ databases: 4, limitBytes: 1 << 30, seed: 1, nowMs: NOW_MS, shards })
}

function find(keys: Keyspace, p: Place, name: string, db = 0): number {
  const bytes = fromText(name)
  return keys.locateIn(p, db, bytes, 0, bytes.length)
}

function set(keys: Keyspace, name: string, value: string, deadlineMs = 0, db = 0): void {
  find(keys, keys.at, name, db)
  const bytes = fromText(value)
  setString(keys, keys.at, bytes, 0, bytes.length, RAW, deadlineMs)
}

for (const bytes of [10, 3000, 50_000]) {
  test(`a key of ${bytes} bytes can be moved while the memory is over its limit, but not copied`, () => {
    const keys = keyspace(4)
    for (let i = 0; i < 20; i++) set(keys, `ns/${i}`, 'v'.repeat(bytes))
    keys.limitBytes = 1
    for (let i = 0; i < 20; i++) {
      find(keys, keys.at, `ns/${i}`)
      find(keys, keys.other, `to${i}`, 1)
      expect(() => copyKey(keys, keys.at, keys.other)).toThrow(CommandError)
      moveKey(keys, keys.at, keys.other)
    }
    recount(keys)
    expect([keys.size(0), keys.size(1), keys.limitBytes]).toEqual([0, 20, 1])
  })
}

test('a string that cannot grow out of its entry for want of room leaves nothing behind', () => {
  const keys = keyspace(1)
  set(keys, 'k', 'v'.repeat(20))
  const { arena } = keys.at.shard
  // The value fits the only free run to the last unit, so the entry without it fits nowhere.
  const run = arena.alloc(40_008)
  for (let bytes = 1 << 30; bytes >= 8; bytes >>= 1) while (arena.alloc(bytes) !== 0);
  arena.free(run)
  keys.limitBytes = Number.POSITIVE_INFINITY
  const before = arena.allocatedBytes
  find(keys, keys.at, 'k')
  expect(() => resizeString(keys, keys.at, 20_000)).toThrow(CommandError)
  expect(arena.allocatedBytes).toBe(before)
})

test('observers hear the names of keys that expire by themselves, their namespaces going with them', () => {
  const clock = new ManualClock(NOW_MS)
  const keys = keyspace(1)
  const expiry = new Expiry(keys, clock)
  const names = new Set<string>()
  keys.observers.push({
    changed(p) {
      names.delete(`${toText(p.buf, p.nsStart, p.nsEnd)}/${toText(p.buf, p.keyStart, p.keyEnd)}`)
    },
    flushed: () => undefined,
  })
  // Some of these entries have the size of a segment that the shrinking table of namespaces asks for.
  for (let keyBytes = 1; keyBytes < 400; keyBytes += 4) {
    for (let i = 0; i < 40; i++) {
      const name = `n${i}/${'k'.repeat(keyBytes)}`
      names.add(name)
      set(keys, name, '', clock.nowMs() + 1 + i)
    }
    clock.advance(100)
    while (expiry.slice());
    expect([...names]).toEqual([])
  }
})

test('on four shards accounts and values stay right through moves, deadlines, swaps and flushes', () => {
  const clock = new ManualClock(NOW_MS)
  const keys = keyspace(4)
  const expiry = new Expiry(keys, clock)
  const random = new Random(7)
  const sizes = [0, 30, 4000, 4078, 4084, 4085, 4096, 9000, 40_000]
  for (let i = 0; i < 6000; i++) {
    const name = `${['', 'ns/', 'other/'][random.below(3)]}${random.below(40)}${random.below(50) === 0 ? 'x'.repeat(65_540) : ''}`
    const db = random.below(3)
    const deadlineMs = random.below(2) * (clock.nowMs() + 1 + random.below(5000))
    const what = random.below(20)
    if (what < 9) set(keys, name, 'v'.repeat(sizes[random.below(sizes.length)] ?? 0), deadlineMs, db)
    else if (what < 16 && find(keys, keys.at, name, db) !== 0) {
      if (what < 11) keys.setDeadline(keys.at, deadlineMs)
      else if (what < 13) keys.remove(keys.at, 'del')
      else if (find(keys, keys.other, `${random.below(40)}`, (db + 1) % 3) !== keys.at.entry) {
        if (what < 15) moveKey(keys, keys.at, keys.other)
        else copyKey(keys, keys.at, keys.other)
      }
    } else if (what === 16) keys.swap(db, random.below(3))
    else if (what === 17 && random.below(5) === 0) keys.flush(db)
    else {
      clock.advance(random.below(100))
      keys.setNow(clock.nowMs())
      if (what === 18) expiry.slice()
    }
    if (i % 500 === 0) recount(keys)
  }
  recount(keys)
  clock.advance(10_000)
  while (expiry.slice());
  recount(keys)
})
