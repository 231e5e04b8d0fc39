// LATENCY's time series: for each kind of event that held the server up, when it did and for how long; one sample a
// second, the longest. After Redis's latency.c.

import type { Clock } from '../store/clock.ts'

/** Samples kept of an event. */
const SAMPLES = 160

/** What can hold the server up. */
export type LatencyEvent =
  | 'command'
  | 'fast-command'
  | 'expire-cycle'
  | 'eviction-cycle'
  | 'active-defrag-cycle'
  | 'garbage-collection'
  | 'snapshot-step'
  | 'aof-write'
  | 'aof-fsync-always'
  | 'aof-rewrite-step'

export interface LatencySample {
  /** Unix time. */
  readonly timeS: number
  ms: number
}

export interface LatencySeries {
  /** The oldest first; never empty. */
  readonly samples: LatencySample[]
  /** The longest since the last reset, in ms. */
  mostMs: number
}

export class LatencyEvents {
  /** Shorter events are passed over, in ns; Infinity: all of them. */
  thresholdNs = Number.POSITIVE_INFINITY
  private readonly byEvent = new Map<LatencyEvent, LatencySeries>()
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  add(event: LatencyEvent, elapsedNs: number): void {
    if (elapsedNs < this.thresholdNs) return
    const timeS = Math.floor(this.clock.nowMs() / 1000)
    const ms = Math.floor(elapsedNs / 1e6)
    const series = this.byEvent.get(event) ?? { samples: [], mostMs: 0 }
    this.byEvent.set(event, series)
    series.mostMs = Math.max(series.mostMs, ms)
    const last = series.samples.at(-1)
    if (last?.timeS === timeS) last.ms = Math.max(last.ms, ms)
    else series.samples.push({ timeS, ms })
    if (series.samples.length > SAMPLES) series.samples.shift()
  }

  /** Does the work and notes how long it took. */
  measure(event: LatencyEvent, work: () => void): void {
    const startNs = this.clock.nowNs()
    work()
    this.add(event, this.clock.nowNs() - startNs)
  }

  get all(): ReadonlyMap<string, LatencySeries> {
    return this.byEvent
  }

  /** Forgets the events of these names, in any case; all when none is given. Returns how many there were. */
  reset(names: readonly string[]): number {
    let count = 0
    for (const event of [...this.byEvent.keys()]) {
      if (names.length > 0 && !names.some(name => name.toLowerCase() === event)) continue
      this.byEvent.delete(event)
      count++
    }
    return count
  }
}
