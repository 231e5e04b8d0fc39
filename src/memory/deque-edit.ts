// Changes inside a deque: insert, replace and remove at a cursor, remove a range. Chunks are split when they are full and
// joined when they are nearly empty, so that memory stays in proportion to the elements.
//
//   insert, replace, remove     O(chunk)              remove a range     O(its chunks)

import { Arena } from './arena.ts'
import {
  CHUNK_HEADER_BYTES,
  CHUNK_ROOM_BYTES,
  chunkClose,
  chunkCreate,
  chunkEnd,
  chunkMove,
  chunkOpen,
  chunkRoom,
  chunkStart,
  chunkUsed,
  setChunkEnd,
} from './chunk.ts'
import { isSealed } from './chunk-seal.ts'
import { openChunk } from './deque.ts'
import type { DequeCursor } from './deque-cursor.ts'
import {
  addElements,
  blockLength,
  type EntryPlace,
  entryAt,
  entryChunk,
  entryCount,
  insertEntry,
  removeEntry,
} from './deque-directory.ts'
import { packedSize, packedSkip, packedTextLength, packedWrite } from './packed.ts'

const COUNT_AT = 8
/** A chunk with fewer bytes is joined with a neighbour when both together leave a quarter of a chunk free. */
const FEW_BYTES = CHUNK_ROOM_BYTES >> 2
const JOINED_BYTES = CHUNK_ROOM_BYTES - (CHUNK_ROOM_BYTES >> 2)

const place: EntryPlace = { block: 0, slot: 0 }

/**
 * Puts the text buf[start, end) before the element at the cursor, or at the end of its run when it stands there; the cursor
 * is then at the new element. False: no room. The text may not lie in the deque.
 */
export function dequeInsert(
  a: Arena,
  root: number,
  cursor: DequeCursor,
  buf: Uint8Array,
  start: number,
  end: number,
): boolean {
  const size = packedSize(buf, start, end)
  if (!dequeUnseal(a, cursor) || !openAt(a, root, cursor, size)) return false
  packedWrite(a.u8, cursor.at, buf, start, end)
  addElements(a, cursor.block, cursor.slot, 1)
  a.i32[(root + COUNT_AT) >> 2]++
  return true
}

/** Makes the chunk at the cursor one that can be changed. False: no room. */
export function dequeUnseal(a: Arena, cursor: DequeCursor): boolean {
  if (!isSealed(a, cursor.chunk)) return true
  const index = cursor.indexInRun(a)
  if (openChunk(a, cursor.block, cursor.slot) === 0) return false
  cursor.load(a)
  cursor.seekInRun(a, index)
  return true
}

/** Makes `size` bytes of room at the cursor. */
function openAt(a: Arena, root: number, cursor: DequeCursor, size: number): boolean {
  const used = chunkUsed(a, cursor.chunk)
  if (used + size > CHUNK_ROOM_BYTES && used + size > chunkRoom(a, cursor.chunk)) {
    const isInside = cursor.at > cursor.start && cursor.at < cursor.stop
    if (isInside && !splitAt(a, root, cursor)) return false
    if (!(isInside && fitsAfter(a, cursor, size)) && !goBeside(a, root, cursor, size)) return false
  }
  const need = chunkUsed(a, cursor.chunk) + size
  if (need > chunkRoom(a, cursor.chunk)) {
    const wanted = need > CHUNK_ROOM_BYTES ? need : Math.min(CHUNK_ROOM_BYTES, (need * 1.5) | 0)
    const room = Arena.goodSize(CHUNK_HEADER_BYTES + wanted) - CHUNK_HEADER_BYTES
    const offset = cursor.at - cursor.start
    const moved = chunkMove(a, cursor.chunk, room, 0)
    if (moved === 0) return false
    replaceChunk(a, cursor, moved, offset)
  }
  const at = chunkOpen(a, cursor.chunk, cursor.at, size)
  refresh(a, cursor, at)
  return true
}

function fitsAfter(a: Arena, cursor: DequeCursor, size: number): boolean {
  return chunkUsed(a, cursor.chunk) + size <= CHUNK_ROOM_BYTES
}

