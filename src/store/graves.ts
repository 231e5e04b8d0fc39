// Values whose keys are gone and that are too large to be freed at once: they wait in a list of the arena, and
// expiry.ts frees them in slices. Up to LAZY_BYTES a value is freed on the spot, which takes less than 0.1 ms.
//
// grave, 16 bytes
//    0  i32  next grave       4  i32  root of the value      8  i32  type << 4 | form
//   12  i32  how far freeing has come: what the view's releaseSome returned

import type { Arena } from '../memory/arena.ts'
import { ROOT_ALLOCATED, type ValueHost, VISIT_END } from '../values/value.ts'
import { VIEWS } from '../values/views.ts'
import { ROOT_GRAVES } from './shard.ts'

const LAZY_BYTES = 64 << 10
const GRAVE_BYTES = 16

/** Leaves a collection to those who free in slices. False when it is too small for that, or there is no room. */
export function bury(host: ValueHost, a: Arena, root: number, kind: number): boolean {
  const view = VIEWS[kind >> 4]
  if (view === undefined || a.i32[(root + ROOT_ALLOCATED) >> 2] <= LAZY_BYTES) return false
  const grave = a.alloc(GRAVE_BYTES)
  if (grave === 0) return false
  view.aim(host, a, root, kind & 15)
  const before = a.allocatedBytes
  view.disown()
  a.i32[(root + ROOT_ALLOCATED) >> 2] -= before - a.allocatedBytes
  const at = grave >> 2
  a.i32[at] = a.i32[ROOT_GRAVES >> 2]
  a.i32[at + 1] = root
  a.i32[at + 2] = kind
  a.i32[at + 3] = 0
  a.i32[ROOT_GRAVES >> 2] = grave
  return true
}

/** Frees about `most` elements of the first buried value: 'some', or the value is gone then ('all'). There must be one. */
export function dig(host: ValueHost, a: Arena, most: number): 'some' | 'all' {
  const { i32 } = a
  const grave = i32[ROOT_GRAVES >> 2]
  const at = grave >> 2
  const root = i32[at + 1]
  const kind = i32[at + 2]
  const before = a.allocatedBytes
  const view = VIEWS[kind >> 4]
  view?.aim(host, a, root, kind & 15)
  const next = view?.releaseSome(i32[at + 3], most) ?? VISIT_END
  if (next !== VISIT_END) {
    i32[at + 3] = next
    i32[(root + ROOT_ALLOCATED) >> 2] -= before - a.allocatedBytes
    return 'some'
  }
  i32[ROOT_GRAVES >> 2] = i32[at]
  a.free(grave)
  return 'all'
}

/** Buried values of an arena. */
export function countGraves(a: Arena): number {
  let graves = 0
  for (let grave = a.i32[ROOT_GRAVES >> 2]; grave !== 0; grave = a.i32[grave >> 2]) graves++
  return graves
}
