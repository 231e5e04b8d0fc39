// Parts of an order against a whole sort.

import { expect, test } from 'bun:test'
import { PartialSort } from '../../src/bytes/partial-sort.ts'
import { Random } from '../../src/store/random.ts'

const random = new Random(8)
const partial = new PartialSort()

/** Numbers to sort by: random, few different ones, in order already, or backwards. */
function values(n: number): number[] {
  const kind = random.below(4)
  const some = Array.from({ length: n }, () => random.below(kind === 0 ? 4 : 1_000_000))
  if (kind < 2) return some
  return some.sort((a, b) => (kind === 2 ? a - b : b - a))
}

test('a part is what a whole sort would put there, and nothing is lost', () => {
  for (let round = 0; round < 2000; round++) {
    const n = 1 + random.below(round % 10 === 0 ? 3000 : 60)
    const by = values(n)
    const low = random.below(n)
    const high = low + random.below(n - low)
    const order = Int32Array.from({ length: n + 3 }, (_, i) => i)
    partial.sort(order, n, (a, b) => (by[a] ?? 0) - (by[b] ?? 0), low, high)
    const whole = by.toSorted((a, b) => a - b)
    expect(Array.from(order.subarray(low, high + 1), i => by[i])).toEqual(whole.slice(low, high + 1))
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n + 3 }, (_, i) => i))
  }
})

test('the first few of many cost far less than all', () => {
  const n = 100_000
  const by = Array.from({ length: n }, () => random.below(2 ** 31))
  const order = Int32Array.from({ length: n }, (_, i) => i)
  let compared = 0
  partial.sort(
    order,
    n,
    (a, b) => {
      compared++
      return (by[a] ?? 0) - (by[b] ?? 0)
    },
    0,
    9,
  )
  expect(compared).toBeLessThan(6 * n)
})
