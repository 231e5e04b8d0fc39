// LATENCY's answers for people: the graph of an event, and what DOCTOR makes of all of them.

import type { LatencySample, LatencySeries } from '../metrics/latency-events.ts'

const COLUMNS = 80
const ROWS = 4
/** A column's top, by how much of its row it fills; what is below is a bar. */
const TOPS = '_o#'
const BAR = '|'

/** How long ago, in the largest unit that gives at least one. */
function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`
}

/** Rows of text from columns of equal height. */
function rowsOf(columns: readonly string[]): string[] {
  const height = Math.max(...columns.map(column => column.length))
  return Array.from({ length: height }, (_, row) => columns.map(column => column[row] ?? ' ').join(''))
}

/** A sample from top to bottom: the bar, an empty line, the label. `part` is its height, 0 to 1. */
function column(part: number, label: string): string {
  const steps = ROWS * TOPS.length
  const height = Math.min(steps - 1, Math.floor(part * steps))
  let text = ''
  for (let row = ROWS - 1; row >= 0; row--) {
    const inRow = height - row * TOPS.length
    text += inRow < 0 ? ' ' : (TOPS[inRow] ?? BAR)
  }
  return `${text} ${label}`
}

/** The samples as bars over how long ago they were, 80 side by side. */
export function latencyGraph(event: string, { samples, mostMs }: LatencySeries, nowMs: number): string {
  const high = Math.max(...samples.map(sample => sample.ms))
  const low = Math.min(...samples.map(sample => sample.ms))
  const nowS = Math.floor(nowMs / 1000)
  const draw = ({ ms, timeS }: LatencySample): string => {
    return column((ms - low) / Math.max(1, high - low), age(Math.max(0, nowS - timeS)))
  }
  const blocks: string[] = []
  for (let at = 0; at < samples.length; at += COLUMNS) {
    blocks.push(`${rowsOf(samples.slice(at, at + COLUMNS).map(draw)).join('\n')}\n`)
  }
  const head = `${event} - high ${high} ms, low ${low} ms (all time high ${mostMs} ms)\n${'-'.repeat(COLUMNS)}\n`
  return head + blocks.join('\n')
}

const SLOW_COMMANDS =
  'SLOWLOG GET tells which commands took long. Those that work on many keys or elements at once can often be cut in pieces.'
const STALLS =
  'Commands that should take a microsecond did not: the process was not running. Look for other programs that use the ' +
  'processors, for a limit of processor time of the container, and for swapping.'
const SNAPSHOTS =
  'Steps of the snapshot held the loop up. With shared-values yes it is taken in slices, and a local disk helps.'
const COLLECTIONS =
  'Collecting garbage held the loop up. Very large requests and replies, and clients that do not read, cause it.'
const EXPIRY = 'Removing what has expired took long. Very large keys are better given several smaller parts.'
const DEFRAGMENTATION =
  'Moving keys and values together took long, because requests had left it little time before. A lower ' +
  'active-defrag-cycle-max gives it less.'

/** What helps against an event. */
const ADVICE: Readonly<Record<string, string>> = {
  command: SLOW_COMMANDS,
  'fast-command': STALLS,
  'expire-cycle': EXPIRY,
  'active-defrag-cycle': DEFRAGMENTATION,
  'garbage-collection': COLLECTIONS,
  'snapshot-step': SNAPSHOTS,
}

function eventLine(event: string, { samples, mostMs }: LatencySeries, nowMs: number): string {
  const mean = samples.reduce((sum, { ms }) => sum + ms, 0) / samples.length
  const deviation = samples.reduce((sum, { ms }) => sum + Math.abs(ms - mean), 0) / samples.length
  const oldestS = samples[0]?.timeS ?? 0
  const everyS = Math.max(1, Math.floor(nowMs / 1000) - oldestS) / samples.length
  return (
    `${event}: ${samples.length === 1 ? 'once' : `${samples.length} times`}, every ${everyS.toFixed(2)} s; ` +
    `mean ${Math.round(mean)} ms, mean deviation ${Math.round(deviation)} ms, longest ever ${mostMs} ms.`
  )
}

export interface DoctorFacts {
  readonly events: ReadonlyMap<string, LatencySeries>
  /** In ms, 0: nothing is watched. */
  readonly thresholdMs: number
  /** In microseconds, negative: nothing is logged. */
  readonly slowerThanMicros: number
  readonly nowMs: number
}

/** LATENCY DOCTOR's text. */
export function latencyAdvice({ events, thresholdMs, slowerThanMicros, nowMs }: DoctorFacts): string {
  if (events.size === 0) {
    return thresholdMs === 0
      ? 'Latency is not watched. CONFIG SET latency-monitor-threshold <milliseconds> begins it.\n'
      : `Nothing has taken ${thresholdMs} ms or longer.\n`
  }
  const lines = [...events].map(([event, series], i) => `${i + 1}. ${eventLine(event, series, nowMs)}`)
  const advice = [...events.keys()].map(event => ADVICE[event] ?? '')
  if (events.has('command') && thresholdMs > 0 && (slowerThanMicros < 0 || slowerThanMicros > thresholdMs * 1000)) {
    advice.push(`CONFIG SET slowlog-log-slower-than ${thresholdMs * 1000} lets SLOWLOG see all that is counted here.`)
  }
  return `What held the server up:\n\n${lines.join('\n')}\n\nWhat may help:\n\n${advice.map(text => `- ${text}\n`).join('')}`
}
