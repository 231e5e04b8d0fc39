// OBJECT: how a key is kept.

import { parseSafe } from '../bytes/int64.ts'
import { CommandError, LFU_NOT_SELECTED, LFU_SELECTED } from '../resp/errors.ts'
import { idleSeconds } from '../store/access.ts'
import { entryEncoding, entryType, stringLength, stringStart } from '../store/entry.ts'
import { INT } from '../values/string.ts'
import { encodingName, TYPE_STRING } from '../values/types.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext } from './command.ts'
import { helpSubcommand } from './help.ts'

/** Redis keeps the integers below this as shared objects, whose count of references is INT_MAX, unless a policy needs access words of theirs. */
const SHARED_INTEGERS = 10000
const SHARED_REFERENCES = 2147483647

/** The key that they look at stands behind the subcommand. */
export const SECOND_WORD = [{ at: 2, last: 0, step: 1, flags: ['RO'] }] as const

/** Aims at the key in word 2 without counting as a use; answers null and returns 0 when it is missing. */
export function lookSecond(ctx: ReadContext, args: Args): number {
  const e = ctx.keys.peekQuietly(args, 2)
  if (e === 0) ctx.reply.null()
  return e
}

function encoding(ctx: ReadContext, args: Args): void {
  const e = lookSecond(ctx, args)
  if (e === 0) return
  const { arena } = ctx.keys.at.shard
  ctx.reply.bulkText(encodingName(entryType(arena, e), entryEncoding(arena, e)))
}

function refcount(ctx: ReadContext, args: Args): void {
  const e = lookSecond(ctx, args)
  if (e === 0) return
  const a = ctx.keys.at.shard.arena
  if (entryType(a, e) !== TYPE_STRING) {
    ctx.reply.int(1)
    return
  }
  const start = stringStart(a, e)
  const shared =
    ctx.services.config.sharesIntegers &&
    entryEncoding(a, e) === INT &&
    a.u8[start] !== 45 &&
    parseSafe(a.u8, start, start + stringLength(a, e)) < SHARED_INTEGERS
  ctx.reply.int(shared ? SHARED_REFERENCES : 1)
}

function idletime(ctx: ReadContext, args: Args): void {
  const e = lookSecond(ctx, args)
  if (e === 0) return
  if (ctx.services.config.counting === 'frequency') throw LFU_SELECTED
  ctx.reply.int(idleSeconds(ctx.keys.at.shard.arena.i32[(e + 8) >> 2], ctx.keys.accessClock))
}

function freq(ctx: ReadContext, args: Args): void {
  const e = lookSecond(ctx, args)
  if (e === 0) return
  if (ctx.services.config.counting === 'recency') throw LFU_NOT_SELECTED
  ctx.reply.int(ctx.keys.uses.frequency(ctx.keys.at.shard.arena.i32[(e + 8) >> 2], ctx.keys.accessClock))
}

const LOOK = {
  effect: 'read',
  group: 'generic',
  since: '2.2.3',
  complexity: 'O(1)',
  flags: [],
  keys: SECOND_WORD,
} as const

const objectSubcommands: readonly Command[] = [
  {
    ...LOOK,
    name: 'encoding',
    syntax: 'key',
    summary: 'Names the way in which a value is kept.',
    tips: ['nondeterministic_output'],
    run: encoding,
  },
  {
    ...LOOK,
    name: 'freq',
    syntax: 'key',
    since: '4.0.0',
    summary: 'Tells how often a key was used, while a policy that counts uses is on.',
    tips: ['nondeterministic_output'],
    run: freq,
  },
  {
    ...LOOK,
    name: 'idletime',
    syntax: 'key',
    summary: 'Tells for how many seconds a key was not used.',
    tips: ['nondeterministic_output'],
    run: idletime,
  },
  {
    ...LOOK,
    name: 'refcount',
    syntax: 'key',
    summary: 'Tells how many references a value has: one, or the most for a small integer.',
    tips: ['nondeterministic_output'],
    run: refcount,
  },
]

function container(): never {
  throw new CommandError('ERR internal error')
}

export const objectCommands: readonly Command[] = [
  {
    name: 'object',
    syntax: '',
    effect: 'session',
    group: 'generic',
    since: '2.2.3',
    complexity: 'Depends on subcommand.',
    summary: 'Looks at how keys are kept.',
    flags: [],
    subcommands: [...objectSubcommands, helpSubcommand('object', objectSubcommands, { since: '6.2.0' })],
    run: container,
  },
]
