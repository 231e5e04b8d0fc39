// Commands about the server: time, flushing, saving, INFO, CONFIG, shutting down.

import { fromText } from '../bytes/ascii.ts'
import { parseSafe } from '../bytes/int64.ts'
import { CommandError, DB_OUT_OF_RANGE, SAVE_BLOCKED, SAVE_IN_PROGRESS, SYNTAX } from '../resp/errors.ts'
import { flushNamespace, swapNamespace } from '../store/namespaces.ts'
import type { Args } from './args.ts'
import type { Command, Context, WriteContext } from './command.ts'
import { helpSubcommand } from './help.ts'
import { logBound } from './logged.ts'
import type { Services } from './services.ts'

const SYNC = fromText('sync')
const ASYNC = fromText('async')
const SCHEDULE = fromText('schedule')
const NO_SHUTDOWN = new CommandError('ERR No shutdown in progress.')
const FIRST_DB = new CommandError('ERR invalid first DB index')
const SECOND_DB = new CommandError('ERR invalid second DB index')

/** FLUSHDB and FLUSHALL free in the background either way; the word is only checked. */
function checkFlushMode(args: Args): void {
  if (args.count > 2 || (args.count === 2 && !args.is(1, SYNC) && !args.is(1, ASYNC))) throw SYNTAX
}

/** Throws when what is about to change in these databases is frozen. */
function expectThawed({ keys, services }: WriteContext, isMeant: (db: number) => boolean): void {
  if (keys.binding === undefined) services.namespaces.expectThawedIn(isMeant)
  else services.namespaces.expectThawed(keys.binding)
}

function flushdb(ctx: WriteContext, args: Args): void {
  checkFlushMode(args)
  const { keys } = ctx
  expectThawed(ctx, db => db === keys.db)
  if (keys.binding === undefined) keys.flush(keys.db)
  else flushNamespace(keys, [keys.db], keys.binding)
  ctx.reply.ok()
}

function flushall(ctx: WriteContext, args: Args): void {
  checkFlushMode(args)
  const { keys } = ctx
  expectThawed(ctx, () => true)
  if (keys.binding === undefined) {
    keys.flushAll()
    ctx.services.snapshot.saveFlushed()
  } else flushNamespace(keys, [...Array(keys.databases).keys()], keys.binding)
  ctx.reply.ok()
}

function databaseIndex(args: Args, i: number, error: CommandError): number {
  const n = parseSafe(args.buf, args.starts[i], args.ends[i])
  if (!(n >= -2147483648 && n <= 2147483647)) throw error
  return n
}

function swapdb(ctx: WriteContext, args: Args): void {
  const a = databaseIndex(args, 1, FIRST_DB)
  const b = databaseIndex(args, 2, SECOND_DB)
  const { databases, binding } = ctx.keys
  if (a < 0 || a >= databases || b < 0 || b >= databases) throw DB_OUT_OF_RANGE
  expectThawed(ctx, db => db === a || db === b)
  if (binding === undefined) ctx.keys.swap(a, b)
  else swapNamespace(ctx.keys, a, b, binding)
  ctx.reply.ok()
}

function time(ctx: Context): void {
  const micros = ctx.services.nowMicros()
  ctx.reply.array(2)
  ctx.reply.bulkText(String(Math.floor(micros / 1e6)))
  ctx.reply.bulkText(String(Math.floor(micros % 1e6)))
}

function bgsave(ctx: Context, args: Args): void {
  if (args.count > 2 || (args.count === 2 && !args.is(1, SCHEDULE))) throw SYNTAX
  const outcome = ctx.services.snapshot.saveInBackground(args.count === 2 ? 'later' : 'now')
  if (outcome === 'running') throw SAVE_IN_PROGRESS
  if (outcome === 'blocked') throw SAVE_BLOCKED
  ctx.reply.simple(`Background saving ${outcome}`)
}

