// Those who look at every command: MONITOR, SLOWLOG, tracking. The dispatcher keeps a list of them; while it is empty,
// nobody pays for more than a look at its length.

import type { Session } from '../session/session.ts'
import type { Args } from './args.ts'
import type { TableRow } from './table.ts'

export interface Onlooker {
  /** Before a command runs: also each one that EXEC runs, and a blocked one each time that it is tried again. */
  before(session: Session, row: TableRow, args: Args): void
  /** After it ran and was answered, with an error or not. While there are onlookers, each command is timed by itself. */
  after(session: Session, row: TableRow, args: Args, elapsedNs: number): void
}
