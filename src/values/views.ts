// One view of each type of collection, for work that is the same for all types: freeing, copying, comparing. A type is a
// line here, a name in types.ts and a record in persist/kinds.ts.

import { Hash } from './hash.ts'
import { List } from './list.ts'
import { SetValue } from './set.ts'
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_ZSET } from './types.ts'
import type { Value } from './value.ts'
import { SortedSet } from './zset.ts'

/** By type number; strings are no collections and have none. */
export const VIEWS: readonly (Value | undefined)[] = Object.assign([], {
  [TYPE_LIST]: new List(),
  [TYPE_SET]: new SetValue(),
  [TYPE_ZSET]: new SortedSet(),
  [TYPE_HASH]: new Hash(),
})
