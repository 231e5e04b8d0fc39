// A tree: elements (f64 score, i32 ref of a scored member) in the order of score, then of the member's bytes, in an arena. A
// B+ tree that counts what lies below each child, so it finds by key and by rank alike. Scores stand beside the refs in the
// leaves, and the member's bytes are looked at between equal scores only (isBefore in tree-node.ts is the one comparison).
//
//   root, 16 bytes: i32 top node (0: empty), i32 inner levels, i32 elements, i32 unused
//
//   top ──► inner nodes of 2..101 children ──► leaves of 13..40 elements, linked in both directions
//           the first and the last node of each level may hold less: appending fills leaves to the last element, and
//           taking from either end moves nothing between nodes
//
//   insert, remove, find, rank, nth     O(log n): 4 levels hold a million     random inserts    about 19 bytes an element
//   next, previous                      O(1)                                  appended          12.9 bytes
//   cut n neighbours                    O(log n) for each leaf of them
//
// A cursor is good until the next change of its tree. Equal (score, member) pairs must not be inserted twice.

import type { Arena } from './arena.ts'
import { growTree } from './tree-grow.ts'
import {
  BEFORE,
  BEHIND,
  CHILDREN,
  COUNTS,
  childOf,
  cutElements,
  elementsBefore,
  indexIn,
  indexOfRef,
  keepElements,
  LEAF_BYTES,
  LEAF_LEAST,
  LEAF_MOST,
  leafScores,
  putElement,
  REFS,
  type TreeKey,
  turnElements,
} from './tree-node.ts'
import { ELEMENTS, goal, LEVELS, path, type TreePath } from './tree-path.ts'
import { dropLeaf, fillLeaf } from './tree-shrink.ts'

/** Bytes of a root; zeroes are the empty tree. Its offset is a multiple of 4. */
export const TREE_ROOT_BYTES = 16

export function treeCount(a: Arena, root: number): number {
  return a.i32[(root >> 2) + ELEMENTS]
}

/** Adds an element, which `key` describes. False when the arena has no room; nothing has changed then. */
export function treeInsert(a: Arena, root: number, key: TreeKey, ref: number): boolean {
  if (a.i32[root >> 2] === 0) return plant(a, root, key.score, ref)
  path.toKey(a, root, key)
  path.index = indexIn(a, path.leaf, key)
  return insertHere(a, root, path, key.score, ref)
}

/** Adds an element that comes after all others: a tree is built from sorted elements so. As treeInsert. */
export function treeAppend(a: Arena, root: number, score: number, ref: number): boolean {
  if (a.i32[root >> 2] === 0) return plant(a, root, score, ref)
  path.toEnd(a, root)
  return insertHere(a, root, path, score, ref)
}

/** The first leaf. */
function plant(a: Arena, root: number, score: number, ref: number): boolean {
  const leaf = a.alloc(LEAF_BYTES)
  if (leaf === 0) return false
  const { i32 } = a
  const at = leaf >> 2
  keepElements(a, leaf, 1)
  i32[at + BEFORE] = 0
  i32[at + BEHIND] = 0
  i32[at + REFS] = ref
  a.f64[leafScores(leaf)] = score
  i32[root >> 2] = leaf
  i32[(root >> 2) + LEVELS] = 0
  i32[(root >> 2) + ELEMENTS] = 1
  return true
}

function insertHere(a: Arena, root: number, at: TreePath, score: number, ref: number): boolean {
  const { i32 } = a
  const { leaf } = at
  if (i32[leaf >> 2] === LEAF_MOST) {
    if (!growTree(a, root, at, score, ref)) return false
  } else {
    putElement(a, leaf, at.index, score, ref)
    at.count(i32, at.levels, 1)
  }
  i32[(root >> 2) + ELEMENTS]++
  return true
}

/** Takes out the element with this ref that `key` describes, which must be there. Never fails for want of memory. */
export function treeRemove(a: Arena, root: number, key: TreeKey, ref: number): void {
  find(a, root, key, ref)
  cutHere(a, root, 1)
}

