// The server: everything put together, started, kept going by a few timers, and stopped within two seconds. It listens
// before it loads; until all keys are there, what works on them stands still. What the first answers do without comes a
// moment later, as somebody may be waiting for them: HTTP, arenas, background work.

import { buildTable } from '../commands/all.ts'
import type { CommandTable } from '../commands/table.ts'
import { CommandStats, NamespaceLabels } from '../metrics/command-stats.ts'
import { LatencyEvents } from '../metrics/latency-events.ts'
import { SlowLog } from '../metrics/slow-log.ts'
import type { Load } from '../persist/loading.ts'
import { loadNamespaces, namespacePath } from '../persist/namespace-file.ts'
import { Snapshots } from '../persist/snapshots.ts'
import type { Channels } from '../pubsub/channels.ts'
import { KeyEvents } from '../pubsub/events.ts'
import { Message } from '../pubsub/message.ts'
import { ChannelSpaces } from '../pubsub/spaces.ts'
import { CommandError } from '../resp/errors.ts'
import { ReplyWriter } from '../resp/writer.ts'
import { Session } from '../session/session.ts'
import { type Clock, systemClock } from '../store/clock.ts'
import { Defrag } from '../store/defrag.ts'
import { Expiry } from '../store/expiry.ts'
import { Keyspace } from '../store/keyspace.ts'
import { NamespaceRules } from '../store/namespace-rules.ts'
import { PageRelease } from '../store/page-release.ts'
import { seedFromSystem } from '../store/random.ts'
import { KeyWalk } from '../store/walk.ts'
import type { Tracking } from '../tracking/tracking.ts'
import { AppendOnly } from './append-only.ts'
import { Background } from './background.ts'
import { Clients } from './clients.ts'
import type { Config } from './config/config.ts'
import { Dispatcher } from './dispatcher.ts'
import { Evictions } from './evictions.ts'
import { followSettings } from './follow.ts'
import { describeLoaded, loadForeign } from './foreign.ts'
import { type HttpServer, startHttp } from './http.ts'
import { Info } from './info.ts'
import { keepNamespaces } from './kept-namespaces.ts'
import { Listening } from './listening.ts'
import type { Log } from './log.ts'
import { Migrations } from './migrations.ts'
import { Monitors } from './monitors.ts'
import { mostClients } from './open-files.ts'
import { makeServices } from './services.ts'
import { SlowCommands } from './slow-commands.ts'
import { snapshotSettings } from './snapshot-settings.ts'
import { StartLoad } from './start-load.ts'
import { makeTracking } from './tracking.ts'

const SHUTDOWN_FAILED = new CommandError('ERR Errors trying to SHUTDOWN. Check logs.')

/** So long after the start the rest of it comes: who looks every few milliseconds whether we are there has been answered. */
const SETTLED_AFTER_MS = 10

export type StopReason = 'save' | 'nosave' | 'default'

export class Server {
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
  readonly keys: Keyspace
  readonly walk: KeyWalk
  readonly expiry: Expiry
  readonly defrag: Defrag
  readonly pages: PageRelease
  readonly evictions: Evictions
  readonly snapshots: Snapshots
  readonly table: CommandTable
  readonly stats: CommandStats
  readonly labels: NamespaceLabels
  readonly dispatcher: Dispatcher
  readonly clients: Clients
  readonly info: Info
  readonly appendOnly: AppendOnly
  readonly listening: Listening
  private readonly monitors: Monitors
  readonly slowLog = new SlowLog()
  readonly latency: LatencyEvents
  readonly slowCommands: SlowCommands
  readonly channels = new ChannelSpaces<Session>()
  readonly tracking: Tracking
  readonly migrations = new Migrations({
    nowMs: () => this.clock.nowMs(),
    wake: session => this.clients.blocked.wake(session),
  })
  readonly namespaces: NamespaceRules
  readonly keyEvents = new KeyEvents(this.channels, (channels, channel, text) => this.publish(channels, channel, text))
  readonly startedMs: number
  /** The HTTP port in use; 0 without one. */
  metricsPort = 0
  readonly startLoad: StartLoad
  bugs = 0
  /** Called at the start: clients may connect. */
  onListening: () => void = () => undefined
  /** Called when all keys are there. */
  onReady: () => void = () => undefined
  /** Called when the keys cannot be loaded, or not be kept: the server must not go on. */
  onUnusable: (error: unknown) => void = () => undefined
  /** Called when the server has stopped. */
  onStopped: (code: number) => void = () => undefined
  private readonly background: Background
  private settling: Timer | undefined
  private isSettled = false
  private stopping = false
  private http: HttpServer | undefined

