// MurmurHash64A against the same written with bigint.

import { expect, test } from 'bun:test'
import { Murmur64 } from '../../src/bytes/murmur.ts'
import { Random } from '../../src/store/random.ts'

const M = 0xc6a4a7935bd1e995n
const times = (n: bigint): bigint => BigInt.asUintN(64, n * M)

function reference(bytes: Uint8Array, seed: bigint): bigint {
  let h = seed ^ times(BigInt(bytes.length))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) {
    let k = times(view.getBigUint64(at, true))
    k = times(k ^ (k >> 47n))
    h = times(h ^ k)
  }
  if (at < bytes.length) {
    for (let i = 0; at + i < bytes.length; i++) h ^= BigInt(view.getUint8(at + i)) << BigInt(8 * i)
    h = times(h)
  }
  h = times(h ^ (h >> 47n))
  return h ^ (h >> 47n)
}

test('a hash is the same in halves as in one piece, for every length and seed', () => {
  const random = new Random(5)
  const hash = new Murmur64()
  for (let i = 0; i < 5000; i++) {
    const buf = Uint8Array.from({ length: 3 + random.below(70) }, () => random.below(256))
    const seed = random.below(2) === 0 ? 0xadc83b19 : random.uint32()
    hash.hash(buf, 3, buf.length, seed)
    const joined = (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0)
    expect(joined).toBe(reference(buf.slice(3), BigInt(seed)))
  }
})
