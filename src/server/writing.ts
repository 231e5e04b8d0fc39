// Whose reply is being written, and where messages go meanwhile. All connections of a turn write into one buffer, so
// what is written belongs to somebody at every moment: to the client that is served, or to one whose wait has ended.
// Messages for that client stand before its reply or behind it, never inside; Redis 7.0 lets them fall into the middle
// of an array, where no client expects them.

import type { Connection } from './connection.ts'
import type { ConnectionCounts } from './connection-counts.ts'
import type { Outbox } from './outbox.ts'
import type { OutputLimits } from './output-limits.ts'

export type PushPlace = 'around' | 'behind'

export class Writing {
  /** Whose the replies are that are being written. */
  connection: Connection | undefined
  /** Where in the writer the reply of the running command begins. */
  replyStart = 0
  /** That reply is not to be sent. */
  isMuted = false
  private readonly outbox: Outbox
  private readonly limits: OutputLimits
  private readonly counts: ConnectionCounts

  constructor(outbox: Outbox, limits: OutputLimits, counts: ConnectionCounts) {
    this.outbox = outbox
    this.limits = limits
    this.counts = counts
  }

  /** What is written from here on is for this client; what was written so far, for the one before. */
  turnTo(connection: Connection | undefined): void {
    const { connection: before, outbox } = this
    if (before === connection) return
    if (before !== undefined) {
      if (before.pushedBytes > 0) this.writePushes(before)
      if (outbox.fresh > 0) this.addReplies(before)
    }
    this.connection = connection
    if (connection !== undefined && connection.pushedBytes > 0) this.writePushes(connection)
    this.isMuted = connection?.isMuted === true
    this.replyStart = outbox.reply.size
  }

  /** What was published to the client comes before what is written next. */
  writePushes(connection: Connection): void {
    for (const push of connection.takePushes()) this.outbox.reply.encoded(push)
  }

  /** Takes back the reply of the running command. */
  dropReply(): void {
    this.outbox.reply.rewind(this.replyStart)
  }

  /** Replies count against the hard limit before the socket is tried, as in Redis: one that is too large is never sent. */
  addReplies(connection: Connection): void {
    const { outbox, limits } = this
    const { hardBytes } = limits.of(connection)
    if (hardBytes !== 0 && connection.queuedBytes + outbox.fresh > hardBytes) limits.cut(connection, outbox.fresh)
    this.counts.bytesOut += outbox.add(connection)
  }

  /**
   * Bytes that are no reply: they leave at the end of the turn, or around the reply that is being written; `behind`: never
   * before that reply.
   */
  push(connection: Connection, bytes: Uint8Array, place: PushPlace): void {
    if (connection.closed || connection.isOverrun) return
    const { outbox } = this
    const { reply } = outbox
    if (connection !== this.connection) outbox.push(connection, bytes)
    else if (place === 'behind' || reply.size > this.replyStart || this.isMuted) connection.push(bytes)
    else {
      reply.encoded(bytes)
      this.replyStart = reply.size
    }
    const { hardBytes } = this.limits.of(connection)
    // Not cut here: the command that runs may be about this very client.
    if (hardBytes !== 0 && connection.queuedBytes + connection.pushedBytes > hardBytes) connection.isOverrun = true
  }

  /** The confirmation of a subscription stands where a reply would, and CLIENT REPLY does not silence it. */
  confirm(bytes: Uint8Array): void {
    if (this.isMuted) this.connection?.push(bytes)
    else this.outbox.reply.encoded(bytes)
  }
}
