// DEBUG: what Redis's own test suite needs of a server, refused unless enable-debug-command allows it. Subcommands whose
// subject does not exist here (packed lists' thresholds, reply buffer resizing) are accepted and change nothing, as a
// test that sets them asks for nothing else.

import { fromText } from '../bytes/ascii.ts'
import { CommandError, NO_SUCH_KEY, NOT_POSITIVE, subcommandSyntax } from '../resp/errors.ts'
import { idleSeconds } from '../store/access.ts'
import { entryEncoding, entryType } from '../store/entry.ts'
import { setString } from '../store/strings.ts'
import { encodingOf } from '../values/string.ts'
import { encodingName } from '../values/types.ts'
import type { Args } from './args.ts'
import type { Command, Context } from './command.ts'
import { DIGEST_BYTES, digestAll, digestValue } from './digest.ts'

const PROTOCOL_NAMES = 'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false'
const RELOAD_OPTIONS = new CommandError('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.')
const NO_PUSH = new CommandError('ERR RESP2 is not supported by this command')

interface DebugCommand {
  /** Fewest and most words, DEBUG and the subcommand included. */
  readonly words: readonly [least: number, most: number]
  readonly help: string
  readonly run: (ctx: Context, args: Args) => void
}

const ok = (ctx: Context): void => ctx.reply.ok()

const PROTOCOL: Record<string, (ctx: Context) => void> = {
  string: ctx => ctx.reply.bulkText('Hello World'),
  integer: ctx => ctx.reply.int(12345),
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: Redis's own test expects this number, it is no pi
  double: ctx => ctx.reply.double(3.141),
  bignum: ctx => ctx.reply.bigNumber('1234567999999999999999999999999999999'),
  null: ctx => ctx.reply.null(),
  array: ctx => {
    ctx.reply.array(3)
    for (let i = 0; i < 3; i++) ctx.reply.int(i)
  },
  set: ctx => {
    ctx.reply.set(3)
    for (let i = 0; i < 3; i++) ctx.reply.int(i)
  },
  map: ctx => {
    ctx.reply.map(3)
    for (let i = 0; i < 3; i++) {
      ctx.reply.int(i)
      ctx.reply.bool(i === 1)
    }
  },
  attrib: ctx => {
    if (ctx.reply.protocol === 3) {
      ctx.reply.attribute(1)
      ctx.reply.bulkText('key-popularity')
      ctx.reply.array(2)
      ctx.reply.bulkText('key:123')
      ctx.reply.int(90)
    }
    ctx.reply.bulkText('Some real reply following the attribute')
  },
  push: ctx => {
    if (ctx.reply.protocol === 2) throw NO_PUSH
    ctx.reply.push(2)
    ctx.reply.bulkText('server-cpu-usage')
    ctx.reply.int(42)
    ctx.reply.bulkText('Some real reply following the push reply')
  },
  true: ctx => ctx.reply.bool(true),
  false: ctx => ctx.reply.bool(false),
  verbatim: ctx => ctx.reply.verbatim('txt', 'This is a verbatim\nstring'),
}

function protocol(ctx: Context, args: Args): void {
  const name = args.text(2).toLowerCase()
  const show = Object.hasOwn(PROTOCOL, name) ? PROTOCOL[name] : undefined
  if (show === undefined) {
    throw new CommandError(`ERR Wrong protocol type name. Please use one of the following: ${PROTOCOL_NAMES}`)
  }
  show(ctx)
}

function reload(ctx: Context, args: Args): void {
  let mode: 'save' | 'nosave' = 'save'
  for (let i = 2; i < args.count; i++) {
    const word = args.text(i).toLowerCase()
    if (word === 'nosave') mode = 'nosave'
    else if (word !== 'merge' && word !== 'noflush') throw RELOAD_OPTIONS
  }
  ctx.services.snapshot.reload(mode)
  ctx.reply.ok()
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
  'change-repl-id': { words: [2, 2], help: 'Does nothing; kept for test suites.', run: ok },
  'config-rewrite-force-all': {
    words: [2, 2],
    help: 'As CONFIG REWRITE, but writes every setting.',
    run: ctx => {
      ctx.services.config.rewrite('all')
      ctx.reply.ok()
    },
  },
  digest: { words: [2, 2], help: 'A fingerprint of all keys of all databases.', run: digest },
  'digest-value': { words: [2, ANY], help: 'A fingerprint of the value of each key named.', run: digestValues },
  error: { words: [3, 3], help: 'Answers the text as an error.', run: (ctx, args) => ctx.reply.error(args.text(2)) },
  jmap: { words: [2, 2], help: 'Does nothing; kept for test suites.', run: ok },
  log: { words: [3, 3], help: 'Writes a line into the log.', run: log },
  object: { words: [3, 3], help: 'Tells how a key is kept.', run: objectInfo },
  'pause-cron': { words: [3, 3], help: 'Does nothing; kept for test suites.', run: ok },
  populate: { words: [3, 5], help: 'Makes <count> keys <prefix>:<n> with values of <size> bytes.', run: populate },
  protocol: { words: [3, 3], help: `Answers a reply of type ${PROTOCOL_NAMES}.`, run: protocol },
  'quicklist-packed-threshold': { words: [3, 3], help: 'Does nothing; kept for test suites.', run: ok },
  reload: { words: [2, ANY], help: 'Saves a snapshot, forgets all keys and loads it again.', run: reload },
  replybuffer: { words: [4, 4], help: 'Does nothing; kept for test suites.', run: ok },
  'set-active-expire': {
    words: [3, 3],
    help: 'Stops (0) or starts (1) the removal of keys that nobody touches.',
    run: setActiveExpire,
  },
  'set-disable-deny-scripts': { words: [3, 3], help: 'Does nothing; kept for test suites.', run: ok },
  sleep: { words: [3, 3], help: 'Stops the server for so many seconds.', run: sleep },
  'stringmatch-len': { words: [4, 4], help: 'Does nothing; kept for test suites.', run: ok },
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
