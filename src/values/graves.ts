// Graves: roots of values that no key leads to any more, in a list of the arena. Whoever frees in slices (store/graves.ts)
// takes them out of it.
//
// grave, 16 bytes
//    0  i32  next grave       4  i32  root of the value      8  i32  type << 4 | form
//   12  i32  how far freeing has come: what the view's releaseSome returned

import { ARENA_ROOT, type Arena } from '../memory/arena.ts'

/** Word of the arena's root area with the first grave. */
export const ARENA_GRAVES = ARENA_ROOT + 8
const GRAVE_BYTES = 16

/** Leaves a value, of a kind (type << 4 | form), to those who free in slices. False when there is no room for a grave. */
export function digGrave(a: Arena, root: number, kind: number): boolean {
  const grave = a.alloc(GRAVE_BYTES)
  if (grave === 0) return false
  const at = grave >> 2
  a.i32[at] = a.i32[ARENA_GRAVES >> 2]
  a.i32[at + 1] = root
  a.i32[at + 2] = kind
  a.i32[at + 3] = 0
  a.i32[ARENA_GRAVES >> 2] = grave
  return true
}
