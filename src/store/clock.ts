// The one place below the server that knows the time. Everything else is handed a Clock, so that tests can move it.

export interface Clock {
  /** Wall clock, whole milliseconds since the epoch. */
  nowMs(): number
  /** Monotonic clock in nanoseconds; only differences mean anything. */
  nowNs(): number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  nowNs: () => performance.now() * 1e6,
}

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

  advance(ms: number): void {
    this.ms += ms
  }
}
