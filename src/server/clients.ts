// The connected clients: accepting, what their sockets tell, the clock's work (idle clients, output limits), closing.
// What they send is served in serving.ts.

import type { Socket, SocketHandler, TCPSocketListener, TCPSocketListenOptions, UnixSocketListener } from 'bun'
import type { ClientView } from '../commands/services.ts'
import type { ChannelSpaces } from '../pubsub/spaces.ts'
import { ParserLimits } from '../resp/parser.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import { Session } from '../session/session.ts'
import type { Blocked } from './blocked.ts'
import { ClientEviction } from './client-eviction.ts'
import { ClientMemory } from './client-memory.ts'
import { addressOf, isLoopback, viewOf } from './client-view.ts'
import type { Config } from './config/config.ts'
import { Connection } from './connection.ts'
import { ConnectionCounts } from './connection-counts.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Garbage } from './garbage.ts'
import type { Log } from './log.ts'
import { OutputLimits } from './output-limits.ts'
import type { Paused } from './paused.ts'
import { Serving } from './serving.ts'
import type { PushPlace } from './writing.ts'

/** Above this the buffers of a cut request are worth a collection. */
const LARGE_REQUEST_BYTES = 1 << 20
/** A client that does not close after our goodbye is cut after this. */
const LINGER_MS = 5000
const MAX_CLIENTS = new TextEncoder().encode('-ERR max number of clients reached\r\n')
const DENIED = new TextEncoder().encode(
  '-DENIED This server is in protected mode: without a password it takes connections from its own machine only. Set ' +
    "requirepass, or say 'CONFIG SET protected-mode no' there, or start it with --protected-mode no.\r\n",
)

export class Clients {
  /** Called once, when a client sends something. */
  onNextRead: (() => void) | undefined
  readonly counts = new ConnectionCounts()
  readonly limits = new ParserLimits()
  private readonly connections = new Map<number, Connection>()
  private readonly config: Config
  private readonly dispatcher: Dispatcher
  private readonly serving: Serving
  private readonly outputLimits: OutputLimits
  private readonly memory: ClientMemory
  private readonly eviction: ClientEviction
  private readonly channels: ChannelSpaces<Session>
  private readonly log: Log
  private readonly nowMs: () => number
  private readonly garbage: Garbage
  private readonly listeners: (TCPSocketListener<Connection> | UnixSocketListener<Connection>)[] = []
  private nextId = 1

  constructor(
    config: Config,
    dispatcher: Dispatcher,
    reply: ReplyWriter,
    channels: ChannelSpaces<Session>,
    log: Log,
    nowMs: () => number,
  ) {
    const { connections, counts } = this
    const { keys, services } = dispatcher.context
    const garbage = new Garbage(
      collect => services.latency.collect(collect),
      () => process.memoryUsage.rss() - keys.allocatedBytes(),
    )
    this.garbage = garbage
    this.config = config
    this.dispatcher = dispatcher
    this.channels = channels
    this.log = log
    this.nowMs = nowMs
    this.outputLimits = new OutputLimits(config, counts, log)
    this.memory = new ClientMemory(dispatcher.context.watches, channels)
    this.eviction = new ClientEviction(this.memory, counts, log)
    const { outputLimits: limits, eviction } = this
    this.serving = new Serving({ dispatcher, reply, connections, limits, eviction, counts, garbage, nowMs })
    this.applyLimits()
  }

  /** Takes over the limits of requests and memory from the configuration. */
  applyLimits(): void {
    const { config, limits } = this
    limits.maxArguments = config.maxRespArgs
    limits.maxBulkBytes = config.maxRespBulkBytes
    limits.maxInlineBytes = config.maxRespInlineBytes
    limits.maxRequestBytes = Math.min(config.clientQueryBufferLimitBytes, 2 ** 31 - 1)
    this.eviction.limit(config.clientsLimitBytes, this.connections.values())
  }

  get count(): number {
    return this.connections.size
  }

  /** Those whose request waits. */
  get blockedCount(): number {
    return this.serving.blockedCount
  }

  get blocked(): Blocked {
    return this.serving.blocked
  }

  get paused(): Paused {
    return this.serving.paused
  }

