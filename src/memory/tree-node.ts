// The nodes of a tree: where their words lie, and how elements and children are moved inside one and between two.
//
//   leaf, 496 bytes: up to 40 elements in order
//      0  i32  elements     4  i32  leaf before, 0: none     8  i32  leaf behind, 0: none
//     12  i32 x 40  refs    176  f64 x 40  scores
//
//   inner node, 2024 bytes: up to 101 children in order
//      0  i32  children      4  i32 x 101  children          408  i32 x 101  elements below each
//    812  i32 x 101, 1216  f64 x 101  ref and score of the first element below each; those of child 0 are not kept and may
//                                     be of an element that is gone
//
// Scores that are free are NaN. So a search need not know how many there are: it counts those below its own among every 8th,
// then among the 8 before the first that is not (in an inner node every 25th, every 5th, and 5), always the same steps without
// a branch to guess at. What it looks at in one step does not depend on each other, so the waits for memory overlap. Written
// out, because a loop costs half as much again:
//
//   40 scores    12 looks    29 ns, where halving takes 45       100 scores    12 looks    30 ns, where halving takes 60
//
// Moves are loops: most are of 10 to 20 words, where a call of copyWithin costs more.

import type { Arena } from './arena.ts'
import { compareScored } from './scored.ts'

export const LEAF_MOST = 40
export const INNER_MOST = 101
/** Fewer than these and a node takes from a neighbour, or joins it; the first and the last node of a level may have 1. */
export const LEAF_LEAST = 13
export const INNER_LEAST = 32
/** Two nodes join only when this many are left free, else the next insert would part them again. */
const SPARE = 8
export const LEAF_JOINED = LEAF_MOST - SPARE
export const INNER_JOINED = INNER_MOST - SPARE

export const LEAF_BYTES = 496
export const INNER_BYTES = 2024

/** Words from the start of a node. */
export const BEFORE = 1
export const BEHIND = 2
export const REFS = 3
export const CHILDREN = 1
export const COUNTS = 102
export const FIRST_REFS = 203

const LEAF_SCORES = 176
const INNER_SCORES = 1216

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

/** How many scores of a leaf are below `score`. */
function leafBelow(f64: Float64Array, leaf: number, score: number): number {
  const at = leafScores(leaf)
  const samples =
    Number(f64[at + 7] < score) +
    Number(f64[at + 15] < score) +
    Number(f64[at + 23] < score) +
    Number(f64[at + 31] < score)
  const b = at + 8 * samples
  return (
    8 * samples +
    Number(f64[b] < score) +
    Number(f64[b + 1] < score) +
    Number(f64[b + 2] < score) +
    Number(f64[b + 3] < score) +
    Number(f64[b + 4] < score) +
    Number(f64[b + 5] < score) +
    Number(f64[b + 6] < score) +
    Number(f64[b + 7] < score)
  )
}

/** How many children of an inner node, child 0 left out, begin with a score below `score`. */
function innerBelow(f64: Float64Array, node: number, score: number): number {
  const at = innerScores(node) + 1
  let b = at + 25 * (Number(f64[at + 24] < score) + Number(f64[at + 49] < score) + Number(f64[at + 74] < score))
  b +=
    5 *
    (Number(f64[b + 4] < score) +
      Number(f64[b + 9] < score) +
      Number(f64[b + 14] < score) +
      Number(f64[b + 19] < score))
  return (
    b -
    at +
    Number(f64[b] < score) +
    Number(f64[b + 1] < score) +
    Number(f64[b + 2] < score) +
    Number(f64[b + 3] < score) +
    Number(f64[b + 4] < score)
  )
}

/** The child in which a place lies: the last one whose first element is before it, else child 0. */
export function childOf(a: Arena, node: number, key: TreeKey): number {
  const { f64 } = a
  const { score } = key
  const low = innerBelow(f64, node, score)
  const last = a.i32[node >> 2] - 1
  if (low === last || f64[innerScores(node) + low + 1] > score) return low
  return childAmongEqual(a, node, key, low)
}

/** The same among children from `low` on that begin with equal scores, or when no score is looked for. */
function childAmongEqual(a: Arena, node: number, key: TreeKey, low: number): number {
  const { i32, f64 } = a
  const firsts = (node >> 2) + FIRST_REFS
  const scores = innerScores(node)
  let high = i32[node >> 2] - 1
  if (f64[scores + low + 2] > key.score) high = low + 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (isBefore(a, f64[scores + middle], i32[firsts + middle], key)) low = middle
    else high = middle - 1
  }
  return low
}

