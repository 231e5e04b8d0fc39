// A packed block: a small collection in one block of an arena, its elements (packed.ts) one after the other. It keeps
// count and used bytes; what the elements mean (fields and values in turn, members in order) is its owner's.
//
//     0  i32  allocated bytes   4  i32  logical bytes     the owner's, carried along when the block moves
//     8  i32  number of elements                         12  i32  used bytes of elements
//    16  ...  elements, then free room
//
//   append                      O(element), and a move to a larger block after every eighth of its size
//   insert, remove, replace     O(bytes behind the place)
//   count                       O(1)       find, by index: O(n), packed.ts walks
//
// Every change returns the offset of the block, which may have moved (places move along: at - root + moved), or 0 when
// there was no room: then nothing has changed. A source of bytes may not lie in the block itself.

import { Arena } from './arena.ts'
import {
  PACKED_OVERHEAD_BYTES,
  packedBack,
  packedIntSize,
  packedSize,
  packedSkip,
  packedWrite,
  packedWriteInt,
} from './packed.ts'

export const PACKED_COUNT_AT = 8
export const PACKED_USED_AT = 12
export const PACKED_ELEMENTS_AT = 16

/** A block that moves because it is full gets an eighth on top: appending n elements then moves O(n) bytes. */
const SLACK_SHIFT = 3
/** Up to here a loop moves bytes faster than the call of copyWithin. */
const LOOP_MOVE_BYTES = 32

export function packedCount(a: Arena, root: number): number {
  return a.i32[(root + PACKED_COUNT_AT) >> 2]
}

export function packedUsed(a: Arena, root: number): number {
  return a.i32[(root + PACKED_USED_AT) >> 2]
}

/** Place of the first element; equal to `packedStop` when there is none. */
export function packedFirst(root: number): number {
  return root + PACKED_ELEMENTS_AT
}

/** The place behind the last element. */
export function packedStop(a: Arena, root: number): number {
  return root + PACKED_ELEMENTS_AT + a.i32[(root + PACKED_USED_AT) >> 2]
}

/** A new block without elements, with room for `bytes` of them; its first two words are 0. 0: no room. */
export function packedCreate(a: Arena, bytes: number): number {
  const root = a.alloc(PACKED_ELEMENTS_AT + bytes)
  if (root !== 0) a.i32.fill(0, root >> 2, (root + PACKED_ELEMENTS_AT) >> 2)
  return root
}

/** Place of the element with this index, 0 <= index < count, from whichever end is nearer. */
export function packedAt(a: Arena, root: number, index: number): number {
  const { u8 } = a
  const count = packedCount(a, root)
  if (index < count >> 1) {
    let at = packedFirst(root)
    for (let i = 0; i < index; i++) at = packedSkip(u8, at)
    return at
  }
  let at = packedStop(a, root)
  for (let i = count; i > index; i--) at = packedBack(u8, at)
  return at
}

/** Moves u8[from, end) to `to`; they may overlap. */
export function moveBytes(u8: Uint8Array, to: number, from: number, end: number): void {
  const length = end - from
  if (length > LOOP_MOVE_BYTES) u8.copyWithin(to, from, end)
  else if (to < from) for (let i = 0; i < length; i++) u8[to + i] = u8[from + i]
  else for (let i = length - 1; i >= 0; i--) u8[to + i] = u8[from + i]
}

/** The block at least PACKED_ELEMENTS_AT + used bytes long: itself, extended, or its copy in a larger block. */
function withRoom(a: Arena, root: number, used: number): number {
  const need = PACKED_ELEMENTS_AT + used
  if (need <= a.sizeOf(root)) return root
  if (a.extend(root, need)) return root
  return moveTo(a, root, a.alloc(need + (need >> SLACK_SHIFT)) || a.alloc(need))
}

/** Moves a block into another one, unless that is 0: no room. Returns it. */
function moveTo(a: Arena, root: number, to: number): number {
  if (to === 0) return 0
  a.u8.copyWithin(to, root, packedStop(a, root))
  a.free(root)
  return to
}

/** The block with room for `bytes` more of elements, so that adding them cannot fail; 0 when there is none. */
export function packedReserve(a: Arena, root: number, bytes: number): number {
  return withRoom(a, root, packedUsed(a, root) + bytes)
}

