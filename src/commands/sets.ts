// Set commands on one set, or on two in turn: adding, removing, asking, listing.

import {
  beginValue,
  commitValue,
  makeValue,
  openOtherValue,
  openValue,
  readValue,
  room,
  settleValue,
} from '../store/collections.ts'
import { Member } from '../values/member.ts'
import { SetValue } from '../values/set.ts'
import { SetWalk } from '../values/set-walk.ts'
import { FORM_HASHTABLE } from '../values/types.ts'
import { VISIT_END } from '../values/value.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { GROW_ONE, LOOK_ONE, READ_ONE, SHRINK_ONE } from './key-specs.ts'
import { parseCursor, ScanOptions } from './scan-options.ts'

/** What a member takes at most beside its bytes: a block rounded up, its pair in the dict. */
const MEMBER_OVERHEAD_BYTES = 32

const set = new SetValue()
const target = new SetValue()
const member = new Member()
const walk = new SetWalk()
const options = new ScanOptions()

function aim(args: Args, i: number): Member {
  member.setText(args.buf, args.starts[i], args.ends[i])
  return member
}

/** Room for the words from `first` on as members. */
function roomFor(ctx: WriteContext, args: Args, first: number): void {
  let bytes = (args.count - first) * MEMBER_OVERHEAD_BYTES
  for (let i = first; i < args.count; i++) bytes += args.ends[i] - args.starts[i]
  room(ctx.keys, ctx.keys.at, bytes)
}

function sadd(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const exists = openValue(keys, args, 1, set)
  roomFor(ctx, args, 2)
  if (!exists) makeValue(keys, keys.at, set)
  let added = 0
  for (let i = 2; i < args.count; i++) if (set.add(aim(args, i))) added++
  end(ctx, added, 'sadd')
}

function srem(ctx: WriteContext, args: Args): void {
  if (!openValue(ctx.keys, args, 1, set)) {
    ctx.reply.int(0)
    return
  }
  let removed = 0
  for (let i = 2; i < args.count; i++) if (set.remove(aim(args, i))) removed++
  end(ctx, removed, 'srem')
}

/** Ends a change of `changed` members of the set at hand and replies with their number. */
function end(ctx: WriteContext, changed: number, event: string): void {
  const { keys } = ctx
  if (changed === 0) settleValue(keys, keys.at, set)
  else {
    commitValue(keys, keys.at, set, event)
    keys.dirty += changed - 1
  }
  ctx.reply.int(changed)
}

function smove(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  if (!openValue(keys, args, 1, set)) {
    reply.int(0)
    return
  }
  settleValue(keys, keys.at, set)
  const hasTarget = openOtherValue(keys, args, 2, target)
  if (hasTarget) settleValue(keys, keys.other, target)
  const found = set.has(aim(args, 3))
  if (!found || (hasTarget && target.a === set.a && target.root === set.root)) {
    reply.int(found ? 1 : 0)
    return
  }
  // The look-up of the second key may have removed it, and the first one's slot moved.
  const isNew = addToTarget(ctx, hasTarget)
  keys.reslot(keys.at)
  beginValue(keys, keys.at, set)
  set.remove(member)
  commitValue(keys, keys.at, set, 'srem')
  if (!hasTarget && keys.announcesNew) keys.announce(keys.other, 'new')
  if (isNew) keys.commit(keys.other, 'sadd')
  reply.int(1)
}

/** Before anything is removed, as there may be no room. Not announced: Redis tells of the removal first. */
function addToTarget(ctx: WriteContext, exists: boolean): boolean {
  const { keys } = ctx
  const { announcesNew } = keys
  keys.announcesNew = false
  try {
    if (exists) beginValue(keys, keys.other, target)
    else makeValue(keys, keys.other, target)
    const isNew = target.add(member)
    settleValue(keys, keys.other, target)
    return isNew
  } finally {
    keys.announcesNew = announcesNew
  }
}

function scard(ctx: ReadContext, args: Args): void {
  ctx.reply.int(readValue(ctx.keys, args, 1, set) ? set.count : 0)
}

function sismember(ctx: ReadContext, args: Args): void {
  ctx.reply.int(readValue(ctx.keys, args, 1, set) && set.has(aim(args, 2)) ? 1 : 0)
}

