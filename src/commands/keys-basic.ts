// Commands on keys of any type: delete, look, copy, rename, move.

import { equals, fromText } from '../bytes/ascii.ts'
import { DB_OUT_OF_RANGE, NO_SUCH_KEY, notInRange, SAME_OBJECT, SYNTAX } from '../resp/errors.ts'
import { entryType } from '../store/entry.ts'
import { copyKey, moveKey } from '../store/transfer.ts'
import { TYPE_NAMES } from '../values/types.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { COUNT_ONE, DELETE_MANY, LOOK_MANY, LOOK_ONE } from './key-specs.ts'

const REPLACE = fromText('replace')
const DB = fromText('db')
const INT32_MIN = -2147483648
const INT32_MAX = 2147483647
const NOT_AN_INT = notInRange(INT32_MIN, INT32_MAX)

/** An int within Redis's C int, as database numbers are read. */
export function databaseNumber(args: Args, i: number, databases: number): number {
  const n = args.int(i)
  if (n < INT32_MIN || n > INT32_MAX) throw NOT_AN_INT
  if (n < 0 || n >= databases) throw DB_OUT_OF_RANGE
  return n
}

function del(ctx: WriteContext, args: Args): void {
  let removed = 0
  for (let i = 1; i < args.count; i++) {
    if (ctx.keys.find(ctx.keys.at, args, i) === 0) continue
    ctx.keys.remove(ctx.keys.at, 'del')
    removed++
  }
  ctx.reply.int(removed)
}

function exists(ctx: ReadContext, args: Args): void {
  let found = 0
  for (let i = 1; i < args.count; i++) if (ctx.keys.peek(args, i) !== 0) found++
  ctx.reply.int(found)
}

/** TOUCH counts as a use although it reads nothing, and starts the hit counter anew. */
function touch(ctx: ReadContext, args: Args): void {
  let found = 0
  for (let i = 1; i < args.count; i++) {
    const e = ctx.keys.read(args, i)
    if (e === 0) continue
    ctx.keys.resetHits(ctx.keys.at)
    found++
  }
  ctx.reply.int(found)
}

function type(ctx: ReadContext, args: Args): void {
  const e = ctx.keys.peek(args, 1)
  ctx.reply.simple(e === 0 ? 'none' : (TYPE_NAMES[entryType(ctx.keys.at.shard.arena, e)] ?? 'unknown'))
}

/** RENAME and RENAMENX: true when the key was moved; false when a key stood in the way or both names are one. */
function rename(ctx: WriteContext, args: Args, whenTaken: 'replace' | 'keep'): 'moved' | 'same' | 'taken' {
  const { keys } = ctx
  if (keys.open(args, 1) === 0) throw NO_SUCH_KEY
  const target = keys.find(keys.other, args, 2)
  if (target === keys.at.entry && keys.other.shard === keys.at.shard) return 'same'
  if (target !== 0 && whenTaken === 'keep') return 'taken'
  moveKey(keys, keys.at, keys.other)
  keys.commit(keys.at, 'rename_from')
  keys.announce(keys.other, 'rename_to')
  return 'moved'
}

function move(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const db = databaseNumber(args, 2, keys.databases)
  if (db === keys.db) throw SAME_OBJECT
  const source = keys.open(args, 1)
  if (source === 0 || keys.locateIn(keys.other, db, args.buf, args.starts[1], args.ends[1]) !== 0) {
    ctx.reply.int(0)
    return
  }
  moveKey(keys, keys.at, keys.other)
  keys.commit(keys.at, 'move_from')
  keys.announce(keys.other, 'move_to')
  ctx.reply.int(1)
}

