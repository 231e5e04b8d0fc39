// The access word of an entry: when it was last used and how often.
//
//   bits 31..8  clock, seconds modulo 2^24 (194 days), as Redis's LRU clock
//   bits  7..0  hits: exact up to 63, then a logarithmic counter (Morris): each step means 7.2 % more hits than the
//               one before and is taken with the matching chance, so 255 stands for about 37 million.

import type { Random } from './random.ts'

const EXACT_HITS = 64
const STEP = 2 ** 0.1

const ESTIMATE = new Float64Array(257)
for (let i = 0; i < ESTIMATE.length; i++) ESTIMATE[i] = i < EXACT_HITS ? i : EXACT_HITS * STEP ** (i - EXACT_HITS)

/** Of 2^32 draws, how many lead from this count to the next. */
const STEPS = Float64Array.from({ length: 256 }, (_, i) =>
  i < EXACT_HITS ? 2 ** 32 : i === 255 ? 0 : 2 ** 32 / (ESTIMATE[i + 1] - ESTIMATE[i]),
)

/** The clock part for a wall clock time: whole seconds modulo 2^24, already in its place. */
export function accessClock(nowMs: number): number {
  return (Math.floor(nowMs / 1000) % 0x1000000) << 8
}

/** The word after one more use at `clock` (from accessClock). `random` is asked only above 63 hits. */
export function accessed(word: number, clock: number, random: Random): number {
  const hits = word & 255
  if (hits < EXACT_HITS || random.uint32() < STEPS[hits]) return clock | (hits + 1)
  return clock | hits
}

/** Estimated number of hits, a whole number. */
export function hitsOf(word: number): number {
  return Math.round(ESTIMATE[word & 255])
}

/** Seconds since the last use. */
export function idleSeconds(word: number, clock: number): number {
  return ((clock >>> 8) - (word >>> 8) + 0x1000000) % 0x1000000
}

/** The word of a key that at `clock` (from accessClock) has not been used for so many seconds. */
export function idleFor(clock: number, seconds: number): number {
  return (clock - Math.min(seconds, 0xffffff) * 256) | 1
}

/** The word with so many hits, or as near to that as it can say. */
export function withHits(word: number, hits: number): number {
  let code = 0
  while (code < 255 && ESTIMATE[code + 1] <= hits) code++
  if (code < 255 && ESTIMATE[code + 1] - hits < hits - ESTIMATE[code]) code++
  return (word & ~255) | code
}
