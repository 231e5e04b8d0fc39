// List commands by index and by value: what is in a list, and changes inside of it.

import { fromText } from '../bytes/ascii.ts'
import { INT64_MIN } from '../bytes/int64.ts'
import { Arena } from '../memory/arena.ts'
import { COUNT_NEGATIVE, INDEX_OUT_OF_RANGE, MAXLEN_NEGATIVE, NO_SUCH_KEY, RANK_ZERO, SYNTAX } from '../resp/errors.ts'
import { commitValue, openValue, readValue } from '../store/collections.ts'
import { List } from '../values/list.ts'
import { LEFT, RIGHT, type Side } from '../values/list-walk.ts'
import type { Args } from './args.ts'
import type { Command, KeySpec, ReadContext, WriteContext } from './command.ts'
import { GROW_ONE, LOOK_ONE, READ_ONE } from './key-specs.ts'

const list = new List()
const BEFORE = fromText('before')
const AFTER = fromText('after')
const RANK = fromText('rank')
const LEAST_RANK = -(2 ** 63)
const COUNT = fromText('count')
const MAXLEN = fromText('maxlen')
/** What a chunk that is split may take, with its directory. */
const SPLIT_BYTES = 16 << 10

function llen(ctx: ReadContext, args: Args): void {
  ctx.reply.int(readValue(ctx.keys, args, 1, list) ? list.count : 0)
}

function lrange(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  const from = args.int(2)
  const to = args.int(3)
  if (!readValue(ctx.keys, args, 1, list)) {
    reply.array(0)
    return
  }
  const { count } = list
  const first = Math.max(0, from < 0 ? count + from : from)
  const last = Math.min(count - 1, to < 0 ? count + to : to)
  const n = Math.max(0, last - first + 1)
  reply.array(n)
  list.replyRange(reply, first, n)
}

/** The index in word `i`, negative ones counted from the end; -1: there is no such element. */
function indexIn(args: Args, i: number): number {
  const n = args.int(i)
  const index = n < 0 ? list.count + n : n
  return index >= 0 && index < list.count ? index : -1
}

function lindex(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  const index = readValue(ctx.keys, args, 1, list) ? indexIn(args, 2) : -1
  if (index < 0) reply.null()
  else list.replyIndex(reply, index)
}

function lset(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  keys.fit(SPLIT_BYTES + Arena.goodSize(args.length(3)))
  if (!openValue(keys, args, 1, list)) throw NO_SUCH_KEY
  const index = indexIn(args, 2)
  if (index < 0) throw INDEX_OUT_OF_RANGE
  list.set(index, args.buf, args.starts[3], args.ends[3])
  commitValue(keys, keys.at, list, 'lset')
  ctx.reply.ok()
}

function linsert(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const where = args.is(2, AFTER) ? 'after' : 'before'
  if (where === 'before' && !args.is(2, BEFORE)) throw SYNTAX
  keys.fit(SPLIT_BYTES + Arena.goodSize(args.length(4)))
  if (!openValue(keys, args, 1, list)) {
    reply.int(0)
    return
  }
  if (list.insertAt(args, 3, 4, where)) {
    commitValue(keys, keys.at, list, 'linsert')
    reply.int(list.count)
  } else reply.int(-1)
}

function lrem(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const n = args.int(2)
  if (!openValue(keys, args, 1, list)) {
    reply.int(0)
    return
  }
  const most = n === 0 ? list.count : Math.abs(n)
  const removed = list.remove(args.buf, args.starts[3], args.ends[3], most, n < 0 ? RIGHT : LEFT)
  if (removed > 0) {
    keys.dirty += removed - 1
    commitValue(keys, keys.at, list, 'lrem')
  }
  reply.int(removed)
}

function ltrim(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const from = args.int(2)
  const to = args.int(3)
  if (openValue(keys, args, 1, list)) {
    const { count } = list
    const first = Math.min(count, Math.max(0, from < 0 ? count + from : from))
    const behind = Math.min(count, Math.max(first, (to < 0 ? count + to : to) + 1))
    list.keep(first, behind - first)
    keys.dirty += Math.max(0, count - list.count - 1)
    commitValue(keys, keys.at, list, 'ltrim')
  }
  reply.ok()
}

/** What LPOS is asked for. */
class Search {
  readonly text = { buf: new Uint8Array(0) as Uint8Array, start: 0, end: 0 }
  side: Side = LEFT
  passed = 0
  most = 1
  reach = 0
  isMany = false