  /** Listens on a TCP address; returns the port. Throws what the system says. */
  listen(hostname: string, port: number): number {
    // `::` is not to take the place of 0.0.0.0, which may be listened on beside it. Bun's types leave the option out.
    const options: TCPSocketListenOptions<Connection> & { ipv6Only: boolean } = {
      hostname,
      port,
      ipv6Only: hostname.includes(':'),
      allowHalfOpen: true,
      socket: this.handler('tcp'),
    }
    const listener = Bun.listen<Connection>(options)
    this.listeners.push(listener)
    return listener.port
  }

  listenUnix(path: string): void {
    this.listeners.push(Bun.listen<Connection>({ unix: path, allowHalfOpen: true, socket: this.handler('unix') }))
  }

  stopListening(): void {
    for (const listener of this.listeners.splice(0)) listener.stop()
  }

  /**
   * What Bun calls for each socket; tests call it without one. Bun's types know only Buffers as chunks for a typed
   * listener; `binaryType` gives plain Uint8Arrays all the same.
   */
  handler(kind: 'tcp' | 'unix'): SocketHandler<Connection> {
    const handler: SocketHandler<Connection, 'uint8array'> = {
      binaryType: 'uint8array',
      open: socket => this.open(socket, kind),
      data: (socket, chunk) => this.data(socket.data, chunk),
      drain: socket => this.drained(socket.data),
      end: socket => this.ended(socket.data),
      close: socket => this.closed(socket.data),
      error: (socket, error) => {
        this.log.error({ error: String(error), stack: error.stack }, 'a bug in the server closed a connection')
        socket.terminate()
      },
    }
    return handler as unknown as SocketHandler<Connection>
  }

  private open(socket: Socket<Connection>, kind: 'tcp' | 'unix'): void {
    this.counts.accepted++
    const { config } = this
    const unix = kind === 'unix'
    const fromHere = unix || isLoopback(socket.remoteAddress)
    const isDenied = config.protectedMode && config.requirepass === '' && !fromHere
    if (isDenied || this.connections.size >= config.maxClients) {
      const goodbye = isDenied ? DENIED : MAX_CLIENTS
      this.counts.rejected++
      socket.write(goodbye, 0, goodbye.length)
      socket.end()
      return
    }
    const path = `${config.unixsocket}:0`
    const address = unix ? path : addressOf(socket.remoteAddress, socket.remotePort)
    const local = unix ? path : addressOf(socket.localAddress, socket.localPort)
    const session = new Session(this.nextId++, address, local, fromHere, config.requirepass === '', this.nowMs())
    const connection = new Connection(socket, session, this.limits, unix)
    socket.data = connection
    this.connections.set(session.id, connection)
    if (this.eviction.isOn) this.eviction.count(connection)
    const { tcpKeepaliveSeconds } = config
    if (!unix && tcpKeepaliveSeconds > 0) socket.setKeepAlive(true, tcpKeepaliveSeconds * 1000)
  }

  private data(connection: Connection | undefined, chunk: Uint8Array): void {
    if (connection === undefined || connection.closed) return
    this.counts.bytesIn += chunk.length
    this.counts.reads++
    if (this.onNextRead !== undefined) this.toldOfRead()
    if (connection.session.closing) {
      this.garbage.young(chunk.length)
      return
    }
    const waiting = connection.parser.pendingBytes
    connection.parser.feed(chunk)
    if (connection.isBlocked) {
      this.keep(connection)
      this.garbage.young(chunk.length)
      return
    }
    this.serving.serve(connection)
    this.serving.serveUnblocked()
    if (connection.needsChunk) this.garbage.young(chunk.length)
    else this.garbage.read(chunk)
    // A large request waited in buffers that grew by doubling; they are old objects by now.
    if (waiting > LARGE_REQUEST_BYTES && connection.parser.pendingBytes < waiting) this.garbage.old(2 * waiting)
  }

  private toldOfRead(): void {
    const told = this.onNextRead
    this.onNextRead = undefined
    told?.()
  }

  /** What a blocked client sends waits out of the network's memory, and not without bounds. */
  private keep(connection: Connection): void {
    connection.parser.own()
    if (connection.parser.pendingBytes > this.limits.maxRequestBytes) connection.cut()
    else if (this.eviction.isOn) this.serving.countMemory(connection)
  }

