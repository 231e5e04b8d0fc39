// The arguments of the running command: borrowed bytes and typed looks at them. Word 0 is the command's name. A look that
// fails throws Redis's error, so handlers read all arguments before they change anything.

import { equalsIgnoreCase, toText } from '../bytes/ascii.ts'
import { parseDouble } from '../bytes/double.ts'
import { parseInt64, parseSafe } from '../bytes/int64.ts'
import type { Words } from '../bytes/words.ts'
import { type CommandError, NOT_A_FLOAT, NOT_AN_INTEGER } from '../resp/errors.ts'

export class Args implements Words {
  buf: Uint8Array = new Uint8Array(0)
  starts: Int32Array = new Int32Array(0)
  ends: Int32Array = new Int32Array(0)
  count = 0
  keyAt = 0
  nsHash = 0
  keyHash = 0
  keyStart = 0

  /** Looks at another request's words. */
  borrow(words: Words): void {
    this.buf = words.buf
    this.starts = words.starts
    this.ends = words.ends
    this.count = words.count
    this.keyAt = words.keyAt
    this.nsHash = words.nsHash
    this.keyHash = words.keyHash
    this.keyStart = words.keyStart
  }

  length(i: number): number {
    return this.ends[i] - this.starts[i]
  }

  /** Latin-1 text of word `i`: every byte one character. */
  text(i: number): string {
    return toText(this.buf, this.starts[i], this.ends[i])
  }

  /** Whether word `i` is `lowerWord` in any case. */
  is(i: number, lowerWord: Uint8Array): boolean {
    return equalsIgnoreCase(this.buf, this.starts[i], this.ends[i], lowerWord)
  }

  /** The number in word `i` when it is an int64's canonical text within +-2^53, else NaN. */
  safe(i: number): number {
    return parseSafe(this.buf, this.starts[i], this.ends[i])
  }

  /** An int64, as a number: exact up to 2^53, rounded above. Throws `error` for anything else. */
  int(i: number, error: CommandError = NOT_AN_INTEGER): number {
    const n = this.safe(i)
    if (!Number.isNaN(n)) return n
    return Number(this.int64(i, error))
  }

  /** An int64, exact. */
  int64(i: number, error: CommandError = NOT_AN_INTEGER): bigint {
    const n = parseInt64(this.buf, this.starts[i], this.ends[i])
    if (n === undefined) throw error
    return n
  }

  /** An integer within [min, max]; throws `error` otherwise. */
  intIn(i: number, min: number, max: number, error: CommandError): number {
    const n = this.int(i, error)
    if (n < min || n > max) throw error
    return n
  }

  double(i: number, error: CommandError = NOT_A_FLOAT): number {
    const n = parseDouble(this.buf, this.starts[i], this.ends[i])
    if (n === undefined) throw error
    return n
  }
}
