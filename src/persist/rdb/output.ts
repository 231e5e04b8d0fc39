// Writing what RDB is made of, as input.ts reads it. The bytes gather in one buffer; where they go to a file it is emptied
// whenever it is full, so a value of any size needs no more room than its largest element.

import { copy } from '../../bytes/ascii.ts'
import { parseSafe } from '../../bytes/int64.ts'
import { lzfCompress } from './lzf.ts'
import { AS_INT8, AS_INT16, AS_INT32, AS_LZF, LENGTH_32, LENGTH_64 } from './types.ts'

const FIRST_BYTES = 64 << 10
/** Redis's bounds: texts up to here may be integers, longer than that are worth compressing. */
const INTEGER_BYTES = 11
const UNCOMPRESSED_BYTES = 20
/** A length takes this at most, a string's head twice that. */
const LENGTH_BYTES = 9
const TWO_32 = 0x1_0000_0000

/** Takes over u8[0, end), and gives another buffer for what follows. */
export type Drain = (u8: Uint8Array, end: number) => Uint8Array

export class RdbOutput {
  u8: Uint8Array = new Uint8Array(FIRST_BYTES)
  at = 0
  /** rdbcompression. */
  compresses = true
  /** Above this no text is compressed: it would hold the server up for too long (about 5 ms a MiB). */
  mostCompressedBytes = 16 << 20
  private readonly drain: Drain | undefined
  private readonly doubles = new DataView(new ArrayBuffer(8))

  constructor(drain?: Drain) {
    this.drain = drain
  }

  /** Begins again with nothing; a buffer that has grown is given back. */
  clear(): void {
    this.at = 0
    if (this.u8.length > 16 * FIRST_BYTES) this.u8 = new Uint8Array(FIRST_BYTES)
  }

  /** Hands what is there to the drain. */
  flush(): void {
    if (this.at > 0 && this.drain !== undefined) this.u8 = this.drain(this.u8, this.at)
    this.at = 0
  }

  reserve(bytes: number): void {
    if (this.at + bytes <= this.u8.length) return
    if (this.drain !== undefined) this.flush()
    if (this.at + bytes <= this.u8.length) return
    const larger = new Uint8Array(Math.max(2 * this.u8.length, this.at + bytes))
    larger.set(this.u8.subarray(0, this.at))
    this.u8 = larger
  }

  byte(n: number): void {
    this.reserve(1)
    this.u8[this.at++] = n
  }

  bytes(buf: Uint8Array, start: number, end: number): void {
    if (this.drain !== undefined) {
      for (let room = this.room; end - start > room; room = this.room) {
        this.at = copy(this.u8, this.at, buf, start, start + room)
        start += room
        this.flush()
      }
    }
    this.reserve(end - start)
    this.at = copy(this.u8, this.at, buf, start, end)
  }

  private get room(): number {
    return this.u8.length - this.at
  }

  /** The lower `bytes` bytes of `n`, little endian. */
  private littleEndian(n: number, bytes: number): void {
    this.reserve(bytes)
    for (let i = 0; i < bytes; i++, n >>= 8) this.u8[this.at++] = n
  }

  /** A whole number of 64 bits, exact up to 2^53. */
  int64(n: number): void {
    this.littleEndian(n | 0, 4)
    this.littleEndian(Math.floor(n / TWO_32), 4)
  }

  double(n: number): void {
    this.doubles.setFloat64(0, n, true)
    this.littleEndian(this.doubles.getInt32(0, true), 4)
    this.littleEndian(this.doubles.getInt32(4, true), 4)
  }

  /** A length, or a whole number kept as one. */
  length(n: number): void {
    this.reserve(LENGTH_BYTES)
    const { u8 } = this
    if (n < 0x40) u8[this.at++] = n
    else if (n < 0x4000) {
      u8[this.at++] = 0x40 | (n >> 8)
      u8[this.at++] = n
    } else {
      u8[this.at++] = n < TWO_32 ? LENGTH_32 : LENGTH_64
      if (n >= TWO_32) this.bigEndian32(Math.floor(n / TWO_32))
      this.bigEndian32(n % TWO_32)
    }
  }

  private bigEndian32(n: number): void {
    for (let shift = 24; shift >= 0; shift -= 8) this.u8[this.at++] = n >>> shift
  }

  /** A string in the shortest form that Redis would find. */
  string(buf: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (length <= INTEGER_BYTES && this.integer(parseSafe(buf, start, end))) return
    if (this.compresses && length > UNCOMPRESSED_BYTES && length <= this.mostCompressedBytes) {
      if (this.compressed(buf, start, end)) return
    }
    this.length(length)
    this.bytes(buf, start, end)
  }

  private integer(n: number): boolean {
    if ((n | 0) !== n || Object.is(n, -0)) return false
    const as = (n << 24) >> 24 === n ? AS_INT8 : (n << 16) >> 16 === n ? AS_INT16 : AS_INT32
    this.byte(0xc0 | as)
    this.littleEndian(n, 1 << as)
    return true
  }

  /** Compressed behind the place of the heads, then moved there. */
  private compressed(buf: Uint8Array, start: number, end: number): boolean {
    const length = end - start
    this.reserve(length + 2 * LENGTH_BYTES)
    const { at } = this
    const from = at + 2 * LENGTH_BYTES
    const to = lzfCompress(buf, start, end, this.u8, from, from + length - 4)
    if (to < 0) return false
    this.byte(0xc0 | AS_LZF)
    this.length(to - from)
    this.length(length)
    this.u8.copyWithin(this.at, from, to)
    this.at += to - from
    return true
  }
}
