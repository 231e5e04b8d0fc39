// What goes on per second right now, as INFO shows it: the mean over the last 16 ticks of 100 ms (Redis's
// STATS_METRIC_SAMPLES), so a burst fades within 1.6 seconds.

import type { RatedTotals } from './totals.ts'

const SAMPLES = 16

class Rate {
  private readonly samples = new Float64Array(SAMPLES)
  private at = 0
  private last: number

  constructor(start: number) {
    this.last = start
  }

  sample(count: number, elapsedS: number): void {
    this.samples[this.at] = Math.max(0, count - this.last) / elapsedS
    this.at = (this.at + 1) % SAMPLES
    this.last = count
  }

  get perSecond(): number {
    return this.samples.reduce((sum, rate) => sum + rate, 0) / SAMPLES
  }
}

export class Rates {
  readonly commands: Rate
  readonly bytesIn: Rate
  readonly bytesOut: Rate
  private lastNs: number

  constructor(totals: RatedTotals, nowNs: number) {
    this.commands = new Rate(totals.commands)
    this.bytesIn = new Rate(totals.bytesIn)
    this.bytesOut = new Rate(totals.bytesOut)
    this.lastNs = nowNs
  }

  /** Called about ten times a second. */
  sample(totals: RatedTotals, nowNs: number): void {
    const elapsedS = (nowNs - this.lastNs) / 1e9
    if (elapsedS <= 0) return
    this.commands.sample(totals.commands, elapsedS)
    this.bytesIn.sample(totals.bytesIn, elapsedS)
    this.bytesOut.sample(totals.bytesOut, elapsedS)
    this.lastNs = nowNs
  }
}
