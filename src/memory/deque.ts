// A deque: a list of packed elements (packed.ts) in chunks (chunk.ts), found through a directory (deque-directory.ts).
//
//   root, 24 bytes                                              0 allocated, 4 logical: the owner's
//     8  i32  elements   12  i32  first directory block   16  i32  last directory block
//
//   root ─► directory block ⇄ directory block ─► chunk, chunk, ... of up to 4 KiB
//
//   push, pop at both ends     O(element); no element moves, but when a chunk of one end runs dry on the other's side
//   index                      O(1) near the ends; in the middle chunks / 125 blocks, then one block, then one chunk
//   insert, set, remove there  the same and O(chunk)
//   remove a range             O(chunks of it)
//   1,000,000 of 18 bytes      20.1 bytes each: 18 of text, 2 of the element, 0.1 of chunk and directory;
//                              fewer where they begin alike: inner chunks are sealed (chunk-seal.ts)
//
// What says false or 0 for want of memory has changed nothing that a reader can see.

import { Arena } from './arena.ts'
import {
  CHUNK_HEADER_BYTES,
  CHUNK_ROOM_BYTES,
  chunkCreate,
  chunkEnd,
  chunkMove,
  chunkRoom,
  chunkShift,
  chunkStart,
  chunkUsed,
  OWN_CHUNK_BYTES,
  setChunkEnd,
  setChunkStart,
} from './chunk.ts'
import { chunkSeal, chunkUnseal, copySealed, isSealed } from './chunk-seal.ts'
import {
  addElements,
  blockLength,
  createDirectory,
  type EntryPlace,
  entryAt,
  entryChunk,
  entryCount,
  insertEntry,
  keepEntries,
  nextBlock,
  ROOT_HEAD,
  ROOT_TAIL,
  relink,
  removeEntry,
} from './deque-directory.ts'
import { PACKED_OVERHEAD_BYTES, packedBack, packedSize, packedWrite } from './packed.ts'
import { packedCount, packedCreate, packedFirst, packedStop } from './packed-block.ts'

const COUNT_AT = 8
const ROOT_BYTES = 24
/** Room of a new chunk at an end; it grows by halves up to CHUNK_ROOM_BYTES. */
const FIRST_ROOM_BYTES = 1016
/**
 * Fewer elements in a chunk are too long to be sealed: looking for what they share, and putting them together again at the
 * other end, took a quarter of the time of a push of 64 bytes.
 */
const SEALED_ELEMENTS = 64
/** A deque of so many chunks gets whole ones. */
const LONG_CHUNKS = 4
/** A chunk is shifted to make room at an end when this part of it is free: the shift then pays for many pushes. */
const SHIFT_PART = 3

const FRONT = 0
const BACK = 1
type Side = typeof FRONT | typeof BACK

/** Where entries go in; used within one call only. */
const place: EntryPlace = { block: 0, slot: 0 }

export function dequeCount(a: Arena, root: number): number {
  return a.i32[(root + COUNT_AT) >> 2]
}

/** Makes an empty deque; 0: no room. */
export function dequeCreate(a: Arena): number {
  const root = a.alloc(ROOT_BYTES)
  if (root === 0) return 0
  a.i32.fill(0, root >> 2, (root + ROOT_BYTES) >> 2)
  if (createDirectory(a, root) !== 0) return root
  a.free(root)
  return 0
}

/** Frees everything of the deque. */
export function dequeFree(a: Arena, root: number): void {
  dequeFreeSome(a, root, Number.POSITIVE_INFINITY)
}

/** Frees about `most` chunks of a deque that nobody looks at any more; true when all of it is freed, the root as well. */
export function dequeFreeSome(a: Arena, root: number, most: number): boolean {
  const head = (root + ROOT_HEAD) >> 2
  for (let left = most; a.i32[head] !== 0; ) {
    const block = a.i32[head]
    const length = blockLength(a, block)
    const kept = Math.max(0, length - left)
    for (let slot = length - 1; slot >= kept; slot--) a.free(entryChunk(a, block, slot))
    if (kept > 0) {
      keepEntries(a, block, kept)
      return false
    }
    left -= length
    a.i32[head] = nextBlock(a, block)
    a.free(block)
  }
  a.free(root)
  return true
}

