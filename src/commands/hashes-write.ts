// Hash commands that change fields. A field that is set loses its deadline; one that is counted up keeps it.

import { fromText } from '../bytes/ascii.ts'
import { addDecimal, parseExtended } from '../bytes/extended.ts'
import { INT64_MAX, INT64_MIN, INT64_TEXT_BYTES, parseInt64, parseSafe, writeInt, writeInt64 } from '../bytes/int64.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import {
  HASH_NOT_A_FLOAT,
  HASH_NOT_AN_INTEGER,
  INCREMENT_NAN,
  NOT_A_FLOAT,
  OVERFLOW,
  VALUE_NAN,
  wrongArity,
} from '../resp/errors.ts'
import { beginValue, commitValue, makeValue, openValue, room, seekValue } from '../store/collections.ts'
import { Hash } from '../values/hash.ts'
import { KEEP_DEADLINE } from '../values/hash-fields.ts'
import type { Args } from './args.ts'
import type { Command, WriteContext } from './command.ts'
import { logSet } from './hashes-logged.ts'
import { COUNT_ONE, GROW_ONE, UPDATE_ONE } from './key-specs.ts'

/** What a new field may cost beside its own bytes: lengths, rounding, its part of a table that grows. */
export const FIELD_OVERHEAD_BYTES = 64
const ZERO = fromText('0')
const HSET = fromText('HSET')

const hash = new Hash()
const digits = new Uint8Array(INT64_TEXT_BYTES)

/** Bytes that the fields and values in the words from `first` on may take. */
export function fieldBytes(args: Args, first: number): number {
  let bytes = 0
  for (let i = first; i < args.count; i++) bytes += args.ends[i] - args.starts[i]
  return bytes + ((args.count - first) >> 1) * FIELD_OVERHEAD_BYTES
}

/** Sets the fields in the words from 2 on, in the hash that is open if there is one; returns how many are new. */
function setFields(ctx: WriteContext, args: Args, exists: boolean): number {
  const { keys } = ctx
  room(keys, keys.at, fieldBytes(args, 2))
  if (!exists) makeValue(keys, keys.at, hash)
  const added = exists || args.count === 4 ? setEach(args) : setNew(args)
  keys.dirty += ((args.count - 2) >> 1) - 1
  commitValue(keys, keys.at, hash, 'hset')
  return added
}

function setEach({ buf, starts, ends, count }: Args): number {
  let added = 0
  for (let i = 2; i < count; i += 2) {
    if (hash.set(buf, starts[i], ends[i], buf, starts[i + 1], ends[i + 1], 0)) added++
  }
  return added
}

/** Gives a new hash all its fields at once. */
function setNew(args: Args): number {
  if (hash.fill(args, 2)) return hash.stored
  hash.expect(args, 2)
  const added = setEach(args)
  hash.complete()
  return added
}

function hset(ctx: WriteContext, args: Args): void {
  if (args.count % 2 === 1) throw wrongArity('hset')
  ctx.reply.int(setFields(ctx, args, openValue(ctx.keys, args, 1, hash)))
}

function hmset(ctx: WriteContext, args: Args): void {
  if (args.count % 2 === 1) throw wrongArity('hmset')
  setFields(ctx, args, openValue(ctx.keys, args, 1, hash))
  ctx.reply.ok()
}

function hsetnx(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const exists = seekValue(keys, args, 1, hash)
  if (exists && hash.find(args.buf, args.starts[2], args.ends[2])) {
    ctx.reply.int(0)
    return
  }
  if (exists) beginValue(keys, keys.at, hash)
  setFields(ctx, args, exists)
  ctx.reply.int(1)
}

function hdel(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  let removed = 0
  if (seekValue(keys, args, 1, hash)) {
    for (let i = 2; i < args.count; i++) {
      if (!hash.find(args.buf, args.starts[i], args.ends[i])) continue
      if (removed++ === 0) beginValue(keys, keys.at, hash)
      hash.removeFound()
      if (hash.stored === 0) break
    }
    if (removed > 0) {
      keys.dirty += removed - 1
      commitValue(keys, keys.at, hash, 'hdel')
    }
  }
  ctx.reply.int(removed)
}

/** Sets the field in word 2 to a number's text, keeping its deadline. */
function setNumber(
  ctx: WriteContext,
  args: Args,
  exists: boolean,
  text: Uint8Array,
  length: number,
  event: string,
): void {
  const { keys } = ctx
  room(keys, keys.at, length + args.length(2) + FIELD_OVERHEAD_BYTES)
  if (!exists) makeValue(keys, keys.at, hash)
  hash.set(args.buf, args.starts[2], args.ends[2], text, 0, length, KEEP_DEADLINE)
  commitValue(keys, keys.at, hash, event)
}

