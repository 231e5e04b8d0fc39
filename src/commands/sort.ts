// SORT and SORT_RO: the elements of a list, a set or a sorted set in another order, and what other keys say about them.
// First everything is read and worked out, then the reply is written or the list stored: nothing fails after that.

import { fromText } from '../bytes/ascii.ts'
import { SORT_NOT_A_DOUBLE, SYNTAX, WRONGTYPE } from '../resp/errors.ts'
import { buildValue, dropBuilt, fitBuilt, openAt, replaceValue, settleValue } from '../store/collections.ts'
import { entryEncoding, entryType } from '../store/entry.ts'
import { List } from '../values/list.ts'
import { RIGHT } from '../values/list-walk.ts'
import { SetValue } from '../values/set.ts'
import { FORM_LISTPACK, TYPE_LIST, TYPE_SET, TYPE_ZSET } from '../values/types.ts'
import { type Value, VISIT_END } from '../values/value.ts'
import { SortedSet } from '../values/zset.ts'
import type { Args } from './args.ts'
import type { Command, KeySpec, ReadContext, WriteContext } from './command.ts'
import { logStored } from './logged.ts'
import { SortPattern } from './sort-pattern.ts'
import { SortRows, sortNumber } from './sort-rows.ts'
import { Texts } from './texts.ts'

const ASC = fromText('asc')
const DESC = fromText('desc')
const ALPHA = fromText('alpha')
const LIMIT = fromText('limit')
const STORE = fromText('store')
const BY = fromText('by')
const GET = fromText('get')

const VISIT_STEP = 1024
/** Patterns are kept for the next command up to here. */
const KEPT_PATTERNS = 16

const sorted = new SortedSet()
const views: readonly (Value | undefined)[] = Object.assign([], {
  [TYPE_LIST]: new List(),
  [TYPE_SET]: new SetValue(),
  [TYPE_ZSET]: sorted,
})
const rows = new SortRows()
const results = new Texts()
const stored = new List()
const by = new SortPattern()
const gets: SortPattern[] = []

/** The words after the key. */
const options = {
  direction: 1 as 1 | -1,
  alpha: false,
  start: 0,
  /** -1: all. */
  count: -1,
  /** The word with the key to store to, 0 for none. */
  storeAt: 0,
  hasBy: false,
  /** Patterns of GET in use. */
  gets: 0,
}

function parse(args: Args, mayStore: 'with STORE' | 'without STORE'): void {
  Object.assign(options, { direction: 1, alpha: false, start: 0, count: -1, storeAt: 0, hasBy: false, gets: 0 })
  if (gets.length > KEPT_PATTERNS) gets.length = KEPT_PATTERNS
  for (let i = 2; i < args.count; i++) {
    const left = args.count - i - 1
    if (args.is(i, ASC)) options.direction = 1
    else if (args.is(i, DESC)) options.direction = -1
    else if (args.is(i, ALPHA)) options.alpha = true
    else if (left >= 2 && args.is(i, LIMIT)) {
      options.start = args.int(++i)
      options.count = args.int(++i)
    } else if (left >= 1 && mayStore === 'with STORE' && args.is(i, STORE)) options.storeAt = ++i
    else if (left >= 1 && args.is(i, BY)) {
      options.hasBy = true
      by.parse(args, ++i)
    } else if (left >= 1 && args.is(i, GET)) parseGet(args, ++i)
    else throw SYNTAX
  }
}

function parseGet(args: Args, i: number): void {
  const pattern = gets[options.gets++] ?? new SortPattern()
  gets[options.gets - 1] = pattern
  pattern.parse(args, i)
}

/** The part of the result that is asked for: `first`, and `count` elements from there. */
const part = { first: 0, count: 0 }

function limit(length: number): void {
  const start = Math.min(Math.max(options.start, 0), length)
  const count = Math.min(Math.max(options.count, -1), length)
  part.first = start
  part.count = start >= length ? 0 : Math.min(count < 0 ? length : count, length - start)
}

