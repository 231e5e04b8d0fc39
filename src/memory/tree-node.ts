// The nodes of a tree: where their words lie, and how elements and children are moved inside one and between two.
//
//   leaf, 504 bytes: up to 41 elements in order
//      0  i32  elements     4  i32  leaf before, 0: none     8  i32  leaf behind, 0: none
//     12  i32 x 41  refs    176  f64 x 41  scores
//
//   inner node, 1008 bytes: up to 50 children in order
//      0  i32  children     4  i32 x 50  children            204  i32 x 50  elements below each
//    404  i32 x 50, 608  f64 x 50  ref and score of the first element below each; those of child 0 are not kept and may
//                                  be of an element that is gone
//
// Moves are loops: most are of 10 to 20 words, where a call of copyWithin costs more.

import type { Arena } from './arena.ts'
import { compareScored } from './scored.ts'

export const LEAF_MOST = 41
export const INNER_MOST = 50
/** Fewer than these and a node takes from a neighbour, or joins it; the first and the last node of a level may have 1. */
export const LEAF_LEAST = 13
export const INNER_LEAST = 16
/** Two nodes join only when this many are left free, else the next insert would part them again. */
const SPARE = 8
export const LEAF_JOINED = LEAF_MOST - SPARE
export const INNER_JOINED = INNER_MOST - SPARE

export const LEAF_BYTES = 504
export const INNER_BYTES = 1008

/** Words from the start of a node. */
export const BEFORE = 1
export const BEHIND = 2
export const REFS = 3
export const CHILDREN = 1
export const COUNTS = 51
export const FIRST_REFS = 101

const LEAF_SCORES = 176
const INNER_SCORES = 608

/** Index in f64 of the first score of a leaf. */
export const leafScores = (leaf: number): number => (leaf + LEAF_SCORES) >> 3
/** Index in f64 of the score of the first element below child 0. */
export const innerScores = (node: number): number => (node + INNER_SCORES) >> 3

/**
 * What is searched for: a place between elements. Elements lie before it when their score is smaller; of equal scores, when
 * their member is smaller. Without a member (`start` < 0) `after` decides about equal scores, with one about the very
 * element. A NaN score leaves scores out: the order of members alone, for elements of one score.
 */
export class TreeKey {
  score = 0
  buf: Uint8Array = new Uint8Array(0)
  start = -1
  end = 0
  after = false

  /** The place right before (score, member) or right behind it. */
  member(score: number, buf: Uint8Array, start: number, end: number, after: boolean): void {
    this.score = score
    this.buf = buf
    this.start = start
    this.end = end
    this.after = after
  }

  /** The place before all elements of this score, or behind them. */
  scoreOnly(score: number, after: boolean): void {
    this.score = score
    this.start = -1
    this.after = after
  }
}

/** Whether an element lies before a place. The one comparison that the order of a tree rests on. */
export function isBefore(a: Arena, score: number, ref: number, key: TreeKey): boolean {
  if (score < key.score) return true
  if (score > key.score) return false
  if (key.start < 0) return key.after
  const order = compareScored(a.u8, ref, key.buf, key.start, key.end)
  return order < 0 || (order === 0 && key.after)
}

/** How many of the scores f64[at, at + n) are below `score`; they are in order. Without a branch to guess at in its steps. */
function scoresBelow(f64: Float64Array, at: number, n: number, score: number): number {
  let low = at
  while (n > 1) {
    const half = n >> 1
    low += half & -Number(f64[low + half - 1] < score)
    n -= half
  }
  return low - at + (n & Number(f64[low] < score))
}

/** The child in which a place lies: the last one whose first element is before it, else child 0. */
export function childOf(a: Arena, node: number, key: TreeKey): number {
  const { i32, f64 } = a
  const base = node >> 2
  const scores = innerScores(node)
  const children = i32[base]
  let low = scoresBelow(f64, scores + 1, children - 1, key.score)
  if (low + 1 === children || f64[scores + low + 1] > key.score) return low
  // Equal scores, or none looked for.
  let high = children - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (isBefore(a, f64[scores + middle], i32[base + FIRST_REFS + middle], key)) low = middle
    else high = middle - 1
  }
  return low
}

/** How many elements of a leaf lie before a place. */
export function indexIn(a: Arena, leaf: number, key: TreeKey): number {
  const { i32, f64 } = a
  const base = leaf >> 2
  const scores = leafScores(leaf)
  const elements = i32[base]
  let low = scoresBelow(f64, scores, elements, key.score)
  if (low === elements || f64[scores + low] > key.score) return low
  let high = elements
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(a, f64[scores + middle], i32[base + REFS + middle], key)) low = middle + 1
    else high = middle
  }
  return low
}

/** Makes room for `n` elements at `at` in a leaf, without writing them; n < 0: takes those in [at, at - n) out. */
export function shiftLeaf(a: Arena, leaf: number, at: number, n: number): void {
  const { i32, f64 } = a
  const refs = (leaf >> 2) + REFS
  const scores = leafScores(leaf)
  const count = i32[leaf >> 2]
  if (n > 0) {
    for (let i = count - 1; i >= at; i--) {
      i32[refs + i + n] = i32[refs + i]
      f64[scores + i + n] = f64[scores + i]
    }
  } else {
    for (let i = at - n; i < count; i++) {
      i32[refs + i + n] = i32[refs + i]
      f64[scores + i + n] = f64[scores + i]
    }
  }
  i32[leaf >> 2] = count + n
}

/** Copies elements between leaves. */
export function copyElements(a: Arena, to: number, toAt: number, from: number, fromAt: number, n: number): void {
  const { i32, f64 } = a
  const toRefs = (to >> 2) + REFS + toAt
  const fromRefs = (from >> 2) + REFS + fromAt
  const toScores = leafScores(to) + toAt
  const fromScores = leafScores(from) + fromAt
  for (let i = 0; i < n; i++) {
    i32[toRefs + i] = i32[fromRefs + i]
    f64[toScores + i] = f64[fromScores + i]
  }
}

/** Makes room for `n` children at `at`, without writing them; n < 0: takes those in [at, at - n) out. */
export function shiftInner(a: Arena, node: number, at: number, n: number): void {
  const { i32 } = a
  const count = i32[node >> 2]
  if (n > 0) for (let i = count - 1; i >= at; i--) moveChild(a, node, i + n, node, i)
  else for (let i = at - n; i < count; i++) moveChild(a, node, i + n, node, i)
  i32[node >> 2] = count + n
}

/** Copies children between inner nodes; returns how many elements lie below them. */
export function copyChildren(a: Arena, to: number, toAt: number, from: number, fromAt: number, n: number): number {
  const { i32 } = a
  let elements = 0
  for (let i = 0; i < n; i++) {
    moveChild(a, to, toAt + i, from, fromAt + i)
    elements += i32[(from >> 2) + COUNTS + fromAt + i]
  }
  return elements
}

function moveChild(a: Arena, to: number, toAt: number, from: number, fromAt: number): void {
  const { i32, f64 } = a
  const t = (to >> 2) + toAt
  const f = (from >> 2) + fromAt
  i32[t + CHILDREN] = i32[f + CHILDREN]
  i32[t + COUNTS] = i32[f + COUNTS]
  i32[t + FIRST_REFS] = i32[f + FIRST_REFS]
  f64[innerScores(to) + toAt] = f64[innerScores(from) + fromAt]
}

/** Says what the first element below child `at` is. */
export function setFirst(a: Arena, node: number, at: number, score: number, ref: number): void {
  a.f64[innerScores(node) + at] = score
  a.i32[(node >> 2) + FIRST_REFS + at] = ref
}
