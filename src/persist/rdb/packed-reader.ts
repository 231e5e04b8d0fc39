// Elements that RDB keeps together in one string, as Redis has them in memory: listpack, ziplist, zipmap, intset. A reader
// is opened on such a string and gives one element after the other as text; each is checked before it is looked at, and
// after the last one whether there were as many as the head says.

import type { RdbText } from './input.ts'

export abstract class PackedReader {
  /** The element that `next` came to: bytes of the string, or of the reader itself. */
  buf: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  protected u8: Uint8Array = this.buf
  protected at = 0
  protected stop = 0

  /** Whether the element's bytes are the reader's own, which the next one may overwrite. */
  get spelled(): boolean {
    return this.buf !== this.u8
  }

  /** Begins with the elements of `blob`. Throws RdbCorrupt. */
  abstract open(blob: RdbText): void

  /** Moves on to the next element; false after the last. Throws RdbCorrupt. */
  abstract next(): boolean

  protected uint16(at: number): number {
    return this.u8[at] | (this.u8[at + 1] << 8)
  }

  protected int32(at: number): number {
    const { u8 } = this
    return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)
  }

  protected show(buf: Uint8Array, start: number, end: number): void {
    this.buf = buf
    this.start = start
    this.end = end
  }
}