  /** `seed` settles everything that is left to chance; tests give one to replay a run. */
  constructor(config: Config, log: Log, clock: Clock = systemClock, seed: number = seedFromSystem()) {
    this.config = config
    this.log = log
    this.clock = clock
    this.startedMs = clock.nowMs()
    this.latency = new LatencyEvents(clock)
    const { databases, memoryLimitBytes } = config
    const limitBytes = memoryLimitBytes
    this.keys = new Keyspace({ databases, limitBytes, seed, nowMs: this.startedMs, arenas: 'later' })
    this.startLoad = new StartLoad(clock, { config, keys: this.keys })
    this.namespaces = new NamespaceRules(this.keys)
    this.namespaces.keep = rules => keepNamespaces(config, rules)
    this.walk = new KeyWalk(this.keys)
    this.expiry = new Expiry(this.keys, clock)
    this.defrag = new Defrag(this.keys, clock, config, () => this.isLoading)
    this.pages = new PageRelease(this.keys, clock)
    this.tracking = makeTracking(this)
    this.snapshots = new Snapshots(this.keys, snapshotSettings(config), clock, (level, text) => log[level](text))
    this.table = buildTable()
    this.stats = new CommandStats(this.table.rows.length)
    this.labels = new NamespaceLabels(config.metricsMaxNamespaces)
    this.evictions = new Evictions(this)
    const reply = new ReplyWriter()
    this.dispatcher = new Dispatcher(
      {
        table: this.table,
        keys: this.keys,
        walk: this.walk,
        services: this.services(),
        stats: this.stats,
        labels: this.labels,
        clock,
        eviction: this.evictions.eviction,
        reply,
        maxStringBytes: () => config.maxRespBulkBytes,
        maxQueuedBytes: () => config.clientQueryBufferLimitBytes,
        onBug: (command, error) => this.bug(command, error),
      },
      new Session(0, '', '', true, true, this.startedMs),
    )
    this.clients = new Clients(config, this.dispatcher, reply, this.channels, log, () => clock.nowMs())
    this.listening = new Listening(config, this.clients, log)
    this.clients.onTurnEnd(() => this.tracking.endTurn())
    this.appendOnly = this.makeAppendOnly()
    this.clients.onSending(() => this.appendOnly.writer.flush())
    this.info = new Info(this)
    this.monitors = new Monitors(this.dispatcher)
    this.slowCommands = new SlowCommands({
      log: this.slowLog,
      latency: this.latency,
      services: this.dispatcher.context.services,
      onlookers: this.dispatcher.onlookers,
    })
    this.dispatcher.timing.slowWatch = this.slowCommands
    this.defrag.onSlice = elapsedNs => this.latency.add('active-defrag-cycle', elapsedNs)
    this.snapshots.onStep = elapsedNs => this.latency.add('snapshot-step', elapsedNs)
    this.appendOnly.onStep = elapsedNs => this.latency.add('aof-rewrite-step', elapsedNs)
    this.appendOnly.writer.onTook = (event, elapsedNs) => this.latency.add(event, elapsedNs)
    followSettings(config, this)
    this.evictions.follow(this.dispatcher)
    this.background = new Background(this)
  }

  private makeAppendOnly(): AppendOnly {
    const { config, keys, expiry, table, clock, log, clients } = this
    return new AppendOnly({
      config,
      keys,
      expiry,
      table,
      clock,
      log,
      context: this.dispatcher.context,
      wantTurnEnd: () => clients.wantTurnEnd(),
      die: reason => {
        log.error(reason)
        this.onStopped(1)
      },
    })
  }

  private services(): ReturnType<typeof makeServices> {
    return makeServices({
      config: this.config,
      keys: this.keys,
      expiry: this.expiry,
      evictions: this.evictions,
      snapshots: this.snapshots,
      channels: this.channels,
      slowLog: this.slowLog,
      latency: this.latency,
      table: this.table,
      tracking: this.tracking,
      namespaces: this.namespaces,
      migrations: this.migrations,
      clock: this.clock,
      log: this.log,
      clients: () => this.clients,
      appendOnly: () => this.appendOnly,
      info: () => this.info,
      monitors: () => this.monitors,
      reserveArenas: () => this.reserveArenas(),
      isLoading: () => this.isLoading,
      pauseTick: paused => {
        this.background.isTickPaused = paused === 'on'
      },
      shutdown: ({ save, force }) => this.shutdown(save, force),
      abortShutdown: () => 'none',
    })
  }

  /** A mistake of ours in a command or in background work: logged and counted, and the server goes on. */
  bug(command: string, error: unknown): void {
    this.bugs++
    this.log.error(
      { command, error: String(error), stack: error instanceof Error ? error.stack : '' },
      'internal error',
    )
  }

  /** A message that the server itself publishes; both texts are byte strings. */
  private publish(channels: Channels<Session>, channel: string, text: string): void {
    const buf = Buffer.from(channel + text, 'latin1')
    const end = channel.length
    let message: Message | undefined
    channels.publish('channel', buf, 0, end, (session, pattern) => {
      message ??= new Message('message', buf, 0, end, end, buf.length)
      this.clients.push(session, message.encoded(session.protocol, pattern))
    })
  }

