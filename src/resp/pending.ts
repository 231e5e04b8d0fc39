// What a connection has sent of a command whose end has not arrived. The buffer grows with the bytes that are there and not
// with the lengths that a client announces.

import { NO_BYTES, Request } from './request.ts'

/** The first helping of a chunk that a cut command gets; each further one is twice as large. */
const FIRST_HELPING_BYTES = 64
export const MAX_HELPING_BYTES = 1024 * 1024

/** A command whose end has not arrived: its bytes so far, and how far they were understood. */
export class Pending {
  buf = NO_BYTES
  length = 0
  /** Arguments found, as offsets in `buf`. */
  readonly table = new Request()
  /** Where to read on. */
  at = 0
  /** The line at `at` has no end before this place. */
  searched = 0
  /** Arguments still to come; 0 while the first line is not complete. */
  left = 0
  /** Length of the bulk at `at`; -1 when its length line comes first. */
  bulkBytes = -1
  helpingBytes = FIRST_HELPING_BYTES

  /** Bytes that must be there before reading on can get anywhere. */
  get missing(): number {
    return this.bulkBytes < 0 ? 1 : this.at + this.bulkBytes + 2 - this.length
  }

  append(src: Uint8Array, start: number, end: number): void {
    const needed = this.length + (end - start)
    if (needed > this.buf.length) {
      let capacity = Math.max(needed, this.buf.length * 2)
      // The end of a bulk is the likely end of the command: do not reserve beyond it.
      const bulkEnd = this.bulkBytes < 0 ? capacity : this.at + this.bulkBytes + 2
      if (capacity > bulkEnd && bulkEnd >= needed) capacity = bulkEnd
      const grown = new Uint8Array(capacity)
      grown.set(this.buf.subarray(0, this.length))
      this.buf = grown
    }
    this.buf.set(src.subarray(start, end), this.length)
    this.length = needed
  }
}