/** A copy in an arena, the same or another; 0: no room. */
export function dequeCopy(a: Arena, root: number, to: Arena): number {
  const copied = dequeCreate(to)
  if (copied === 0) return 0
  let block = a.i32[(root + ROOT_HEAD) >> 2]
  for (; block !== 0; block = nextBlock(a, block)) {
    for (let slot = 0; slot < blockLength(a, block); slot++) {
      if (!copyChunk(a, entryChunk(a, block, slot), to, copied, entryCount(a, block, slot))) {
        dequeFree(to, copied)
        return 0
      }
    }
  }
  return copied
}

function copyChunk(a: Arena, chunk: number, to: Arena, root: number, count: number): boolean {
  if (isSealed(a, chunk)) return appendChunk(to, root, copySealed(a, chunk, to), count)
  return appendRun(to, root, a.u8, chunkStart(a, chunk), chunkEnd(a, chunk), count)
}

/** Puts `count` elements that lie in from[start, stop) at the end, as a chunk. */
function appendRun(a: Arena, root: number, from: Uint8Array, start: number, stop: number, count: number): boolean {
  const chunk = chunkCreate(a, stop - start, 0, stop - start)
  if (chunk === 0) return false
  if (from === a.u8) from.copyWithin(chunkStart(a, chunk), start, stop)
  else a.u8.set(from.subarray(start, stop), chunkStart(a, chunk))
  return appendChunk(a, root, chunk, count)
}

/** Puts a chunk at the end; without room it is freed, and a chunk 0 is none. */
function appendChunk(a: Arena, root: number, chunk: number, count: number): boolean {
  if (chunk === 0) return false
  place.block = a.i32[(root + ROOT_TAIL) >> 2]
  place.slot = blockLength(a, place.block)
  if (!insertEntry(a, root, place, chunk, count)) {
    a.free(chunk)
    return false
  }
  a.i32[(root + COUNT_AT) >> 2] += count
  return true
}

/** Makes a packed block a deque: its new root, with the owner's words carried over; the block is freed. 0: no room. */
export function dequeFromPacked(a: Arena, packed: number): number {
  const root = dequeCreate(a)
  if (root === 0) return 0
  const count = packedCount(a, packed)
  if (count > 0 && !appendRun(a, root, a.u8, packedFirst(packed), packedStop(a, packed), count)) {
    dequeFree(a, root)
    return 0
  }
  a.i32.copyWithin(root >> 2, packed >> 2, (packed >> 2) + 2)
  a.free(packed)
  return root
}

/**
 * Makes a deque of one chunk with at most `mostBytes` of elements a packed block: its offset, with the owner's words. 0: it
 * is larger or there is no room.
 */
export function dequeToPacked(a: Arena, root: number, mostBytes: number): number {
  const block = a.i32[(root + ROOT_HEAD) >> 2]
  if (blockLength(a, block) !== 1 || nextBlock(a, block) !== 0) return 0
  const chunk = entryChunk(a, block, 0)
  const used = chunkUsed(a, chunk)
  if (isSealed(a, chunk) || used > mostBytes) return 0
  const packed = packedCreate(a, used)
  if (packed === 0) return 0
  a.u8.copyWithin(packedFirst(packed), chunkStart(a, chunk), chunkEnd(a, chunk))
  a.i32.copyWithin(packed >> 2, root >> 2, (root >> 2) + 2)
  a.i32[(packed >> 2) + 2] = dequeCount(a, root)
  a.i32[(packed >> 2) + 3] = used
  dequeFree(a, root)
  return packed
}

/** Puts the text buf[start, end) at the end. False: no room. */
export function dequePushBack(a: Arena, root: number, buf: Uint8Array, start: number, end: number): boolean {
  const { i32 } = a
  let block = i32[(root + ROOT_TAIL) >> 2]
  let slot = blockLength(a, block) - 1
  let chunk = slot < 0 ? 0 : entryChunk(a, block, slot)
  if (slot < 0 || i32[(chunk + 4) >> 2] + (end - start) + PACKED_OVERHEAD_BYTES > a.sizeOf(chunk)) {
    if (!makeRoom(a, root, BACK, packedSize(buf, start, end))) return false
    block = i32[(root + ROOT_TAIL) >> 2]
    slot = blockLength(a, block) - 1
    chunk = entryChunk(a, block, slot)
  }
  setChunkEnd(a, chunk, packedWrite(a.u8, chunkEnd(a, chunk), buf, start, end))
  addElements(a, block, slot, 1)
  i32[(root + COUNT_AT) >> 2]++
  return true
}