function smismember(ctx: ReadContext, args: Args): void {
  const exists = readValue(ctx.keys, args, 1, set)
  ctx.reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) ctx.reply.int(exists && set.has(aim(args, i)) ? 1 : 0)
}

function smembers(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  if (!readValue(ctx.keys, args, 1, set)) {
    reply.set(0)
    return
  }
  reply.set(set.count)
  walk.start(set)
  while (walk.next()) walk.member.reply(reply)
}

/** What the visit of a scan works with; it is no closure, so that none is made for a command. */
const scanning: { ctx: ReadContext | undefined; args: Args | undefined; shown: number } = {
  ctx: undefined,
  args: undefined,
  shown: 0,
}

function showScanned(buf: Uint8Array, start: number, stop: number): void {
  const { ctx, args } = scanning
  if (ctx === undefined || args === undefined || !options.matches(args, buf, start, stop)) return
  ctx.reply.bulk(buf, start, stop)
  scanning.shown++
}

function sscan(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  const cursor = parseCursor(args, 2)
  const exists = readValue(ctx.keys, args, 1, set)
  if (exists) options.parse(args, 3)
  // Small sets are shown whole, whatever the cursor: they may have been large when the scan began.
  const inSteps = exists && set.form === FORM_HASHTABLE
  const next = inSteps && cursor >= 0 ? set.collect(cursor, Math.min(options.count, set.count)) : VISIT_END
  reply.array(2)
  reply.bulkInt(next === VISIT_END ? 0 : next)
  const mark = reply.mark()
  scanning.ctx = ctx
  scanning.args = args
  scanning.shown = 0
  if (inSteps && cursor >= 0) set.visitCollected(showScanned)
  else if (exists && !inSteps) set.visit(showScanned)
  reply.arrayFrom(mark, scanning.shown)
}

export const setCommands: readonly Command[] = [
  {
    name: 'sadd',
    syntax: 'key member [member ...]',
    effect: 'write',
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1) for each member',
    summary: 'Adds members to a set; makes the set if there is none.',
    flags: ['denyoom', 'fast'],
    keys: GROW_ONE,
    history: [['2.4.0', 'Several members.']],
    run: sadd,
  },
  {
    name: 'srem',
    syntax: 'key member [member ...]',
    effect: 'write',
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1) for each member',
    summary: 'Removes members from a set, and the set with its last one.',
    flags: ['fast'],
    keys: SHRINK_ONE,
    history: [['2.4.0', 'Several members.']],
    run: srem,
  },
  {
    name: 'smove',
    syntax: 'source destination member',
    effect: 'write',
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Moves a member from one set to another.',
    flags: ['fast'],
    keys: [
      { at: 1, last: 0, step: 1, flags: ['RW', 'access', 'delete'] },
      { at: 2, last: 0, step: 1, flags: ['RW', 'insert'] },
    ],
    run: smove,
  },
  {
    name: 'scard',
    syntax: 'key',
    effect: 'read',
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Counts the members of a set.',
    flags: ['fast'],
    keys: LOOK_ONE,
    run: scard,
  },
  {
    name: 'sismember',
    syntax: 'key member',
    effect: 'read',
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Tells whether a set has a member.',
    flags: ['fast'],
    keys: LOOK_ONE,
    run: sismember,
  },
  {
    name: 'smismember',
    syntax: 'key member [member ...]',
    effect: 'read',
    group: 'set',
    since: '6.2.0',
    complexity: 'O(1) for each member',
    summary: 'Tells of several members whether a set has them.',
    flags: ['fast'],
    keys: READ_ONE,
    run: smismember,
  },
  {
    name: 'smembers',
    syntax: 'key',
    effect: 'read',
    group: 'set',
    since: '1.0.0',
    complexity: 'O(N) for N members',
    summary: 'Gives all members of a set.',
    flags: [],
    keys: READ_ONE,
    tips: ['nondeterministic_output_order'],
    run: smembers,
  },
  {
    name: 'sscan',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
    effect: 'read',
    group: 'set',
    since: '2.8.0',
    complexity: 'O(1) for each call, O(N) for the whole scan of N members',
    summary: 'Gives the members of a set some at a time.',
    flags: [],
    keys: READ_ONE,
    tips: ['nondeterministic_output'],
    run: sscan,
  },
]