function bgrewriteaof(ctx: Context): void {
  const outcome = ctx.services.appendOnly.rewrite()
  ctx.reply.simple(`Background append only file rewriting ${outcome}`)
}

function save(ctx: Context): void {
  if (ctx.services.snapshot.running) throw SAVE_IN_PROGRESS
  ctx.services.snapshot.save()
  ctx.reply.ok()
}

function shutdown(ctx: Context, args: Args): void {
  const words = new Set<string>()
  for (let i = 1; i < args.count; i++) words.add(args.text(i).toLowerCase())
  for (const word of words) if (!['nosave', 'save', 'now', 'force', 'abort'].includes(word)) throw SYNTAX
  if ((words.has('abort') && words.size > 1) || (words.has('nosave') && words.has('save'))) throw SYNTAX
  if (words.has('abort')) {
    if (ctx.services.abortShutdown() === 'none') throw NO_SHUTDOWN
    ctx.reply.ok()
    return
  }
  ctx.services.shutdown({
    save: words.has('nosave') ? 'nosave' : words.has('save') ? 'save' : 'default',
    force: words.has('force') ? 'force' : 'gentle',
  })
}

function info(ctx: Context, args: Args): void {
  const sections: string[] = []
  for (let i = 1; i < args.count; i++) sections.push(args.text(i).toLowerCase())
  ctx.reply.verbatim('txt', ctx.services.info(sections, ctx.session.namespace))
}

function configGet(ctx: Context, args: Args): void {
  const patterns: string[] = []
  for (let i = 2; i < args.count; i++) patterns.push(args.text(i))
  const pairs = ctx.services.config.get(patterns)
  ctx.reply.map(pairs.length)
  for (const [name, value] of pairs) {
    ctx.reply.bulkText(name)
    ctx.reply.bulkText(value)
  }
}

function configSet(ctx: Context, args: Args): void {
  if (args.count % 2 !== 0) throw SYNTAX
  const pairs: [string, string][] = []
  for (let i = 2; i < args.count; i += 2) pairs.push([args.text(i), args.text(i + 1)])
  ctx.services.config.set(pairs, ctx.session)
  ctx.reply.ok()
}

/** The values of secret settings; all settings are looked at, as in Redis, also in a request that is refused. */
function configSecrets(args: Args, { config }: Services): readonly number[] {
  const secrets: number[] = []
  for (let i = 2; i + 1 < args.count; i += 2) if (config.isSecret(args.text(i))) secrets.push(i + 1)
  return secrets
}

const ADMIN = {
  effect: 'server',
  group: 'server',
  since: '2.0.0',
  complexity: 'O(1)',
  flags: ['admin', 'noscript', 'loading', 'stale'],
} as const

const configSubcommands: readonly Command[] = [
  {
    ...ADMIN,
    name: 'get',
    syntax: '<parameter: parameter> [<parameter: parameter> ...]',
    complexity: 'O(N) for N settings',
    summary: 'Gives the settings whose names match the patterns.',
    history: [['7.0.0', 'Several patterns at once.']],
    run: configGet,
  },
  {
    ...ADMIN,
    name: 'set',
    syntax: 'parameter value [parameter value ...]',
    complexity: 'O(N) for N settings',
    summary: 'Changes settings of the running server, all of them or none.',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    history: [['7.0.0', 'Several settings at once.']],
    secrets: configSecrets,
    run: configSet,
  },
  {
    ...ADMIN,
    name: 'resetstat',
    syntax: '',
    summary: 'Starts the counters of INFO anew.',
    run: (ctx: Context) => {
      ctx.services.resetStatistics()
      ctx.reply.ok()
    },
  },
  {
    ...ADMIN,
    name: 'rewrite',
    syntax: '',
    since: '2.8.0',
    summary: 'Writes the present settings into the configuration file that the server was started with.',
    run: (ctx: Context) => {
      ctx.services.config.rewrite('changed')
      ctx.reply.ok()
    },
  },
]

