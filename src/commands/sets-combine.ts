// Set commands on several sets: SINTER, SUNION, SDIFF, their STORE forms, SINTERCARD. All keys are looked up, and so all
// wrong types met, before anything happens.

import { fromText } from '../bytes/ascii.ts'
import { LIMIT_NEGATIVE, NUMKEYS_NOT_POSITIVE, NUMKEYS_TOO_BIG, SYNTAX } from '../resp/errors.ts'
import { buildValue, dropBuilt, fitBuilt, readValue, replaceValue } from '../store/collections.ts'
import { SetValue } from '../values/set.ts'
import {
  collectDifference,
  collectUnion,
  Difference,
  fill,
  Intersection,
  type MemberSource,
  SetList,
  walkIsBest,
} from '../values/set-algebra.ts'
import { SetWalk } from '../values/set-walk.ts'
import type { Args } from './args.ts'
import type { Command, KeySpec, ReadContext, WriteContext } from './command.ts'
import { counted, READ_MANY } from './key-specs.ts'

const LIMIT = fromText('limit')

const list = new SetList()
/** Aimed at one set after the other. */
const source = new SetValue()
const other = new SetValue()
/** Where results are collected that a walk cannot give. */
const collected = new SetValue()
const walk = new SetWalk()
const intersection = new Intersection(list, source, other)
const difference = new Difference(list, source, other)

/** Looks up the sets in words first .. end-1. Throws WRONGTYPE. */
function lookUp(ctx: ReadContext, args: Args, first: number, end: number): void {
  list.reset()
  for (let i = first; i < end; i++) {
    if (readValue(ctx.keys, args, i, source)) list.add(source)
    else list.addMissing()
  }
}

function replyMembers(ctx: ReadContext, members: MemberSource): void {
  const { reply } = ctx
  const mark = reply.mark()
  let count = 0
  while (members.next()) {
    members.member.reply(reply)
    count++
  }
  reply.setFrom(mark, count)
}

/** Stores what `collect` puts into an empty set under the key in word 1, or removes that when it is nothing. */
function store(ctx: WriteContext, args: Args, collect: (ctx: ReadContext) => void, event: string): void {
  const { keys, reply } = ctx
  const { at } = keys
  keys.open(args, 1)
  buildValue(keys, at, collected)
  try {
    collect(ctx)
    fitBuilt(keys, at, collected)
  } catch (error) {
    dropBuilt(collected)
    throw error
  }
  const { count } = collected
  if (count > 0) {
    replaceValue(keys, at, collected, 0)
    keys.commit(at, event)
  } else {
    dropBuilt(collected)
    if (at.entry !== 0) keys.remove(at, 'del')
  }
  reply.int(count)
}

/** Replies with what `collect` puts into an empty set, which is gone afterwards. */
function replyCollected(ctx: ReadContext, collect: (ctx: ReadContext) => void): void {
  const { keys } = ctx
  collected.create(keys, keys.at.shard.arena)
  try {
    collect(ctx)
    walk.start(collected)
    ctx.reply.set(collected.count)
    while (walk.next()) walk.member.reply(ctx.reply)
  } finally {
    collected.release()
  }
}

// ---- intersection -------------------------------------------------------------------------------------------------

function sinter(ctx: ReadContext, args: Args): void {
  lookUp(ctx, args, 1, args.count)
  if (list.missing > 0) {
    ctx.reply.set(0)
    return
  }
  intersection.start(ctx.keys)
  replyMembers(ctx, intersection)
}

function collectIntersection(ctx: ReadContext): void {
  if (list.missing > 0) return
  intersection.start(ctx.keys)
  fill(collected, source, intersection)
}

function sinterstore(ctx: WriteContext, args: Args): void {
  lookUp(ctx, args, 2, args.count)
  store(ctx, args, collectIntersection, 'sinterstore')
}

function sintercard(ctx: ReadContext, args: Args): void {
  const numkeys = args.intIn(1, 1, Number.POSITIVE_INFINITY, NUMKEYS_NOT_POSITIVE)
  if (numkeys > args.count - 2) throw NUMKEYS_TOO_BIG
  let limit = 0
  for (let i = 2 + numkeys; i < args.count; i += 2) {
    if (!args.is(i, LIMIT) || i + 1 >= args.count) throw SYNTAX
    limit = args.intIn(i + 1, 0, Number.POSITIVE_INFINITY, LIMIT_NEGATIVE)
  }
  lookUp(ctx, args, 2, 2 + numkeys)
  let count = 0
  if (list.missing === 0) {
    intersection.start(ctx.keys)
    while (intersection.next()) if (++count === limit) break
  }
  ctx.reply.int(count)
}

