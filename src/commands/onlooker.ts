// Those who look at every command: MONITOR, SLOWLOG, tracking. The dispatcher keeps a list of them; while it is empty,
// nobody pays for more than a look at its length.

import type { Session } from '../session/session.ts'
import type { Args } from './args.ts'
import type { TableRow } from './table.ts'

/** Told of commands that took long, also while nobody looks at every command: the clock is read once for many of them. */
export interface SlowWatch {
  /** What counts as long; Infinity: nothing. */
  readonly thresholdNs: number
  took(session: Session, row: TableRow, args: Args, elapsedNs: number): void
  /** Some small commands of constant time took long together: it was none of them. */
  stalled(elapsedNs: number): void
}

export interface Onlooker {
  /** Before a command runs: also each one that EXEC runs, and a blocked one each time that it is tried again. */
  before(session: Session, row: TableRow, args: Args): void
  /** After it ran and was answered, with an error or not. While there are onlookers, each command is timed by itself. */
  after(session: Session, row: TableRow, args: Args, elapsedNs: number): void
}