const FLUSH = {
  effect: 'write',
  group: 'server',
  since: '1.0.0',
  syntax: '[async: ASYNC | SYNC]',
  complexity: 'O(1) for the client; the memory is freed in the background',
  flags: [],
  categories: ['keyspace', 'dangerous'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  history: [
    ['4.0.0', 'Option `ASYNC`.'],
    ['6.2.0', 'Option `SYNC`.'],
  ],
} as const

const SAVING = {
  effect: 'server',
  group: 'server',
  since: '1.0.0',
  flags: ['admin', 'noscript', 'no_async_loading'],
} as const

export const serverCommands: readonly Command[] = [
  {
    ...FLUSH,
    name: 'flushdb',
    summary: 'Deletes all keys of the selected database, in all its namespaces.',
    logged: logBound('FLUSHDB'),
    run: flushdb,
  },
  {
    ...FLUSH,
    name: 'flushall',
    summary: 'Deletes all keys of all databases.',
    aliases: ['clear'],
    logged: logBound('FLUSHALL'),
    run: flushall,
  },
  {
    name: 'swapdb',
    syntax: 'index1 index2',
    effect: 'write',
    group: 'server',
    since: '4.0.0',
    complexity: 'O(1)',
    summary: 'Exchanges two databases.',
    flags: ['fast'],
    categories: ['keyspace', 'dangerous'],
    logged: logBound('SWAPDB'),
    run: swapdb,
  },
  {
    name: 'time',
    syntax: '',
    effect: 'server',
    group: 'server',
    since: '2.6.0',
    complexity: 'O(1)',
    summary: "Tells the server's time: seconds since 1970 and microseconds.",
    flags: ['loading', 'stale', 'fast'],
    tips: ['nondeterministic_output'],
    run: time,
  },
  {
    name: 'lastsave',
    syntax: '',
    effect: 'server',
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Tells when the last snapshot was written, in seconds since 1970.',
    flags: ['loading', 'stale', 'fast'],
    categories: ['admin', 'dangerous'],
    tips: ['nondeterministic_output'],
    run: (ctx: Context) => ctx.reply.int(ctx.services.snapshot.lastSaveS),
  },
  {
    ...SAVING,
    name: 'save',
    syntax: '',
    complexity: 'O(N) for N keys',
    summary: 'Writes a snapshot while everybody waits.',
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    run: save,
  },
  {
    ...SAVING,
    name: 'bgsave',
    syntax: '[SCHEDULE]',
    complexity: 'O(1)',
    summary: 'Starts to write a snapshot in the background.',
    history: [['3.2.2', 'Option `SCHEDULE`.']],
    run: bgsave,
  },
  {
    ...SAVING,
    name: 'bgrewriteaof',
    syntax: '',
    complexity: 'O(1)',
    summary: 'Starts to make the append-only file anew in the background.',
    run: bgrewriteaof,
  },
  {
    name: 'shutdown',
    syntax: '[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]',
    effect: 'server',
    group: 'server',
    since: '1.0.0',
    complexity: 'O(N) for N keys to save',
    summary: 'Saves if there is something to save, and stops the server.',
    flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
    history: [['7.0.0', 'Modifiers `NOW`, `FORCE` and `ABORT`.']],
    run: shutdown,
  },
  {
    name: 'info',
    syntax: '[section [section ...]]',
    effect: 'server',
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Tells about the server, its memory, clients and counters.',
    flags: ['loading', 'stale'],
    categories: ['dangerous'],
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    history: [['7.0.0', 'Several sections at once.']],
    run: info,
  },
  {
    name: 'config',
    syntax: '',
    effect: 'server',
    group: 'server',
    since: '2.0.0',
    complexity: 'Depends on subcommand.',
    summary: 'Reads and changes settings.',
    flags: [],
    subcommands: [...configSubcommands, helpSubcommand('config', configSubcommands, { since: '5.0.0' })],
    run: () => undefined,
  },
]
