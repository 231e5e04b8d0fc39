// What a section of INFO is: a title, the names it is asked by, and lines. Most are a table of fields, each a name beside
// the function that says its value; a plain value is what we do not have (yet) and Redis shows.

import type { NamespaceRow } from '../../metrics/namespaces.ts'
import type { Namespace } from '../../store/namespace.ts'
import type { Rates } from './rates.ts'
import type { ServerState } from './state.ts'
import type { CommandTotals, ErrorTotals, Totals } from './totals.ts'

/** What the fields of one reply are computed from. */
export interface Reading {
  readonly state: ServerState
  /** That the one who asks is bound to; it is told of its own keys. */
  readonly namespace: Namespace | undefined
  readonly nowMs: number
  /** Counters since the start or the last CONFIG RESETSTAT. */
  readonly totals: Totals
  /** Costs a pass over all counters, so it is made only for the sections that show it. */
  commandTotals(): CommandTotals
  errorTotals(): ErrorTotals
  /**
   * The namespaces that have a label, of each database, and the others summed; for a bound client its own only. Counted
   * when it is called.
   */
  namespaces(): readonly NamespaceRow[]
  readonly rates: Rates
  /** 40 hex digits each: this run of the server, and its history of writes. */
  readonly runId: string
  readonly replicationId: string
  /** The most bytes that were in use. */
  readonly peakBytes: number
}

type Shown = string | number
export type Field<From> = readonly [name: string, value: Shown | ((from: From) => Shown)]

export interface Section {
  readonly title: string
  /** Lower case. */
  readonly names: readonly string[]
  /** Whether INFO shows it unasked, with `all`, or only with `everything`. */
  readonly asked: 'always' | 'by-name' | 'by-own-name'
  lines(reading: Reading): string[]
}

/** `name:value` for each field. */
export function linesOf<From>(fields: readonly Field<From>[], from: From): string[] {
  return fields.map(([name, value]) => `${name}:${typeof value === 'function' ? value(from) : value}`)
}

export function sectionOf(title: string, fields: readonly Field<Reading>[]): Section {
  return { title, names: [title.toLowerCase()], asked: 'always', lines: reading => linesOf(fields, reading) }
}

const UNITS = ['B', 'K', 'M', 'G', 'T', 'P']

/** Bytes as Redis's bytesToHuman prints them: 918.92K, 1.00G, 12B. */
export function human(bytes: number): string {
  let n = bytes
  let unit = 0
  while (n >= 1024 && unit < UNITS.length - 1) {
    n /= 1024
    unit++
  }
  return unit === 0 ? `${bytes}B` : `${n.toFixed(2)}${UNITS[unit]}`
}
