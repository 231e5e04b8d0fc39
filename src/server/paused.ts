// Keeps the clients whose next request a pause holds (CLIENT PAUSE), in the order in which they came, and sets them going
// when it is over. The request itself, and what the client sends meanwhile, stay with the connection.

import type { PauseKind, Pauses } from '../session/pauses.ts'
import type { Session } from '../session/session.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Connection } from './connection.ts'

/** setTimeout counts no further than 24 days. */
const LONGEST_TIMER_MS = 86_400_000

/** What the connections do for it. */
export interface PausedHost {
  /** A pause has become milder or is over: these may run their requests. */
  resume(connections: readonly Connection[]): void
  /** Serves them now. */
  goOn(): void
}

export class Paused {
  private readonly pauses: Pauses
  private readonly keys: Keyspace
  private readonly host: PausedHost
  private readonly nowMs: () => number
  /** By what each is held. */
  private readonly held = new Map<Connection, PauseKind>()
  private timer: Timer | undefined
  private readonly onTimer = (): void => this.endPauses()

  constructor(pauses: Pauses, keys: Keyspace, host: PausedHost, nowMs: () => number) {
    this.pauses = pauses
    this.keys = keys
    this.host = host
    this.nowMs = nowMs
  }

  /** Clients whose request waits for the end of a pause. */
  get count(): number {
    return this.held.size
  }

  hold(connection: Connection): void {
    this.held.set(connection, this.pauses.kindFor(connection.session) ?? 'all')
  }

  /** The client is gone. */
  forget(connection: Connection): void {
    this.held.delete(connection)
  }

  begin(by: Session, kind: PauseKind, untilMs: number): void {
    this.pauses.begin(by, kind, untilMs)
    this.endOverdue()
  }

  end(by: Session): void {
    this.pauses.end(by)
    this.follow()
  }

  /** Ends the pauses whose time is over and serves whom they held. */
  endPauses(): void {
    this.keys.setNow(this.nowMs())
    this.endOverdue()
    this.host.goOn()
  }

  private endOverdue(): void {
    if (this.pauses.isEmpty) return
    this.pauses.endOverdue(this.nowMs())
    this.follow()
  }

  /** Some pause has changed. */
  follow(): void {
    clearTimeout(this.timer)
    this.keys.keepsExpired = this.pauses.holdsEverybody
    if (!this.pauses.isEmpty) {
      const delay = Math.min(LONGEST_TIMER_MS, Math.max(1, this.pauses.earliestMs + 1 - this.nowMs()))
      this.timer = setTimeout(this.onTimer, delay)
      this.timer.unref()
    }
    const free: Connection[] = []
    for (const [connection, by] of this.held) {
      const kind = this.pauses.kindFor(connection.session)
      if (kind === by || kind === 'all') continue
      this.held.delete(connection)
      free.push(connection)
    }
    this.host.resume(free)
  }

  stop(): void {
    clearTimeout(this.timer)
  }
}
