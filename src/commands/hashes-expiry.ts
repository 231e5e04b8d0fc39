// Deadlines of the fields of hashes (Redis 7.4): HEXPIRE and its sisters set them, HTTL and its sisters tell them, HPERSIST
// takes them away. Each answers one number for each field.

import { fromText } from '../bytes/ascii.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import { FIELDS_NOT_POSITIVE, FIELDS_PARAMETER } from '../resp/errors.ts'
import { commitValue, openValue, readValue, settleValue } from '../store/collections.ts'
import { Hash } from '../values/hash.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import type { Unit } from './deadline.ts'
import { fieldDeadlineAt, fieldsFrom } from './hash-words.ts'
import { logGone } from './hashes-logged.ts'
import { READ_ONE, UPDATE_ONE } from './key-specs.ts'

const NX = fromText('nx')
const XX = fromText('xx')
const GT = fromText('gt')
const LT = fromText('lt')

const NO_FIELD = -2
const NO_DEADLINE = -1
const CONDITION_NOT_MET = 0
const DONE = 1
const DELETED = 2

type Condition = 'none' | 'nx' | 'xx' | 'gt' | 'lt'

const HPEXPIREAT = fromText('HPEXPIREAT')

const hash = new Hash()
/** What the command that runs was asked for. */
const wish = { deadline: 0, firstField: 0 }

function conditionAt(args: Args, i: number): Condition {
  if (args.is(i, NX)) return 'nx'
  if (args.is(i, XX)) return 'xx'
  if (args.is(i, GT)) return 'gt'
  return args.is(i, LT) ? 'lt' : 'none'
}

/** Whether a deadline may replace the present one (0: none, which counts as infinitely late). */
function allowed(condition: Condition, present: number, wanted: number): boolean {
  if (condition === 'nx') return present === 0
  if (condition === 'xx') return present !== 0
  if (condition === 'gt') return present !== 0 && wanted > present
  return condition === 'none' || present === 0 || wanted < present
}

/** Gives the field in word `i` a deadline; a deadline that is over deletes it. */
function expireField(args: Args, i: number, condition: Condition, deadline: number, nowMs: number): number {
  const { buf, starts, ends } = args
  if (!hash.find(buf, starts[i], ends[i])) return NO_FIELD
  if (!allowed(condition, hash.deadline, deadline)) return CONDITION_NOT_MET
  if (deadline <= nowMs) {
    hash.removeFound()
    return DELETED
  }
  hash.allowDeadlines()
  hash.find(buf, starts[i], ends[i])
  hash.retimeFound(deadline)
  return DONE
}

function hexpire(ctx: WriteContext, args: Args, unit: Unit, relative: 'relative' | 'absolute', name: string): void {
  const { keys, reply } = ctx
  const exists = openValue(keys, args, 1, hash)
  const deadline = fieldDeadlineAt(args, 2, unit, relative === 'relative' ? keys.nowMs : 0, name)
  const condition = conditionAt(args, 3)
  const first = fieldsFrom(args, condition === 'none' ? 3 : 4, FIELDS_PARAMETER)
  wish.deadline = deadline
  wish.firstField = first
  reply.array(args.count - first)
  let updated = 0
  let deleted = 0
  for (let i = first; i < args.count; i++) {
    const done = exists ? expireField(args, i, condition, deadline, keys.nowMs) : NO_FIELD
    if (done === DONE) updated++
    if (done === DELETED) deleted++
    reply.int(done)
  }
  if (exists) finish(ctx, updated + deleted, deleted > 0 ? 'hdel' : 'hexpire')
}

/** Ends a command on a hash that changed so many fields. */
function finish({ keys }: WriteContext, changes: number, event: string): void {
  if (changes === 0) settleValue(keys, keys.at, hash)
  else {
    keys.dirty += changes - 1
    commitValue(keys, keys.at, hash, event)
  }
}

function httl(ctx: ReadContext, args: Args, unit: Unit, relative: 'relative' | 'absolute'): void {
  const { keys, reply } = ctx
  const exists = readValue(keys, args, 1, hash)
  const first = fieldsFrom(args, 2, FIELDS_NOT_POSITIVE)
  const baseMs = relative === 'relative' ? keys.nowMs : 0
  reply.array(args.count - first)
  for (let i = first; i < args.count; i++) {
    const found = exists && hash.find(args.buf, args.starts[i], args.ends[i])
    const deadline = found ? hash.deadline : 0
    if (!found) reply.int(NO_FIELD)
    else if (deadline === 0) reply.int(NO_DEADLINE)
    else reply.int(unit === 'seconds' ? Math.ceil((deadline - baseMs) / 1000) : deadline - baseMs)
  }
}