/** Loads the elements that are needed, in order, and says which part of them is the result. */
function load(ctx: ReadContext, args: Args): void {
  rows.clear()
  const e = ctx.keys.read(args, 1)
  part.first = 0
  part.count = 0
  if (e === 0) {
    rows.arrange('as they came')
    return
  }
  const { arena } = ctx.keys.at.shard
  const type = entryType(arena, e)
  const view = views[type]
  if (view === undefined) throw WRONGTYPE
  view.aim(ctx.keys, arena, arena.i32[e >> 2], arena.u8[e + 6] & 15)
  const { count } = view
  limit(count)
  // A set has no order of its own: what is stored shall not depend on where its members lie.
  const isSet = type === TYPE_SET
  if (options.hasBy && !by.hasStar && isSet && options.storeAt !== 0) {
    options.hasBy = false
    options.alpha = true
  }
  if (!options.hasBy || by.hasStar) {
    visit(view, 0, count)
    rows.arrange('as they came')
    weigh(ctx)
  } else if (isSet) {
    visit(view, 0, part.first + part.count)
    rows.arrange('as they came')
  } else {
    const downwards = options.direction < 0
    visit(view, downwards ? count - part.first - part.count : part.first, part.count)
    rows.arrange(downwards ? 'reversed' : 'as they came')
    part.first = 0
  }
}

function visit(view: Value, from: number, wanted: number): void {
  rows.expect(view.width, wanted)
  let at = from
  while (at !== VISIT_END && !rows.isFull) at = view.visitFrom(at, Math.min(wanted, VISIT_STEP), rows.take)
}

/** Finds what each element is sorted by, and sorts. Throws SORT_NOT_A_DOUBLE. */
function weigh(ctx: ReadContext): void {
  const { alpha, hasBy, direction } = options
  const { elements, numbers } = rows
  let bad = false
  if (!alpha || hasBy) {
    for (let i = 0; i < rows.count; i++) {
      const found = !hasBy || by.find(ctx, elements.buf, elements.starts[i], elements.ends[i])
      if (alpha) {
        if (found) rows.by.add(by.buf, by.start, by.end)
        else rows.by.addNothing()
      } else {
        numbers[i] = !found
          ? 0
          : hasBy
            ? sortNumber(by.buf, by.start, by.end)
            : sortNumber(elements.buf, elements.starts[i], elements.ends[i])
        if (Number.isNaN(numbers[i])) bad = true
      }
    }
  }
  if (bad) throw SORT_NOT_A_DOUBLE
  const what = !alpha ? 'numbers' : hasBy ? 'texts' : 'elements'
  // What is stored shall be the same in all locales.
  rows.sort(what, direction, options.storeAt === 0 ? 'C strings' : 'bytes')
}

/** Replies with the part that was asked for. */
function show(ctx: ReadContext): void {
  const { reply } = ctx
  const { elements } = rows
  reply.array(part.count * Math.max(1, options.gets))
  for (let n = 0; n < part.count; n++) {
    const i = rows.order[part.first + n]
    const start = elements.starts[i]
    const end = elements.ends[i]
    if (options.gets === 0) reply.bulk(elements.buf, start, end)
    for (let g = 0; g < options.gets; g++) {
      const pattern = gets[g] as SortPattern
      if (pattern.find(ctx, elements.buf, start, end)) reply.bulk(pattern.buf, pattern.start, pattern.end)
      else reply.null()
    }
  }
}

/** Collects what `show` shows; what was not found is an empty text. */
function collect(ctx: ReadContext): void {
  const { elements } = rows
  results.clear()
  for (let n = 0; n < part.count; n++) {
    const i = rows.order[part.first + n]
    const start = elements.starts[i]
    const end = elements.ends[i]
    if (options.gets === 0) results.add(elements.buf, start, end)
    for (let g = 0; g < options.gets; g++) {
      const pattern = gets[g] as SortPattern
      if (pattern.find(ctx, elements.buf, start, end)) results.add(pattern.buf, pattern.start, pattern.end)
      else results.add(elements.buf, 0, 0)
    }
  }
}

