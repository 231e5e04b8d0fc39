// Graves: roots of values that no key leads to any more, in a list of the arena. Whoever frees in slices (store/graves.ts)
// takes them out of it.
//
// grave, 16 bytes
//    0  i32  next grave       4  i32  root of the value      8  i32  type << 4 | form
//   12  i32  how far freeing has come: what the view's releaseSome returned

import { ARENA_ROOT, type Arena } from '../memory/arena.ts'
import { unwritten } from './unwritten.ts'

/** Word of the arena's root area with the first grave. */
export const ARENA_GRAVES = ARENA_ROOT + 8
const GRAVE_BYTES = 16

/** A grave for later; 0 when there is no room. */
export const reserveGrave = (a: Arena): number => a.alloc(GRAVE_BYTES)

/**
 * Leaves a value, of a kind (type << 4 | form), to those who free in slices; when a save has still to write some of it, after
 * that. False when there is no room for a grave.
 */
export function digGrave(a: Arena, root: number, kind: number): boolean {
  const rest = unwritten.of(a, root)
  const grave = rest?.grave ?? reserveGrave(a)
  if (grave === 0) return false
  const at = grave >> 2
  a.i32[at + 1] = root
  a.i32[at + 2] = kind
  a.i32[at + 3] = 0
  if (rest === undefined) enterGrave(a, grave)
  else rest.isGone = true
  return true
}

/** Puts a grave that was dug into the list. */
export function enterGrave(a: Arena, grave: number): void {
  a.i32[grave >> 2] = a.i32[ARENA_GRAVES >> 2]
  a.i32[ARENA_GRAVES >> 2] = grave
}
