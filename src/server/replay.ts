// Does again what an append-only file says: its commands run as those of a client would, but for what the past knew better.
// Time stands still before every deadline (what had expired by then is in the file as a deletion), no limit of memory or of
// a namespace holds, nobody waits. A transaction runs when all of it is there. All in slices (persist/loading.ts).

import { Args } from '../commands/args.ts'
import type { CommandTable, TableRow } from '../commands/table.ts'
import { FLAG_WRITE } from '../commands/table.ts'
import { dictTouch } from '../memory/dict.ts'
import type { AofReader, Found } from '../persist/aof/reader.ts'
import { type Load, LoadingState, SLICE_BYTES, SLICE_UNITS, within } from '../persist/loading.ts'
import { loadRdb } from '../persist/rdb/load.ts'
import { RDB_MAGICS } from '../persist/rdb/types.ts'
import { NEW_ACCESS, StringBatch } from '../persist/string-batch.ts'
import { CommandError, OOM_ARENA } from '../resp/errors.ts'
import { Session } from '../session/session.ts'
import { abandonValue } from '../store/collections.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Place } from '../store/place.ts'
import { WARM_REQUESTS, Warmer } from '../store/warm.ts'
import { encodingOf } from '../values/string.ts'
import type { RunningContext } from './running-context.ts'

