// A whole server without sockets: clients talk to it through the handlers that Bun would call, and the clock stands still
// until a test moves it. Replies are there when send() returns.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Socket } from 'bun'
import { Config } from '../../src/server/config/config.ts'
import { settingNamed } from '../../src/server/config/table.ts'
import type { Connection } from '../../src/server/connection.ts'
import type { Log } from '../../src/server/log.ts'
import { Server } from '../../src/server/server.ts'
import { ManualClock } from '../../src/store/clock.ts'
import { bytesOf, type Reply, ReplyReader, request } from './resp.ts'

/** A round number of seconds, so that EXPIREAT and TTL are easy to write down. */
export const START_MS = 1_700_000_000_000

/** Directive name and value, as on the command line. */
export type Settings = Readonly<Record<string, string>>

export class Engine {
  readonly server: Server
  readonly clock = new ManualClock(START_MS)
  readonly config = new Config()
  /** Thrown values that were no replies: bugs of ours. */
  readonly bugs: string[] = []
  private readonly directory = mkdtempSync(join(tmpdir(), 'kvns-test-'))

  /** `arenas`: a server that has just started has them later. */
  constructor(settings: Settings = {}, seed = 1, arenas: 'now' | 'later' = 'now') {
    const all = {
      dir: this.directory,
      'persist-path': join(this.directory, 'test.kvns'),
      'enable-debug-command': 'yes',
      ...settings,
    }
    for (const [name, value] of Object.entries(all)) this.assign(name, value)
    const quiet = (): void => undefined
    const heard = (...line: readonly unknown[]): void => {
      const text = JSON.stringify(line)
      if (/internal error|bug/.test(text)) this.bugs.push(text)
    }
    const log: Log = { level: 'error', debug: quiet, info: quiet, warn: quiet, error: heard, fatal: heard }
    this.server = new Server(this.config, log, this.clock, seed)
    if (arenas === 'now') this.server.keys.reserveArenas()
  }

  private assign(name: string, value: string): void {
    const setting = settingNamed(name)
    if (setting === undefined) throw new Error(`no setting ${name}`)
    this.config.assign(setting, [value], 'flag')
  }

  /** `from`: the address that the client has. */
  connect(from = '127.0.0.1'): Client {
    return new Client(this.server, from)
  }

  /** Time passes; who has waited long enough is sent away. */
  advance(ms: number): void {
    this.clock.advance(ms)
    this.server.clients.blocked.endWaits()
    this.server.clients.paused.endPauses()
    this.server.clients.endTurn()
  }

  /** Removes what is due, as the server does between commands. */
  sweep(): void {
    while (this.server.expiry.slice());
  }

  [Symbol.dispose](): void {
    // Every engine reserves gigabytes of addresses, and the collector is in no hurry to give them back.
    if (++disposed % ENGINES_PER_COLLECTION === 0) Bun.gc(true)
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** Well below what the address space of a process holds. */
const ENGINES_PER_COLLECTION = 200
let disposed = 0
let nextPort = 50_000

/** The other side of a connection. */
export class Client {
  /** The server has closed the connection. */
  closed = false
  readonly reader = new ReplyReader()
  private readonly server: Server
  private readonly from: string
  private readonly socket: Socket<Connection>
  private readonly handler: ReturnType<Server['clients']['handler']>

  constructor(server: Server, from: string) {
    this.server = server
    this.from = from
    this.handler = server.clients.handler('tcp')
    this.socket = this.makeSocket()
    this.handler.open?.(this.socket)
  }

  private makeSocket(): Socket<Connection> {
    const close = (): void => {
      if (this.closed) return
      this.closed = true
      this.handler.close?.(this.socket)
    }
    const socket = {
      data: undefined,
      fd: 7,
      remoteAddress: this.from,
      remotePort: nextPort++,
      localAddress: '127.0.0.1',
      localPort: 6379,
      write: (bytes: Uint8Array, from = 0, count = bytes.length - from) => {
        this.reader.feed(bytes.subarray(from, from + count))
        return count
      },
      end: close,
      close,
      terminate: close,
      pause: () => undefined,
      resume: () => undefined,
      setKeepAlive: () => true,
    }
    return socket as unknown as Socket<Connection>
  }

  /** Sends bytes as one chunk, in a turn of the loop of its own. */
  send(bytes: Uint8Array): void {
    if (!this.closed) this.read(new Uint8Array(bytes))
    else this.server.clients.endTurn()
  }

  /** Hands a chunk over as Bun does, which makes no Buffers: their slices are no copies. The server may free it. */
  read(chunk: Uint8Array): void {
    this.handler.data?.(this.socket, chunk as Buffer)
    this.server.clients.endTurn()
  }

  /** Sends bytes in a buffer that is written over as soon as it was read. */
  handleReused(bytes: Uint8Array): void {
    const chunk = new Uint8Array(bytes)
    this.handler.data?.(this.socket, chunk as Buffer)
    chunk.fill(0)
    this.server.clients.endTurn()
  }

  /** Closes the connection from this side. */
  leave(): void {
    this.socket.end()
  }

  /** Says that no more requests come. */
  finish(): void {
    this.handler.end?.(this.socket)
  }

  /** Sends one request and returns its reply. Throws when there is none. */
  call(...words: readonly string[]): Reply {
    this.send(bytesOf(request(words)))
    const reply = this.reader.next()
    if (reply === undefined) throw new Error(`no reply to ${words.join(' ')}`)
    return reply
  }

  /** All replies that have arrived. */
  replies(): Reply[] {
    const all: Reply[] = []
    for (let reply = this.reader.next(); reply !== undefined; reply = this.reader.next()) all.push(reply)
    return all
  }
}
