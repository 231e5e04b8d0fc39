// Sorted set commands that take a range: one engine behind ZRANGE and its older sisters, ZRANGESTORE and ZREMRANGEBY*.

import { fromText } from '../bytes/ascii.ts'
import { SYNTAX, ZRANGE_LIMIT, ZRANGE_WITHSCORES_LEX } from '../resp/errors.ts'
import {
  buildValue,
  commitValue,
  dropBuilt,
  fitBuilt,
  openValue,
  readOtherValue,
  readValue,
  replaceValue,
  settleValue,
} from '../store/collections.ts'
import { SortedSet } from '../values/zset.ts'
import type { Args } from './args.ts'
import type { Command, KeySpec, ReadContext, WriteContext } from './command.ts'
import { READ_ONE, SHRINK_ONE } from './key-specs.ts'
import { type Direction, type RangeKind, replyRange, ZRange } from './zset-ranges.ts'

const WITHSCORES = fromText('withscores')
const LIMIT = fromText('limit')
const REV = fromText('rev')
const BYLEX = fromText('bylex')
const BYSCORE = fromText('byscore')

const zset = new SortedSet()
const built = new SortedSet()
const range = new ZRange()

/** What a request for a range says behind its bounds; kind and direction may be the command's own. */
class RangeOptions {
  kind: RangeKind = 'rank'
  direction: Direction = 'forward'
  withScores = false
  offset = 0
  limit = -1
  private kindKnown = false
  private directionKnown = false
  private stores = false

  /** Reads everything but the key in word `keyAt`. Undefined: the options may say it. Throws Redis's errors in its order. */
  parse(
    args: Args,
    keyAt: number,
    kind: RangeKind | undefined,
    direction: Direction | undefined,
    use: 'reply' | 'store',
  ): void {
    this.kind = kind ?? 'rank'
    this.direction = direction ?? 'forward'
    this.kindKnown = kind !== undefined
    this.directionKnown = direction !== undefined
    this.stores = use === 'store'
    this.withScores = false
    this.offset = 0
    this.limit = -1
    for (let i = keyAt + 3; i < args.count; i++) {
      if (args.is(i, LIMIT) && i + 2 < args.count) {
        this.offset = args.int(i + 1)
        this.limit = args.int(i + 2)
        i += 2
      } else if (!this.option(args, i)) throw SYNTAX
    }
    if (this.limit !== -1 && this.kind === 'rank') throw ZRANGE_LIMIT
    if (this.withScores && this.kind === 'lex') throw ZRANGE_WITHSCORES_LEX
    const backwards = this.direction === 'reverse' && this.kind !== 'rank'
    range.parse(args, this.kind, backwards ? keyAt + 2 : keyAt + 1, backwards ? keyAt + 1 : keyAt + 2)
  }

  private option(args: Args, i: number): boolean {
    if (!this.stores && args.is(i, WITHSCORES)) this.withScores = true
    else if (!this.directionKnown && args.is(i, REV)) {
      this.direction = 'reverse'
      this.directionKnown = true
    } else if (!this.kindKnown && (args.is(i, BYLEX) || args.is(i, BYSCORE))) {
      this.kind = args.is(i, BYLEX) ? 'lex' : 'score'
      this.kindKnown = true
    } else return false
    return true
  }

  /** Finds the ranks that are asked for. */
  resolve(): void {
    range.resolve(zset, this.direction)
    if (this.kind !== 'rank') range.cut(this.offset, this.limit, this.direction)
  }
}

const options = new RangeOptions()

function replyWith(ctx: ReadContext, args: Args, kind: RangeKind | undefined, direction: Direction | undefined): void {
  options.parse(args, 1, kind, direction, 'reply')
  if (!readValue(ctx.keys, args, 1, zset)) {
    ctx.reply.array(0)
    return
  }
  options.resolve()
  replyRange(ctx.reply, zset, range.from, range.to, options.direction, options.withScores)
}

function zrangestore(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  options.parse(args, 2, undefined, undefined, 'store')
  if (readOtherValue(keys, args, 2, zset)) options.resolve()
  else range.clear()
  keys.open(args, 1)
  const n = range.length
  if (n === 0) {
    if (keys.at.entry !== 0) keys.remove(keys.at, 'del')
    reply.int(0)
    return
  }
  const { at } = keys
  buildValue(keys, at, built)
  try {
    zset.seek(range.from, n)
    for (let i = 0; i < n; i++, zset.next()) built.add(zset.score, zset.buf, zset.start, zset.end)
    fitBuilt(keys, at, built)
  } catch (error) {
    dropBuilt(built)
    throw error
  }
  replaceValue(keys, keys.at, built, 0)
  keys.commit(keys.at, 'zrangestore')
  reply.int(n)
}

function removeRange(ctx: WriteContext, args: Args, kind: RangeKind, event: string): void {
  const { keys, reply } = ctx
  range.parse(args, kind, 2, 3)
  if (!openValue(keys, args, 1, zset)) {
    reply.int(0)
    return
  }
  range.resolve(zset, 'forward')
  const n = range.length
  zset.cut(range.from, n)
  if (n === 0) settleValue(keys, keys.at, zset)
  else {
    keys.dirty += n - 1
    commitValue(keys, keys.at, zset, event)
  }
  reply.int(n)
}

