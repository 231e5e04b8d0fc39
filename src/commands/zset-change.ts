// Sorted set commands that change single members: ZADD, ZINCRBY, ZREM.

import { fromText } from '../bytes/ascii.ts'
import { SCORE_NAN, SYNTAX, ZADD_GT_LT_NX, ZADD_INCR_PAIR, ZADD_NX_XX } from '../resp/errors.ts'
import { commitValue, makeValue, openValue, room, settleValue } from '../store/collections.ts'
import { SortedSet } from '../values/zset.ts'
import type { Args } from './args.ts'
import type { Command, WriteContext } from './command.ts'
import { COUNT_ONE, SHRINK_ONE, UPDATE_ONE } from './key-specs.ts'

const NX = fromText('nx')
const XX = fromText('xx')
const GT = fromText('gt')
const LT = fromText('lt')
const CH = fromText('ch')
const INCR = fromText('incr')

const zset = new SortedSet()

/** What became of one pair. */
const IGNORED = 0
const SAME = 1
const UPDATED = 2
const ADDED = 3

class AddOptions {
  nx = false
  xx = false
  gt = false
  lt = false
  ch = false
  incr = false
  /** The word with the first score. */
  from = 2
  /** The score that the last member got or kept. */
  score = 0

  /** Reads the words from 2 on up to the first score. Throws SYNTAX and what Redis says of options that do not go together. */
  parse(args: Args, incr: boolean): void {
    this.nx = this.xx = this.gt = this.lt = this.ch = false
    this.incr = incr
    let i = 2
    while (i < args.count && this.option(args, i)) i++
    this.from = i
    const words = args.count - i
    if (words === 0 || words % 2 !== 0) throw SYNTAX
    if (this.nx && this.xx) throw ZADD_NX_XX
    if ((this.nx && (this.gt || this.lt)) || (this.gt && this.lt)) throw ZADD_GT_LT_NX
    if (this.incr && words > 2) throw ZADD_INCR_PAIR
  }

  private option(args: Args, i: number): boolean {
    // A number is no option: nearly every word that stands here is one.
    if (args.buf[args.starts[i]] < 0x41) return false
    if (args.is(i, NX)) this.nx = true
    else if (args.is(i, XX)) this.xx = true
    else if (args.is(i, CH)) this.ch = true
    else if (args.is(i, INCR)) this.incr = true
    else if (args.is(i, GT)) this.gt = true
    else if (args.is(i, LT)) this.lt = true
    else return false
    return true
  }

  /** Gives the member in word `i` a score, as the options allow. Throws SCORE_NAN before any change. */
  apply(args: Args, i: number, given: number): number {
    const { buf } = args
    const start = args.starts[i]
    const end = args.ends[i]
    if (!zset.find(buf, start, end)) {
      if (this.xx) return IGNORED
      this.score = given
      zset.insert(given, buf, start, end)
      return ADDED
    }
    if (this.nx) return IGNORED
    const before = zset.score
    const score = this.incr ? before + given : given
    if (Number.isNaN(score)) throw SCORE_NAN
    if ((this.lt && score >= before) || (this.gt && score <= before)) return IGNORED
    this.score = score
    if (score === before) return SAME
    zset.rescore(score, buf, start, end)
    return UPDATED
  }
}

const options = new AddOptions()

function zadd(ctx: WriteContext, args: Args): void {
  options.parse(args, false)
  add(ctx, args)
}

function zincrby(ctx: WriteContext, args: Args): void {
  options.parse(args, true)
  add(ctx, args)
}

function add(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const { from } = options
  const { count } = args
  let score = args.double(from)
  for (let i = from + 2; i < count; i += 2) args.double(i)
  const exists = openValue(keys, args, 1, zset)
  if (!exists && options.xx) {
    replyAdded(ctx, 0, 0, IGNORED)
    return
  }
  if (!exists) makeValue(keys, keys.at, zset)
  // One member is taken in whole or not at all. Of several the first must not stay when the last finds no room.
  const bytes = zset.roomFor((count - from) >> 1, args.ends[count - 1] - args.starts[from])
  if (count - from > 2) room(keys, keys.at, bytes)
  else keys.fit(bytes)
  let added = 0
  let updated = 0
  let last = IGNORED
  for (let i = from; ; ) {
    last = options.apply(args, i + 1, score)
    if (last === ADDED) added++
    else if (last === UPDATED) updated++
    i += 2
    if (i >= count) break
    score = args.double(i)
  }
  if (added + updated === 0) settleValue(keys, keys.at, zset)
  else {
    keys.dirty += added + updated - 1
    commitValue(keys, keys.at, zset, options.incr ? 'zincr' : 'zadd')
  }
  replyAdded(ctx, added, updated, last)
}

function replyAdded(ctx: WriteContext, added: number, updated: number, last: number): void {
  if (!options.incr) ctx.reply.int(options.ch ? added + updated : added)
  else if (last === IGNORED) ctx.reply.null()
  else ctx.reply.double(options.score)
}

function zrem(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  let removed = 0
  if (openValue(keys, args, 1, zset)) {
    for (let i = 2; i < args.count && zset.count > 0; i++) {
      if (!zset.find(args.buf, args.starts[i], args.ends[i])) continue
      zset.remove(args.buf, args.starts[i], args.ends[i])
      removed++
    }
    if (removed === 0) settleValue(keys, keys.at, zset)
    else {
      keys.dirty += removed - 1
      commitValue(keys, keys.at, zset, 'zrem')
    }
  }
  reply.int(removed)
}

export const zsetChanges: readonly Command[] = [
  {
    name: 'zadd',
    syntax:
      'key [condition: NX | XX] [comparison: GT | LT] [change: CH] [increment: INCR] score(double) member [score(double) member ...]',
    effect: 'write',
    group: 'sorted-set',
    since: '1.2.0',
    complexity: 'O(log(N)) for each of the members, with N members in the sorted set',
    summary: 'Gives members of a sorted set their scores; adds those that are not there.',
    flags: ['denyoom', 'fast'],
    keys: UPDATE_ONE,
    history: [
      ['2.4.0', 'Takes several members.'],
      ['3.0.2', 'Options `XX`, `NX`, `CH` and `INCR`.'],
      ['6.2.0', 'Options `GT` and `LT`.'],
    ],
    run: zadd,
  },
  {
    name: 'zincrby',
    syntax: 'key increment member',
    effect: 'write',
    group: 'sorted-set',
    since: '1.2.0',
    complexity: 'O(log(N)) with N members in the sorted set',
    summary: 'Adds to the score of a member of a sorted set; a new member starts at 0.',
    flags: ['denyoom', 'fast'],
    keys: COUNT_ONE,
    run: zincrby,
  },
  {
    name: 'zrem',
    syntax: 'key member [member ...]',
    effect: 'write',
    group: 'sorted-set',
    since: '1.2.0',
    complexity: 'O(M*log(N)) for M members out of N',
    briefWords: 3,
    summary: 'Removes members from a sorted set; with the last one it goes too.',
    flags: ['fast'],
    keys: SHRINK_ONE,
    history: [['2.4.0', 'Takes several members.']],
    run: zrem,
  },
]
