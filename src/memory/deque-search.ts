// A text looked for among the elements of a deque. Of a run whose elements begin alike it is seen at once whether one can be
// the text: most runs are passed over without a look at their elements, in the others what follows the prefix is compared.

import { parseSafe } from '../bytes/int64.ts'
import type { Arena } from './arena.ts'
import type { DequeCursor } from './deque-cursor.ts'
import { packedBack, packedMatches, packedOpening, packedSkip } from './packed.ts'

export class DequeSearch {
  /** Elements that `find` or `findBack` has passed over. */
  passed = 0
  private buf: Uint8Array = new Uint8Array(0)
  private textStart = 0
  private end = 0
  /** What an element of the run has to be: the text from here on, the integer that this is, and how it begins. */
  private start = 0
  private n = NaN
  private opening = 0

  /** The text buf[start, end). */
  aim(buf: Uint8Array, start: number, end: number): void {
    this.buf = buf
    this.textStart = start
    this.end = end
    this.wantFrom(start)
  }

  private wantFrom(start: number): void {
    const { buf, end } = this
    this.start = start
    this.n = parseSafe(buf, start, end)
    this.opening = packedOpening(buf, start, end, this.n)
  }

  /** To be called when the cursor has come to a run, before it is searched. False: no element of it is the text. */
  enter(a: Arena, cursor: DequeCursor): boolean {
    const { buf, textStart, end } = this
    const { prefix, prefixBytes } = cursor
    if (prefixBytes > end - textStart) return false
    for (let i = 0; i < prefixBytes; i++) if (a.u8[prefix + i] !== buf[textStart + i]) return false
    if (this.start !== textStart + prefixBytes) this.wantFrom(textStart + prefixBytes)
    return true
  }

  /** Takes the cursor to the first of the next `most` elements of its run that is the text. False: none is. */
  find(a: Arena, cursor: DequeCursor, most: number): boolean {
    const { u8 } = a
    const { buf, start, end, n, opening } = this
    const { stop } = cursor
    const length = Math.min(most, cursor.length)
    let { at } = cursor
    let passed = 0
    let isFound = false
    for (; passed < length && at < stop; passed++) {
      const head = u8[at]
      if ((head | (u8[at + 1] << 8)) === opening && packedMatches(u8, at, buf, start, end, n)) {
        isFound = true
        break
      }
      at = head >= 0x80 && head < 0xc0 ? at + (head & 63) + 2 : packedSkip(u8, at)
    }
    cursor.at = at
    this.passed = passed
    return isFound
  }

  /** The same backwards: the cursor stands at the end of an element, and then at the beginning of the one that is the text. */
  findBack(a: Arena, cursor: DequeCursor, most: number): boolean {
    const { u8 } = a
    const { buf, start, end, n, opening } = this
    const first = cursor.start
    const length = Math.min(most, cursor.length)
    let { at } = cursor
    let passed = 0
    let isFound = false
    for (; passed < length && at > first; passed++) {
      at = packedBack(u8, at)
      if ((u8[at] | (u8[at + 1] << 8)) === opening && packedMatches(u8, at, buf, start, end, n)) {
        isFound = true
        break
      }
    }
    cursor.at = at
    this.passed = passed
    return isFound
  }
}
