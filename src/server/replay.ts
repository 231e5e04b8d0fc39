// Does again what an append-only file says: its commands run as those of a client would, but for what the past knew better.
// Time stands still before every deadline (what had expired by then is in the file as a deletion), no limit of memory or of
// a namespace holds, nobody waits. A transaction runs when all of it is there.

import { fromText } from '../bytes/ascii.ts'
import { Args } from '../commands/args.ts'
import type { CommandTable, TableRow } from '../commands/table.ts'
import { FLAG_WRITE } from '../commands/table.ts'
import type { AofReader, Found } from '../persist/aof/reader.ts'
import { loadRdb } from '../persist/rdb/load.ts'
import { CommandError, OOM_ARENA } from '../resp/errors.ts'
import { Session } from '../session/session.ts'
import { abandonValue } from '../store/collections.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { RunningContext } from './running-context.ts'

/** Commands that change no data and stand in files all the same. */
const BETWEEN: ReadonlySet<string> = new Set(['select', 'client|namespace'])
/** What RDB files begin with. */
const RDB_MAGICS = ['REDIS', 'VALKEY'].map(fromText)
/** Before every deadline; 0 stands for none. */
const BEFORE_ALL_MS = 1

export type Ending =
  | { readonly kind: 'whole' }
  /** The file ends inside of a command or a transaction; what is before `offset` has been done. */
  | { readonly kind: 'cut'; readonly offset: number }
  | { readonly kind: 'damaged'; readonly offset: number }
  | { readonly kind: 'refused'; readonly offset: number; readonly reason: string }

export class Replay {
  /** Commands that were answered with an error, and the first of these errors. */
  failed = 0
  firstError = ''
  private readonly table: CommandTable
  private readonly context: RunningContext
  private readonly keys: Keyspace
  private readonly request = new Args()
  private queued: Args[] | undefined
  private refusal: string | undefined

  /** `table` has all commands under the names that files know them by. */
  constructor(table: CommandTable, context: RunningContext) {
    this.table = table
    this.context = context
    this.keys = context.keys
  }

  /** Does all that the file says; one that begins as an RDB file is that first. Throws what loadRdb throws. */
  run(reader: AofReader, path: string): Ending {
    const { keys, context } = this
    const { limitBytes, arrivals, nowMs } = keys
    const { session, log, waiting } = context
    const { isAllowed } = waiting
    this.queued = undefined
    this.refusal = undefined
    keys.limitBytes = Number.POSITIVE_INFINITY
    keys.arrivals = undefined
    keys.nowMs = BEFORE_ALL_MS
    waiting.isAllowed = false
    context.log = undefined
    context.session = new Session(0, '', '', true, true, nowMs)
    try {
      if (RDB_MAGICS.some(magic => reader.startsWith(magic))) reader.skipTo(loadRdb(keys, path).bytes)
      return this.commands(reader)
    } finally {
      keys.limitBytes = limitBytes
      keys.arrivals = arrivals
      keys.nowMs = nowMs
      keys.binding = undefined
      keys.dirty = 0
      waiting.isAllowed = isAllowed
      context.session = session
      context.log = log
    }
  }

  private commands(reader: AofReader): Ending {
    let before = reader.offset
    /** Where the transaction that is being read begins. */
    let multiAt = 0
    let found: Found = reader.next(this.request)
    while (found === 'command') {
      const wasQueueing = this.queued !== undefined
      this.take(this.request)
      if (this.refusal !== undefined) return { kind: 'refused', offset: before, reason: this.refusal }
      if (!wasQueueing && this.queued !== undefined) multiAt = before
      before = reader.offset
      found = reader.next(this.request)
    }
    if (found === 'damaged') return { kind: 'damaged', offset: before }
    if (this.queued !== undefined) return { kind: 'cut', offset: multiAt }
    return found === 'cut' ? { kind: 'cut', offset: before } : { kind: 'whole' }
  }

  private take(args: Args): void {
    const row = this.rowOf(args)
    if (row === undefined) this.refusal ??= `Unknown command '${args.text(0)}' reading the append only file`
    else if (row.name === 'multi') this.queued = []
    else if (row.name === 'exec') this.runQueued()
    else if ((row.flags & FLAG_WRITE) === 0 && row.row.whilePaused !== 'waits' && !BETWEEN.has(row.fullName)) {
      this.refusal ??= `'${row.fullName}' is no command that changes data`
    } else if (this.queued !== undefined) this.queued.push(args.kept())
    else this.execute(row, args)
  }

  private runQueued(): void {
    const queued = this.queued ?? []
    this.queued = undefined
    for (const args of queued) this.execute(this.rowOf(args) as TableRow, args)
  }

  private rowOf(args: Args): TableRow | undefined {
    const top = this.table.lookup(args.buf, args.starts[0], args.ends[0])
    if (top?.subcommands === undefined || args.count < 2) return top
    return this.table.sub(top, args.buf, args.starts[1], args.ends[1])
  }

  private execute(row: TableRow, args: Args): void {
    const { context, keys } = this
    const { reply, session } = context
    const mark = reply.mark()
    const { arity } = row
    keys.db = session.db
    keys.binding = session.namespace
    keys.at.nsHash = 0
    keys.changing = undefined
    try {
      if (arity > 0 ? args.count !== arity : args.count < -arity)
        this.fail(`wrong number of arguments for '${row.fullName}'`)
      else row.run(context, args)
    } catch (error) {
      abandonValue(keys)
      if (!(error instanceof CommandError)) throw error
      if (error === OOM_ARENA) this.refusal ??= 'its data are more than the memory set aside'
      this.fail(error.reply)
    }
    reply.rewind(mark)
  }

  private fail(error: string): void {
    if (this.failed++ === 0) this.firstError = error
  }
}
