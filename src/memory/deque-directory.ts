// The directory of a deque: its chunks in order, as a doubly linked list of blocks of (chunk, number of its elements). A
// block knows how many elements lie below it, so a search passes over whole blocks, then over entries, then walks a chunk.
//
//     0  i32  next block      4  i32  previous block (0: none)      8  i32  elements below
//    12  i32  first used place     16  i32  used places            20  unused
//    24  ...  places of 8 bytes: i32 chunk, i32 elements; used ones in a row, free ones on both sides
//
//   a block                 5 places at first, doubling up to 125 (1 KiB): half a million bytes of elements
//   entry in, entry out     O(places to the nearer side), at most 1 KiB moved

import type { Arena } from './arena.ts'

const NEXT = 0
const PREV = 4
const ELEMENTS = 8
const FIRST = 12
const LENGTH = 16
const PLACES = 24
const PLACE_SHIFT = 3
const LEAST_BYTES = 64
const MOST_BYTES = 1024
/** A block with fewer entries is joined with a neighbour when both together leave room for more. */
const FEW_ENTRIES = 16
const JOINED_ENTRIES = 80

/** Words of the deque's root that the directory keeps. */
export const ROOT_HEAD = 12
export const ROOT_TAIL = 16

/** A chunk's entry, by block and number in the block. */
export interface EntryPlace {
  block: number
  slot: number
}

export const nextBlock = (a: Arena, block: number): number => a.i32[(block + NEXT) >> 2]
export const prevBlock = (a: Arena, block: number): number => a.i32[(block + PREV) >> 2]
export const blockElements = (a: Arena, block: number): number => a.i32[(block + ELEMENTS) >> 2]
export const blockLength = (a: Arena, block: number): number => a.i32[(block + LENGTH) >> 2]
/** Offset of an entry: its first word is the chunk, its second the number of elements. */
export const entryAt = (a: Arena, block: number, slot: number): number =>
  block + PLACES + ((a.i32[(block + FIRST) >> 2] + slot) << PLACE_SHIFT)
export const entryChunk = (a: Arena, block: number, slot: number): number => a.i32[entryAt(a, block, slot) >> 2]
export const entryCount = (a: Arena, block: number, slot: number): number => a.i32[(entryAt(a, block, slot) >> 2) + 1]

const placesOf = (a: Arena, block: number): number => (a.sizeOf(block) - PLACES) >> PLACE_SHIFT

/** The elements of an entry are `by` more; the caller counts them in the root. */
export function addElements(a: Arena, block: number, slot: number, by: number): void {
  a.i32[(block + ELEMENTS) >> 2] += by
  a.i32[(entryAt(a, block, slot) >> 2) + 1] += by
}

/** The first block of a new deque, with no entry. 0: no room. */
export function createDirectory(a: Arena, root: number): number {
  const block = newBlock(a, LEAST_BYTES)
  a.i32[(root + ROOT_HEAD) >> 2] = block
  a.i32[(root + ROOT_TAIL) >> 2] = block
  return block
}

function newBlock(a: Arena, bytes: number): number {
  const block = a.alloc(bytes)
  if (block !== 0) a.i32.fill(0, block >> 2, (block + PLACES) >> 2)
  return block
}

/** Puts a chunk with `count` elements in as the entry at `p`; what is there comes after it. False, nothing changed: no room. */
export function insertEntry(a: Arena, root: number, p: EntryPlace, chunk: number, count: number): boolean {
  if (blockLength(a, p.block) === placesOf(a, p.block) && !makeRoom(a, root, p)) return false
  const { i32 } = a
  const { block, slot } = p
  const first = i32[(block + FIRST) >> 2]
  const length = i32[(block + LENGTH) >> 2]
  const places = (block + PLACES) >> 2
  const isRoomBehind = first + length < placesOf(a, block)
  if (first > 0 && (slot < length - slot || !isRoomBehind)) {
    i32.copyWithin(places + 2 * (first - 1), places + 2 * first, places + 2 * (first + slot))
    i32[(block + FIRST) >> 2] = first - 1
  } else {
    i32.copyWithin(places + 2 * (first + slot + 1), places + 2 * (first + slot), places + 2 * (first + length))
  }
  i32[(block + LENGTH) >> 2] = length + 1
  i32[(block + ELEMENTS) >> 2] += count
  const entry = entryAt(a, block, slot) >> 2
  i32[entry] = chunk
  i32[entry + 1] = count
  return true
}

/** Only the first entries stay, in a deque that is being freed: what is counted of the others is not taken off. */
export function keepEntries(a: Arena, block: number, kept: number): void {
  a.i32[(block + LENGTH) >> 2] = kept
}

