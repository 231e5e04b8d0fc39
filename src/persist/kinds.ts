// How the values of each type stand in snapshots: one row a type.

import type { Arena } from '../memory/arena.ts'
import { entryType } from '../store/entry.ts'
import { Hash } from '../values/hash.ts'
import { List } from '../values/list.ts'
import { SetValue } from '../values/set.ts'
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STRING, TYPE_ZSET } from '../values/types.ts'
import { SortedSet } from '../values/zset.ts'
import { CollectionRecord } from './collection-record.ts'
import type { RecordKind } from './record-kind.ts'
import { STRING_RECORD } from './string-record.ts'

/** By type number of values/types.ts. */
export const RECORD_KINDS: readonly (RecordKind | undefined)[] = Object.assign([], {
  [TYPE_STRING]: STRING_RECORD,
  [TYPE_LIST]: new CollectionRecord(new List()),
  [TYPE_SET]: new CollectionRecord(new SetValue()),
  [TYPE_ZSET]: new CollectionRecord(new SortedSet()),
  [TYPE_HASH]: new CollectionRecord(new Hash()),
})

/** How the value of the key with entry `e` stands in a snapshot. */
export function kindOf(a: Arena, e: number): RecordKind {
  const kind = RECORD_KINDS[entryType(a, e)]
  if (kind === undefined) throw new Error(`no record for values of type ${entryType(a, e)}`)
  return kind
}