/** As packedReserve for a block that is not expected to grow beyond that: without slack. */
export function packedReserveExactly(a: Arena, root: number, bytes: number): number {
  const need = PACKED_ELEMENTS_AT + packedUsed(a, root) + bytes
  return need <= a.sizeOf(root) ? root : moveTo(a, root, a.alloc(need))
}

/** Puts the text buf[start, end) at the end. */
export function packedAppend(a: Arena, root: number, buf: Uint8Array, start: number, end: number): number {
  const used = packedUsed(a, root)
  const most = used + (end - start) + PACKED_OVERHEAD_BYTES
  let block = root
  if (PACKED_ELEMENTS_AT + most > a.sizeOf(root)) block = withRoom(a, root, used + packedSize(buf, start, end))
  if (block === 0) return 0
  const first = block + PACKED_ELEMENTS_AT
  a.i32[(block + PACKED_USED_AT) >> 2] = packedWrite(a.u8, first + used, buf, start, end) - first
  a.i32[(block + PACKED_COUNT_AT) >> 2]++
  return block
}

/** Puts a safe integer at the end. */
export function packedAppendInt(a: Arena, root: number, n: number): number {
  return packedInsertInt(a, root, packedStop(a, root), n)
}

/** Puts the text buf[start, end) before the element at `at`, which may be the end. */
export function packedInsert(a: Arena, root: number, at: number, buf: Uint8Array, start: number, end: number): number {
  const block = makeGap(a, root, at, 0, packedSize(buf, start, end), 1)
  if (block !== 0) packedWrite(a.u8, at - root + block, buf, start, end)
  return block
}

/** Puts a safe integer before the element at `at`, which may be the end. */
export function packedInsertInt(a: Arena, root: number, at: number, n: number): number {
  const block = makeGap(a, root, at, 0, packedIntSize(n), 1)
  if (block !== 0) packedWriteInt(a.u8, at - root + block, n)
  return block
}

/** The element at `at` becomes the text buf[start, end). */
export function packedReplace(a: Arena, root: number, at: number, buf: Uint8Array, start: number, end: number): number {
  const block = makeGap(a, root, at, packedSkip(a.u8, at) - at, packedSize(buf, start, end), 0)
  if (block !== 0) packedWrite(a.u8, at - root + block, buf, start, end)
  return block
}

/** The element at `at` becomes a safe integer. */
export function packedReplaceInt(a: Arena, root: number, at: number, n: number): number {
  const block = makeGap(a, root, at, packedSkip(a.u8, at) - at, packedIntSize(n), 0)
  if (block !== 0) packedWriteInt(a.u8, at - root + block, n)
  return block
}

/** Takes `n` elements from `at` on out. Never 0: a block with too much room that finds no smaller one stays. */
export function packedRemove(a: Arena, root: number, at: number, n: number): number {
  let stop = at
  for (let i = 0; i < n; i++) stop = packedSkip(a.u8, stop)
  return packedRemoveTo(a, root, at, stop, n)
}

/** As packedRemove when it is known that the `n` elements end at `stop`. */
export function packedRemoveTo(a: Arena, root: number, at: number, stop: number, n: number): number {
  moveBytes(a.u8, at, stop, packedStop(a, root))
  a.i32[(root + PACKED_COUNT_AT) >> 2] -= n
  a.i32[(root + PACKED_USED_AT) >> 2] -= stop - at
  return packedFit(a, root)
}

/** Moves a block of which less than half is used to one that fits. */
export function packedFit(a: Arena, root: number): number {
  const need = PACKED_ELEMENTS_AT + packedUsed(a, root)
  const size = a.sizeOf(root)
  if (need > size >> 1 || Arena.goodSize(need) === size) return root
  return moveTo(a, root, a.alloc(need)) || root
}

/** Makes the `before` bytes at `at` `after` bytes and adds to the count; the caller fills them. */
function makeGap(a: Arena, root: number, at: number, before: number, after: number, added: number): number {
  const used = packedUsed(a, root) + after - before
  const block = withRoom(a, root, used)
  if (block === 0) return 0
  const to = at - root + block
  if (before !== after) moveBytes(a.u8, to + after, to + before, packedStop(a, block))
  a.i32[(block + PACKED_USED_AT) >> 2] = used
  a.i32[(block + PACKED_COUNT_AT) >> 2] += added
  return block
}
