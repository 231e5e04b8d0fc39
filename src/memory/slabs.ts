// Slabs: runs that are cut into blocks of one class. This file is what happens when alloc() finds no block on the free
// list of the current slab, and when free() has brought a slab to the count it waits for.
// The invariant: a slab is the current one of its class, or full and in no list, or in the list of its fullness, or it is to
// run empty (emptying.ts).
//
//               exhausted               first block freed            quarters freed          last block freed
//   current ---------------> full ----------------------> list 0 ---> list 1, 2, 3 ---> units given back
//      ^                                                    |
//      +------ when the current one is exhausted: the slab that has waited longest in the fullest list
//
// Taking from the fullest slabs lets the sparse ones run empty. Inside a list it is first in, first out, so that a slab
// has gathered several free blocks by the time it is taken. `LOW` of the descriptor is the live count at which a slab
// changes place, so free() has one comparison for all of this; the current slab never leaves its place by free(), and
// thus a class whose last block comes and goes does not take and give a run each time.

import { CLASS_BYTES, CLASS_UNITS, CLASSES, classOf, leastUnits, UNIT_BYTES, UNIT_SHIFT } from './classes.ts'
import {
  BYTES,
  CURRENT,
  FREE,
  FRESH,
  FULLNESSES,
  LIVE,
  LOW,
  listHead,
  NEXT,
  PREV,
  SLAB_END,
  SLAB_NEXT,
  SLAB_UNUSED,
  SLAB_WORDS,
  SPAN,
  TABLE,
  UNITS,
} from './layout.ts'
import { giveRun, takeRun } from './runs.ts'

/** Bytes put on the free list at a time, at least one block: a young slab touches no more memory than it needs. */
const CARVE_BYTES = 2048
const NEVER = -1
const UNITS_MASK = UNIT_BYTES - 1

/** Offset of a slab's memory. */
export function slabStart(i32: Int32Array, slab: number): number {
  return i32[slab + SPAN] & ~UNITS_MASK
}

/** Units of a slab. */
export function slabUnits(i32: Int32Array, slab: number): number {
  return i32[slab + SPAN] & UNITS_MASK
}

/** Blocks that a slab has place for. */
export function slabCapacity(i32: Int32Array, slab: number): number {
  return ((slabUnits(i32, slab) << UNIT_SHIFT) / i32[slab + BYTES]) | 0
}

/** List that a slab with this many live blocks belongs to: the quarters of it that are free. */
export function fullnessOf(live: number, capacity: number): number {
  return Math.min(FULLNESSES - 1, (((capacity - live) * FULLNESSES) / capacity) | 0)
}

/** Makes sure that the class's current slab has a free block; false when there is no room. */
export function refill(i32: Int32Array, sizeClass: number): boolean {
  const current = i32[CURRENT + sizeClass]
  if (current !== 0) {
    if (carve(i32, current)) return true
    i32[current + LOW] = i32[current + LIVE] - 1
    i32[CURRENT + sizeClass] = 0
  }
  for (let fullness = 0; fullness < FULLNESSES; fullness++) {
    const head = listHead(sizeClass, fullness)
    const slab = i32[head + NEXT]
    if (slab === head) continue
    unlink(i32, slab)
    i32[slab + LOW] = NEVER
    i32[CURRENT + sizeClass] = slab
    return true
  }
  const slab = newSlab(i32, sizeClass)
  if (slab === 0) return false
  i32[CURRENT + sizeClass] = slab
  return carve(i32, slab)
}

/** Puts a slab whose live count has come down to LOW where it now belongs. */
export function relist(i32: Int32Array, slab: number): void {
  const live = i32[slab + LIVE]
  if (i32[slab + NEXT] !== 0) unlink(i32, slab)
  if (live === 0) {
    release(i32, slab)
    return
  }
  const capacity = slabCapacity(i32, slab)
  const fullness = fullnessOf(live, capacity)
  append(i32, listHead(classOf(i32[slab + BYTES]), fullness), slab)
  i32[slab + LOW] = lowOf(fullness, capacity)
}

