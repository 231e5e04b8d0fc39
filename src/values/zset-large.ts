// The large form of a sorted set: a dict of members that a tree keeps in order (zset.ts draws it).

import type { KeyedHash } from '../bytes/siphash.ts'
import type { Arena } from '../memory/arena.ts'
import { dictClear, dictHome } from '../memory/dict.ts'
import { scoredLength, scoredStart } from '../memory/scored.ts'
import { TreeCursor, treeClear, treeCount } from '../memory/tree.ts'
import { LEAF_MOST } from '../memory/tree-node.ts'
import { ROOT_OWN } from './value.ts'

export const DICT_AT = ROOT_OWN
export const TREE_AT = ROOT_OWN + 16
const ROOT_BYTES = TREE_AT + 16

const walk = new TreeCursor()
const refs = new Int32Array(LEAF_MOST)
const homes = new Int32Array(LEAF_MOST)

/** An empty large set; 0 when there is no room. */
export function newLarge(a: Arena): number {
  const root = a.alloc(ROOT_BYTES)
  if (root !== 0) a.i32.fill(0, root >> 2, (root + ROOT_BYTES) >> 2)
  return root
}

export function freeLarge(a: Arena, root: number): void {
  const members = treeCount(a, root + TREE_AT)
  if (members > 0) walk.toRank(a, root + TREE_AT, 0)
  for (let i = 0; i < members; i++, walk.next(a)) a.free(walk.ref(a))
  treeClear(a, root + TREE_AT)
  dictClear(a, root + DICT_AT)
  a.free(root)
}

/**
 * Looks at the members of the leaf of this rank and at where they are in the dict, for whoever takes them out one by one and
 * would wait for both each time. The sum means nothing; it is kept so that the looking is not left out.
 */
export function touchLeaf(a: Arena, root: number, rank: number, hasher: KeyedHash): number {
  const { i32, u8 } = a
  walk.toRank(a, root + TREE_AT, rank)
  const n = walk.leafRefs(a, refs)
  let sum = 0
  for (let i = 0; i < n; i++) sum ^= u8[refs[i]]
  for (let i = 0; i < n; i++) {
    const start = scoredStart(u8, refs[i])
    homes[i] = dictHome(a, root + DICT_AT, hasher.hash(u8, start, start + scoredLength(u8, refs[i])))
  }
  for (let i = 0; i < n; i++) sum ^= i32[homes[i]]
  return sum
}
