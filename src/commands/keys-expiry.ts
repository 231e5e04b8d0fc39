// Commands on deadlines: the EXPIRE family sets them, the TTL family tells them, PERSIST takes them away.

import { fromText } from '../bytes/ascii.ts'
import { INT64_MAX } from '../bytes/int64.ts'
import { EXPIRE_GT_LT, EXPIRE_NX_CONFLICT, invalidExpire, unsupportedOption } from '../resp/errors.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { deadlineAt, type Unit } from './deadline.ts'
import { READ_ONE, UPDATE_ONE } from './key-specs.ts'
import { logDeadline } from './logged.ts'

const NX = fromText('nx')
const XX = fromText('xx')
const GT = fromText('gt')
const LT = fromText('lt')

const IF_NONE = 1
const IF_SOME = 2
const IF_GREATER = 4
const IF_LESS = 8

function conditions(args: Args): number {
  let bits = 0
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, NX)) bits |= IF_NONE
    else if (args.is(i, XX)) bits |= IF_SOME
    else if (args.is(i, GT)) bits |= IF_GREATER
    else if (args.is(i, LT)) bits |= IF_LESS
    else throw unsupportedOption(args.text(i))
  }
  if ((bits & IF_NONE) !== 0 && bits !== IF_NONE) throw EXPIRE_NX_CONFLICT
  if ((bits & (IF_GREATER | IF_LESS)) === (IF_GREATER | IF_LESS)) throw EXPIRE_GT_LT
  return bits
}

/** Whether a deadline may replace the present one (0: none, which counts as infinitely late). */
function allowed(bits: number, present: number, wanted: number): boolean {
  if ((bits & IF_NONE) !== 0 && present !== 0) return false
  if ((bits & IF_SOME) !== 0 && present === 0) return false
  if ((bits & IF_GREATER) !== 0 && (present === 0 || wanted <= present)) return false
  return (bits & IF_LESS) === 0 || present === 0 || wanted < present
}

function expire(ctx: WriteContext, args: Args, unit: Unit, relative: 'relative' | 'absolute', name: string): void {
  const { keys } = ctx
  const bits = conditions(args)
  const deadline = deadlineAt(args, 2, unit, relative === 'relative' ? keys.nowMs : 0, invalidExpire(name))
  const e = keys.open(args, 1)
  if (e === 0 || (bits !== 0 && !allowed(bits, keys.deadline(keys.at), deadline))) {
    ctx.reply.int(0)
    return
  }
  if (deadline <= keys.nowMs) keys.remove(keys.at, 'del')
  else {
    keys.setDeadline(keys.at, deadline)
    keys.commit(keys.at, 'expire')
  }
  ctx.reply.int(1)
}

function ttl(ctx: ReadContext, args: Args, unit: Unit, relative: 'relative' | 'absolute'): void {
  const { keys } = ctx
  if (keys.peek(args, 1) === 0) {
    ctx.reply.int(-2)
    return
  }
  const deadline = keys.deadline(keys.at)
  if (deadline === 0) {
    ctx.reply.int(-1)
    return
  }
  const ms = relative === 'relative' ? Math.max(0, deadline - keys.nowMs) : deadline
  const told = unit === 'milliseconds' ? ms : Math.floor((ms + 500) / 1000)
  if (Number.isSafeInteger(told)) ctx.reply.int(told)
  // A deadline is a double: the latest int64 is kept as 2^63, which would be no int64 any more.
  else ctx.reply.int64(told < 2 ** 63 ? BigInt(told) : INT64_MAX)
}

function persist(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  if (keys.open(args, 1) === 0 || keys.deadline(keys.at) === 0) {
    ctx.reply.int(0)
    return
  }
  keys.setDeadline(keys.at, 0)
  keys.commit(keys.at, 'persist')
  ctx.reply.int(1)
}

const SETTER = {
  effect: 'write',
  group: 'generic',
  complexity: 'O(1)',
  flags: ['fast'],
  keys: UPDATE_ONE,
  history: [['7.0.0', 'Options `NX`, `XX`, `GT` and `LT`.']],
} as const

const TELLER = { effect: 'read', group: 'generic', complexity: 'O(1)', flags: ['fast'], keys: READ_ONE } as const

export const expiryCommands: readonly Command[] = [
  {
    ...SETTER,
    name: 'expire',
    syntax: 'key seconds [condition: NX | XX | GT | LT]',
    since: '1.0.0',
    summary: 'Lets a key live for so many seconds from now.',
    logged: logDeadline,
    run: (ctx: WriteContext, args: Args) => expire(ctx, args, 'seconds', 'relative', 'expire'),
  },
  {
    ...SETTER,
    name: 'pexpire',
    syntax: 'key milliseconds [condition: NX | XX | GT | LT]',
    since: '2.6.0',
    summary: 'Lets a key live for so many milliseconds from now.',
    logged: logDeadline,
    run: (ctx: WriteContext, args: Args) => expire(ctx, args, 'milliseconds', 'relative', 'pexpire'),
  },
  {
    ...SETTER,
    name: 'expireat',
    syntax: 'key unix-time-seconds [condition: NX | XX | GT | LT]',
    since: '1.2.0',
    summary: 'Lets a key live until a time given in seconds since 1970.',
    logged: logDeadline,
    run: (ctx: WriteContext, args: Args) => expire(ctx, args, 'seconds', 'absolute', 'expireat'),
  },
  {
    ...SETTER,
    name: 'pexpireat',
    syntax: 'key unix-time-milliseconds [condition: NX | XX | GT | LT]',
    since: '2.6.0',
    summary: 'Lets a key live until a time given in milliseconds since 1970.',
    logged: logDeadline,
    run: (ctx: WriteContext, args: Args) => expire(ctx, args, 'milliseconds', 'absolute', 'pexpireat'),
  },
  {
    ...TELLER,
    name: 'ttl',
    syntax: 'key',
    since: '1.0.0',
    summary: 'Tells how many seconds a key has left: -1 without a limit, -2 without the key.',
    tips: ['nondeterministic_output'],
    history: [['2.8.0', 'A missing key is told from one without a limit.']],
    run: (ctx: ReadContext, args: Args) => ttl(ctx, args, 'seconds', 'relative'),
  },
  {
    ...TELLER,
    name: 'pttl',
    syntax: 'key',
    since: '2.6.0',
    summary: 'Tells how many milliseconds a key has left: -1 without a limit, -2 without the key.',
    tips: ['nondeterministic_output'],
    history: [['2.8.0', 'A missing key is told from one without a limit.']],
    run: (ctx: ReadContext, args: Args) => ttl(ctx, args, 'milliseconds', 'relative'),
  },
  {
    ...TELLER,
    name: 'expiretime',
    syntax: 'key',
    since: '7.0.0',
    summary: 'Tells until when a key lives, in seconds since 1970: -1 without a limit, -2 without the key.',
    run: (ctx: ReadContext, args: Args) => ttl(ctx, args, 'seconds', 'absolute'),
  },
  {
    ...TELLER,
    name: 'pexpiretime',
    syntax: 'key',
    since: '7.0.0',
    summary: 'Tells until when a key lives, in milliseconds since 1970: -1 without a limit, -2 without the key.',
    run: (ctx: ReadContext, args: Args) => ttl(ctx, args, 'milliseconds', 'absolute'),
  },
  {
    name: 'persist',
    syntax: 'key',
    effect: 'write',
    group: 'generic',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Takes the time limit off a key.',
    flags: ['fast'],
    keys: UPDATE_ONE,
    run: persist,
  },
]
