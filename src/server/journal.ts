// What the server does, told to the append-only file. While it is attached it stands around the rows of all commands that
// may change something, so that a server without such a file pays nothing: a command is logged when it has counted a
// change, as it was sent or as its row says (commands/logged.ts); what happens without a command is heard as an observer.

import { fromText } from '../bytes/ascii.ts'
import type { Args } from '../commands/args.ts'
import type { Context } from '../commands/command.ts'
import { keyPositions } from '../commands/key-positions.ts'
import { type CommandTable, FLAG_WRITE, type TableRow } from '../commands/table.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import { logWhole } from '../persist/aof/value-commands.ts'
import { PART_BYTES } from '../persist/aof/writer.ts'
import { OOM, OOM_ARENA } from '../resp/errors.ts'
import { abandonValue } from '../store/collections.ts'
import { entryType } from '../store/entry.ts'
import type { Expiry } from '../store/expiry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { ChangeObserver } from '../store/observers.ts'
import { Place } from '../store/place.ts'
import { Hash } from '../values/hash.ts'
import { TYPE_HASH } from '../values/types.ts'
import type { RunningContext } from './running-context.ts'

const DEL = fromText('DEL')
const HDEL = fromText('HDEL')
const PEXPIREAT = fromText('PEXPIREAT')

export interface JournalOptions {
  readonly table: CommandTable
  readonly context: RunningContext
  readonly keys: Keyspace
  readonly expiry: Expiry
  /** Something was logged: it is to be written before the turn of the loop ends. */
  readonly wake: () => void
}

type Run = TableRow['run']

/** A command's own name, whatever a client may have called it. */
interface Name {
  /** In small letters, without a container's. */
  readonly small: Uint8Array
  /** As the file has it. */
  readonly words: readonly Uint8Array[]
}

function nameOf({ name, parent }: TableRow): Name {
  const words = parent === undefined ? [name] : [parent.name, name]
  return { small: fromText(name), words: words.map(word => fromText(word.toUpperCase())) }
}

export class Journal implements ChangeObserver {
  readonly log: CommandLog
  private readonly options: JournalOptions
  private readonly keys: Keyspace
  /** What stood in the rows before. */
  private readonly plain = new Map<TableRow, Run>()
  /** A database was emptied or exchanged by the command that runs: that counts as a change even if it was empty. */
  private isFlushed = false
  /** Keys that a namespace has given a deadline of its own while the command runs. */
  private readonly timed: { readonly db: number; readonly place: Place; readonly deadline: number }[] = []
  private readonly place: Place
  private readonly hash = new Hash()

  constructor(log: CommandLog, options: JournalOptions) {
    this.log = log
    this.options = options
    this.keys = options.keys
    this.place = new Place(options.keys.at.shard)
  }

  get isAttached(): boolean {
    return this.plain.size > 0
  }

  attach(): void {
    const { table, context, expiry } = this.options
    for (const row of table.rows) {
      if ((row.flags & FLAG_WRITE) !== 0 || row.row.whilePaused === 'waits') this.surround(row, this.logging(row))
      else if (row.name === 'exec') this.surround(row, this.together(row.run))
    }
    context.log = this.log
    this.keys.observers.push(this)
    expiry.onFieldExpired = (place, buf, start, end) => this.fieldExpired(place, buf, start, end)
  }

  detach(): void {
    const { context, expiry } = this.options
    for (const [row, run] of this.plain) row.run = run
    this.plain.clear()
    context.log = undefined
    this.keys.observers.splice(this.keys.observers.indexOf(this), 1)
    expiry.onFieldExpired = undefined
  }

  private surround(row: TableRow, run: Run): void {
    this.plain.set(row, row.run)
    row.run = run
  }

  // ---- commands ---------------------------------------------------------------------------------------------------

  /** All that EXEC runs is one unit. */
  private together(run: Run): Run {
    const { log } = this
    return (ctx, args) => {
      log.open()
      try {
        run(ctx, args)
      } finally {
        log.close()
        this.options.wake()
      }
    }
  }

  private logging(row: TableRow): Run {
    const { log, keys, timed } = this
    const { run } = row
    const isOnHash = row.row.group === 'hash'
    const name = nameOf(row)
    return (ctx, args) => {
      const before = keys.dirty
      const wasEmpty = log.size === 0
      this.isFlushed = false
      log.binding = keys.binding
      log.open()
      try {
        const due = isOnHash ? this.logDueFields(args) : 'none'
        run(ctx, args)
        const isChanged = keys.dirty !== before || this.isFlushed
        if (due === 'all') this.logKeyIfChanged(args, isChanged)
        else if (isChanged) this.record(row, name, ctx, args, keys.dirty - before)
        if (due === 'some') this.logIfGone(args)
        if (timed.length > 0) this.logTimed()
      } catch (error) {
        if (error === OOM || error === OOM_ARENA) this.logRemains()
        throw error
      } finally {
        log.close()
        if (wasEmpty ? log.size > 0 : log.size > PART_BYTES) this.options.wake()
      }
    }
  }

