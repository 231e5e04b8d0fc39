// Sorted set commands that take members from an end (ZPOPMIN, ZPOPMAX, ZMPOP) or draw some by chance (ZRANDMEMBER).

import { fromText } from '../bytes/ascii.ts'
import { INT64_MAX } from '../bytes/int64.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import {
  COUNT_NOT_POSITIVE,
  NOT_POSITIVE,
  NUMKEYS_NOT_POSITIVE,
  notInRange,
  OUT_OF_RANGE,
  SYNTAX,
} from '../resp/errors.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import { commitValue, openValue, readValue, settleValue } from '../store/collections.ts'
import { Places } from '../values/places.ts'
import { SortedSet } from '../values/zset.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { counted, READ_ONE, TAKE_ONE } from './key-specs.ts'
import { logPops } from './logged.ts'
import { replyRange } from './zset-ranges.ts'

const MIN = fromText('min')
const MAX = fromText('max')
const COUNT = fromText('count')
const WITHSCORES = fromText('withscores')

/** Which end is taken from. */
export type End = 'min' | 'max'

const EVENTS = { min: 'zpopmin', max: 'zpopmax' } as const
const DIRECTIONS = { min: 'forward', max: 'reverse' } as const

const zset = new SortedSet()
/** Ranks that ZRANDMEMBER has drawn already. */
const drawn = new Places()

/** Takes out the `n` members at an end of the set that has been opened, after they were replied. */
function take(ctx: WriteContext, end: End, n: number): void {
  const { keys } = ctx
  zset.cut(end === 'min' ? 0 : zset.count - n, n)
  keys.dirty += n - 1
  commitValue(keys, keys.at, zset, EVENTS[end])
}

function pop(ctx: WriteContext, args: Args, end: End): void {
  const { keys, reply } = ctx
  if (args.count > 3) throw SYNTAX
  const count = args.count === 3 ? args.intIn(2, 0, Number.POSITIVE_INFINITY, NOT_POSITIVE) : 1
  if (!openValue(keys, args, 1, zset)) {
    reply.array(0)
    return
  }
  const n = Math.min(count, zset.count)
  if (n === 0) {
    settleValue(keys, keys.at, zset)
    reply.array(0)
    return
  }
  const size = zset.count
  if (args.count === 3) {
    const from = end === 'min' ? 0 : size - n
    replyRange(reply, zset, from, from + n, DIRECTIONS[end], true)
  } else {
    // Without a count the pair stands alone, in RESP3 too.
    zset.seek(end === 'min' ? 0 : size - 1)
    reply.array(2)
    replyPair(reply)
  }
  take(ctx, end, n)
}

/** What ZMPOP and BZMPOP say from `numkeys` on. */
export class MultiPop {
  end: End = 'min'
  count = 1
  keys = 0

  parse(args: Args, numkeysAt: number): void {
    this.keys = args.intIn(numkeysAt, 1, Number.POSITIVE_INFINITY, NUMKEYS_NOT_POSITIVE)
    const at = numkeysAt + this.keys + 1
    if (at >= args.count) throw SYNTAX
    if (args.is(at, MIN)) this.end = 'min'
    else if (args.is(at, MAX)) this.end = 'max'
    else throw SYNTAX
    this.count = 1
    let isCounted = false
    for (let i = at + 1; i < args.count; i += 2) {
      if (isCounted || !args.is(i, COUNT) || i + 1 === args.count) throw SYNTAX
      this.count = args.intIn(i + 1, 1, Number.POSITIVE_INFINITY, COUNT_NOT_POSITIVE)
      isCounted = true
    }
  }
}

const multi = new MultiPop()
const POPPING = { min: fromText('ZPOPMIN'), max: fromText('ZPOPMAX') } as const

/** As Redis logs ZMPOP and BZMPOP: a pop of the set that was found. */
export function logPopMany(log: CommandLog, ctx: WriteContext, { end }: MultiPop, changes: number): void {
  logPops(log, ctx, POPPING[end], changes)
}

/** Takes members from an end of the first sorted set in the words from `at` on, replied with its key; false: there is none. */
export function popFirst(ctx: WriteContext, args: Args, at: number, { keys, end, count }: MultiPop): boolean {
  const { reply } = ctx
  for (let i = at; i < at + keys; i++) {
    if (ctx.waiting.skips(i) || !openValue(ctx.keys, args, i, zset)) continue
    const n = Math.min(count, zset.count)
    reply.array(2)
    reply.bulk(args.buf, args.starts[i], args.ends[i])
    reply.array(n)
    zset.seek(end === 'min' ? 0 : zset.count - 1, end === 'min' ? n : -n)
    for (let k = 0; k < n; k++) {
      reply.array(2)
      replyPair(reply)
      if (end === 'min') zset.next()
      else zset.previous()
    }
    take(ctx, end, n)
    return true
  }
  return false
}

function replyPair(reply: ReplyWriter): void {
  reply.bulk(zset.buf, zset.start, zset.end)
  reply.double(zset.score)
}

/** Takes one member from an end of the sorted set in word `i`, replied flat behind its key; false: there is none. */
export function popOne(ctx: WriteContext, args: Args, i: number, end: End): boolean {
  const { reply } = ctx
  if (!openValue(ctx.keys, args, i, zset)) return false
  zset.seek(end === 'min' ? 0 : zset.count - 1)
  reply.array(3)
  reply.bulk(args.buf, args.starts[i], args.ends[i])
  replyPair(reply)
  take(ctx, end, 1)
  return true
}