/** Puts the text buf[start, end) at the beginning. False: no room. */
export function dequePushFront(a: Arena, root: number, buf: Uint8Array, start: number, end: number): boolean {
  const { i32 } = a
  const size = packedSize(buf, start, end)
  let block = i32[(root + ROOT_HEAD) >> 2]
  let chunk = blockLength(a, block) === 0 ? 0 : entryChunk(a, block, 0)
  if (chunk === 0 || i32[chunk >> 2] - CHUNK_HEADER_BYTES < size) {
    if (!makeRoom(a, root, FRONT, size)) return false
    block = i32[(root + ROOT_HEAD) >> 2]
    chunk = entryChunk(a, block, 0)
  }
  const at = chunkStart(a, chunk) - size
  packedWrite(a.u8, at, buf, start, end)
  setChunkStart(a, chunk, at)
  addElements(a, block, 0, 1)
  i32[(root + COUNT_AT) >> 2]++
  return true
}

/** Makes `size` bytes free at a side: by a shift or a larger block of the chunk there, or by a new chunk. */
function makeRoom(a: Arena, root: number, side: Side, size: number): boolean {
  const { i32 } = a
  const block = i32[(root + (side === BACK ? ROOT_TAIL : ROOT_HEAD)) >> 2]
  const length = blockLength(a, block)
  if (length === 0) return addChunk(a, root, side, size)
  const slot = side === BACK ? length - 1 : 0
  const chunk = entryChunk(a, block, slot)
  if (isSealed(a, chunk)) return addChunk(a, root, side, size)
  const isOnly = length === 1 && i32[(root + ROOT_HEAD) >> 2] === i32[(root + ROOT_TAIL) >> 2]
  const used = chunkUsed(a, chunk)
  const room = chunkRoom(a, chunk)
  if (
    (side === BACK ? room + CHUNK_HEADER_BYTES - i32[(chunk + 4) >> 2] : i32[chunk >> 2] - CHUNK_HEADER_BYTES) >= size
  )
    return true
  if (used + size <= CHUNK_ROOM_BYTES) {
    if (used + size <= room && room - used >= room >> SHIFT_PART) {
      chunkShift(a, chunk, roomBefore(room, used, size, side, isOnly))
      return true
    }
    if (room < CHUNK_ROOM_BYTES) {
      const wanted = Math.min(CHUNK_ROOM_BYTES, ((used + size) * 1.5) | 0)
      const newRoom = Arena.goodSize(CHUNK_HEADER_BYTES + wanted) - CHUNK_HEADER_BYTES
      const moved = chunkMove(a, chunk, newRoom, roomBefore(newRoom, used, size, side, isOnly))
      if (moved === 0) return false
      i32[entryAt(a, block, slot) >> 2] = moved
      return true
    }
  }
  // The end becomes an inner chunk, unless it is the other end as well.
  if (!isOnly && entryCount(a, block, slot) >= SEALED_ELEMENTS) i32[entryAt(a, block, slot) >> 2] = chunkSeal(a, chunk)
  return addChunk(a, root, side, size)
}

/** Where elements begin in a room so that the side gets what is free; a quarter is left for the other when both push here. */
function roomBefore(room: number, used: number, size: number, side: Side, isOnly: boolean): number {
  const other = isOnly ? (room - used - size) >> 2 : 0
  return side === BACK ? other : room - used - other
}

/**
 * Whether the deque has several chunks at both ends: a whole chunk ahead of need is little beside them then, and filling
 * one that grows step by step costs twice as much.
 */
function isLong(a: Arena, root: number): boolean {
  const head = a.i32[(root + ROOT_HEAD) >> 2]
  return head !== a.i32[(root + ROOT_TAIL) >> 2] || blockLength(a, head) >= LONG_CHUNKS
}

