// Which requests CLIENT PAUSE holds back. Looked up once for a run of commands, as flags of the rows that are held; what
// becomes of a request that is held is paused.ts's.

import { FLAG_WAITS_FOR_ALL, FLAG_WAITS_FOR_WRITE, type TableRow } from '../commands/table.ts'
import { Pauses } from '../session/pauses.ts'
import type { Session } from '../session/session.ts'

export class Holds {
  readonly pauses = new Pauses()

  /** The flags of commands that a pause holds. */
  flagsFor(session: Session): number {
    if (this.pauses.isEmpty || session.isMonitor) return 0
    const kind = this.pauses.kindFor(session)
    return kind === undefined ? 0 : kind === 'all' ? FLAG_WAITS_FOR_ALL : FLAG_WAITS_FOR_WRITE
  }

  /** Whether a pause holds what the client would change. */
  isPaused(session: Session): boolean {
    return this.flagsFor(session) !== 0
  }

  /** Whether a pause holds a request that has passed the gates; EXEC counts as what it would run. */
  holds(row: TableRow, session: Session): boolean {
    const held = this.flagsFor(session)
    if (held === 0) return false
    const flags = row.name === 'exec' ? row.flags | (session.transaction?.flags ?? 0) : row.flags
    return (flags & held) !== 0
  }
}
