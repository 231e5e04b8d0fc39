// List commands that wait until there is something: BLPOP and its sisters (session/waiting.ts says how waiting works).

import { LEFT, RIGHT, type Side } from '../values/list-walk.ts'
import { TYPE_LIST } from '../values/types.ts'
import type { Args } from './args.ts'
import { untilMs, waitFor } from './blocking.ts'
import type { Command, WriteContext } from './command.ts'
import { counted } from './key-specs.ts'
import { logPopMany, MOVE_KEYS, move, PopOrder, popFirst, popWithKey, sideIn } from './lists-ends.ts'
import { logMove, logPop } from './logged.ts'

const order = new PopOrder()

function pop(ctx: WriteContext, args: Args, side: Side): void {
  const last = args.count - 2
  const until = untilMs(args, last + 1, ctx.keys.nowMs)
  for (let i = 1; i <= last; i++) {
    if (!ctx.waiting.skips(i) && popWithKey(ctx, args, i, side)) return
  }
  waitFor(ctx, TYPE_LIST, 1, last, until, 'nullArray')
}

function blmove(ctx: WriteContext, args: Args): void {
  const from = sideIn(args, 3)
  const to = sideIn(args, 4)
  const until = untilMs(args, 5, ctx.keys.nowMs)
  if (!move(ctx, args, from, to)) waitFor(ctx, TYPE_LIST, 1, 1, until, 'null')
}

function brpoplpush(ctx: WriteContext, args: Args): void {
  const until = untilMs(args, 3, ctx.keys.nowMs)
  if (!move(ctx, args, RIGHT, LEFT)) waitFor(ctx, TYPE_LIST, 1, 1, until, 'null')
}

function blmpop(ctx: WriteContext, args: Args): void {
  order.parse(args, 2)
  const until = untilMs(args, 1, ctx.keys.nowMs)
  if (!popFirst(ctx, args, 3, order)) waitFor(ctx, TYPE_LIST, 3, order.keys, until, 'nullArray')
}

const TAKEN = ['RW', 'access', 'delete'] as const
const POP = {
  syntax: 'key [key ...] timeout(double)',
  effect: 'write',
  group: 'list',
  since: '2.0.0',
  complexity: 'O(N) for N keys',
  flags: ['noscript', 'blocking'],
  keys: [{ at: 1, last: -2, step: 1, flags: TAKEN }],
  history: [['6.0.0', '`timeout` may have a fraction.']],
} as const

export const blockingLists: readonly Command[] = [
  {
    ...POP,
    name: 'blpop',
    summary: 'Takes the first element of the first of some lists that exists, or waits for one.',
    logged: logPop('LPOP'),
    run: (ctx: WriteContext, args: Args) => pop(ctx, args, LEFT),
  },
  {
    ...POP,
    name: 'brpop',
    summary: 'Takes the last element of the first of some lists that exists, or waits for one.',
    logged: logPop('RPOP'),
    run: (ctx: WriteContext, args: Args) => pop(ctx, args, RIGHT),
  },
  {
    name: 'blmove',
    syntax: 'source destination <wherefrom: LEFT | RIGHT> <whereto: LEFT | RIGHT> timeout(double)',
    effect: 'write',
    group: 'list',
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Moves an element from an end of one list to an end of another, or waits for one.',
    flags: ['denyoom', 'noscript', 'blocking'],
    keys: MOVE_KEYS,
    logged: logMove('LMOVE', 5),
    run: blmove,
  },
  {
    name: 'brpoplpush',
    syntax: 'source destination timeout(double)',
    effect: 'write',
    group: 'list',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Moves the last element of one list before the first one of another, or waits for one.',
    flags: ['denyoom', 'noscript', 'blocking'],
    keys: MOVE_KEYS,
    deprecated: { since: '6.2.0', replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
    history: [['6.0.0', '`timeout` may have a fraction.']],
    logged: logMove('RPOPLPUSH', 3),
    run: brpoplpush,
  },
  {
    name: 'blmpop',
    syntax: 'timeout(double) numkeys key [key ...] <where: LEFT | RIGHT> [COUNT count]',
    effect: 'write',
    group: 'list',
    since: '7.0.0',
    complexity: 'O(N + M) for N keys looked at and M elements taken',
    summary: 'Takes elements from an end of the first of some lists that exists, or waits for one.',
    flags: ['blocking'],
    keys: [counted(2, TAKEN)],
    logged: (log, ctx, _args, changes) => logPopMany(log, ctx, order, changes),
    run: blmpop,
  },
]
