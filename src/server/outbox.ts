// Replies of one turn of the loop. All connections served in a turn write into one buffer, one after the other; when the
// turn ends, each gets its part in one write. Sent at once, every reply would wake its client by itself: with 50 clients
// and 64 commands a chunk that cost 165 to 180 ns of kernel time a command instead of 70 to 105: the sender pays for it.

import type { ReplyWriter } from '../resp/writer.ts'
import type { Connection } from './connection.ts'

/** The turn's replies are sent early when they reach this size. */
const TURN_BYTES = 256 << 10

export class Outbox {
  /** Where commands write. */
  readonly reply: ReplyWriter
  private readonly connections: Connection[] = []
  /** Bytes of each, in the writer's order. */
  private readonly sizes: number[] = []
  /** Those with pushes, in the order of their first. */
  private readonly pushed: Connection[] = []
  /** The most bytes that wait for one of them. */
  mostPushedBytes = 0
  private total = 0
  private scheduled = false
  /** Called when the turn ends, before its bytes leave. */
  beforeEnd: () => void = () => undefined
  /** Called before replies leave, whenever that is. */
  beforeSending: () => void = () => undefined
  private readonly sent: (connection: Connection, pushedBytes: number) => void
  private readonly endLater = (): void => {
    this.scheduled = false
    this.endTurn()
  }

  /** `sent` is told of each connection whose replies have been handed to its socket, or so many bytes of messages. */
  constructor(reply: ReplyWriter, sent: (connection: Connection, pushedBytes: number) => void) {
    this.reply = reply
    this.sent = sent
  }

  /** Bytes in the writer that belong to nobody yet. */
  get fresh(): number {
    return this.reply.size - this.total
  }

  /** What the writer got since the last call belongs to this connection. */
  add(connection: Connection): number {
    const bytes = this.fresh
    if (bytes === 0) return 0
    this.connections.push(connection)
    this.sizes.push(bytes)
    connection.writtenBytes += bytes
    this.total += bytes
    if (this.total > TURN_BYTES) this.flush()
    else this.schedule()
    return bytes
  }

  /** Bytes that are no reply: they leave at the end of the turn, behind the replies that are there. */
  push(connection: Connection, bytes: Uint8Array): void {
    if (connection.pushedBytes === 0) this.pushed.push(connection)
    connection.push(bytes)
    this.mostPushedBytes = Math.max(this.mostPushedBytes, connection.pushedBytes)
    this.schedule()
  }

  /** The turn is to end, whether there are replies or not. */
  schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(this.endLater)
  }

  /** Whether replies for this connection wait for the end of the turn. */
  holds(connection: Connection): boolean {
    return connection.writtenBytes > 0
  }

  endTurn(): void {
    this.beforeEnd()
    this.flush()
  }

  /** Sends everything now. */
  flush(): void {
    this.beforeSending()
    if (this.connections.length > 0) this.flushReplies()
    if (this.pushed.length > 0) this.flushPushes()
  }

  private flushPushes(): void {
    this.mostPushedBytes = 0
    for (const connection of this.pushed.splice(0)) {
      if (connection.pushedBytes === 0) continue
      this.sent(connection, connection.sendPushes())
    }
  }

  private flushReplies(): void {
    const { reply, connections, sizes } = this
    if (reply.chunks.length === 0) {
      let at = 0
      for (let i = 0; i < connections.length; i++) {
        const end = at + (sizes[i] as number)
        connections[i]?.send(reply.buf, at, end)
        at = end
      }
      reply.clear()
    } else this.sendPieces(reply.take())
    this.total = 0
    const served = connections.splice(0)
    sizes.length = 0
    for (const connection of served) connection.writtenBytes = 0
    for (const connection of served) this.sent(connection, 0)
  }

  /** The same for replies so large that the writer has set buffers aside. */
  private sendPieces(pieces: Uint8Array[]): void {
    let piece = 0
    let at = 0
    for (let i = 0; i < this.connections.length; i++) {
      let left = this.sizes[i] as number
      while (left > 0) {
        const bytes = pieces[piece] as Uint8Array
        const n = Math.min(left, bytes.length - at)
        this.connections[i]?.send(bytes, at, at + n)
        left -= n
        at += n
        if (at === bytes.length) {
          piece++
          at = 0
        }
      }
    }
  }
}
