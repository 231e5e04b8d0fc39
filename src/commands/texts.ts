// Byte strings that a command keeps aside while it looks up other keys: all in one buffer, by number.
//
//   add     copies the bytes, O(length)          8 bytes a text beside them          kept for the next use up to KEPT_BYTES

import { copy } from '../bytes/ascii.ts'
import { OOM } from '../resp/errors.ts'

const FIRST_BYTES = 1024
const FIRST_TEXTS = 64
/** Larger buffers are given up after their command. */
const KEPT_BYTES = 1 << 20
const MOST_BYTES = 2 ** 31 - 1

export class Texts {
  buf = new Uint8Array(FIRST_BYTES)
  count = 0
  /** Text i is buf[starts[i], ends[i]), or nothing at all when ends[i] is -1. */
  starts = new Int32Array(FIRST_TEXTS)
  ends = new Int32Array(FIRST_TEXTS)
  private used = 0

  /** Returns the number of the text. Throws OOM when all together are too long. */
  add(buf: Uint8Array, start: number, end: number): number {
    const to = this.used + end - start
    if (to > this.buf.length) this.growBytes(to)
    const i = this.addNothing()
    copy(this.buf, this.used, buf, start, end)
    this.starts[i] = this.used
    this.ends[i] = to
    this.used = to
    return i
  }

  /** What stands for a text that is not there; `has` is false for it. */
  addNothing(): number {
    if (this.count === this.starts.length) this.growTexts()
    this.starts[this.count] = this.used
    this.ends[this.count] = -1
    return this.count++
  }

  has(i: number): boolean {
    return this.ends[i] >= 0
  }

  clear(): void {
    this.count = 0
    this.used = 0
    if (this.buf.length > KEPT_BYTES) this.buf = new Uint8Array(FIRST_BYTES)
    if (this.starts.length * 8 <= KEPT_BYTES) return
    this.starts = new Int32Array(FIRST_TEXTS)
    this.ends = new Int32Array(FIRST_TEXTS)
  }

  private growBytes(needed: number): void {
    if (needed > MOST_BYTES) throw OOM
    const grown = new Uint8Array(Math.min(MOST_BYTES, Math.max(needed, 2 * this.buf.length)))
    grown.set(this.buf.subarray(0, this.used))
    this.buf = grown
  }

  private growTexts(): void {
    const [starts, ends] = [this.starts, this.ends]
    this.starts = new Int32Array(2 * starts.length)
    this.starts.set(starts)
    this.ends = new Int32Array(2 * ends.length)
    this.ends.set(ends)
  }
}
