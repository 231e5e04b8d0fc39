// A 64-bit integer as two 32-bit words: exact over the whole range without a bigint for each. One is made and used again.
//
//   value = high * 2^32 + low       high: int32, has the sign      low: 32 bits as an int32, read as unsigned

import { isInt64Text, parseSafe, writeInt, writeInt64 } from './int64.ts'

const TWO_32 = 0x1_0000_0000
const TWO_16 = 0x1_0000
const BILLION = 1000000000
const MINUS = 0x2d
const ZERO = 0x30
/** |high| below this means that the value is a safe integer. */
const SAFE_HIGH = 0x20_0000

export class Int64Words {
  high = 0
  low = 0

  /** Takes the value of buf[start, end) if that is a canonical int64 (int64.ts); false, and nothing changed, if not. */
  read(buf: Uint8Array, start: number, end: number): boolean {
    const n = parseSafe(buf, start, end)
    if (!Number.isNaN(n)) {
      this.low = n | 0
      this.high = (n | 0) === n ? n >> 31 : Math.floor(n / TWO_32)
      return true
    }
    if (end - start < 16 || !isInt64Text(buf, start, end)) return false
    this.readLong(buf, start, end)
    return true
  }

  /** The value as a number: exact up to 2^53. */
  get number(): number {
    return this.high * TWO_32 + (this.low >>> 0)
  }

  /** Writes the decimal text at `at` and returns its end; it has 20 bytes at most. */
  write(dst: Uint8Array, at: number): number {
    const { high } = this
    if (high > -SAFE_HIGH && high < SAFE_HIGH) return writeInt(dst, at, this.number)
    return writeInt64(dst, at, (BigInt(high) << 32n) | BigInt(this.low >>> 0))
  }

  /** 16 digits or more: those above the last nine times 10^9 in two halves, each exact as a number. */
  private readLong(buf: Uint8Array, start: number, end: number): void {
    const negative = buf[start] === MINUS
    const split = end - 9
    let upper = 0
    for (let at = negative ? start + 1 : start; at < split; at++) upper = upper * 10 + (buf[at] - ZERO)
    let rest = 0
    for (let at = split; at < end; at++) rest = rest * 10 + (buf[at] - ZERO)
    const left = Math.floor(upper / TWO_16) * BILLION
    const right = (upper % TWO_16) * BILLION + rest
    const low = (left % TWO_16) * TWO_16 + (right % TWO_32)
    const high = Math.floor(left / TWO_16) + Math.floor(right / TWO_32) + Math.floor(low / TWO_32)
    this.low = negative ? -low | 0 : low | 0
    this.high = negative ? (~high + (this.low === 0 ? 1 : 0)) | 0 : high | 0
  }
}
