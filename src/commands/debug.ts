// DEBUG: what Redis's own test suite needs of a server, refused unless enable-debug-command allows it. Two subcommands whose
// subject does not exist here (thresholds of packed lists, buffers of replies) check their words and change nothing, as a
// test that sets them asks for nothing else; what else does not exist here is unknown.

import { fromText } from '../bytes/ascii.ts'
import { CommandError, LOADING, NO_SUCH_KEY, NOT_POSITIVE, subcommandSyntax } from '../resp/errors.ts'
import { idleSeconds } from '../store/access.ts'
import { entryEncoding, entryType } from '../store/entry.ts'
import { setString } from '../store/strings.ts'
import { encodingOf } from '../values/string.ts'
import { encodingName } from '../values/types.ts'
import type { Args } from './args.ts'
import type { Command, Context } from './command.ts'
import { PROTOCOL_NAMES, protocol } from './debug-protocol.ts'
import { databaseTables, valueTable } from './debug-tables.ts'
import { DIGEST_BYTES, digestAll, digestValue } from './digest.ts'

const RELOAD_OPTIONS = new CommandError('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.')

const CONFLICT = new CommandError('ERR Error trying to load the RDB dump: there are keys already, and no MERGE')
const BAD_THRESHOLD = new CommandError('ERR argument must be a memory value bigger than 1 and smaller than 4gb')
const OUT_OF_RANGE_DATABASE = new CommandError('ERR Out of range database')
const NO_TABLE = new CommandError('ERR The value stored at the specified key is not represented using an hash table')
const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

interface DebugCommand {
  /** Fewest and most words, DEBUG and the subcommand included. */
  readonly words: readonly [least: number, most: number]
  readonly help: string
  /** Not while they are being loaded. */
  readonly keys?: 'needed'
  readonly run: (ctx: Context, args: Args) => void
}

const ok = (ctx: Context): void => ctx.reply.ok()

function hasKeys({ keys }: Context): boolean {
  for (let db = 0; db < keys.databases; db++) if (keys.size(db) > 0) return true
  return false
}

function reload(ctx: Context, args: Args): void {
  const words = new Set<string>()
  for (let i = 2; i < args.count; i++) words.add(args.text(i).toLowerCase())
  for (const word of words) if (!['nosave', 'merge', 'noflush'].includes(word)) throw RELOAD_OPTIONS
  const keeps = words.has('noflush')
  if (keeps && !words.has('merge') && hasKeys(ctx)) throw CONFLICT
  ctx.services.snapshot.reload(words.has('nosave') ? 'nosave' : 'save', keeps ? 'kept' : 'forgotten')
  ctx.reply.ok()
}

function loadAof(ctx: Context): void {
  ctx.services.appendOnly.reload()
  ctx.reply.ok()
}

function aofFlushSleep(ctx: Context, args: Args): void {
  ctx.services.appendOnly.sleepBeforeWrites(args.intIn(2, 0, ANY, NOT_POSITIVE) / 1e6)
  ctx.reply.ok()
}

function pauseCron(ctx: Context, args: Args): void {
  ctx.services.pauseTick(args.text(2) === '0' ? 'off' : 'on')
  ctx.reply.ok()
}

function changeReplicationId(ctx: Context): void {
  ctx.services.changeReplicationId()
  ctx.reply.ok()
}

/** Lists have no threshold above which an element gets a node of its own: chunks take elements of any length. */
function packedThreshold(ctx: Context, args: Args): void {
  const bytes = /^(\d{1,10})(b|kb?|mb?|gb?)?$/i.exec(args.text(2))
  const unit = UNITS[bytes?.[2]?.charAt(0).toLowerCase() ?? 'b'] ?? 1
  if (bytes === null || Number(bytes[1]) * unit > 2 ** 32) throw BAD_THRESHOLD
  ctx.reply.ok()
}

