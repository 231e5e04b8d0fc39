// MIGRATE: keys go to another server, and from here when that says that it has them. Its client waits meanwhile, nobody
// else. So a command that is one step to Redis is two here:
//
//   first run    the values are written as DUMP does, all of this moment, and handed to services.migrations
//   second run   when the target has answered: what it has taken and what is still the same here is removed
//
// A key that changed in between stays, and the client is told so: with Redis nothing could have changed it.

import { equals, fromText } from '../bytes/ascii.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import { dumpValue } from '../persist/rdb/payload.ts'
import { CommandError, SYNTAX } from '../resp/errors.ts'
import { displayBytes } from '../store/names.ts'
import type { Args } from './args.ts'
import type { Command, KeySpec, WriteContext } from './command.ts'
import type { MigratingKey, Migration } from './services.ts'

const COPY = fromText('copy')
const REPLACE = fromText('replace')
const AUTH = fromText('auth')
const AUTH2 = fromText('auth2')
const KEYS = fromText('keys')
const DEL = fromText('DEL')
const KEY_AT = 3
const OPTIONS_AT = 6
const DEFAULT_TIMEOUT_MS = 1000
/** Of the values of one request: all of them are held until the target has answered. */
const MOST_BYTES = 512 << 20
const KEY_AND_KEYS = new CommandError(
  'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
)
const TOO_LARGE = new CommandError('ERR the values are too large to be migrated at once')
const NOT_IN_TRANSACTION = new CommandError('ERR MIGRATE cannot wait for another server inside of a transaction')
const CHANGED = new CommandError(
  'ERR what changed while it was migrated stays here as well; migrate it again with REPLACE',
)

interface Options {
  readonly copy: boolean
  readonly replace: boolean
  /** AUTH's words; none: the target asks for none. */
  readonly auth: readonly Uint8Array[]
  /** Words of the keys: from `first` on, `count` of them. */
  readonly first: number
  readonly count: number
}

const bytesAt = (args: Args, i: number): Uint8Array => args.buf.slice(args.starts[i], args.ends[i])

/** Throws Redis's errors. */
function optionsOf(args: Args): Options {
  let copy = false
  let replace = false
  let auth: readonly Uint8Array[] = []
  for (let i = OPTIONS_AT; i < args.count; i++) {
    const more = args.count - 1 - i
    if (args.is(i, COPY)) copy = true
    else if (args.is(i, REPLACE)) replace = true
    else if (args.is(i, AUTH) && more >= 1) auth = [bytesAt(args, ++i)]
    else if (args.is(i, AUTH2) && more >= 2) auth = [bytesAt(args, ++i), bytesAt(args, ++i)]
    else if (args.is(i, KEYS)) {
      if (args.length(KEY_AT) !== 0) throw KEY_AND_KEYS
      return { copy, replace, auth, first: i + 1, count: more }
    } else throw SYNTAX
  }
  return { copy, replace, auth, first: KEY_AT, count: 1 }
}

function migrate(ctx: WriteContext, args: Args): void {
  const { migrations } = ctx.services
  const options = optionsOf(args)
  const ended = migrations.take(ctx.session)
  if (ended === undefined) begin(ctx, args, options)
  else finish(ctx, args, options, ended)
}

function begin(ctx: WriteContext, args: Args, options: Options): void {
  const { reply, session, services, waiting } = ctx
  const timeout = args.int(5)
  const db = args.int64(4)
  const keys = dumped(ctx, args, options)
  if (keys.length === 0) {
    reply.simple('NOKEY')
    return
  }
  if (!waiting.isAllowed) throw NOT_IN_TRANSACTION
  services.migrations.start(session, {
    host: args.text(1),
    port: args.text(2),
    db: String(db),
    timeoutMs: timeout <= 0 ? DEFAULT_TIMEOUT_MS : timeout,
    auth: options.auth,
    replace: options.replace,
    keys,
  })
  waiting.ask(0, KEY_AT, 0, 0)
}

/** What is there of the keys, as it is now. */
function dumped({ keys, services }: WriteContext, args: Args, { first, count }: Options): readonly MigratingKey[] {
  const found: MigratingKey[] = []
  let bytes = 0
  for (let word = first; word < first + count; word++) {
    const e = keys.read(args, word)
    const payload = e === 0 ? undefined : dumpValue(keys, keys.at.shard.arena, e, services.config.compression)
    if (payload === undefined) continue
    bytes += payload.length
    if (bytes > MOST_BYTES) throw TOO_LARGE
    found.push({
      word,
      name: displayBytes(keys.at),
      deadline: keys.deadline(keys.at),
      payload: new Uint8Array(payload),
    })
  }
  return found
}