/** What follows the cursor becomes a chunk of its own; the cursor then stands at the end of its run. */
function splitAt(a: Arena, root: number, cursor: DequeCursor): boolean {
  const { at, stop, chunk } = cursor
  const right = chunkCreate(a, stop - at, 0, stop - at)
  if (right === 0) return false
  let count = 0
  for (let p = at; p < stop; p = packedSkip(a.u8, p)) count++
  place.block = cursor.block
  place.slot = cursor.slot + 1
  if (!insertEntry(a, root, place, right, 0)) {
    a.free(right)
    return false
  }
  a.u8.copyWithin(chunkStart(a, right), at, stop)
  setChunkEnd(a, chunk, at)
  addElements(a, place.block, place.slot, count)
  stepBack(a, place)
  addElements(a, place.block, place.slot, -count)
  cursor.block = place.block
  cursor.slot = place.slot
  refresh(a, cursor, at)
  return true
}

/** From an entry to the one before it. */
function stepBack(a: Arena, p: EntryPlace): void {
  if (p.slot > 0) p.slot--
  else {
    p.block = a.i32[(p.block + 4) >> 2]
    p.slot = blockLength(a, p.block) - 1
  }
}

/** The cursor, at a border of a full run, goes to the neighbour there when that has room, else to a new chunk. */
function goBeside(a: Arena, root: number, cursor: DequeCursor, size: number): boolean {
  const isBehind = cursor.at === cursor.stop
  const beside = cursor.slot + (isBehind ? 1 : -1)
  if (beside >= 0 && beside < blockLength(a, cursor.block)) {
    const chunk = entryChunk(a, cursor.block, beside)
    if (!isSealed(a, chunk) && chunkUsed(a, chunk) + size <= CHUNK_ROOM_BYTES) {
      cursor.slot = beside
      cursor.load(a)
      if (!isBehind) cursor.at = cursor.stop
      return true
    }
  }
  const fresh = chunkCreate(a, size, 0, 0)
  if (fresh === 0) return false
  place.block = cursor.block
  place.slot = isBehind ? cursor.slot + 1 : cursor.slot
  if (!insertEntry(a, root, place, fresh, 0)) {
    a.free(fresh)
    return false
  }
  cursor.block = place.block
  cursor.slot = place.slot
  cursor.load(a)
  return true
}

/** The chunk at the cursor lies elsewhere now. */
function replaceChunk(a: Arena, cursor: DequeCursor, chunk: number, offset: number): void {
  a.i32[entryAt(a, cursor.block, cursor.slot) >> 2] = chunk
  cursor.load(a)
  cursor.at = cursor.start + offset
}

/** Reads the borders of the run again. */
function refresh(a: Arena, cursor: DequeCursor, at: number): void {
  cursor.load(a)
  cursor.at = at
}

/** The element at the cursor becomes the text buf[start, end). False: no room. The cursor is good for nothing afterwards. */
export function dequeReplace(
  a: Arena,
  root: number,
  cursor: DequeCursor,
  buf: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (!dequeUnseal(a, cursor)) return false
  const size = packedSize(buf, start, end)
  const { at, chunk } = cursor
  const before = packedSkip(a.u8, at) - at
  if (size === before) {
    packedWrite(a.u8, at, buf, start, end)
    return true
  }
  if (chunkUsed(a, chunk) - before + size <= chunkRoom(a, chunk)) {
    const gap = chunkClose(a, chunk, at, at + before)
    packedWrite(a.u8, chunkOpen(a, chunk, gap, size), buf, start, end)
    return true
  }
  if (!dequeInsert(a, root, cursor, buf, start, end)) return false
  cursor.at = packedSkip(a.u8, cursor.at)
  if (cursor.at === cursor.stop) cursor.nextRun(a)
  dequeRemove(a, root, cursor)
  return true
}

/** Takes the element at the cursor out, whose chunk is not sealed. The cursor is then at the one that followed; false: none. */
export function dequeRemove(a: Arena, root: number, cursor: DequeCursor): boolean {
  return removeInRun(a, root, cursor, packedSkip(a.u8, cursor.at), 1)
}

/** Takes `n` elements out, up to the place `stop` of the same run. */
function removeInRun(a: Arena, root: number, cursor: DequeCursor, stop: number, n: number): boolean {
  a.i32[(root + COUNT_AT) >> 2] -= n
  if (entryCount(a, cursor.block, cursor.slot) === n) {
    a.free(cursor.chunk)
    removeEntry(a, root, cursor)
    if (cursor.slot >= blockLength(a, cursor.block)) return false
    cursor.load(a)
    return true
  }
  addElements(a, cursor.block, cursor.slot, -n)
  refresh(a, cursor, chunkClose(a, cursor.chunk, cursor.at, stop))
  if (chunkUsed(a, cursor.chunk) < FEW_BYTES) join(a, root, cursor)
  return cursor.at < cursor.stop || cursor.nextRun(a)
}

