// Elements in order of their numbers: as a comparison of each two would have it.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { SortRows } from '../../src/commands/sort-rows.ts'

const spelled = fc.oneof(
  fc.constantFrom('0', '-0', '1', '1.0', '01', '1e0', '-1', '2', 'inf', '-inf', '0.5'),
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.double({ noNaN: true }).map(String),
)

test('numbers sort by size, equal ones by their bytes, downwards the other way round', () => {
  fc.assert(
    fc.property(fc.array(spelled, { maxLength: 60 }), fc.constantFrom<1 | -1>(1, -1), (texts, direction) => {
      const rows = new SortRows()
      rows.clear()
      rows.expect(1, texts.length)
      for (const text of texts) rows.take(Buffer.from(text), 0, text.length)
      rows.arrange('as they came')
      const numbers = texts.map(text => Number(text.replace('inf', 'Infinity')))
      rows.numbers.set(numbers)
      rows.sort('numbers', direction, 'bytes')
      const sorted = texts
        .map((text, i) => ({ text, n: numbers[i] as number }))
        .sort((x, y) => direction * (x.n < y.n ? -1 : x.n > y.n ? 1 : x.text < y.text ? -1 : x.text > y.text ? 1 : 0))
      expect(Array.from(rows.order.subarray(0, texts.length), i => texts[i])).toEqual(sorted.map(({ text }) => text))
    }),
    { numRuns: 300 },
  )
})
