// A scored member: one element of a sorted set, a block of the arena of its own. Whoever knows its offset (its ref: a dict
// slot, a leaf of the tree) knows score and bytes, so a score is read without touching the tree.
//
//    0  f64  score
//    8  u8   length, when below 128                                              9  bytes
//    8  u8   128 | length >> 8, u8 length & 255, when below 16384               10  bytes
//    8  u8   192, i32 length, little endian                                     13  bytes
//
//   a member of 8 bytes: 17, in a block of 24

import { copy } from '../bytes/ascii.ts'
import type { Arena } from './arena.ts'

const SCORE_BYTES = 8
const ONE_BYTE = 0x80
const FOUR_BYTES = 0xc0
const TWO_BYTES_LIMIT = 0x4000

/** Bytes of the block for a member of `length` bytes. */
export function scoredBytes(length: number): number {
  return SCORE_BYTES + (length < ONE_BYTE ? 1 : length < TWO_BYTES_LIMIT ? 2 : 5) + length
}

/** Where the bytes of the member start. */
export function scoredStart(u8: Uint8Array, ref: number): number {
  const head = u8[ref + SCORE_BYTES]
  return ref + SCORE_BYTES + (head < ONE_BYTE ? 1 : head < FOUR_BYTES ? 2 : 5)
}

export function scoredLength(u8: Uint8Array, ref: number): number {
  const at = ref + SCORE_BYTES
  const head = u8[at]
  if (head < ONE_BYTE) return head
  if (head < FOUR_BYTES) return ((head & 0x3f) << 8) | u8[at + 1]
  return u8[at + 1] | (u8[at + 2] << 8) | (u8[at + 3] << 16) | (u8[at + 4] << 24)
}

export function scoreOf(a: Arena, ref: number): number {
  return a.f64[ref >> 3]
}

export function setScore(a: Arena, ref: number, score: number): void {
  a.f64[ref >> 3] = score
}

/** A new block; 0 when the arena has no room. The bytes may lie in the arena itself. */
export function makeScored(a: Arena, score: number, buf: Uint8Array, start: number, end: number): number {
  const length = end - start
  const ref = a.alloc(scoredBytes(length))
  if (ref === 0) return 0
  const { u8 } = a
  a.f64[ref >> 3] = score
  let at = ref + SCORE_BYTES
  if (length < ONE_BYTE) u8[at++] = length
  else if (length < TWO_BYTES_LIMIT) {
    u8[at++] = ONE_BYTE | (length >> 8)
    u8[at++] = length
  } else {
    u8[at++] = FOUR_BYTES
    for (let shift = 0; shift < 32; shift += 8) u8[at++] = length >> shift
  }
  copy(u8, at, buf, start, end)
  return ref
}

/** Whether the member is buf[start, end). */
export function scoredEquals(u8: Uint8Array, ref: number, buf: Uint8Array, start: number, end: number): boolean {
  if (scoredLength(u8, ref) !== end - start) return false
  for (let at = scoredStart(u8, ref); start < end; ) if (u8[at++] !== buf[start++]) return false
  return true
}

/** Negative, 0 or positive, as the member lies before, at or behind buf[start, end): by bytes, the shorter one first. */
export function compareScored(u8: Uint8Array, ref: number, buf: Uint8Array, start: number, end: number): number {
  const length = scoredLength(u8, ref)
  const other = end - start
  const shorter = length < other ? length : other
  const at = scoredStart(u8, ref)
  for (let i = 0; i < shorter; i++) {
    const difference = u8[at + i] - buf[start + i]
    if (difference !== 0) return difference
  }
  return length - other
}
