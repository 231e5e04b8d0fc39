// One client's socket: requests in, replies out, and what waits because the client does not read. What the socket does not
// take is queued here, bounded by client-output-buffer-limit, and a client with much of it is not read from until it has
// taken it.
//
// Replies are copied into the queue. Published messages are queued as they are, whatever part of them the socket took
// before: a thousand slow subscribers hold one copy. Short pieces leave together, put into one buffer of all connections.

import type { Socket } from 'bun'
import type { Args } from '../commands/args.ts'
import { type ParserLimits, RequestParser } from '../resp/parser.ts'
import type { Session } from '../session/session.ts'

/** Queued replies above which we stop reading requests of the client, and below which we go on. */
const PAUSE_BYTES = 64 << 20
const RESUME_BYTES = PAUSE_BYTES / 2
/** Where queued pieces are put together; shorter ones than a quarter of it are. */
const together = new Uint8Array(64 << 10)
const SHORT_BYTES = together.length / 4
/** Pieces of the queue that were sent are removed in batches of at least so many. */
const SENT_PIECES = 1024
const NO_BYTES = new Uint8Array(0)

/** Bytes: a client over `hard`, or over `soft` for `softSeconds`, is cut. 0 is no limit. */
export interface OutputLimit {
  readonly hardBytes: number
  readonly softBytes: number
  readonly softSeconds: number
}

export class Connection {
  readonly socket: Socket<Connection>
  readonly session: Session
  readonly parser: RequestParser
  readonly unix: boolean
  closed = false
  /** The other side has sent all it wanted to. */
  ended = false
  /** When we said goodbye, ms; 0 before. */
  endingMs = 0
  queuedBytes = 0
  /** Bytes of replies in the writer that all connections share, which leave when the turn ends. */
  writtenBytes = 0
  /** Requests that were read and wait because the client takes no replies. */
  readonly kept: Args[] = []
  /** Its last request waits for a key; nothing of the client is served meanwhile. */
  isBlocked = false
  /** The request that it waits with is to have no reply (CLIENT REPLY). */
  isMuted = false
  /** More was published to it within a turn than it may leave unread: it gets no more and is cut when the turn ends. */
  isOverrun = false
  private queue: Uint8Array[] = []
  /** The queue's first piece that is not sent. */
  private head = 0
  private pushes: Uint8Array[] = []
  /** Bytes pushed and not on their way yet. */
  pushedBytes = 0
  /** Bytes of that piece that the socket has taken. */
  private sent = 0
  private paused = false
  /** Since when the queue is over the soft limit, ms; 0 when it is not. */
  private overSoftMs = 0

  constructor(socket: Socket<Connection>, session: Session, limits: ParserLimits, unix: boolean) {
    this.socket = socket
    this.session = session
    this.parser = new RequestParser(limits)
    this.unix = unix
  }

  get queuedChunks(): number {
    return this.queue.length - this.head
  }

  /** Requests wait in the parser because the client takes no replies. */
  get isPaused(): boolean {
    return this.paused
  }

  /** Whether requests are left, or may be, in the chunk that was read last. */
  get needsChunk(): boolean {
    return this.isBlocked || this.kept.length > 0 || !this.parser.isDone
  }

  /** Sends buf[start, end), or queues what the socket does not take; the bytes are copied then. */
  send(buf: Uint8Array, start: number, end: number): void {
    if (this.closed || start === end) return
    let from = start
    if (this.queuedBytes === 0) {
      // 0 when the kernel is full, -1 when the client is gone: its close is about to be told.
      const taken = this.socket.write(buf, start, end - start)
      if (taken < 0) return
      from += taken
      if (from === end) return
    }
    this.enqueue(buf.slice(from, end))
    if (this.queuedBytes > PAUSE_BYTES && !this.paused) {
      this.paused = true
      this.socket.pause()
    }
  }

  /** Bytes that are no replies, to be sent at the end of the turn; shared with other connections. */
  push(bytes: Uint8Array): void {
    this.pushes.push(bytes)
    this.pushedBytes += bytes.length
  }