function makeRoom(a: Arena, root: number, p: EntryPlace): boolean {
  const { i32 } = a
  const { block } = p
  const size = a.sizeOf(block)
  const length = blockLength(a, block)
  if (size < MOST_BYTES) {
    const larger = a.alloc(Math.min(2 * size, MOST_BYTES))
    if (larger === 0) return false
    i32.copyWithin(larger >> 2, block >> 2, (block + size) >> 2)
    relink(a, root, larger)
    a.free(block)
    p.block = larger
    return true
  }
  const fresh = newBlock(a, MOST_BYTES)
  if (fresh === 0) return false
  if (p.slot === 0) {
    i32[(fresh + FIRST) >> 2] = placesOf(a, fresh)
    link(a, root, fresh, prevBlock(a, block), block)
    p.block = fresh
    return true
  }
  link(a, root, fresh, block, nextBlock(a, block))
  const kept = p.slot === length ? length : length >> 1
  moveEntries(a, block, kept, fresh)
  if (p.slot > kept || kept === length) {
    p.block = fresh
    p.slot -= kept
  }
  return true
}

function link(a: Arena, root: number, block: number, prev: number, next: number): void {
  a.i32[(block + PREV) >> 2] = prev
  a.i32[(block + NEXT) >> 2] = next
  relink(a, root, block)
}

/** The neighbours of a block, or the root, point to it. */
export function relink(a: Arena, root: number, block: number): void {
  const prev = prevBlock(a, block)
  const next = nextBlock(a, block)
  a.i32[(prev === 0 ? root + ROOT_HEAD : prev + NEXT) >> 2] = block
  a.i32[(next === 0 ? root + ROOT_TAIL : next + PREV) >> 2] = block
}

/** Moves the entries from number `from` on to the end of another block, which has the places behind its own entries. */
function moveEntries(a: Arena, block: number, from: number, to: number): void {
  const { i32 } = a
  const length = blockLength(a, block)
  const toLength = blockLength(a, to)
  let moved = 0
  for (let slot = from; slot < length; slot++) moved += entryCount(a, block, slot)
  i32.copyWithin(entryAt(a, to, toLength) >> 2, entryAt(a, block, from) >> 2, entryAt(a, block, length) >> 2)
  i32[(block + LENGTH) >> 2] = from
  i32[(to + LENGTH) >> 2] = toLength + length - from
  i32[(block + ELEMENTS) >> 2] -= moved
  i32[(to + ELEMENTS) >> 2] += moved
}

/**
 * Takes the entry at `p` out; its chunk is the caller's. `p` is then at the entry that followed, or behind the last entry of
 * the last block. The only block stays even when it is empty.
 */
export function removeEntry(a: Arena, root: number, p: EntryPlace): void {
  const { i32 } = a
  const { block, slot } = p
  const first = i32[(block + FIRST) >> 2]
  const length = i32[(block + LENGTH) >> 2]
  const places = (block + PLACES) >> 2
  i32[(block + ELEMENTS) >> 2] -= entryCount(a, block, slot)
  if (slot < length - slot - 1) {
    i32.copyWithin(places + 2 * (first + 1), places + 2 * first, places + 2 * (first + slot))
    i32[(block + FIRST) >> 2] = first + 1
  } else {
    i32.copyWithin(places + 2 * (first + slot), places + 2 * (first + slot + 1), places + 2 * (first + length))
  }
  i32[(block + LENGTH) >> 2] = length - 1
  if (length - 1 < FEW_ENTRIES) joinBlocks(a, root, p)
  const next = nextBlock(a, p.block)
  if (p.slot === blockLength(a, p.block) && next !== 0) {
    p.block = next
    p.slot = 0
  }
}

/** Joins the block of `p` with a neighbour when both have few entries; an empty one goes. */
function joinBlocks(a: Arena, root: number, p: EntryPlace): void {
  const { block } = p
  const length = blockLength(a, block)
  const next = nextBlock(a, block)
  const prev = prevBlock(a, block)
  if (prev !== 0 && (length === 0 || fits(a, prev, length))) {
    p.slot += blockLength(a, prev)
    p.block = prev
    if (length > 0) moveEntries(a, block, 0, prev)
    unlink(a, root, block)
  } else if (next !== 0 && length === 0) {
    p.block = next
    p.slot = 0
    unlink(a, root, block)
  } else if (next !== 0 && fits(a, block, blockLength(a, next))) {
    moveEntries(a, next, 0, block)
    unlink(a, root, next)
  }
}

/** Whether `more` entries can be put behind those of a block and it still has room for others. */
function fits(a: Arena, block: number, more: number): boolean {
  const { i32 } = a
  const length = i32[(block + LENGTH) >> 2]
  return length + more <= JOINED_ENTRIES && i32[(block + FIRST) >> 2] + length + more <= placesOf(a, block)
}

function unlink(a: Arena, root: number, block: number): void {
  const prev = prevBlock(a, block)
  const next = nextBlock(a, block)
  a.i32[(prev === 0 ? root + ROOT_HEAD : prev + NEXT) >> 2] = next
  a.i32[(next === 0 ? root + ROOT_TAIL : next + PREV) >> 2] = prev
  a.free(block)
}
