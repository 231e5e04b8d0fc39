// Deadlines of blocks that belong together: a binary heap, so that the earliest of millions is known at once and what is due
// can be counted without meeting the rest. A block in the heap knows its place, hence any one can be taken out or changed.
//
// owner's words at `at`                          timed block (multiple of 8)
//    0  i32  heap, 0 while there are none           0  f64  deadline, ms since the epoch
//    4  i32  blocks in it                           8  i32  place in the heap
//
// heap: i32 x capacity, offsets of blocks; that of place i is not earlier than that of (i - 1) / 2
//
//   add, remove, change    O(log n), O(1) for a later one than all others      first    O(1)
//   due                    O(due)                                              bytes    4 to 8 a block, 12 in the block

import type { Arena } from './arena.ts'

/** Bytes at the start of a timed block. */
export const TIMED_BYTES = 12
const PLACE = 8
const LEAST_BLOCKS = 4

export function deadlineOf(a: Arena, block: number): number {
  return a.f64[block >> 3]
}

/** How many blocks there are. */
export function deadlinesCount(a: Arena, at: number): number {
  return a.i32[(at >> 2) + 1]
}

/** The block with the earliest deadline, 0 when there is none. */
export function deadlinesFirst(a: Arena, at: number): number {
  const { i32 } = a
  return i32[(at >> 2) + 1] === 0 ? 0 : i32[i32[at >> 2] >> 2]
}

/** Makes sure that the next add needs no memory. False when the arena has no room. */
export function deadlinesReserve(a: Arena, at: number): boolean {
  const { i32 } = a
  const heap = i32[at >> 2]
  const count = i32[(at >> 2) + 1]
  if (heap !== 0 && (count + 1) * 4 <= a.sizeOf(heap)) return true
  return resize(a, at, Math.max(LEAST_BLOCKS, count + (count >> 1)))
}

/** Adds a block that is in no heap; room was made by deadlinesReserve. */
export function deadlinesAdd(a: Arena, at: number, block: number, deadline: number): void {
  a.f64[block >> 3] = deadline
  up(a, a.i32[at >> 2] >> 2, a.i32[(at >> 2) + 1]++, block)
}

/** Takes a block out. */
export function deadlinesRemove(a: Arena, at: number, block: number): void {
  const { i32 } = a
  const place = i32[(block + PLACE) >> 2]
  const count = --i32[(at >> 2) + 1]
  const heap = i32[at >> 2]
  if (place !== count) settle(a, heap >> 2, count, place, i32[(heap >> 2) + count])
  if (count === 0) deadlinesClear(a, at)
  else if (count * 16 < a.sizeOf(heap) && count >= LEAST_BLOCKS) resize(a, at, count * 2)
}

/** Gives a block in the heap another deadline. */
export function deadlinesChange(a: Arena, at: number, block: number, deadline: number): void {
  a.f64[block >> 3] = deadline
  settle(a, a.i32[at >> 2] >> 2, a.i32[(at >> 2) + 1], a.i32[(block + PLACE) >> 2], block)
}

/** A block in the heap was copied, head and all, to another offset. */
export function deadlinesMoved(a: Arena, at: number, to: number): void {
  a.i32[(a.i32[at >> 2] >> 2) + a.i32[(to + PLACE) >> 2]] = to
}

/** How many deadlines lie before `nowMs`. Meets these and their children only. */
export function deadlinesDue(a: Arena, at: number, nowMs: number): number {
  const { i32, f64 } = a
  const heap = i32[at >> 2] >> 2
  const count = i32[(at >> 2) + 1]
  let due = 0
  let place = 0
  for (;;) {
    if (place < count && f64[i32[heap + place] >> 3] < nowMs) {
      due++
      place = 2 * place + 1
      continue
    }
    // Out of a right child (an even place) to its parent, until there is a right neighbour to look at.
    while (place > 0 && (place & 1) === 0) place = (place - 1) >> 1
    if (place === 0) return due
    place++
  }
}

/** Frees the heap, not the blocks. */
export function deadlinesClear(a: Arena, at: number): void {
  const { i32 } = a
  if (i32[at >> 2] !== 0) a.free(i32[at >> 2])
  i32[at >> 2] = 0
  i32[(at >> 2) + 1] = 0
}

/** Moves the heap to a block of `capacity` places; false when there is no room. A longer one is made longer where it lies if possible. */
function resize(a: Arena, at: number, capacity: number): boolean {
  const { i32 } = a
  const old = i32[at >> 2]
  if (old !== 0 && a.sizeOf(old) < capacity * 4 && a.extend(old, capacity * 4)) return true
  const heap = a.alloc(capacity * 4)
  if (heap === 0) return false
  if (old !== 0) {
    i32.copyWithin(heap >> 2, old >> 2, (old >> 2) + i32[(at >> 2) + 1])
    a.free(old)
  }
  i32[at >> 2] = heap
  return true
}

/** Lets `block` rise from `place`. */
function up(a: Arena, heap: number, place: number, block: number): void {
  const { i32, f64 } = a
  const deadline = f64[block >> 3]
  while (place > 0) {
    const parent = (place - 1) >> 1
    const other = i32[heap + parent]
    if (f64[other >> 3] <= deadline) break
    i32[heap + place] = other
    i32[(other + PLACE) >> 2] = place
    place = parent
  }
  i32[heap + place] = block
  i32[(block + PLACE) >> 2] = place
}

/** Finds the right place for `block`, which may lie on either side of `place`, a place that is free. */
function settle(a: Arena, heap: number, count: number, place: number, block: number): void {
  const { i32, f64 } = a
  const deadline = f64[block >> 3]
  for (let child = 2 * place + 1; child < count; child = 2 * place + 1) {
    if (child + 1 < count && f64[i32[heap + child + 1] >> 3] < f64[i32[heap + child] >> 3]) child++
    const other = i32[heap + child]
    if (f64[other >> 3] >= deadline) break
    i32[heap + place] = other
    i32[(other + PLACE) >> 2] = place
    place = child
  }
  up(a, heap, place, block)
}

/** Throws Error when the heap is not what its comments say. For tests. */
export function deadlinesCheck(a: Arena, at: number): void {
  const { i32 } = a
  const heap = i32[at >> 2] >> 2
  const count = i32[(at >> 2) + 1]
  for (let place = 0; place < count; place++) {
    const block = i32[heap + place]
    if (i32[(block + PLACE) >> 2] !== place) throw new Error('deadlines: a block does not know its place')
    const parent = i32[heap + ((place - 1) >> 1)]
    if (place > 0 && deadlineOf(a, parent) > deadlineOf(a, block)) throw new Error('deadlines: a parent is later')
  }
  if ((heap === 0) !== (count === 0)) throw new Error('deadlines: a heap stands for nothing')
}