/** All clients write into one buffer, which the loop empties each time it turns. */
function replyBuffer(ctx: Context, args: Args): void {
  const what = args.text(2).toLowerCase()
  if (what === 'peak-reset-time') {
    if (!/^(never|reset)$/i.test(args.text(3))) args.int(3)
  } else if (what !== 'resizing') throw subcommandSyntax(args.text(1), 'debug')
  ctx.reply.ok()
}

function htstats(ctx: Context, args: Args): void {
  const db = args.int(2)
  if (db < 0 || db >= ctx.keys.databases) throw OUT_OF_RANGE_DATABASE
  ctx.reply.verbatim('txt', databaseTables(ctx.keys, db))
}

function htstatsKey(ctx: Context, args: Args): void {
  const { keys } = ctx
  const e = keys.find(keys.at, args, 2)
  if (e === 0) throw NO_SUCH_KEY
  const report = valueTable(keys, keys.at.shard.arena, e)
  if (report === undefined) throw NO_TABLE
  ctx.reply.verbatim('txt', report)
}

function sleep(ctx: Context, args: Args): void {
  const seconds = Number.parseFloat(args.text(2))
  ctx.services.sleep(seconds > 0 ? seconds : 0)
  ctx.reply.ok()
}

function setActiveExpire(ctx: Context, args: Args): void {
  ctx.services.setActiveExpire(args.text(2) === '0' ? 'off' : 'on')
  ctx.reply.ok()
}

function skipChecksums(ctx: Context, args: Args): void {
  ctx.services.payloads.checksum = args.text(2) === '0' ? 'checked' : 'skipped'
  ctx.reply.ok()
}

function populate(ctx: Context, args: Args): void {
  const { keys } = ctx
  const count = args.intIn(2, 0, ANY, NOT_POSITIVE)
  const size = args.count === 5 ? args.intIn(4, 0, ANY, NOT_POSITIVE) : 0
  const prefix = args.count > 3 ? args.text(3) : 'key'
  for (let i = 0; i < count; i++) {
    const name = Buffer.from(`${prefix}:${i}`, 'latin1')
    if (keys.locateIn(keys.at, keys.db, name, 0, name.length) !== 0) continue
    const text = fromText(`value:${i}`)
    const value = size === 0 ? text : new Uint8Array(size)
    if (size !== 0) value.set(text.subarray(0, size))
    setString(keys, keys.at, value, 0, value.length, encodingOf(value, 0, value.length), 0)
    keys.commit(keys.at, 'set')
  }
  ctx.reply.ok()
}

function objectInfo(ctx: Context, args: Args): void {
  const { keys } = ctx
  const e = keys.find(keys.at, args, 2)
  if (e === 0) throw NO_SUCH_KEY
  const a = keys.at.shard.arena
  const access = a.i32[(e + 8) >> 2]
  ctx.reply.simple(
    `Value at:0x${e.toString(16)} refcount:1 encoding:${encodingName(entryType(a, e), entryEncoding(a, e))} ` +
      `serializedlength:${keys.valueLogical(a, e)} lru:${access >>> 8} lru_seconds_idle:${idleSeconds(access, keys.accessClock)}`,
  )
}

function digest(ctx: Context): void {
  ctx.reply.simple(digestAll(ctx).toString('hex'))
}

function digestValues(ctx: Context, args: Args): void {
  const { keys, reply } = ctx
  reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) {
    const e = keys.find(keys.at, args, i)
    reply.simple(e === 0 ? '0'.repeat(2 * DIGEST_BYTES) : digestValue(keys, keys.at.shard, e).toString('hex'))
  }
}

function log(ctx: Context, args: Args): void {
  ctx.services.log('warn', `DEBUG LOG: ${args.text(2)}`)
  ctx.reply.ok()
}

const ANY = Number.MAX_SAFE_INTEGER

