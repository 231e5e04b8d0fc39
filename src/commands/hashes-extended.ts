// The commands of Redis 8.0 that do two things to fields of a hash at once: HGETDEL, HGETEX, HSETEX.

import { fromText } from '../bytes/ascii.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import {
  FIELDS_INVALID,
  FIELDS_NOT_POSITIVE,
  HSETEX_CONDITIONS,
  HSETEX_EXPIRATIONS,
  HSETEX_NO_TIME,
  unknownArgument,
  wrongArity,
} from '../resp/errors.ts'
import { commitValue, dropIfEmpty, makeValue, openValue, room, settleValue } from '../store/collections.ts'
import { Hash } from '../values/hash.ts'
import { KEEP_DEADLINE } from '../values/hash-fields.ts'
import { replyElement } from '../values/packed-reply.ts'
import type { Args } from './args.ts'
import type { Command, WriteContext } from './command.ts'
import { FIELDS, fieldDeadlineAt, fieldsFrom } from './hash-words.ts'
import { logFieldDeadline, logGone, logSet } from './hashes-logged.ts'
import { fieldBytes } from './hashes-write.ts'
import { COUNT_ONE, TAKE_ONE, UPDATE_ONE } from './key-specs.ts'

const EX = fromText('ex')
const PX = fromText('px')
const EXAT = fromText('exat')
const PXAT = fromText('pxat')
const PERSIST = fromText('persist')
const KEEPTTL = fromText('keepttl')
const FNX = fromText('fnx')
const FXX = fromText('fxx')

/** HGETDEL key FIELDS numfields field ... */
const FIRST_TAKEN = 4

const hash = new Hash()

/** What a request says about deadlines and conditions. One object for all requests. */
const wish = {
  /** ms; 0 for none, KEEP_DEADLINE to leave them alone. */
  deadline: KEEP_DEADLINE,
  timed: false,
  condition: 'none' as 'none' | 'fnx' | 'fxx',
  firstField: 0,
}

/** Reads the time in word `i + 1` if word `i` is EX, PX, EXAT or PXAT; false when it is none of them. */
function takeTime(args: Args, i: number, nowMs: number, name: string): boolean {
  const seconds = args.is(i, EX) || args.is(i, EXAT)
  if (!seconds && !args.is(i, PX) && !args.is(i, PXAT)) return false
  if (wish.timed || wish.deadline !== KEEP_DEADLINE) throw HSETEX_EXPIRATIONS
  if (i + 1 >= args.count) throw HSETEX_NO_TIME
  const baseMs = args.length(i) === 2 ? nowMs : 0
  wish.deadline = fieldDeadlineAt(args, i + 1, seconds ? 'seconds' : 'milliseconds', baseMs, name)
  wish.timed = true
  return true
}

function hgetdel(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const exists = openValue(keys, args, 1, hash)
  const first = fieldsFrom(args, 2, FIELDS_NOT_POSITIVE)
  reply.array(args.count - first)
  let removed = 0
  for (let i = first; i < args.count; i++) {
    if (exists && hash.find(args.buf, args.starts[i], args.ends[i])) {
      replyElement(reply, hash.value, hash.a)
      hash.removeFound()
      removed++
    } else reply.null()
  }
  if (removed > 0) finish(ctx, removed, 'hdel')
  else if (exists) settleValue(keys, keys.at, hash)
}

function finish({ keys }: WriteContext, changes: number, event: string): void {
  keys.dirty += changes - 1
  commitValue(keys, keys.at, hash, event)
}

/** Reads HGETEX's words; returns the first field. */
function readGetEx(args: Args, nowMs: number): number {
  wish.timed = false
  wish.deadline = KEEP_DEADLINE
  if (takeTime(args, 2, nowMs, 'hgetex')) return fieldsFrom(args, 4, FIELDS_NOT_POSITIVE)
  if (!args.is(2, PERSIST)) return fieldsFrom(args, 2, FIELDS_NOT_POSITIVE)
  wish.deadline = 0
  return fieldsFrom(args, 3, FIELDS_NOT_POSITIVE)
}

function hgetex(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const exists = openValue(keys, args, 1, hash)
  const first = readGetEx(args, keys.nowMs)
  wish.firstField = first
  reply.array(args.count - first)
  let updated = 0
  let deleted = 0
  for (let i = first; i < args.count; i++) {
    if (!exists || !hash.find(args.buf, args.starts[i], args.ends[i])) {
      reply.null()
      continue
    }
    replyElement(reply, hash.value, hash.a)
    if (wish.timed && wish.deadline <= keys.nowMs) {
      hash.removeFound()
      deleted++
    } else if (wish.timed || (wish.deadline === 0 && hash.deadline !== 0)) {
      hash.allowDeadlines()
      hash.find(args.buf, args.starts[i], args.ends[i])
      hash.retimeFound(wish.deadline)
      updated++
    }
  }
  if (updated + deleted > 0) {
    finish(ctx, updated + deleted, updated === 0 ? 'hdel' : wish.timed ? 'hexpire' : 'hpersist')
  } else if (exists) settleValue(keys, keys.at, hash)
}

