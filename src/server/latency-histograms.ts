// LATENCY HISTOGRAM: how long the calls of commands took, as Redis tells it.

import type { CommandHistogram } from '../commands/services.ts'
import type { CommandTable } from '../commands/table.ts'
import { BUCKETS, boundNs } from '../metrics/command-stats.ts'
import type { CommandTotals } from './info/totals.ts'

/** Redis counts what took longer than a second with what took one. */
const LAST_TOLD = 20

/** Of the commands with these names, or of all; containers stand for their subcommands. Without calls there is none. */
export function commandHistograms(
  table: CommandTable,
  { calls, histograms }: CommandTotals,
  names: readonly string[],
): CommandHistogram[] {
  const asked = names.flatMap(name => {
    const row = table.byName(name)
    return row === undefined ? [] : [row, ...(row.subcommands ?? [])]
  })
  return (names.length === 0 ? table.rows : asked)
    .filter(({ id }) => calls[id] > 0)
    .map(({ id, fullName }) => ({
      name: fullName,
      calls: calls[id],
      below: cumulative(histograms, id * (BUCKETS + 1)),
    }))
}

/** Pairs of an upper bound in microseconds and the calls below it, for the buckets that add to them. */
function cumulative(histograms: Float64Array, at: number): [micros: number, calls: number][] {
  const pairs: [number, number][] = []
  let calls = 0
  for (let b = 0; b < BUCKETS; b++) {
    const inside = histograms[at + b]
    if (inside === 0) continue
    calls += inside
    const micros = Math.floor(boundNs(Math.min(b, LAST_TOLD)) / 1e3)
    if (pairs.at(-1)?.[0] === micros) pairs.pop()
    pairs.push([micros, calls])
  }
  return pairs
}
