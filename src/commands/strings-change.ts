// String commands that change a value in place: APPEND, SETRANGE and the counters. The deadline stays.

import { copy, fromText } from '../bytes/ascii.ts'
import { addDecimal } from '../bytes/extended.ts'
import { INT64_MAX, INT64_MIN, parseInt64, parseSafe, writeInt64 } from '../bytes/int64.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import {
  DECREMENT_OVERFLOW,
  INCREMENT_NAN,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  OFFSET_OUT_OF_RANGE,
  OVERFLOW,
} from '../resp/errors.ts'
import { stringLength, stringStart } from '../store/entry.ts'
import { checkStringLength, expectString, makeString, resizeString, setInteger, setString } from '../store/strings.ts'
import { encodingOf, INT, RAW, textEncodingOf } from '../values/string.ts'
import type { Args } from './args.ts'
import type { Command, WriteContext } from './command.ts'
import { COUNT_ONE, GROW_ONE, UPDATE_ONE } from './key-specs.ts'
import { SET } from './logged.ts'

const ZERO = fromText('0')
const KEEPTTL = fromText('KEEPTTL')

function append(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const p = keys.at
  const e = keys.open(args, 1)
  const start = args.starts[2]
  const end = args.ends[2]
  expectString(p)
  if (e === 0) {
    setString(keys, p, args.buf, start, end, encodingOf(args.buf, start, end), 0)
    ctx.reply.int(end - start)
  } else {
    const before = stringLength(p.shard.arena, e)
    const after = before + end - start
    checkStringLength(after, ctx.maxStringBytes)
    copy(p.shard.arena.u8, resizeString(keys, p, after) + before, args.buf, start, end)
    ctx.reply.int(after)
  }
  keys.commit(p, 'append')
}

function setrange(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const p = keys.at
  const offset = args.int(2)
  if (offset < 0) throw OFFSET_OUT_OF_RANGE
  const start = args.starts[3]
  const end = args.ends[3]
  const e = keys.open(args, 1)
  expectString(p)
  const a = p.shard.arena
  const before = e === 0 ? 0 : stringLength(a, e)
  if (start === end) {
    ctx.reply.int(before)
    return
  }
  const reach = offset + end - start
  checkStringLength(reach, ctx.maxStringBytes)
  const after = Math.max(before, reach)
  const at = e === 0 ? makeString(keys, p, after, RAW, 0) : resizeString(keys, p, after)
  if (offset > before) a.u8.fill(0, at + before, at + offset)
  copy(a.u8, at + offset, args.buf, start, end)
  keys.commit(p, 'setrange')
  ctx.reply.int(after)
}

/** Adds a safe integer to the counter in word 1. */
function add(ctx: WriteContext, args: Args, by: number): void {
  const { keys } = ctx
  const p = keys.at
  const e = keys.open(args, 1)
  expectString(p)
  let sum = by
  if (e !== 0) {
    const a = p.shard.arena
    const start = stringStart(a, e)
    sum += parseSafe(a.u8, start, start + stringLength(a, e))
    if (!(Math.abs(sum) <= Number.MAX_SAFE_INTEGER)) {
      addExact(ctx, BigInt(by))
      return
    }
  }
  setInteger(keys, p, sum)
  keys.commit(p, 'incrby')
  ctx.reply.int(sum)
}

/** The whole int64 range, for the key at hand; exact and rare. */
function addExact(ctx: WriteContext, by: bigint): void {
  const { keys } = ctx
  const p = keys.at
  const e = p.entry
  const a = p.shard.arena
  let sum = by
  if (e !== 0) {
    const start = stringStart(a, e)
    const value = parseInt64(a.u8, start, start + stringLength(a, e))
    if (value === undefined) throw NOT_AN_INTEGER
    sum += value
  }
  if (sum > INT64_MAX || sum < INT64_MIN) throw OVERFLOW
  const digits = new Uint8Array(24)
  const length = writeInt64(digits, 0, sum)
  setString(keys, p, digits, 0, length, INT, e === 0 ? 0 : keys.deadline(p))
  keys.commit(p, 'incrby')
  ctx.reply.int64(sum)
}

