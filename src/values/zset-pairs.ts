// The small form of a sorted set: a packed block (memory/packed-block.ts) of members and scores in turn, in order.
//
//   member, score, member, score, ...     a whole score up to 2^53 is an integer element, any other a text element with
//                                         the eight bytes of the double behind a 0, which keeps them from being digits;
//                                         so both are exact; -0 becomes 0, as in Redis
//
//   find, place, count before: O(n), and n is at most zset-max-listpack-entries     insert, remove: O(bytes behind)
//
// As with packed blocks, what returns an offset returns the block's, which may have moved; 0: no room, nothing changed.

import { compare, copy } from '../bytes/ascii.ts'
import { writeInt } from '../bytes/int64.ts'
import type { Arena } from '../memory/arena.ts'
import {
  PackedElement,
  packedBack,
  packedFind,
  packedInt,
  packedIntSize,
  packedSize,
  packedSkip,
} from '../memory/packed.ts'
import {
  packedFirst,
  packedInsert,
  packedInsertInt,
  packedRemoveTo,
  packedReserve,
  packedStop,
} from '../memory/packed-block.ts'
import type { TreeKey } from '../memory/tree-node.ts'

/** The double starts where it is aligned, so the 0 before it is the last byte of the word before. */
const doubles = new Float64Array(2)
const doubleBytes = new Uint8Array(doubles.buffer)
const MARK_AT = 7
const DOUBLE_END = 16
/** Head, 0, eight bytes, back length. */
const DOUBLE_ELEMENT_BYTES = 11
const element = new PackedElement()
const digits = new Uint8Array(24)

/** Place of the member buf[start, end), 0 when it is not there. */
export function pairFind(a: Arena, root: number, buf: Uint8Array, start: number, end: number): number {
  return packedFind(a.u8, packedFirst(root), packedStop(a, root), buf, start, end, 1)
}

/** The score that is the element at `at`. */
export function scoreAt(u8: Uint8Array, at: number): number {
  const n = packedInt(u8, at)
  if (!Number.isNaN(n)) return n
  copy(doubleBytes, MARK_AT, u8, at + 1, at + DOUBLE_ELEMENT_BYTES - 1)
  return doubles[1]
}

/** The score of the member at `at`. */
export function pairScore(u8: Uint8Array, at: number): number {
  return scoreAt(u8, packedSkip(u8, at))
}

/** The place behind the pair at `at`. */
export function pairSkip(u8: Uint8Array, at: number): number {
  return packedSkip(u8, packedSkip(u8, at))
}

/** Whether the pair at `at` lies before a place, as isBefore of the tree says. */
function pairIsBefore(u8: Uint8Array, at: number, key: TreeKey): boolean {
  const score = pairScore(u8, at)
  if (score < key.score) return true
  if (score > key.score) return false
  if (key.start < 0) return key.after
  const order = compareElement(u8, at, key)
  return order < 0 || (order === 0 && key.after)
}

function compareElement(u8: Uint8Array, at: number, key: TreeKey): number {
  element.read(u8, at)
  if (!element.isInt) return compare(u8, element.start, element.end, key.buf, key.start, key.end)
  return compare(digits, 0, writeInt(digits, 0, element.int), key.buf, key.start, key.end)
}

/** Where a pair with this key is or belongs. */
export function pairPlace(a: Arena, root: number, key: TreeKey): number {
  const { u8 } = a
  const stop = packedStop(a, root)
  let at = packedFirst(root)
  // Many sets are built in order.
  if (at < stop && pairIsBefore(u8, packedBack(u8, packedBack(u8, stop)), key)) return stop
  while (at < stop && pairIsBefore(u8, at, key)) at = pairSkip(u8, at)
  return at
}

/** How many pairs lie before a place. */
export function pairsBefore(a: Arena, root: number, key: TreeKey): number {
  const { u8 } = a
  const stop = packedStop(a, root)
  let n = 0
  for (let at = packedFirst(root); at < stop && pairIsBefore(u8, at, key); at = pairSkip(u8, at)) n++
  return n
}

/** How many pairs stand before the one at `at`. */
export function pairIndex(a: Arena, root: number, at: number): number {
  const { u8 } = a
  let n = 0
  for (let before = packedFirst(root); before < at; before = pairSkip(u8, before)) n++
  return n
}

/** Whether the elements are those of Redis's listpack: it spells scores that are not whole. */
export function pairsAreListpack(a: Arena, root: number): boolean {
  const { u8 } = a
  const stop = packedStop(a, root)
  for (let at = packedFirst(root); at < stop; ) {
    const scoreAt = packedSkip(u8, at)
    if (Number.isNaN(packedInt(u8, scoreAt))) return false
    at = packedSkip(u8, scoreAt)
  }
  return true
}

/** Bytes of a pair. */
export function pairBytes(score: number, buf: Uint8Array, start: number, end: number): number {
  return packedSize(buf, start, end) + (Number.isSafeInteger(score) ? packedIntSize(score) : DOUBLE_ELEMENT_BYTES)
}

/** Puts a pair in before the one at `at`, or at the end. */
export function pairInsert(
  a: Arena,
  root: number,
  at: number,
  score: number,
  buf: Uint8Array,
  start: number,
  end: number,
): number {
  const block = packedReserve(a, root, pairBytes(score, buf, start, end))
  if (block === 0) return 0
  const place = at - root + block
  if (Number.isSafeInteger(score)) packedInsertInt(a, block, place, score)
  else {
    doubles[1] = score
    packedInsert(a, block, place, doubleBytes, MARK_AT, DOUBLE_END)
  }
  return packedInsert(a, block, place, buf, start, end)
}

/** Takes `n` pairs from `at` on out; never 0. */
export function pairsRemove(a: Arena, root: number, at: number, n: number): number {
  let stop = at
  for (let i = 0; i < n; i++) stop = pairSkip(a.u8, stop)
  return packedRemoveTo(a, root, at, stop, 2 * n)
}
