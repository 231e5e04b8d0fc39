// The connected clients and what they send: accepting, serving, the clock's work (idle clients, output limits), closing.

import type { Socket, SocketHandler, TCPSocketListener, UnixSocketListener } from 'bun'
import { Args } from '../commands/args.ts'
import type { ClientView } from '../commands/services.ts'
import type { Channels } from '../pubsub/channels.ts'
import { COMMAND, MORE, ParserLimits } from '../resp/parser.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import { Session } from '../session/session.ts'
import { WARM_REQUESTS } from '../store/warm.ts'
import { Blocked, type BlockedHost } from './blocked.ts'
import { addressOf, IDLE, isLoopback, viewOf } from './client-view.ts'
import type { Config } from './config/config.ts'
import { Connection, type OutputLimit } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Garbage } from './garbage.ts'
import type { Log } from './log.ts'
import { Outbox } from './outbox.ts'

/** Replies to one chunk are handed to the socket each time they reach this size. More would cost buffers of their own. */
const FLUSH_BYTES = 256 << 10
/** A chunk can hold requests for a gigabyte of replies: after so much of it the other clients have their turn. */
const TURN_BYTES = 4 << 20
/** Messages leave before the end of the turn when so much waits for one subscriber. */
const PUSH_BYTES = 1 << 20
/** A request that was not looked at ahead. */
const ALONE = -1
/** Above this the buffers of a cut request are worth a collection. */
const LARGE_REQUEST_BYTES = 1 << 20
/** A client that does not close after our goodbye is cut after this. */
const LINGER_MS = 5000
/** Somebody who has not logged in may not make us keep more than this (Redis's fix of CVE-2025-21605). */
const UNAUTHENTICATED_OUTPUT_BYTES = 1024
const MAX_CLIENTS = new TextEncoder().encode('-ERR max number of clients reached\r\n')

/** What INFO and metrics count of connections. */
export class ConnectionCounts {
  accepted = 0
  rejected = 0
  cutForOutput = 0
  bytesIn = 0
  bytesOut = 0
  reads = 0
  writes = 0
}

export class Clients {
  readonly counts = new ConnectionCounts()
  readonly limits = new ParserLimits()
  readonly blocked: Blocked
  private readonly connections = new Map<number, Connection>()
  private readonly config: Config
  private readonly dispatcher: Dispatcher
  private readonly outbox: Outbox
  private readonly channels: Channels<Session>
  private readonly log: Log
  private readonly nowMs: () => number
  /** Requests are read some at a time, so that their keys can be touched ahead of need. */
  private readonly requests = Array.from({ length: WARM_REQUESTS }, () => new Args())
  private running = new Args()
  private readonly garbage = new Garbage()
  private readonly listeners: (TCPSocketListener<Connection> | UnixSocketListener<Connection>)[] = []
  private nextId = 1
  private serving: Connection | undefined
  /** Whose the replies are that are being written: the one that is served, or one whose wait has ended. */
  private writing: Connection | undefined
  /** Where in the writer the reply of the running command begins. */
  private replyStart = 0
  /** That reply is not to be sent. */
  private isMuted = false
  /** Clients that were blocked and have sent more meanwhile, perhaps. */
  private unblocked: Connection[] = []
  /** Replies handed over for `serving` in this turn. */
  private turnBytes = 0

  constructor(
    config: Config,
    dispatcher: Dispatcher,
    reply: ReplyWriter,
    channels: Channels<Session>,
    log: Log,
    nowMs: () => number,
  ) {
    this.config = config
    this.dispatcher = dispatcher
    this.outbox = new Outbox(reply, (connection, pushedBytes) => this.afterSending(connection, pushedBytes))
    this.channels = channels
    this.log = log
    this.nowMs = nowMs
    this.blocked = new Blocked(dispatcher.context.keys, dispatcher, reply, this.blockedHost(), nowMs)
    this.applyLimits()
  }

  /** Takes over the limits of requests from the configuration. */
  applyLimits(): void {
    const { config, limits } = this
    limits.maxArguments = config.maxRespArgs
    limits.maxBulkBytes = config.maxRespBulkBytes
    limits.maxInlineBytes = config.maxRespInlineBytes
    limits.maxRequestBytes = Math.min(config.clientQueryBufferLimitBytes, 2 ** 31 - 1)
  }

  get count(): number {
    return this.connections.size
  }

