// kvns_command_duration_seconds: the histograms of command-stats.ts as text. prom-client's Histogram cannot be filled from
// outside, and formatting thousands of values one object each would hold the loop; these lines are put together directly,
// a namespace at a time, so that the caller can let others run in between.

import { BUCKETS, boundNs, type CommandStats } from './command-stats.ts'
import { labelText } from './namespaces.ts'

const NAME = 'kvns_command_duration_seconds'
const HELP = `# HELP ${NAME} Time that commands took, in seconds.\n# TYPE ${NAME} histogram\n`
/** Shorter times are told together: dashboards look at what is slow, and each bucket is a line a command and namespace. */
const FIRST_SHOWN = 4
/** Upper bounds as /metrics shows them, in seconds: 0.000016512 to 2.164260864 in powers of two. */
export const SHOWN_BOUNDS: readonly string[] = Array.from({ length: BUCKETS - FIRST_SHOWN }, (_, i) => {
  return i === BUCKETS - FIRST_SHOWN - 1 ? '+Inf' : String(boundNs(FIRST_SHOWN + i) / 1e9)
})

/** As the exposition format asks: backslash, quote and newline. */
function escapeLabel(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')
}

/**
 * The lines, in pieces of one namespace. `commands` are the names by number, `namespaces` those of the labels; what reads
 * the same (two names that are not UTF-8, two very long ones) is added up, because a series may be there only once.
 */
export function* histogramText(
  stats: CommandStats,
  commands: readonly string[],
  namespaces: readonly string[],
): Generator<string> {
  yield HELP
  const byText = new Map<string, Float64Array[]>()
  for (const [number, counts] of stats.histograms.entries()) {
    if (counts === undefined) continue
    const text = labelText(namespaces, number)
    const same = byText.get(text)
    if (same === undefined) byText.set(text, [counts])
    else same.push(counts)
  }
  for (const [text, [first, ...others]] of byText) {
    if (first === undefined) continue
    yield namespaceText(others.length === 0 ? first : sum(first, others), commands, escapeLabel(text))
  }
}

function sum(first: Float64Array, others: readonly Float64Array[]): Float64Array {
  const total = first.slice()
  for (const other of others) for (let i = 0; i < total.length; i++) total[i] += other[i]
  return total
}

function namespaceText(counts: Float64Array, commands: readonly string[], namespace: string): string {
  let text = ''
  for (const [id, command] of commands.entries()) {
    const at = id * (BUCKETS + 1)
    let calls = 0
    for (let b = 0; b < BUCKETS; b++) calls += counts[at + b]
    if (calls === 0) continue
    const labels = `command="${command}",namespace="${namespace}"`
    let cumulative = 0
    for (let b = 0; b < BUCKETS; b++) {
      cumulative += counts[at + b]
      if (b >= FIRST_SHOWN) text += `${NAME}_bucket{${labels},le="${SHOWN_BOUNDS[b - FIRST_SHOWN]}"} ${cumulative}\n`
    }
    text += `${NAME}_sum{${labels}} ${counts[at + BUCKETS] / 1e9}\n${NAME}_count{${labels}} ${calls}\n`
  }
  return text
}