/** The words of the keys that the last request has removed, for the log. */
const removed: number[] = []

function finish(ctx: WriteContext, args: Args, { copy }: Options, { keys: sent, accepted, problem }: Migration): void {
  removed.length = 0
  let changed = false
  if (!copy) for (const i of accepted) changed = removeSent(ctx, args, sent[i] as MigratingKey) === 'changed' || changed
  const error = problem === undefined ? (changed ? CHANGED : undefined) : new CommandError(problem)
  if (error === undefined) ctx.reply.ok()
  else if (removed.length === 0) throw error
  // What was removed is logged, which a command that throws is not.
  else ctx.reply.error(error.reply)
}

/** Removes a key that the target has, unless it is another by now. */
function removeSent(ctx: WriteContext, args: Args, sent: MigratingKey): 'removed' | 'changed' {
  const { keys, services } = ctx
  const { word, deadline, payload } = sent
  const e = keys.find(keys.at, args, word)
  if (e === 0) return deadline !== 0 && deadline < keys.nowMs ? 'removed' : 'changed'
  if (keys.deadline(keys.at) !== deadline) return 'changed'
  const now = dumpValue(keys, keys.at.shard.arena, e, services.config.compression)
  if (now === undefined || !equals(now, 0, now.length, payload, 0, payload.length)) return 'changed'
  keys.remove(keys.at, 'del')
  removed.push(word)
  return 'removed'
}

/** To whoever reads the log the keys were deleted. */
function logRemoved(log: CommandLog, { keys }: WriteContext, args: Args): void {
  log.command(keys.db, 1 + removed.length).text(DEL)
  for (const word of removed) log.key(args, word)
}

/** The passwords and the user. */
function secrets(args: Args): readonly number[] {
  const found: number[] = []
  for (let i = OPTIONS_AT; i < args.count && !args.is(i, KEYS); i++) {
    if (args.is(i, AUTH)) found.push(++i)
    else if (args.is(i, AUTH2)) found.push(++i, ++i)
  }
  return found
}

/**
 * The words of the keys in the request that starts at word `from`, as Redis finds them for COMMAND GETKEYS: the one key, or
 * those after KEYS. Undefined when it names both.
 */
function keyWords(
  args: Args,
  from: number,
): { readonly one: readonly number[]; readonly more: readonly number[] } | undefined {
  const key = from + KEY_AT
  for (let i = from + OPTIONS_AT; i < args.count; i++) {
    if (args.is(i, KEYS)) {
      if (args.length(key) > 0) return undefined
      return { one: [], more: Array.from({ length: args.count - 1 - i }, (_, n) => i + 1 + n) }
    }
    if (args.is(i, AUTH)) i++
    else if (args.is(i, AUTH2)) i += 2
  }
  return { one: [key], more: [] }
}

const TAKEN = ['RW', 'access', 'delete']
const ONE_KEY: KeySpec = {
  at: KEY_AT,
  last: 0,
  step: 1,
  flags: TAKEN,
  words: (args, from) => keyWords(args, from)?.one,
}
const MORE_KEYS: KeySpec = {
  at: -2,
  after: 'KEYS',
  last: -1,
  step: 1,
  flags: [...TAKEN, 'incomplete'],
  words: (args, from) => keyWords(args, from)?.more,
}

export const migrateCommands: readonly Command[] = [
  {
    name: 'migrate',
    syntax:
      'host port(integer) <key_or_empty_string: key(key#0) | <empty_string: "">> destination-db timeout(integer) [COPY] [REPLACE] [authentication: [AUTH password] | [AUTH2 <username_password: username password>]] [KEYS key(key#1) [key ...]]',
    effect: 'write',
    group: 'generic',
    since: '2.6.0',
    complexity: 'As DUMP and DEL here and RESTORE there, and O(N) for N bytes that go from one to the other',
    summary: 'Moves keys to another server, or copies them. Only its client waits for that.',
    flags: [],
    keys: [ONE_KEY, MORE_KEYS],
    categories: ['dangerous'],
    tips: ['nondeterministic_output'],
    history: [
      ['3.0.0', 'Added the `COPY` and `REPLACE` options.'],
      ['3.0.6', 'Added the `KEYS` option.'],
      ['4.0.7', 'Added the `AUTH` option.'],
      ['6.0.0', 'Added the `AUTH2` option.'],
    ],
    secrets,
    logged: logRemoved,
    run: migrate,
  },
]