function incrby(ctx: WriteContext, args: Args): void {
  const by = args.safe(2)
  if (!Number.isNaN(by)) {
    add(ctx, args, by)
    return
  }
  const exact = args.int64(2)
  ctx.keys.open(args, 1)
  expectString(ctx.keys.at)
  addExact(ctx, exact)
}

function decrby(ctx: WriteContext, args: Args): void {
  const by = args.safe(2)
  if (!Number.isNaN(by)) {
    add(ctx, args, -by)
    return
  }
  const exact = args.int64(2)
  if (exact === INT64_MIN) throw DECREMENT_OVERFLOW
  ctx.keys.open(args, 1)
  expectString(ctx.keys.at)
  addExact(ctx, -exact)
}

function incrbyfloat(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const p = keys.at
  const e = keys.open(args, 1)
  expectString(p)
  const a = p.shard.arena
  const start = e === 0 ? 0 : stringStart(a, e)
  const buf = e === 0 ? ZERO : a.u8
  const end = e === 0 ? 1 : start + stringLength(a, e)
  const sum = addDecimal(buf, start, end, args.buf, args.starts[2], args.ends[2])
  if (sum === 'not-a-float') throw NOT_A_FLOAT
  if (sum === 'nan-or-inf') throw INCREMENT_NAN
  const text = fromText(sum.text)
  setString(keys, p, text, 0, text.length, textEncodingOf(text.length), e === 0 ? 0 : keys.deadline(p))
  keys.commit(p, 'incrbyfloat')
  ctx.reply.bulk(text, 0, text.length)
}

/** The sum itself: adding to it again would round again. */
function logSum(log: CommandLog, { keys }: WriteContext, args: Args): void {
  const a = keys.at.shard.arena
  const start = stringStart(a, keys.at.entry)
  const end = start + stringLength(a, keys.at.entry)
  log.command(keys.db, 4).text(SET).key(args, 1).bytes(a.u8, start, end).text(KEEPTTL)
}

const COUNTER = {
  effect: 'write',
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  flags: ['denyoom', 'fast'],
  keys: COUNT_ONE,
} as const

export const stringChanges: readonly Command[] = [
  {
    ...COUNTER,
    name: 'append',
    syntax: 'key value',
    since: '2.0.0',
    complexity: 'O(1), amortised over a string that grows',
    summary: 'Adds bytes to the end of a string, making it if needed; gives the new length.',
    keys: GROW_ONE,
    run: append,
  },
  {
    ...COUNTER,
    name: 'setrange',
    syntax: 'key offset value',
    since: '2.2.0',
    complexity: 'O(N) for N bytes written',
    summary: 'Overwrites a part of a string from an offset on, filling a gap with zero bytes; gives the length.',
    flags: ['denyoom'],
    keys: UPDATE_ONE,
    run: setrange,
  },
  {
    ...COUNTER,
    name: 'incr',
    syntax: 'key',
    summary: 'Adds one to the integer in a key; a missing key counts as 0.',
    run: (ctx: WriteContext, args: Args) => add(ctx, args, 1),
  },
  {
    ...COUNTER,
    name: 'decr',
    syntax: 'key',
    summary: 'Takes one from the integer in a key; a missing key counts as 0.',
    run: (ctx: WriteContext, args: Args) => add(ctx, args, -1),
  },
  {
    ...COUNTER,
    name: 'incrby',
    syntax: 'key increment',
    summary: 'Adds a number to the integer in a key; a missing key counts as 0.',
    run: incrby,
  },
  {
    ...COUNTER,
    name: 'decrby',
    syntax: 'key decrement',
    summary: 'Takes a number from the integer in a key; a missing key counts as 0.',
    run: decrby,
  },
  {
    ...COUNTER,
    name: 'incrbyfloat',
    syntax: 'key increment(double)',
    since: '2.6.0',
    summary: 'Adds a decimal number to the number in a key; a missing key counts as 0.',
    logged: logSum,
    run: incrbyfloat,
  },
]
