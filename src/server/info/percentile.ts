// Percentiles out of the histograms of command-stats.ts. Inside a bucket calls are taken to lie evenly; when all
// calls are in one bucket their mean is known exactly and says more than any guess.

import { BUCKETS, boundNs } from '../../metrics/command-stats.ts'

/**
 * The duration in ns below which `percentile` (0..100) of the calls lie. `counts[at, at + BUCKETS)` are the calls per
 * bucket, then comes their sum in ns. 0 when there are none. What took longer than the last bound counts as that bound.
 */
export function percentileNs(counts: Float64Array, at: number, percentile: number): number {
  let calls = 0
  for (let b = 0; b < BUCKETS; b++) calls += counts[at + b]
  if (calls === 0) return 0
  const rank = Math.max(1, Math.ceil((percentile / 100) * calls))
  let before = 0
  for (let b = 0; b < BUCKETS; b++) {
    const inside = counts[at + b]
    if (inside === calls) return counts[at + BUCKETS] / calls
    if (before + inside >= rank) {
      const low = b === 0 ? 0 : boundNs(b - 1)
      const high = b === BUCKETS - 1 ? low : boundNs(b)
      return low + ((high - low) * (rank - before - 0.5)) / inside
    }
    before += inside
  }
  return 0
}
