// An entry: one key with its value, one block of the arena.
//
//    0  i32  inline string: length of the value in bytes; otherwise the arena offset of the value
//    4  u16  key length (0xffff: the real one is the i32 right before the key)
//    6  u8   type << 4 | encoding or form
//    7  u8   flags
//    8  i32  access word (access.ts)
//   12  ...  key bytes, value bytes                                        without a deadline: 12 bytes of header
//
//   12  i32  offset of the namespace record                                with a deadline (TIMED): 32 bytes of header
//   16  f64  deadline in ms   24  i32 next   28  i32 prev                  the timer block of memory/timewheel.ts
//   32  ...  key bytes, value bytes
//
// A string up to INLINE_LIMIT_BYTES with its key lies in the entry; a longer one in a block of its own
// { i32 length, i32 unused, bytes }. A collection always lies outside: word 0 is its root (values/value.ts). The hash of
// the key is kept by the dict's slot, not here.

import type { Arena } from '../memory/arena.ts'

export const FLAG_TIMED = 1
export const FLAG_OUTSIDE = 2
/** The timer has fired for an entry that is waiting to be freed: it is in no list of the wheel any more. */
export const FLAG_UNLISTED = 4
/** Equal to that of `keyspace.savedMark` unless a running save has still to write the key (store/saving.ts). */
export const FLAG_SAVED = 8
/** Read since it was written last, in a namespace where that ends it (after-read.ts). */
export const FLAG_READ = 16

// 32 is FLAG_FLEETING of values/value.ts: a hash of which every field has a deadline, so that its time may be over without
// one of its own.

export const HEADER_BYTES = 12
export const TIMED_HEADER_BYTES = 32
export const NAMESPACE_AT = 12
export const TIMER_AT = 16
const LONG_KEY = 0xffff
/** Entries above this are better off with the value apart: an overwrite then never copies the key, slabs stay dense. */
export const INLINE_LIMIT_BYTES = 4096
export const OUTSIDE_HEADER_BYTES = 8

export const entryType = (a: Arena, e: number): number => a.u8[e + 6] >> 4
export const entryEncoding = (a: Arena, e: number): number => a.u8[e + 6] & 15
export const setEncoding = (a: Arena, e: number, encoding: number): void => {
  a.u8[e + 6] = (a.u8[e + 6] & 0xf0) | encoding
}
export const isTimed = (a: Arena, e: number): boolean => (a.u8[e + 7] & FLAG_TIMED) !== 0

/** Bytes before the value for a key of `keyBytes`. */
export function overheadBytes(keyBytes: number, timed: number): number {
  return (timed === 0 ? HEADER_BYTES : TIMED_HEADER_BYTES) + (keyBytes < LONG_KEY ? 0 : 4) + keyBytes
}

export function keyStart(a: Arena, e: number): number {
  const base = e + ((a.u8[e + 7] & FLAG_TIMED) === 0 ? HEADER_BYTES : TIMED_HEADER_BYTES)
  return a.u16[(e + 4) >> 1] === LONG_KEY ? base + 4 : base
}

export function keyLength(a: Arena, e: number): number {
  const n = a.u16[(e + 4) >> 1]
  return n === LONG_KEY ? a.i32[(keyStart(a, e) - 4) >> 2] : n
}

/** Writes everything of a new entry but its timer block and its value bytes. */
export function writeHeader(
  a: Arena,
  e: number,
  valueWord: number,
  kind: number,
  flags: number,
  access: number,
  keyBytes: number,
): void {
  a.i32[e >> 2] = valueWord
  a.u16[(e + 4) >> 1] = Math.min(keyBytes, LONG_KEY)
  a.u8[e + 6] = kind
  a.u8[e + 7] = flags
  a.i32[(e + 8) >> 2] = access
  if (keyBytes >= LONG_KEY)
    a.i32[(e + ((flags & FLAG_TIMED) === 0 ? HEADER_BYTES : TIMED_HEADER_BYTES)) >> 2] = keyBytes
}

export const deadlineMs = (a: Arena, e: number): number => a.f64[(e + TIMER_AT) >> 3]
/** Year 2248. */
const MAX_SUMMED_MS = 2 ** 43
/**
 * What a deadline adds to the sum of its database (DB_DEADLINES). Cut off, because one key that lives for a million years
 * would take the low bits of all others from the sum, and say nothing about them in their average.
 */
export const summedMs = (deadline: number): number => Math.min(deadline, MAX_SUMMED_MS)
export const namespaceOf = (a: Arena, e: number): number => a.i32[(e + NAMESPACE_AT) >> 2]

/** Where the bytes of a string start, inline or outside. */
export function stringStart(a: Arena, e: number): number {
  if ((a.u8[e + 7] & FLAG_OUTSIDE) !== 0) return a.i32[e >> 2] + OUTSIDE_HEADER_BYTES
  return keyStart(a, e) + keyLength(a, e)
}

export function stringLength(a: Arena, e: number): number {
  const word = a.i32[e >> 2]
  return (a.u8[e + 7] & FLAG_OUTSIDE) !== 0 ? a.i32[word >> 2] : word
}

/** The size asked of the allocator for the entry's own block. */
export function entryBytes(a: Arena, e: number): number {
  const flags = a.u8[e + 7]
  const inline = (flags & FLAG_OUTSIDE) !== 0 ? 0 : a.i32[e >> 2]
  return overheadBytes(keyLength(a, e), flags & FLAG_TIMED) + inline
}