function hpersist(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const exists = openValue(keys, args, 1, hash)
  const first = fieldsFrom(args, 2, FIELDS_NOT_POSITIVE)
  reply.array(args.count - first)
  let changes = 0
  for (let i = first; i < args.count; i++) {
    if (!exists || !hash.find(args.buf, args.starts[i], args.ends[i])) reply.int(NO_FIELD)
    else if (hash.deadline === 0) reply.int(NO_DEADLINE)
    else {
      hash.retimeFound(0)
      changes++
      reply.int(DONE)
    }
  }
  if (exists) finish(ctx, changes, 'hpersist')
}

/** Fields whose moment was over are gone; else the words that follow on the moment are as they were. */
function logDeadlines(log: CommandLog, ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  if (wish.deadline <= keys.nowMs) logGone(log, ctx, args, hash, wish.firstField)
  else {
    log.command(keys.db, args.count).text(HPEXPIREAT).key(args, 1).int(wish.deadline)
    log.words(args, 3, args.count)
  }
}

const SETTER = {
  effect: 'write',
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N) for N fields',
  flags: ['fast'],
  keys: UPDATE_ONE,
} as const

const TELLER = { ...SETTER, effect: 'read', keys: READ_ONE } as const

const NAMED_FIELDS = 'FIELDS numfields(integer) field [field ...]'
const CONDITION = '[condition: NX | XX | GT | LT]'

export const hashExpiry: readonly Command[] = [
  {
    ...SETTER,
    name: 'hexpire',
    syntax: `key seconds ${CONDITION} ${NAMED_FIELDS}`,
    summary: 'Lets fields of a hash live for so many seconds from now.',
    logged: logDeadlines,
    run: (ctx: WriteContext, args: Args) => hexpire(ctx, args, 'seconds', 'relative', 'hexpire'),
  },
  {
    ...SETTER,
    name: 'hpexpire',
    syntax: `key milliseconds ${CONDITION} ${NAMED_FIELDS}`,
    summary: 'Lets fields of a hash live for so many milliseconds from now.',
    logged: logDeadlines,
    run: (ctx: WriteContext, args: Args) => hexpire(ctx, args, 'milliseconds', 'relative', 'hpexpire'),
  },
  {
    ...SETTER,
    name: 'hexpireat',
    syntax: `key unix-time-seconds ${CONDITION} ${NAMED_FIELDS}`,
    summary: 'Lets fields of a hash live until a time given in seconds.',
    logged: logDeadlines,
    run: (ctx: WriteContext, args: Args) => hexpire(ctx, args, 'seconds', 'absolute', 'hexpireat'),
  },
  {
    ...SETTER,
    name: 'hpexpireat',
    syntax: `key unix-time-milliseconds ${CONDITION} ${NAMED_FIELDS}`,
    summary: 'Lets fields of a hash live until a time given in milliseconds.',
    logged: logDeadlines,
    run: (ctx: WriteContext, args: Args) => hexpire(ctx, args, 'milliseconds', 'absolute', 'hpexpireat'),
  },
  {
    ...SETTER,
    name: 'hpersist',
    syntax: `key ${NAMED_FIELDS}`,
    summary: 'Takes the time to live from fields of a hash.',
    run: hpersist,
  },
  {
    ...TELLER,
    name: 'httl',
    syntax: `key ${NAMED_FIELDS}`,
    summary: 'Gives the time that fields of a hash have left, in seconds.',
    run: (ctx: ReadContext, args: Args) => httl(ctx, args, 'seconds', 'relative'),
  },
  {
    ...TELLER,
    name: 'hpttl',
    syntax: `key ${NAMED_FIELDS}`,
    summary: 'Gives the time that fields of a hash have left, in milliseconds.',
    run: (ctx: ReadContext, args: Args) => httl(ctx, args, 'milliseconds', 'relative'),
  },
  {
    ...TELLER,
    name: 'hexpiretime',
    syntax: `key ${NAMED_FIELDS}`,
    summary: 'Gives the time when fields of a hash expire, in seconds.',
    run: (ctx: ReadContext, args: Args) => httl(ctx, args, 'seconds', 'absolute'),
  },
  {
    ...TELLER,
    name: 'hpexpiretime',
    syntax: `key ${NAMED_FIELDS}`,
    summary: 'Gives the time when fields of a hash expire, in milliseconds.',
    run: (ctx: ReadContext, args: Args) => httl(ctx, args, 'milliseconds', 'absolute'),
  },
]
