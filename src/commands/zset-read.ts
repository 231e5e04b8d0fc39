// Sorted set commands that look at single members or count them.

import { fromText } from '../bytes/ascii.ts'
import { formatDouble, formatScore } from '../bytes/double.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { SYNTAX, wrongArity } from '../resp/errors.ts'
import { readValue } from '../store/collections.ts'
import { SortedSet } from '../values/zset.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext } from './command.ts'
import { LOOK_ONE, READ_ONE } from './key-specs.ts'
import { parseCursor, ScanOptions } from './scan-options.ts'
import { type Direction, type RangeKind, ZRange } from './zset-ranges.ts'

const WITHSCORE = fromText('withscore')
const SCAN_END = 0x1_0000_0000

const zset = new SortedSet()
const range = new ZRange()
const scanOptions = new ScanOptions()
const batch = new PairBatch()

function zcard(ctx: ReadContext, args: Args): void {
  ctx.reply.int(readValue(ctx.keys, args, 1, zset) ? zset.count : 0)
}

function count(ctx: ReadContext, args: Args, kind: RangeKind): void {
  range.parse(args, kind, 2, 3)
  if (!readValue(ctx.keys, args, 1, zset)) {
    ctx.reply.int(0)
    return
  }
  range.resolve(zset, 'forward')
  ctx.reply.int(range.length)
}

function replyScore(ctx: ReadContext, args: Args, i: number, exists: boolean): void {
  if (exists && zset.find(args.buf, args.starts[i], args.ends[i])) ctx.reply.double(zset.score)
  else ctx.reply.null()
}

function zscore(ctx: ReadContext, args: Args): void {
  replyScore(ctx, args, 2, readValue(ctx.keys, args, 1, zset))
}

function zmscore(ctx: ReadContext, args: Args): void {
  const exists = readValue(ctx.keys, args, 1, zset)
  ctx.reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) replyScore(ctx, args, i, exists)
}

function rank(ctx: ReadContext, args: Args, direction: Direction, name: string): void {
  const { reply } = ctx
  if (args.count > 4) throw wrongArity(name)
  const withScore = args.count === 4
  if (withScore && !args.is(3, WITHSCORE)) throw SYNTAX
  const { buf } = args
  const start = args.starts[2]
  const end = args.ends[2]
  if (!readValue(ctx.keys, args, 1, zset) || !zset.find(buf, start, end)) {
    if (withScore) reply.nullArray()
    else reply.null()
    return
  }
  const before = zset.rank(buf, start, end)
  if (withScore) reply.array(2)
  reply.int(direction === 'forward' ? before : zset.count - 1 - before)
  if (withScore) reply.double(zset.score)
}

function zscan(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  const cursor = parseCursor(args, 2)
  if (!readValue(ctx.keys, args, 1, zset)) {
    reply.array(2)
    reply.bulkInt(0)
    reply.array(0)
    return
  }
  scanOptions.parse(args, 3)
  const isSmall = zset.isSmall
  const next = isSmall || cursor < 0 ? SCAN_END : zset.scan(Math.min(cursor, SCAN_END), scanOptions.count, batch)
  reply.array(2)
  reply.bulkInt(next === SCAN_END ? 0 : next)
  const mark = reply.mark()
  let n = 0
  if (isSmall) {
    zset.seek(0)
    for (let i = 0; i < zset.count; i++, zset.next()) n += scanned(ctx, args, formatScore)
  } else {
    for (let i = 0; i < batch.length; i++) {
      zset.loadScored(batch.refs[i])
      n += scanned(ctx, args, formatDouble)
    }
  }
  reply.arrayFrom(mark, 2 * n)
  batch.clear()
}

/** Replies with the member at hand when it is asked for: 1 then, else 0. Redis prints a packed score as it is packed. */
function scanned(ctx: ReadContext, args: Args, format: (score: number) => string): number {
  const { buf, start, end } = zset
  if (!scanOptions.matches(args, buf, start, end)) return 0
  ctx.reply.bulk(buf, start, end)
  ctx.reply.bulkText(format(zset.score))
  return 1
}

export const zsetReads: readonly Command[] = [
  {
    name: 'zcard',
    syntax: 'key',
    effect: 'read',
    group: 'sorted-set',
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Says how many members a sorted set has.',
    flags: ['fast'],
    keys: LOOK_ONE,
    run: zcard,
  },
  {
    name: 'zcount',
    syntax: 'key min(double) max(double)',
    effect: 'read',
    group: 'sorted-set',
    since: '2.0.0',
    complexity: 'O(log(N)) with N members in the sorted set',
    summary: 'Counts the members of a sorted set whose scores lie in a range.',
    flags: ['fast'],
    keys: READ_ONE,
    run: (ctx: ReadContext, args: Args) => count(ctx, args, 'score'),
  },
  {
    name: 'zlexcount',
    syntax: 'key min max',
    effect: 'read',
    group: 'sorted-set',
    since: '2.8.9',
    complexity: 'O(log(N)) with N members in the sorted set',
    summary: 'Counts the members of a sorted set, all of one score, that lie in a range of members.',
    flags: ['fast'],
    keys: READ_ONE,
    run: (ctx: ReadContext, args: Args) => count(ctx, args, 'lex'),
  },
  {
    name: 'zscore',
    syntax: 'key member',
    effect: 'read',
    group: 'sorted-set',
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Gives the score of a member of a sorted set.',
    flags: ['fast'],
    keys: READ_ONE,
    run: zscore,
  },
  {
    name: 'zmscore',
    syntax: 'key member [member ...]',
    effect: 'read',
    group: 'sorted-set',
    since: '6.2.0',
    complexity: 'O(N) for N members asked for',
    summary: 'Gives the scores of several members of a sorted set.',
    flags: ['fast'],
    keys: READ_ONE,
    run: zmscore,
  },
  {
    name: 'zrank',
    syntax: 'key member [WITHSCORE]',
    effect: 'read',
    group: 'sorted-set',
    since: '2.0.0',
    complexity: 'O(log(N)) with N members in the sorted set',
    summary: 'Says how many members of a sorted set come before one.',
    flags: ['fast'],
    keys: READ_ONE,
    run: (ctx: ReadContext, args: Args) => rank(ctx, args, 'forward', 'zrank'),
  },
  {
    name: 'zrevrank',
    syntax: 'key member [WITHSCORE]',
    effect: 'read',
    group: 'sorted-set',
    since: '2.0.0',
    complexity: 'O(log(N)) with N members in the sorted set',
    summary: 'Says how many members of a sorted set come after one.',
    flags: ['fast'],
    keys: READ_ONE,
    run: (ctx: ReadContext, args: Args) => rank(ctx, args, 'reverse', 'zrevrank'),
  },
  {
    name: 'zscan',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
    effect: 'read',
    group: 'sorted-set',
    since: '2.8.0',
    complexity: 'O(1) for each call, O(N) for all of N members',
    summary: 'Gives the members of a sorted set with their scores, some at a time.',
    flags: [],
    keys: READ_ONE,
    tips: ['nondeterministic_output'],
    run: zscan,
  },
]
