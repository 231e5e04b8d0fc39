// Values whose keys are gone and that are too large to be freed at once: they wait in graves (values/graves.ts), and expiry.ts
// frees them in slices. Up to LAZY_BYTES a value is freed on the spot, which takes less than 0.1 ms.

import type { Arena } from '../memory/arena.ts'
import { ARENA_GRAVES, digGrave } from '../values/graves.ts'
import { unwritten } from '../values/unwritten.ts'
import { ROOT_ALLOCATED, type ValueHost, VISIT_END } from '../values/value.ts'
import { VIEWS } from '../values/views.ts'
import { DB_KEYS, DB_NEXT_DEAD, ROOT_DEAD, type Shard } from './shard.ts'

const LAZY_BYTES = 64 << 10

/**
 * Leaves a collection of more than `least` bytes, or one that a save has still to write, to those who free in slices. False
 * when it is too small for that, or there is no room.
 */
export function bury(host: ValueHost, a: Arena, root: number, kind: number, least = LAZY_BYTES): boolean {
  const view = VIEWS[kind >> 4]
  if (view === undefined) return false
  const isSmall = a.i32[(root + ROOT_ALLOCATED) >> 2] <= least
  if ((isSmall && unwritten.of(a, root) === undefined) || !digGrave(a, root, kind)) return false
  view.aim(host, a, root, kind & 15)
  const before = a.allocatedBytes
  view.disown()
  a.i32[(root + ROOT_ALLOCATED) >> 2] -= before - a.allocatedBytes
  return true
}

/** Frees about `most` elements of the first buried value: 'some', or the value is gone then ('all'). There must be one. */
export function dig(host: ValueHost, a: Arena, most: number): 'some' | 'all' {
  const { i32 } = a
  const grave = i32[ARENA_GRAVES >> 2]
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
  i32[ARENA_GRAVES >> 2] = i32[at]
  a.free(grave)
  return 'all'
}

/** Keys of flushed databases and large values in a shard that are still to be freed. */
export function pendingIn({ arena }: Shard): number {
  const { i32 } = arena
  let pending = 0
  for (let grave = i32[ARENA_GRAVES >> 2]; grave !== 0; grave = i32[grave >> 2]) pending++
  for (let record = i32[ROOT_DEAD >> 2]; record !== 0; record = i32[(record + DB_NEXT_DEAD) >> 2])
    pending += i32[(record + DB_KEYS) >> 2]
  for (const { isGone } of unwritten.in(arena)) if (isGone) pending++
  return pending
}

/** Bytes of the values that wait in graves, or for them. */
export function buriedBytes(shards: readonly Shard[]): number {
  let bytes = 0
  for (const { arena } of shards) {
    const { i32 } = arena
    for (let grave = i32[ARENA_GRAVES >> 2]; grave !== 0; grave = i32[grave >> 2])
      bytes += i32[(i32[(grave >> 2) + 1] + ROOT_ALLOCATED) >> 2]
    for (const { isGone, root } of unwritten.in(arena)) if (isGone) bytes += i32[(root + ROOT_ALLOCATED) >> 2]
  }
  return bytes
}