/**
 * Gives the element with this ref another score: `key` describes it, `moved` the same with the new one, which differs from
 * the old at least in the sign of 0. False when the arena has no room; nothing has changed then. Within its leaf it changes
 * places with those between.
 */
export function treeMove(a: Arena, root: number, key: TreeKey, ref: number, moved: TreeKey): boolean {
  // Both leaves are found before one is looked at, so that the waits for them overlap.
  path.toKey(a, root, key)
  goal.toKey(a, root, moved)
  const { leaf } = path
  const from = indexHere(a, leaf, key, ref)
  const to = indexIn(a, goal.leaf, moved)
  if (goal.leaf === leaf) {
    const behind = to > from ? to - 1 : to
    turnElements(a, leaf, from, behind, moved.score)
    if (from === 0 || behind === 0) path.leafFirst(a)
    return true
  }
  path.index = from
  goal.index = to
  const grows = a.i32[goal.leaf >> 2] === LEAF_MOST
  if (!insertHere(a, root, goal, moved.score, ref)) return false
  if (grows) find(a, root, key, ref)
  cutHere(a, root, 1)
  return true
}

/** Aims `path` at the element with this ref that `key` describes. */
function find(a: Arena, root: number, key: TreeKey, ref: number): void {
  path.toKey(a, root, key)
  path.index = indexHere(a, path.leaf, key, ref)
}

/** Where in its leaf the element with this ref is. */
function indexHere(a: Arena, leaf: number, key: TreeKey, ref: number): number {
  const index = leaf === 0 ? -1 : indexOfRef(a, leaf, key.score, ref)
  if (index < 0) throw new Error('tree: there is no element of this score and member')
  return index
}

/**
 * Takes out elements from `rank` on, as many as lie in one leaf, at most `most`, and writes their refs to out[0 ..).
 * Returns how many: at least 1 when there is an element of this rank and `most` is not 0.
 */
export function treeCut(a: Arena, root: number, rank: number, most: number, out: Int32Array): number {
  const { i32 } = a
  if (rank < 0 || rank >= i32[(root >> 2) + ELEMENTS] || most <= 0) return 0
  path.toRank(a, root, rank)
  const refs = (path.leaf >> 2) + REFS + path.index
  const n = Math.min(most, i32[path.leaf >> 2] - path.index, out.length)
  for (let i = 0; i < n; i++) out[i] = i32[refs + i]
  cutHere(a, root, n)
  return n
}

/** Whether the last treeCut took what was left in its leaf. */
export function isLeafGone(): boolean {
  return path.isLeafGone
}

/** Takes out `n` elements at `path`, all in its leaf. */
function cutHere(a: Arena, root: number, n: number): void {
  const { i32 } = a
  const { leaf, index } = path
  cutElements(a, leaf, index, n)
  path.count(i32, path.levels, -n)
  i32[(root >> 2) + ELEMENTS] -= n
  const left = i32[leaf >> 2]
  path.isLeafGone = left === 0
  if (left === 0) {
    dropLeaf(a, root, path)
    return
  }
  if (index === 0) path.leafFirst(a)
  const isOuter = i32[(leaf >> 2) + BEFORE] === 0 || i32[(leaf >> 2) + BEHIND] === 0
  if (left < LEAF_LEAST && !isOuter) fillLeaf(a, root, path)
}

/** How many elements lie before a place; with the place before an element that is its rank. */
export function treeBefore(a: Arena, root: number, key: TreeKey): number {
  const { i32 } = a
  let node = i32[root >> 2]
  if (node === 0) return 0
  let rank = 0
  let total = i32[(root >> 2) + ELEMENTS]
  for (let levels = i32[(root >> 2) + LEVELS]; levels > 0; levels--) {
    const at = childOf(a, node, key)
    const base = node >> 2
    rank += elementsBefore(i32, node, at, total)
    total = i32[base + COUNTS + at]
    node = i32[base + CHILDREN + at]
  }
  return rank + indexIn(a, node, key)
}

/** A place at one element, for walks. */
export class TreeCursor {
  leaf = 0
  index = 0

  /** To the element of this rank, 0 .. elements - 1. */
  toRank(a: Arena, root: number, rank: number): void {
    path.toRank(a, root, rank)
    this.leaf = path.leaf
    this.index = path.index
  }

