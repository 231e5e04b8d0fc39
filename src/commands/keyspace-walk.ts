// Commands that look at the names in a database: KEYS, SCAN, RANDOMKEY, DBSIZE. A pattern that starts with `ns/` touches
// only that namespace.

import { fromText, indexOfByte } from '../bytes/ascii.ts'
import { globMatches, literalPrefix } from '../bytes/glob.ts'
import { SYNTAX } from '../resp/errors.ts'
import { entryType } from '../store/entry.ts'
import { SLASH } from '../store/finder.ts'
import { keyTotals } from '../store/namespaces.ts'
import { KeyBatch, KeyName, type OnlyNamespace } from '../store/walk.ts'
import { TYPE_NAMES } from '../values/types.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext } from './command.ts'
import { parseCursor, patternIn, ScanOptions } from './scan-options.ts'

const TYPE = fromText('type')
const KEYS_STEP = 4096

const batch = new KeyBatch()
const name = new KeyName()
const options = new ScanOptions()

/** The one namespace that the client sees, or that a pattern in word `i` can match if it names it literally. */
function onlyNamespace(ctx: ReadContext, args: Args, i: number): OnlyNamespace | undefined {
  const { binding } = ctx.keys
  if (binding !== undefined || i === 0) return binding
  const start = args.starts[i]
  const literal = start + literalPrefix(args.buf, start, args.ends[i])
  const slash = indexOfByte(args.buf, start, literal, SLASH)
  if (slash < 0) return undefined
  return { hash: ctx.keys.namespaceHash(args.buf, start, slash), bytes: args.buf.slice(start, slash) }
}

/** Aims `name` at the i-th key of the batch. */
function showName(ctx: ReadContext, i: number): void {
  const shard = ctx.keys.shards[batch.shards[i]]
  if (shard === undefined) return
  if (ctx.keys.binding === undefined) name.set(shard, batch.namespaces[i], batch.entries[i])
  else name.setLocal(shard, batch.entries[i])
}

function matchesPattern(args: Args, patternAt: number): boolean {
  return globMatches(args.buf, args.starts[patternAt], args.ends[patternAt], name.buf, name.start, name.end)
}

/** Writes the names in the batch that match as bulks; returns how many. `patternAt` 0 and no `typeName` match all. */
function replyNames(ctx: ReadContext, args: Args, patternAt: number, typeName: string | undefined): number {
  let shown = 0
  for (let i = 0; i < batch.length; i++) {
    const arena = ctx.keys.shards[batch.shards[i]]?.arena
    if (arena === undefined) continue
    if (typeName !== undefined && TYPE_NAMES[entryType(arena, batch.entries[i])] !== typeName) continue
    showName(ctx, i)
    if (patternAt !== 0 && !matchesPattern(args, patternAt)) continue
    ctx.reply.bulk(name.buf, name.start, name.end)
    shown++
  }
  return shown
}

function keysCommand(ctx: ReadContext, args: Args): void {
  const only = onlyNamespace(ctx, args, 1)
  const patternAt = patternIn(args, 1)
  const mark = ctx.reply.mark()
  let shown = 0
  let cursor = 0
  do {
    batch.clear()
    cursor = ctx.walk.step(ctx.keys.db, cursor, KEYS_STEP, batch, only)
    shown += replyNames(ctx, args, patternAt, undefined)
  } while (cursor !== 0)
  ctx.reply.arrayFrom(mark, shown)
}

function scan(ctx: ReadContext, args: Args): void {
  let cursor = parseCursor(args, 1)
  let typeName: string | undefined
  options.reset()
  for (let i = 2; i < args.count; i += 2) {
    if (options.option(args, i) !== 0) continue
    if (i + 1 < args.count && args.is(i, TYPE)) typeName = args.text(i + 1).toLowerCase()
    else throw SYNTAX
  }
  const { patternAt, count } = options
  const only = onlyNamespace(ctx, args, patternAt)
  batch.clear()
  if (cursor >= 0) cursor = ctx.walk.step(ctx.keys.db, cursor, count, batch, only)
  ctx.reply.array(2)
  ctx.reply.bulkText(String(Math.max(0, cursor)))
  const mark = ctx.reply.mark()
  ctx.reply.arrayFrom(mark, replyNames(ctx, args, patternAt, typeName))
}

function randomkey(ctx: ReadContext): void {
  batch.clear()
  ctx.walk.random(ctx.keys.db, batch, ctx.keys.binding)
  if (batch.length === 0) {
    ctx.reply.null()
    return
  }
  showName(ctx, 0)
  ctx.reply.bulk(name.buf, name.start, name.end)
}

export const walkCommands: readonly Command[] = [
  {
    name: 'keys',
    syntax: 'pattern',
    effect: 'read',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(N) for N keys, of one namespace if the pattern starts with `namespace/`',
    summary: 'Lists the keys whose names match a pattern.',
    flags: [],
    categories: ['keyspace', 'dangerous'],
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
    run: keysCommand,
  },
  {
    name: 'scan',
    syntax: 'cursor [MATCH pattern] [COUNT count] [TYPE type]',
    effect: 'read',
    group: 'generic',
    since: '2.8.0',
    complexity: 'O(COUNT) a call, O(N) for all of them',
    summary: 'Lists keys in pieces; a key that stays during the whole walk is listed once.',
    flags: [],
    categories: ['keyspace'],
    tips: ['nondeterministic_output', 'request_policy:special'],
    history: [['6.0.0', 'Option `TYPE`.']],
    run: scan,
  },
  {
    name: 'randomkey',
    syntax: '',
    effect: 'read',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1) for up to 64 namespaces',
    summary: 'Names a key at random, null in an empty database.',
    flags: [],
    categories: ['keyspace'],
    tips: ['request_policy:all_shards', 'nondeterministic_output'],
    run: randomkey,
  },
  {
    name: 'dbsize',
    syntax: '',
    effect: 'read',
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Counts the keys of the selected database.',
    flags: ['fast'],
    categories: ['keyspace'],
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
    run: (ctx: ReadContext) => ctx.reply.int(keyTotals(ctx.keys, ctx.keys.db, ctx.keys.binding).keys),
  },
]
