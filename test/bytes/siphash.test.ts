// The fast hash against the published algorithm written down plainly, and against known answers.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { halfSipHash, KeyedHash, STOPPED } from '../../src/bytes/siphash.ts'

const MASK = 0xffffffffn

function rotateLeft(word: bigint, bits: bigint): bigint {
  return ((word << bits) | (word >> (32n - bits))) & MASK
}

function round(v: bigint[]): void {
  v[0] = (v[0] + v[1]) & MASK
  v[1] = rotateLeft(v[1], 5n) ^ v[0]
  v[0] = rotateLeft(v[0], 16n)
  v[2] = (v[2] + v[3]) & MASK
  v[3] = rotateLeft(v[3], 8n) ^ v[2]
  v[0] = (v[0] + v[3]) & MASK
  v[3] = rotateLeft(v[3], 7n) ^ v[0]
  v[2] = (v[2] + v[1]) & MASK
  v[1] = rotateLeft(v[1], 13n) ^ v[2]
  v[2] = rotateLeft(v[2], 16n)
}

/** HalfSipHash-1-3: the message is padded with zeros, and its length closes the last word. */
function model(message: Uint8Array, k0: bigint, k1: bigint): bigint {
  const v = [k0, k1, 0x6c796765n ^ k0, 0x74656462n ^ k1]
  const padded = new Uint8Array((message.length & ~3) + 4)
  padded.set(message)
  padded[padded.length - 1] = message.length
  const view = new DataView(padded.buffer)
  for (let at = 0; at < padded.length; at += 4) {
    const word = BigInt(view.getUint32(at, true))
    v[3] ^= word
    round(v)
    v[0] ^= word
  }
  v[2] ^= 0xffn
  for (let i = 0; i < 3; i++) round(v)
  return v[1] ^ v[3]
}

test('known answers for the key 00..07 and the messages 00 01 02 ..', () => {
  const message = Uint8Array.from({ length: 6 }, (_, i) => i)
  const hash = new KeyedHash(0x03020100, 0x07060504)
  const answers = [0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b] // as in Linux's test_siphash
  expect(answers.map((_, length) => hash.hash(message, 0, length) >>> 0)).toEqual(answers)
})

test('any key, message and place in the buffer hash as the published algorithm says', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff })
  fc.assert(
    fc.property(word, word, fc.uint8Array({ maxLength: 300 }), fc.nat(9), (k0, k1, message, offset) => {
      const buf = new Uint8Array(offset + message.length + 5).fill(0xa5)
      buf.set(message, offset)
      const hash = new KeyedHash(k0, k1).hash(buf, offset, offset + message.length)
      expect(hash >>> 0).toBe(Number(model(message, BigInt(k0), BigInt(k1))))
      expect(hash | 0).toBe(hash)
      expect(halfSipHash(buf, offset, offset + message.length, k0 | 0, k1 | 0)).toBe(hash)
    }),
  )
})

test('numbered keys spread evenly over buckets, and differently under another key', () => {
  const counts = new Uint32Array(256)
  let same = 0
  const one = new KeyedHash(1, 2)
  const other = new KeyedHash(1, 3)
  for (let i = 0; i < 25600; i++) {
    const key = Buffer.from(`key:${i}`)
    const hash = one.hash(key, 0, key.length)
    counts[hash >>> 24]++
    if (hash === other.hash(key, 0, key.length)) same++
  }
  // 100 expected in each, deviation 10: seven deviations never happen by chance.
  expect(Math.max(...counts)).toBeLessThan(170)
  expect(Math.min(...counts)).toBeGreaterThan(30)
  expect(same).toBeLessThan(3)
})

test('a hash that stops does so at its byte and at nothing else', () => {
  const SLASH = 0x2f
  const byte = fc.oneof(
    fc.constantFrom(SLASH, SLASH - 1, SLASH + 1, SLASH | 0x80, 0, 0xff),
    fc.integer({ min: 0, max: 255 }),
  )
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 60 }), fc.nat(5), (bytes, offset) => {
      const buf = new Uint8Array(offset + bytes.length + 5).fill(SLASH)
      buf.set(bytes, offset)
      const hasher = new KeyedHash(1, 2)
      const end = offset + bytes.length
      const hash = hasher.hash(buf, offset, end)
      expect(hasher.hashUnless(SLASH, buf, offset, end)).toBe(bytes.includes(SLASH) ? STOPPED : hash)
    }),
    { numRuns: 3000 },
  )
})