  ref(a: Arena): number {
    return a.i32[(this.leaf >> 2) + REFS + this.index]
  }

  score(a: Arena): number {
    return a.f64[leafScores(this.leaf) + this.index]
  }

  /** Writes the refs of all elements of the leaf to out[0 ..), and returns how many they are. */
  leafRefs(a: Arena, out: Int32Array): number {
    const { i32 } = a
    const refs = (this.leaf >> 2) + REFS
    const n = i32[this.leaf >> 2]
    for (let i = 0; i < n; i++) out[i] = i32[refs + i]
    return n
  }

  /**
   * Looks at the next `n` members of the leaf, below 0: at those before, so that the waits for their memory overlap; the sum
   * means nothing.
   */
  touch(a: Arena, n: number): number {
    const { i32, u8 } = a
    const refs = (this.leaf >> 2) + REFS
    const from = n < 0 ? Math.max(0, this.index + 1 + n) : this.index
    const to = n < 0 ? this.index + 1 : Math.min(i32[this.leaf >> 2], this.index + n)
    let sum = 0
    for (let i = from; i < to; i++) sum += u8[i32[refs + i]]
    return sum
  }

  /**
   * Writes refs and scores of the next elements of the leaf, below 0: of those before it, at most `n`, to `refs` and `scores` in
   * the order of the walk, and moves on behind them. Returns how many; they have room for a leaf. Members are not looked at.
   */
  take(a: Arena, n: number, refs: Int32Array, scores: Float64Array): number {
    const { i32, f64 } = a
    const { leaf, index } = this
    const fromRefs = (leaf >> 2) + REFS
    const fromScores = leafScores(leaf)
    const step = n < 0 ? -1 : 1
    const most = n < 0 ? Math.min(-n, index + 1) : Math.min(n, i32[leaf >> 2] - index)
    for (let i = 0, at = index; i < most; i++, at += step) {
      refs[i] = i32[fromRefs + at]
      scores[i] = f64[fromScores + at]
    }
    this.index = index + step * (most - 1)
    if (n < 0) this.previous(a)
    else this.next(a)
    return most
  }

  /** To the next element; there must be one, or the cursor points nowhere. */
  next(a: Arena): void {
    const { i32 } = a
    if (++this.index < i32[this.leaf >> 2]) return
    this.leaf = i32[(this.leaf >> 2) + BEHIND]
    this.index = 0
  }

  /** To the element before; as next. */
  previous(a: Arena): void {
    if (--this.index >= 0) return
    const { i32 } = a
    this.leaf = i32[(this.leaf >> 2) + BEFORE]
    this.index = this.leaf === 0 ? 0 : i32[this.leaf >> 2] - 1
  }
}

/** Frees all nodes, not what refs point to. The root is that of an empty tree then. */
export function treeClear(a: Arena, root: number): void {
  const { i32 } = a
  const at = root >> 2
  if (i32[at] !== 0) freeBelow(a, i32[at], i32[at + LEVELS])
  i32[at] = 0
  i32[at + LEVELS] = 0
  i32[at + ELEMENTS] = 0
}

function freeBelow(a: Arena, node: number, levels: number): void {
  const { i32 } = a
  if (levels > 0) {
    for (let i = 0; i < i32[node >> 2]; i++) freeBelow(a, i32[(node >> 2) + CHILDREN + i], levels - 1)
  }
  a.free(node)
}

/** Bytes that the arena has handed out for the nodes. O(inner nodes). */
export function treeBytes(a: Arena, root: number): number {
  const { i32 } = a
  const top = i32[root >> 2]
  return top === 0 ? 0 : bytesBelow(a, top, i32[(root >> 2) + LEVELS])
}

function bytesBelow(a: Arena, node: number, levels: number): number {
  const { i32 } = a
  let bytes = a.sizeOf(node)
  if (levels === 1) return bytes + i32[node >> 2] * LEAF_BYTES
  if (levels > 1) {
    for (let i = 0; i < i32[node >> 2]; i++) bytes += bytesBelow(a, i32[(node >> 2) + CHILDREN + i], levels - 1)
  }
  return bytes
}
