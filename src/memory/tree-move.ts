// Moving a tree out of slabs that are to run empty (emptying.ts): a leaf with its members at a time, and the inner nodes on
// the way to it.

import type { Arena } from './arena.ts'
import { BEFORE, BEHIND, CHILDREN, REFS } from './tree-node.ts'
import { path } from './tree-path.ts'

/** Told that a member lies elsewhere now; `from` is free. */
type Moved = (from: number, to: number) => void

/** Moves the leaf of an element's rank, 0 .. elements - 1. Returns the rank of the next leaf's first element. */
export function treeMoveLeaf(a: Arena, root: number, rank: number, moved: Moved): number {
  const { i32 } = a
  path.toRank(a, root, rank)
  for (let d = 0; d < path.levels; d++) {
    path.nodes[d] = a.moved(path.nodes[d])
    setNode(i32, root, d, path.nodes[d])
  }
  const leaf = a.moved(path.leaf)
  path.leaf = leaf
  setNode(i32, root, path.levels, leaf)
  const before = i32[(leaf >> 2) + BEFORE]
  const behind = i32[(leaf >> 2) + BEHIND]
  if (before !== 0) i32[(before >> 2) + BEHIND] = leaf
  if (behind !== 0) i32[(behind >> 2) + BEFORE] = leaf
  const refs = (leaf >> 2) + REFS
  const count = i32[leaf >> 2]
  for (let i = 0; i < count; i++) {
    const from = i32[refs + i]
    const to = a.moved(from)
    if (to === from) continue
    i32[refs + i] = to
    if (i === 0) path.leafFirst(a)
    moved(from, to)
  }
  return rank - path.index + count
}

/** The node of depth `d` on the path lies here. */
function setNode(i32: Int32Array, root: number, d: number, node: number): void {
  i32[d === 0 ? root >> 2 : (path.nodes[d - 1] >> 2) + CHILDREN + path.indexes[d - 1]] = node
}
