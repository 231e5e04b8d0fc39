// Elements put aside: what visits of them have shown (value.ts), until somebody visits them again, in the same order.
//
//   pieces of some KiB, each with whole elements:     u32 length, bytes     for each visit

import { copy } from '../bytes/ascii.ts'
import type { Visit } from './value.ts'

/** Room of the first piece, and of those that follow a full one. */
const FIRST_BYTES = 512
const NEXT_BYTES = 20 << 10
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
    const room = this.last === undefined ? FIRST_BYTES : NEXT_BYTES
    this.last = { u8: new Uint8Array(room), end: 0 }
    this.pieces.push(this.last)
    this.bytes += room
  }

  readonly add = (buf: Uint8Array, start: number, end: number): void => {
    const { last } = this
    if (last === undefined) return
    const length = end - start
    const at = last.end
    if (at + HEAD_BYTES + length > last.u8.length) this.enlarge(last, at + HEAD_BYTES + length)
    const { u8 } = last
    u8[at] = length
    u8[at + 1] = length >>> 8
    u8[at + 2] = length >>> 16
    u8[at + 3] = length >>> 24
    last.end = copy(u8, at + HEAD_BYTES, buf, start, end)
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
