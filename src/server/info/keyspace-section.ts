// INFO's section Keyspace: a line for each database that has keys. The mean time to live comes from the sums that the
// records of databases and namespaces keep, so it is exact and costs nothing. A client that is bound to a namespace is told
// of its keys only.

import { keyTotals } from '../../store/namespaces.ts'
import type { Reading, Section } from './section.ts'

function databaseLines({ state, namespace, nowMs }: Reading): string[] {
  const lines: string[] = []
  for (let db = 0; db < state.keys.databases; db++) {
    const { keys, timed, deadlinesMs } = keyTotals(state.keys, db, namespace)
    const ttlMs = timed === 0 ? 0 : Math.max(0, Math.floor(deadlinesMs / timed - nowMs))
    if (keys > 0) lines.push(`db${db}:keys=${keys},expires=${timed},avg_ttl=${ttlMs}`)
  }
  return lines
}

export const keyspaceSection: Section = {
  title: 'Keyspace',
  names: ['keyspace'],
  asked: 'always',
  lines: databaseLines,
}
