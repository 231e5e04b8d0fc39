// A bare TCP or Unix connection for tests that care about bytes: what arrives, when it ends, and when nothing is read.

import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

const PATIENCE_MS = 10_000

export class Raw implements Disposable {
  readonly socket: Socket
  /** All that has arrived, Latin-1. */
  text = ''
  closed = false
  /** What broke the connection; undefined after an orderly end. */
  error: Error | undefined
  private changed: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    const note = (): void => this.changed?.()
    socket.on('data', (chunk: string) => {
      this.text += chunk
      note()
    })
    socket.on('error', error => {
      this.error = error
      note()
    })
    // Half open only on the side that the test closes.
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      this.closed = true
      note()
    })
  }

  static async open(to: number | string): Promise<Raw> {
    const options: NetConnectOpts = typeof to === 'number' ? { host: '127.0.0.1', port: to } : { path: to }
    const socket = connect({ ...options, allowHalfOpen: true })
    const raw = new Raw(socket)
    await once(socket, 'connect')
    return raw
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Waits until `holds` of what has arrived. */
  async until(what: string, holds: () => boolean, limitMs = PATIENCE_MS): Promise<this> {
    const end = performance.now() + limitMs
    while (!holds()) {
      const left = end - performance.now()
      if (left <= 0)
        throw new Error(`not within ${limitMs} ms: ${what}; got ${JSON.stringify(this.text.slice(0, 200))}`)
      const change = Promise.withResolvers<void>()
      this.changed = change.resolve
      const timer = setTimeout(change.resolve, left)
      await change.promise
      clearTimeout(timer)
    }
    return this
  }

  /** Waits for exactly this text and forgets it. */
  async expect(text: string, limitMs = PATIENCE_MS): Promise<this> {
    await this.until(JSON.stringify(text.slice(0, 60)), () => this.text.length >= text.length || this.closed, limitMs)
    const got = this.text.slice(0, text.length)
    if (got !== text)
      throw new Error(`expected ${JSON.stringify(text)}, got ${JSON.stringify(this.text.slice(0, 200))}`)
    this.text = this.text.slice(text.length)
    return this
  }

  async untilClosed(limitMs = PATIENCE_MS): Promise<this> {
    return await this.until('closed by the server', () => this.closed, limitMs)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}
