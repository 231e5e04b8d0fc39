// String commands that set a whole value: SET and its sisters. A value set whole is tried as an integer for its encoding
// name; its deadline goes unless the command says otherwise.

import { fromText } from '../bytes/ascii.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import { wrongArity } from '../resp/errors.ts'
import { expectString, setString } from '../store/strings.ts'
import { encodingOf } from '../values/string.ts'
import type { Args } from './args.ts'
import type { Command, WriteContext } from './command.ts'
import { positiveDeadline, type Unit } from './deadline.ts'
import { COUNT_ONE, INSERT_ONE, INSERT_PAIRS, TAKE_ONE, WRITE_ONE, WRITE_PAIRS } from './key-specs.ts'
import { logDeadline, logDeletion, SET } from './logged.ts'
import { SetOptions } from './set-options.ts'
import { replyString } from './strings-read.ts'

const options = new SetOptions()
const GET = fromText('get')
const PXAT = fromText('PXAT')
const PLAIN_SET = fromText('set')
const NAME_AND_VALUE = 3

/** A SET without GET; one with a time, which has been set for certain, is unconditional and has a moment instead. */
function logSet(log: CommandLog, ctx: WriteContext, args: Args): void {
  if (args.count === NAME_AND_VALUE) {
    if (log.binding !== undefined || !log.sent(ctx.keys.db, args, PLAIN_SET)) logValue(log, ctx, args, 2)
  } else if (options.timed) logTimed(log, ctx, args, 2)
  else {
    let words = args.count
    for (let i = 3; i < args.count; i++) if (args.is(i, GET)) words--
    log.command(ctx.keys.db, words).text(SET).key(args, 1).word(args, 2)
    for (let i = 3; i < args.count; i++) if (!args.is(i, GET)) log.word(args, i)
  }
}

function logValue(log: CommandLog, { keys }: WriteContext, args: Args, value: number): void {
  log.command(keys.db, NAME_AND_VALUE).text(SET).key(args, 1).word(args, value)
}

function logTimed(log: CommandLog, { keys }: WriteContext, args: Args, value: number): void {
  log.command(keys.db, 5).text(SET).key(args, 1).word(args, value).text(PXAT).int(keys.deadline(keys.at))
}

/** The value in word `i` becomes that of the key at hand. */
function store(ctx: WriteContext, args: Args, i: number, deadline: number): void {
  const { buf } = args
  const start = args.starts[i]
  const end = args.ends[i]
  setString(ctx.keys, ctx.keys.at, buf, start, end, encodingOf(buf, start, end), deadline)
  ctx.keys.commit(ctx.keys.at, 'set')
}

function set(ctx: WriteContext, args: Args): void {
  if (args.count > 3) {
    setWithOptions(ctx, args)
    return
  }
  ctx.keys.open(args, 1)
  store(ctx, args, 2, 0)
  ctx.reply.ok()
}

function setWithOptions(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  options.parseSet(args)
  let deadline = options.deadline(args, keys.nowMs, 'set')
  const exists = (options.get ? keys.read(args, 1) : keys.open(args, 1)) !== 0
  if (options.get) replyString(ctx)
  if (options.nx ? exists : options.xx && !exists) {
    if (!options.get) reply.null()
    return
  }
  if (options.keepTtl && exists) deadline = keys.deadline(keys.at)
  store(ctx, args, 2, deadline)
  if (options.timed) keys.announce(keys.at, 'expire')
  if (!options.get) reply.ok()
}

function setnx(ctx: WriteContext, args: Args): void {
  if (ctx.keys.open(args, 1) !== 0) {
    ctx.reply.int(0)
    return
  }
  store(ctx, args, 2, 0)
  ctx.reply.int(1)
}

function setWithTime(ctx: WriteContext, args: Args, unit: Unit, name: string): void {
  const deadline = positiveDeadline(args, 2, unit, ctx.keys.nowMs, name)
  ctx.keys.open(args, 1)
  store(ctx, args, 3, deadline)
  ctx.keys.announce(ctx.keys.at, 'expire')
  ctx.reply.ok()
}

function getset(ctx: WriteContext, args: Args): void {
  ctx.keys.read(args, 1)
  replyString(ctx)
  store(ctx, args, 2, 0)
}

function getdel(ctx: WriteContext, args: Args): void {
  const e = ctx.keys.read(args, 1)
  replyString(ctx)
  if (e !== 0) ctx.keys.remove(ctx.keys.at, 'del')
}

function getex(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  options.parseGetEx(args)
  const e = keys.read(args, 1)
  expectString(keys.at)
  const deadline = e === 0 ? 0 : options.deadline(args, keys.nowMs, 'getex')
  replyString(ctx)
  if (e === 0) return
  if (options.timed && options.isAbsolute && deadline <= keys.nowMs) keys.remove(keys.at, 'del')
  else if (options.timed) {
    keys.setDeadline(keys.at, deadline)
    keys.commit(keys.at, 'expire')
  } else if (options.persist && keys.deadline(keys.at) !== 0) {
    keys.setDeadline(keys.at, 0)
    keys.commit(keys.at, 'persist')
  }
}

