// One client's socket: requests in, replies out, and what waits because the client does not read. What the socket does not take is queued here, bounded by
// client-output-buffer-limit, and a client with much of it is not read from until it has taken it.

import type { Socket } from 'bun'
import type { Args } from '../commands/args.ts'
import { type ParserLimits, RequestParser } from '../resp/parser.ts'
import type { Session } from '../session/session.ts'

/** Queued replies above which we stop reading requests of the client, and below which we go on. */
const PAUSE_BYTES = 64 << 20
const RESUME_BYTES = PAUSE_BYTES / 2

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
  /** Requests that were read and wait because the client takes no replies. */
  readonly kept: Args[] = []
  /** Its last request waits for a key; nothing of the client is served meanwhile. */
  isBlocked = false
  private queue: Uint8Array[] = []
  private pushes: Uint8Array[] = []
  /** Bytes pushed and not on their way yet. */
  pushedBytes = 0
  /** Bytes of the queue's first piece that the socket has taken. */
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
    return this.queue.length
  }

  /** Requests wait in the parser because the client takes no replies. */
  get isPaused(): boolean {
    return this.paused
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

  /** Sends what was pushed: short messages in one write, put together in `scratch`. */
  sendPushes(scratch: Uint8Array): void {
    const bytes = this.pushedBytes
    const pushes = this.takePushes()
    if (pushes.length > 1 && bytes <= scratch.length && this.queuedBytes === 0) {
      let at = 0
      for (const push of pushes) {
        scratch.set(push, at)
        at += push.length
      }
      this.send(scratch, 0, at)
      return
    }
    for (const push of pushes) {
      // Queued as it is: a thousand slow subscribers hold one copy of a message.
      if (this.queuedBytes > 0) this.enqueue(push)
      else this.send(push, 0, push.length)
    }
  }

  private enqueue(bytes: Uint8Array): void {
    this.queue.push(bytes)
    this.queuedBytes += bytes.length
  }

  /** Writes from the queue until the socket is full. Returns true when reading may go on that had stopped. */
  drain(): boolean {
    while (this.queue.length > 0 && !this.closed) {
      const head = this.queue[0] as Uint8Array
      const taken = this.socket.write(head, this.sent, head.length - this.sent)
      if (taken <= 0) break
      this.sent += taken
      this.queuedBytes -= taken
      if (this.sent < head.length) break
      this.queue.shift()
      this.sent = 0
    }
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
    this.queuedBytes = 0
    this.takePushes()
    this.kept.length = 0
    this.parser.release()
  }
}
