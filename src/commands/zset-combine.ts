// Sorted set commands on several sorted sets or sets: ZUNION, ZINTER, ZDIFF, their STORE forms, ZINTERCARD.

import { fromText } from '../bytes/ascii.ts'
import { inputKeyNeeded, LIMIT_NEGATIVE, SYNTAX, WEIGHT_NOT_A_FLOAT, WRONGTYPE } from '../resp/errors.ts'
import { buildValue, fitBuilt, replaceValue } from '../store/collections.ts'
import { TYPE_SET, TYPE_ZSET } from '../values/types.ts'
import { SortedSet } from '../values/zset.ts'
import { type Aggregate, type Operation, Sources } from '../values/zset-algebra.ts'
import type { Args } from './args.ts'
import type { Command, KeySpec, ReadContext, WriteContext } from './command.ts'
import { counted } from './key-specs.ts'
import { replyRange } from './zset-ranges.ts'

const WEIGHTS = fromText('weights')
const AGGREGATE = fromText('aggregate')
const SUM = fromText('sum')
const MIN = fromText('min')
const MAX = fromText('max')
const WITHSCORES = fromText('withscores')
const LIMIT = fromText('limit')

const sources = new Sources()
const result = new SortedSet()
/** What is replied and not stored. */
const shown = new SortedSet()
shown.keepsZeroSign = true

/** What a request says behind its keys; which of it a command knows follows from what it does. */
class CombineOptions {
  aggregate: Aggregate = 'sum'
  withScores = false
  limit = 0

  parse(args: Args, from: number, operation: Operation, use: 'reply' | 'store' | 'count'): void {
    this.aggregate = 'sum'
    this.withScores = false
    this.limit = 0
    const weighs = operation !== 'diff' && use !== 'count'
    for (let i = from; i < args.count; ) {
      const left = args.count - i
      if (weighs && left >= sources.count + 1 && args.is(i, WEIGHTS)) i = weights(args, i + 1)
      else if (weighs && left >= 2 && args.is(i, AGGREGATE)) {
        this.aggregate = aggregateIn(args, i + 1)
        i += 2
      } else if (use === 'reply' && args.is(i, WITHSCORES)) {
        this.withScores = true
        i++
      } else if (use === 'count' && left >= 2 && args.is(i, LIMIT)) {
        this.limit = args.intIn(i + 1, 0, Number.POSITIVE_INFINITY, LIMIT_NEGATIVE)
        i += 2
      } else throw SYNTAX
    }
  }
}

function weights(args: Args, from: number): number {
  for (let i = 0; i < sources.count; i++) sources.setWeight(i, args.double(from + i, WEIGHT_NOT_A_FLOAT))
  return from + sources.count
}

function aggregateIn(args: Args, i: number): Aggregate {
  if (args.is(i, SUM)) return 'sum'
  if (args.is(i, MIN)) return 'min'
  if (args.is(i, MAX)) return 'max'
  throw SYNTAX
}

const options = new CombineOptions()

/** Looks up the keys counted in word `numkeysAt`; returns the word behind them. */
function lookUp(ctx: ReadContext, args: Args, numkeysAt: number, name: string): number {
  const { keys } = ctx
  const numkeys = args.int(numkeysAt)
  if (numkeys < 1) throw inputKeyNeeded(name)
  const end = numkeysAt + 1 + numkeys
  if (end > args.count) throw SYNTAX
  sources.clear(keys)
  for (let i = numkeysAt + 1; i < end; i++) {
    const e = keys.read(args, i)
    const { arena } = keys.at.shard
    const kind = e === 0 ? 0 : arena.u8[e + 6]
    const type = kind >> 4
    if (e === 0) sources.add(undefined, 0, 0)
    else if (type !== TYPE_ZSET && type !== TYPE_SET) throw WRONGTYPE
    else sources.add(arena, arena.i32[e >> 2], kind)
  }
  return end
}

/** Without `gather`: for results that may be large. */
function compute(ctx: ReadContext, operation: Operation, result: SortedSet): void {
  if (operation === 'union') sources.unite(result, options.aggregate)
  else if (operation === 'inter') sources.intersect(result, options.aggregate, 0)
  else sources.subtract(result, ctx.keys)
}

function reply(ctx: ReadContext, args: Args, operation: Operation): void {
  options.parse(args, lookUp(ctx, args, 1, `z${operation}`), operation, 'reply')
  const few = sources.gather(operation, options.aggregate)
  if (few !== undefined) {
    few.reply(ctx.reply, options.withScores)
    few.release()
    return
  }
  shown.create(ctx.keys, ctx.keys.at.shard.arena)
  try {
    compute(ctx, operation, shown)
    replyRange(ctx.reply, shown, 0, shown.count, 'forward', options.withScores)
  } finally {
    shown.release()
  }
}