const FROM_ONE_TO_ANOTHER: readonly KeySpec[] = [
  { at: 1, last: 0, step: 1, flags: ['OW', 'update'] },
  { at: 2, last: 0, step: 1, flags: ['RO', 'access'] },
]

const RANGE_COST = 'O(log(N)+M) for M members out of N'

export const zsetRanges: readonly Command[] = [
  {
    name: 'zrange',
    syntax: 'key start(string) stop [sortby: BYSCORE | BYLEX] [REV] [LIMIT <offset count>] [WITHSCORES]',
    effect: 'read',
    group: 'sorted-set',
    since: '1.2.0',
    complexity: RANGE_COST,
    summary: 'Gives the members of a sorted set in a range of ranks, scores or members.',
    flags: [],
    keys: READ_ONE,
    history: [['6.2.0', 'Options `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.']],
    run: (ctx: ReadContext, args: Args) => replyWith(ctx, args, undefined, undefined),
  },
  {
    name: 'zrevrange',
    syntax: 'key start stop(integer) [WITHSCORES]',
    effect: 'read',
    group: 'sorted-set',
    since: '1.2.0',
    complexity: RANGE_COST,
    summary: 'Gives the members of a sorted set in a range of ranks counted from the last one.',
    flags: [],
    keys: READ_ONE,
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` argument' },
    run: (ctx: ReadContext, args: Args) => replyWith(ctx, args, 'rank', 'reverse'),
  },
  {
    name: 'zrangebyscore',
    syntax: 'key min(double) max(double) [WITHSCORES] [LIMIT <offset count>]',
    effect: 'read',
    group: 'sorted-set',
    since: '1.0.5',
    complexity: RANGE_COST,
    summary: 'Gives the members of a sorted set whose scores lie in a range.',
    flags: [],
    keys: READ_ONE,
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYSCORE` argument' },
    history: [['2.0.0', 'Option `WITHSCORES`.']],
    run: (ctx: ReadContext, args: Args) => replyWith(ctx, args, 'score', 'forward'),
  },
  {
    name: 'zrevrangebyscore',
    syntax: 'key max(double) min(double) [WITHSCORES] [LIMIT <offset count>]',
    effect: 'read',
    group: 'sorted-set',
    since: '2.2.0',
    complexity: RANGE_COST,
    summary: 'Gives the members of a sorted set whose scores lie in a range, the highest first.',
    flags: [],
    keys: READ_ONE,
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments' },
    history: [['2.1.6', 'Bounds may be excluded.']],
    run: (ctx: ReadContext, args: Args) => replyWith(ctx, args, 'score', 'reverse'),
  },
  {
    name: 'zrangebylex',
    syntax: 'key min max [LIMIT <offset count>]',
    effect: 'read',
    group: 'sorted-set',
    since: '2.8.9',
    complexity: RANGE_COST,
    summary: 'Gives the members of a sorted set, all of one score, that lie in a range of members.',
    flags: [],
    keys: READ_ONE,
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYLEX` argument' },
    run: (ctx: ReadContext, args: Args) => replyWith(ctx, args, 'lex', 'forward'),
  },
  {
    name: 'zrevrangebylex',
    syntax: 'key max min [LIMIT <offset count>]',
    effect: 'read',
    group: 'sorted-set',
    since: '2.8.9',
    complexity: RANGE_COST,
    summary: 'Gives the members of a sorted set, all of one score, that lie in a range of members, the last first.',
    flags: [],
    keys: READ_ONE,
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments' },
    run: (ctx: ReadContext, args: Args) => replyWith(ctx, args, 'lex', 'reverse'),
  },
  {
    name: 'zrangestore',
    syntax: 'dst(key#0) src(key#1) min max [sortby: BYSCORE | BYLEX] [REV] [LIMIT <offset count>]',
    effect: 'write',
    group: 'sorted-set',
    since: '6.2.0',
    complexity: RANGE_COST,
    summary: 'Stores the members of a sorted set in a range of ranks, scores or members as another sorted set.',
    flags: ['denyoom'],
    keys: FROM_ONE_TO_ANOTHER,
    run: zrangestore,
  },
  {
    name: 'zremrangebyrank',
    syntax: 'key start stop(integer)',
    effect: 'write',
    group: 'sorted-set',
    since: '2.0.0',
    complexity: RANGE_COST,
    summary: 'Removes the members of a sorted set in a range of ranks.',
    flags: [],
    keys: SHRINK_ONE,
    run: (ctx: WriteContext, args: Args) => removeRange(ctx, args, 'rank', 'zremrangebyrank'),
  },
  {
    name: 'zremrangebyscore',
    syntax: 'key min(double) max(double)',
    effect: 'write',
    group: 'sorted-set',
    since: '1.2.0',
    complexity: RANGE_COST,
    summary: 'Removes the members of a sorted set whose scores lie in a range.',
    flags: [],
    keys: SHRINK_ONE,
    run: (ctx: WriteContext, args: Args) => removeRange(ctx, args, 'score', 'zremrangebyscore'),
  },
  {
    name: 'zremrangebylex',
    syntax: 'key min max',
    effect: 'write',
    group: 'sorted-set',
    since: '2.8.9',
    complexity: RANGE_COST,
    summary: 'Removes the members of a sorted set, all of one score, that lie in a range of members.',
    flags: [],
    keys: SHRINK_ONE,
    run: (ctx: WriteContext, args: Args) => removeRange(ctx, args, 'lex', 'zremrangebylex'),
  },
]
