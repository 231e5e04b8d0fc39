// The counters of INFO. Sources only ever count upwards, so that /metrics never goes back; CONFIG RESETSTAT remembers what
// they stood at, and INFO shows what came since.

import { BUCKETS, type CommandStats } from '../../metrics/command-stats.ts'
import type { ServerState } from './state.ts'

/** Those that INFO shows per second, too. */
export interface RatedTotals {
  readonly commands: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface Totals extends RatedTotals {
  readonly connections: number
  readonly rejectedConnections: number
  readonly clientsCut: number
  readonly clientsEvicted: number
  readonly reads: number
  readonly writes: number
  readonly errors: number
  readonly bugs: number
  readonly expired: number
  readonly evicted: number
  /** Time that memory was above the limit. */
  readonly exceededNs: number
  readonly hits: number
  readonly misses: number
  readonly saves: number
  readonly rewrites: number
  /** Of the background removal of keys (store/expiry.ts). */
  readonly expiryNs: number
  readonly expiryCutShort: number
  readonly lazilyFreed: number
  /** Of active defragmentation (store/defrag.ts). */
  readonly defragHits: number
  readonly defragMisses: number
  readonly defragKeyHits: number
  readonly defragKeyMisses: number
  readonly defragNs: number
  readonly failedLogins: number
}

/** Read ten times a second, where a sum over all of the lookups' table would be felt. */
export function readRatedTotals({ clients: { counts }, stats }: ServerState): RatedTotals {
  return { commands: stats.total, bytesIn: counts.bytesIn, bytesOut: counts.bytesOut }
}

export function readTotals(state: ServerState): Totals {
  const {
    clients: { counts },
    stats,
    keys,
    expiry,
    defrag,
    bugs,
    snapshots,
  } = state
  const { eviction } = state.evictions
  return {
    ...readRatedTotals(state),
    connections: counts.accepted - counts.rejected,
    rejectedConnections: counts.rejected,
    clientsCut: counts.cutForOutput,
    clientsEvicted: counts.evicted,
    reads: counts.reads,
    writes: counts.writes,
    errors: stats.errors,
    bugs,
    expired: keys.expired,
    evicted: eviction.evicted,
    exceededNs: eviction.exceededNs,
    hits: keys.lookUps.totalHits,
    misses: keys.lookUps.totalMisses,
    saves: snapshots.saves,
    rewrites: state.appendOnly.rewrites,
    expiryNs: expiry.spentNs,
    expiryCutShort: expiry.cutShort,
    lazilyFreed: expiry.freed,
    defragHits: defrag.hits,
    defragMisses: defrag.misses,
    defragKeyHits: defrag.keyHits,
    defragKeyMisses: defrag.keyMisses,
    defragNs: defrag.totalNs,
    failedLogins: stats.errorCodes.get('WRONGPASS') ?? 0,
  }
}

export function totalsSince(now: Totals, before: Totals): Totals {
  const names = Object.keys(now) as (keyof Totals)[]
  return Object.fromEntries(names.map(name => [name, now[name] - before[name]])) as unknown as Totals
}

/** The counters of every command, by its number. */
export interface CommandTotals {
  readonly calls: Float64Array
  readonly failed: Float64Array
  readonly rejected: Float64Array
  readonly nanos: Float64Array
  /** Per command: calls per bucket of time, then the sum in ns; all namespaces together. */
  readonly histograms: Float64Array
}

/** Error replies by their first word. */
export type ErrorTotals = ReadonlyMap<string, number>

export const readErrorTotals = (stats: CommandStats): ErrorTotals => new Map(stats.errorCodes)

/** What has come since `before`. Errors that did not occur since are left out. */
export function errorTotalsSince(now: ErrorTotals, before: ErrorTotals): ErrorTotals {
  const since = new Map<string, number>()
  for (const [code, count] of now) {
    const more = count - (before.get(code) ?? 0)
    if (more > 0) since.set(code, more)
  }
  return since
}

export function readCommandTotals(stats: CommandStats): CommandTotals {
  const histograms = new Float64Array(stats.commands * (BUCKETS + 1))
  for (const of of stats.histograms) {
    if (of !== undefined) addTo(histograms, of, 1)
  }
  return {
    calls: stats.calls.slice(),
    failed: stats.failed.slice(),
    rejected: stats.rejected.slice(),
    nanos: stats.nanos.slice(),
    histograms,
  }
}

/** Takes `before` away from `now`, which is changed and returned. */
export function commandTotalsSince(now: CommandTotals, before: CommandTotals): CommandTotals {
  addTo(now.calls, before.calls, -1)
  addTo(now.failed, before.failed, -1)
  addTo(now.rejected, before.rejected, -1)
  addTo(now.nanos, before.nanos, -1)
  addTo(now.histograms, before.histograms, -1)
  return now
}

function addTo(to: Float64Array, from: Float64Array, sign: 1 | -1): void {
  for (let i = 0; i < from.length; i++) to[i] += sign * from[i]
}
