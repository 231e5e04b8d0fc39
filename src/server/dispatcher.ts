// From a parsed request to a reply: find the row, pass the gates, run it, count it. Knows no sockets: tests drive it too.

import { toText } from '../bytes/ascii.ts'
import type { Words } from '../bytes/words.ts'
import type { Args } from '../commands/args.ts'
import type { Onlooker } from '../commands/onlooker.ts'
import { type CommandTable, FLAG_PROTECTED, FLAG_UNQUEUED, type TableRow } from '../commands/table.ts'
import { type CommandStats, type NamespaceLabels, NO_NAMESPACE } from '../metrics/command-stats.ts'
import {
  CommandError,
  INTERNAL,
  OOM,
  TRANSACTION_TOO_LARGE,
  unknownCommand,
  unknownSubcommand,
  wrongArity,
} from '../resp/errors.ts'
import { QUEUED } from '../resp/writer.ts'
import type { Session } from '../session/session.ts'
import { queuedBytes, type Transaction } from '../session/transaction.ts'
import type { Clock } from '../store/clock.ts'
import { abandonValue } from '../store/collections.ts'
import type { Eviction } from '../store/eviction.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Namespace } from '../store/namespace.ts'
import { GATES } from './gates.ts'
import { Holds } from './holds.ts'
import { LookAhead } from './look-ahead.ts'
import { MemoryGate } from './memory-gate.ts'
import { NamespaceGate } from './namespace-gate.ts'
import { type ContextOptions, RunningContext } from './running-context.ts'
import { LONG_REQUEST_BYTES, Timing } from './timing.ts'
import { Writers } from './writers.ts'

/** All commands have some: all of them look at the gates. */
const EVERY_FLAG = -1

const NO_ROOM_FOR_EXEC = new CommandError(`EXECABORT Transaction discarded because of: ${OOM.reply}`)

export interface DispatcherOptions extends ContextOptions {
  readonly table: CommandTable
  readonly stats: CommandStats
  readonly labels: NamespaceLabels
  readonly clock: Clock
  readonly eviction: Eviction
  /** Bytes that a transaction may queue. */
  readonly maxQueuedBytes: () => number
  /** Told of every thrown value that is no reply: a bug of ours. */
  readonly onBug: (command: string, error: unknown) => void
}

export class Dispatcher {
  readonly context: RunningContext
  readonly onlookers: Onlooker[] = []
  readonly timing: Timing
  readonly namespaces: NamespaceGate
  readonly memory: MemoryGate
  readonly held = new Holds()
  private readonly eviction: Eviction
  private readonly table: CommandTable
  private readonly keys: Keyspace
  private readonly stats: CommandStats
  private readonly labels: NamespaceLabels
  private readonly clock: Clock
  private readonly onBug: DispatcherOptions['onBug']
  private readonly ahead: LookAhead
  private readonly maxQueuedBytes: () => number
  /** Commands with one of these flags are looked at more closely before they run. */
  private gatedFlags = FLAG_PROTECTED
  /** What runs, or ran last. */
  private row: TableRow | undefined
  private args: Args | undefined

  constructor(options: DispatcherOptions, idle: Session) {
    this.context = new RunningContext(options, idle)
    const { eviction } = options
    const writers = new Writers(options.keys)
    this.eviction = eviction
    eviction.writing = () =>
      this.row === undefined || this.args === undefined ? [] : writers.of(this.row, this.args).values()
    this.memory = new MemoryGate(options.keys, eviction, writers)
    this.namespaces = new NamespaceGate(options.keys, options.services.namespaces, eviction, writers)
    this.table = options.table
    this.keys = options.keys
    this.stats = options.stats
    this.labels = options.labels
    this.clock = options.clock
    this.timing = new Timing(options.table, options.stats, options.clock)
    this.onBug = options.onBug
    this.maxQueuedBytes = options.maxQueuedBytes
    this.ahead = new LookAhead(options.table, options.keys)
    this.context.runQueued = (requests, needsMemory) => this.runQueued(requests, needsMemory)
  }

  /** A client's chunk of commands begins: the clocks are read once for all of them. */
  begin(session: Session): void {
    const { keys } = this
    keys.setNow(this.clock.nowMs())
    this.timing.begin()
    session.activeMs = keys.nowMs
    this.adopt(session)
  }

  private adopt(session: Session): void {
    const { context } = this
    context.session = session
    context.reply.protocol = session.protocol
    this.prepare()
  }

  /** What the commands that follow need of settings and session, looked up once for all of them. */
  private prepare(): void {
    const { keys, context } = this
    this.bind(context.session.namespace)
    this.settleMemory()
    const { snapshot, appendOnly, isLoading } = context.services
    const stopped =
      isLoading || !keys.hasArenas || snapshot.refusesWrites || appendOnly.problem !== undefined ? EVERY_FLAG : 0
    this.gatedFlags =
      stopped | FLAG_PROTECTED | this.memory.gatedFlags | this.held.flagsFor(context.session) | this.namespaces.flags
    keys.touching = !context.session.noTouch
  }