  parse(args: Args): void {
    this.side = LEFT
    this.passed = 0
    this.most = 1
    this.reach = Number.POSITIVE_INFINITY
    this.isMany = false
    this.text.buf = args.buf
    this.text.start = args.starts[2]
    this.text.end = args.ends[2]
    for (let i = 3; i < args.count; i += 2) {
      const word = i + 1
      if (word >= args.count) throw SYNTAX
      if (args.is(i, RANK)) this.rank(args, word)
      else if (args.is(i, COUNT)) {
        this.isMany = true
        this.most = args.intIn(word, 0, Number.POSITIVE_INFINITY, COUNT_NEGATIVE) || Number.POSITIVE_INFINITY
      } else if (args.is(i, MAXLEN)) {
        this.reach = args.intIn(word, 0, Number.POSITIVE_INFINITY, MAXLEN_NEGATIVE) || Number.POSITIVE_INFINITY
      } else throw SYNTAX
    }
  }

  private rank(args: Args, word: number): void {
    const rank = args.int(word)
    if (rank === 0) throw RANK_ZERO
    this.side = rank < 0 ? RIGHT : LEFT
    // Of this one number C has no absolute value: Redis then passes over none.
    this.passed = rank === LEAST_RANK && args.int64(word) === INT64_MIN ? 0 : Math.abs(rank) - 1
  }
}

const search = new Search()

function lpos(ctx: ReadContext, args: Args): void {
  const { reply } = ctx
  search.parse(args)
  const { text, side, reach, passed, most, isMany } = search
  const exists = readValue(ctx.keys, args, 1, list)
  const mark = reply.mark()
  const found = exists ? list.replyPositions(reply, text, side, reach, passed, most) : 0
  if (isMany) reply.arrayFrom(mark, found)
  else if (found === 0) reply.null()
}

const DELETE_ONE: readonly KeySpec[] = [{ at: 1, last: 0, step: 1, flags: ['RW', 'delete'] }]
const UPDATE: readonly KeySpec[] = [{ at: 1, last: 0, step: 1, flags: ['RW', 'update'] }]
const SEARCH_COST = 'O(N) for N elements passed over'

export const listCommands: readonly Command[] = [
  {
    name: 'llen',
    syntax: 'key',
    effect: 'read',
    group: 'list',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Counts the elements of a list.',
    flags: ['fast'],
    keys: LOOK_ONE,
    run: llen,
  },
  {
    name: 'lrange',
    syntax: 'key start stop(integer)',
    effect: 'read',
    group: 'list',
    since: '1.0.0',
    complexity: 'O(S + N) for N elements at a distance S from the nearer end; S is passed over by whole chunks',
    summary: 'Gives the elements from one index to another; negative indexes count from the end.',
    flags: [],
    keys: READ_ONE,
    run: lrange,
  },
  {
    name: 'lindex',
    syntax: 'key index',
    effect: 'read',
    group: 'list',
    since: '1.0.0',
    complexity: 'O(1) near the ends, else O(N) with N passed over by whole chunks',
    summary: 'Gives the element with an index; a negative one counts from the end.',
    flags: [],
    keys: READ_ONE,
    run: lindex,
  },
  {
    name: 'lset',
    syntax: 'key index element',
    effect: 'write',
    group: 'list',
    since: '1.0.0',
    complexity: 'O(1) near the ends, else O(N) with N passed over by whole chunks',
    summary: 'Puts an element in the place of the one with an index.',
    flags: ['denyoom'],
    keys: UPDATE,
    run: lset,
  },
  {
    name: 'linsert',
    syntax: 'key <where: BEFORE | AFTER> pivot element',
    effect: 'write',
    group: 'list',
    since: '2.2.0',
    complexity: SEARCH_COST,
    summary: 'Puts an element before or behind the first one that equals the pivot.',
    flags: ['denyoom'],
    keys: GROW_ONE,
    run: linsert,
  },
  {
    name: 'lrem',
    syntax: 'key count(integer) element',
    effect: 'write',
    group: 'list',
    since: '1.0.0',
    complexity: SEARCH_COST,
    summary: 'Takes out elements that equal the one given: so many from the start, from the end if negative, all if 0.',
    flags: [],
    keys: DELETE_ONE,
    run: lrem,
  },
  {
    name: 'ltrim',
    syntax: 'key start stop(integer)',
    effect: 'write',
    group: 'list',
    since: '1.0.0',
    complexity: 'O(N) for N elements taken out',
    summary: 'Keeps only the elements from one index to another.',
    flags: [],
    keys: DELETE_ONE,
    run: ltrim,
  },
  {
    name: 'lpos',
    syntax: 'key element [RANK rank(integer)] [COUNT num-matches(integer)] [MAXLEN len]',
    effect: 'read',
    group: 'list',
    since: '6.0.6',
    complexity: SEARCH_COST,
    summary:
      'Finds the index of an element, or several: from the given match on, from the end if its number is negative.',
    flags: [],
    keys: READ_ONE,
    run: lpos,
  },
]
