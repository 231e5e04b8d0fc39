// Set commands that draw members by lot: SPOP, SRANDMEMBER. Every draw is uniform, also in a table that was once larger.
//
// Several different members are drawn in one of two ways: by walking the set and taking each member with the chance that
// it has (Knuth's selection sampling, TAOCP 2, 3.4.2 S), or by drawing places until enough new ones were met. The first
// costs the size of the set, the second the number of members drawn, as long as that is a part of them only.

import { fromText } from '../bytes/ascii.ts'
import { INT64_MIN } from '../bytes/int64.ts'
import { NOT_POSITIVE, notInRange, OUT_OF_RANGE, SYNTAX } from '../resp/errors.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import { commitValue, openValue, readValue, settleValue } from '../store/collections.ts'
import { Member } from '../values/member.ts'
import { Places } from '../values/places.ts'
import { SetValue } from '../values/set.ts'
import { SetWalk } from '../values/set-walk.ts'
import { FORM_LISTPACK } from '../values/types.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { READ_ONE, TAKE_ONE } from './key-specs.ts'
import { logDeletion } from './logged.ts'

/** Redis's SRANDMEMBER_SUB_STRATEGY_MUL: a set smaller than this many times the count is walked. */
const WALKED_SHARE = 3
/** Members that a negative count may ask for; Redis goes on until the client's output limit. */
const MOST_REPEATED = 10_000_000
const MOST_REPLIED_BYTES = 2 ** 30
const RANGE = notInRange(INT64_MIN + 1n, -(INT64_MIN + 1n))

const SREM = fromText('SREM')
const set = new SetValue()
const member = new Member()
const walk = new SetWalk()
const places = new Places()

function replyAll(reply: ReplyWriter): void {
  walk.start(set)
  while (walk.next()) walk.member.reply(reply)
}

function spop(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  if (args.count > 3) throw SYNTAX
  if (args.count === 3) {
    spopCount(ctx, args)
    return
  }
  if (!openValue(keys, args, 1, set)) {
    reply.null()
    return
  }
  pop(ctx, args)
  commitValue(keys, keys.at, set, 'spop')
}

/** Draws a member, shows it and takes it out. */
function pop(ctx: WriteContext, args: Args): void {
  const place = set.draw()
  set.read(place, member)
  take(ctx, args, member)
  set.removeAt(place, member.length)
}

function spopCount(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const wanted = args.intIn(2, 0, Number.POSITIVE_INFINITY, NOT_POSITIVE)
  const exists = openValue(keys, args, 1, set)
  const count = exists ? Math.min(wanted, set.count) : 0
  reply.set(count)
  if (!exists) return
  if (count === 0) {
    settleValue(keys, keys.at, set)
    return
  }
  if (count === set.count) {
    replyAll(reply)
    set.clear()
    if (ctx.log !== undefined) logDeletion(ctx.log, ctx, args)
  } else if (!popMost(ctx, args, set.count - count)) for (let i = 0; i < count; i++) pop(ctx, args)
  commitValue(keys, keys.at, set, 'spop')
  keys.dirty += count - 1
}

/**
 * Draws the members that stay instead, when they are few: they become a table of their own, and the others are shown and
 * freed in slices. False, and nothing done: they are not, or there is no room.
 */
function popMost(ctx: WriteContext, args: Args, kept: number): boolean {
  const before = set.a.allocatedBytes
  const table = set.drawTable(kept)
  if (table === 0) return false
  walk.start(set)
  while (walk.next()) if (!set.isDrawn(table, walk.member)) take(ctx, args, walk.member)
  set.become(table, before)
  return true
}

/** Shows a member that goes. */
function take({ keys, reply, log }: WriteContext, args: Args, gone: Member): void {
  gone.reply(reply)
  if (log === undefined) return
  gone.spell()
  log.command(keys.db, 3).text(SREM).key(args, 1).bytes(gone.buf, gone.start, gone.end)
}

function srandmember(ctx: ReadContext, args: Args): void {
  if (args.count > 3) throw SYNTAX
  if (args.count === 3) {
    srandmemberCount(ctx, args)
    return
  }
  if (readValue(ctx.keys, args, 1, set)) show(ctx.reply, set.draw())
  else ctx.reply.null()
}

function show(reply: ReplyWriter, place: number): void {
  set.read(place, member)
  member.reply(reply)
}

function srandmemberCount(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  const wanted = args.int(2)
  if (wanted <= Number(INT64_MIN) && args.int64(2) === INT64_MIN) throw RANGE
  const exists = readValue(ctx.keys, args, 1, set)
  if (!exists || wanted === 0) {
    reply.array(0)
    return
  }
  if (wanted < 0) {
    repeat(reply, -wanted)
    return
  }
  const count = Math.min(wanted, set.count)
  reply.array(count)
  if (count === set.count) replyAll(reply)
  else if (set.form === FORM_LISTPACK || count * WALKED_SHARE > set.count) select(ctx, count)
  else drawDifferent(reply, count)
}

/** A negative count: so many draws, each from all members. */
function repeat(reply: ReplyWriter, count: number): void {
  if (count > MOST_REPEATED) throw OUT_OF_RANGE
  reply.array(count)
  const mark = reply.mark()
  for (let i = 0; i < count; i++) {
    show(reply, set.draw())
    if (reply.size - mark > MOST_REPLIED_BYTES) throw OUT_OF_RANGE
  }
}

function select(ctx: ReadContext, count: number): void {
  const { random } = ctx.keys
  let wanted = count
  let left = set.count
  walk.start(set)
  while (wanted > 0 && walk.next()) {
    if (random.below(left--) >= wanted) continue
    wanted--
    walk.member.reply(ctx.reply)
  }
}

function drawDifferent(reply: ReplyWriter, count: number): void {
  places.reset(count)
  for (let drawn = 0; drawn < count; ) {
    const place = set.draw()
    if (!places.add(place)) continue
    drawn++
    show(reply, place)
  }
}

export const setDraws: readonly Command[] = [
  {
    name: 'spop',
    syntax: 'key [count]',
    effect: 'write',
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1) for each member drawn',
    summary: 'Takes members that are drawn by lot out of a set.',
    flags: ['fast'],
    keys: TAKE_ONE,
    tips: ['nondeterministic_output'],
    history: [['3.2.0', 'The argument `count`.']],
    logged: 'itself',
    run: spop,
  },
  {
    name: 'srandmember',
    syntax: 'key [count]',
    effect: 'read',
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1), or O(N) for N members drawn',
    summary: 'Shows members of a set that are drawn by lot; a negative count may show one several times.',
    flags: [],
    keys: READ_ONE,
    tips: ['nondeterministic_output'],
    history: [['2.6.0', 'The argument `count`.']],
    run: srandmember,
  },
]