function zmpop(ctx: WriteContext, args: Args): void {
  multi.parse(args, 1)
  if (!popFirst(ctx, args, 2, multi)) ctx.reply.nullArray()
}

/** Most members and bytes of one ZRANDMEMBER with repetition: Redis goes on until its client is gone. */
const MOST_REPEATED = 10_000_000
const MOST_REPLIED_BYTES = 2 ** 30

function zrandmember(ctx: ReadContext, args: Args): void {
  const { keys, reply } = ctx
  if (args.count > 2) {
    drawMany(ctx, args)
    return
  }
  if (!readValue(keys, args, 1, zset)) {
    reply.null()
    return
  }
  zset.seek(keys.random.below(zset.count))
  reply.bulk(zset.buf, zset.start, zset.end)
}

function drawMany(ctx: ReadContext, args: Args): void {
  const { keys, reply } = ctx
  const exact = args.int64(2)
  if (exact < -INT64_MAX) throw notInRange(-INT64_MAX, INT64_MAX)
  const count = Number(exact)
  if (args.count > 4 || (args.count === 4 && !args.is(3, WITHSCORES))) throw SYNTAX
  const withScores = args.count === 4
  if (withScores && (exact < -INT64_MAX / 2n || exact > INT64_MAX / 2n)) throw OUT_OF_RANGE
  if (count < -MOST_REPEATED) throw OUT_OF_RANGE
  if (!readValue(keys, args, 1, zset)) {
    reply.array(0)
    return
  }
  const size = zset.count
  if (count >= size) replyRange(reply, zset, 0, size, 'forward', withScores)
  else if (count < 0) drawRepeated(ctx, -count, withScores)
  else drawDistinct(ctx, count, withScores)
}

function replyDrawn(ctx: ReadContext, withScores: boolean): void {
  const { reply } = ctx
  if (withScores) {
    reply.pair()
    replyPair(reply)
  } else reply.bulk(zset.buf, zset.start, zset.end)
}

function begin(ctx: ReadContext, n: number, withScores: boolean): void {
  if (withScores) ctx.reply.pairs(n)
  else ctx.reply.array(n)
}

function drawRepeated(ctx: ReadContext, n: number, withScores: boolean): void {
  const size = zset.count
  begin(ctx, n, withScores)
  const mark = ctx.reply.mark()
  for (let i = 0; i < n; i++) {
    zset.seek(ctx.keys.random.below(size))
    replyDrawn(ctx, withScores)
    if (ctx.reply.size - mark > MOST_REPLIED_BYTES) throw OUT_OF_RANGE
  }
}

/** `n` different members, n below the size: few are drawn until they differ, of many each is taken or left in turn. */
function drawDistinct(ctx: ReadContext, n: number, withScores: boolean): void {
  const { random } = ctx.keys
  const size = zset.count
  begin(ctx, n, withScores)
  if (n * 3 > size) {
    zset.seek(0)
    for (let left = n, rank = 0; left > 0; rank++, zset.next()) {
      if (random.below(size - rank) >= left) continue
      replyDrawn(ctx, withScores)
      left--
    }
    return
  }
  drawn.reset(n)
  for (let left = n; left > 0; ) {
    const rank = random.below(size)
    if (!drawn.add(rank)) continue
    zset.seek(rank)
    replyDrawn(ctx, withScores)
    left--
  }
}

export const zsetPops: readonly Command[] = [
  {
    name: 'zpopmin',
    syntax: 'key [count]',
    effect: 'write',
    group: 'sorted-set',
    since: '5.0.0',
    complexity: 'O(M*log(N)) for M members out of N',
    briefWords: 2,
    summary: 'Removes and gives the members of a sorted set with the lowest scores.',
    flags: ['fast'],
    keys: TAKE_ONE,
    run: (ctx: WriteContext, args: Args) => pop(ctx, args, 'min'),
  },
  {
    name: 'zpopmax',
    syntax: 'key [count]',
    effect: 'write',
    group: 'sorted-set',
    since: '5.0.0',
    complexity: 'O(M*log(N)) for M members out of N',
    briefWords: 2,
    summary: 'Removes and gives the members of a sorted set with the highest scores.',
    flags: ['fast'],
    keys: TAKE_ONE,
    run: (ctx: WriteContext, args: Args) => pop(ctx, args, 'max'),
  },
  {
    name: 'zmpop',
    syntax: 'numkeys key [key ...] <where: MIN | MAX> [COUNT count]',
    effect: 'write',
    group: 'sorted-set',
    since: '7.0.0',
    complexity: 'O(K)+O(M*log(N)) for K keys and M members out of N',
    summary: 'Removes and gives members with the lowest or highest scores of the first sorted set that exists.',
    flags: [],
    keys: [counted(1, ['RW', 'access', 'delete'])],
    logged: (log, ctx, _args, changes) => logPopMany(log, ctx, multi, changes),
    run: zmpop,
  },
  {
    name: 'zrandmember',
    syntax: 'key [options: count [WITHSCORES]]',
    effect: 'read',
    group: 'sorted-set',
    since: '6.2.0',
    complexity: 'O(M*log(N)) for M members out of N',
    summary: 'Gives members of a sorted set by chance.',
    flags: [],
    keys: READ_ONE,
    tips: ['nondeterministic_output'],
    run: zrandmember,
  },
]