function hincrby(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const by = args.safe(3)
  const exact = Number.isNaN(by) ? args.int64(3) : 0n
  const exists = openValue(keys, args, 1, hash)
  let old = 0
  if (exists && hash.find(args.buf, args.starts[2], args.ends[2])) {
    const { value } = hash
    old = value.isInt ? value.int : parseSafe(value.buf, value.start, value.end)
  }
  const sum = old + by
  if (Number.isSafeInteger(sum)) {
    setNumber(ctx, args, exists, digits, writeInt(digits, 0, sum), 'hincrby')
    ctx.reply.int(sum)
  } else addExact(ctx, args, exists, Number.isNaN(by) ? exact : BigInt(by), old)
}

/** The whole int64 range; exact and rare. `old` is NaN when the value is no safe integer. */
function addExact(ctx: WriteContext, args: Args, exists: boolean, by: bigint, old: number): void {
  const { value } = hash
  const before = Number.isNaN(old) ? parseInt64(value.buf, value.start, value.end) : BigInt(old)
  if (before === undefined) throw HASH_NOT_AN_INTEGER
  const sum = before + by
  if (sum > INT64_MAX || sum < INT64_MIN) throw OVERFLOW
  setNumber(ctx, args, exists, digits, writeInt64(digits, 0, sum), 'hincrby')
  ctx.reply.int64(sum)
}

/** The sum itself: adding to it again would round again. */
function logSum(log: CommandLog, ctx: WriteContext, args: Args): void {
  hash.find(args.buf, args.starts[2], args.ends[2])
  // HSET would take the field's deadline.
  if (hash.deadline !== 0) logSet(log, ctx, args, KEEP_DEADLINE, 1)
  else log.command(ctx.keys.db, 4).text(HSET).key(args, 1)
  const value = hash.valueText()
  log.word(args, 2).bytes(value.buf, value.start, value.end)
}

function hincrbyfloat(ctx: WriteContext, args: Args): void {
  const by = parseExtended(args.buf, args.starts[3], args.ends[3])
  if (by === undefined) throw NOT_A_FLOAT
  if ('infinite' in by) throw VALUE_NAN
  const exists = openValue(ctx.keys, args, 1, hash)
  const found = exists && hash.find(args.buf, args.starts[2], args.ends[2])
  const value = found ? hash.valueText() : undefined
  const sum = addDecimal(
    value?.buf ?? ZERO,
    value?.start ?? 0,
    value?.end ?? ZERO.length,
    args.buf,
    args.starts[3],
    args.ends[3],
  )
  if (sum === 'not-a-float') throw HASH_NOT_A_FLOAT
  if (sum === 'nan-or-inf') throw INCREMENT_NAN
  const text = fromText(sum.text)
  setNumber(ctx, args, exists, text, text.length, 'hincrbyfloat')
  ctx.reply.bulk(text, 0, text.length)
}

const WRITER = {
  effect: 'write',
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(1)',
  flags: ['denyoom', 'fast'],
  keys: UPDATE_ONE,
} as const

export const hashWrites: readonly Command[] = [
  {
    ...WRITER,
    name: 'hset',
    syntax: 'key field value [field value ...]',
    complexity: 'O(1) for each field',
    summary: 'Sets fields of a hash, making it if needed; gives how many are new.',
    history: [['4.0.0', 'Several fields at once.']],
    run: hset,
  },
  {
    ...WRITER,
    name: 'hmset',
    syntax: 'key field value [field value ...]',
    complexity: 'O(N) for N fields',
    briefWords: 4,
    summary: 'Sets fields of a hash, making it if needed.',
    deprecated: { since: '4.0.0', replacedBy: '`HSET` with multiple field-value pairs' },
    run: hmset,
  },
  {
    ...WRITER,
    name: 'hsetnx',
    syntax: 'key field value',
    summary: 'Sets a field of a hash if it is not there.',
    keys: GROW_ONE,
    run: hsetnx,
  },
  {
    ...WRITER,
    name: 'hdel',
    syntax: 'key field [field ...]',
    complexity: 'O(N) for N fields',
    briefWords: 3,
    summary: 'Deletes fields of a hash; gives how many were there.',
    flags: ['fast'],
    keys: [{ at: 1, last: 0, step: 1, flags: ['RW', 'delete'] }],
    history: [['2.4.0', 'Several fields at once.']],
    run: hdel,
  },
  {
    ...WRITER,
    name: 'hincrby',
    syntax: 'key field increment',
    summary: 'Adds a number to the integer in a field of a hash; a missing field counts as 0.',
    keys: COUNT_ONE,
    run: hincrby,
  },
  {
    ...WRITER,
    name: 'hincrbyfloat',
    syntax: 'key field increment(double)',
    since: '2.6.0',
    summary: 'Adds a decimal number to the number in a field of a hash; a missing field counts as 0.',
    keys: COUNT_ONE,
    logged: logSum,
    run: hincrbyfloat,
  },
]