/** Commands that change no data and stand in files all the same. */
const BETWEEN: ReadonlySet<string> = new Set(['select', 'client|namespace'])
/** Before every deadline; 0 stands for none. */
const BEFORE_ALL_MS = 1
/** What a command that is not of constant time counts for in a slice. */
const LONG_COMMAND_UNITS = 64
const NO_ROOM = 'its data are more than the memory set aside'

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
  /** Commands that are read before the first of them runs, so that waits for memory overlap (store/warm.ts). */
  private readonly requests = Array.from({ length: WARM_REQUESTS }, () => new Args())
  private readonly rows: (TableRow | undefined)[] = new Array(WARM_REQUESTS).fill(undefined)
  /** Where in the file each of them begins, and which word of it is a key, 0 for none. */
  private readonly starts = new Float64Array(WARM_REQUESTS)
  private readonly keyWords = new Uint8Array(WARM_REQUESTS)
  private readonly warmer: Warmer
  /** Keeps the engine from leaving the loads out. */
  sink = 0
  /** What may be read after a command before that has run, by the number of its row: 1 for commands on keys. */
  private readonly isPlain: Uint8Array
  /** Of the transaction that is being read. */
  private queued: Args[] | undefined
  /** Of the transaction that is complete, and how many of these have run. */
  private running: readonly Args[] = []
  private ran = 0
  private refusal: string | undefined
  /** Units of work that the slice at hand may still do. */
  private units = 0
  private readonly strings: StringBatch
  private readonly plainSet: TableRow | undefined
  /** Where the command at hand begins, and the transaction that is being read. */
  private commandAt = 0
  private multiAt = 0

  /** `table` has all commands under the names that files know them by. */
  constructor(table: CommandTable, context: RunningContext) {
    this.table = table
    this.context = context
    this.keys = context.keys
    this.warmer = new Warmer(context.keys)
    this.strings = new StringBatch(context.keys, new Place(context.keys.at.shard))
    this.plainSet = table.byName('set')
    this.isPlain = Uint8Array.from(table.rows, row =>
      (row.flags & FLAG_WRITE) !== 0 && row.parent === undefined && row.subcommands === undefined ? 1 : 0,
    )
  }

  /** Does all that the file says; one that begins as an RDB file is that first. Throws what loadRdb throws. */
  run(reader: AofReader, path: string): Load<Ending> {
    return within(new ReplayState(this.context), this.all(reader, path))
  }

  private *all(reader: AofReader, path: string): Load<Ending> {
    if (RDB_MAGICS.some(magic => reader.startsWith(magic))) reader.skipTo((yield* loadRdb(this.keys, path)).bytes)
    for (;;) {
      const ending = this.slice(reader)
      if (ending !== undefined) return ending
      yield { loadedBytes: reader.offset, totalBytes: reader.bytes }
    }
  }

  /** Runs some commands; the ending when there are no more. */
  private slice(reader: AofReader): Ending | undefined {
    const stop = reader.offset + SLICE_BYTES
    this.units = SLICE_UNITS
    while (this.units > 0 && reader.offset < stop) {
      const ending = this.ran < this.running.length ? this.runNext() : this.runSome(reader)
      if (ending !== undefined) return ending
    }
    return this.putStrings()
  }

  private runSome(reader: AofReader): Ending | undefined {
    let n = this.readAhead(reader)
    if (this.units <= 0) return undefined
    const ending = this.putStrings()
    if (ending !== undefined) return ending
    if (n === 0) {
      this.commandAt = reader.offset
      const found = this.readOne(reader)
      if (found !== 'command') return this.endingFor(found)
      n = 1
    } else if (this.queued === undefined) this.warm(n)
    for (let i = 0; i < n; i++) {
      this.commandAt = this.starts[i]
      this.units -= this.take(this.requests[i] as Args, this.rows[i])
      if (this.refusal !== undefined) return this.refused()
    }
    return undefined
  }

  /**
   * Reads some commands, up to one that may change what the next ones mean. Those that set a string and nothing else come
   * first and go to `strings`, as long as there is nobody who would hear of them: most of a file, in half the time.
   */
  private readAhead(reader: AofReader): number {
    const { requests, rows, starts, keyWords, isPlain, keys, plainSet, strings } = this
    const { session } = this.context
    const isUnheard = keys.observers.length === 0 && this.queued === undefined && session.namespace === undefined
    let n = 0
    let isMore = true
    while (isMore && n < WARM_REQUESTS && this.units > 0) {
      const args = requests[n] as Args
      starts[n] = reader.offset
      if (!reader.nextInside(args)) break
      const row = this.rowOf(args)
      if (isUnheard && n === 0 && row === plainSet && args.count === 3) {
        if (strings.isFull && this.putStrings() !== undefined) return 0
        const { buf } = args
        strings.name(session.db, buf, args.starts[1], args.ends[1])
        strings.add(buf, args.starts[2], args.ends[2], encodingOf(buf, args.starts[2], args.ends[2]), 0, NEW_ACCESS)
        this.units--
        continue
      }
      rows[n] = row
      isMore = row !== undefined && isPlain[row.id] === 1
      keyWords[n] = isMore && row !== undefined && row.firstKey < args.count ? row.firstKey : 0
      n++
    }
    return n
  }

  /** Puts the strings that are waiting for others; the ending when there is no room. */
  private putStrings(): Ending | undefined {
    try {
      this.strings.put()
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.refusal ??= NO_ROOM
      this.commandAt = this.starts[0]
    }
    return this.refusal === undefined ? undefined : this.refused()
  }

  /** Gets ready to run what was read. Most keys are new here: what their inserts look at is touched, too. */
  private warm(n: number): void {
    const { keys, requests, keyWords } = this
    const { session } = this.context
    keys.binding = session.namespace
    this.warmer.touch(requests, keyWords, n, session.db)
    let sink = 0
    for (let i = 0; i < n; i++) {
      const { foundEpoch, foundNs, foundSlot, keyHash } = requests[i] as Args
      if (keyWords[i] !== 0 && foundEpoch === keys.epoch && foundSlot === 0)
        sink ^= dictTouch(keys.shardOf(keyHash).arena, foundNs, keyHash)
    }
    this.sink = sink
  }

  private readOne(reader: AofReader): Found {
    const args = this.requests[0] as Args
    this.starts[0] = reader.offset
    const found = reader.next(args)
    if (found === 'command') this.rows[0] = this.rowOf(args)
    return found
  }

  private refused(): Ending {
    return { kind: 'refused', offset: this.commandAt, reason: this.refusal ?? '' }
  }

  private endingFor(found: Found): Ending {
    if (found === 'damaged') return { kind: 'damaged', offset: this.commandAt }
    if (this.queued !== undefined) return { kind: 'cut', offset: this.multiAt }
    return found === 'cut' ? { kind: 'cut', offset: this.commandAt } : { kind: 'whole' }
  }

  /** Returns the units of work that it was. */
  private take(args: Args, row: TableRow | undefined): number {
    if (row === undefined) this.refusal ??= `Unknown command '${args.text(0)}' reading the append only file`
    else if (this.isPlain[row.id] === 1 && this.queued === undefined) return this.execute(row, args)
    else if (row.name === 'multi') {
      this.queued = []
      this.multiAt = this.commandAt
    } else if (row.name === 'exec') {
      this.running = this.queued ?? []
      this.ran = 0
      this.queued = undefined
    } else if ((row.flags & FLAG_WRITE) === 0 && row.row.whilePaused !== 'waits' && !BETWEEN.has(row.fullName)) {
      this.refusal ??= `'${row.fullName}' is no command that changes data`
    } else if (this.queued !== undefined) this.queued.push(args.kept())
    else return this.execute(row, args)
    return 1
  }

  private runNext(): Ending | undefined {
    const args = this.running[this.ran++] as Args
    if (this.ran === this.running.length) {
      this.running = []
      this.ran = 0
    }
    this.units -= this.execute(this.rowOf(args) as TableRow, args)
    return this.refusal === undefined ? undefined : this.refused()
  }

  private rowOf(args: Args): TableRow | undefined {
    const top = this.table.lookup(args.buf, args.starts[0], args.ends[0])
    if (top?.subcommands === undefined || args.count < 2) return top
    return this.table.sub(top, args.buf, args.starts[1], args.ends[1])
  }

  private execute(row: TableRow, args: Args): number {
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
      if (error === OOM_ARENA) this.refusal ??= NO_ROOM
      this.fail(error.reply)
    }
    reply.rewind(mark)
    return args.count > row.briefWords ? LONG_COMMAND_UNITS : 1
  }

  private fail(error: string): void {
    if (this.failed++ === 0) this.firstError = error
  }
}

/** Beside what holds for every load: nobody waits, nothing is logged, what changes is on disk. */
class ReplayState extends LoadingState {
  private readonly context: RunningContext
  private readonly replaying = new Session(0, '', '', true, true, BEFORE_ALL_MS)
  private session: Session
  private log: RunningContext['log']
  private isAllowed = true
  private dirty = 0

  constructor(context: RunningContext) {
    super(context.keys, BEFORE_ALL_MS)
    this.context = context
    this.session = context.session
  }

  override enter(): void {
    super.enter()
    const { context, keys } = this
    this.session = context.session
    this.log = context.log
    this.isAllowed = context.waiting.isAllowed
    this.dirty = keys.dirty
    context.session = this.replaying
    context.log = undefined
    context.waiting.isAllowed = false
  }

  override leave(): void {
    super.leave()
    const { context, keys } = this
    context.session = this.session
    context.log = this.log
    context.waiting.isAllowed = this.isAllowed
    keys.dirty = this.dirty
  }
}
