// Looks on for client-side caching: notes the keys that a tracking client's commands have read, whatever they answered, and
// ends what CLIENT CACHING has asked for, which is good for one command or transaction.

import type { Session } from '../session/session.ts'
import type { Tracking } from '../tracking/tracking.ts'
import type { Args } from './args.ts'
import { keyPositions } from './key-positions.ts'
import type { Onlooker } from './onlooker.ts'
import { FLAG_READONLY, type TableRow } from './table.ts'

export class TrackedReads implements Onlooker {
  private readonly tracking: Pick<Tracking, 'read'>
  private isInExec = false

  constructor(tracking: Pick<Tracking, 'read'>) {
    this.tracking = tracking
  }

  before(_session: Session, row: TableRow): void {
    if (row.name === 'exec') this.isInExec = true
  }

  after(session: Session, row: TableRow, args: Args): void {
    if (row.name === 'exec') this.isInExec = false
    const { tracker } = session
    if (tracker === undefined || tracker.mode === 'bcast') return
    if ((row.flags & FLAG_READONLY) !== 0 && tracker.remembers) {
      for (const { word } of keyPositions(row.row, args, 0) ?? []) {
        this.tracking.read(session, tracker.number, args, word)
      }
    }
    if (!this.isInExec && session.transaction === undefined && row.parent?.name !== 'client') tracker.isExcepted = false
  }
}
