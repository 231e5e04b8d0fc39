// How the values of each type stand in snapshots: one row a type.

import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STRING, TYPE_ZSET } from '../values/types.ts'
import { CollectionRecord } from './collection-record.ts'
import type { RecordKind } from './record-kind.ts'
import { STRING_RECORD } from './string-record.ts'

/** By type number of values/types.ts. */
export const RECORD_KINDS: readonly (RecordKind | undefined)[] = Object.assign([], {
  [TYPE_STRING]: STRING_RECORD,
  [TYPE_LIST]: new CollectionRecord(TYPE_LIST),
  [TYPE_SET]: new CollectionRecord(TYPE_SET),
  [TYPE_ZSET]: new CollectionRecord(TYPE_ZSET),
  [TYPE_HASH]: new CollectionRecord(TYPE_HASH),
})