function copy(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  let db = keys.db
  let replace = false
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, REPLACE)) replace = true
    else if (args.is(i, DB) && i + 1 < args.count) db = databaseNumber(args, ++i, keys.databases)
    else throw SYNTAX
  }
  const sameName = equals(args.buf, args.starts[1], args.ends[1], args.buf, args.starts[2], args.ends[2])
  if (db === keys.db && sameName) throw SAME_OBJECT
  const source = keys.read(args, 1)
  const target = keys.findIn(keys.other, db, args, 2)
  if (source !== 0 && target === source && keys.other.shard === keys.at.shard) throw SAME_OBJECT
  if (source === 0 || (target !== 0 && !replace)) {
    ctx.reply.int(0)
    return
  }
  copyKey(keys, keys.at, keys.other)
  keys.commit(keys.other, 'copy_to')
  ctx.reply.int(1)
}

export const keyCommands: readonly Command[] = [
  {
    name: 'del',
    syntax: 'key [key ...]',
    effect: 'write',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(N) for N keys',
    briefWords: 2,
    summary: 'Deletes keys; gives how many there were.',
    flags: [],
    keys: DELETE_MANY,
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    aliases: ['delete', 'mdel'],
    run: del,
  },
  {
    name: 'unlink',
    syntax: 'key [key ...]',
    effect: 'write',
    group: 'generic',
    since: '4.0.0',
    complexity: 'O(1) a key',
    summary: 'Deletes keys; what they held may be freed later.',
    flags: ['fast'],
    keys: DELETE_MANY,
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    run: del,
  },
  {
    name: 'exists',
    syntax: 'key [key ...]',
    effect: 'read',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(N) for N keys',
    briefWords: 2,
    summary: 'Counts how many of the named keys exist; a key named twice counts twice.',
    flags: ['fast'],
    keys: LOOK_MANY,
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    history: [['3.0.3', 'Several keys at once.']],
    run: exists,
  },
  {
    name: 'touch',
    syntax: 'key [key ...]',
    effect: 'read',
    group: 'generic',
    since: '3.2.1',
    complexity: 'O(N) for N keys',
    briefWords: 2,
    summary: 'Marks keys as just used and starts their hit counters anew; gives how many exist.',
    flags: ['fast'],
    keys: LOOK_MANY,
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    run: touch,
  },
  {
    name: 'type',
    syntax: 'key',
    effect: 'read',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Names the type of what a key holds.',
    flags: ['fast'],
    keys: LOOK_ONE,
    run: type,
  },
  {
    name: 'rename',
    syntax: 'key newkey',
    effect: 'write',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1); the bytes are copied when the new name lies in another shard',
    summary: 'Gives a key another name, replacing a key that has it.',
    flags: [],
    keys: [
      { at: 1, last: 0, step: 1, flags: ['RW', 'access', 'delete'] },
      { at: 2, last: 0, step: 1, flags: ['OW', 'update'] },
    ],
    run: (ctx: WriteContext, args: Args) => {
      rename(ctx, args, 'replace')
      ctx.reply.ok()
    },
  },
  {
    name: 'renamenx',
    syntax: 'key newkey',
    effect: 'write',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1); the bytes are copied when the new name lies in another shard',
    summary: 'Gives a key another name if no key has it.',
    flags: ['fast'],
    keys: [
      { at: 1, last: 0, step: 1, flags: ['RW', 'access', 'delete'] },
      { at: 2, last: 0, step: 1, flags: ['OW', 'insert'] },
    ],
    history: [['3.2.0', 'Both names may be the same.']],
    run: (ctx: WriteContext, args: Args) => ctx.reply.int(rename(ctx, args, 'keep') === 'moved' ? 1 : 0),
  },
  {
    name: 'move',
    syntax: 'key db',
    effect: 'write',
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Moves a key to another database unless one with its name is there.',
    flags: ['fast'],
    keys: COUNT_ONE,
    run: move,
  },
  {
    name: 'copy',
    syntax: 'source destination [DB destination-db] [REPLACE]',
    effect: 'write',
    group: 'generic',
    since: '6.2.0',
    complexity: 'O(N) for N bytes of value',
    summary: 'Copies a key with its time to live to another name, also in another database.',
    flags: ['denyoom'],
    keys: [
      { at: 1, last: 0, step: 1, flags: ['RO', 'access'] },
      { at: 2, last: 0, step: 1, flags: ['OW', 'update'] },
    ],
    run: copy,
  },
]