// ---- union --------------------------------------------------------------------------------------------------------

function collectSum(ctx: ReadContext): void {
  collectUnion(list, ctx.keys, source, collected)
}

function sunion(ctx: ReadContext, args: Args): void {
  lookUp(ctx, args, 1, args.count)
  if (list.length - list.missing > 1) {
    replyCollected(ctx, collectSum)
    return
  }
  // At most one set is there: it is the union.
  list.sort(0, -1)
  if (!list.exists(0)) {
    ctx.reply.set(0)
    return
  }
  list.aim(0, ctx.keys, source)
  walk.start(source)
  ctx.reply.set(source.count)
  while (walk.next()) walk.member.reply(ctx.reply)
}

function sunionstore(ctx: WriteContext, args: Args): void {
  lookUp(ctx, args, 2, args.count)
  store(ctx, args, collectSum, 'sunionstore')
}

// ---- difference ---------------------------------------------------------------------------------------------------

/** Whether the first set is missing, or one of those to be taken from it: nothing is left. */
function leavesNothing(): boolean {
  if (!list.exists(0)) return true
  for (let i = 1; i < list.length; i++) if (list.same(0, i)) return true
  return false
}

function collectRest(ctx: ReadContext): void {
  if (leavesNothing()) return
  if (walkIsBest(list)) {
    difference.start(ctx.keys)
    fill(collected, source, difference)
  } else collectDifference(list, ctx.keys, source, collected)
}

function sdiff(ctx: ReadContext, args: Args): void {
  lookUp(ctx, args, 1, args.count)
  if (leavesNothing()) ctx.reply.set(0)
  else if (walkIsBest(list)) {
    difference.start(ctx.keys)
    replyMembers(ctx, difference)
  } else replyCollected(ctx, collectRest)
}

function sdiffstore(ctx: WriteContext, args: Args): void {
  lookUp(ctx, args, 2, args.count)
  store(ctx, args, collectRest, 'sdiffstore')
}

const SOURCES: KeySpec = { at: 2, last: -1, step: 1, flags: ['RO', 'access'] }
const OVERWRITE: readonly KeySpec[] = [{ at: 1, last: 0, step: 1, flags: ['OW', 'update'] }, SOURCES]

const READS = {
  syntax: 'key [key ...]',
  effect: 'read',
  group: 'set',
  since: '1.0.0',
  flags: [],
  keys: READ_MANY,
  tips: ['nondeterministic_output_order'],
} as const
const STORES = {
  syntax: 'destination key [key ...]',
  effect: 'write',
  group: 'set',
  since: '1.0.0',
  flags: ['denyoom'],
} as const
const INTERSECTION_COST = 'O(N*M) for N members of the smallest of M sets'
const ALL_COST = 'O(N) for N members of all sets together'

export const setCombinations: readonly Command[] = [
  {
    ...READS,
    name: 'sinter',
    complexity: INTERSECTION_COST,
    summary: 'Gives the members that all of the sets have.',
    run: sinter,
  },
  {
    ...STORES,
    name: 'sinterstore',
    complexity: INTERSECTION_COST,
    summary: 'Stores the members that all of the sets have as a set.',
    keys: [{ at: 1, last: 0, step: 1, flags: ['RW', 'update'] }, SOURCES],
    run: sinterstore,
  },
  {
    name: 'sintercard',
    syntax: 'numkeys key [key ...] [LIMIT limit]',
    effect: 'read',
    group: 'set',
    since: '7.0.0',
    complexity: INTERSECTION_COST,
    summary: 'Counts the members that all of the sets have, at most up to a limit.',
    flags: [],
    keys: [counted(1, ['RO', 'access'])],
    run: sintercard,
  },
  {
    ...READS,
    name: 'sunion',
    complexity: ALL_COST,
    summary: 'Gives the members that any of the sets has.',
    run: sunion,
  },
  {
    ...STORES,
    name: 'sunionstore',
    complexity: ALL_COST,
    summary: 'Stores the members that any of the sets has as a set.',
    keys: OVERWRITE,
    run: sunionstore,
  },
  {
    ...READS,
    name: 'sdiff',
    complexity: ALL_COST,
    summary: 'Gives the members of the first set that none of the others has.',
    run: sdiff,
  },
  {
    ...STORES,
    name: 'sdiffstore',
    complexity: ALL_COST,
    summary: 'Stores the members of the first set that none of the others has as a set.',
    keys: OVERWRITE,
    run: sdiffstore,
  },
]
