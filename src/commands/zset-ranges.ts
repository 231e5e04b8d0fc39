// A range of a sorted set as requests give it: by rank, by score or by member. All three become ranks, [from, to), by
// counting what lies before each bound; replying, storing, removing and counting then know only ranks.

import { parseDouble } from '../bytes/double.ts'
import { scanFloat } from '../bytes/floattext.ts'
import { TreeKey } from '../memory/tree-node.ts'
import { LEX_RANGE, SCORE_RANGE } from '../resp/errors.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import type { SortedSet } from '../values/zset.ts'
import { replyMembers } from '../values/zset-reply.ts'
import type { Args } from './args.ts'

export type RangeKind = 'rank' | 'score' | 'lex'
export type Direction = 'forward' | 'reverse'

const NUL = 0
const PARENTHESIS = 0x28
const PLUS = 0x2b
const MINUS = 0x2d
const BRACKET = 0x5b

/** A range; a family keeps one and uses it again. */
export class ZRange {
  /** Ranks of the first member and behind the last one, once resolved. */
  from = 0
  to = 0
  private kind: RangeKind = 'rank'
  private start = 0
  private stop = 0
  private readonly low = new TreeKey()
  private readonly high = new TreeKey()

  get length(): number {
    return this.to - this.from
  }

  /** Reads the bounds in two words. Throws NOT_AN_INTEGER, SCORE_RANGE or LEX_RANGE. */
  parse(args: Args, kind: RangeKind, lowAt: number, highAt: number): void {
    this.kind = kind
    if (kind === 'rank') {
      this.start = args.int(lowAt)
      this.stop = args.int(highAt)
    } else if (kind === 'score') {
      scoreBound(args, lowAt, this.low, false)
      scoreBound(args, highAt, this.high, true)
    } else {
      lexBound(args, lowAt, this.low, false)
      lexBound(args, highAt, this.high, true)
    }
  }

  /** The range of a sorted set that is not there. */
  clear(): void {
    this.from = 0
    this.to = 0
  }

  /** Finds the ranks. Those of a range by rank count from the end in reverse. */
  resolve(zset: SortedSet, direction: Direction): void {
    const { count } = zset
    if (this.kind !== 'rank') {
      this.from = zset.before(this.low)
      this.to = Math.max(this.from, zset.before(this.high))
      return
    }
    const start = Math.max(0, this.start < 0 ? this.start + count : this.start)
    const stop = Math.min(count - 1, this.stop < 0 ? this.stop + count : this.stop)
    this.from = start > stop ? 0 : direction === 'forward' ? start : count - 1 - stop
    this.to = start > stop ? 0 : direction === 'forward' ? stop + 1 : count - start
  }

  /** LIMIT: leaves out `offset` members at the side where the walk starts, and what is beyond `limit`; below 0: no limit. */
  cut(offset: number, limit: number, direction: Direction): void {
    const skipped = offset < 0 ? this.length : Math.min(offset, this.length)
    const n = limit < 0 ? this.length - skipped : Math.min(limit, this.length - skipped)
    if (direction === 'forward') {
      this.from += skipped
      this.to = this.from + n
    } else {
      this.to -= skipped
      this.from = this.to - n
    }
  }
}

/** What strtod makes of the bytes up to the first NUL, as Redis reads the bounds of scores; NaN when they are no number. */
function looseDouble(buf: Uint8Array, start: number, end: number): number {
  const n = parseDouble(buf, start, end)
  if (n !== undefined) return n
  let stop = start
  while (stop < end && buf[stop] !== NUL) stop++
  if (stop === start) return 0
  let at = start
  while (at < stop && (buf[at] === 32 || (buf[at] >= 9 && buf[at] <= 13))) at++
  const known = parseDouble(buf, at, stop)
  if (known !== undefined) return known
  const text = scanFloat(buf, at, stop)
  if (text === undefined || text.kind === 'infinite') return Number.NaN
  // Too large or too small for a double: that is infinity or 0 here.
  const magnitude = text.exponent + text.digits.length > 0 ? Infinity : 0
  return text.negative ? -magnitude : magnitude
}

function scoreBound(args: Args, i: number, place: TreeKey, isHigh: boolean): void {
  const { buf } = args
  const start = args.starts[i]
  const end = args.ends[i]
  const excludes = start < end && buf[start] === PARENTHESIS
  const score = looseDouble(buf, excludes ? start + 1 : start, end)
  if (Number.isNaN(score)) throw SCORE_RANGE
  place.scoreOnly(score, isHigh !== excludes)
}

function lexBound(args: Args, i: number, place: TreeKey, isHigh: boolean): void {
  const { buf } = args
  const start = args.starts[i]
  const end = args.ends[i]
  const head = start < end ? buf[start] : NUL
  if (head === PARENTHESIS || head === BRACKET) {
    place.member(Number.NaN, buf, start + 1, end, isHigh === (head === BRACKET))
  } else if ((head === PLUS || head === MINUS) && (end === start + 1 || buf[start + 1] === NUL)) {
    place.scoreOnly(head === PLUS ? Infinity : -Infinity, head === PLUS)
  } else throw LEX_RANGE
}

/** The members of ranks [from, to), scores beside them on demand: flat in RESP2, pairs in RESP3. */
export function replyRange(
  reply: ReplyWriter,
  zset: SortedSet,
  from: number,
  to: number,
  direction: Direction,
  withScores: boolean,
): void {
  const n = to - from
  if (withScores) reply.pairs(n)
  else reply.array(n)
  if (n <= 0) return
  if (direction === 'forward') replyMembers(reply, zset, from, n, withScores)
  else replyMembers(reply, zset, to - 1, -n, withScores)
}
