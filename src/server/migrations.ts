// What MIGRATE has under way (commands/migrate.ts): connections to other servers, and the keys that travel on them. A
// request is sent as Redis sends it, AUTH, SELECT and a RESTORE for each key in one go, and one line is read for each.
//
// A connection that has done its work is kept for the next request to the same target with the same credentials. The time
// that a request is given is Redis's: how long nothing may move, while it connects, is sent or is answered.

import type { Socket } from 'bun'
import type { Migration, MigrationOrder } from '../commands/services.ts'
import { CommandError } from '../resp/errors.ts'
import type { Session } from '../session/session.ts'

/** As in Redis: connections kept, and for how long. */
const MOST_LINKS = 64
const KEPT_MS = 10_000
/** Values under way at one time, of all clients. */
const MOST_BYTES = 1 << 30
/** Small parts of a request are sent together. */
const PART_BYTES = 64 << 10
/** Redis reads no longer lines; more than this without an end is no answer. */
const LINE_BYTES = 1023
const MOST_LINE_BYTES = 64 << 10
/** setTimeout counts no further. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const BUSY = new CommandError('ERR too much is being migrated already')
const NOT_CONNECTED = 'IOERR error or timeout connecting to the client'

/** A connection to a target. */
class Link {
  readonly target: string
  readonly socket: Socket<Link>
  /** The database that is selected there; undefined when nobody knows. */
  db: string | undefined
  usedMs = 0
  transfer: Transfer | undefined

  constructor(target: string, socket: Socket<Link>) {
    this.target = target
    this.socket = socket
  }
}

/** A request to a target: what is to be sent, and what has been answered. */
class Transfer {
  readonly order: MigrationOrder
  readonly bytes: number
  readonly accepted: number[] = []
  problem: string | undefined
  /** Another connection is tried once when nothing was answered: a kept one may have been closed long ago. */
  mayRetry = true
  timer: Timer | undefined
  link: Link | undefined
  /** Numbers of the keys that are sent: those whose time is not over. */
  sent: number[] = []
  /** What is still to be written, and how far the first of it is. */
  parts: Uint8Array[] = []
  offset = 0
  /** Answers to AUTH and SELECT that are still to come, and keys answered. */
  before = 0
  answered = 0
  /** One of AUTH and SELECT was an error: what was restored after that went elsewhere, if at all. */
  isRefused = false
  text = ''

  constructor(order: MigrationOrder) {
    this.order = order
    this.bytes = order.keys.reduce((sum, { payload }) => sum + payload.length, 0)
  }

  get isWritten(): boolean {
    return this.parts.length === 0
  }
}

/** Puts words together as requests, small ones in one piece. */
class RequestParts {
  readonly parts: Uint8Array[] = []
  private small: Uint8Array[] = []
  private bytes = 0

  request(words: readonly (string | Uint8Array)[]): void {
    this.add(Buffer.from(`*${words.length}\r\n`))
    for (const word of words) {
      this.add(Buffer.from(`$${word.length}\r\n`))
      this.add(typeof word === 'string' ? Buffer.from(word, 'latin1') : word)
      this.add(Buffer.from('\r\n'))
    }
  }

  private add(bytes: Uint8Array): void {
    if (bytes.length > PART_BYTES) {
      this.flush()
      this.parts.push(bytes)
      return
    }
    this.small.push(bytes)
    this.bytes += bytes.length
    if (this.bytes > PART_BYTES) this.flush()
  }

  flush(): void {
    if (this.bytes > 0) this.parts.push(Buffer.concat(this.small))
    this.small = []
    this.bytes = 0
  }
}

export interface MigrationsOptions {
  readonly nowMs: () => number
  /** The client's request may run again: take() says how it went. */
  readonly wake: (session: Session) => void
}

export class Migrations {
  private readonly options: MigrationsOptions
  /** By target: those that have nothing to do. */
  private readonly idle = new Map<string, Link>()
  private readonly running = new Map<Session, Transfer>()
  private readonly ended = new Map<Session, Transfer>()

  constructor(options: MigrationsOptions) {
    this.options = options
  }

  /** Connections to other servers. */
  get links(): number {
    let busy = 0
    for (const { link } of this.running.values()) if (link !== undefined) busy++
    return this.idle.size + busy
  }

