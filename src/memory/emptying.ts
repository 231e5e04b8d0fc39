// Slabs that are to run empty: when many slabs of a class are thin, the thinnest are taken out of the lists that alloc()
// takes from, and who moves their blocks (Arena.moved) gives whole slabs back, which free() does with the last block.
// The invariant: such a slab is in the ring at EMPTYING and nowhere else, its FRESH is negative, and its LOW is 0.
//
//   one class:   | 90 % | 85 % | 70 % | 40 % | 20 % | 10 % |       what is free in those that stay
//                                     '  to run empty      '       holds all that lies in those that go

import { CLASSES } from './classes.ts'
import { EMPTYING, FRESH, FULLNESSES, LIVE, LOW, listHead, NEXT } from './layout.ts'
import { append, relist, slabCapacity, slabUnits, unlink } from './slabs.ts'

/** Slabs of a class that are looked at in one go, so that it takes about 0.1 ms; the others have their turn later. */
const MOST_SLABS = 1024

/** Chooses thin slabs of a class to run empty. Returns how many units come free when they have. */
export function markThin(i32: Int32Array, sizeClass: number): number {
  let room = roomIn(i32, sizeClass)
  let units = 0
  let left = MOST_SLABS
  for (let fullness = FULLNESSES - 1; fullness >= 0; fullness--) {
    const head = listHead(sizeClass, fullness)
    for (let slab = i32[head + NEXT]; slab !== head; slab = i32[head + NEXT]) {
      // Its own room goes with it, and what lies in it takes as much of the others'.
      room -= slabCapacity(i32, slab)
      if (room < 0 || left-- === 0) return units
      units += slabUnits(i32, slab)
      unlink(i32, slab)
      append(i32, EMPTYING, slab)
      i32[slab + LOW] = 0
      i32[slab + FRESH] = -i32[slab + FRESH]
    }
  }
  return units
}

/** Free blocks of the slabs in the lists of a class, those of the fullest first. */
function roomIn(i32: Int32Array, sizeClass: number): number {
  let room = 0
  let left = MOST_SLABS
  for (let fullness = 0; fullness < FULLNESSES; fullness++) {
    const head = listHead(sizeClass, fullness)
    for (let slab = i32[head + NEXT]; slab !== head && left > 0; slab = i32[slab + NEXT]) {
      room += slabCapacity(i32, slab) - i32[slab + LIVE]
      left--
    }
  }
  return room
}

/** Chooses slabs of all classes; returns how many units come free when they are empty. */
export function markAllThin(i32: Int32Array): number {
  let units = 0
  for (let sizeClass = 1; sizeClass < CLASSES; sizeClass++) units += markThin(i32, sizeClass)
  return units
}

/** All slabs take blocks again. Returns the units of those that were to run empty. */
export function keepThin(i32: Int32Array): number {
  let units = 0
  for (let slab = i32[EMPTYING + NEXT]; slab !== EMPTYING; slab = i32[EMPTYING + NEXT]) {
    units += slabUnits(i32, slab)
    i32[slab + FRESH] = -i32[slab + FRESH]
    relist(i32, slab)
  }
  return units
}

/** Whether a slab is to run empty. */
export function isEmptying(i32: Int32Array, slab: number): boolean {
  return i32[slab + FRESH] < 0
}
