// MurmurHash2 in its 64-bit form for 64-bit machines (MurmurHash64A, Austin Appleby, public domain), which fixes what a
// HyperLogLog in a file or a dump means. Words of 64 bits are two of 32, and the upper half of a product is put together
// from products of 16 bits: all of it is int32 arithmetic.
//
//   8 bytes 20 ns, 64 bytes 200 ns (Bun 1.4.5, one core of a busy EPYC)

const M_LOW = 0x5bd1e995
const M_HIGH = 0xc6a4a793 | 0
const M_LOW_0 = M_LOW & 0xffff
const M_LOW_1 = M_LOW >>> 16

/** The upper half of low * M, of which `low` is the lower half and `high` the upper one, modulo 2^64. */
function timesHigh(low: number, high: number): number {
  const low0 = low & 0xffff
  const low1 = low >>> 16
  // Neither sum reaches 2^32.
  const middle = (Math.imul(low1, M_LOW_0) + (Math.imul(low0, M_LOW_0) >>> 16)) | 0
  const other = (Math.imul(low0, M_LOW_1) + (middle & 0xffff)) | 0
  const carry = (Math.imul(low1, M_LOW_1) + (middle >>> 16) + (other >>> 16)) | 0
  return (carry + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0
}

/** The hash as two 32-bit halves, signed. */
export class Murmur64 {
  low = 0
  high = 0

  /** Hashes buf[start, end), shorter than 2^31 bytes, with a seed of 32 bits. */
  hash(buf: Uint8Array, start: number, end: number, seed: number): void {
    let high = timesHigh(end - start, 0)
    let low = Math.imul(end - start, M_LOW) ^ seed
    let at = start
    for (const eights = end - 7; at < eights; at += 8) {
      let wordLow = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)
      let wordHigh = buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24)
      wordHigh = timesHigh(wordLow, wordHigh)
      wordLow = Math.imul(wordLow, M_LOW) ^ (wordHigh >>> 15)
      high ^= timesHigh(wordLow, wordHigh)
      low ^= Math.imul(wordLow, M_LOW)
      high = timesHigh(low, high)
      low = Math.imul(low, M_LOW)
    }
    if (at < end) {
      for (let i = 0; at + i < end; i++) {
        if (i < 4) low ^= buf[at + i] << (8 * i)
        else high ^= buf[at + i] << (8 * (i - 4))
      }
      high = timesHigh(low, high)
      low = Math.imul(low, M_LOW)
    }
    low ^= high >>> 15
    high = timesHigh(low, high)
    low = Math.imul(low, M_LOW)
    this.low = low ^ (high >>> 15)
    this.high = high
  }
}
