// Up to which size collections stay in their small form. The fields are those of values/value.ts CollectionLimits, which
// gets them at every change.

import type { CollectionLimits } from '../../values/value.ts'
import { integer, LONG_MAX, memory } from './kinds.ts'
import { row, type Setting } from './setting.ts'

function limit(name: string, fallback: string, summary: string, aliases: readonly string[] = []): Setting<number> {
  return row('Collections', name, integer(0n, LONG_MAX), fallback, summary, { aliases })
}

function bytes(name: string, fallback: string, summary: string, aliases: readonly string[] = []): Setting<number> {
  return row('Collections', name, memory(0n, LONG_MAX), fallback, summary, { aliases })
}

export const COLLECTION_SETTINGS = {
  hashMaxListpackEntries: limit('hash-max-listpack-entries', '512', 'Most fields of a small hash.', [
    'hash-max-ziplist-entries',
  ]),
  hashMaxListpackValueBytes: bytes('hash-max-listpack-value', '64', 'Longest field or value of a small hash.', [
    'hash-max-ziplist-value',
  ]),
  setMaxIntsetEntries: limit('set-max-intset-entries', '512', 'Most members of a set of integers kept as such.'),
  setMaxListpackEntries: limit('set-max-listpack-entries', '128', 'Most members of a small set.'),
  setMaxListpackValueBytes: bytes('set-max-listpack-value', '64', 'Longest member of a small set.'),
  zsetMaxListpackEntries: limit('zset-max-listpack-entries', '128', 'Most members of a small sorted set.', [
    'zset-max-ziplist-entries',
  ]),
  zsetMaxListpackValueBytes: bytes('zset-max-listpack-value', '64', 'Longest member of a small sorted set.', [
    'zset-max-ziplist-value',
  ]),
  hllSparseMaxBytes: bytes('hll-sparse-max-bytes', '3000', 'Longest HyperLogLog that is kept sparse.'),
} as const satisfies Record<keyof CollectionLimits, Setting<number>>

export const COLLECTION_FIELDS = Object.keys(COLLECTION_SETTINGS) as (keyof CollectionLimits)[]
