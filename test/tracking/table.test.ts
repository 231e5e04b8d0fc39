import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Random } from '../../src/store/random.ts'
import { TrackingTable } from '../../src/tracking/table.ts'

const bytes = (name: string): Uint8Array => Buffer.from(name, 'latin1')
/** Few bits, so that keys often share a hash. */
const hashOf = (name: string): number => (Bun.hash.xxHash32(name) & 0xf0000000) | 0
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b)

/** The table under test beside a Map of Sets. */
class Both {
  readonly table: TrackingTable
  readonly model = new Map<string, Set<number>>()

  constructor(capacityBytes = 4 << 20) {
    this.table = new TrackingTable(capacityBytes)
  }

  add(name: string, reader: number): boolean {
    if (!this.table.add(hashOf(name), bytes(name), reader)) return false
    const readers = this.model.get(name)
    if (readers === undefined) this.model.set(name, new Set([reader]))
    else readers.add(reader)
    return true
  }

  take(name: string): void {
    const known = ascending([...(this.model.get(name) ?? [])])
    expect(ascending(this.table.take(hashOf(name), bytes(name)))).toEqual(known)
    this.model.delete(name)
  }

  takeAny(random: Random): void {
    const taken = this.table.takeAny(() => random.uint32())
    expect(taken === undefined).toBe(this.model.size === 0)
    if (taken === undefined) return
    const name = Buffer.from(taken.name).toString('latin1')
    expect(ascending(taken.readers)).toEqual(ascending([...(this.model.get(name) ?? [])]))
    this.model.delete(name)
  }

  sweep(gone: number): void {
    while (this.table.sweep(reader => reader === gone, 300));
    for (const [name, readers] of this.model) if (readers.delete(gone) && readers.size === 0) this.model.delete(name)
  }

  check(): void {
    expect(this.table.keys).toBe(this.model.size)
    expect(this.table.items).toBe([...this.model.values()].reduce((sum, readers) => sum + readers.size, 0))
    for (const name of this.model.keys()) expect(this.table.mayHave(hashOf(name))).toBe(true)
  }
}

test('a table knows what a map of sets knows, after any calls', () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'add', 'add', 'add', 'take', 'any', 'sweep', 'clear'),
    key: fc.integer({ min: 0, max: 40 }),
    reader: fc.integer({ min: 1, max: 5 }),
  })
  const both = new Both()
  const random = new Random(1)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      both.table.clear()
      both.model.clear()
      for (const { what, key, reader } of steps) {
        const name = 'k'.repeat(key % 3) + key
        if (what === 'add') expect(both.add(name, reader)).toBe(true)
        else if (what === 'take') both.take(name)
        else if (what === 'any') both.takeAny(random)
        else if (what === 'sweep') both.sweep(reader)
        else if (key === 0) {
          both.table.clear()
          both.model.clear()
        }
        both.check()
      }
      for (const name of [...both.model.keys()]) both.take(name)
      both.check()
    }),
    { numRuns: 200 },
  )
})

describe('a full table', () => {
  test('adds nothing, and takes again what is given up', () => {
    const both = new Both(1 << 20)
    let n = 0
    while (both.add(`key:${n}`, 1)) n++
    expect(n).toBeGreaterThan(10_000)
    both.check()
    const random = new Random(2)
    for (let i = 0; i < 100; i++) both.takeAny(random)
    expect(both.add('another', 1)).toBe(true)
    both.check()
  })

  test('refuses a name that is longer than itself', () => {
    const both = new Both(1 << 20)
    expect(both.add('k'.repeat(2 << 20), 1)).toBe(false)
    both.check()
  })
})

test('the costs that its comment names', () => {
  const perKey = (readers: number): number => {
    const table = new TrackingTable(64 << 20)
    for (let i = 0; i < 100_000; i++) {
      const name = `a key of 20 b ${i + 100_000}`
      for (let reader = 1; reader <= readers; reader++) table.add(Bun.hash.xxHash32(name) | 0, bytes(name), reader)
    }
    return table.allocatedBytes / 100_000
  }
  expect(perKey(1)).toBeWithin(40, 45)
  expect(perKey(2) - perKey(1)).toBeWithin(38, 60)
})