  /** Sends keys while the client waits. Throws when too much is under way. */
  start(session: Session, order: MigrationOrder): void {
    const transfer = new Transfer(order)
    let { bytes } = transfer
    for (const other of this.running.values()) bytes += other.bytes
    if (this.running.size >= MOST_LINKS || bytes > MOST_BYTES) throw BUSY
    this.running.set(session, transfer)
    this.connect(session, transfer)
  }

  /** How the client's request has ended; it is forgotten then. */
  take(session: Session): Migration | undefined {
    const transfer = this.ended.get(session)
    if (transfer === undefined) return undefined
    this.ended.delete(session)
    return { keys: transfer.order.keys, accepted: transfer.accepted, problem: transfer.problem }
  }

  /** The client is gone: nobody is there to be told, so the keys stay here. */
  cancel(session: Session): void {
    this.ended.delete(session)
    const transfer = this.running.get(session)
    if (transfer === undefined) return
    this.running.delete(session)
    this.leave(transfer)
  }

  /** Closes what nobody has used for a while. */
  tick(): void {
    const before = this.options.nowMs() - KEPT_MS
    for (const link of this.idle.values()) if (link.usedMs < before) this.drop(link)
  }

  stop(): void {
    for (const link of this.idle.values()) this.drop(link)
    for (const session of this.running.keys()) this.cancel(session)
  }

  // ---- connections ------------------------------------------------------------------------------------------------

  private connect(session: Session, transfer: Transfer): void {
    const { host, port, auth } = transfer.order
    const target = JSON.stringify([host, port, ...auth.map(word => Buffer.from(word).toString('latin1'))])
    const kept = this.idle.get(target)
    if (kept !== undefined && transfer.mayRetry) {
      this.idle.delete(target)
      this.send(session, transfer, kept)
      return
    }
    this.watch(session, transfer)
    // As atoi does, which Redis reads the port with.
    const number = Number(/^\s*(\d+)/.exec(port)?.[1] ?? 0)
    if (number < 1 || number > 65535) {
      this.end(session, transfer, NOT_CONNECTED)
      return
    }
    this.open(host, number).then(
      socket => {
        const link = new Link(target, socket)
        socket.data = link
        socket.setNoDelay(true)
        if (this.running.get(session) === transfer) this.send(session, transfer, link)
        else socket.terminate()
      },
      // Redis connects without waiting, so it meets a refusal when it writes.
      (error: { code?: string }) => {
        this.end(session, transfer, error.code === 'ECONNREFUSED' ? notMoved('writing') : NOT_CONNECTED)
      },
    )
  }

  /** Rejects for what is no address, too. */
  private async open(hostname: string, port: number): Promise<Socket<Link>> {
    return await Bun.connect<Link>({
      hostname,
      port,
      socket: {
        data: ({ data }, chunk) => this.received(data, chunk),
        drain: ({ data }) => this.write(data),
        close: ({ data }) => this.lost(data),
        error: ({ data }) => this.lost(data),
      },
    })
  }

  private drop(link: Link): void {
    if (this.idle.get(link.target) === link) this.idle.delete(link.target)
    link.socket.terminate()
  }

  /** The connection is another's from now on, or nobody's. */
  private leave(transfer: Transfer): void {
    clearTimeout(transfer.timer)
    const { link } = transfer
    transfer.link = undefined
    if (link === undefined) return
    link.transfer = undefined
    this.drop(link)
  }

  private keep(link: Link): void {
    link.usedMs = this.options.nowMs()
    const before = this.idle.get(link.target)
    if (before !== undefined) this.drop(before)
    const [oldest] = this.idle.values()
    if (this.idle.size >= MOST_LINKS && oldest !== undefined) this.drop(oldest)
    this.idle.set(link.target, link)
  }

  // ---- what travels -----------------------------------------------------------------------------------------------

  private send(session: Session, transfer: Transfer, link: Link): void {
    const { auth, db, keys, replace } = transfer.order
    const { nowMs } = this.options
    const requests = new RequestParts()
    transfer.before = 0
    if (auth.length > 0) {
      requests.request(['AUTH', ...auth])
      transfer.before++
    }
    if (link.db !== db) {
      requests.request(['SELECT', db])
      transfer.before++
    }
    transfer.sent = []
    for (const [i, { name, deadline, payload }] of keys.entries()) {
      const ttl = deadline === 0 ? 0 : Math.max(1, deadline - nowMs())
      if (deadline !== 0 && deadline < nowMs()) continue
      requests.request(['RESTORE', name, String(ttl), payload, ...(replace ? ['REPLACE'] : [])])
      transfer.sent.push(i)
    }
    requests.flush()
    transfer.parts = requests.parts
    transfer.offset = 0
    transfer.answered = 0
    transfer.isRefused = false
    transfer.text = ''
    transfer.link = link
    link.transfer = transfer
    this.watch(session, transfer)
    this.write(link)
  }