/** Bytes in a chunk; too many for a sealed one, which is joined with none. */
function usedOrMore(a: Arena, chunk: number): number {
  return isSealed(a, chunk) ? CHUNK_ROOM_BYTES : chunkUsed(a, chunk)
}

/** Joins the chunk at the cursor with a neighbour in the same directory block; the cursor stays at its element. */
function join(a: Arena, root: number, cursor: DequeCursor): void {
  const used = chunkUsed(a, cursor.chunk)
  const { block, slot } = cursor
  if (slot + 1 < blockLength(a, block) && usedOrMore(a, entryChunk(a, block, slot + 1)) + used <= JOINED_BYTES) {
    joinPair(a, root, cursor, slot, cursor.at - cursor.start)
  } else if (slot > 0) {
    const before = usedOrMore(a, entryChunk(a, block, slot - 1))
    if (before + used <= JOINED_BYTES) joinPair(a, root, cursor, slot - 1, before + cursor.at - cursor.start)
  }
}

/** Makes entries `slot` and slot + 1 of the cursor's block one; the cursor goes to the given place in it. */
function joinPair(a: Arena, root: number, cursor: DequeCursor, slot: number, offset: number): void {
  const { block } = cursor
  const left = entryChunk(a, block, slot)
  const right = entryChunk(a, block, slot + 1)
  const leftBytes = chunkUsed(a, left)
  const joined = chunkCreate(a, leftBytes + chunkUsed(a, right), 0, leftBytes + chunkUsed(a, right))
  if (joined === 0) return
  const at = chunkStart(a, joined)
  a.u8.copyWithin(at, chunkStart(a, left), chunkEnd(a, left))
  a.u8.copyWithin(at + leftBytes, chunkStart(a, right), chunkEnd(a, right))
  const count = entryCount(a, block, slot + 1)
  a.i32[entryAt(a, block, slot) >> 2] = joined
  addElements(a, block, slot, count)
  a.free(left)
  a.free(right)
  // The entry that goes is behind the one that stays, so a joining of directory blocks moves both alike.
  cursor.slot = slot + 1
  place.block = block
  place.slot = slot + 1
  removeEntry(a, root, place)
  stepBack(a, place)
  cursor.block = place.block
  cursor.slot = place.slot
  cursor.load(a)
  cursor.at = cursor.start + offset
}

/** Takes `n` elements out from `index` on, all of which exist. False, and no change: no room. */
export function dequeRemoveRange(a: Arena, root: number, cursor: DequeCursor, index: number, n: number): boolean {
  if (n === 0) return true
  // What is left of the first and the last chunk can be changed; those between go as they are.
  cursor.seek(a, root, index + n - 1)
  if (!dequeUnseal(a, cursor)) return false
  cursor.seek(a, root, index)
  if (!dequeUnseal(a, cursor)) return false
  let isLoaded = true
  while (n > 0) {
    const count = entryCount(a, cursor.block, cursor.slot)
    if (count <= n && (!isLoaded || cursor.at === cursor.start)) {
      // A chunk that goes as a whole is not even looked into.
      a.free(entryChunk(a, cursor.block, cursor.slot))
      a.i32[(root + COUNT_AT) >> 2] -= count
      removeEntry(a, root, cursor)
      n -= count
      if (cursor.slot >= blockLength(a, cursor.block)) break
      isLoaded = false
      continue
    }
    if (!isLoaded) cursor.load(a)
    isLoaded = true
    let stop = cursor.at
    let taken = 0
    for (; taken < n && stop < cursor.stop; taken++) stop = packedSkip(a.u8, stop)
    n -= taken
    if (!removeInRun(a, root, cursor, stop, taken)) break
  }
  return true
}

/** Bytes of the texts of `n` elements from `index` on, all of which exist. */
export function dequeTextBytes(a: Arena, root: number, cursor: DequeCursor, index: number, n: number): number {
  const { u8 } = a
  let bytes = 0
  if (n === 0) return 0
  cursor.seek(a, root, index)
  do {
    let { at } = cursor
    for (const { stop, prefixBytes } = cursor; at < stop && n > 0; n--) {
      bytes += prefixBytes + packedTextLength(u8, at)
      at = packedSkip(u8, at)
    }
  } while (n > 0 && cursor.nextRun(a))
  return bytes
}