  /** Listens on a TCP address; returns the port. Throws what the system says. */
  listen(hostname: string, port: number): number {
    const listener = Bun.listen<Connection>({ hostname, port, allowHalfOpen: true, socket: this.handler('tcp') })
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
    if (this.connections.size >= this.config.maxClients) {
      this.counts.rejected++
      socket.write(MAX_CLIENTS, 0, MAX_CLIENTS.length)
      socket.end()
      return
    }
    const unix = kind === 'unix'
    const path = `${this.config.unixsocket}:0`
    const address = unix ? path : addressOf(socket.remoteAddress, socket.remotePort)
    const local = unix ? path : addressOf(socket.localAddress, socket.localPort)
    const fromHere = unix || isLoopback(socket.remoteAddress)
    const session = new Session(this.nextId++, address, local, fromHere, this.config.requirepass === '', this.nowMs())
    const connection = new Connection(socket, session, this.limits, unix)
    socket.data = connection
    this.connections.set(session.id, connection)
    const { tcpKeepaliveSeconds } = this.config
    if (!unix && tcpKeepaliveSeconds > 0) socket.setKeepAlive(true, tcpKeepaliveSeconds * 1000)
  }

  private data(connection: Connection | undefined, chunk: Uint8Array): void {
    if (connection === undefined || connection.closed) return
    this.counts.bytesIn += chunk.length
    this.counts.reads++
    this.garbage.young(chunk.length)
    if (connection.session.closing) return
    const waiting = connection.parser.pendingBytes
    connection.parser.feed(chunk)
    if (connection.isBlocked) {
      this.keep(connection)
      return
    }
    this.serve(connection)
    this.serveUnblocked()
    // A large request waited in buffers that grew by doubling; they are old objects by now.
    if (waiting > LARGE_REQUEST_BYTES && connection.parser.pendingBytes < waiting) this.garbage.old(2 * waiting)
  }

  /** Runs the whole requests that the parser has; their replies leave at the end of the turn. */
  private serve(connection: Connection): void {
    const { dispatcher, outbox, requests } = this
    const { session, parser } = connection
    const { reply } = outbox
    parser.authenticated = this.isTrusted(session)
    this.serving = connection
    this.writing = connection
    this.turnBytes = 0
    dispatcher.begin(session)
    // What was published to it before its requests came goes before their replies.
    if (connection.pushedBytes > 0) this.writePushes(connection)
    while (connection.kept.length > 0 && this.mayServe(connection)) {
      this.execute(connection, connection.kept.shift() as Args, ALONE)
    }
    let result = COMMAND
    let most = 0
    while (result === COMMAND && this.mayServe(connection)) {
      let n = 0
      while (n < requests.length && (n === 0 || parser.authenticated)) {
        const request = requests[n] as Args
        result = parser.next(request)
        if (result !== COMMAND) break
        request.keyAt = 0
        n++
      }
      if (n > 1) dispatcher.lookAhead(requests, n)
      for (let i = 0; i < n; i++) {
        if (this.mayServe(connection)) this.execute(connection, requests[i] as Args, n > 1 ? i : ALONE)
        else if (connection.isPaused) connection.kept.push(this.replaceRequest(i))
        else if (connection.isBlocked) connection.kept.push((requests[i] as Args).kept())
      }
      most = Math.max(most, n)
    }
    for (let i = 0; i < most; i++) requests[i]?.clear()
    // Requests are read ahead: what is wrong behind a QUIT is never looked at.
    if (result < MORE && connection.kept.length === 0 && !session.closing && !connection.isBlocked) {
      reply.error(parser.error)
      session.closing = true
    }
    dispatcher.end()
    if (connection.isBlocked) parser.own()
    this.serving = undefined
    this.writing = undefined
    if (outbox.fresh > 0) this.addReplies(connection)
    else this.afterReplies(connection)
  }

  /** Logged in, or nobody needs to. */
  private isTrusted(session: Session): boolean {
    return session.authenticated || this.config.requirepass === ''
  }

  private mayServe(connection: Connection): boolean {
    return !connection.session.closing && !connection.closed && !connection.isPaused && !connection.isBlocked
  }

