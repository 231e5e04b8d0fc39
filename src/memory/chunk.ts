// A chunk: some consecutive elements of a deque in one block, with free room on both sides. An end of the deque takes and
// gives elements by moving `start` or `end`; nothing else in the chunk moves for that.
//
//     0  i32  start      4  i32  end      offsets from the chunk's own
//     8  ...  room | start: packed elements :end | room
//
//   add or take at a side       O(element)                      insert, remove    O(bytes to the nearer side)
//
// A chunk has at most CHUNK_BYTES unless it holds a single large element. It does not know how many elements it has; the
// directory (deque-directory.ts) does, so that a search by index reads no chunk but the right one.

import { Arena } from './arena.ts'
import { moveBytes } from './packed-block.ts'

/** A page. Larger chunks save little (header and entry are 0.4 %), and an index is found by walking through one. */
export const CHUNK_BYTES = 4096
export const CHUNK_HEADER_BYTES = 8
/** What the elements of a chunk may take together. */
export const CHUNK_ROOM_BYTES = CHUNK_BYTES - CHUNK_HEADER_BYTES
/** An element from this size on has a chunk of its own, else up to a quarter of a chunk would stay empty beside it. */
export const OWN_CHUNK_BYTES = 1024

export const chunkStart = (a: Arena, chunk: number): number => chunk + a.i32[chunk >> 2]
export const chunkEnd = (a: Arena, chunk: number): number => chunk + a.i32[(chunk + 4) >> 2]
export const chunkUsed = (a: Arena, chunk: number): number => a.i32[(chunk + 4) >> 2] - a.i32[chunk >> 2]

export function setChunkStart(a: Arena, chunk: number, at: number): void {
  a.i32[chunk >> 2] = at - chunk
}

export function setChunkEnd(a: Arena, chunk: number, at: number): void {
  a.i32[(chunk + 4) >> 2] = at - chunk
}

/** A new chunk for `bytes` of elements that lie `before` bytes behind the beginning of its room. 0: no room in the arena. */
export function chunkCreate(a: Arena, roomBytes: number, before: number, bytes: number): number {
  const chunk = a.alloc(CHUNK_HEADER_BYTES + roomBytes)
  if (chunk === 0) return 0
  a.i32[chunk >> 2] = CHUNK_HEADER_BYTES + before
  a.i32[(chunk + 4) >> 2] = CHUNK_HEADER_BYTES + before + bytes
  return chunk
}

/** Bytes that elements could take in the chunk's block. */
export function chunkRoom(a: Arena, chunk: number): number {
  return a.sizeOf(chunk) - CHUNK_HEADER_BYTES
}

/** Moves the elements so that they begin `before` bytes behind the beginning of the room. */
export function chunkShift(a: Arena, chunk: number, before: number): void {
  const start = chunkStart(a, chunk)
  const end = chunkEnd(a, chunk)
  const to = chunk + CHUNK_HEADER_BYTES + before
  moveBytes(a.u8, to, start, end)
  setChunkStart(a, chunk, to)
  setChunkEnd(a, chunk, to + end - start)
}

/** The elements in a new block with `roomBytes` of room; the old one is freed. 0 and nothing changed: no room. */
export function chunkMove(a: Arena, chunk: number, roomBytes: number, before: number): number {
  const moved = chunkCreate(a, roomBytes, before, chunkUsed(a, chunk))
  if (moved === 0) return 0
  a.u8.copyWithin(chunkStart(a, moved), chunkStart(a, chunk), chunkEnd(a, chunk))
  a.free(chunk)
  return moved
}

/** The chunk in a smaller block when one fits; itself otherwise. */
export function chunkTrim(a: Arena, chunk: number): number {
  const used = chunkUsed(a, chunk)
  if (Arena.goodSize(CHUNK_HEADER_BYTES + used) >= a.sizeOf(chunk)) return chunk
  return chunkMove(a, chunk, used, 0) || chunk
}

/** Makes room for `bytes` before the place `at` in a chunk that has them, from the nearer side. Returns the room's place. */
export function chunkOpen(a: Arena, chunk: number, at: number, bytes: number): number {
  const start = chunkStart(a, chunk)
  const end = chunkEnd(a, chunk)
  const before = start - chunk - CHUNK_HEADER_BYTES
  const behind = a.sizeOf(chunk) - (end - chunk)
  if (before >= bytes && (at - start < end - at || behind < bytes)) {
    moveBytes(a.u8, start - bytes, start, at)
    setChunkStart(a, chunk, start - bytes)
    return at - bytes
  }
  if (behind < bytes) {
    chunkShift(a, chunk, 0)
    at -= before
  }
  moveBytes(a.u8, at + bytes, at, chunkEnd(a, chunk))
  setChunkEnd(a, chunk, chunkEnd(a, chunk) + bytes)
  return at
}

/** Takes the bytes [at, stop) out. Returns the place of what followed them. */
export function chunkClose(a: Arena, chunk: number, at: number, stop: number): number {
  const start = chunkStart(a, chunk)
  const end = chunkEnd(a, chunk)
  if (at - start < end - stop) {
    moveBytes(a.u8, start + stop - at, start, at)
    setChunkStart(a, chunk, start + stop - at)
    return stop
  }
  moveBytes(a.u8, at, stop, end)
  setChunkEnd(a, chunk, end - (stop - at))
  return at
}
