// The access word of an entry: when it was last used and how often.
//
//   bits 31..8  clock, seconds modulo 2^24 (194 days), as Redis's LRU clock
//   bits  7..0  uses, counted in one of two ways (UseCounter):
//               hits        exact up to 63, then a logarithmic counter (Morris): each step means 7.2 % more hits than the
//                           one before and is taken with the matching chance, so 255 stands for about 37 million
//               frequency   Redis's LFU counter: new keys have 5, a step is taken with a chance of 1 to
//                           (counter - 5) * lfu-log-factor + 1, and one is taken off for each lfu-decay-time without a use
//
// Both halves are kept whatever the policy, so a change of policy finds what it needs; only the byte's meaning changes with
// the way of counting, as in Redis when a policy is changed.

import type { Random } from './random.ts'

const EXACT_HITS = 64
const STEP = 2 ** 0.1
const DRAWS = 2 ** 32
/** LFU_INIT_VAL: what keeps a new key from being the first to go. */
const FIRST_FREQUENCY = 5
const MOST = 255

const ESTIMATE = Float64Array.from({ length: 257 }, (_, i) =>
  i < EXACT_HITS ? i : EXACT_HITS * STEP ** (i - EXACT_HITS),
)

/** Of 2^32 draws, how many lead from this count to the next. */
const HIT_STEPS: Float64Array = Float64Array.from({ length: 256 }, (_, i) =>
  i < EXACT_HITS ? DRAWS : i === MOST ? 0 : DRAWS / (ESTIMATE[i + 1] - ESTIMATE[i]),
)

function frequencySteps(logFactor: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, i) =>
    i === MOST ? 0 : DRAWS / (Math.max(0, i - FIRST_FREQUENCY) * logFactor + 1),
  )
}

/** The clock part for a wall clock time: whole seconds modulo 2^24, already in its place. */
export function accessClock(nowMs: number): number {
  return (Math.floor(nowMs / 1000) % 0x1000000) << 8
}

/** Seconds since the last use. */
export function idleSeconds(word: number, clock: number): number {
  return ((clock >>> 8) - (word >>> 8) + 0x1000000) % 0x1000000
}

/** The word of a key that was last used so many seconds before the time of `word`. */
export function idleFor(word: number, seconds: number): number {
  return (word - Math.min(seconds, 0xffffff) * 256) | 0
}

export class UseCounter {
  kind: 'hits' | 'frequency' = 'hits'
  private steps: Float64Array = HIT_STEPS
  /** Counts below this go up at every use, without a draw. */
  private sureBelow = EXACT_HITS
  /** Minutes without a use for which one is taken off; 0: never. */
  private decayMinutes = 0

  countHits(): void {
    this.kind = 'hits'
    this.steps = HIT_STEPS
    this.sureBelow = EXACT_HITS
    this.decayMinutes = 0
  }

  /** As Redis's LFU policies, with lfu-log-factor and lfu-decay-time (minutes, 0: no decay). */
  countFrequency(logFactor: number, decayMinutes: number): void {
    this.kind = 'frequency'
    this.steps = frequencySteps(logFactor)
    this.sureBelow = FIRST_FREQUENCY + 1
    this.decayMinutes = decayMinutes
  }

  /** The word of a new key. */
  fresh(clock: number): number {
    return clock | (this.kind === 'hits' ? 1 : FIRST_FREQUENCY)
  }

  /** The word after one more use at `clock` (from accessClock). `random` is asked only where steps are left to chance. */
  used(word: number, clock: number, random: Random): number {
    const uses = this.decayMinutes === 0 ? word & 255 : this.uses(word, clock)
    if (uses < this.sureBelow || random.uint32() < (this.steps[uses] as number)) return clock | (uses + 1)
    return clock | uses
  }

  /** The word after TOUCH, which starts hits anew and is a use like others where frequency is counted. */
  touched(word: number, clock: number): number {
    return this.kind === 'hits' ? clock : word
  }

  /** The counter as it stands at `clock`. */
  uses(word: number, clock: number): number {
    const uses = word & 255
    if (this.decayMinutes === 0) return uses
    // Whole minutes of the clock, as in Redis: what is used each 59 seconds loses something, too.
    const minutes = Math.floor((((word >>> 8) % 60) + idleSeconds(word, clock)) / 60)
    return Math.max(0, uses - Math.floor(minutes / this.decayMinutes))
  }

  /** What OBJECT FREQ tells: the estimated number of hits, or the counter. */
  frequency(word: number, clock: number): number {
    return this.kind === 'hits' ? Math.round(ESTIMATE[word & 255] as number) : this.uses(word, clock)
  }
  /** The word with a given frequency(), or as near to that as it can say. */
  withFrequency(word: number, frequency: number): number {
    let code = Math.min(frequency, MOST)
    if (this.kind === 'hits') {
      code = 0
      while (code < MOST && (ESTIMATE[code + 1] as number) <= frequency) code++
      if (code < MOST && (ESTIMATE[code + 1] as number) - frequency < frequency - (ESTIMATE[code] as number)) code++
    }
    return (word & ~MOST) | code
  }
}
