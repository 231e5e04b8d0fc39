// INFO's section Namespaces, which Redis has not: a line for each namespace that has a label in /metrics (at most
// metrics-max-namespaces), all databases together, and one for the others. A client that is bound to a namespace is told
// of that one only.

import type { NamespaceRow } from '../../metrics/namespaces.ts'
import type { Reading, Section } from './section.ts'

/** What would break a line of INFO, or the list behind the colon. */
const UNSAFE = /[\0-\x20#:,=%\x7f]/g

/** The name as UTF-8, a character a byte; unsafe ones are written as in a URL, so that two names never read the same. */
function safe(name: string): string {
  const escaped = name.replace(UNSAFE, char => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
  return Buffer.from(escaped).toString('latin1')
}

interface Sum {
  keys: number
  timed: number
  logicalBytes: number
  /** Undefined for those without a label. */
  allocatedBytes: number | undefined
}

function sumsByName(rows: readonly NamespaceRow[]): Map<string, Sum> {
  const sums = new Map<string, Sum>()
  for (const { series, keys, timed, logicalBytes, allocatedBytes } of rows) {
    if (keys === 0) continue
    const sum = sums.get(series.namespace) ?? { keys: 0, timed: 0, logicalBytes: 0, allocatedBytes: 0 }
    sum.keys += keys
    sum.timed += timed
    sum.logicalBytes += logicalBytes
    sum.allocatedBytes = allocatedBytes === undefined ? undefined : (sum.allocatedBytes ?? 0) + allocatedBytes
    sums.set(series.namespace, sum)
  }
  return sums
}

function namespaceLines(reading: Reading): string[] {
  const { keys } = reading.state
  const sums = sumsByName(reading.namespaces())
  let unnamedBytes = keys.allocatedBytes() - keys.startupBytes
  for (const { allocatedBytes } of sums.values()) unnamedBytes -= allocatedBytes ?? 0
  return [...sums].map(
    ([name, sum]) =>
      `ns_${safe(name)}:keys=${sum.keys},expires=${sum.timed},used=${sum.logicalBytes}` +
      `,allocated=${sum.allocatedBytes ?? Math.max(0, unnamedBytes)}`,
  )
}

export const namespacesSection: Section = {
  title: 'Namespaces',
  names: ['namespaces'],
  asked: 'by-own-name',
  lines: namespaceLines,
}
