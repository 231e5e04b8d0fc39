// List commands at the ends: push, pop, and moving an element from one list to another.

import { fromText } from '../bytes/ascii.ts'
import { Arena } from '../memory/arena.ts'
import { PACKED_OVERHEAD_BYTES } from '../memory/packed.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import { COUNT_NOT_POSITIVE, NOT_POSITIVE, NUMKEYS_NOT_POSITIVE, SYNTAX, wrongArity } from '../resp/errors.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import {
  beginValue,
  commitValue,
  dropIfEmpty,
  makeValue,
  openOtherValue,
  openValue,
  settleValue,
} from '../store/collections.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { List } from '../values/list.ts'
import { LEFT, RIGHT, type Side } from '../values/list-walk.ts'
import { replyElement } from '../values/packed-reply.ts'
import type { Args } from './args.ts'
import type { Command, WriteContext } from './command.ts'
import { counted, GROW_ONE, TAKE_ONE } from './key-specs.ts'
import { logPops } from './logged.ts'

const list = new List()
const target = new List()
const LEFT_WORD = fromText('left')
const RIGHT_WORD = fromText('right')
const COUNT = fromText('count')
const PUSHED = ['lpush', 'rpush'] as const
const POPPED = ['lpop', 'rpop'] as const
/** A list that grows may take new chunks and larger blocks of its directory, and hold the old ones meanwhile. */
const GROWTH_BYTES = 16 << 10
/** An element that is moved within one list is copied out of it first; a longer one gets a buffer for the time being. */
const KEPT_BYTES = 64 << 10
let scratch = new Uint8Array(KEPT_BYTES)

/** What an element of so many bytes may take, a chunk of its own included. */
function elementBytes(bytes: number): number {
  return bytes < 512 ? bytes + PACKED_OVERHEAD_BYTES : Arena.goodSize(bytes + 64) + 16
}

function push(ctx: WriteContext, args: Args, side: Side, missing: 'make' | 'leave'): void {
  const { keys } = ctx
  let bytes = GROWTH_BYTES
  for (let i = 2; i < args.count; i++) bytes += elementBytes(args.length(i))
  // A push that then finds the arena full takes itself back.
  keys.fit(bytes)
  const exists = openValue(keys, args, 1, list)
  if (!exists && missing === 'leave') {
    ctx.reply.int(0)
    return
  }
  if (!exists) makeValue(keys, keys.at, list)
  list.pushWords(args, 2, side)
  keys.dirty += args.count - 3
  commitValue(keys, keys.at, list, PUSHED[side])
  ctx.reply.int(list.count)
}

function pop(ctx: WriteContext, args: Args, side: Side): void {
  const { keys, reply } = ctx
  if (args.count > 3) throw wrongArity(POPPED[side])
  if (args.count === 2) {
    if (openValue(keys, args, 1, list)) {
      replyElement(reply, list.peek(side), list.a)
      list.take(side)
      commitValue(keys, keys.at, list, POPPED[side])
    } else reply.null()
    return
  }
  const count = args.intIn(2, 0, Number.POSITIVE_INFINITY, NOT_POSITIVE)
  if (!openValue(keys, args, 1, list)) reply.nullArray()
  else if (count === 0) reply.array(0)
  else popMany(keys, reply, side, count)
}

/** Takes up to `count` elements of the list at keys.at, in the order of popping. */
function popMany(keys: Keyspace, reply: ReplyWriter, side: Side, count: number): void {
  const n = Math.min(count, list.count)
  reply.array(n)
  if (side === LEFT) list.replyRange(reply, 0, n)
  else list.replyBackwards(reply, n)
  list.removeRange(side === LEFT ? 0 : list.count - n, n)
  keys.dirty += n - 1
  commitValue(keys, keys.at, list, POPPED[side])
}

/** Answers BLPOP and the like from the list in word `i`: key and element. False: there is no list. */
export function popWithKey(ctx: WriteContext, args: Args, i: number, side: Side): boolean {
  const { keys, reply } = ctx
  if (!openValue(keys, args, i, list)) return false
  reply.array(2)
  reply.bulk(args.buf, args.starts[i], args.ends[i])
  replyElement(reply, list.peek(side), list.a)
  list.take(side)
  commitValue(keys, keys.at, list, POPPED[side])
  return true
}