  /** After a command that may have changed what the next ones run under. */
  private prepareAnew(): void {
    this.memory.forget()
    this.prepare()
  }

  /** The command that ran is over: the limit is that of all namespaces again, and what it took above that is made up for. */
  private settleMemory(): void {
    this.namespaces.leave()
    if (this.eviction.isOwed) this.eviction.settle()
  }

  /** What is read ahead was hashed under the namespace before. */
  private bind(namespace: Namespace | undefined): void {
    const { keys } = this
    if (keys.binding === namespace) return
    keys.binding = namespace
    this.ahead.forgetKeys()
  }

  /** The chunk is done. `last`: the request that ran last, if it is answered. */
  end(last?: Args): void {
    this.keys.binding = undefined
    this.ahead.end()
    if (this.eviction.isOwed) this.settleMemory()
    this.settleLast(last)
  }

  /** The replies so far are about to leave. */
  settleLast(last: Args | undefined): void {
    this.timing.settleLast(this.context, last)
  }

  /** After replies have left: the time that it took counts for no command. */
  resume(): void {
    this.timing.begin()
  }

  /** Gets ready for requests that will be executed one after the other. */
  lookAhead(requests: readonly Words[], n: number): void {
    this.ahead.look(requests, n, this.context.session.db)
  }

  /** Runs the i-th of the requests given to lookAhead(). */
  executeAhead(args: Args, i: number): void {
    this.execute(args, this.ahead.rows[i])
  }

  /** Runs one request of the session given to begin(); its reply is in the writer afterwards. */
  execute(args: Args, top = this.table.lookup(args.buf, args.starts[0], args.ends[0])): void {
    const { context, keys } = this
    const { session } = context
    session.commands++
    const row = this.find(args, top)
    if (row === undefined) return
    const isWatched = this.onlookers.length > 0
    const gated = row.flags & this.gatedFlags
    const isGated =
      gated !== 0 ||
      isWatched ||
      !session.authenticated ||
      session.transaction !== undefined ||
      (session.isSubscribed && session.protocol === 2)
    if (isGated && !this.admits(row, args)) return
    session.lastCommand = row.fullName
    keys.db = session.db
    keys.at.nsHash = 0
    if (isWatched) this.runWatched(row, args)
    else this.run(row, args)
    // A command of a namespace with a quota ran under that: the next one does not.
    if (row.unsettles || gated !== 0) this.prepareAnew()
    const namespace = row.firstKey === 0 ? NO_NAMESPACE : this.namespaceLabel()
    const isGroupFull = this.stats.note(row.id, namespace)
    if (isGroupFull || args.count > row.briefWords || isWatched || args.byteLength > LONG_REQUEST_BYTES) {
      this.timing.settle(context, row, args)
      keys.setNow(this.clock.nowMs())
    }
  }

  /** Whether a request that has to be looked at more closely runs now: else it is refused, held back or queued. */
  private admits(row: TableRow, args: Args): boolean {
    const { session, waiting } = this.context
    if (!this.passes(row, args)) return false
    if (this.held.holds(row, session)) {
      session.lastCommand = row.fullName
      waiting.postpone()
      return false
    }
    if (session.transaction !== undefined && (row.flags & FLAG_UNQUEUED) === 0) {
      this.queue(session.transaction, row, args)
      return false
    }
    this.namespaces.enter()
    return true
  }

  /** Runs a request that waits again, for the key in a word of it. False: it goes on waiting, and has written nothing. */
  again(session: Session, args: Args, word: number): boolean {
    const { context, keys, table } = this
    const { session: served, waiting } = context
    const { binding } = keys
    const row = table.lookup(args.buf, args.starts[0], args.ends[0]) as TableRow
    this.adopt(session)
    keys.db = session.db
    waiting.wokenBy = word
    this.runChecked(row, args)
    waiting.wokenBy = 0
    const isAnswered = !waiting.isAsked
    waiting.isAsked = false
    this.adopt(served)
    keys.binding = binding
    return isAnswered
  }

  /** Keeps a request for EXEC. */
  private queue(transaction: Transaction, row: TableRow, args: Args): void {
    if (transaction.bytes + queuedBytes(args.count, args.byteLength) > this.maxQueuedBytes()) {
      this.refuse(TRANSACTION_TOO_LARGE)
      return
    }
    transaction.add(args.kept(), row.flags)
    this.context.reply.encoded(QUEUED)
  }