/** The texts collected become a list, in place of whatever the key has; no texts, and the key goes. */
function store(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  const { at } = keys
  keys.open(args, options.storeAt)
  const { count } = results
  if (count === 0) {
    if (at.entry !== 0) keys.remove(at, 'del')
    reply.int(0)
    return
  }
  buildValue(keys, at, stored)
  try {
    for (let i = 0; i < count; i++) stored.push(results.buf, results.starts[i], results.ends[i], RIGHT)
    fitBuilt(keys, at, stored)
  } catch (error) {
    dropBuilt(stored)
    throw error
  }
  replaceValue(keys, at, stored, 0)
  keys.commit(at, 'sortstore')
  keys.dirty += count - 1
  reply.int(count)
}

/** As in Redis a sorted set is not small any more when it was sorted; it means the same, so nobody is told. */
function enlarge({ keys }: WriteContext, args: Args): void {
  const { at } = keys
  const e = keys.find(at, args, 1)
  const { arena } = at.shard
  if (e === 0 || entryType(arena, e) !== TYPE_ZSET || entryEncoding(arena, e) !== FORM_LISTPACK) return
  openAt(keys, at, sorted)
  sorted.enlarge()
  settleValue(keys, at, sorted)
}

function sort(ctx: WriteContext, args: Args): void {
  parse(args, 'with STORE')
  enlarge(ctx, args)
  load(ctx, args)
  if (options.storeAt === 0) show(ctx)
  else {
    collect(ctx)
    store(ctx, args)
  }
}

function sortRo(ctx: ReadContext, args: Args): void {
  parse(args, 'without STORE')
  load(ctx, args)
  show(ctx)
}

/** The last STORE's key, as COMMAND GETKEYS of Redis finds it: options with values are skipped, others passed over. */
function storedKey(args: Args, from: number): readonly number[] {
  let found: readonly number[] = []
  for (let i = from + 2; i < args.count; i++) {
    if (args.is(i, LIMIT)) i += 2
    else if (args.is(i, GET) || args.is(i, BY)) i++
    else if (args.is(i, STORE) && i + 1 < args.count) found = [i + 1]
  }
  return found
}

const SORTED: KeySpec = { at: 1, last: 0, step: 1, flags: ['RO', 'access'] }
const BY_PATTERN: KeySpec = {
  at: 0,
  last: 0,
  step: 0,
  found: () => [],
  flags: ['RO', 'access'],
  notes: 'What BY and GET look up: the names follow from the elements, so nobody can tell them beforehand.',
}
const STORED: KeySpec = {
  at: 0,
  last: 0,
  step: 0,
  found: storedKey,
  flags: ['OW', 'update'],
  notes: 'The key after STORE, which may stand anywhere among the options.',
}
const OPTIONS =
  'key [BY pattern(pattern#1)] [LIMIT <offset_count: offset count>] [GET pattern(pattern#1) [GET pattern(pattern#1) ...]] [order: ASC | DESC] [sorting: ALPHA]'
const COST = 'O(N+M*log(N)) for N elements of which M are shown; O(N) when they are not sorted'

export const sortCommands: readonly Command[] = [
  {
    name: 'sort',
    syntax: `${OPTIONS} [STORE destination(key#2)]`,
    effect: 'write',
    group: 'generic',
    since: '1.0.0',
    complexity: COST,
    summary:
      'Sorts the elements of a list, a set or a sorted set, by themselves or by what other keys say; may store it.',
    flags: ['denyoom'],
    categories: ['set', 'sortedset', 'list', 'dangerous'],
    keys: [SORTED, BY_PATTERN, STORED],
    logged: logStored,
    run: sort,
  },
  {
    name: 'sort_ro',
    syntax: OPTIONS,
    effect: 'read',
    group: 'generic',
    since: '7.0.0',
    complexity: COST,
    summary: 'Sorts as SORT does, and stores nothing.',
    flags: [],
    categories: ['set', 'sortedset', 'list', 'dangerous'],
    keys: [SORTED, BY_PATTERN],
    run: sortRo,
  },
]
