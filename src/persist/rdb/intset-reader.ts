// Reads intsets: integers in ascending order.
//
//   u32 width: 2, 4 or 8 bytes | u32 integers | integers, little endian

import { INT64_TEXT_BYTES } from '../../bytes/int64.ts'
import { Int64Words } from '../../bytes/int64-words.ts'
import { corrupt } from './errors.ts'
import type { RdbText } from './input.ts'
import { PackedReader } from './packed-reader.ts'

export const INTSET_HEAD_BYTES = 8

export class IntsetReader extends PackedReader {
  private readonly words = new Int64Words()
  private readonly digits = new Uint8Array(INT64_TEXT_BYTES)
  private width = 0
  private first = 0

  open(blob: RdbText): void {
    const { buf, start, end } = blob
    this.u8 = buf
    if (blob.length < INTSET_HEAD_BYTES) corrupt('an intset is too short')
    const width = this.int32(start)
    if (width !== 2 && width !== 4 && width !== 8) corrupt('an intset has integers of no known width')
    const count = this.int32(start + 4) >>> 0
    if (blob.length !== INTSET_HEAD_BYTES + count * width) corrupt('an intset is not as long as it says')
    this.width = width
    this.first = start + INTSET_HEAD_BYTES
    this.at = this.first
    this.stop = end
  }

  next(): boolean {
    const { words, digits, at } = this
    if (at === this.stop) return false
    const { high, low } = words
    words.low = this.width === 2 ? (this.uint16(at) << 16) >> 16 : this.int32(at)
    words.high = this.width === 8 ? this.int32(at + 4) : words.low >> 31
    const isMore = words.high > high || (words.high === high && words.low >>> 0 > low >>> 0)
    if (at !== this.first && !isMore) corrupt('the integers of an intset are not in order')
    this.show(digits, 0, words.write(digits, 0))
    this.at = at + this.width
    return true
  }
}
