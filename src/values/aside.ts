// Elements put aside: what visits of them have shown (value.ts), until somebody visits them again, in the same order.
//
//   pieces of some KiB, each with whole elements:     u32 length, bytes     for each visit

import { copy } from '../bytes/ascii.ts'
import type { Visit } from './value.ts'

const FIRST_BYTES = 512
/** A piece that has reached this takes no other element. */
const FULL_BYTES = 16 << 10
const HEAD_BYTES = 4

interface Piece {
  u8: Uint8Array
  end: number
}

export class Aside {
  /** Memory that it takes. */
  bytes = 0
  private readonly pieces: Piece[] = []
  private last: Piece | undefined

  get isEmpty(): boolean {
    return this.pieces.length === 0
  }

  /** Another element begins: its visits follow. */
  begin(): void {
    if (this.last === undefined || this.last.end >= FULL_BYTES) this.addPiece()
  }

  private addPiece(): void {
    this.last = { u8: new Uint8Array(FIRST_BYTES), end: 0 }
    this.pieces.push(this.last)
    this.bytes += FIRST_BYTES
  }

  readonly add = (buf: Uint8Array, start: number, end: number): void => {
    const { last } = this
    if (last === undefined) return
    const length = end - start
    if (last.end + HEAD_BYTES + length > last.u8.length) this.enlarge(last, last.end + HEAD_BYTES + length)
    const { u8 } = last
    for (let i = 0; i < HEAD_BYTES; i++) u8[last.end + i] = length >>> (8 * i)
    last.end = copy(u8, last.end + HEAD_BYTES, buf, start, end)
  }

  private enlarge(piece: Piece, bytes: number): void {
    const larger = new Uint8Array(2 * bytes)
    larger.set(piece.u8.subarray(0, piece.end))
    this.bytes += larger.length - piece.u8.length
    piece.u8 = larger
  }

  /** Visits the elements of the first piece, and forgets them. */
  release(visit: Visit): void {
    const piece = this.pieces.shift()
    if (piece === undefined) return
    if (piece === this.last) this.last = undefined
    const { u8, end } = piece
    this.bytes -= u8.length
    for (let at = 0; at < end; ) {
      const start = at + HEAD_BYTES
      at = start + (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24))
      visit(u8, start, at)
    }
  }
}
