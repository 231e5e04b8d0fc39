// HyperLogLogs: the bytes that Redis 7.0.15 makes, and sparse and dense registers against an array of numbers.

import { describe, expect, test } from 'bun:test'
import { Random } from '../../src/store/random.ts'
import { CORRUPT, Draft, RAISED, SAME } from '../../src/values/hll-draft.ts'
import {
  DENSE_BYTES,
  denseRegister,
  Histogram,
  isHyperLogLog,
  keepCount,
  keptCount,
  mergeInto,
  placeOf,
  REGISTERS,
  RUN_MAX,
  registerOf,
  runOf,
} from '../../src/values/hyperloglog.ts'

const histogram = new Histogram()

function count(draft: Draft): number {
  expect(histogram.ofValue(draft.bytes, 0, draft.length)).toBe(true)
  return histogram.estimate()
}

function add(draft: Draft, text: string, limitBytes: number): number {
  const bytes = new TextEncoder().encode(text)
  const place = placeOf(bytes, 0, bytes.length)
  return draft.raise(registerOf(place), runOf(place), limitBytes)
}

/** hll-sparse-max-bytes, elements, SHA-1 of what GET gives after one PFADD, PFCOUNT: recorded from Redis 7.0.15. */
const RECORDED: readonly (readonly [limit: number, elements: number, sha1: string, count: number])[] = [
  [100, 10, '0ecf6a92df78cdd922d372a890d69ee5c3660c7e', 10],
  [100, 200, '5aa366cb212079dafad2950d25828014a5b9c9a7', 200],
  [100, 900, '4e40caaba18f0a4e2dc4de262f88a4dacf76eb13', 901],
  [100, 2000, '43a8caeaed153085e19ce42090ef315cf38c5a04', 1988],
  [100, 20000, '6e9e65a34ff3133ee5ba5a0244af9f15f44671e9', 19988],
  [3000, 10, '0ecf6a92df78cdd922d372a890d69ee5c3660c7e', 10],
  [3000, 200, 'c1ec6bc276225dd3269620335258ef58f8928fe6', 200],
  [3000, 900, '2491b4332f1eef4a2265701b784c7ed77ec4e338', 901],
  [3000, 2000, '43a8caeaed153085e19ce42090ef315cf38c5a04', 1988],
  [3000, 20000, '6e9e65a34ff3133ee5ba5a0244af9f15f44671e9', 19988],
]

describe('as Redis', () => {
  for (const [limit, elements, sha1, estimate] of RECORDED) {
    test(`${elements} elements, sparse up to ${limit} bytes`, () => {
      const draft = new Draft()
      draft.begin()
      for (let i = 0; i < elements; i++) add(draft, `element ${i}`, limit)
      draft.forgetCount()
      const bytes = draft.bytes.subarray(0, draft.length)
      expect(new Bun.CryptoHasher('sha1').update(bytes).digest('hex')).toBe(sha1)
      expect(count(draft)).toBe(estimate)
    })
  }
})

describe('registers', () => {
  test('hold what they were raised to, sparse or dense, in any order', () => {
    const random = new Random(3)
    for (let round = 0; round < 30; round++) {
      const draft = new Draft()
      const limit = 18 + random.below(round < 15 ? 200 : 20_000)
      const wanted = new Uint8Array(REGISTERS)
      const highest = random.below(4) === 0 ? RUN_MAX : 1 + random.below(32)
      const near = 1 + random.below(REGISTERS)
      draft.begin()
      for (let i = 0; i < 1500; i++) {
        // Now and then in ascending order, as a merge raises them.
        const register = i % 500 < 100 ? i % 500 : random.below(near)
        const run = 1 + random.below(highest)
        expect(draft.raise(register, run, limit)).toBe(run > (wanted[register] ?? 0) ? RAISED : SAME)
        wanted[register] = Math.max(wanted[register] ?? 0, run)
        if (!draft.isDense) expect(draft.length).toBeLessThanOrEqual(limit)
      }
      const merged = new Uint8Array(REGISTERS)
      expect(mergeInto(merged, draft.bytes, 0, draft.length)).toBe(true)
      expect(merged).toEqual(wanted)
      const before = count(draft)
      expect(draft.toDense()).toBe(true)
      expect(draft.length).toBe(DENSE_BYTES)
      expect(Array.from(wanted, (_, i) => denseRegister(draft.bytes, 0, i))).toEqual([...wanted])
      expect(count(draft)).toBe(before)
      histogram.ofBytes(wanted)
      expect(histogram.estimate()).toBe(before)
    }
  })

  test('that do not add up are corrupt', () => {
    const header = [0x48, 0x59, 0x4c, 0x4c, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]
    const corrupt = [[], [0x7f], [0x7f, 0xfe], [0x7f, 0xff, 0x00], [0x80, 0x7f, 0xff]]
    for (const opcodes of corrupt) {
      const value = Uint8Array.from([...header, ...opcodes])
      expect(isHyperLogLog(value, 0, value.length)).toBe(true)
      expect(histogram.ofValue(value, 0, value.length)).toBe(false)
      expect(mergeInto(new Uint8Array(REGISTERS), value, 0, value.length)).toBe(false)
      const draft = new Draft()
      draft.load(value, 0, value.length)
      expect(draft.toDense()).toBe(false)
      expect(draft.raise(0, 40, 3000)).toBe(CORRUPT)
    }
  })
})

test('an estimate is within five standard errors', () => {
  const draft = new Draft()
  draft.begin()
  for (let n = 1; n <= 200_000; n++) {
    add(draft, `${n}`, 3000)
    if (n % 20_000 === 0) expect(Math.abs(count(draft) - n) / n).toBeLessThan((5 * 1.04) / Math.sqrt(REGISTERS))
  }
})

test('a count is kept in 64 bits', () => {
  const header = new Uint8Array(16)
  for (const n of [0, 1, 255, 256, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER, 2 ** 63]) {
    keepCount(header, 0, n)
    expect(keptCount(header, 0)).toBe(BigInt(n))
  }
})