  private record(row: TableRow, name: Name, ctx: Context, args: Args, changes: number): void {
    const { log, keys } = this
    const { logged } = row.row
    if (logged === 'itself') return
    if (logged !== undefined) {
      logged(log, ctx, args, changes)
      return
    }
    const isBound = keys.binding !== undefined
    if (!isBound && row.parent === undefined && log.sent(keys.db, args, name.small)) return
    log.command(keys.db, args.count)
    for (const word of name.words) log.text(word)
    if (!isBound) log.words(args, name.words.length, args.count)
    else this.logBoundWords(row, args, name.words.length)
  }

  /** Words of a client that is bound to a namespace: its keys get their full names. */
  private logBoundWords(row: TableRow, args: Args, from: number): void {
    const { log } = this
    const positions = new Set((keyPositions(row.row, args, 0) ?? []).map(({ word }) => word))
    for (let i = from; i < args.count; i++) {
      if (positions.has(i)) log.key(args, i)
      else log.word(args, i)
    }
  }

  /** A command found no memory in the middle of a value: what it had done stays, so that is what is logged. */
  private logRemains(): void {
    const { keys, log } = this
    if (keys.changing === undefined) return
    const p = keys.changingAt
    abandonValue(keys)
    logWhole(log, keys, p)
  }

  // ---- fields that are due ----------------------------------------------------------------------------------------

  /**
   * Logs the fields of the request that are due and not yet freed: to the command they are not there, while whoever reads
   * the file knows no time. Returns which of the hash's fields are due, whether the request names them or not. Where all
   * are nothing is logged: the key would go with them, and its deadline.
   */
  private logDueFields(args: Args): 'none' | 'some' | 'all' {
    const { keys, log, place, hash } = this
    const e = args.count < 2 ? 0 : keys.findIn(place, keys.db, args, 1)
    const a = place.shard.arena
    if (e === 0 || entryType(a, e) !== TYPE_HASH) return 'none'
    hash.aim(keys, a, a.i32[e >> 2], a.u8[e + 6] & 15)
    if (!hash.hasDue) return 'none'
    if (hash.count === 0) return 'all'
    for (let i = 2; i < args.count; i++) {
      if (!hash.holdsDue(args.buf, args.starts[i], args.ends[i])) continue
      log.command(keys.db, 3).text(HDEL).shown(place).word(args, i)
    }
    return 'some'
  }

  /** A hash of which only due fields were left is gone for us. */
  private logIfGone(args: Args): void {
    const { keys, log, place } = this
    if (keys.findIn(place, keys.db, args, 1) === 0) log.command(keys.db, 2).text(DEL).shown(place)
  }

  /** All fields were due before the command. */
  private logKeyIfChanged(args: Args, isChanged: boolean): void {
    const { keys, log, place } = this
    if (keys.findIn(place, keys.db, args, 1) === 0 || isChanged) logWhole(log, keys, place)
  }

  private fieldExpired(p: Place, buf: Uint8Array, start: number, end: number): void {
    this.log.command(p.db, 3).text(HDEL).shown(p).bytes(buf, start, end)
    this.options.wake()
  }

  // ---- what is heard ----------------------------------------------------------------------------------------------

  changed(p: Place, event: string): void {
    if (event === 'expired' || event === 'evicted' || (event === 'hexpired' && p.entry === 0)) {
      this.log.command(p.db, 2).text(DEL).shown(p)
      this.options.wake()
    } else if (event === 'expire' && this.keys.arrivals !== undefined) this.noteDeadline(p)
  }

  flushed(): void {
    this.isFlushed = true
  }

  private noteDeadline(p: Place): void {
    const place = Object.assign(new Place(p.shard), p)
    this.timed.push({ db: p.db, place, deadline: this.keys.deadline(p) })
  }

  /** Deadlines that follow from properties of namespaces, which the file does not know. */
  private logTimed(): void {
    for (const { db, place, deadline } of this.timed.splice(0)) {
      this.log.command(db, 3).text(PEXPIREAT).shown(place).int(deadline)
    }
  }
}
