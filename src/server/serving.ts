// Serves what clients send: takes the whole requests out of a chunk, runs them and hands over their replies, chunk by
// chunk and client by client, so that none waits longer than a few megabytes of replies for another.

import { Args } from '../commands/args.ts'
import { COMMAND, MORE } from '../resp/parser.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import type { Session } from '../session/session.ts'
import { WARM_REQUESTS } from '../store/warm.ts'
import { Blocked, type BlockedHost } from './blocked.ts'
import type { ClientEviction } from './client-eviction.ts'
import type { InHand } from './client-view.ts'
import type { Connection } from './connection.ts'
import type { ConnectionCounts } from './connection-counts.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Garbage } from './garbage.ts'
import { Outbox } from './outbox.ts'
import type { OutputLimits } from './output-limits.ts'
import { Paused, type PausedHost } from './paused.ts'
import { Writing } from './writing.ts'

/** Replies to one chunk are handed to the socket each time they reach this size. More would cost buffers of their own. */
const FLUSH_BYTES = 256 << 10
/** A chunk can hold requests for a gigabyte of replies: after so much of it the other clients have their turn. */
const TURN_BYTES = 4 << 20
/** Messages leave before the end of the turn when so much waits for one subscriber. */
const PUSH_BYTES = 1 << 20
/** A request that was not looked at ahead. */
const ALONE = -1

export interface ServingOptions {
  readonly dispatcher: Dispatcher
  readonly reply: ReplyWriter
  /** The connections by their sessions' ids. */
  readonly connections: ReadonlyMap<number, Connection>
  readonly limits: OutputLimits
  readonly eviction: ClientEviction
  readonly counts: ConnectionCounts
  readonly garbage: Garbage
  readonly nowMs: () => number
}

export class Serving {
  readonly blocked: Blocked
  readonly paused: Paused
  readonly outbox: Outbox
  readonly writing: Writing
  /** Who is being served. */
  connection: Connection | undefined
  private readonly dispatcher: Dispatcher
  private readonly connections: ReadonlyMap<number, Connection>
  private readonly limits: OutputLimits
  private readonly eviction: ClientEviction
  private readonly counts: ConnectionCounts
  private readonly garbage: Garbage
  private readonly nowMs: () => number
  /** Requests are read some at a time, so that their keys can be touched ahead of need. */
  private readonly requests = Array.from({ length: WARM_REQUESTS }, () => new Args())
  private running = new Args()
  /** Clients that were blocked and have sent more meanwhile, perhaps. */
  private unblocked: Connection[] = []
  /** Replies handed over for `connection` in this turn. */
  private turnBytes = 0

  constructor({ dispatcher, reply, connections, limits, eviction, counts, garbage, nowMs }: ServingOptions) {
    this.dispatcher = dispatcher
    this.connections = connections
    this.limits = limits
    this.eviction = eviction
    this.counts = counts
    this.garbage = garbage
    this.nowMs = nowMs
    this.outbox = new Outbox(reply, (connection, pushedBytes) => this.afterSending(connection, pushedBytes))
    this.writing = new Writing(this.outbox, limits, counts)
    const { keys } = dispatcher.context
    this.blocked = new Blocked(keys, dispatcher, reply, this.blockedHost(), nowMs)
    this.paused = new Paused(dispatcher.held.pauses, keys, this.pausedHost(), nowMs)
  }

