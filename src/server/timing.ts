// How long commands take: the clock is read once for a group of them (metrics/command-stats.ts), and what took long is
// put down to the command that it was.

import type { Args } from '../commands/args.ts'
import type { Context } from '../commands/command.ts'
import type { SlowWatch } from '../commands/onlooker.ts'
import type { CommandTable, TableRow } from '../commands/table.ts'
import type { CommandStats } from '../metrics/command-stats.ts'
import type { Clock } from '../store/clock.ts'

/** A request or reply above this is not of constant time, whatever the command's row says. */
export const LONG_REQUEST_BYTES = 16 << 10
const LONG_REPLY_BYTES = 512 << 10
const NOTHING_IS_SLOW: SlowWatch = {
  thresholdNs: Number.POSITIVE_INFINITY,
  took: () => undefined,
  stalled: () => undefined,
}

export class Timing {
  slowWatch = NOTHING_IS_SLOW
  private readonly table: CommandTable
  private readonly stats: CommandStats
  private readonly clock: Clock

  constructor(table: CommandTable, stats: CommandStats, clock: Clock) {
    this.table = table
    this.stats = stats
    this.clock = clock
  }

  /** From here on time counts for the commands that come. */
  begin(): void {
    this.stats.begin(this.clock.nowNs())
  }

  /** A group of commands is over. `last`: the request that ran last, if it is answered. */
  settleLast(context: Context, last: Args | undefined): void {
    const row = last === undefined ? undefined : this.lastNoted(last)
    if (row !== undefined) this.settle(context, row, last as Args)
    else this.stats.settle(this.clock.nowNs())
  }

  /** The row of the command that was noted last, if it was this request. */
  private lastNoted(args: Args): TableRow | undefined {
    const row = this.table.rows[this.stats.lastNoted]
    const name = row?.parent ?? row
    return name !== undefined && this.table.lookup(args.buf, args.starts[0], args.ends[0]) === name ? row : undefined
  }

  /**
   * A group of commands is over. When it took long, that was the last one, if it is alone or not as small as those before
   * it; else it was none of them.
   */
  settle({ session, reply, waiting }: Context, row: TableRow, args: Args): void {
    const { stats, slowWatch } = this
    const isIt =
      stats.noted === 1 ||
      args.count > row.briefWords ||
      args.byteLength > LONG_REQUEST_BYTES ||
      reply.size > LONG_REPLY_BYTES
    const elapsedNs = stats.settle(this.clock.nowNs())
    // What waits is told of when it is answered.
    if (elapsedNs < slowWatch.thresholdNs || waiting.isAsked) return
    if (isIt) slowWatch.took(session, row, args, elapsedNs)
    else slowWatch.stalled(elapsedNs)
  }
}
