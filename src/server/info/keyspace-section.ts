// INFO's section Keyspace: a line for each database that has keys. The mean time to live comes from the sums that the
// database records keep, so it is exact and costs nothing.

import type { Keyspace } from '../../store/keyspace.ts'
import { DB_DEADLINES, DB_TIMED } from '../../store/shard.ts'
import type { Reading, Section } from './section.ts'

function databaseLine(keys: Keyspace, db: number, nowMs: number): string {
  let timed = 0
  let deadlinesMs = 0
  for (const shard of keys.shards) {
    const record = shard.database(db)
    timed += shard.arena.i32[(record + DB_TIMED) >> 2]
    deadlinesMs += shard.arena.f64[(record + DB_DEADLINES) >> 3]
  }
  const ttlMs = timed === 0 ? 0 : Math.max(0, Math.floor(deadlinesMs / timed - nowMs))
  return `db${db}:keys=${keys.size(db)},expires=${timed},avg_ttl=${ttlMs}`
}

function databaseLines({ state: { keys }, nowMs }: Reading): string[] {
  const lines: string[] = []
  for (let db = 0; db < keys.databases; db++) {
    if (keys.size(db) > 0) lines.push(databaseLine(keys, db, nowMs))
  }
  return lines
}

export const keyspaceSection: Section = {
  title: 'Keyspace',
  names: ['keyspace'],
  asked: 'always',
  lines: databaseLines,
}
