// Longest common subsequences by bits: every cell agrees with the classic table.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { lcsTable } from '../../src/bytes/lcs.ts'

/** lengths[i][j] of the first i bytes of a and the first j of b. */
function classic(a: Uint8Array, b: Uint8Array): number[][] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i++) {
    const row = lengths[i] as number[]
    for (let j = 1; j <= b.length; j++) {
      row[j] = a[i - 1] === b[j - 1] ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1))
    }
  }
  return lengths
}

const letters = (max: number, most: number) => fc.uint8Array({ max, maxLength: most })

test('the total and every rise are those of the table of lengths, also across words', () => {
  const texts = fc.oneof(letters(1, 140), letters(3, 140), letters(255, 140))
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      const table = lcsTable(a, b)
      const lengths = classic(a, b)
      expect(table.total).toBe(lengths[a.length]?.[b.length] as number)
      for (let i = 0; i < a.length; i++) {
        const row = lengths[i + 1] as number[]
        for (let j = 0; j < b.length; j++) {
          if (table.rises(i, j) !== (row[j + 1] as number) > (row[j] as number)) throw new Error(`cell ${i}, ${j}`)
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('texts of nothing have nothing in common', () => {
  const nothing = new Uint8Array(0)
  const some = Uint8Array.of(1, 2, 3)
  expect(lcsTable(nothing, some).total).toBe(0)
  expect(lcsTable(some, nothing).total).toBe(0)
})
