// The way from the root of a tree to one of its leaves, which every change needs to bring counts and separators up to date.
// Two paths for the whole program, of which only a move needs both: a change runs to its end before the next one starts, so
// they are reused and nothing is made.
//
//   nodes[d], indexes[d]   for d = 0 .. levels-1: the inner node at this depth and the child that was taken

import type { Arena } from './arena.ts'
import {
  CHILDREN,
  COUNTS,
  childOf,
  FIRST_REFS,
  innerScores,
  leafScores,
  REFS,
  setFirst,
  type TreeKey,
} from './tree-node.ts'

/** With at least 32 children a node, 6 levels hold more than any arena. */
export const MOST_LEVELS = 16

/** Words of a tree's root. */
export const LEVELS = 1
export const ELEMENTS = 2

export class TreePath {
  readonly nodes = new Int32Array(MOST_LEVELS)
  readonly indexes = new Int32Array(MOST_LEVELS)
  levels = 0
  leaf = 0
  /** The element in the leaf; set by whoever looked for one. */
  index = 0
  /** Whether a cut has taken the leaf along. */
  isLeafGone = false

  /** To the leaf in which this very element is or belongs. */
  toKey(a: Arena, root: number, key: TreeKey): void {
    const { i32 } = a
    const levels = i32[(root >> 2) + LEVELS]
    let node = i32[root >> 2]
    // A separator equal to the key is the key's own element: it lies behind it, not before.
    const { after } = key
    key.after = true
    for (let d = 0; d < levels; d++) node = this.enter(i32, d, node, childOf(a, node, key))
    key.after = after
    this.levels = levels
    this.leaf = node
  }

  /** To the element with this rank, 0 .. elements - 1. */
  toRank(a: Arena, root: number, rank: number): void {
    const { i32 } = a
    const levels = i32[(root >> 2) + LEVELS]
    let node = i32[root >> 2]
    let total = i32[(root >> 2) + ELEMENTS]
    for (let d = 0; d < levels; d++) {
      const counts = (node >> 2) + COUNTS
      let at = 0
      if (2 * rank < total) while (rank >= i32[counts + at]) rank -= i32[counts + at++]
      else {
        // From the end, by how many elements stand behind.
        let behind = total - rank
        at = i32[node >> 2] - 1
        while (behind > i32[counts + at]) behind -= i32[counts + at--]
        rank = i32[counts + at] - behind
      }
      total = i32[counts + at]
      node = this.enter(i32, d, node, at)
    }
    this.levels = levels
    this.leaf = node
    this.index = rank
  }

  /** To the place behind the last element. */
  toEnd(a: Arena, root: number): void {
    const { i32 } = a
    const levels = i32[(root >> 2) + LEVELS]
    let node = i32[root >> 2]
    for (let d = 0; d < levels; d++) node = this.enter(i32, d, node, i32[node >> 2] - 1)
    this.levels = levels
    this.leaf = node
    this.index = i32[node >> 2]
  }

  /** Adds to the elements below the nodes above depth `d`. */
  count(i32: Int32Array, d: number, n: number): void {
    while (--d >= 0) i32[(this.nodes[d] >> 2) + COUNTS + this.indexes[d]] += n
  }

  /** The first element of the leaf has changed: the one node that keeps it as a separator hears of it. */
  leafFirst(a: Arena): void {
    this.first(a, this.levels, a.f64[leafScores(this.leaf)], a.i32[(this.leaf >> 2) + REFS])
  }

  /** As leafFirst, for the node at depth `d`, whose entry for child 0 is valid at this moment. */
  innerFirst(a: Arena, d: number): void {
    const node = this.nodes[d]
    this.first(a, d, a.f64[innerScores(node)], a.i32[(node >> 2) + FIRST_REFS])
  }

  /** Whether the node at depth `d` is the first or the last one of its level. */
  isOuter(i32: Int32Array, d: number): boolean {
    let first = true
    let last = true
    for (let up = 0; up < d; up++) {
      const at = this.indexes[up]
      if (at !== 0) first = false
      if (at !== i32[this.nodes[up] >> 2] - 1) last = false
    }
    return first || last
  }

  private enter(i32: Int32Array, d: number, node: number, at: number): number {
    this.nodes[d] = node
    this.indexes[d] = at
    return i32[(node >> 2) + CHILDREN + at]
  }

  private first(a: Arena, d: number, score: number, ref: number): void {
    while (--d >= 0) {
      if (this.indexes[d] === 0) continue
      setFirst(a, this.nodes[d], this.indexes[d], score, ref)
      return
    }
  }
}

export const path = new TreePath()
/** Where a move goes. */
export const goal = new TreePath()