const COMMANDS: Record<string, DebugCommand> = {
  'aof-flush-sleep': {
    words: [3, 3],
    help: 'Has each write to the append-only file wait for so many microseconds.',
    run: aofFlushSleep,
  },
  'change-repl-id': {
    words: [2, 2],
    help: 'Begins a new history of writes (master_replid).',
    run: changeReplicationId,
  },
  'config-rewrite-force-all': {
    words: [2, 2],
    help: 'As CONFIG REWRITE, but writes every setting.',
    run: ctx => {
      ctx.services.config.rewrite('all')
      ctx.reply.ok()
    },
  },
  digest: { words: [2, 2], help: 'A fingerprint of all keys of all databases.', keys: 'needed', run: digest },
  'digest-value': {
    words: [2, ANY],
    help: 'A fingerprint of the value of each key named.',
    keys: 'needed',
    run: digestValues,
  },
  error: { words: [3, 3], help: 'Answers the text as an error.', run: (ctx, args) => ctx.reply.error(args.text(2)) },
  htstats: { words: [3, 3], help: 'Tells how full the tables of a database are.', keys: 'needed', run: htstats },
  'htstats-key': {
    words: [3, 3],
    help: 'Tells how full the table of a value is.',
    keys: 'needed',
    run: htstatsKey,
  },
  log: { words: [3, 3], help: 'Writes a line into the log.', run: log },
  object: { words: [3, 3], help: 'Tells how a key is kept.', keys: 'needed', run: objectInfo },
  'pause-cron': {
    words: [3, 3],
    help: 'Stops (1) or goes on with (0) what is looked at some times a second: clients, snapshots, rates.',
    run: pauseCron,
  },
  populate: {
    words: [3, 5],
    help: 'Makes <count> keys <prefix>:<n> with values of <size> bytes.',
    keys: 'needed',
    run: populate,
  },
  protocol: { words: [3, 3], help: `Answers a reply of type ${PROTOCOL_NAMES}.`, run: protocol },
  loadaof: {
    words: [2, 2],
    help: 'Forgets all keys and reads the append-only file again.',
    keys: 'needed',
    run: loadAof,
  },
  'quicklist-packed-threshold': { words: [3, 3], help: 'Does nothing; kept for test suites.', run: packedThreshold },
  reload: {
    words: [2, ANY],
    help: 'Saves a snapshot (unless NOSAVE), forgets all keys (unless NOFLUSH MERGE) and loads it again.',
    keys: 'needed',
    run: reload,
  },
  replybuffer: { words: [4, 4], help: 'Does nothing; kept for test suites.', run: replyBuffer },
  'set-active-expire': {
    words: [3, 3],
    help: 'Stops (0) or starts (1) the removal of keys that nobody touches.',
    run: setActiveExpire,
  },
  'set-disable-deny-scripts': { words: [3, 3], help: 'Does nothing; kept for test suites.', run: ok },
  'set-skip-checksum-validation': {
    words: [3, 3],
    help: 'Has RESTORE look at the checksum of its payload (0) or not (1).',
    run: skipChecksums,
  },
  sleep: { words: [3, 3], help: 'Stops the server for so many seconds.', run: sleep },
}

function help(ctx: Context): void {
  const lines = ['DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:']
  for (const [name, row] of Object.entries(COMMANDS)) lines.push(name.toUpperCase(), `    ${row.help}`)
  lines.push('HELP', '    Prints this help.')
  ctx.reply.array(lines.length)
  for (const line of lines) ctx.reply.simple(line)
}

function debug(ctx: Context, args: Args): void {
  const name = args.text(1).toLowerCase()
  if (name === 'help' && args.count === 2) {
    help(ctx)
    return
  }
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (row === undefined || args.count < row.words[0] || args.count > row.words[1]) {
    throw subcommandSyntax(args.text(1), 'debug')
  }
  if (row.keys === 'needed' && ctx.services.isLoading) throw LOADING
  row.run(ctx, args)
}

export const debugCommands: readonly Command[] = [
  {
    name: 'debug',
    syntax: 'subcommand [arg ...]',
    effect: 'server',
    group: 'server',
    since: '1.0.0',
    complexity: 'Depends on subcommand.',
    summary: 'For test suites; refused unless `enable-debug-command` allows it.',
    flags: ['admin', 'noscript', 'loading', 'stale', 'protected'],
    docFlags: ['syscmd'],
    run: debug,
  },
]