  /** Runs the whole requests that the parser has; their replies leave at the end of the turn. */
  serve(connection: Connection): void {
    const { dispatcher, outbox, requests, writing } = this
    const { session, parser } = connection
    const { reply } = outbox
    parser.authenticated = this.limits.isTrusted(session)
    this.connection = connection
    writing.connection = connection
    this.turnBytes = 0
    dispatcher.begin(session)
    // What was published to it before its requests came goes before their replies.
    if (connection.pushedBytes > 0) writing.writePushes(connection)
    while (connection.kept.length > 0 && mayServe(connection)) {
      this.execute(connection, connection.kept.shift() as Args, ALONE)
    }
    let result = COMMAND
    let most = 0
    while (result === COMMAND && mayServe(connection)) {
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
        if (mayServe(connection)) this.execute(connection, requests[i] as Args, n > 1 ? i : ALONE)
        else if (connection.isPaused) connection.kept.push(this.replaceRequest(i))
        else if (connection.isBlocked) connection.kept.push((requests[i] as Args).kept())
      }
      most = Math.max(most, n)
    }
    // Requests are read ahead: what is wrong behind a QUIT is never looked at.
    if (result < MORE && connection.kept.length === 0 && !session.closing && !connection.isBlocked) {
      reply.error(parser.error)
      session.closing = true
    }
    dispatcher.end(connection.isBlocked ? undefined : this.running)
    for (let i = 0; i < most; i++) requests[i]?.clear()
    if (connection.isBlocked) parser.own()
    this.connection = undefined
    writing.connection = undefined
    if (outbox.fresh > 0) writing.addReplies(connection)
    else this.afterReplies(connection)
    if (this.eviction.isOn) this.countMemory(connection)
  }

  private execute(connection: Connection, request: Args, ahead: number): void {
    const { session } = connection
    const { outbox, writing } = this
    const { context } = this.dispatcher
    const isMuted = session.replies !== 'on'
    this.running = request
    writing.replyStart = outbox.reply.size
    if (isMuted) this.executeMuted(session, request)
    else if (ahead === ALONE) this.dispatcher.execute(request)
    else this.dispatcher.executeAhead(request, ahead)
    if (context.waiting.isAsked) {
      connection.isBlocked = true
      if (context.waiting.isPostponed) this.postpone(connection, request)
      else {
        connection.isMuted = isMuted
        this.blocked.park(session, request)
      }
    } else if (this.blocked.isDue) this.blocked.settle()
    if (connection.pushedBytes > 0) writing.writePushes(connection)
    connection.parser.authenticated = this.limits.isTrusted(session)
    if (outbox.reply.size > FLUSH_BYTES || outbox.mostPushedBytes > PUSH_BYTES) this.flushFor(connection)
  }

  /** A pause holds the request: it is kept, before those that come behind it. */
  private postpone(connection: Connection, request: Args): void {
    const { waiting } = this.dispatcher.context
    waiting.isAsked = false
    waiting.isPostponed = false
    connection.kept.unshift(request.kept())
    this.paused.hold(connection)
  }

  /** For a client that wants no reply (CLIENT REPLY). What is published to it still comes. */
  private executeMuted(session: Session, request: Args): void {
    if (session.replies === 'skip next') session.replies = 'skip'
    this.writing.isMuted = true
    this.dispatcher.execute(request)
    this.writing.isMuted = false
    // Only CLIENT REPLY ON and RESET turn replies on.
    if (session.replies !== 'on') this.writing.dropReply()
    if (session.replies === 'skip') session.replies = this.dispatcher.context.waiting.isPostponed ? 'skip next' : 'on'
  }

  private blockedHost(): BlockedHost {
    const { writing } = this
    return {
      writeTo: session => writing.turnTo(session === undefined ? this.connection : this.connections.get(session.id)),
      deliver: session => {
        const { connection } = writing
        if (connection?.session !== session) return
        if (connection.isMuted) writing.dropReply()
        connection.isMuted = false
        connection.isBlocked = false
        session.activeMs = this.nowMs()
        this.unblocked.push(connection)
      },
      goOn: () => this.serveUnblocked(),
    }
  }

  private pausedHost(): PausedHost {
    return {
      resume: connections => {
        for (const connection of connections) {
          connection.isBlocked = false
          this.unblocked.push(connection)
        }
        this.blocked.waiters.lookAgain()
      },
      goOn: () => {
        if (this.blocked.isDue) this.blocked.settle()
        this.serveUnblocked()
      },
    }
  }

  /** A client's connection has ended: no request of it waits any more. */
  forget(connection: Connection): void {
    if (!connection.isBlocked) return
    this.blocked.forget(connection.session)
    this.dispatcher.context.services.migrations.cancel(connection.session)
    this.paused.forget(connection)
  }

  /** Clients whose request waits. */
  get blockedCount(): number {
    return this.blocked.waiters.count + this.paused.count
  }

  /** Serves what unblocked clients have sent while they were blocked; that may unblock others. */
  serveUnblocked(): void {
    while (this.unblocked.length > 0) {
      for (const connection of this.unblocked.splice(0)) if (!connection.closed) this.serve(connection)
    }
  }

  /** Takes a request out of the reused ones. */
  private replaceRequest(i: number): Args {
    const taken = this.requests[i] as Args
    taken.keyAt = 0
    this.requests[i] = new Args()
    return taken
  }

  private flushFor(connection: Connection): void {
    const bytes = this.outbox.reply.size
    // A reply longer than the writer's buffers had one of its own.
    if (bytes > 2 * FLUSH_BYTES) this.garbage.young(bytes)
    this.dispatcher.settleLast(connection.isBlocked ? undefined : this.running)
    this.writing.addReplies(connection)
    this.outbox.flush()
    this.dispatcher.resume()
    this.turnBytes += bytes
    if (this.turnBytes > TURN_BYTES && mayServe(connection)) this.letOthers(connection)
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
    // What reaches a subscriber is news of it, too: it is not idle.
    connection.session.activeMs = this.dispatcher.context.keys.nowMs
    if (connection.queuedBytes > 0 || connection.isOverrun) {
      if (this.limits.cutIfOver(connection, this.nowMs())) return
    }
    if (connection !== this.connection) this.afterReplies(connection)
    if (this.eviction.isOn) this.countMemory(connection)
  }

  /** The client may take more memory than before: see maxmemory-clients. */
  countMemory(connection: Connection): void {
    this.eviction.count(connection)
    if (this.connection === undefined) this.eviction.evict()
  }

  /** Says goodbye to a client that is to be closed, once all its replies are sent. */
  afterReplies(connection: Connection): void {
    if (!connection.session.closing && (!connection.ended || connection.isPaused)) return
    // While replies of this turn are still to be sent it is too early; we come here again after that.
    if (!this.outbox.holds(connection)) connection.finish(this.nowMs())
  }

  /** Sends the replies of this turn of the loop now. */
  endTurn(): void {
    this.outbox.endTurn()
  }

  /** The last turn. SHUTDOWN runs in the middle of a chunk: what came before it in there has its replies too. */
  stop(): void {
    if (this.connection !== undefined) this.outbox.add(this.connection)
    this.blocked.stop()
    this.paused.stop()
    this.endTurn()
  }

  /** What a client has in hand at this moment. */
  inHandOf(connection: Connection): InHand {
    const { outbox, running } = this
    const waitingBytes = connection.writtenBytes
    if (connection !== this.connection) {
      return { chunkBytes: 0, wordBytes: 0, replyBytes: waitingBytes, replyBufferBytes: 0 }
    }
    return {
      chunkBytes: running.buf.length,
      wordBytes: running.wordBytes,
      replyBytes: waitingBytes + outbox.fresh,
      replyBufferBytes: outbox.reply.buf.length,
    }
  }
}

function mayServe(connection: Connection): boolean {
  return !connection.session.closing && !connection.closed && !connection.isPaused && !connection.isBlocked
}