  private limitClients(): void {
    const most = mostClients()
    const { maxClients } = this.config
    if (maxClients <= most) return
    this.config.set([['maxclients', String(most)]], { isLocal: true, isLoading: false })
    this.log.warn(`the limit of open files allows ${most} clients instead of ${maxClients} (ulimit -n, maxclients)`)
  }

  /** Listens, and loads as much as there is time for. Throws when an address cannot be had. */
  start(): void {
    this.limitClients()
    this.listening.begin()
    this.onListening()
    this.settling = setTimeout(() => this.settle(), SETTLED_AFTER_MS)
    try {
      if (this.startLoad.begin(this.loadKeys())) void this.loadRest()
      else this.loaded()
    } catch (error) {
      this.breakOff(error)
    }
  }

  private settle(): void {
    try {
      this.openHttp()
      this.keys.reserveArenas()
    } catch (error) {
      this.breakOff(error)
      return
    }
    this.background.begin()
    this.isSettled = true
    if (!this.isLoading) this.ready()
  }

  /** For a request that comes before that. */
  private reserveArenas(): void {
    try {
      this.keys.reserveArenas()
    } catch (error) {
      this.breakOff(error)
    }
  }

  private async loadRest(): Promise<void> {
    this.keys.keepsExpired = true
    this.log.info('loading goes on while clients are told so')
    try {
      if (await this.startLoad.rest()) this.loaded()
    } catch (error) {
      this.breakOff(error)
    }
  }

  private breakOff(error: unknown): void {
    this.leave()
    this.onUnusable(error)
  }

  /** The RESP port in use; 0 without TCP. */
  get port(): number {
    return this.listening.port
  }

  get isLoading(): boolean {
    return this.startLoad.isRunning
  }

  /** All keys are there: what works on them begins. Throws what the file system says. */
  private loaded(): void {
    const { snapshotPath, appendonly } = this.config
    if (snapshotPath !== undefined) this.namespaces.restore(loadNamespaces(namespacePath(snapshotPath), this.keys))
    if (appendonly) this.appendOnly.open()
    this.startLoad.isRunning = false
    this.clients.paused.follow()
    if (this.isSettled) this.ready()
  }

  private ready(): void {
    this.background.loaded()
    this.onReady()
  }

  /** Where an append-only file is kept, it says what there is; who turns it on for the first time loses nothing. */
  private *loadKeys(): Load<void> {
    if (this.config.appendonly && (yield* this.appendOnly.load()) === 'loaded') return
    if ((yield* this.snapshots.load()) === undefined) yield* this.restoreFrom(this.config.restoreFrom)
  }

  /** What such a file holds is not kept yet, so it counts as changes. */
  private *restoreFrom(path: string): Load<void> {
    if (path === '') return
    const loaded = yield* loadForeign(this, path)
    this.keys.dirty += loaded.keys
    this.log.info(`restored ${describeLoaded(loaded)} from ${path}`)
  }

  private openHttp(): void {
    const { metricsHost, metricsPort } = this.config
    if (metricsPort === undefined) return
    this.http = startHttp(metricsHost, metricsPort, this)
    this.metricsPort = this.http.port
    this.log.info({ metricsPort: this.metricsPort }, 'HTTP for metrics and health is open')
  }

  /** SHUTDOWN: throws when the final save fails, unless forced. Half of the keys are never saved. */
  shutdown(save: StopReason, force: 'force' | 'gentle'): void {
    if (this.isLoading) {
      this.stop(0)
      return
    }
    if (this.appendOnly.isFirstPending && force === 'gentle') {
      this.log.error("Writing initial AOF, can't exit")
      throw SHUTDOWN_FAILED
    }
    const wanted = save === 'save' || (save === 'default' && this.savesAtEnd())
    if (wanted) {
      try {
        this.snapshots.saveAtEnd(save === 'save' ? 'always' : 'changed')
      } catch (error) {
        this.log.error(`Error trying to save the DB, can't exit: ${String(error)}`)
        if (force === 'gentle') throw SHUTDOWN_FAILED
      }
    }
    this.stop(0)
  }

  private savesAtEnd(): boolean {
    return (
      this.config.snapshotPath !== undefined && (this.config.persistPath !== '' || this.config.savePoints.length > 0)
    )
  }

  /** Stops at once; what is to be saved was saved. */
  stop(code: number): void {
    if (this.stopping) return
    this.leave()
    this.log.info('kvns is now ready to exit, bye bye...')
    this.onStopped(code)
  }

  /** Nothing more is done or heard. */
  private leave(): void {
    this.stopping = true
    clearTimeout(this.settling)
    this.startLoad.giveUp()
    this.background.stop()
    this.http?.stop()
    this.listening.end()
    this.clients.closeAll()
    this.migrations.stop()
    this.appendOnly.close()
  }
}
