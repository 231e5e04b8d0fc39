// What the append-only file gets of commands that give fields of hashes a time, or take fields away under one: moments, and
// which fields are gone. Redis 7.0 has no such commands, and would not read them.

import { fromText } from '../bytes/ascii.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import type { Hash } from '../values/hash.ts'
import { KEEP_DEADLINE } from '../values/hash-fields.ts'
import type { Args } from './args.ts'
import type { WriteContext } from './command.ts'
import { logDeletion } from './logged.ts'

const HDEL = fromText('HDEL')
const HPEXPIREAT = fromText('HPEXPIREAT')
const HPERSIST = fromText('HPERSIST')
const HSETEX = fromText('HSETEX')
const PXAT = fromText('PXAT')
const KEEPTTL = fromText('KEEPTTL')
const FIELDS = fromText('FIELDS')

/** Those of the fields in every `step`-th word from `first` on that the hash at hand does not have any more. */
export function logGone(log: CommandLog, ctx: WriteContext, args: Args, hash: Hash, first: number, step = 1): void {
  const { keys } = ctx
  if (keys.at.entry === 0) {
    logDeletion(log, ctx, args)
    return
  }
  const gone: number[] = []
  for (let i = first; i < args.count; i += step) {
    if (!hash.find(args.buf, args.starts[i], args.ends[i])) gone.push(i)
  }
  log
    .command(keys.db, 2 + gone.length)
    .text(HDEL)
    .key(args, 1)
  for (const i of gone) log.word(args, i)
}

/** The words from `first` on are fields that got a deadline in ms, or lost theirs (0). */
export function logFieldDeadline(
  log: CommandLog,
  { keys }: WriteContext,
  args: Args,
  first: number,
  deadline: number,
): void {
  const fields = args.count - first
  if (deadline === 0)
    log
      .command(keys.db, 4 + fields)
      .text(HPERSIST)
      .key(args, 1)
  else
    log
      .command(keys.db, 5 + fields)
      .text(HPEXPIREAT)
      .key(args, 1)
      .int(deadline)
  log.text(FIELDS).int(fields).words(args, first, args.count)
}

/** Fields are set, with a deadline in ms, without one (0), or with the one they had; the fields and their values follow. */
export function logSet(
  log: CommandLog,
  { keys }: WriteContext,
  args: Args,
  deadline: number,
  fields: number,
): CommandLog {
  const time = deadline === 0 ? 0 : deadline === KEEP_DEADLINE ? 1 : 2
  log
    .command(keys.db, 4 + time + 2 * fields)
    .text(HSETEX)
    .key(args, 1)
  if (time === 1) log.text(KEEPTTL)
  if (time === 2) log.text(PXAT).int(deadline)
  return log.text(FIELDS).int(fields)
}
