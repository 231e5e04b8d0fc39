import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Int64Words } from '../../src/bytes/int64-words.ts'

const words = new Int64Words()

function read(text: string): boolean {
  const buf = new TextEncoder().encode(`x${text}y`)
  return words.read(buf, 1, buf.length - 1)
}

function written(): string {
  const out = new Uint8Array(24)
  return new TextDecoder().decode(out.subarray(0, words.write(out, 0)))
}

function check(n: bigint): void {
  expect(read(String(n))).toBe(true)
  expect([words.high, words.low]).toEqual([Number(n >> 32n), Number(BigInt.asIntN(32, n))])
  expect(written()).toBe(String(n))
  expect(words.number).toBe(Number(n))
}

test('every 64-bit integer is read and written exactly', () => {
  for (let bit = 0n; bit <= 63n; bit++) {
    for (let near = -2n; near <= 2n; near++) {
      for (const n of [2n ** bit + near, -(2n ** bit) + near]) if (BigInt.asIntN(64, n) === n) check(n)
    }
  }
  fc.assert(fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), check))
  fc.assert(fc.property(fc.bigInt(-(2n ** 54n), 2n ** 54n), check))
})

test('what is no canonical integer changes nothing', () => {
  read('12')
  for (const text of [
    '',
    '-',
    '+1',
    '01',
    '-0',
    '1 ',
    '1a',
    '9223372036854775808',
    '-9223372036854775809',
    '1'.repeat(30),
  ]) {
    expect(read(text)).toBe(false)
    expect(written()).toBe('12')
  }
})
