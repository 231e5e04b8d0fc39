// The large form of a sorted set: a dict of members that a tree keeps in order (zset.ts draws it).

import type { Arena } from '../memory/arena.ts'
import { dictClear } from '../memory/dict.ts'
import { TreeCursor, treeClear, treeCount } from '../memory/tree.ts'
import { ROOT_OWN } from './value.ts'

export const DICT_AT = ROOT_OWN
export const TREE_AT = ROOT_OWN + 16
const ROOT_BYTES = TREE_AT + 16

const walk = new TreeCursor()

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