  private runQueued(requests: readonly Words[], needsMemory: boolean): void {
    const { context, keys, stats } = this
    const { session, reply, waiting } = context
    if (needsMemory && !this.eviction.makeRoom(0)) throw NO_ROOM_FOR_EXEC
    reply.array(requests.length)
    waiting.isAllowed = false
    stats.settle(this.clock.nowNs())
    for (const request of requests) {
      const args = request as Args
      const row = this.find(args, this.table.lookup(args.buf, args.starts[0], args.ends[0]))
      if (row === undefined) continue
      session.lastCommand = row.fullName
      keys.db = session.db
      keys.at.nsHash = 0
      this.runChecked(row, args)
      if (row.unsettles) this.prepareAnew()
      stats.note(row.id, row.firstKey === 0 ? NO_NAMESPACE : this.namespaceLabel())
      this.timing.settle(context, row, args)
    }
    waiting.isAllowed = true
  }

  /** Answers a request that waits with an error, and counts it as a call that failed. */
  endWait(args: Args, error: CommandError): void {
    this.fail(this.table.lookup(args.buf, args.starts[0], args.ends[0]) as TableRow, error)
  }

  /** Runs a request that was checked long ago: its namespaces may have been frozen or filled since. */
  private runChecked(row: TableRow, args: Args): void {
    const { namespaces, memory } = this
    memory.prepare(row, args)
    try {
      namespaces.check(row, args)
    } catch (error) {
      this.fail(row, error)
      return
    }
    namespaces.enter()
    if (this.onlookers.length > 0) this.runWatched(row, args)
    else this.run(row, args)
    this.settleMemory()
  }

  private run(row: TableRow, args: Args): void {
    const { reply } = this.context
    const mark = reply.mark()
    // A command may have opened a value and left it as it was.
    this.keys.changing = undefined
    this.row = row
    this.args = args
    try {
      row.run(this.context, args)
    } catch (error) {
      reply.rewind(mark)
      abandonValue(this.keys)
      this.fail(row, error)
    }
  }

  private runWatched(row: TableRow, args: Args): void {
    const { clock, stats } = this
    const { session, waiting } = this.context
    // The command may change the list: those who come with it have not seen it begin.
    const onlookers = this.onlookers.slice()
    for (const onlooker of onlookers) onlooker.before(session, row, args)
    const startNs = clock.nowNs()
    stats.settle(startNs)
    this.run(row, args)
    if (waiting.isAsked) return
    const elapsedNs = clock.nowNs() - startNs
    for (const onlooker of onlookers) onlooker.after(session, row, args, elapsedNs)
  }

  private fail(row: TableRow, error: unknown): void {
    let known: CommandError
    if (error instanceof CommandError) known = this.namespaces.explain(error)
    else {
      this.onBug(row.fullName, error)
      known = INTERNAL
    }
    this.stats.failed[row.id]++
    this.stats.countError(known.code)
    this.context.reply.error(known.reply)
  }

  private namespaceLabel(): number {
    const p = this.keys.at
    return this.labels.number(p.nsHash, p.nsBuf, p.nsStart, p.nsEnd)
  }

  /** The row with the right number of words; else the error is answered and counted. */
  private find(args: Args, top: TableRow | undefined): TableRow | undefined {
    const { table } = this
    if (top === undefined) {
      this.stats.unknown++
      this.refuse(unknownCommand(args.text(0), words(args)))
      return undefined
    }
    let row: TableRow | undefined = top
    if (top.subcommands !== undefined && args.count > 1) {
      row = table.sub(top, args.buf, args.starts[1], args.ends[1])
      if (row === undefined) {
        this.refuse(unknownSubcommand(args.text(1), args.text(0)))
        return undefined
      }
    }
    const { arity } = row
    if (arity > 0 ? args.count !== arity : args.count < -arity) {
      this.stats.rejected[row.id]++
      this.refuse(this.spoiltExec(row, args, wrongArity(row.fullName)))
      return undefined
    }
    return row
  }

  /** An EXEC that is refused ends its transaction, and says so (multi.c execCommandAbort). */
  private spoiltExec(row: TableRow, args: Args, error: CommandError): CommandError {
    const { session, watches } = this.context
    if (row.name !== 'exec') return error
    session.transaction = undefined
    watches.forget(session)
    // Whoever has seen MULTI must see the end.
    for (const onlooker of this.onlookers) onlooker.after(session, row, args, 0)
    const reason = error.code === 'ERR' ? error.reply.slice('ERR '.length) : error.reply
    return new CommandError(`EXECABORT Transaction discarded because of: ${reason}`)
  }

  private passes(row: TableRow, args: Args): boolean {
    try {
      for (const gate of GATES) gate(row, this.context.session, this, args)
      return true
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.stats.rejected[row.id]++
      this.refuse(error)
      return false
    }
  }

  /** Answers with an error that no handler has thrown, and counts it. */
  private refuse(error: CommandError): void {
    const { transaction } = this.context.session
    if (transaction !== undefined) transaction.failed = true
    this.stats.countError(error.code)
    this.context.reply.error(error.reply)
  }
}

function* words(args: Args): Generator<string> {
  for (let i = 1; i < args.count; i++) yield toText(args.buf, args.starts[i], args.ends[i])
}