/** Gives back the units of current slabs that are empty; false when there were none. */
export function releaseIdle(i32: Int32Array): boolean {
  let released = false
  for (let sizeClass = 1; sizeClass < CLASSES; sizeClass++) {
    const slab = i32[CURRENT + sizeClass]
    if (slab === 0 || i32[slab + LIVE] !== 0) continue
    i32[CURRENT + sizeClass] = 0
    release(i32, slab)
    released = true
  }
  return released
}

/** Live count at which a slab leaves this list for the next, or for the free runs. */
function lowOf(fullness: number, capacity: number): number {
  if (fullness === FULLNESSES - 1) return 0
  return capacity - Math.ceil(((fullness + 1) * capacity) / FULLNESSES)
}

/** Puts the next blocks that were never used on the empty free list, in order of address; false when there are none. */
function carve(i32: Int32Array, slab: number): boolean {
  const bytes = i32[slab + BYTES]
  const end = slabStart(i32, slab) + slabCapacity(i32, slab) * bytes
  const fresh = i32[slab + FRESH]
  if (fresh >= end) return false
  const until = Math.min(end, fresh + Math.max(bytes, ((CARVE_BYTES / bytes) | 0) * bytes))
  let at = fresh
  for (; at + bytes < until; at += bytes) i32[at >> 2] = at + bytes
  i32[at >> 2] = 0
  i32[slab + FREE] = fresh
  i32[slab + FRESH] = until
  return true
}

/**
 * A new slab. A class starts small and doubles what it has, so that a small arena is not used up by classes with a block
 * or two each; when there is no run of the wanted length, a shorter one will do.
 */
function newSlab(i32: Int32Array, sizeClass: number): number {
  const least = leastUnits(sizeClass)
  const slab = newDescriptor(i32)
  if (slab === 0) return 0
  let units = Math.min(CLASS_UNITS[sizeClass], Math.max(least, i32[UNITS + sizeClass]))
  // What a growing table leaves behind in each size that it has passed: 170 KB in an arena of 6,000 keys.
  releaseIdle(i32)
  let run = takeRun(i32, units)
  while (run === 0 && units > least) {
    units = Math.max(least, units >> 1)
    run = takeRun(i32, units)
  }
  if (run === 0) {
    dropDescriptor(i32, slab)
    return 0
  }
  const table = i32[TABLE]
  i32.fill(slab, table + run, table + run + units)
  i32[UNITS + sizeClass] += units
  i32[slab + FREE] = 0
  i32[slab + LIVE] = 0
  i32[slab + LOW] = NEVER
  i32[slab + BYTES] = CLASS_BYTES[sizeClass]
  i32[slab + NEXT] = 0
  i32[slab + PREV] = 0
  i32[slab + SPAN] = (run << UNIT_SHIFT) + units
  i32[slab + FRESH] = run << UNIT_SHIFT
  return slab
}

function release(i32: Int32Array, slab: number): void {
  const units = slabUnits(i32, slab)
  i32[UNITS + classOf(i32[slab + BYTES])] -= units
  giveRun(i32, slabStart(i32, slab) >> UNIT_SHIFT, units)
  dropDescriptor(i32, slab)
}

function newDescriptor(i32: Int32Array): number {
  const unused = i32[SLAB_UNUSED]
  if (unused !== 0) {
    i32[SLAB_UNUSED] = i32[unused + NEXT]
    return unused
  }
  const next = i32[SLAB_NEXT]
  if (next === i32[SLAB_END]) return 0
  i32[SLAB_NEXT] = next + SLAB_WORDS
  return next
}

function dropDescriptor(i32: Int32Array, slab: number): void {
  i32[slab + NEXT] = i32[SLAB_UNUSED]
  i32[SLAB_UNUSED] = slab
}

/** Puts a slab that is in no list at the end of one. */
export function append(i32: Int32Array, head: number, slab: number): void {
  const last = i32[head + PREV]
  i32[slab + NEXT] = head
  i32[slab + PREV] = last
  i32[last + NEXT] = slab
  i32[head + PREV] = slab
}

export function unlink(i32: Int32Array, slab: number): void {
  const next = i32[slab + NEXT]
  const prev = i32[slab + PREV]
  i32[next + PREV] = prev
  i32[prev + NEXT] = next
  i32[slab + NEXT] = 0
}
