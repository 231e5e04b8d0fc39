// Reads zipmaps, the small hashes of Redis before 2.6: field, value, field, value.
//
//   u8 pairs, 254: not known | pairs | ff
//
//   pair = length | field | length | u8 unused bytes | value | unused bytes          length = u8 below 254, or fe and u32

import { corrupt } from './errors.ts'
import type { RdbText } from './input.ts'
import { PackedReader } from './packed-reader.ts'

const END = 0xff
const LONG = 0xfe

export class ZipmapReader extends PackedReader {
  private count = 0
  private seen = 0

  open(blob: RdbText): void {
    const { buf, start, end } = blob
    this.u8 = buf
    if (blob.length < 2) corrupt('a zipmap is too short')
    if (buf[end - 1] !== END) corrupt('a zipmap does not end where it should')
    this.count = buf[start]
    this.seen = 0
    this.at = start + 1
    this.stop = end - 1
  }

  next(): boolean {
    if (this.at === this.stop && this.seen % 2 === 0) {
      if (this.count !== LONG && this.count !== this.seen / 2) corrupt('a zipmap has not the pairs it says')
      return false
    }
    const isValue = this.seen % 2 === 1
    const length = this.readLength()
    const unused = isValue ? this.u8[this.at++] : 0
    const end = this.at + length
    if (end + unused > this.stop) corrupt('a pair of a zipmap is not whole')
    this.show(this.u8, this.at, end)
    this.at = end + unused
    this.seen++
    return true
  }

  private readLength(): number {
    const head = this.at < this.stop ? this.u8[this.at++] : END
    if (head < LONG) return head
    if (head === END || this.at + 4 > this.stop) corrupt('a pair of a zipmap is not whole')
    const length = this.int32(this.at) >>> 0
    if (length < LONG) corrupt('a length in a zipmap is longer than it need be')
    this.at += 4
    return length
  }
}
