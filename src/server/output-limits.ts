// What a client may leave unread before it is closed: client-output-buffer-limit, and less for somebody who has not
// logged in.

import type { Session } from '../session/session.ts'
import type { Config } from './config/config.ts'
import type { Connection, OutputLimit } from './connection.ts'
import type { ConnectionCounts } from './connection-counts.ts'
import type { Log } from './log.ts'

/** Somebody who has not logged in may not make us keep more than this (Redis's fix of CVE-2025-21605). */
const UNAUTHENTICATED_OUTPUT_BYTES = 1024

export class OutputLimits {
  private readonly config: Config
  private readonly counts: ConnectionCounts
  private readonly log: Log

  constructor(config: Config, counts: ConnectionCounts, log: Log) {
    this.config = config
    this.counts = counts
    this.log = log
  }

  /** Logged in, or nobody needs to. */
  isTrusted(session: Session): boolean {
    return session.authenticated || this.config.requirepass === ''
  }

  of(connection: Connection): OutputLimit {
    const { normal, pubsub } = this.config.clientOutputBufferLimits
    const { isSubscribed, isMonitor } = connection.session
    if (isSubscribed) return pubsub
    // A monitor is fed like a subscriber. In Redis it is a normal client, of whom nothing is limited by default: one that
    // does not read takes all memory.
    return isMonitor && normal.hardBytes === 0 && normal.softBytes === 0 ? pubsub : normal
  }

  cutIfOver(connection: Connection, nowMs: number): boolean {
    const stranger = !this.isTrusted(connection.session) && connection.queuedBytes > UNAUTHENTICATED_OUTPUT_BYTES
    if (!stranger && !connection.isOver(this.of(connection), nowMs)) return false
    this.cut(connection, 0)
    return true
  }

  /** `freshBytes` would have come to what is queued. */
  cut(connection: Connection, freshBytes: number): void {
    this.counts.cutForOutput++
    this.log.warn(
      { client: connection.session.id, bytes: connection.queuedBytes + freshBytes },
      'client closed for not reading its replies (client-output-buffer-limit)',
    )
    connection.cut()
  }
}
