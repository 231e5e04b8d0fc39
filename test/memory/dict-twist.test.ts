// The copy of a dict under twisted hashes, and what is left of it when the arena has no room.

import { describe, expect, test } from 'bun:test'
import { Arena } from '../../src/memory/arena.ts'
import { DICT_ROOT_BYTES, dictCheck, dictClear, dictInsert, dictScan } from '../../src/memory/dict.ts'
import { dictTwist } from '../../src/memory/dict-twist.ts'
import { PairBatch } from '../../src/memory/pair-batch.ts'
import { Random } from '../../src/store/random.ts'

const ALL_HASHES = 0x1_0000_0000

function root(a: Arena): number {
  const at = a.alloc(DICT_ROOT_BYTES)
  a.i32.fill(0, at >> 2, (at + DICT_ROOT_BYTES) >> 2)
  return at
}

function pairs(a: Arena, dict: number, twist: number): string[] {
  const batch = new PairBatch()
  for (let at = 0; at < ALL_HASHES; ) at = dictScan(a, dict, at, 1000, batch)
  return Array.from({ length: batch.length }, (_, i) => `${(batch.hashes[i] ?? 0) ^ twist} ${batch.refs[i]}`).sort()
}

/** Hashes that are spread, or crowd in few segments, or are equal. */
const SPREADS: Readonly<Record<string, (random: Random) => number>> = {
  spread: random => random.int32(),
  crowded: random => random.int32() & 0x8000ffff,
  equal: random => random.below(3) << 30,
}

describe('a twisted dict', () => {
  for (const [name, hash] of Object.entries(SPREADS)) {
    for (const count of [0, 1, 7, 400, 3000, 40_000]) {
      if (name === 'equal' && count > 400) continue
      test(`holds the same pairs under other hashes: ${count} ${name} ones`, () => {
        const a = new Arena(1 << 26)
        const random = new Random(count + 1)
        const from = root(a)
        for (let i = 0; i < count; i++) dictInsert(a, from, hash(random), 8 * i + 8)
        for (const twist of [0, 1, -1, 0x40000000, random.int32(), random.int32()]) {
          const before = a.allocatedBytes
          const to = root(a)
          expect(dictTwist(a, from, to, twist)).toBe(true)
          dictCheck(a, from)
          dictCheck(a, to)
          expect(pairs(a, to, twist)).toEqual(pairs(a, from, 0))
          for (let i = 0; i < 500; i++) dictInsert(a, to, hash(random), 4)
          dictCheck(a, to)
          dictClear(a, to)
          a.free(to)
          expect(a.allocatedBytes).toBe(before)
        }
      })
    }
  }

  test('is empty when there is no room for it', () => {
    const a = new Arena(1 << 20)
    const random = new Random(1)
    const from = root(a)
    const to = root(a)
    for (let i = 0; i < 20_000; i++) dictInsert(a, from, random.int32(), 8 * i + 8)
    const blocks: number[] = []
    for (let block = a.alloc(1024); block !== 0; block = a.alloc(1024)) blocks.push(block)
    let failures = 0
    for (;;) {
      const before = a.allocatedBytes
      if (dictTwist(a, from, to, random.int32())) break
      failures++
      dictCheck(a, to)
      expect(a.allocatedBytes).toBe(before)
      const block = blocks.pop()
      if (block === undefined) throw new Error('everything is free and it does not fit')
      a.free(block)
    }
    expect(failures).toBeGreaterThan(20)
    dictCheck(a, to)
  })
})