/** LEFT or RIGHT. */
export function sideIn(args: Args, i: number): Side {
  if (args.is(i, LEFT_WORD)) return LEFT
  if (args.is(i, RIGHT_WORD)) return RIGHT
  throw SYNTAX
}

/** LMOVE and its sisters: from word 1 to word 2. False, and no reply: there is no source. */
export function move(ctx: WriteContext, args: Args, from: Side, to: Side): boolean {
  const { keys, reply } = ctx
  keys.fit(GROWTH_BYTES)
  if (!openValue(keys, args, 1, list)) return false
  // A look at the end may unseal a chunk: that belongs to this list's account, and the other's is opened only then.
  const element = list.peek(from)
  settleValue(keys, keys.at, list)
  const toExists = openOtherValue(keys, args, 2, target)
  replyElement(reply, element, list.a)
  if (toExists && keys.other.entry === keys.at.entry && keys.other.shard === keys.at.shard) {
    turn(keys, from, to)
    return true
  }
  if (toExists) beginValue(keys, keys.other, target)
  else makeValue(keys, keys.other, target)
  pushElement(from, to)
  commitValue(keys, keys.other, target, PUSHED[to])
  beginValue(keys, keys.at, list)
  list.pop(from)
  settleValue(keys, keys.at, list)
  keys.announce(keys.at, POPPED[from])
  if (list.count > 0) return true
  keys.reslot(keys.at)
  dropIfEmpty(keys, keys.at, list)
  return true
}

/** Pushes the element that was peeked at in `list` to `target`. */
function pushElement(from: Side, to: Side): void {
  const { element } = list
  if (element.isInt) target.push(scratch, 0, element.writeText(scratch, 0), to)
  else target.push(element.buf, element.start, element.end, to)
  list.peek(from)
}

/** From one end of a list to an end of the same one. */
function turn(keys: Keyspace, from: Side, to: Side): void {
  const { element } = list
  const length = element.textLength
  if (length > scratch.length) scratch = new Uint8Array(length)
  element.writeText(scratch, 0)
  beginValue(keys, keys.at, list)
  if (from !== to) {
    list.push(scratch, 0, length, to)
    list.pop(from)
  }
  if (scratch.length > KEPT_BYTES) scratch = new Uint8Array(KEPT_BYTES)
  commitValue(keys, keys.at, list, PUSHED[to])
  keys.announce(keys.at, POPPED[from])
}

function lmove(ctx: WriteContext, args: Args): void {
  const from = sideIn(args, 3)
  const to = sideIn(args, 4)
  if (!move(ctx, args, from, to)) ctx.reply.null()
}

function rpoplpush(ctx: WriteContext, args: Args): void {
  if (!move(ctx, args, RIGHT, LEFT)) ctx.reply.null()
}

/** What LMPOP and BLMPOP are told, from the word with the number of keys on. */
export class PopOrder {
  keys = 0
  side: Side = LEFT
  count = 1

  parse(args: Args, at: number): void {
    this.keys = args.intIn(at, 1, Number.POSITIVE_INFINITY, NUMKEYS_NOT_POSITIVE)
    const where = at + this.keys + 1
    if (where >= args.count) throw SYNTAX
    this.side = sideIn(args, where)
    this.count = 1
    if (args.count === where + 1) return
    if (args.count < where + 3 || !args.is(where + 1, COUNT)) throw SYNTAX
    this.count = args.intIn(where + 2, 1, Number.POSITIVE_INFINITY, COUNT_NOT_POSITIVE)
    if (args.count > where + 3) throw SYNTAX
  }
}

const order = new PopOrder()
const POPPING = [fromText('LPOP'), fromText('RPOP')] as const

/** As Redis logs LMPOP and BLMPOP: a pop of the list that was found. */
export function logPopMany(log: CommandLog, ctx: WriteContext, { side }: PopOrder, changes: number): void {
  logPops(log, ctx, POPPING[side], changes)
}

