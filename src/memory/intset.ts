// An intset: signed integers in ascending order in one block, all as wide as the widest needs. It is what small sets of
// integers are, and behind the owner's words byte for byte Redis's intset, so that a dump can copy it.
//
//    0  8 bytes of the owner
//    8  i32 width of an integer in bytes: 2, 4 or 8       12  i32 count       16  integers, little endian, ascending
//
// An integer goes in and out as two 32-bit words (bytes/int64-words.ts), so those beyond 2^53 are exact too.
//
//   search        log2(count) reads; nothing but two for what is beyond either end      1 integer      2, 4 or 8 bytes
//   insert        as a search + moving those behind it                                  growing        an eighth in reserve
//   remove        the same; the block is replaced when less than half of it is used
//
// Functions that may move the block return its offset: 0 says that the arena has no room and nothing has changed.

import { Arena } from './arena.ts'

export const INTSET_HEADER_BYTES = 16
const WIDTH = 2
const COUNT = 3
/** In a block up to this size nothing is won by giving the reserve back. */
const KEPT_BYTES = 64

/** Bytes that an integer needs. */
function widthOf(high: number, low: number): number {
  if (high !== low >> 31) return 8
  return low === (low << 16) >> 16 ? 2 : 4
}

/** A new empty set, its owner's words zero; 0 when there is no room. */
export function intsetCreate(a: Arena): number {
  const block = a.alloc(INTSET_HEADER_BYTES + 8)
  if (block === 0) return 0
  const w = block >> 2
  a.i32[w] = 0
  a.i32[w + 1] = 0
  a.i32[w + WIDTH] = 2
  a.i32[w + COUNT] = 0
  return block
}

export const intsetCount = (a: Arena, block: number): number => a.i32[(block >> 2) + COUNT]
export const intsetWidth = (a: Arena, block: number): number => a.i32[(block >> 2) + WIDTH]

/** The low word of the integer with this number, 0..count-1. */
export function intsetLow(a: Arena, block: number, index: number): number {
  const width = a.i32[(block >> 2) + WIDTH]
  const at = block + INTSET_HEADER_BYTES
  if (width === 2) return (a.u16[(at >> 1) + index] << 16) >> 16
  return a.i32[(at >> 2) + (width === 4 ? index : index << 1)]
}

export function intsetHigh(a: Arena, block: number, index: number): number {
  if (a.i32[(block >> 2) + WIDTH] === 8) return a.i32[((block + INTSET_HEADER_BYTES) >> 2) + (index << 1) + 1]
  return intsetLow(a, block, index) >> 31
}

/** The number of this integer, or -1 - the number that it would get. */
export function intsetSearch(a: Arena, block: number, high: number, low: number): number {
  const { i32 } = a
  const w = block >> 2
  const count = i32[w + COUNT]
  const width = i32[w + WIDTH]
  if (widthOf(high, low) > width) return high < 0 ? -1 : -1 - count
  if (width === 2) return search16(a.u16, (block + INTSET_HEADER_BYTES) >> 1, count, low)
  const from = w + (INTSET_HEADER_BYTES >> 2)
  return width === 4 ? search32(i32, from, count, low) : search64(i32, from, count, high, low)
}

function search16(u16: Uint16Array, from: number, count: number, wanted: number): number {
  if (count === 0 || wanted > (u16[from + count - 1] << 16) >> 16) return -1 - count
  let least = 0
  let most = count - 1
  while (least <= most) {
    const middle = (least + most) >> 1
    const n = (u16[from + middle] << 16) >> 16
    if (n === wanted) return middle
    if (n < wanted) least = middle + 1
    else most = middle - 1
  }
  return -1 - least
}

function search32(i32: Int32Array, from: number, count: number, wanted: number): number {
  if (count === 0 || wanted > i32[from + count - 1]) return -1 - count
  let least = 0
  let most = count - 1
  while (least <= most) {
    const middle = (least + most) >> 1
    const n = i32[from + middle]
    if (n === wanted) return middle
    if (n < wanted) least = middle + 1
    else most = middle - 1
  }
  return -1 - least
}

