// Reads listpacks (Redis 5 and later).
//
//   u32 bytes in all | u16 elements, 65535: not known | elements of memory/packed.ts | ff

import { INT64_TEXT_BYTES } from '../../bytes/int64.ts'
import { Int64Words } from '../../bytes/int64-words.ts'
import { PackedElement, packedIsWhole } from '../../memory/packed.ts'
import { corrupt } from './errors.ts'
import type { RdbText } from './input.ts'
import { LISTPACK_END, LISTPACK_HEAD_BYTES, LISTPACK_UNCOUNTED } from './listpack.ts'
import { PackedReader } from './packed-reader.ts'

export class ListpackReader extends PackedReader {
  private readonly element = new PackedElement()
  private readonly words = new Int64Words()
  private readonly digits = new Uint8Array(INT64_TEXT_BYTES)
  private count = 0
  private seen = 0

  open(blob: RdbText): void {
    const { buf, start, end } = blob
    this.u8 = buf
    if (blob.length <= LISTPACK_HEAD_BYTES) corrupt('a listpack is too short')
    if (this.int32(start) >>> 0 !== blob.length) corrupt('a listpack is not as long as it says')
    if (buf[end - 1] !== LISTPACK_END) corrupt('a listpack does not end where it should')
    this.count = this.uint16(start + 4)
    this.seen = 0
    this.at = start + LISTPACK_HEAD_BYTES
    this.stop = end - 1
  }

  next(): boolean {
    const { u8, at, element } = this
    if (at === this.stop) {
      if (this.count !== LISTPACK_UNCOUNTED && this.count !== this.seen)
        corrupt('a listpack has not the elements it says')
      return false
    }
    if (!packedIsWhole(u8, at, this.stop)) corrupt('an element of a listpack is not whole')
    element.read(u8, at)
    this.at = element.next
    this.seen++
    if (!element.isInt) this.show(u8, element.start, element.end)
    else if (Number.isSafeInteger(element.int)) this.show(this.digits, 0, element.writeText(this.digits, 0))
    else this.showWide(at + 1)
    return true
  }

  /** An integer of 64 bits beyond 2^53. */
  private showWide(at: number): void {
    const { words, digits } = this
    words.low = this.int32(at)
    words.high = this.int32(at + 4)
    this.show(digits, 0, words.write(digits, 0))
  }
}