/** Reads HSETEX's words into `wish`. FIELDS comes last. */
function readSetEx(args: Args, nowMs: number): void {
  wish.timed = false
  wish.deadline = KEEP_DEADLINE
  wish.condition = 'none'
  let keep = false
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, FIELDS)) {
      wish.firstField = pairsFrom(args, i)
      if (!wish.timed && !keep) wish.deadline = 0
      return
    }
    if (args.is(i, FNX) || args.is(i, FXX)) {
      if (wish.condition !== 'none') throw HSETEX_CONDITIONS
      wish.condition = args.is(i, FNX) ? 'fnx' : 'fxx'
    } else if (args.is(i, KEEPTTL)) {
      if (wish.timed || keep) throw HSETEX_EXPIRATIONS
      keep = true
    } else {
      if (keep && isTime(args, i)) throw HSETEX_EXPIRATIONS
      if (!takeTime(args, i, nowMs, 'hsetex')) throw unknownArgument(args.text(i))
      i++
    }
  }
  throw wrongArity('hsetex')
}

const isTime = (args: Args, i: number): boolean =>
  args.is(i, EX) || args.is(i, PX) || args.is(i, EXAT) || args.is(i, PXAT)

function pairsFrom(args: Args, at: number): number {
  if (at >= args.count - 3) throw wrongArity('hsetex')
  const count = args.intIn(at + 1, 1, 0x7fffffff, FIELDS_INVALID)
  if (args.count - at - 2 !== 2 * count) throw wrongArity('hsetex')
  return at + 2
}

/** Whether FNX or FXX allow to set the fields. */
function mayset(args: Args, exists: boolean): boolean {
  if (wish.condition === 'none') return true
  if (!exists) return wish.condition === 'fnx'
  for (let i = wish.firstField; i < args.count; i += 2) {
    if (hash.find(args.buf, args.starts[i], args.ends[i]) !== (wish.condition === 'fxx')) return false
  }
  return true
}

function hsetex(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  readSetEx(args, keys.nowMs)
  const exists = openValue(keys, args, 1, hash)
  if (!mayset(args, exists)) {
    if (exists) settleValue(keys, keys.at, hash)
    reply.int(0)
    return
  }
  const { firstField: first, deadline } = wish
  room(keys, keys.at, fieldBytes(args, first))
  if (!exists) makeValue(keys, keys.at, hash)
  const isOver = wish.timed && deadline <= keys.nowMs
  const { buf, starts, ends } = args
  for (let i = first; i < args.count; i += 2) {
    hash.set(buf, starts[i], ends[i], buf, starts[i + 1], ends[i + 1], isOver ? 0 : deadline)
    if (isOver && hash.find(buf, starts[i], ends[i])) hash.removeFound()
  }
  settleValue(keys, keys.at, hash)
  keys.dirty += ((args.count - first) >> 1) - 1
  keys.commit(keys.at, 'hset')
  if (wish.timed) keys.announce(keys.at, isOver ? 'hdel' : 'hexpire')
  dropIfEmpty(keys, keys.at, hash)
  reply.int(1)
}

function logTaken(log: CommandLog, ctx: WriteContext, args: Args): void {
  logGone(log, ctx, args, hash, FIRST_TAKEN)
}

function logGetEx(log: CommandLog, ctx: WriteContext, args: Args): void {
  if (wish.timed && wish.deadline <= ctx.keys.nowMs) logGone(log, ctx, args, hash, wish.firstField)
  else logFieldDeadline(log, ctx, args, wish.firstField, wish.deadline)
}

/** The condition was met; what a field had before goes with its old value. */
function logSetEx(log: CommandLog, ctx: WriteContext, args: Args): void {
  const { deadline, firstField: first } = wish
  if (wish.timed && deadline <= ctx.keys.nowMs) {
    logGone(log, ctx, args, hash, first, 2)
    return
  }
  logSet(log, ctx, args, deadline, (args.count - first) / 2).words(args, first, args.count)
}

const ROW = {
  effect: 'write',
  group: 'hash',
  since: '8.0.0',
  complexity: 'O(N) for N fields',
  flags: ['fast'],
} as const

const TIMES = 'EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds'

export const hashExtended: readonly Command[] = [
  {
    ...ROW,
    name: 'hgetdel',
    syntax: 'key FIELDS numfields(integer) field [field ...]',
    summary: 'Gives the values of fields of a hash and deletes the fields.',
    keys: TAKE_ONE,
    logged: logTaken,
    run: hgetdel,
  },
  {
    ...ROW,
    name: 'hgetex',
    syntax: `key [expiration: ${TIMES} | PERSIST] FIELDS numfields(integer) field [field ...]`,
    summary: 'Gives the values of fields of a hash and sets or removes their time to live.',
    keys: COUNT_ONE,
    logged: logGetEx,
    run: hgetex,
  },
  {
    ...ROW,
    name: 'hsetex',
    syntax: `key [condition: FNX | FXX] [expiration: ${TIMES} | KEEPTTL] FIELDS numfields(integer) field value [field value ...]`,
    summary: 'Sets fields of a hash, if none or all of them are there, with a time to live.',
    flags: ['denyoom', 'fast'],
    keys: UPDATE_ONE,
    logged: logSetEx,
    run: hsetex,
  },
]