  /** What was pushed and is not on its way yet, as the replies' writer needs it when it must come before them. */
  takePushes(): readonly Uint8Array[] {
    const { pushes } = this
    this.pushes = []
    this.pushedBytes = 0
    return pushes
  }

  /** Sends what was pushed, or queues it; returns its bytes. */
  sendPushes(): number {
    const bytes = this.pushedBytes
    const pushes = this.takePushes()
    if (this.isOverrun) return 0
    const isFirst = this.queuedBytes === 0
    for (const push of pushes) this.enqueue(push)
    if (isFirst) this.sendQueued()
    return bytes
  }

  private enqueue(bytes: Uint8Array): void {
    this.queue.push(bytes)
    this.queuedBytes += bytes.length
  }

  /** Writes from the queue until the socket is full. */
  private sendQueued(): void {
    while (this.queuedBytes > 0 && !this.closed) {
      const first = this.queue[this.head] as Uint8Array
      const left = first.length - this.sent
      let taken = 0
      let offered = left
      if (left >= SHORT_BYTES || left === this.queuedBytes) taken = this.socket.write(first, this.sent, left)
      else {
        offered = this.gather()
        taken = this.socket.write(together, 0, offered)
      }
      if (taken <= 0) return
      this.advance(taken)
      if (taken < offered) return
    }
  }

  /** Copies the first pieces into one buffer, as far as they fit; returns their bytes. */
  private gather(): number {
    let bytes = 0
    let from = this.sent
    for (let i = this.head; i < this.queue.length; i++) {
      const piece = this.queue[i] as Uint8Array
      const left = piece.length - from
      if (bytes + left > together.length) break
      together.set(from === 0 ? piece : piece.subarray(from), bytes)
      bytes += left
      from = 0
    }
    return bytes
  }

  /** The socket has taken so many bytes of the queue. */
  private advance(taken: number): void {
    const { queue } = this
    this.queuedBytes -= taken
    this.sent += taken
    for (let piece = queue[this.head]; piece !== undefined && this.sent >= piece.length; piece = queue[this.head]) {
      this.sent -= piece.length
      queue[this.head++] = NO_BYTES
    }
    if (this.head === queue.length) queue.length = 0
    else if (this.head >= SENT_PIECES && 2 * this.head >= queue.length) queue.splice(0, this.head)
    else return
    this.head = 0
  }

  /** Goes on with the queue. Returns true when reading may go on that had stopped. */
  drain(): boolean {
    this.sendQueued()
    if (this.queuedBytes === 0) this.overSoftMs = 0
    if (!this.paused || this.queuedBytes > RESUME_BYTES) return false
    this.paused = false
    this.socket.resume()
    return true
  }

  /** Stops reading from the client until `takeTurn`, so that others have their turn. */
  yieldTurn(): void {
    this.paused = true
    this.socket.pause()
  }

  /** Goes on after `yieldTurn`; false when the client is gone, goes on already, or has too much to read first. */
  takeTurn(): boolean {
    if (!this.paused || this.closed || this.queuedBytes > PAUSE_BYTES) return false
    this.paused = false
    this.socket.resume()
    return true
  }

  /** Whether the client must be cut for what it has not read. */
  isOver(limit: OutputLimit, nowMs: number): boolean {
    if (this.isOverrun) return true
    if (limit.hardBytes !== 0 && this.queuedBytes > limit.hardBytes) return true
    if (limit.softBytes === 0 || this.queuedBytes <= limit.softBytes) {
      this.overSoftMs = 0
      return false
    }
    if (this.overSoftMs === 0) this.overSoftMs = nowMs
    return nowMs - this.overSoftMs >= limit.softSeconds * 1000
  }

  /** Closes after what is queued has been sent. */
  finish(nowMs: number): void {
    if (this.closed || this.queuedBytes > 0) return
    if (this.endingMs === 0) {
      this.endingMs = nowMs
      this.socket.end()
    }
  }

  /** Closes now; what is queued is lost. */
  cut(): void {
    if (!this.closed) this.socket.close()
  }

  /** The socket is gone. */
  release(): void {
    this.closed = true
    this.queue = []
    this.head = 0
    this.queuedBytes = 0
    this.takePushes()
    this.kept.length = 0
    this.parser.release()
  }
}
