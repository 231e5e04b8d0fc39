// What a tree must be after every change. For tests.

import type { Arena } from './arena.ts'
import { compareScored, scoredLength, scoredStart } from './scored.ts'
import {
  BEFORE,
  BEHIND,
  CHILDREN,
  COUNTS,
  FIRST_REFS,
  INNER_LEAST,
  INNER_MOST,
  innerScores,
  LEAF_LEAST,
  LEAF_MOST,
  leafScores,
  REFS,
} from './tree-node.ts'
import { ELEMENTS, LEVELS } from './tree-path.ts'

/** Throws Error when the tree is not what its comments say. */
export function treeCheck(a: Arena, root: number): void {
  const { i32 } = a
  const top = i32[root >> 2]
  const levels = i32[(root >> 2) + LEVELS]
  if (top === 0) {
    assert(levels === 0 && i32[(root >> 2) + ELEMENTS] === 0, 'the empty tree has nothing')
    return
  }
  assert(levels === 0 || i32[top >> 2] > 1, 'a top has two children')
  const leaves: number[] = []
  const elements = checkNode(a, top, levels, true, true, leaves)
  assert(elements === i32[(root >> 2) + ELEMENTS], 'the root counts the elements')
  for (const [i, leaf] of leaves.entries()) {
    assert(i32[(leaf >> 2) + BEFORE] === (leaves[i - 1] ?? 0), 'a leaf knows the one before')
    assert(i32[(leaf >> 2) + BEHIND] === (leaves[i + 1] ?? 0), 'a leaf knows the one behind')
    const next = leaves[i + 1]
    if (next !== undefined) checkOrder(a, leaf, i32[leaf >> 2] - 1, next, 0)
  }
}

function checkNode(a: Arena, node: number, levels: number, first: boolean, last: boolean, leaves: number[]): number {
  const { i32, f64 } = a
  const n = i32[node >> 2]
  assert(n >= (first || last ? 1 : levels === 0 ? LEAF_LEAST : INNER_LEAST), 'no node has too little')
  assert(n <= (levels === 0 ? LEAF_MOST : INNER_MOST), 'no node has too much')
  const scores = levels === 0 ? leafScores(node) : innerScores(node)
  const most = levels === 0 ? LEAF_MOST : INNER_MOST
  for (let i = n; i < most; i++) assert(Number.isNaN(f64[scores + i]), 'free scores are NaN')
  if (levels === 0) {
    leaves.push(node)
    for (let i = 1; i < n; i++) checkOrder(a, node, i - 1, node, i)
    return n
  }
  let sum = 0
  for (let i = 0; i < n; i++) {
    const child = i32[(node >> 2) + CHILDREN + i]
    const seen = leaves.length
    const elements = checkNode(a, child, levels - 1, first && i === 0, last && i === n - 1, leaves)
    assert(elements === i32[(node >> 2) + COUNTS + i], 'a node counts what is below each child')
    const leaf = leaves[seen] ?? 0
    if (i > 0) {
      assert(f64[innerScores(node) + i] === f64[leafScores(leaf)], 'a separator has the score of the first element')
      assert(i32[(node >> 2) + FIRST_REFS + i] === i32[(leaf >> 2) + REFS], 'a separator is the first element')
    }
    sum += elements
  }
  return sum
}

function checkOrder(a: Arena, leaf: number, i: number, otherLeaf: number, j: number): void {
  const { i32, f64, u8 } = a
  const score = f64[leafScores(leaf) + i]
  const other = f64[leafScores(otherLeaf) + j]
  const ref = i32[(otherLeaf >> 2) + REFS + j]
  const start = scoredStart(u8, ref)
  const order = compareScored(u8, i32[(leaf >> 2) + REFS + i], u8, start, start + scoredLength(u8, ref))
  assert(score < other || (score === other && order < 0), 'elements are in order')
}

function assert(condition: boolean, rule: string): void {
  if (!condition) throw new Error(`tree: not so: ${rule}`)
}
