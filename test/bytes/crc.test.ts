// Checksums bit by bit, and their known answers.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { fromText } from '../../src/bytes/ascii.ts'
import { Crc64, crc16, crc64Moved } from '../../src/bytes/crc.ts'

function value(crc: Crc64): bigint {
  return (BigInt(crc.high >>> 0) << 32n) | BigInt(crc.low >>> 0)
}

function crc64(buf: Uint8Array): bigint {
  const crc = new Crc64()
  crc.update(buf, 0, buf.length)
  return value(crc)
}

function crc64Model(buf: Uint8Array): bigint {
  let crc = 0n
  for (const byte of buf) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n
  }
  return crc
}

function crc16Model(buf: Uint8Array): number {
  let crc = 0
  for (const byte of buf)
    for (let bit = 7; bit >= 0; bit--) {
      const carry = ((crc >> 15) & 1) ^ ((byte >> bit) & 1)
      crc = ((crc << 1) & 0xffff) ^ (carry === 1 ? 0x1021 : 0)
    }
  return crc
}

test('known answers', () => {
  const digits = fromText('123456789')
  expect(crc16(digits, 0, 9)).toBe(0x31c3)
  expect(crc64(digits)).toBe(0xe9c6d914c4b8d9can)
  expect(crc64(fromText(''))).toBe(0n)
  expect(crc16(fromText('xfoo'), 1, 4) & 0x3fff).toBe(12182) // CLUSTER KEYSLOT foo
})

test('both agree with division bit by bit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), buf => {
      expect(crc16(buf, 0, buf.length)).toBe(crc16Model(buf))
      expect(crc64(buf)).toBe(crc64Model(buf))
    }),
  )
})

test('long runs are summed alike, wherever they begin and end', () => {
  const buf = Uint8Array.from({ length: 700 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24)
  for (let start = 0; start < 9; start++) {
    for (let end = 600; end < 620; end++) {
      const crc = new Crc64()
      crc.update(buf.subarray(1), start, end)
      expect(value(crc)).toBe(crc64Model(buf.subarray(1 + start, 1 + end)))
    }
  }
})

test('a CRC64 in pieces is the CRC64 of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(50), (buf, cut) => {
      const split = Math.min(cut, buf.length)
      const crc = new Crc64()
      crc.update(buf, 0, split)
      crc.update(buf, split, buf.length)
      expect(value(crc)).toBe(crc64(buf))
    }),
  )
})

test('it is written little endian, and one changed bit no longer matches', () => {
  const crc = new Crc64()
  crc.update(fromText('123456789'), 0, 9)
  const dst = new Uint8Array(10)
  expect(crc.write(dst, 1)).toBe(9)
  expect(Buffer.from(dst).toString('hex')).toBe('00cad9b8c414d9c6e900')
  expect(crc.matches(dst, 1)).toBe(true)
  for (let bit = 8; bit < 72; bit++) {
    dst[bit >> 3] ^= 1 << (bit & 7)
    expect(crc.matches(dst, 1)).toBe(false)
    dst[bit >> 3] ^= 1 << (bit & 7)
  }
})

test('a bit that is turned far ahead is mixed into a finished crc64', () => {
  for (const behind of [0, 1, 7, 8, 1000, 123_457]) {
    const buf = Uint8Array.from({ length: 9 + behind }, (_, i) => i * 7)
    const crc = new Crc64()
    crc.update(buf, 0, buf.length)
    const change = new Crc64()
    change.update(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 2), 0, 9)
    crc.mix(crc64Moved(change, behind))
    buf[8] = (buf[8] ?? 0) ^ 2
    expect(value(crc)).toBe(crc64(buf))
  }
})