  /** From here on something has to move within the time that was given. */
  private watch(session: Session, transfer: Transfer): void {
    clearTimeout(transfer.timer)
    const ms = Math.min(transfer.order.timeoutMs, LONGEST_TIMER_MS)
    transfer.timer = setTimeout(() => {
      transfer.mayRetry = false
      this.failed(session, transfer)
    }, ms)
  }

  private sessionOf(transfer: Transfer): Session {
    for (const [session, running] of this.running) if (running === transfer) return session
    throw new Error('a connection of MIGRATE without a request')
  }

  private write(link: Link | undefined): void {
    const transfer = link?.transfer
    if (link === undefined || transfer === undefined) return
    const session = this.sessionOf(transfer)
    while (!transfer.isWritten) {
      const part = transfer.parts[0] as Uint8Array
      const written = link.socket.write(part, transfer.offset, part.length - transfer.offset)
      if (written < 0) {
        this.failed(session, transfer)
        return
      }
      if (written > 0) this.watch(session, transfer)
      transfer.offset += written
      if (transfer.offset < part.length) return
      transfer.parts.shift()
      transfer.offset = 0
    }
    if (transfer.sent.length === 0 && transfer.before === 0) this.end(session, transfer, undefined)
  }

  private received(link: Link | undefined, chunk: Uint8Array): void {
    const transfer = link?.transfer
    if (link === undefined) return
    if (transfer === undefined) {
      // Nobody has asked for anything.
      this.drop(link)
      return
    }
    const session = this.sessionOf(transfer)
    this.watch(session, transfer)
    const lines = (transfer.text + Buffer.from(chunk).toString('latin1')).split('\n')
    transfer.text = lines.pop() ?? ''
    for (const line of lines) {
      if (transfer.link !== undefined) this.answered(session, transfer, line)
      else this.drop(link)
    }
    if (transfer.text.length > MOST_LINE_BYTES && transfer.link !== undefined) this.failed(session, transfer)
  }

  private answered(session: Session, transfer: Transfer, line: string): void {
    const { sent } = transfer
    const isError = line.startsWith('-')
    if (isError) transfer.problem ??= refusal(line)
    if (transfer.before > 0) {
      transfer.before--
      transfer.isRefused ||= isError
    } else {
      const key = sent[transfer.answered++] as number
      if (!isError && !transfer.isRefused) transfer.accepted.push(key)
    }
    if (transfer.before === 0 && transfer.answered === sent.length) this.end(session, transfer, transfer.problem)
  }

  // ---- ends -------------------------------------------------------------------------------------------------------

  private lost(link: Link | undefined): void {
    if (link === undefined) return
    if (this.idle.get(link.target) === link) this.idle.delete(link.target)
    const { transfer } = link
    if (transfer !== undefined) this.failed(this.sessionOf(transfer), transfer)
  }

  /** The connection is gone, or nothing moves on it. */
  private failed(session: Session, transfer: Transfer): void {
    const { link, isWritten, mayRetry } = transfer
    this.leave(transfer)
    if (mayRetry && transfer.answered === 0 && transfer.problem === undefined) {
      transfer.mayRetry = false
      this.connect(session, transfer)
      return
    }
    const what = link === undefined ? NOT_CONNECTED : notMoved(isWritten ? 'reading' : 'writing')
    this.end(session, transfer, transfer.problem ?? what)
  }

  private end(session: Session, transfer: Transfer, problem: string | undefined): void {
    if (this.running.get(session) !== transfer) return
    this.running.delete(session)
    clearTimeout(transfer.timer)
    const { link } = transfer
    if (link !== undefined) {
      link.transfer = undefined
      transfer.link = undefined
      link.db = problem === undefined ? transfer.order.db : undefined
      this.keep(link)
    }
    transfer.problem = problem
    this.ended.set(session, transfer)
    // The request may not even have said that it waits.
    queueMicrotask(() => this.options.wake(session))
  }
}

const notMoved = (step: 'reading' | 'writing'): string => `IOERR error or timeout ${step} to target instance`

const refusal = (line: string): string =>
  `ERR Target instance replied with error: ${line.slice(1, LINE_BYTES).replace(/\r$/, '')}`
