// A bare TCP client for scripts that send odd bytes: it queues what the socket does not take, can stop reading, half close
// and vanish with a reset. It keeps the first bytes that arrive and counts the rest.

import type { Socket } from 'bun'

/** What `text` holds at most; beyond, bytes are only counted. */
const KEPT_BYTES = 1 << 20
const PATIENCE_MS = 10_000

export class Peer implements Disposable {
  /** What arrived, Latin-1, up to a megabyte. */
  text = ''
  receivedBytes = 0
  closed = false
  private socket: Socket<undefined> | undefined
  private readonly queue: Uint8Array[] = []
  private changed: (() => void) | undefined

  /** Connects to a port of the loopback interface. Throws what the system says. */
  static async open(port: number): Promise<Peer> {
    const peer = new Peer()
    await Bun.connect<undefined>({
      hostname: '127.0.0.1',
      port,
      allowHalfOpen: true,
      socket: {
        open: socket => {
          peer.socket = socket
        },
        data: (_socket, chunk) => peer.took(chunk),
        drain: () => peer.pump(),
        end: socket => {
          socket.end()
        },
        close: () => peer.gone(),
        error: () => peer.gone(),
      },
    })
    return peer
  }

  private took(chunk: Buffer): void {
    this.receivedBytes += chunk.length
    const room = KEPT_BYTES - this.text.length
    if (room > 0) this.text += chunk.toString('latin1', 0, Math.min(room, chunk.length))
    this.changed?.()
  }

  private gone(): void {
    this.closed = true
    this.queue.length = 0
    this.changed?.()
  }

  /** Sends a byte string (one char is one byte) or bytes, which must not change afterwards. */
  send(bytes: string | Uint8Array): this {
    if (this.closed) return this
    this.queue.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    if (this.queue.length === 1) this.pump()
    return this
  }

  private pump(): void {
    for (let head = this.queue[0]; head !== undefined && !this.closed; head = this.queue[0]) {
      const taken = Math.max(0, this.socket?.write(head, 0, head.length) ?? 0)
      if (taken < head.length) {
        this.queue[0] = head.subarray(taken)
        return
      }
      this.queue.shift()
    }
  }

  stopReading(): this {
    this.socket?.pause()
    return this
  }

  /** Says that no more will be sent; goes on reading. */
  halfClose(): this {
    this.socket?.shutdown()
    return this
  }

  /** Vanishes with a reset, whatever is under way. */
  reset(): void {
    if (!this.closed) this.socket?.terminate()
    this.closed = true
    this.queue.length = 0
  }

  close(): void {
    if (!this.closed) this.socket?.end()
  }

  /** Waits until `holds` or the time is over; answers whether it held. Looks each time something arrives. */
  async until(holds: () => boolean, limitMs = PATIENCE_MS): Promise<boolean> {
    const end = performance.now() + limitMs
    while (!holds()) {
      const left = end - performance.now()
      if (left <= 0) return false
      const change = Promise.withResolvers<void>()
      this.changed = change.resolve
      const timer = setTimeout(change.resolve, left)
      await change.promise
      clearTimeout(timer)
    }
    return true
  }

  /** Sends a request and answers what came once `lines` line ends are there; what came before is forgotten. */
  async ask(bytes: string, lines = 1): Promise<string> {
    this.text = ''
    this.send(bytes)
    await this.until(() => this.closed || this.text.split('\r\n').length > lines)
    return this.text
  }

  [Symbol.dispose](): void {
    this.reset()
  }
}

/** A request as clients send it. One char is one byte. */
export function encode(words: readonly string[]): string {
  let text = `*${words.length}\r\n`
  for (const word of words) text += `$${word.length}\r\n${word}\r\n`
  return text
}
