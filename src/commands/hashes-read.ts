// Hash commands that read. A key that does not exist is an empty hash.

import { fromText } from '../bytes/ascii.ts'
import { notInRange, OUT_OF_RANGE, SYNTAX } from '../resp/errors.ts'
import { readValue } from '../store/collections.ts'
import { Hash } from '../values/hash.ts'
import { HashDraws } from '../values/hash-draws.ts'
import { replyFields } from '../values/hash-reply.ts'
import { replyElement } from '../values/packed-reply.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext } from './command.ts'
import { LOOK_ONE, READ_ONE } from './key-specs.ts'
import { parseCursor, ScanOptions } from './scan-options.ts'

const WITHVALUES = fromText('withvalues')
const NOVALUES = fromText('novalues')
const LONG_MAX = 2n ** 63n - 1n
/** Most fields that HRANDFIELD gives for a negative count, and most bytes. Redis has no limit: it goes on until the client or its memory is gone. */
const MOST_RANDOM_FIELDS = 1 << 20
const MOST_REPLIED_BYTES = 2 ** 30

const hash = new Hash()
const draws = new HashDraws(hash)
const options = new ScanOptions()

function hget(ctx: ReadContext, args: Args): void {
  if (readValue(ctx.keys, args, 1, hash) && hash.find(args.buf, args.starts[2], args.ends[2])) {
    replyElement(ctx.reply, hash.value, hash.a)
  } else ctx.reply.null()
}

function hmget(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  const exists = readValue(ctx.keys, args, 1, hash)
  reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) {
    if (exists && hash.find(args.buf, args.starts[i], args.ends[i])) replyElement(reply, hash.value, hash.a)
    else reply.null()
  }
}

function hexists(ctx: ReadContext, args: Args): void {
  const exists = readValue(ctx.keys, args, 1, hash) && hash.find(args.buf, args.starts[2], args.ends[2])
  ctx.reply.int(exists ? 1 : 0)
}

function hstrlen(ctx: ReadContext, args: Args): void {
  const exists = readValue(ctx.keys, args, 1, hash) && hash.find(args.buf, args.starts[2], args.ends[2])
  ctx.reply.int(exists ? hash.value.textLength : 0)
}

function hlen(ctx: ReadContext, args: Args): void {
  ctx.reply.int(readValue(ctx.keys, args, 1, hash) ? hash.count : 0)
}

function hgetall(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  if (!readValue(ctx.keys, args, 1, hash)) {
    reply.map(0)
    return
  }
  reply.map(hash.count)
  replyFields(reply, hash, 'pair')
}

function listOne(ctx: ReadContext, args: Args, part: 'field' | 'value'): void {
  const { reply } = ctx
  if (!readValue(ctx.keys, args, 1, hash)) {
    reply.array(0)
    return
  }
  reply.array(hash.count)
  replyFields(reply, hash, part)
}

function hscan(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  const cursor = parseCursor(args, 2)
  // As Redis: the key is looked at before the options.
  const exists = readValue(ctx.keys, args, 1, hash)
  if (!exists) {
    reply.array(2)
    reply.bulkText('0')
    reply.array(0)
    return
  }
  const withValues = scanOptions(args)
  const next = cursor < 0 ? 0 : hash.beginPart(cursor, options.count)
  reply.array(2)
  reply.bulkInt(next)
  const mark = reply.mark()
  let shown = 0
  while (cursor >= 0 && hash.next()) {
    const { buf, start, end } = hash.fieldText()
    if (!options.matches(args, buf, start, end)) continue
    replyElement(reply, hash.field, hash.a)
    if (withValues) replyElement(reply, hash.value, hash.a)
    shown += withValues ? 2 : 1
  }
  reply.arrayFrom(mark, shown)
  hash.endPart()
}

/** Reads what follows the cursor; false when NOVALUES (of Redis 7.4) is among it. */
function scanOptions(args: Args): boolean {
  let withValues = true
  options.reset()
  for (let i = 3; i < args.count; ) {
    const taken = options.option(args, i)
    if (taken === 0 && !args.is(i, NOVALUES)) throw SYNTAX
    if (taken === 0) withValues = false
    i += Math.max(1, taken)
  }
  return withValues
}

function hrandfield(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  if (args.count > 2) {
    randomFields(ctx, args)
    return
  }
  if (readValue(ctx.keys, args, 1, hash) && hash.random()) replyElement(reply, hash.field, hash.a)
  else reply.null()
}

