// Reading what RDB is made of: bytes, numbers, lengths and strings. Every length is checked against what is there before
// it is used, so no bytes can make this read beyond them or ask for memory that they do not account for.
//
//   length   00llllll   01llllll llllllll   10000000 and 4 bytes   10000001 and 8 bytes, big endian
//   string   length, bytes     or 11000000 int8   11000001 int16   11000010 int32   11000011 length, length, LZF

import { copy } from '../../bytes/ascii.ts'
import { writeInt } from '../../bytes/int64.ts'
import { corrupt } from './errors.ts'
import { lzfExpand, MOST_EXPANSION } from './lzf.ts'
import { AS_INT8, AS_INT16, AS_INT32, AS_LZF, LENGTH_32, LENGTH_64 } from './types.ts'

/** Longest string: no arena has a block above it. */
const MOST_STRING_BYTES = 1 << 30
/** Scratch bytes that a text keeps for the next string. */
const KEPT_BYTES = 1 << 20
const TWO_32 = 0x1_0000_0000

/** A string that was read: buf[start, end), good until the same object is read into again. */
export class RdbText {
  buf: Uint8Array
  start = 0
  end = 0
  private scratch = new Uint8Array(64)

  constructor() {
    this.buf = this.scratch
  }

  get length(): number {
    return this.end - this.start
  }

  aim(buf: Uint8Array, start: number, end: number): void {
    this.buf = buf
    this.start = start
    this.end = end
  }

  /** Aims at bytes of its own, to be written. */
  own(length: number): Uint8Array {
    if (length > KEPT_BYTES) this.buf = new Uint8Array(length)
    else {
      if (this.scratch.length < length) this.scratch = new Uint8Array(2 ** Math.ceil(Math.log2(length)))
      this.buf = this.scratch
    }
    this.start = 0
    this.end = length
    return this.buf
  }

  /** Takes the bytes it is aimed at into its own. */
  detach(): void {
    const { buf, start, end } = this
    if (buf === this.scratch) return
    copy(this.own(end - start), 0, buf, start, end)
  }

  setInt(n: number): void {
    this.end = writeInt(this.own(24), 0, n)
  }
}

export class RdbInput {
  u8: Uint8Array = new Uint8Array(0)
  at = 0
  end = 0
  /** A string that was read and is needed until the next one is read as well; bytes that move are kept for it. */
  held: RdbText | undefined
  private readonly doubles = new DataView(new ArrayBuffer(8))

  /** Reads from u8[start, end) on. */
  aim(u8: Uint8Array, start: number, end: number): void {
    this.u8 = u8
    this.at = start
    this.end = end
  }

  /** Makes sure that `bytes` more are at `at`. Throws RdbCorrupt. */
  need(bytes: number): void {
    if (bytes > this.end - this.at) this.refill(bytes)
  }

  /** There are fewer than `bytes` bytes left: a file brings more. */
  protected refill(_bytes: number): void {
    corrupt('the bytes end too early')
  }

  byte(): number {
    if (this.at >= this.end) this.refill(1)
    return this.u8[this.at++]
  }

  skip(bytes: number): void {
    this.need(bytes)
    this.at += bytes
  }

  uint16(): number {
    this.need(2)
    const { u8, at } = this
    this.at = at + 2
    return u8[at] | (u8[at + 1] << 8)
  }

  /** Signed, little endian. */
  int32(): number {
    this.need(4)
    const { u8, at } = this
    this.at = at + 4
    return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)
  }

  private bigEndian32(): number {
    this.need(4)
    const { u8, at } = this
    this.at = at + 4
    return ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0
  }

  /** Signed, 64 bits, little endian: exact up to 2^53, rounded above. */
  int64(): number {
    const low = this.int32() >>> 0
    return this.int32() * TWO_32 + low
  }

  double(): number {
    this.doubles.setInt32(0, this.int32(), true)
    this.doubles.setInt32(4, this.int32(), true)
    return this.doubles.getFloat64(0, true)
  }

  /** A length, or a number kept as one; above 2^53 it is rounded, and too large for everything. */
  length(): number {
    const head = this.byte()
    return head >= 0xc0 ? corrupt('a length is the form of a string') : this.lengthAfter(head)
  }

  private lengthAfter(head: number): number {
    if (head < 0x40) return head
    if (head < 0x80) return ((head & 63) << 8) | this.byte()
    if (head === LENGTH_32) return this.bigEndian32()
    if (head !== LENGTH_64) return corrupt('no such form of a length')
    return this.bigEndian32() * TWO_32 + this.bigEndian32()
  }

  /** Aims `into` at the next string. */
  string(into: RdbText): void {
    const head = this.byte()
    if (head >= 0xc0) {
      this.encoded(head & 63, into)
      return
    }
    const length = this.lengthAfter(head)
    if (length > MOST_STRING_BYTES) corrupt('a string is longer than any can be')
    this.need(length)
    into.aim(this.u8, this.at, this.at + length)
    this.at += length
  }

  private encoded(how: number, into: RdbText): void {
    if (how === AS_INT8) into.setInt((this.byte() << 24) >> 24)
    else if (how === AS_INT16) into.setInt((this.uint16() << 16) >> 16)
    else if (how === AS_INT32) into.setInt(this.int32())
    else if (how === AS_LZF) this.compressed(into)
    else corrupt('no such form of a string')
  }

  private compressed(into: RdbText): void {
    const packed = this.length()
    const length = this.length()
    if (packed > MOST_STRING_BYTES || length > MOST_STRING_BYTES) corrupt('a string is longer than any can be')
    if (length > packed * MOST_EXPANSION) corrupt('a compressed string cannot be that long')
    this.need(packed)
    const { u8, at } = this
    this.at = at + packed
    if (!lzfExpand(u8, at, at + packed, into.own(length), length)) corrupt('a string is not compressed as it says')
  }
}
