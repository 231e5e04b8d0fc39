// What the append-only file gets of commands that would not do the same when it is read again: times from now on become
// moments, what chance or a wait has decided becomes what was done. A row names one of these, or its own, as `logged`;
// they run right after the command, and find its key at keys.at as it is now.

import { fromText } from '../bytes/ascii.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import { logWhole } from '../persist/aof/value-commands.ts'
import type { Args } from './args.ts'
import type { WriteContext } from './command.ts'

const DEL = fromText('DEL')
export const SET = fromText('SET')
const PEXPIREAT = fromText('PEXPIREAT')
const CLIENT = fromText('CLIENT')
const NAMESPACE = fromText('NAMESPACE')
const UNBOUND = new Uint8Array(0)
const SORT = fromText('SORT')
const PERSIST = fromText('PERSIST')

/** The key in word 1 is gone. */
export function logDeletion(log: CommandLog, { keys }: WriteContext, args: Args): void {
  log.command(keys.db, 2).text(DEL).key(args, 1)
}

/** The key in word 1 has another deadline, or none, or it was over. */
export function logDeadline(log: CommandLog, ctx: WriteContext, args: Args): void {
  const { keys } = ctx
  if (keys.at.entry === 0) {
    logDeletion(log, ctx, args)
    return
  }
  const deadline = keys.deadline(keys.at)
  if (deadline === 0) log.command(keys.db, 2).text(PERSIST).key(args, 1)
  else log.command(keys.db, 3).text(PEXPIREAT).key(args, 1).int(deadline)
}

/** An element was taken from the key at hand, as the command `name` does. */
export function logPop(name: string): (log: CommandLog, ctx: WriteContext) => void {
  const text = fromText(name)
  return (log, { keys }) => {
    log.command(keys.db, 2).text(text).shown(keys.at)
  }
}

/** So many were taken, as the command `name` with a count does. */
export function logPops(log: CommandLog, { keys }: WriteContext, name: Uint8Array, changes: number): void {
  log.command(keys.db, 3).text(name).shown(keys.at).int(changes)
}

/** The command is what another one is with its first `words` words; the first two are keys. */
export function logMove(name: string, words: number): (log: CommandLog, ctx: WriteContext, args: Args) => void {
  const text = fromText(name)
  return (log, { keys }, args) => {
    log.command(keys.db, words).text(text).key(args, 1).key(args, 2).words(args, 3, words)
  }
}

/** All words of the request but its name, by which it may not be known to others. */
function logAll(log: CommandLog, { keys }: WriteContext, args: Args, name: Uint8Array): void {
  log.command(keys.db, args.count).text(name).words(args, 1, args.count)
}

/**
 * A command without keys whose meaning depends on the namespace that the client is bound to: whoever reads it is bound
 * meanwhile. Redis has no such clients, and could not read this.
 */
export function logBound(name: string): (log: CommandLog, ctx: WriteContext, args: Args) => void {
  const text = fromText(name)
  return (log, ctx, args) => {
    const { binding } = log
    if (binding !== undefined) log.command(ctx.keys.db, 3).text(CLIENT).text(NAMESPACE).text(binding.bytes)
    logAll(log, ctx, args, text)
    if (binding !== undefined) log.command(ctx.keys.db, 3).text(CLIENT).text(NAMESPACE).text(UNBOUND)
  }
}

/** A result that followed from names that are relative to the client's namespace is logged as it is. */
export function logStored(log: CommandLog, ctx: WriteContext, args: Args): void {
  if (log.binding === undefined) logAll(log, ctx, args, SORT)
  else logWhole(log, ctx.keys, ctx.keys.at)
}