/** A new chunk without elements at a side, with room for `size` bytes. */
function addChunk(a: Arena, root: number, side: Side, size: number): boolean {
  const first = isLong(a, root) ? CHUNK_ROOM_BYTES : FIRST_ROOM_BYTES
  const wanted = size >= OWN_CHUNK_BYTES ? size : Math.max(size, first)
  const room = Arena.goodSize(CHUNK_HEADER_BYTES + wanted) - CHUNK_HEADER_BYTES
  const chunk = chunkCreate(a, room, side === BACK ? 0 : room, 0)
  if (chunk === 0) return false
  place.block = a.i32[(root + (side === BACK ? ROOT_TAIL : ROOT_HEAD)) >> 2]
  place.slot = side === BACK ? blockLength(a, place.block) : 0
  if (insertEntry(a, root, place, chunk, 0)) return true
  a.free(chunk)
  return false
}

/** Place of the last element, ready to be taken out; there is one. 0: no room to unseal its chunk. */
export function dequeLast(a: Arena, root: number): number {
  const block = a.i32[(root + ROOT_TAIL) >> 2]
  const chunk = openChunk(a, block, blockLength(a, block) - 1)
  return chunk === 0 ? 0 : packedBack(a.u8, chunkEnd(a, chunk))
}

/** Place of the first element, ready to be taken out; there is one. 0: no room to unseal its chunk. */
export function dequeFirst(a: Arena, root: number): number {
  const chunk = openChunk(a, a.i32[(root + ROOT_HEAD) >> 2], 0)
  return chunk === 0 ? 0 : chunkStart(a, chunk)
}

/** The chunk of an entry, unsealed if it has to be. 0: no room. */
export function openChunk(a: Arena, block: number, slot: number): number {
  const chunk = entryChunk(a, block, slot)
  if (!isSealed(a, chunk)) return chunk
  const open = chunkUnseal(a, chunk)
  if (open !== 0) a.i32[entryAt(a, block, slot) >> 2] = open
  return open
}

/** Takes the last element out, which dequeLast has found at `at`. */
export function dequePopBack(a: Arena, root: number, at: number): void {
  const block = a.i32[(root + ROOT_TAIL) >> 2]
  const slot = blockLength(a, block) - 1
  const chunk = entryChunk(a, block, slot)
  a.i32[(root + COUNT_AT) >> 2]--
  if (entryCount(a, block, slot) === 1) dropChunk(a, root, block, slot)
  else {
    setChunkEnd(a, chunk, at)
    addElements(a, block, slot, -1)
  }
}

/** Takes the first element out, which dequeFirst has found and which ends at `next`. */
export function dequePopFront(a: Arena, root: number, next: number): void {
  const block = a.i32[(root + ROOT_HEAD) >> 2]
  const chunk = entryChunk(a, block, 0)
  a.i32[(root + COUNT_AT) >> 2]--
  if (entryCount(a, block, 0) === 1) dropChunk(a, root, block, 0)
  else {
    setChunkStart(a, chunk, next)
    addElements(a, block, 0, -1)
  }
}

function dropChunk(a: Arena, root: number, block: number, slot: number): void {
  a.free(entryChunk(a, block, slot))
  place.block = block
  place.slot = slot
  removeEntry(a, root, place)
}

/**
 * Moves the directory block with this number, and its chunks, out of slabs that are to run empty (emptying.ts). Returns the
 * next number, 0 behind the last block.
 */
export function dequeMove(a: Arena, root: number, number: number): number {
  const { i32 } = a
  let old = i32[(root + ROOT_HEAD) >> 2]
  for (let i = 0; i < number && old !== 0; i++) old = nextBlock(a, old)
  if (old === 0) return 0
  const block = a.moved(old)
  if (block !== old) relink(a, root, block)
  for (let slot = blockLength(a, block) - 1; slot >= 0; slot--) {
    const entry = entryAt(a, block, slot) >> 2
    i32[entry] = a.moved(i32[entry])
  }
  return nextBlock(a, block) === 0 ? 0 : number + 1
}