/** Answers with elements of the first key from word `at` on that is a list; false, and no reply: none is. */
export function popFirst(ctx: WriteContext, args: Args, at: number, { keys: n, side, count }: PopOrder): boolean {
  const { keys, reply } = ctx
  for (let i = at; i < at + n; i++) {
    if (ctx.waiting.skips(i) || !openValue(keys, args, i, list)) continue
    reply.array(2)
    reply.bulk(args.buf, args.starts[i], args.ends[i])
    popMany(keys, reply, side, count)
    return true
  }
  return false
}

function lmpop(ctx: WriteContext, args: Args): void {
  order.parse(args, 1)
  if (!popFirst(ctx, args, 2, order)) ctx.reply.nullArray()
}

/** The source is taken from, the destination grows. */
export const MOVE_KEYS = [...TAKE_ONE, { at: 2, last: 0, step: 1, flags: ['RW', 'insert'] }] as const

const PUSH = {
  syntax: 'key element [element ...]',
  effect: 'write',
  group: 'list',
  complexity: 'O(1) for each element',
  flags: ['denyoom', 'fast'],
  keys: GROW_ONE,
} as const
const POP = {
  syntax: 'key [count]',
  effect: 'write',
  group: 'list',
  since: '1.0.0',
  complexity: 'O(N) for N elements taken',
  briefWords: 2,
  flags: ['fast'],
  keys: TAKE_ONE,
  history: [['6.2.0', 'Argument `count`.']],
} as const

export const listEnds: readonly Command[] = [
  {
    ...PUSH,
    name: 'lpush',
    since: '1.0.0',
    summary: 'Puts elements before the first one of a list, making the list if there is none.',
    history: [['2.4.0', 'More than one `element`.']],
    run: (ctx: WriteContext, args: Args) => push(ctx, args, LEFT, 'make'),
  },
  {
    ...PUSH,
    name: 'rpush',
    since: '1.0.0',
    summary: 'Puts elements behind the last one of a list, making the list if there is none.',
    history: [['2.4.0', 'More than one `element`.']],
    run: (ctx: WriteContext, args: Args) => push(ctx, args, RIGHT, 'make'),
  },
  {
    ...PUSH,
    name: 'lpushx',
    since: '2.2.0',
    summary: 'Puts elements before the first one of a list that exists.',
    history: [['4.0.0', 'More than one `element`.']],
    run: (ctx: WriteContext, args: Args) => push(ctx, args, LEFT, 'leave'),
  },
  {
    ...PUSH,
    name: 'rpushx',
    since: '2.2.0',
    summary: 'Puts elements behind the last one of a list that exists.',
    history: [['4.0.0', 'More than one `element`.']],
    run: (ctx: WriteContext, args: Args) => push(ctx, args, RIGHT, 'leave'),
  },
  {
    ...POP,
    name: 'lpop',
    summary: 'Takes the first element of a list, or the first ones.',
    run: (ctx: WriteContext, args: Args) => pop(ctx, args, LEFT),
  },
  {
    ...POP,
    name: 'rpop',
    summary: 'Takes the last element of a list, or the last ones.',
    run: (ctx: WriteContext, args: Args) => pop(ctx, args, RIGHT),
  },
  {
    name: 'lmove',
    syntax: 'source destination <wherefrom: LEFT | RIGHT> <whereto: LEFT | RIGHT>',
    effect: 'write',
    group: 'list',
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Takes an element from an end of one list and puts it to an end of another, or of the same.',
    flags: ['denyoom'],
    keys: MOVE_KEYS,
    run: lmove,
  },
  {
    name: 'rpoplpush',
    syntax: 'source destination',
    effect: 'write',
    group: 'list',
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Takes the last element of one list and puts it before the first one of another.',
    flags: ['denyoom'],
    keys: MOVE_KEYS,
    deprecated: { since: '6.2.0', replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
    run: rpoplpush,
  },
  {
    name: 'lmpop',
    syntax: 'numkeys key [key ...] <where: LEFT | RIGHT> [COUNT count]',
    effect: 'write',
    group: 'list',
    since: '7.0.0',
    complexity: 'O(N + M) for N keys looked at and M elements taken',
    summary: 'Takes elements from an end of the first of some lists that exists.',
    flags: [],
    keys: [counted(1, ['RW', 'access', 'delete'])],
    logged: (log, ctx, _args, changes) => logPopMany(log, ctx, order, changes),
    run: lmpop,
  },
]
