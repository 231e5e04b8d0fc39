import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Arena } from '../../src/memory/arena.ts'
import {
  intsetCount,
  intsetCreate,
  intsetHigh,
  intsetInsert,
  intsetLow,
  intsetRemove,
  intsetSearch,
  intsetWidth,
} from '../../src/memory/intset.ts'

const high = (n: bigint): number => Number(n >> 32n)
const low = (n: bigint): number => Number(BigInt.asIntN(32, n))

/** The set under test beside a sorted array. */
class Integers {
  readonly a: Arena
  block: number
  model: bigint[] = []

  constructor(capacityBytes = 8 << 20) {
    this.a = new Arena(capacityBytes)
    this.block = intsetCreate(this.a)
    this.a.i32[this.block >> 2] = 11
    this.a.i32[(this.block >> 2) + 1] = 22
  }

  add(n: bigint): boolean {
    const index = intsetSearch(this.a, this.block, high(n), low(n))
    if (this.model.includes(n)) {
      expect(this.model[index]).toBe(n)
      return false
    }
    expect(-1 - index).toBe(this.model.filter(other => other < n).length)
    const block = intsetInsert(this.a, this.block, -1 - index, high(n), low(n))
    if (block === 0) return false
    this.block = block
    this.model.splice(-1 - index, 0, n)
    return true
  }

  remove(n: bigint): void {
    const index = intsetSearch(this.a, this.block, high(n), low(n))
    expect(index >= 0).toBe(this.model.includes(n))
    if (index < 0) return
    this.block = intsetRemove(this.a, this.block, index)
    this.model.splice(index, 1)
  }

  check(): void {
    const { a, block, model } = this
    expect(intsetCount(a, block)).toBe(model.length)
    const found = model.map((_, i) => (BigInt(intsetHigh(a, block, i)) << 32n) | BigInt(intsetLow(a, block, i) >>> 0))
    expect(found).toEqual(model)
    expect([a.i32[block >> 2], a.i32[(block >> 2) + 1]]).toEqual([11, 22])
    expect(a.allocatedBytes).toBe(a.sizeOf(block))
    a.check()
  }
}

const integer = fc.oneof(
  fc.bigInt(-20n, 20n),
  fc.bigInt(-40_000n, 40_000n),
  fc.bigInt(-(2n ** 33n), 2n ** 33n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constantFrom(-32769n, -32768n, 32767n, 32768n, 2n ** 31n, 2n ** 31n - 1n, -(2n ** 31n), -(2n ** 31n) - 1n),
)

describe('an intset', () => {
  test('is a sorted set of integers, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ n: integer, adds: fc.boolean() }), { maxLength: 200 }), steps => {
        const set = new Integers()
        for (const { n, adds } of steps) {
          if (adds) set.add(n)
          else set.remove(n)
        }
        set.check()
        for (const n of [...set.model]) set.remove(n)
        set.check()
      }),
      { numRuns: 200 },
    )
  })

  test('has the bytes that Redis has', () => {
    const set = new Integers()
    const bytes = () => {
      const length = 8 + intsetCount(set.a, set.block) * intsetWidth(set.a, set.block)
      return Buffer.from(set.a.u8.slice(set.block + 8, set.block + 8 + length)).toString('hex')
    }
    set.add(5n)
    set.add(-2n)
    expect(bytes()).toBe('0200000002000000feff0500')
    set.add(70_000n)
    expect(bytes()).toBe('0400000003000000feffffff0500000070110100')
    set.add(-(2n ** 40n))
    expect(bytes()).toBe(
      `0800000004000000${'0000000000ffffff'}${'feffffffffffffff'}${'0500000000000000'}${'7011010000000000'}`,
    )
    set.remove(-(2n ** 40n))
    expect(intsetWidth(set.a, set.block)).toBe(8)
    set.check()
  })

  test('grows to large blocks, in any order, and gives back what it no longer needs', () => {
    const set = new Integers()
    for (let i = 0n; i < 6000n; i++) set.add((i * 7919n) % 6000n)
    for (let i = 0n; i < 6000n; i++) set.add(2n ** 40n + ((i * 7919n) % 6000n))
    set.check()
    const most = set.a.allocatedBytes
    expect(most).toBeLessThan(12_000 * 8 * 1.3)
    for (let i = 0n; i < 6000n; i++) set.remove(i)
    for (let i = 0n; i < 5990n; i++) set.remove(2n ** 40n + i)
    set.check()
    expect(set.a.allocatedBytes).toBeLessThan(300)
  })

  test('changes nothing when there is no room', () => {
    const set = new Integers(64 << 10)
    let n = 0n
    while (set.add(n)) n++
    set.check()
    set.add(2n ** 50n)
    set.check()
    set.remove(0n)
    set.check()
  })
})
