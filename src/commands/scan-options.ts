// What SCAN and its sisters on one key (HSCAN, SSCAN, ZSCAN) are told: a cursor, a pattern, about how many at once.

import { fromText } from '../bytes/ascii.ts'
import { globMatches } from '../bytes/glob.ts'
import { INVALID_CURSOR, SYNTAX } from '../resp/errors.ts'
import type { Args } from './args.ts'

const MATCH = fromText('match')
const COUNT = fromText('count')
const STAR = 42
const DEFAULT_COUNT = 10
const LAST_CURSOR = 2n ** 64n - 1n
/** Leading zeroes aside, no more digits than LAST_CURSOR has: turning text into a bigint costs its length squared. */
const CURSOR_TEXT = /^(?:[+-]?0*(\d{1,20}))?$/

/** The cursor in word `i` as strtoul reads it; -1, which stands for the end, for one that we never gave out. */
export function parseCursor(args: Args, i: number): number {
  const n = args.safe(i)
  if (n >= 0) return n
  const [text = ''] = args.text(i).split('\0', 1)
  const found = CURSOR_TEXT.exec(text)
  if (found === null) throw INVALID_CURSOR
  const cursor = BigInt(found[1] ?? '0')
  if (cursor > LAST_CURSOR) throw INVALID_CURSOR
  const isNegative = text.startsWith('-') && cursor !== 0n
  return isNegative || cursor > BigInt(Number.MAX_SAFE_INTEGER) ? -1 : Number(cursor)
}

/** `i`, or 0 for the pattern `*`: it is for all names, while a glob's star does not match the empty one (util.c). */
export function patternIn(args: Args, i: number): number {
  return args.ends[i] - args.starts[i] === 1 && args.buf[args.starts[i]] === STAR ? 0 : i
}

/** The options of a scan; one is made for a command and used again. */
export class ScanOptions {
  /** The word with the pattern, 0 when everything matches. */
  patternAt = 0
  count = DEFAULT_COUNT

  /** Reads the words from `from` on. Throws SYNTAX, NOT_AN_INTEGER. */
  parse(args: Args, from: number): void {
    this.reset()
    for (let i = from; i < args.count; ) {
      const taken = this.option(args, i)
      if (taken === 0) throw SYNTAX
      i += taken
    }
  }

  reset(): void {
    this.patternAt = 0
    this.count = DEFAULT_COUNT
  }

  /** Reads the option at word `i`: the number of its words, 0 when it is none of these. */
  option(args: Args, i: number): number {
    if (i + 1 >= args.count) return 0
    if (args.is(i, COUNT)) {
      this.count = args.int(i + 1)
      if (this.count < 1) throw SYNTAX
    } else if (args.is(i, MATCH)) this.patternAt = patternIn(args, i + 1)
    else return 0
    return 2
  }

  /** Whether the name buf[start, end) is asked for. */
  matches(args: Args, buf: Uint8Array, start: number, end: number): boolean {
    const at = this.patternAt
    return at === 0 || globMatches(args.buf, args.starts[at], args.ends[at], buf, start, end)
  }
}