function store(ctx: WriteContext, args: Args, operation: Operation): void {
  const { keys } = ctx
  const { at } = keys
  const event = `z${operation}store`
  options.parse(args, lookUp(ctx, args, 2, event), operation, 'store')
  keys.open(args, 1)
  buildValue(keys, at, result)
  const few = sources.gather(operation, options.aggregate)
  try {
    if (few !== undefined) few.addTo(result)
    else compute(ctx, operation, result)
    fitBuilt(keys, at, result)
  } catch (error) {
    result.release()
    throw error
  } finally {
    few?.release()
  }
  const { count } = result
  if (count > 0) {
    replaceValue(keys, at, result, 0)
    keys.commit(at, event)
  } else {
    result.release()
    if (at.entry !== 0) keys.remove(at, 'del')
  }
  ctx.reply.int(count)
}

function zintercard(ctx: ReadContext, args: Args): void {
  options.parse(args, lookUp(ctx, args, 1, 'zintercard'), 'inter', 'count')
  const few = sources.gather('inter', 'sum')
  if (few === undefined) ctx.reply.int(sources.intersect(undefined, 'sum', options.limit))
  else {
    ctx.reply.int(options.limit === 0 ? few.count : Math.min(few.count, options.limit))
    few.release()
  }
}

const READ_COUNTED: readonly KeySpec[] = [counted(1, ['RO', 'access'])]
const STORE_COUNTED: readonly KeySpec[] = [
  { at: 1, last: 0, step: 1, flags: ['OW', 'update'] },
  counted(2, ['RO', 'access']),
]
const WEIGHTS_AND_AGGREGATE = '[WEIGHTS weight(integer) [weight(integer) ...]] [AGGREGATE <aggregate: SUM | MIN | MAX>]'

export const zsetCombinations: readonly Command[] = [
  {
    name: 'zunion',
    syntax: `numkeys key [key ...] ${WEIGHTS_AND_AGGREGATE} [WITHSCORES]`,
    effect: 'read',
    group: 'sorted-set',
    since: '6.2.0',
    complexity: 'O(N*log(N)) for N members in all',
    summary: 'Gives the members of any of several sorted sets, with their scores combined.',
    flags: [],
    keys: READ_COUNTED,
    run: (ctx: ReadContext, args: Args) => reply(ctx, args, 'union'),
  },
  {
    name: 'zinter',
    syntax: `numkeys key [key ...] ${WEIGHTS_AND_AGGREGATE} [WITHSCORES]`,
    effect: 'read',
    group: 'sorted-set',
    since: '6.2.0',
    complexity: 'O(N*K)+O(M*log(M)) for K sorted sets, N members in the smallest and M in the result',
    summary: 'Gives the members that several sorted sets share, with their scores combined.',
    flags: [],
    keys: READ_COUNTED,
    run: (ctx: ReadContext, args: Args) => reply(ctx, args, 'inter'),
  },
  {
    name: 'zdiff',
    syntax: 'numkeys key [key ...] [WITHSCORES]',
    effect: 'read',
    group: 'sorted-set',
    since: '6.2.0',
    complexity: 'O(L+N*log(N)) for L members in all and N in the first sorted set',
    summary: 'Gives the members of a sorted set that none of several others has.',
    flags: [],
    keys: READ_COUNTED,
    run: (ctx: ReadContext, args: Args) => reply(ctx, args, 'diff'),
  },
  {
    name: 'zunionstore',
    syntax: `destination numkeys key [key ...] ${WEIGHTS_AND_AGGREGATE}`,
    effect: 'write',
    group: 'sorted-set',
    since: '2.0.0',
    complexity: 'O(N*log(N)) for N members in all',
    summary: 'Stores the members of any of several sorted sets, with their scores combined.',
    flags: ['denyoom'],
    keys: STORE_COUNTED,
    run: (ctx: WriteContext, args: Args) => store(ctx, args, 'union'),
  },
  {
    name: 'zinterstore',
    syntax: `destination numkeys key [key ...] ${WEIGHTS_AND_AGGREGATE}`,
    effect: 'write',
    group: 'sorted-set',
    since: '2.0.0',
    complexity: 'O(N*K)+O(M*log(M)) for K sorted sets, N members in the smallest and M in the result',
    summary: 'Stores the members that several sorted sets share, with their scores combined.',
    flags: ['denyoom'],
    keys: STORE_COUNTED,
    run: (ctx: WriteContext, args: Args) => store(ctx, args, 'inter'),
  },
  {
    name: 'zdiffstore',
    syntax: 'destination numkeys key [key ...]',
    effect: 'write',
    group: 'sorted-set',
    since: '6.2.0',
    complexity: 'O(L+N*log(N)) for L members in all and N in the first sorted set',
    summary: 'Stores the members of a sorted set that none of several others has.',
    flags: ['denyoom'],
    keys: STORE_COUNTED,
    run: (ctx: WriteContext, args: Args) => store(ctx, args, 'diff'),
  },
  {
    name: 'zintercard',
    syntax: 'numkeys key [key ...] [LIMIT limit]',
    effect: 'read',
    group: 'sorted-set',
    since: '7.0.0',
    complexity: 'O(N*K) for K sorted sets and N members in the smallest',
    summary: 'Counts the members that several sorted sets share.',
    flags: [],
    keys: READ_COUNTED,
    run: zintercard,
  },
]
