// How a tree gets a further leaf: a full leaf parts, and the inner nodes above it as far as they are full too. All nodes are
// taken from the arena before the first word changes, so a tree never stands half grown.
//
//   in the middle    halves                       40 ► 20 + 21
//   at the right end the new node starts alone    40 ► 40 + 1    appended leaves stay full
//   at the left end  likewise                     40 ► 1 + 40

import type { Arena } from './arena.ts'
import {
  BEFORE,
  BEHIND,
  CHILDREN,
  COUNTS,
  copyChildren,
  copyElements,
  FIRST_REFS,
  INNER_BYTES,
  INNER_MOST,
  innerScores,
  keepChildren,
  keepElements,
  LEAF_BYTES,
  LEAF_MOST,
  leafScores,
  putElement,
  REFS,
  setFirst,
  shiftInner,
} from './tree-node.ts'
import { LEVELS, MOST_LEVELS, type TreePath } from './tree-path.ts'

/** Where the new element goes: the end of the tree, its start, or between. */
type Side = 'end' | 'start' | 'middle'

/** Nodes that have been taken for the change at hand: the leaf, the inner nodes upwards, the new top. */
const taken = new Int32Array(MOST_LEVELS + 2)

/** Parts the full leaf that `path` leads to and puts an element in at its index. False when the arena has no room; nothing has changed then. */
export function growTree(a: Arena, root: number, path: TreePath, score: number, ref: number): boolean {
  const { i32 } = a
  const { levels, leaf, index } = path
  let full = 0
  while (full < levels && i32[path.nodes[levels - 1 - full] >> 2] === INNER_MOST) full++
  if (!take(a, full + (full === levels ? 2 : 1))) return false
  const side = sideOf(i32, leaf, index)
  let left = leaf
  let right = partLeaf(a, path, side, score, ref)
  let leftElements = i32[left >> 2]
  let rightElements = i32[right >> 2]
  let firstScore = a.f64[leafScores(right)]
  let firstRef = i32[(right >> 2) + REFS]
  for (let d = levels - 1; d >= 0; d--) {
    const node = path.nodes[d]
    const at = path.indexes[d]
    const above = levels - 1 - d
    i32[(node >> 2) + COUNTS + at] = leftElements
    if (above === full) {
      putChild(a, node, at + 1, right, rightElements, firstScore, firstRef)
      path.count(i32, d, 1)
      return true
    }
    const fresh = taken[1 + above]
    partInner(a, node, fresh, at + 1, side, right, rightElements, firstScore, firstRef)
    left = node
    right = fresh
    leftElements = elementsOf(i32, left)
    rightElements = elementsOf(i32, right)
    firstScore = a.f64[innerScores(right)]
    firstRef = i32[(right >> 2) + FIRST_REFS]
  }
  const top = taken[1 + full]
  keepChildren(a, top, 0)
  putChild(a, top, 0, left, leftElements, 0, 0)
  putChild(a, top, 1, right, rightElements, firstScore, firstRef)
  i32[root >> 2] = top
  i32[(root >> 2) + LEVELS] = levels + 1
  return true
}

function take(a: Arena, nodes: number): boolean {
  for (let i = 0; i < nodes; i++) {
    taken[i] = a.alloc(i === 0 ? LEAF_BYTES : INNER_BYTES)
    if (taken[i] !== 0) continue
    while (--i >= 0) a.free(taken[i])
    return false
  }
  return true
}

function sideOf(i32: Int32Array, leaf: number, index: number): Side {
  if (index === LEAF_MOST && i32[(leaf >> 2) + BEHIND] === 0) return 'end'
  return index === 0 && i32[(leaf >> 2) + BEFORE] === 0 ? 'start' : 'middle'
}

/** Moves the right part of the leaf that `path` leads to to the first node taken, which is returned, and puts the element in. */
function partLeaf(a: Arena, path: TreePath, side: Side, score: number, ref: number): number {
  const { i32 } = a
  const { leaf, index } = path
  const right = taken[0]
  const half = LEAF_MOST >> 1
  const kept = side === 'end' ? LEAF_MOST : side === 'start' ? 0 : index <= half ? half : LEAF_MOST - half
  copyElements(a, right, 0, leaf, kept, LEAF_MOST - kept)
  keepElements(a, right, LEAF_MOST - kept)
  keepElements(a, leaf, kept)
  const behind = i32[(leaf >> 2) + BEHIND]
  i32[(right >> 2) + BEFORE] = leaf
  i32[(right >> 2) + BEHIND] = behind
  i32[(leaf >> 2) + BEHIND] = right
  if (behind !== 0) i32[(behind >> 2) + BEFORE] = right
  const goesLeft = side === 'start' || (side === 'middle' && index <= half)
  putElement(a, goesLeft ? leaf : right, goesLeft ? index : index - kept, score, ref)
  return right
}

/** Moves the right part of a full inner node to `fresh` and puts a child in at `at`. */
function partInner(
  a: Arena,
  node: number,
  fresh: number,
  at: number,
  side: Side,
  child: number,
  elements: number,
  score: number,
  ref: number,
): void {
  const half = INNER_MOST >> 1
  const kept = side === 'end' ? INNER_MOST : side === 'start' ? 1 : half
  copyChildren(a, fresh, 0, node, kept, INNER_MOST - kept)
  keepChildren(a, fresh, INNER_MOST - kept)
  keepChildren(a, node, kept)
  if (side === 'middle' && at <= half) putChild(a, node, at, child, elements, score, ref)
  else putChild(a, fresh, at - kept, child, elements, score, ref)
}

function putChild(
  a: Arena,
  node: number,
  at: number,
  child: number,
  elements: number,
  score: number,
  ref: number,
): void {
  shiftInner(a, node, at, 1)
  a.i32[(node >> 2) + CHILDREN + at] = child
  a.i32[(node >> 2) + COUNTS + at] = elements
  setFirst(a, node, at, score, ref)
}

function elementsOf(i32: Int32Array, node: number): number {
  const counts = (node >> 2) + COUNTS
  let sum = 0
  for (let i = 0; i < i32[node >> 2]; i++) sum += i32[counts + i]
  return sum
}
