// Loading at the start, beside clients who hear that it is going on: in slices, some each turn of the loop. What takes no
// longer than a moment is loaded before the first client is served, so nobody hears of it.

import type { Load } from '../persist/loading.ts'
import type { Clock } from '../store/clock.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Config } from './config/config.ts'

/** What is loaded before the loop turns at all. */
const FIRST_NS = 10e6
/** What is loaded in one turn of the loop. */
const TURN_NS = 5e6

/** What the setting key-load-delay, the cost of having loaded so many keys, goes by. Read anew at each use. */
export interface LoadDelay {
  readonly config: Pick<Config, 'keyLoadDelayMicros'>
  readonly keys: Pick<Keyspace, 'keyCount'>
}

export class StartLoad {
  isRunning = false
  startedS = 0
  loadedBytes = 0
  totalBytes = 0
  private readonly clock: Clock
  private readonly delay: LoadDelay
  private load: Load<void> | undefined
  private isGivenUp = false

  constructor(clock: Clock, delay: LoadDelay) {
    this.clock = clock
    this.delay = delay
  }

  /** Whole seconds since it began. */
  get elapsedS(): number {
    return Math.floor(this.clock.nowMs() / 1000) - this.startedS
  }

  /** Begins; false when all of it is done. Throws what the load throws. */
  begin(load: Load<void>): boolean {
    this.load = load
    this.isRunning = true
    this.startedS = Math.floor(this.clock.nowMs() / 1000)
    // Who wants it slow wants all of it slow.
    return this.delay.config.keyLoadDelayMicros > 0 || this.slices(FIRST_NS)
  }

  /** Goes on in turns of the loop. Rejected with what the load throws; fulfilled with false when it was given up. */
  async rest(): Promise<boolean> {
    const { config, keys } = this.delay
    for (let isMore = true; isMore; ) {
      const before = keys.keyCount
      isMore = this.slices(TURN_NS)
      const micros = config.keyLoadDelayMicros
      if (micros > 0) await Bun.sleep(((keys.keyCount - before) * micros) / 1000)
      else await nextTurn()
      if (this.isGivenUp) return false
    }
    return true
  }

  /** The files are let go of; what is there of the keys stays as it is. */
  giveUp(): void {
    this.isGivenUp = true
    this.load?.return()
  }

  /** Loads for about so long; false when all of it is done. */
  private slices(forNs: number): boolean {
    const { load, clock } = this
    if (load === undefined) return false
    const startNs = clock.nowNs()
    do {
      const step = load.next()
      if (step.done === true) return false
      this.loadedBytes = step.value.loadedBytes
      this.totalBytes = step.value.totalBytes
    } while (this.delay.config.keyLoadDelayMicros <= 0 && clock.nowNs() - startNs < forNs)
    return true
  }
}

/** Fulfilled after the loop has served what is ready. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
