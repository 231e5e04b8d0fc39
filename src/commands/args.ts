// The arguments of a command: a request with typed looks at its words. Word 0 is the command's name. A look that fails
// throws Redis's error, so handlers read all arguments before they change anything.

import { equalsIgnoreCase, toText } from '../bytes/ascii.ts'
import { parseDouble } from '../bytes/double.ts'
import { parseInt64, parseSafe } from '../bytes/int64.ts'
import { type CommandError, NOT_A_FLOAT, NOT_AN_INTEGER } from '../resp/errors.ts'
import { Request } from '../resp/request.ts'

export class Args extends Request {
  /** Bytes from the first word to the last. */
  get byteLength(): number {
    return this.ends[this.count - 1] - this.starts[0]
  }

  /** A copy with bytes of its own, for a request that outlives the chunk it came in. */
  kept(): Args {
    const kept = new Args()
    const { count } = this
    const from = this.starts[0]
    kept.buf = new Uint8Array(this.buf.subarray(from, this.ends[count - 1]))
    kept.count = count
    kept.starts = new Int32Array(count)
    kept.ends = new Int32Array(count)
    for (let i = 0; i < count; i++) {
      kept.starts[i] = this.starts[i] - from
      kept.ends[i] = this.ends[i] - from
    }
    return kept
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
