// INFO's sections Commandstats, Errorstats and Latencystats: one line a command or a kind of error that occurred.

import { BUCKETS } from '../../metrics/command-stats.ts'
import { percentileNs } from './percentile.ts'
import type { Reading, Section } from './section.ts'

/** Characters that would break the form of INFO, as Redis replaces them. */
const safe = (name: string): string => name.replace(/[#:\n\r]/g, '_')

function commandLines({ state, commandTotals }: Reading): string[] {
  const { calls, failed, rejected, nanos } = commandTotals()
  const lines: string[] = []
  for (const { id, fullName } of state.table.rows) {
    if (calls[id] === 0 && failed[id] === 0 && rejected[id] === 0) continue
    const usec = Math.round(nanos[id] / 1000)
    const each = calls[id] === 0 ? 0 : nanos[id] / 1000 / calls[id]
    lines.push(
      `cmdstat_${safe(fullName)}:calls=${calls[id]},usec=${usec},usec_per_call=${each.toFixed(2)}` +
        `,rejected_calls=${rejected[id]},failed_calls=${failed[id]}`,
    )
  }
  return lines
}

function errorLines({ errorTotals }: Reading): string[] {
  const codes = [...errorTotals()].sort(([a], [b]) => (a < b ? -1 : 1))
  return codes.map(([code, count]) => `errorstat_${safe(code)}:count=${count}`)
}

function latencyLines({ state: { config, table }, commandTotals }: Reading): string[] {
  if (!config.latencyTracking) return []
  const percentiles = config.latencyTrackingInfoPercentiles
  const names = (config.text('latency-tracking-info-percentiles') ?? '').split(' ')
  const { calls, histograms } = commandTotals()
  const lines: string[] = []
  for (const { id, fullName } of table.rows) {
    if (calls[id] === 0) continue
    const at = id * (BUCKETS + 1)
    const values = percentiles.map((percentile, i) => {
      return `p${names[i]}=${(percentileNs(histograms, at, percentile) / 1000).toFixed(3)}`
    })
    lines.push(`latency_percentiles_usec_${safe(fullName)}:${values.join(',')}`)
  }
  return lines
}

export const commandSection: Section = {
  title: 'Commandstats',
  names: ['commandstats'],
  asked: 'by-name',
  lines: commandLines,
}

export const errorSection: Section = {
  title: 'Errorstats',
  names: ['errorstats'],
  asked: 'always',
  lines: errorLines,
}

export const latencySection: Section = {
  title: 'Latencystats',
  names: ['latencystats'],
  asked: 'by-name',
  lines: latencyLines,
}
