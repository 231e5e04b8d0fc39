// Sealed chunks: an inner chunk of a deque whose elements all begin alike is kept without what they have in common. Lists
// hold things of one kind (`job:4711`, `{"id":...`), so this saves much where it applies and nothing is lost where not.
//
//     0  i32  -bytes of what follows the header     4  i32  SEALED_END, which no push takes for room
//     8  u8   p, bytes of the prefix, 4..255        9  ...  prefix, then packed elements of what comes after it
//
//   seal       O(bytes), once, when the chunk stops being an end; after the first elements when they have nothing in common
//   unseal     O(bytes), for changing; to be read it stays as it is
//   1,000,000 of `element:0000000000`     5.3 bytes each instead of 20.1
//   20,000 of `e:000000000000`: LRANGE 35 ns an element (24 unsealed), LPOS 2 (6): what begins otherwise is not looked at

import type { Arena } from './arena.ts'
import {
  CHUNK_HEADER_BYTES,
  CHUNK_ROOM_BYTES,
  chunkCreate,
  chunkEnd,
  chunkStart,
  chunkTrim,
  chunkUsed,
} from './chunk.ts'
import { PackedElement, packedWrite } from './packed.ts'

const SEALED_END = 0x4000_0000
/** Fewer bytes in common are not worth the work. */
const LEAST_PREFIX_BYTES = 4
export const MOST_PREFIX_BYTES = 255
/** A seal saves at least this part of the chunk: one eighth. */
const LEAST_GAIN_SHIFT = 3

/** Room for the elements of a chunk, which is at most CHUNK_ROOM_BYTES. */
const work = new Uint8Array(CHUNK_ROOM_BYTES + MOST_PREFIX_BYTES)
/** One element at a time. */
const text = new Uint8Array(CHUNK_ROOM_BYTES)
const element = new PackedElement()

export const isSealed = (a: Arena, chunk: number): boolean => a.i32[chunk >> 2] < 0

/** The chunk sealed, or else in as small a block as it fits in: it will be an inner one. */
export function chunkSeal(a: Arena, chunk: number): number {
  const used = chunkUsed(a, chunk)
  const prefix = used > CHUNK_ROOM_BYTES ? 0 : commonPrefix(a, chunk)
  if (prefix < LEAST_PREFIX_BYTES) return chunkTrim(a, chunk)
  const { u8 } = a
  const stop = chunkEnd(a, chunk)
  element.read(u8, chunkStart(a, chunk))
  work[0] = prefix
  work.set(u8.subarray(element.start, element.start + prefix), 1)
  let bytes = 1 + prefix
  for (let at = chunkStart(a, chunk); at < stop; at = element.next) {
    element.read(u8, at)
    bytes = packedWrite(work, bytes, u8, element.start + prefix, element.end)
  }
  const sealed = bytes > used - (used >> LEAST_GAIN_SHIFT) ? 0 : a.alloc(CHUNK_HEADER_BYTES + bytes)
  if (sealed === 0) return chunkTrim(a, chunk)
  u8.set(work.subarray(0, bytes), sealed + CHUNK_HEADER_BYTES)
  a.i32[sealed >> 2] = -bytes
  a.i32[(sealed + 4) >> 2] = SEALED_END
  a.free(chunk)
  return sealed
}

/** Bytes that all elements begin with; 0 when one is an integer. */
function commonPrefix(a: Arena, chunk: number): number {
  const { u8 } = a
  const first = chunkStart(a, chunk)
  const stop = chunkEnd(a, chunk)
  element.read(u8, first)
  if (element.isInt || element.next === stop) return 0
  const from = element.start
  let prefix = Math.min(MOST_PREFIX_BYTES, element.end - from)
  while (element.next < stop && prefix >= LEAST_PREFIX_BYTES) {
    element.read(u8, element.next)
    if (element.isInt) return 0
    const most = Math.min(prefix, element.end - element.start)
    let same = 0
    while (same < most && u8[from + same] === u8[element.start + same]) same++
    prefix = same
  }
  return prefix
}

/** Where the prefix of a sealed chunk lies; what its elements go on with follows it, up to `sealedEnd`. */
export const sealedPrefix = (chunk: number): number => chunk + CHUNK_HEADER_BYTES + 1
export const sealedPrefixBytes = (a: Arena, chunk: number): number => a.u8[chunk + CHUNK_HEADER_BYTES]
export const sealedEnd = (a: Arena, chunk: number): number => chunk + CHUNK_HEADER_BYTES - a.i32[chunk >> 2]

/** Writes the elements of a sealed chunk as they were to `work`; returns how many bytes they are. */
function readSealed(a: Arena, chunk: number): number {
  const { u8 } = a
  const from = sealedPrefix(chunk)
  const stop = sealedEnd(a, chunk)
  const prefix = sealedPrefixBytes(a, chunk)
  text.set(u8.subarray(from, from + prefix), 0)
  let bytes = 0
  for (let at = from + prefix; at < stop; at = element.next) {
    element.read(u8, at)
    bytes = packedWrite(work, bytes, text, 0, element.writeText(text, prefix))
  }
  return bytes
}

/** The same elements in a chunk that can be changed; the sealed one is freed. 0: no room. */
export function chunkUnseal(a: Arena, chunk: number): number {
  const bytes = readSealed(a, chunk)
  const open = chunkCreate(a, bytes, 0, bytes)
  if (open === 0) return 0
  a.u8.set(work.subarray(0, bytes), chunkStart(a, open))
  a.free(chunk)
  return open
}

/** A copy of a sealed chunk in an arena, the same or another. 0: no room. */
export function copySealed(a: Arena, chunk: number, to: Arena): number {
  const bytes = CHUNK_HEADER_BYTES - a.i32[chunk >> 2]
  const copied = to.alloc(bytes)
  if (copied !== 0) to.u8.set(a.u8.subarray(chunk, chunk + bytes), copied)
  return copied
}