function mset(ctx: WriteContext, args: Args): void {
  if (args.count % 2 === 0) throw wrongArity('mset')
  ctx.keys.reserve(args, 1)
  ctx.keys.unlimited(() => setPairs(ctx, args, 1))
  ctx.reply.ok()
}

function msetnx(ctx: WriteContext, args: Args): void {
  if (args.count % 2 === 0) throw wrongArity('msetnx')
  for (let i = 1; i < args.count; i += 2) {
    if (ctx.keys.open(args, i) !== 0) {
      ctx.reply.int(0)
      return
    }
  }
  ctx.keys.reserve(args, 1)
  ctx.keys.unlimited(() => setPairs(ctx, args, 1))
  ctx.reply.int(1)
}

function setPairs(ctx: WriteContext, args: Args, from: number): void {
  for (let i = from; i < args.count; i += 2) {
    ctx.keys.open(args, i)
    store(ctx, args, i + 1, 0)
  }
}

/** Whether the SET that starts at word `from` has the option GET. */
function asksForOld(args: Args, from: number): boolean {
  for (let i = from + 3; i < args.count; i++) if (args.is(i, GET)) return true
  return false
}

export const stringWrites: readonly Command[] = [
  {
    name: 'set',
    syntax:
      'key value [condition: NX | XX] [GET] [expiration: EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]',
    effect: 'write',
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary:
      'Sets a key to a string, whatever it held; with options, only if it is there or not, and with a time to live.',
    flags: ['denyoom'],
    keys: [
      {
        at: 1,
        last: 0,
        step: 1,
        flags: ['RW', 'access', 'update', 'variable_flags'],
        notes: 'RW and access only when `GET` asks for the old value.',
        flagsOf: (args, from) => (asksForOld(args, from) ? ['RW', 'access', 'update'] : ['OW', 'update']),
      },
    ],
    history: [
      ['2.6.12', 'Options `EX`, `PX`, `NX` and `XX`.'],
      ['6.0.0', 'Option `KEEPTTL`.'],
      ['6.2.0', 'Options `GET`, `EXAT` and `PXAT`.'],
      ['7.0.0', '`NX` and `GET` go together.'],
    ],
    logged: logSet,
    run: set,
  },
  {
    name: 'setnx',
    syntax: 'key value',
    effect: 'write',
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key to a string if it does not exist.',
    flags: ['denyoom', 'fast'],
    keys: INSERT_ONE,
    run: setnx,
  },
  {
    name: 'setex',
    syntax: 'key seconds value',
    effect: 'write',
    group: 'string',
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key to a string that lives for so many seconds.',
    flags: ['denyoom'],
    keys: WRITE_ONE,
    logged: (log, ctx, args) => logTimed(log, ctx, args, 3),
    run: (ctx: WriteContext, args: Args) => setWithTime(ctx, args, 'seconds', 'setex'),
  },
  {
    name: 'psetex',
    syntax: 'key milliseconds value',
    effect: 'write',
    group: 'string',
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'Sets a key to a string that lives for so many milliseconds.',
    flags: ['denyoom'],
    keys: WRITE_ONE,
    logged: (log, ctx, args) => logTimed(log, ctx, args, 3),
    run: (ctx: WriteContext, args: Args) => setWithTime(ctx, args, 'milliseconds', 'psetex'),
  },
  {
    name: 'getset',
    syntax: 'key value',
    effect: 'write',
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key to a string and gives the one it held before.',
    flags: ['denyoom', 'fast'],
    keys: COUNT_ONE,
    deprecated: { since: '6.2.0', replacedBy: '`SET` with the `!GET` argument' },
    logged: (log, ctx, args) => logValue(log, ctx, args, 2),
    run: getset,
  },
  {
    name: 'getdel',
    syntax: 'key',
    effect: 'write',
    group: 'string',
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Gives the string value of a key and deletes the key.',
    flags: ['fast'],
    keys: TAKE_ONE,
    logged: logDeletion,
    run: getdel,
  },
  {
    name: 'getex',
    syntax:
      'key [expiration: EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]',
    effect: 'write',
    group: 'string',
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Gives the string value of a key and sets or removes its time to live.',
    flags: ['fast'],
    keys: [
      { at: 1, last: 0, step: 1, flags: ['RW', 'access', 'update'], notes: 'RW and UPDATE because it changes the TTL' },
    ],
    logged: logDeadline,
    run: getex,
  },
  {
    name: 'mset',
    syntax: 'key value [key value ...]',
    effect: 'write',
    group: 'string',
    since: '1.0.1',
    complexity: 'O(N) for N keys',
    briefWords: 3,
    summary: 'Sets several keys to strings at once.',
    flags: ['denyoom'],
    keys: WRITE_PAIRS,
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    run: mset,
  },
  {
    name: 'msetnx',
    syntax: 'key value [key value ...]',
    effect: 'write',
    group: 'string',
    since: '1.0.1',
    complexity: 'O(N) for N keys',
    summary: 'Sets several keys to strings at once if none of them exists.',
    flags: ['denyoom'],
    keys: INSERT_PAIRS,
    tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
    run: msetnx,
  },
]
