// Moving a dict out of slabs that are to run empty (emptying.ts): its directory, its segments and, through the caller, what
// its refs point to. A step is one segment, so a dict of any size is moved in slices; a position is a hash, as in a scan.

import type { Arena } from './arena.ts'
import { entryAt, setEntries } from './directory.ts'
import { allSlots, DEPTH_MASK, TOP_BIT } from './segment.ts'

const HASHES = 0x1_0000_0000

/** Where a pair of this dict is to point: `ref` itself, or where its block is now. `hash` is an int32. May not change the dict. */
export type MoveRef = (a: Arena, root: number, ref: number, hash: number) => number

/** For refs that stay. */
export const stay: MoveRef = (_a, _root, ref) => ref

/** Keeps the engine from leaving out the loads that are only there to overlap. */
export const looked = { sink: 0 }

/** Moves the segment at a position, 0..2^32-1, and asks for each of its pairs; returns the next position, 2^32 at the end. */
export function dictMove(a: Arena, root: number, position: number, move: MoveRef): number {
  const { i32 } = a
  const depth = i32[(root >> 2) + 3] & DEPTH_MASK
  if (position === 0 && depth > 0) i32[root >> 2] = a.moved(i32[root >> 2])
  const entry = entryAt(i32, root, position | 0)
  const meta = i32[entry + 1]
  const old = i32[entry]
  const span = 2 ** (32 - (meta & DEPTH_MASK))
  const next = Math.min(HASHES, position + span - (position % span))
  if (old === 0) return next
  const segment = a.moved(old)
  if (segment !== old) setEntries(i32, root, position | 0, segment, meta)
  const { from, to } = allSlots(i32, segment)
  if (move !== stay) {
    let sink = 0
    for (let at = from + 1; at < to; at += 2) sink ^= i32[i32[at] >> 2]
    looked.sink = sink
    for (let at = from; at < to; at += 2) {
      const ref = i32[at + 1]
      if (ref !== 0) i32[at + 1] = move(a, root, ref, i32[at] ^ TOP_BIT)
    }
  }
  return next
}