  private drained(connection: Connection | undefined): void {
    if (connection === undefined) return
    const waitedBytes = connection.queuedBytes
    const goesOn = connection.drain()
    this.garbage.old(waitedBytes - connection.queuedBytes)
    if (goesOn) this.serving.serve(connection)
    this.serving.serveUnblocked()
    this.serving.afterReplies(connection)
  }

  private ended(connection: Connection | undefined): void {
    if (connection === undefined) return
    connection.ended = true
    // Redis takes the end of a blocked client's requests for its end.
    this.serving.forget(connection)
    this.serving.afterReplies(connection)
  }

  private closed(connection: Connection | undefined): void {
    if (connection === undefined) return
    this.garbage.old(connection.queuedBytes)
    this.serving.forget(connection)
    this.dispatcher.context.watches.forget(connection.session)
    this.dispatcher.context.services.tracking.disable(connection.session)
    const { session } = connection
    if (session.isSubscribed) this.channels.forget(session, session.namespace?.name)
    if (session.isMonitor) this.dispatcher.context.services.monitors.remove(session)
    connection.release()
    this.eviction.forget(connection)
    this.connections.delete(connection.session.id)
  }

  /** About ten times a second: idle clients, output limits, lingering ones. */
  tick(): void {
    this.garbage.rest()
    const nowMs = this.nowMs()
    const { timeoutSeconds } = this.config
    for (const connection of this.connections.values()) {
      if (connection.endingMs !== 0) {
        if (nowMs - connection.endingMs > LINGER_MS) connection.cut()
      } else if (connection.queuedBytes > 0 && this.outputLimits.cutIfOver(connection, nowMs)) continue
      else if (
        timeoutSeconds > 0 &&
        !connection.isBlocked &&
        !connection.session.isSubscribed &&
        !connection.session.isMonitor &&
        nowMs - connection.session.activeMs > timeoutSeconds * 1000
      )
        connection.cut()
    }
  }

  /** Closes a client at once. */
  kill(session: Session): void {
    const connection = this.connections.get(session.id)
    if (connection === undefined) return
    if (connection === this.serving.connection) session.closing = true
    else connection.cut()
  }

  /** Bytes that are no reply, for any client. */
  push(session: Session, bytes: Uint8Array, place: PushPlace = 'around'): void {
    const connection = this.connections.get(session.id)
    if (connection !== undefined) this.serving.writing.push(connection, bytes, place)
  }

  /** The same for the client that is served, in the place of its reply. */
  confirm(bytes: Uint8Array): void {
    this.serving.writing.confirm(bytes)
  }

  /** Whose command runs; undefined between commands. */
  get current(): Session | undefined {
    return this.serving.writing.connection?.session
  }

  /** The client with this number; undefined when there is none, or we have said goodbye to it. */
  sessionOf(id: number): Session | undefined {
    const connection = this.connections.get(id)
    return connection === undefined || connection.endingMs !== 0 ? undefined : connection.session
  }

  /** Whoever has something to say when a turn of the loop ends asks for that end. */
  onTurnEnd(work: () => void): void {
    this.serving.outbox.beforeEnd = work
  }

  /** `work` is done before replies leave, at the end of a turn or earlier. */
  onSending(work: () => void): void {
    this.serving.outbox.beforeSending = work
  }

  wantTurnEnd(): void {
    this.serving.outbox.schedule()
  }

  /** Sends the replies of this turn of the loop now. */
  endTurn(): void {
    this.serving.endTurn()
  }

  /** Closes all clients after what is queued for them, as far as they take it. */
  closeAll(): void {
    this.serving.stop()
    for (const connection of this.connections.values()) {
      connection.drain()
      connection.cut()
    }
  }

  *sessions(): Generator<Session> {
    for (const { session } of this.connections.values()) yield session
  }

  /** undefined when the client is gone. */
  viewOf(session: Session): ClientView | undefined {
    const connection = this.connections.get(session.id)
    return connection === undefined ? undefined : this.view(connection)
  }

  list(): ClientView[] {
    return [...this.connections.values()].map(connection => this.view(connection))
  }

  private view(connection: Connection): ClientView {
    const watchedKeys = this.dispatcher.context.watches.countOf(connection.session)
    return viewOf(connection, this.memory.of(connection), watchedKeys, this.serving.inHandOf(connection))
  }
}