/** How many of the `total` elements of an inner node lie below the children before `at`: added up on the shorter side. */
export function elementsBefore(i32: Int32Array, node: number, at: number, total: number): number {
  const counts = (node >> 2) + COUNTS
  const children = i32[node >> 2]
  let elements = 0
  if (2 * at <= children) {
    for (let i = counts; i < counts + at; i++) elements += i32[i]
    return elements
  }
  for (let i = counts + at; i < counts + children; i++) elements += i32[i]
  return total - elements
}

/** How many elements of a leaf lie before a place. */
export function indexIn(a: Arena, leaf: number, key: TreeKey): number {
  const { f64 } = a
  const { score } = key
  const low = leafBelow(f64, leaf, score)
  if (low === a.i32[leaf >> 2] || f64[leafScores(leaf) + low] > score) return low
  return indexAmongEqual(a, leaf, key, low)
}

/** The same among elements from `low` on of equal scores, or when no score is looked for. */
function indexAmongEqual(a: Arena, leaf: number, key: TreeKey, low: number): number {
  const { i32, f64 } = a
  const refs = (leaf >> 2) + REFS
  const scores = leafScores(leaf)
  let high = i32[leaf >> 2]
  // Most scores that are met twice are not met three times.
  if (low + 1 < high && f64[scores + low + 1] > key.score) high = low + 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(a, f64[scores + middle], i32[refs + middle], key)) low = middle + 1
    else high = middle
  }
  return low
}

/** Where in a leaf the element of this score and ref is, -1: nowhere. No member is looked at. */
export function indexOfRef(a: Arena, leaf: number, score: number, ref: number): number {
  const { i32, f64 } = a
  const refs = (leaf >> 2) + REFS
  const elements = i32[leaf >> 2]
  let at = leafBelow(f64, leaf, score)
  while (at < elements && i32[refs + at] !== ref) at++
  return at < elements && f64[leafScores(leaf) + at] === score ? at : -1
}

/** A leaf has `n` elements from now on: its first ones. */
export function keepElements(a: Arena, leaf: number, n: number): void {
  a.i32[leaf >> 2] = n
  a.f64.fill(Number.NaN, leafScores(leaf) + n, leafScores(leaf) + LEAF_MOST)
}

/** An inner node has `n` children from now on: its first ones. */
export function keepChildren(a: Arena, node: number, n: number): void {
  a.i32[node >> 2] = n
  a.f64.fill(Number.NaN, innerScores(node) + n, innerScores(node) + INNER_MOST)
}

/** Puts an element in at `at` of a leaf that has room. */
export function putElement(a: Arena, leaf: number, at: number, score: number, ref: number): void {
  const { i32, f64 } = a
  const refs = (leaf >> 2) + REFS
  const scores = leafScores(leaf)
  const count = i32[leaf >> 2]
  for (let i = count; i > at; i--) {
    i32[refs + i] = i32[refs + i - 1]
    f64[scores + i] = f64[scores + i - 1]
  }
  i32[refs + at] = ref
  f64[scores + at] = score
  i32[leaf >> 2] = count + 1
}

/** Takes out `n` elements at `at` of a leaf. */
export function cutElements(a: Arena, leaf: number, at: number, n: number): void {
  const { i32, f64 } = a
  const refs = (leaf >> 2) + REFS
  const scores = leafScores(leaf)
  const count = i32[leaf >> 2]
  const left = count - n
  for (let i = at; i < left; i++) {
    i32[refs + i] = i32[refs + i + n]
    f64[scores + i] = f64[scores + i + n]
  }
  for (let i = left; i < count; i++) f64[scores + i] = Number.NaN
  i32[leaf >> 2] = left
}

/** Moves the element at `from` of a leaf to `to`, with another score. */
export function turnElements(a: Arena, leaf: number, from: number, to: number, score: number): void {
  const { i32, f64 } = a
  const refs = (leaf >> 2) + REFS
  const scores = leafScores(leaf)
  const ref = i32[refs + from]
  const step = from < to ? 1 : -1
  for (let i = from; i !== to; i += step) {
    i32[refs + i] = i32[refs + i + step]
    f64[scores + i] = f64[scores + i + step]
  }
  i32[refs + to] = ref
  f64[scores + to] = score
}

/** Makes room for `n` elements before those of a leaf, without writing them. */
export function shiftElements(a: Arena, leaf: number, n: number): void {
  const { i32, f64 } = a
  const refs = (leaf >> 2) + REFS
  const scores = leafScores(leaf)
  const count = i32[leaf >> 2]
  for (let i = count - 1; i >= 0; i--) {
    i32[refs + i + n] = i32[refs + i]
    f64[scores + i + n] = f64[scores + i]
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
  if (n > 0) i32[node >> 2] = count + n
  else keepChildren(a, node, count + n)
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
