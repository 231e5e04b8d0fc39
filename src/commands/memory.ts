// MEMORY: what the memory of the server and of a key is used for.

import { fromText } from '../bytes/ascii.ts'
import { SYNTAX } from '../resp/errors.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import type { Args } from './args.ts'
import type { Command, Context, ReadContext } from './command.ts'
import { helpSubcommand } from './help.ts'
import { lookSecond, SECOND_WORD } from './object.ts'
import type { MemoryFact } from './services.ts'

const SAMPLES = fromText('samples')
/** A dict slot at the usual load. */
const SLOT_BYTES = 11

/** SAMPLES is checked and of no account: every value knows what it takes. */
function usage(ctx: ReadContext, args: Args): void {
  for (let i = 3; i < args.count; i += 2) {
    if (!args.is(i, SAMPLES) || i + 1 >= args.count || args.int(i + 1) < 0) throw SYNTAX
  }
  const e = lookSecond(ctx, args)
  if (e === 0) return
  const a = ctx.keys.at.shard.arena
  ctx.reply.int(a.sizeOf(e) + ctx.keys.valueAllocated(a, e) + SLOT_BYTES)
}

function writeFacts(reply: ReplyWriter, facts: readonly MemoryFact[]): void {
  reply.map(facts.length)
  for (const [name, fact] of facts) {
    reply.bulkText(name)
    if (fact.kind === 'facts') writeFacts(reply, fact.facts)
    else if (fact.kind === 'share') reply.double(fact.value)
    else reply.int(fact.value)
  }
}

const ABOUT = { effect: 'server', group: 'server', since: '4.0.0', syntax: '', flags: [] } as const
const TOLD_BY_EACH = ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'] as const

const subcommands: readonly Command[] = [
  {
    ...ABOUT,
    name: 'doctor',
    complexity: 'O(N) for N clients',
    summary: 'Looks for what is wrong with the use of memory, and says so in words.',
    tips: TOLD_BY_EACH,
    run: (ctx: Context) => ctx.reply.verbatim('txt', ctx.services.memory.advice()),
  },
  {
    ...ABOUT,
    name: 'malloc-stats',
    complexity: 'O(N) for N shards',
    summary: 'Tells how the arenas are filled, by sizes of blocks.',
    tips: TOLD_BY_EACH,
    run: (ctx: Context) => ctx.reply.verbatim('txt', ctx.services.memory.allocatorReport()),
  },
  {
    ...ABOUT,
    name: 'purge',
    complexity: 'O(N) for N bytes given back; some 100 ms for a gigabyte',
    summary: 'Gives memory that is free in whole pages back to the operating system.',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    run: (ctx: Context) => {
      ctx.services.memory.purge()
      ctx.reply.ok()
    },
  },
  {
    ...ABOUT,
    name: 'stats',
    complexity: 'O(N) for N clients',
    summary: 'Tells what memory is used for, in numbers.',
    tips: TOLD_BY_EACH,
    run: (ctx: Context) => writeFacts(ctx.reply, ctx.services.memory.stats(ctx.session.namespace)),
  },
  {
    ...ABOUT,
    effect: 'read',
    name: 'usage',
    syntax: 'key [SAMPLES count]',
    complexity: 'O(1)',
    summary: 'Counts the bytes that a key and its value take, all included.',
    keys: SECOND_WORD,
    run: usage,
  },
]

export const memoryCommands: readonly Command[] = [
  {
    ...ABOUT,
    name: 'memory',
    effect: 'session',
    complexity: 'Depends on subcommand.',
    summary: 'Looks at memory.',
    subcommands: [...subcommands, helpSubcommand('memory', subcommands, { since: '4.0.0' })],
    run: () => undefined,
  },
]
