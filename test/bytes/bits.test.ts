// Bits against a text of zeros and ones, in which everything is easy.

import { describe, expect, test } from 'bun:test'
import { countBits, EXACT_BITS, firstBit, readField, writeField } from '../../src/bytes/bits.ts'
import { Random } from '../../src/store/random.ts'

const random = new Random(11)

/** A buffer of random bytes; about half of them in runs of zeros or ones. */
function bytes(length: number): Uint8Array {
  const made = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const end = Math.min(length, at + 1 + random.below(40))
    const kind = random.below(4)
    for (; at < end; at++) made[at] = kind === 0 ? 0 : kind === 1 ? 255 : random.below(256)
  }
  return made
}

const asText = (u8: Uint8Array): string => [...u8].map(byte => byte.toString(2).padStart(8, '0')).join('')

describe('bits', () => {
  test('are counted and found in runs of any length at any place', () => {
    for (let i = 0; i < 4000; i++) {
      const u8 = bytes(256)
      const i32 = new Int32Array(u8.buffer)
      const start = random.below(100)
      const end = start + random.below(256 - start)
      const text = asText(u8.subarray(start, end))
      expect(countBits(u8, i32, start, end)).toBe(text.replaceAll('0', '').length)
      expect(firstBit(u8, i32, start, end, 1)).toBe(text.indexOf('1'))
      expect(firstBit(u8, i32, start, end, 0)).toBe(text.indexOf('0'))
    }
  })

  test('of long runs of one kind are found at their end', () => {
    const u8 = new Uint8Array(100_000)
    const i32 = new Int32Array(u8.buffer)
    expect(firstBit(u8, i32, 3, 99_998, 1)).toBe(-1)
    expect(countBits(u8, i32, 3, 99_998)).toBe(0)
    u8[99_997] = 1
    expect(firstBit(u8, i32, 3, 99_998, 1)).toBe((99_997 - 3) * 8 + 7)
    u8.fill(255)
    expect(countBits(u8, i32, 3, 99_998)).toBe((99_998 - 3) * 8)
    expect(firstBit(u8, i32, 3, 99_998, 0)).toBe(-1)
  })
})

describe('fields', () => {
  test('are read as the number that their bits spell, zeros beyond the end', () => {
    for (let i = 0; i < 4000; i++) {
      const u8 = bytes(24)
      const [start, end] = [random.below(4), 24 - random.below(16)]
      const text = asText(u8.subarray(start, end)).padEnd(400, '0')
      const [offset, bits] = [random.below(200), 1 + random.below(EXACT_BITS)]
      const wanted = Number.parseInt(text.slice(offset, offset + bits), 2)
      expect(readField(u8, start, end, offset, bits)).toBe(wanted)
    }
  })

  test('are written without touching the bits beside them', () => {
    for (let i = 0; i < 4000; i++) {
      const u8 = bytes(24)
      const before = asText(u8)
      const bits = 1 + random.below(EXACT_BITS)
      const offset = random.below((24 - 3) * 8 - bits + 1)
      const value = Number(BigInt.asUintN(bits, (BigInt(random.below(2 ** 31)) << 22n) ^ BigInt(random.below(2 ** 31))))
      writeField(u8, 3, offset, bits, value)
      const at = 24 + offset
      expect(asText(u8)).toBe(before.slice(0, at) + value.toString(2).padStart(bits, '0') + before.slice(at + bits))
    }
  })

  test('far away are addressed exactly', () => {
    const u8 = new Uint8Array(2 ** 29 + 8)
    writeField(u8, 0, 2 ** 32 - 4, 8, 0xa5)
    expect([u8[2 ** 29 - 1], u8[2 ** 29]]).toEqual([0x0a, 0x50])
    expect(readField(u8, 0, u8.length, 2 ** 32 - 4, 8)).toBe(0xa5)
  })
})
