// Who watches with MONITOR, and the lines that they get: each command as it ran, encoded once for all who see it. The line
// is a simple string in either protocol, and no push: Redis has it so.
//
//   +1700000000.123456 [0 127.0.0.1:50000] "set" "k" "v"

import { QuotedLine } from '../bytes/quote.ts'
import type { Args } from '../commands/args.ts'
import type { Onlooker } from '../commands/onlooker.ts'
import { secretWords } from '../commands/secrets.ts'
import type { Services } from '../commands/services.ts'
import { FLAG_ADMIN, type TableRow } from '../commands/table.ts'
import type { Session } from '../session/session.ts'
import type { Waiting } from '../session/waiting.ts'

const NO_PORT = ':0'

export interface MonitorsHost {
  /** Those who look at every command. */
  readonly onlookers: Onlooker[]
  readonly context: { readonly services: Services; readonly waiting: Waiting }
}

export class Monitors implements Onlooker {
  private readonly host: MonitorsHost
  private readonly sessions = new Set<Session>()

  constructor(host: MonitorsHost) {
    this.host = host
  }

  add(session: Session): void {
    session.isMonitor = true
    if (this.sessions.size === 0) this.host.onlookers.push(this)
    this.sessions.add(session)
  }

  /** RESET, or the client is gone. */
  remove(session: Session): void {
    session.isMonitor = false
    if (!this.sessions.delete(session) || this.sessions.size > 0) return
    this.host.onlookers.splice(this.host.onlookers.indexOf(this), 1)
  }

  /** A command that may wait is shown when it comes; whether it waits is not known yet, and it may wait for ever. */
  before(session: Session, row: TableRow, args: Args): void {
    if (this.mayWait(row) && this.host.context.waiting.wokenBy === 0) this.show(session, row, args)
  }

  /** All others are shown when they have run, so that EXEC comes behind what it ran. */
  after(session: Session, row: TableRow, args: Args): void {
    if (!this.mayWait(row)) this.show(session, row, args)
  }

  private mayWait({ row }: TableRow): boolean {
    return this.host.context.waiting.isAllowed && row.flags.includes('blocking')
  }

  private show(session: Session, row: TableRow, args: Args): void {
    if ((row.flags & FLAG_ADMIN) !== 0 || row.row.flags.includes('skip_monitor')) return
    const { services } = this.host.context
    let line: Uint8Array | undefined
    for (const monitor of this.sessions) {
      if (!monitor.sees(session) || monitor.replies === 'off') continue
      line ??= lineOf(session, args, secretWords(row, args, services), services.nowMicros())
      services.clients.push(monitor, line)
    }
  }
}

function lineOf(session: Session, args: Args, secrets: ReadonlySet<number>, nowMicros: number): Uint8Array {
  const seconds = Math.floor(nowMicros / 1e6)
  const micros = String(Math.floor(nowMicros % 1e6)).padStart(6, '0')
  const line = new QuotedLine(`+${seconds}.${micros} [${session.db} ${sourceOf(session)}]`)
  for (let i = 0; i < args.count; i++) {
    if (line.isFull) {
      line.plain(` "... (${args.count - i} more arguments)"`)
      break
    }
    if (secrets.has(i)) line.plain(' "(redacted)"')
    else line.word(args.buf, args.starts[i], args.ends[i])
  }
  return line.end()
}

/** In CLIENT LIST the path of a unix socket has a port, which nothing else has: 0. */
function sourceOf({ address }: Session): string {
  return address.endsWith(NO_PORT) ? `unix:${address.slice(0, -NO_PORT.length)}` : address
}
