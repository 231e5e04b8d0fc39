// The accumulator against the same operations done a byte at a time.

import { expect, test } from 'bun:test'
import { Accumulator, and, andNot, notAnd, once, or, PIECE_BYTES, type Step, xor } from '../../src/bytes/bitwise.ts'
import { Random } from '../../src/store/random.ts'

const random = new Random(12)
const accumulator = new Accumulator()
const memory = Uint8Array.from({ length: 2 * PIECE_BYTES }, () => random.below(256))
const words = new Int32Array(memory.buffer)

interface Run {
  readonly start: number
  readonly end: number
}

function run(length: number): Run {
  const start = random.below(64)
  return { start, end: start + random.below(length + 1) }
}

const byteOf = ({ start, end }: Run, i: number): number => (start + i < end ? (memory[start + i] ?? 0) : 0)

const STEPS: readonly (readonly [name: string, step: Step, byByte: (sum: number, byte: number) => number])[] = [
  ['and', and, (sum, byte) => sum & byte],
  ['or', or, (sum, byte) => sum | byte],
  ['xor', xor, (sum, byte) => sum ^ byte],
  ['andNot', andNot, (sum, byte) => byte & ~sum],
  ['notAnd', notAnd, (sum, byte) => sum & ~byte],
]

for (const [name, step, byByte] of STEPS) {
  test(`${name} takes runs of any length at any place, shorter ones as if zeros followed`, () => {
    for (let i = 0; i < 300; i++) {
      const length = 1 + random.below(i === 0 ? PIECE_BYTES : 200)
      const runs = [run(length), run(length), run(length)]
      accumulator.begin(length)
      for (const [k, { start, end }] of runs.entries()) accumulator.take(k === 0 ? or : step, memory, words, start, end)
      const wanted = Array.from({ length }, (_, at) => runs.map(one => byteOf(one, at)).reduce(byByte))
      expect([...accumulator.bytes.subarray(0, length)]).toEqual(wanted)
    }
  })
}

test('once leaves the bits of exactly one run', () => {
  for (let i = 0; i < 300; i++) {
    const length = 1 + random.below(100)
    const runs = [run(length), run(length), run(length), run(length)]
    accumulator.begin(length)
    for (const { start, end } of runs) accumulator.take(once, memory, words, start, end)
    accumulator.dropMany()
    const has = (at: number, bit: number): number => runs.filter(one => (byteOf(one, at) & bit) !== 0).length
    const wanted = Array.from({ length }, (_, at) =>
      [1, 2, 4, 8, 16, 32, 64, 128].reduce((sum, bit) => sum + (has(at, bit) === 1 ? bit : 0), 0),
    )
    expect([...accumulator.bytes.subarray(0, length)]).toEqual(wanted)
  }
})

test('invert turns all bits', () => {
  accumulator.begin(5)
  accumulator.take(or, memory, words, 3, 6)
  accumulator.invert()
  expect([...accumulator.bytes.subarray(0, 5)]).toEqual([...[3, 4, 5].map(at => 255 - (memory[at] ?? 0)), 255, 255])
})
