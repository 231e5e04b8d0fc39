// Makes listpacks, Redis's packed elements: a head, the elements of memory/packed.ts, an end (listpack-reader.ts draws it).
// One is made at a time, in a buffer that is used again.

import { copy } from '../../bytes/ascii.ts'
import { PACKED_OVERHEAD_BYTES, packedWrite, packedWriteInt } from '../../memory/packed.ts'

export const LISTPACK_HEAD_BYTES = 6
export const LISTPACK_END = 0xff
/** The count of a listpack whose elements must be counted one by one. */
export const LISTPACK_UNCOUNTED = 0xffff
const FIRST_BYTES = 16 << 10
/** A larger buffer is given back after its listpack. */
const KEPT_BYTES = 1 << 20

export class Listpack {
  u8 = new Uint8Array(FIRST_BYTES)
  at = LISTPACK_HEAD_BYTES
  count = 0

  begin(): void {
    if (this.u8.length > KEPT_BYTES) this.u8 = new Uint8Array(FIRST_BYTES)
    this.at = LISTPACK_HEAD_BYTES
    this.count = 0
  }

  add(buf: Uint8Array, start: number, end: number): void {
    this.reserve(end - start + PACKED_OVERHEAD_BYTES)
    this.at = packedWrite(this.u8, this.at, buf, start, end)
    this.count++
  }

  /** Adds a safe integer. */
  addInt(n: number): void {
    this.reserve(PACKED_OVERHEAD_BYTES)
    this.at = packedWriteInt(this.u8, this.at, n)
    this.count++
  }

  /** Adds elements that are packed already, u8[start, end). */
  addPacked(u8: Uint8Array, start: number, end: number, count: number): void {
    this.reserve(end - start)
    this.at = copy(this.u8, this.at, u8, start, end)
    this.count += count
  }

  /** Completes it: the listpack is u8[0, at). */
  finish(): void {
    this.reserve(1)
    const { u8 } = this
    u8[this.at++] = LISTPACK_END
    for (let i = 0; i < 4; i++) u8[i] = this.at >>> (8 * i)
    const count = Math.min(this.count, LISTPACK_UNCOUNTED)
    u8[4] = count
    u8[5] = count >> 8
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.u8.length) return
    const larger = new Uint8Array(Math.max(2 * this.u8.length, this.at + bytes))
    larger.set(this.u8.subarray(0, this.at))
    this.u8 = larger
  }
}