function search64(i32: Int32Array, from: number, count: number, high: number, low: number): number {
  let least = 0
  let most = count - 1
  while (least <= most) {
    const middle = (least + most) >> 1
    const at = from + (middle << 1)
    const difference = i32[at + 1] - high || (i32[at] >>> 0) - (low >>> 0)
    if (difference === 0) return middle
    if (difference < 0) least = middle + 1
    else most = middle - 1
  }
  return -1 - least
}

/** Puts an integer that is not there at the number that intsetSearch said it would get. Returns the block, 0: no room. */
export function intsetInsert(a: Arena, block: number, index: number, high: number, low: number): number {
  const w = block >> 2
  const count = a.i32[w + COUNT]
  const before = a.i32[w + WIDTH]
  const width = Math.max(before, widthOf(high, low))
  const bytes = INTSET_HEADER_BYTES + (count + 1) * width
  let target = block
  if (bytes > a.sizeOf(block) && !a.extend(block, bytes)) {
    target = a.alloc(bytes + (bytes >> 3))
    if (target === 0) return 0
  }
  if (width === before) openGap(a, block, target, index, count, width)
  else widen(a, block, target, index, count, width)
  put(a, target, index, width, high, low)
  a.i32[(target >> 2) + WIDTH] = width
  a.i32[(target >> 2) + COUNT] = count + 1
  if (target !== block) a.free(block)
  return target
}

/** Moves the integers from number `index` on up by one, and all else over when the target is another block. */
function openGap(a: Arena, block: number, target: number, index: number, count: number, width: number): void {
  const { u8 } = a
  const gap = INTSET_HEADER_BYTES + index * width
  const end = INTSET_HEADER_BYTES + count * width
  if (index < count) u8.copyWithin(target + gap + width, block + gap, block + end)
  if (target !== block) u8.copyWithin(target, block, block + gap)
}

/** Writes all integers anew in a larger width, from the last to the first, leaving a gap at `index`: the first or the last. */
function widen(a: Arena, block: number, target: number, index: number, count: number, width: number): void {
  const shift = index === 0 ? 1 : 0
  for (let i = count - 1; i >= 0; i--) put(a, target, i + shift, width, intsetHigh(a, block, i), intsetLow(a, block, i))
  if (target === block) return
  const { i32 } = a
  i32[target >> 2] = i32[block >> 2]
  i32[(target >> 2) + 1] = i32[(block >> 2) + 1]
}

function put(a: Arena, block: number, index: number, width: number, high: number, low: number): void {
  const at = block + INTSET_HEADER_BYTES
  if (width === 2) {
    a.u16[(at >> 1) + index] = low
    return
  }
  const w = (at >> 2) + (width === 4 ? index : index << 1)
  a.i32[w] = low
  if (width === 8) a.i32[w + 1] = high
}

/** Takes out all integers; the block stays. */
export function intsetClear(a: Arena, block: number): void {
  a.i32[(block >> 2) + WIDTH] = 2
  a.i32[(block >> 2) + COUNT] = 0
}

/** Takes out the integer with this number; the width stays. Returns the block, which may be a smaller one, never 0. */
export function intsetRemove(a: Arena, block: number, index: number): number {
  const w = block >> 2
  const count = a.i32[w + COUNT] - 1
  const width = a.i32[w + WIDTH]
  const gap = block + INTSET_HEADER_BYTES + index * width
  const end = block + INTSET_HEADER_BYTES + count * width
  if (index < count) a.u8.copyWithin(gap, gap + width, end + width)
  a.i32[w + COUNT] = count
  const size = a.sizeOf(block)
  const used = end - block
  if (size <= KEPT_BYTES || used > size >> 1) return block
  const wanted = used + (used >> 3)
  if (Arena.goodSize(wanted) >= size) return block
  const smaller = a.alloc(wanted)
  if (smaller === 0) return block
  a.u8.copyWithin(smaller, block, end)
  a.free(block)
  return smaller
}
