// String commands that only read: GET and its sisters.

import { fromText } from '../bytes/ascii.ts'
import { entryType, stringLength, stringStart } from '../store/entry.ts'
import { expectString } from '../store/strings.ts'
import { TYPE_STRING } from '../values/types.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext } from './command.ts'
import { LOOK_ONE, READ_MANY, READ_ONE } from './key-specs.ts'

const NOTHING = fromText('$0\r\n\r\n')

/** Replies with the string that the last look-up found, null when it found nothing. Throws WRONGTYPE. */
export function replyString(ctx: ReadContext): void {
  const p = ctx.keys.at
  const e = p.entry
  if (e === 0) {
    ctx.reply.null()
    return
  }
  expectString(p)
  const a = p.shard.arena
  const start = stringStart(a, e)
  ctx.reply.bulkOf(a, start, start + stringLength(a, e))
}

function get(ctx: ReadContext, args: Args): void {
  ctx.keys.read(args, 1)
  replyString(ctx)
}

function mget(ctx: ReadContext, args: Args): void {
  ctx.reply.array(args.count - 1)
  for (let i = 1; i < args.count; i++) {
    const e = ctx.keys.read(args, i)
    if (e === 0 || entryType(ctx.keys.at.shard.arena, e) !== TYPE_STRING) ctx.reply.null()
    else replyString(ctx)
  }
}

function strlen(ctx: ReadContext, args: Args): void {
  const e = ctx.keys.read(args, 1)
  expectString(ctx.keys.at)
  ctx.reply.int(e === 0 ? 0 : stringLength(ctx.keys.at.shard.arena, e))
}

/** Whether word 2 is more than word 3, exactly: `first` and `last` are the two as numbers, rounded beyond 2^53. */
export function isAfter(args: Args, first: number, last: number): boolean {
  if (first !== last || Number.isSafeInteger(first)) return first > last
  return args.int64(2) > args.int64(3)
}

function getrange(ctx: ReadContext, args: Args): void {
  let first = args.int(2)
  let last = args.int(3)
  const e = ctx.keys.read(args, 1)
  expectString(ctx.keys.at)
  const a = ctx.keys.at.shard.arena
  const length = e === 0 ? 0 : stringLength(a, e)
  const crossed = first < 0 && last < 0 && isAfter(args, first, last)
  first = Math.max(0, first < 0 ? length + first : first)
  last = Math.min(length - 1, Math.max(0, last < 0 ? length + last : last))
  if (crossed || first > last || length === 0) {
    ctx.reply.encoded(NOTHING)
    return
  }
  const start = stringStart(a, e)
  ctx.reply.bulkOf(a, start + first, start + last + 1)
}

export const stringReads: readonly Command[] = [
  {
    name: 'get',
    syntax: 'key',
    effect: 'read',
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Gives the string value of a key.',
    flags: ['fast'],
    keys: READ_ONE,
    run: get,
  },
  {
    name: 'mget',
    syntax: 'key [key ...]',
    effect: 'read',
    group: 'string',
    since: '1.0.0',
    complexity: 'O(N) for N keys',
    briefWords: 2,
    summary: 'Gives the string values of several keys, null for each that is missing or no string.',
    flags: ['fast'],
    keys: READ_MANY,
    tips: ['request_policy:multi_shard'],
    run: mget,
  },
  {
    name: 'strlen',
    syntax: 'key',
    effect: 'read',
    group: 'string',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Counts the bytes of a string value, 0 for a missing key.',
    flags: ['fast'],
    keys: LOOK_ONE,
    run: strlen,
  },
  {
    name: 'getrange',
    syntax: 'key start end',
    effect: 'read',
    group: 'string',
    since: '2.4.0',
    complexity: 'O(N) for N bytes of reply',
    summary: 'Gives the bytes of a string from one offset to another, both included; negative ones count from the end.',
    flags: [],
    keys: READ_ONE,
    run: getrange,
  },
  {
    name: 'substr',
    syntax: 'key start end',
    effect: 'read',
    group: 'string',
    since: '1.0.0',
    complexity: 'O(N) for N bytes of reply',
    summary: 'The old name of GETRANGE.',
    flags: [],
    keys: READ_ONE,
    deprecated: { since: '2.0.0', replacedBy: '`GETRANGE`' },
    run: getrange,
  },
]
