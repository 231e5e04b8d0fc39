// Sorted set commands that wait until there is a member: BZPOPMIN and its sisters (session/waiting.ts says how waiting works).

import { TYPE_ZSET } from '../values/types.ts'
import type { Args } from './args.ts'
import { untilMs, waitFor } from './blocking.ts'
import type { Command, WriteContext } from './command.ts'
import { counted } from './key-specs.ts'
import { logPop } from './logged.ts'
import { type End, logPopMany, MultiPop, popFirst, popOne } from './zset-pop.ts'

const multi = new MultiPop()

function pop(ctx: WriteContext, args: Args, end: End): void {
  const last = args.count - 2
  const until = untilMs(args, last + 1, ctx.keys.nowMs)
  for (let i = 1; i <= last; i++) {
    if (!ctx.waiting.skips(i) && popOne(ctx, args, i, end)) return
  }
  waitFor(ctx, TYPE_ZSET, 1, last, until, 'nullArray')
}

function bzmpop(ctx: WriteContext, args: Args): void {
  multi.parse(args, 2)
  const until = untilMs(args, 1, ctx.keys.nowMs)
  if (!popFirst(ctx, args, 3, multi)) waitFor(ctx, TYPE_ZSET, 3, multi.keys, until, 'nullArray')
}

const TAKEN = ['RW', 'access', 'delete'] as const
const POP = {
  syntax: 'key [key ...] timeout(double)',
  effect: 'write',
  group: 'sorted-set',
  since: '5.0.0',
  complexity: 'O(log(N)) with N members in the sorted set',
  flags: ['noscript', 'fast', 'blocking'],
  keys: [{ at: 1, last: -2, step: 1, flags: TAKEN }],
  history: [['6.0.0', '`timeout` may have a fraction.']],
} as const

export const blockingZsets: readonly Command[] = [
  {
    ...POP,
    name: 'bzpopmin',
    summary: 'Takes the member with the lowest score of the first of some sorted sets that exists, or waits for one.',
    logged: logPop('ZPOPMIN'),
    run: (ctx: WriteContext, args: Args) => pop(ctx, args, 'min'),
  },
  {
    ...POP,
    name: 'bzpopmax',
    summary: 'Takes the member with the highest score of the first of some sorted sets that exists, or waits for one.',
    logged: logPop('ZPOPMAX'),
    run: (ctx: WriteContext, args: Args) => pop(ctx, args, 'max'),
  },
  {
    name: 'bzmpop',
    syntax: 'timeout(double) numkeys key [key ...] <where: MIN | MAX> [COUNT count]',
    effect: 'write',
    group: 'sorted-set',
    since: '7.0.0',
    complexity: 'O(K)+O(M*log(N)) for K keys and M members out of N',
    summary: 'Takes members with the lowest or highest scores of the first of some sorted sets that exists, or waits.',
    flags: ['blocking'],
    keys: [counted(2, TAKEN)],
    logged: (log, ctx, _args, changes) => logPopMany(log, ctx, multi, changes),
    run: bzmpop,
  },
]
