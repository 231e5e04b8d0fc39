// The one place below the server that knows the time. Everything else is handed a Clock, so that tests can move it.

export interface Clock {
  /** Wall clock, whole milliseconds since the epoch. */
  nowMs(): number
  /** Monotonic clock in nanoseconds; only differences mean anything. */
  nowNs(): number
  /** The wall clock in ms at a moment that nowNs() gave a little while ago: one reading serves both clocks. */
  msAt(ns: number): number
}

/** Above this much difference the wall clock was set; below, the two clocks were read at slightly different moments. */
const TOLERANCE_MS = 2

class SystemClock implements Clock {
  private offsetMs = Date.now() - performance.now()

  /** Also notices when the wall clock has been set; the server's tick asks ten times a second. */
  nowMs(): number {
    const ms = Date.now()
    const offset = ms - performance.now()
    if (Math.abs(offset - this.offsetMs) > TOLERANCE_MS) this.offsetMs = offset
    return ms
  }

  nowNs(): number {
    return performance.now() * 1e6
  }

  msAt(ns: number): number {
    return Math.floor(this.offsetMs + ns / 1e6)
  }
}

export const systemClock: Clock = new SystemClock()

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  private ms: number

  constructor(startMs: number) {
    this.ms = startMs
  }

  nowMs(): number {
    return this.ms
  }

  nowNs(): number {
    return this.ms * 1e6
  }

  msAt(): number {
    return this.ms
  }

  advance(ms: number): void {
    this.ms += ms
  }
}