  private execute(connection: Connection, request: Args, ahead: number): void {
    const { session } = connection
    const { context } = this.dispatcher
    const isMuted = session.replies !== 'on'
    this.running = request
    this.replyStart = this.outbox.reply.size
    if (isMuted) this.executeMuted(session, request)
    else if (ahead === ALONE) this.dispatcher.execute(request)
    else this.dispatcher.executeAhead(request, ahead)
    if (context.waiting.isAsked) {
      connection.isBlocked = true
      connection.isMuted = isMuted
      this.blocked.park(session, request)
    } else if (this.blocked.isDue) this.blocked.settle()
    if (connection.pushedBytes > 0) this.writePushes(connection)
    connection.parser.authenticated = this.isTrusted(session)
    if (this.outbox.reply.size > FLUSH_BYTES || this.outbox.mostPushedBytes > PUSH_BYTES) this.flushFor(connection)
  }

  /** For a client that wants no reply (CLIENT REPLY). What is published to it still comes. */
  private executeMuted(session: Session, request: Args): void {
    if (session.replies === 'skip next') session.replies = 'skip'
    this.isMuted = true
    this.dispatcher.execute(request)
    this.isMuted = false
    // Only CLIENT REPLY ON and RESET turn replies on.
    if (session.replies !== 'on') this.outbox.reply.rewind(this.replyStart)
    if (session.replies === 'skip') session.replies = 'on'
  }

  private blockedHost(): BlockedHost {
    return {
      writeTo: session => this.writeTo(session === undefined ? this.serving : this.connections.get(session.id)),
      deliver: session => {
        const { writing: connection } = this
        if (connection?.session !== session) return
        if (connection.isMuted) this.outbox.reply.rewind(this.replyStart)
        connection.isMuted = false
        connection.isBlocked = false
        session.activeMs = this.nowMs()
        this.unblocked.push(connection)
      },
      goOn: () => this.serveUnblocked(),
    }
  }

  /** What is written from here on is for this client; what was written so far, for the one before. */
  private writeTo(connection: Connection | undefined): void {
    const { writing: before, outbox } = this
    if (before === connection) return
    if (before !== undefined) {
      if (before.pushedBytes > 0) this.writePushes(before)
      if (outbox.fresh > 0) this.addReplies(before)
    }
    this.writing = connection
    if (connection !== undefined && connection.pushedBytes > 0) this.writePushes(connection)
    this.isMuted = connection?.isMuted === true
    this.replyStart = outbox.reply.size
  }

  /** What was published to the client comes before what is written next. */
  private writePushes(connection: Connection): void {
    for (const push of connection.takePushes()) this.outbox.reply.encoded(push)
  }

  /** Serves what unblocked clients have sent while they were blocked; that may unblock others. */
  private serveUnblocked(): void {
    while (this.unblocked.length > 0) {
      for (const connection of this.unblocked.splice(0)) if (!connection.closed) this.serve(connection)
    }
  }

  /** What a blocked client sends waits out of the network's memory, and not without bounds. */
  private keep(connection: Connection): void {
    connection.parser.own()
    if (connection.parser.pendingBytes > this.limits.maxRequestBytes) connection.cut()
  }

  /** Takes a request out of the reused ones. */
  private replaceRequest(i: number): Args {
    const taken = this.requests[i] as Args
    this.requests[i] = new Args()
    return taken
  }

  /** Replies count against the hard limit before the socket is tried, as in Redis: one that is too large is never sent. */
  private addReplies(connection: Connection): void {
    const { hardBytes } = this.limitsOf(connection)
    if (hardBytes !== 0 && connection.queuedBytes + this.outbox.fresh > hardBytes) {
      this.cutForOutput(connection, this.outbox.fresh)
    }
    this.counts.bytesOut += this.outbox.add(connection)
  }

  private flushFor(connection: Connection): void {
    const bytes = this.outbox.reply.size
    // A reply longer than the writer's buffers had one of its own.
    if (bytes > 2 * FLUSH_BYTES) this.garbage.young(bytes)
    this.addReplies(connection)
    this.outbox.flush()
    this.turnBytes += bytes
    if (this.turnBytes > TURN_BYTES && this.mayServe(connection)) this.letOthers(connection)
  }

  private letOthers(connection: Connection): void {
    connection.yieldTurn()
    setImmediate(() => {
      if (connection.takeTurn()) this.serve(connection)
      this.serveUnblocked()
    })
  }

  private afterSending(connection: Connection, pushedBytes: number): void {
    this.counts.writes++
    this.counts.bytesOut += pushedBytes
    if ((connection.queuedBytes > 0 || connection.isOverrun) && this.cutIfOver(connection, this.nowMs())) return
    if (connection !== this.serving) this.afterReplies(connection)
  }

