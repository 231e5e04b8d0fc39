// DUMP and RESTORE: values as bytes that Redis understands, and back.

import { fromText } from '../bytes/ascii.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import { RdbCorrupt, RdbUnsupported } from '../persist/rdb/errors.ts'
import { buildPayload, dumpValue, isPayload } from '../persist/rdb/payload.ts'
import type { RdbValueReader } from '../persist/rdb/read.ts'
import { BUSYKEY, CommandError, SYNTAX } from '../resp/errors.ts'
import { idleFor } from '../store/access.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { READ_ONE, WRITE_ONE } from './key-specs.ts'
import { logDeletion } from './logged.ts'

const REPLACE = fromText('replace')
const ABSTTL = fromText('absttl')
const RESTORE = fromText('RESTORE')
const ABSOLUTE = fromText('ABSTTL')
const IDLETIME = fromText('idletime')
const FREQ = fromText('freq')
const MOST_HITS = 255
const BAD_IDLETIME = new CommandError('ERR Invalid IDLETIME value, must be >= 0')
const BAD_FREQ = new CommandError('ERR Invalid FREQ value, must be >= 0 and <= 255')
const BAD_TTL = new CommandError('ERR Invalid TTL value, must be >= 0')
const BAD_PAYLOAD = new CommandError('ERR DUMP payload version or checksum are wrong')
const BAD_FORMAT = new CommandError('ERR Bad data format')
/** Beyond this a time is none that Redis can have. */
const INT64_LIMIT = 2 ** 63

function dump(ctx: ReadContext, args: Args): void {
  const { keys, reply, services } = ctx
  const e = keys.read(args, 1)
  const payload = e === 0 ? undefined : dumpValue(keys, keys.at.shard.arena, e, services.config.compression)
  if (payload === undefined) reply.null()
  else reply.bulk(payload, 0, payload.length)
}

interface RestoreOptions {
  readonly replace: boolean
  readonly isAbsolute: boolean
  /** -1: not given. */
  readonly idleSeconds: number
  readonly hits: number
}

function restoreOptions(args: Args): RestoreOptions {
  let replace = false
  let isAbsolute = false
  let idleSeconds = -1
  let hits = -1
  for (let i = 4; i < args.count; i++) {
    const hasMore = i + 1 < args.count
    if (args.is(i, REPLACE)) replace = true
    else if (args.is(i, ABSTTL)) isAbsolute = true
    else if (args.is(i, IDLETIME) && hasMore && hits === -1) {
      idleSeconds = args.int(++i)
      if (idleSeconds < 0) throw BAD_IDLETIME
    } else if (args.is(i, FREQ) && hasMore && idleSeconds === -1) {
      hits = args.int(++i)
      if (hits < 0 || hits > MOST_HITS) throw BAD_FREQ
    } else throw SYNTAX
  }
  return { replace, isAbsolute, idleSeconds, hits }
}

/** Reads the payload in word 3; the value is then built, but not yet the key's. */
function build({ keys, services }: WriteContext, args: Args): RdbValueReader {
  const start = args.starts[3]
  const end = args.ends[3]
  if (!isPayload(args.buf, start, end, services.payloads.checksum)) throw BAD_PAYLOAD
  try {
    return buildPayload(keys, keys.at, args.buf, start, end)
  } catch (error) {
    if (!(error instanceof RdbCorrupt || error instanceof RdbUnsupported)) throw error
    services.log('warn', `RESTORE: ${error.message}`)
    throw BAD_FORMAT
  }
}

function restore(ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  const { replace, isAbsolute, idleSeconds, hits } = restoreOptions(args)
  if (keys.find(keys.at, args, 1) !== 0 && !replace) throw BUSYKEY
  const ttl = args.int(2)
  if (ttl < 0) throw BAD_TTL
  const value = build(ctx, args)
  const deadline = ttl === 0 || isAbsolute ? ttl : ttl + keys.nowMs
  // Making room for the value may have taken other keys away.
  const isReplaced = keys.find(keys.at, args, 1) !== 0
  if (deadline !== 0 && (deadline <= keys.nowMs || deadline >= INT64_LIMIT)) {
    value.drop()
    if (isReplaced) keys.remove(keys.at, 'del')
    ctx.reply.ok()
    return
  }
  value.place(keys, keys.at, deadline)
  markUse(ctx, idleSeconds, hits)
  // To Redis the old key is deleted, and this is a new one.
  if (isReplaced && keys.announcesNew) keys.announce(keys.at, 'new')
  keys.commit(keys.at, 'restore')
  ctx.reply.ok()
}

/** What the policies have no use for is passed over, as in Redis. */
function markUse({ keys, services }: WriteContext, idleSeconds: number, frequency: number): void {
  const { i32 } = keys.at.shard.arena
  const { counting } = services.config
  let word = keys.uses.fresh(keys.accessClock)
  if (frequency >= 0 && counting !== 'recency') word = keys.uses.withFrequency(word, frequency)
  else if (idleSeconds >= 0 && counting !== 'frequency') word = idleFor(word, idleSeconds)
  i32[(keys.at.entry + 8) >> 2] = word
}

/** The deadline is a moment; a key whose moment was over is gone. */
function logRestore(log: CommandLog, ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  if (keys.at.entry === 0) {
    logDeletion(log, ctx, args)
    return
  }
  const deadline = keys.deadline(keys.at)
  const isAbsolute = args.int(2) === 0 || restoreOptions(args).isAbsolute
  log
    .command(keys.db, args.count + (isAbsolute ? 0 : 1))
    .text(RESTORE)
    .key(args, 1)
    .int(deadline)
    .words(args, 3, args.count)
  if (!isAbsolute) log.text(ABSOLUTE)
}

export const dumpCommands: readonly Command[] = [
  {
    name: 'dump',
    syntax: 'key',
    effect: 'read',
    group: 'generic',
    since: '2.6.0',
    complexity: 'O(N) for N bytes of value',
    summary: 'Gives what a key holds as bytes that RESTORE takes, also that of Redis.',
    flags: [],
    keys: READ_ONE,
    tips: ['nondeterministic_output'],
    run: dump,
  },
  {
    name: 'restore',
    syntax: 'key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]',
    effect: 'write',
    group: 'generic',
    since: '2.6.0',
    complexity: 'O(N*log(N)) for N elements of a sorted set, O(N) for N bytes of others',
    summary: 'Makes a key from the bytes that DUMP gave, also that of Redis.',
    flags: ['denyoom'],
    keys: WRITE_ONE,
    categories: ['dangerous'],
    history: [
      ['3.0.0', 'Added the `REPLACE` modifier.'],
      ['5.0.0', 'Added the `ABSTTL` modifier.'],
      ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
    ],
    logged: logRestore,
    run: restore,
  },
]
