// Reads ziplists, what Redis had before listpacks.
//
//   u32 bytes in all | u32 offset of the last entry | u16 entries, 65535: not known | entries | ff
//
//   entry = bytes of the entry before (1 byte, or fe and 4) | head | data
//
//   head        data                           head        data
//   00llllll    text of l bytes                c0 d0 e0    integer of 16, 32, 64 bits
//   01llllll l  text, length of 14 bits        f0 fe       integer of 24, 8 bits
//   80 llll     text, length of 32 bits        f1 .. fd    none: the integers 0 to 12

import { INT64_TEXT_BYTES, writeInt } from '../../bytes/int64.ts'
import { Int64Words } from '../../bytes/int64-words.ts'
import { corrupt } from './errors.ts'
import type { RdbText } from './input.ts'
import { PackedReader } from './packed-reader.ts'

const HEAD_BYTES = 10
const END = 0xff
const UNCOUNTED = 0xffff
const LONG_BEFORE = 0xfe
const INT8 = 0xfe
const INT16 = 0xc0
const INT24 = 0xf0
const INT32 = 0xd0
const INT64 = 0xe0
const FIRST_SMALL = 0xf1
const LAST_SMALL = 0xfd
const TEXT32 = 0x80
/** Bytes of an integer by its head. */
const WIDTHS: Readonly<Record<number, number>> = { [INT8]: 1, [INT16]: 2, [INT24]: 3, [INT32]: 4, [INT64]: 8 }

export class ZiplistReader extends PackedReader {
  private readonly words = new Int64Words()
  private readonly digits = new Uint8Array(INT64_TEXT_BYTES)
  private first = 0
  private last = 0
  private before = 0
  private count = 0
  private seen = 0

  open(blob: RdbText): void {
    const { buf, start, end } = blob
    this.u8 = buf
    if (blob.length <= HEAD_BYTES) corrupt('a ziplist is too short')
    if (this.int32(start) >>> 0 !== blob.length) corrupt('a ziplist is not as long as it says')
    if (buf[end - 1] !== END) corrupt('a ziplist does not end where it should')
    this.first = start + HEAD_BYTES
    this.last = start + (this.int32(start + 4) >>> 0)
    this.count = this.uint16(start + 8)
    this.seen = 0
    this.before = 0
    this.at = this.first
    this.stop = end - 1
  }

  next(): boolean {
    if (this.at === this.stop) {
      this.finish()
      return false
    }
    const entry = this.at
    const lengthAt = this.readBefore(entry)
    if (lengthAt >= this.stop) corrupt('an entry of a ziplist is not whole')
    const end = this.u8[lengthAt] < INT16 ? this.readText(lengthAt) : this.readInt(lengthAt)
    this.before = end - entry
    this.at = end
    this.seen++
    return true
  }

  private finish(): void {
    if (this.count !== UNCOUNTED && this.count !== this.seen) corrupt('a ziplist has not the entries it says')
    if (this.seen > 0 && this.last !== this.stop - this.before) corrupt('a ziplist does not know its last entry')
  }

  /** Checks the length of the entry before; returns where the head is. */
  private readBefore(at: number): number {
    const long = this.u8[at] === LONG_BEFORE
    if (long && at + 5 > this.stop) corrupt('an entry of a ziplist is not whole')
    const before = long ? this.int32(at + 1) >>> 0 : this.u8[at]
    if (before !== this.before) corrupt('an entry of a ziplist does not know the one before')
    return long ? at + 5 : at + 1
  }

  private readText(at: number): number {
    const { u8, stop } = this
    const head = u8[at]
    let start = at + 1
    let length = head & 63
    if (head >= TEXT32) {
      if (head !== TEXT32) corrupt('no such entry of a ziplist')
      start = at + 5
      length = ((u8[at + 1] << 24) | (u8[at + 2] << 16) | (u8[at + 3] << 8) | u8[at + 4]) >>> 0
    } else if (head >= 0x40) {
      start = at + 2
      length = (length << 8) | u8[at + 1]
    }
    if (start > stop || length > stop - start) corrupt('an entry of a ziplist is not whole')
    this.show(u8, start, start + length)
    return start + length
  }

  private readInt(at: number): number {
    const { digits, words } = this
    const head = this.u8[at]
    if (head >= FIRST_SMALL && head <= LAST_SMALL) {
      this.show(digits, 0, writeInt(digits, 0, head - FIRST_SMALL))
      return at + 1
    }
    const width = WIDTHS[head] ?? corrupt('no such entry of a ziplist')
    const end = at + 1 + width
    if (end > this.stop) corrupt('an entry of a ziplist is not whole')
    // The bytes of a narrower one are the upper ones of the word that ends with it.
    words.low = width >= 4 ? this.int32(at + 1) : this.int32(end - 4) >> (32 - 8 * width)
    words.high = width === 8 ? this.int32(at + 5) : words.low >> 31
    this.show(digits, 0, words.write(digits, 0))
    return end
  }
}