  private cutIfOver(connection: Connection, nowMs: number): boolean {
    const stranger = !this.isTrusted(connection.session) && connection.queuedBytes > UNAUTHENTICATED_OUTPUT_BYTES
    if (!stranger && !connection.isOver(this.limitsOf(connection), nowMs)) return false
    this.cutForOutput(connection, 0)
    return true
  }

  private limitsOf(connection: Connection): OutputLimit {
    const limits = this.config.clientOutputBufferLimits
    return connection.session.isSubscribed ? limits.pubsub : limits.normal
  }

  private cutForOutput(connection: Connection, freshBytes: number): void {
    this.counts.cutForOutput++
    this.log.warn(
      { client: connection.session.id, bytes: connection.queuedBytes + freshBytes },
      'client closed for not reading its replies (client-output-buffer-limit)',
    )
    connection.cut()
  }

  private afterReplies(connection: Connection): void {
    if (!connection.session.closing && (!connection.ended || connection.isPaused)) return
    // While replies of this turn are still to be sent it is too early; we come here again after that.
    if (!this.outbox.holds(connection)) connection.finish(this.nowMs())
  }

  private drained(connection: Connection | undefined): void {
    if (connection === undefined) return
    const waitedBytes = connection.queuedBytes
    const goesOn = connection.drain()
    this.garbage.old(waitedBytes - connection.queuedBytes)
    if (goesOn) this.serve(connection)
    this.serveUnblocked()
    this.afterReplies(connection)
  }

  private ended(connection: Connection | undefined): void {
    if (connection === undefined) return
    connection.ended = true
    // Redis takes the end of a blocked client's requests for its end.
    if (connection.isBlocked) this.blocked.forget(connection.session)
    this.afterReplies(connection)
  }

  private closed(connection: Connection | undefined): void {
    if (connection === undefined) return
    this.garbage.old(connection.queuedBytes)
    if (connection.isBlocked) this.blocked.forget(connection.session)
    this.dispatcher.context.watches.forget(connection.session)
    if (connection.session.isSubscribed) this.channels.forget(connection.session)
    connection.release()
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
      } else if (connection.queuedBytes > 0 && this.cutIfOver(connection, nowMs)) continue
      else if (
        timeoutSeconds > 0 &&
        !connection.isBlocked &&
        !connection.session.isSubscribed &&
        nowMs - connection.session.activeMs > timeoutSeconds * 1000
      )
        connection.cut()
    }
  }

  /** Closes a client at once. */
  kill(session: Session): void {
    const connection = this.connections.get(session.id)
    if (connection === undefined) return
    if (connection === this.serving) session.closing = true
    else connection.cut()
  }

  /**
   * Bytes that are no reply: at the end of the turn. For the client whose reply is being written, before that reply or
   * behind it, never inside; Redis 7.0 lets them fall into the middle of an array, where no client expects them.
   */
  push(session: Session, bytes: Uint8Array): void {
    const connection = this.connections.get(session.id)
    if (connection === undefined || connection.closed || connection.isOverrun) return
    const { outbox } = this
    const { reply } = outbox
    if (connection !== this.writing) outbox.push(connection, bytes)
    else if (reply.size > this.replyStart || this.isMuted) connection.push(bytes)
    else {
      reply.encoded(bytes)
      this.replyStart = reply.size
    }
    const { hardBytes } = this.limitsOf(connection)
    // Not cut here: the command that runs may be about this very client.
    if (hardBytes !== 0 && connection.queuedBytes + connection.pushedBytes > hardBytes) connection.isOverrun = true
  }

  /** The confirmation of a subscription stands where a reply would, and CLIENT REPLY does not silence it. */
  confirm(bytes: Uint8Array): void {
    if (this.isMuted) this.writing?.push(bytes)
    else this.outbox.reply.encoded(bytes)
  }

  /** Sends the replies of this turn of the loop now. */
  endTurn(): void {
    this.outbox.flush()
  }

  /** Closes all clients after what is queued for them, as far as they take it. */
  closeAll(): void {
    // SHUTDOWN runs in the middle of a chunk: what came before it in there has its replies too.
    if (this.serving !== undefined) this.outbox.add(this.serving)
    this.blocked.stop()
    this.endTurn()
    for (const connection of this.connections.values()) {
      connection.drain()
      connection.cut()
    }
  }

  list(): ClientView[] {
    const { serving } = this
    const served = { requestBytes: this.running.buf.length, replyBufferBytes: this.outbox.reply.buf.length }
    return [...this.connections.values()].map(c => viewOf(c, c === serving ? served : IDLE))
  }
}
