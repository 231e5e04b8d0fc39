// One connection that sends batches of requests and gives back the bytes of each reply, uninterpreted: what two servers
// answer is compared byte for byte. Requests and replies are Latin-1 text, a character a byte.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { request } from '../support/resp.ts'

/** Longest silence within a batch. */
const SILENCE_MS = 10_000
const LF = 10

export type Command = readonly string[]

/** Where the reply that begins at `start` ends, -1 when it is not whole. Throws Error for what is no reply. */
export function replyEnd(buf: Buffer, start: number): number {
  const lineEnd = buf.indexOf(LF, start)
  if (lineEnd < 0) return -1
  const kind = String.fromCharCode(buf[start] ?? 0)
  const after = lineEnd + 1
  if ('+-:_,#('.includes(kind)) return after
  const size = Number(buf.toString('latin1', start + 1, lineEnd - 1))
  if (!Number.isInteger(size)) throw new Error(`no reply: ${JSON.stringify(buf.toString('latin1', start, start + 60))}`)
  if (size < 0) return after
  if ('$='.includes(kind)) return after + size + 2 <= buf.length ? after + size + 2 : -1
  if (!'*~>%|'.includes(kind)) throw new Error(`no reply: ${JSON.stringify(buf.toString('latin1', start, start + 60))}`)
  const parts = kind === '%' ? size * 2 : kind === '|' ? size * 2 + 1 : size
  let end = after
  for (let i = 0; i < parts && end >= 0; i++) end = end < buf.length ? replyEnd(buf, end) : -1
  return end
}

export class Wire {
  private readonly socket: Socket
  private waiting: { replies: string[]; wanted: number; done: () => void; fail: (e: Error) => void } | undefined
  /** The beginning of a reply that is not whole yet. */
  private rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.take(chunk))
    socket.on('error', error => this.waiting?.fail(error))
    socket.on('close', () => this.waiting?.fail(new Error('the server closed the connection')))
    socket.setTimeout(SILENCE_MS, () => this.waiting?.fail(new Error(`no reply within ${SILENCE_MS} ms`)))
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    return new Wire(socket)
  }

  /** Sends the commands as one piece; resolves with the bytes of one reply for each. */
  async batch(commands: readonly Command[]): Promise<string[]> {
    if (commands.length === 0) return []
    const replies: string[] = []
    await new Promise<void>((done, fail) => {
      this.waiting = { replies, wanted: commands.length, done, fail }
      this.socket.write(commands.map(request).join(''), 'latin1')
    }).finally(() => {
      this.waiting = undefined
    })
    return replies
  }

  close(): void {
    this.socket.destroy()
  }

  private take(chunk: Buffer): void {
    const all = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    const { waiting } = this
    let at = 0
    try {
      while (at < all.length) {
        const end = replyEnd(all, at)
        if (end < 0) break
        waiting?.replies.push(all.toString('latin1', at, end))
        at = end
      }
    } catch (error) {
      waiting?.fail(error as Error)
    }
    this.rest = all.subarray(at)
    if (waiting !== undefined && waiting.replies.length >= waiting.wanted) waiting.done()
  }
}