function randomFields(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  const count = randomCount(args)
  const withValues = args.count === 4
  const size = readValue(ctx.keys, args, 1, hash) && count !== 0 ? hash.count : 0
  const given = count < 0 && size > 0 ? -count : Math.min(count, size)
  if (size === 0) {
    reply.array(0)
    return
  }
  if (withValues) reply.pairs(given)
  else reply.array(given)
  if (count < 0) drawRepeated(ctx, given, withValues)
  else if (count >= size) {
    hash.begin()
    while (hash.next()) replyPair(ctx, withValues)
  } else if (count === 1) {
    hash.random()
    replyPair(ctx, withValues)
  } else {
    draws.beginSample(count)
    while (draws.next()) replyPair(ctx, withValues)
    draws.end()
  }
}

function drawRepeated(ctx: ReadContext, n: number, withValues: boolean): void {
  const mark = ctx.reply.mark()
  draws.beginDraws()
  for (let i = 0; i < n; i++) {
    draws.draw()
    replyPair(ctx, withValues)
    if (ctx.reply.size - mark > MOST_REPLIED_BYTES) throw OUT_OF_RANGE
  }
  draws.end()
}

/** HRANDFIELD's count with Redis's checks. Throws for a count that asks for too long a reply. */
function randomCount(args: Args): number {
  const exact = args.int64(2)
  if (exact < -LONG_MAX) throw notInRange(-LONG_MAX, LONG_MAX)
  if (args.count > 4 || (args.count === 4 && !args.is(3, WITHVALUES))) throw SYNTAX
  if (args.count === 4 && (exact < -LONG_MAX / 2n || exact > LONG_MAX / 2n)) throw OUT_OF_RANGE
  if (exact < -MOST_RANDOM_FIELDS) throw OUT_OF_RANGE
  return Number(exact)
}

function replyPair(ctx: ReadContext, withValues: boolean): void {
  const { reply } = ctx
  if (withValues) reply.pair()
  replyElement(reply, hash.field, hash.a)
  if (withValues) replyElement(reply, hash.value, hash.a)
}

const READER = {
  effect: 'read',
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(1)',
  flags: ['fast'],
  keys: READ_ONE,
} as const

const LISTER = {
  ...READER,
  complexity: 'O(N) for N fields',
  flags: [],
  tips: ['nondeterministic_output_order'],
} as const

export const hashReads: readonly Command[] = [
  { ...READER, name: 'hget', syntax: 'key field', summary: 'Gives the value of a field of a hash.', run: hget },
  {
    ...READER,
    name: 'hmget',
    syntax: 'key field [field ...]',
    complexity: 'O(N) for N fields asked for',
    briefWords: 3,
    summary: 'Gives the values of several fields of a hash.',
    run: hmget,
  },
  {
    ...LISTER,
    name: 'hgetall',
    syntax: 'key',
    summary: 'Gives all fields of a hash with their values.',
    run: hgetall,
  },
  {
    ...LISTER,
    name: 'hkeys',
    syntax: 'key',
    summary: 'Gives all fields of a hash.',
    run: (ctx: ReadContext, args: Args) => listOne(ctx, args, 'field'),
  },
  {
    ...LISTER,
    name: 'hvals',
    syntax: 'key',
    summary: 'Gives all values of a hash.',
    run: (ctx: ReadContext, args: Args) => listOne(ctx, args, 'value'),
  },
  { ...READER, name: 'hlen', syntax: 'key', summary: 'Counts the fields of a hash.', keys: LOOK_ONE, run: hlen },
  {
    ...READER,
    name: 'hexists',
    syntax: 'key field',
    summary: 'Tells whether a hash has a field.',
    keys: LOOK_ONE,
    run: hexists,
  },
  {
    ...READER,
    name: 'hstrlen',
    syntax: 'key field',
    since: '3.2.0',
    summary: 'Gives the length of the value of a field of a hash.',
    keys: LOOK_ONE,
    run: hstrlen,
  },
  {
    ...READER,
    name: 'hscan',
    syntax: 'key cursor [MATCH pattern] [COUNT count] [NOVALUES]',
    since: '2.8.0',
    complexity: 'O(COUNT) a call, O(N) for all of them',
    summary:
      'Lists fields of a hash with their values in pieces; a field that stays during the whole walk is listed once.',
    flags: [],
    tips: ['nondeterministic_output'],
    run: hscan,
  },
  {
    ...READER,
    name: 'hrandfield',
    syntax: 'key [options: count [WITHVALUES]]',
    since: '6.2.0',
    complexity: 'O(N) for N fields given; O(M) for a hash of M fields of which a third or more are asked for',
    summary: 'Gives random fields of a hash: different ones, or any number with repetitions for a negative count.',
    flags: [],
    tips: ['nondeterministic_output'],
    run: hrandfield,
  },
]
