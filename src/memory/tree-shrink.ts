// How a tree loses nodes: an empty one goes; one with too little takes from a neighbour below the same parent or joins it. The
// first and the last node of a level are let alone until they are empty, so elements taken from an end (a queue by score)
// cost no moves between nodes.

import type { Arena } from './arena.ts'
import {
  BEFORE,
  BEHIND,
  CHILDREN,
  COUNTS,
  copyChildren,
  copyElements,
  cutElements,
  FIRST_REFS,
  INNER_JOINED,
  INNER_LEAST,
  innerScores,
  keepChildren,
  keepElements,
  LEAF_JOINED,
  leafScores,
  REFS,
  setFirst,
  shiftElements,
  shiftInner,
} from './tree-node.ts'
import { LEVELS, type TreePath } from './tree-path.ts'

/** Removes the leaf that `path` leads to, which is empty. */
export function dropLeaf(a: Arena, root: number, path: TreePath): void {
  unlink(a, path.leaf)
  dropChild(a, root, path, path.levels - 1, path.levels === 0 ? 0 : path.indexes[path.levels - 1])
}

function unlink(a: Arena, leaf: number): void {
  const { i32 } = a
  const before = i32[(leaf >> 2) + BEFORE]
  const behind = i32[(leaf >> 2) + BEHIND]
  if (before !== 0) i32[(before >> 2) + BEHIND] = behind
  if (behind !== 0) i32[(behind >> 2) + BEFORE] = before
  a.free(leaf)
}

/** Takes child `at`, freed already, out of the node at depth `d`; -1: it was the top. */
function dropChild(a: Arena, root: number, path: TreePath, d: number, at: number): void {
  const { i32 } = a
  if (d < 0) {
    i32[root >> 2] = 0
    i32[(root >> 2) + LEVELS] = 0
    return
  }
  const node = path.nodes[d]
  if (i32[node >> 2] === 1) {
    a.free(node)
    dropChild(a, root, path, d - 1, d === 0 ? 0 : path.indexes[d - 1])
    return
  }
  shiftInner(a, node, at, -1)
  if (at === 0) path.innerFirst(a, d)
  if (d === 0) lowerTop(a, root)
  else if (i32[node >> 2] < INNER_LEAST && !path.isOuter(i32, d)) fillInner(a, root, path, d)
}

/** A top with one child is none. */
function lowerTop(a: Arena, root: number): void {
  const { i32 } = a
  const at = root >> 2
  while (i32[at + LEVELS] > 0 && i32[i32[at] >> 2] === 1) {
    const top = i32[at]
    i32[at] = i32[(top >> 2) + CHILDREN]
    i32[at + LEVELS]--
    a.free(top)
  }
}

/** The leaf that `path` leads to, neither the first nor the last one, has too little. */
export function fillLeaf(a: Arena, root: number, path: TreePath): void {
  const { i32, f64 } = a
  const d = path.levels - 1
  const parent = path.nodes[d]
  const at = path.indexes[d]
  const leftAt = at < i32[parent >> 2] - 1 ? at : at - 1
  const children = (parent >> 2) + CHILDREN + leftAt
  const counts = (parent >> 2) + COUNTS + leftAt
  const left = i32[children]
  const right = i32[children + 1]
  const inLeft = i32[left >> 2]
  const inRight = i32[right >> 2]
  if (inLeft + inRight <= LEAF_JOINED) {
    copyElements(a, left, inLeft, right, 0, inRight)
    i32[left >> 2] = inLeft + inRight
    i32[counts] = inLeft + inRight
    unlink(a, right)
    dropChild(a, root, path, d, leftAt + 1)
    return
  }
  const half = (inLeft + inRight) >> 1
  if (inLeft < half) {
    copyElements(a, left, inLeft, right, 0, half - inLeft)
    i32[left >> 2] = half
    cutElements(a, right, 0, half - inLeft)
  } else {
    shiftElements(a, right, inLeft - half)
    copyElements(a, right, 0, left, half, inLeft - half)
    keepElements(a, left, half)
  }
  i32[counts] = half
  i32[counts + 1] = i32[right >> 2]
  setFirst(a, parent, leftAt + 1, f64[leafScores(right)], i32[(right >> 2) + REFS])
}

/** The inner node at depth `d`, neither the first nor the last one of its level, has too few children. */
function fillInner(a: Arena, root: number, path: TreePath, d: number): void {
  const { i32, f64 } = a
  const parent = path.nodes[d - 1]
  const at = path.indexes[d - 1]
  const leftAt = at < i32[parent >> 2] - 1 ? at : at - 1
  const children = (parent >> 2) + CHILDREN + leftAt
  const counts = (parent >> 2) + COUNTS + leftAt
  const left = i32[children]
  const right = i32[children + 1]
  const inLeft = i32[left >> 2]
  const inRight = i32[right >> 2]
  // What the parent keeps for the right node's child 0 has to be with that child wherever it ends up.
  setFirst(a, right, 0, f64[innerScores(parent) + leftAt + 1], i32[(parent >> 2) + FIRST_REFS + leftAt + 1])
  if (inLeft + inRight <= INNER_JOINED) {
    i32[counts] += copyChildren(a, left, inLeft, right, 0, inRight)
    i32[left >> 2] = inLeft + inRight
    a.free(right)
    dropChild(a, root, path, d - 1, leftAt + 1)
    return
  }
  const half = (inLeft + inRight) >> 1
  let moved = 0
  if (inLeft < half) {
    moved = copyChildren(a, left, inLeft, right, 0, half - inLeft)
    i32[left >> 2] = half
    shiftInner(a, right, 0, inLeft - half)
  } else {
    shiftInner(a, right, 0, inLeft - half)
    moved = -copyChildren(a, right, 0, left, half, inLeft - half)
    keepChildren(a, left, half)
  }
  i32[counts] += moved
  i32[counts + 1] -= moved
  setFirst(a, parent, leftAt + 1, f64[innerScores(right)], i32[(right >> 2) + FIRST_REFS])
}
