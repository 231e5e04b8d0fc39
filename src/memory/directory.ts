// The directory of a dict, and how a dict grows and shrinks: one segment at a time, so no change ever costs more than one
// segment, except for the copy when the directory itself doubles. Extendible hashing (Fagin, Nievergelt, Pippenger, Strong 1979).
//
// root (16 bytes, in the owner's record)                         directory entry (8 bytes), 2^depth of them
//    0  i32  segment      | directory                              0  i32  segment, 0 when it holds nothing
//    4  i32  its meta     | most slots of any segment so far       4  i32  meta: homes << 5 | the segment's own depth
//    8  i32  pairs
//   12  i32  segments as deep as the directory << 5 | depth
//            depth 0      | depth 1..22
//
//   depth 2:   00 ──► A (depth 2)      A segment of depth d is shared by the 2^(depth - d) entries whose first d bits are
//              01 ──► B (depth 2)      its own. At depth 0 the first two words of the root are the only entry.
//              10 ──► C (depth 1)
//              11 ──►   "
//
// Whatever can fail takes its memory first: when it returns false the dict is as it was.

import type { Arena } from './arena.ts'
import {
  allSlots,
  buildSegment,
  DEPTH_MASK,
  FULL_SLOTS,
  limitOf,
  metaOf,
  type SlotRange,
  slotsFor,
  slotsOf,
  stepAbove,
  TOP_BIT,
} from './segment.ts'

const MAX_DEPTH = 22
const ENTRY_BYTES = 8
/** Buddies merge when they hold no more than about half of a full segment, so that they do not split again at once. */
const MERGE_PAIRS = limitOf(FULL_SLOTS) >> 1
/** Whether buddies could merge is looked at whenever the pairs of a segment are a multiple of this, a power of two. */
const MERGE_LOOK_PAIRS = 16
/** Fewer pairs per directory entry than this, and the directory does not double: hashes that share long prefixes cannot blow it up. */
const LEAST_PAIRS_PER_ENTRY = 16
/** The smallest segments are not worth a rebuild. */
const SMALLEST_SHRINKING_SLOTS = 5

/** Word index of the entry that `hash` belongs to. */
export function entryAt(i32: Int32Array, root: number, hash: number): number {
  const r = root >> 2
  const depth = i32[r + 3] & DEPTH_MASK
  if (depth === 0) return r
  return (i32[r] >> 2) + (((hash >>> 1) >>> (31 - depth)) << 1)
}

/** Points all entries that share the segment of `hash` to `segment`, which replaces it or, one bit deeper, a half of it. */
export function setEntries(i32: Int32Array, root: number, hash: number, segment: number, meta: number): void {
  const r = root >> 2
  const depth = i32[r + 3] & DEPTH_MASK
  const own = meta & DEPTH_MASK
  const shared = 1 << (depth - own)
  const first = depth === 0 ? r : (i32[r] >> 2) + ((((hash >>> 1) >>> (31 - depth)) & -shared) << 1)
  for (let i = 0; i < shared; i++) {
    i32[first + 2 * i] = segment
    i32[first + 2 * i + 1] = meta
  }
  if (depth > 0 && segment !== 0) i32[r + 1] = Math.max(i32[r + 1], slotsOf(i32, segment))
}

const metaOfEmpty = (depth: number): number => depth

/** Makes the segment of `hash` larger, by a rebuild or a split. False when there is no room, and nothing changed. */
export function growSegment(a: Arena, root: number, hash: number): boolean {
  const { i32 } = a
  const entry = entryAt(i32, root, hash)
  const segment = i32[entry]
  const depth = i32[entry + 1] & DEPTH_MASK
  if (segment === 0) return rebuild(a, root, hash, slotsFor(1), 0)
  const sizes = i32[(segment >> 2) + 1]
  const slots = sizes >>> 5
  // A run filled the tail of a segment with space elsewhere: unevenly spread hashes, answered with a longer tail.
  if (i32[segment >> 2] * 4 < limitOf(slots) * 3) return rebuild(a, root, hash, slots, (sizes & DEPTH_MASK) + 1)
  if (slots >= FULL_SLOTS && splitHelps(i32, root, segment, depth)) return split(a, root, hash)
  return rebuild(a, root, hash, stepAbove(slots), 0)
}

/** Moves the pairs of the segment of `hash` to one of at least `slots` slots; false when there is no room. */
function rebuild(a: Arena, root: number, hash: number, slots: number, skew: number): boolean {
  const { i32 } = a
  const entry = entryAt(i32, root, hash)
  const old = i32[entry]
  const depth = i32[entry + 1] & DEPTH_MASK
  const pairs = old === 0 ? 0 : i32[old >> 2]
  const segment = buildSegment(a, slots, pairs, depth, allSlots(i32, old), undefined, skew)
  if (segment === 0) return false
  setEntries(i32, root, hash, segment, metaOf(i32, segment, depth))
  if (old !== 0) a.free(old)
  return true
}

function splitHelps(i32: Int32Array, root: number, segment: number, own: number): boolean {
  const r = root >> 2
  const depth = i32[r + 3] & DEPTH_MASK
  if (own === depth && (depth === MAX_DEPTH || (2 << depth) * LEAST_PAIRS_PER_ENTRY > i32[r + 2])) return false
  const { from, to } = allSlots(i32, segment)
  let low = from
  while (i32[low + 1] === 0) low += 2
  let high = to - 2
  while (i32[high + 1] === 0) high -= 2
  return i32[low] !== i32[high]
}

/** Replaces a segment by two of one more bit, each sized for what falls to it. */
function split(a: Arena, root: number, hash: number): boolean {
  const { i32 } = a
  const r = root >> 2
  const entry = entryAt(i32, root, hash)
  const old = i32[entry]
  const own = i32[entry + 1] & DEPTH_MASK
  const depth = i32[r + 3] & DEPTH_MASK
  const bit = 1 << (31 - own)
  const lowHash = hash & ~(bit | (bit - 1))
  const highHash = lowHash | bit

  const { from, to } = allSlots(i32, old)
  const middle = highHash ^ TOP_BIT
  let cut = from
  let lowPairs = 0
  for (let at = from; at < to; at += 2) {
    if (i32[at + 1] === 0) continue
    if (i32[at] >= middle) break
    lowPairs++
    cut = at + 2
  }
  const highPairs = i32[old >> 2] - lowPairs

  const directory = own === depth ? a.alloc(ENTRY_BYTES * (2 << depth)) : 0
  if (own === depth && directory === 0) return false
  const low = sized(a, lowPairs, own + 1, { from, to: cut })
  const high = low < 0 ? -1 : sized(a, highPairs, own + 1, { from: cut, to })
  if (high < 0) {
    if (low > 0) a.free(low)
    if (directory !== 0) a.free(directory)
    return false
  }
  if (directory !== 0) doubleDirectory(a, root, directory)
  else if (own + 1 === depth) i32[r + 3] += 2 << 5
  setEntries(i32, root, lowHash, low, low === 0 ? metaOfEmpty(own + 1) : metaOf(i32, low, own + 1))
  setEntries(i32, root, highHash, high, high === 0 ? metaOfEmpty(own + 1) : metaOf(i32, high, own + 1))
  a.free(old)
  return true
}

/** A segment for the pairs of a range: 0 when there are none, -1 when there is no room. */
function sized(a: Arena, pairs: number, depth: number, range: SlotRange): number {
  if (pairs === 0) return 0
  return buildSegment(a, slotsFor(pairs + 1), pairs, depth, range, undefined) || -1
}

/** Copies each entry to two. The one segment that is about to split is counted as split already. */
function doubleDirectory(a: Arena, root: number, directory: number): void {
  const { i32 } = a
  const r = root >> 2
  const depth = i32[r + 3] & DEPTH_MASK
  const from = depth === 0 ? r : i32[r] >> 2
  let out = directory >> 2
  for (let i = 0; i < 1 << depth; i++) {
    const segment = i32[from + 2 * i]
    const meta = i32[from + 2 * i + 1]
    i32[out] = segment
    i32[out + 1] = meta
    i32[out + 2] = segment
    i32[out + 3] = meta
    out += 4
  }
  if (depth === 0) i32[r + 1] = 0
  else a.free(i32[r])
  i32[r] = directory
  i32[r + 3] = (2 << 5) | (depth + 1)
}

/** After a pair with `hash` was taken out of `segment`: gives memory back when it is worth it. Never fails; it may do nothing. */
export function shrinkSegment(a: Arena, root: number, hash: number, segment: number): void {
  const { i32 } = a
  const pairs = i32[segment >> 2]
  if (i32[(root >> 2) + 2] === 0) freeAll(a, root)
  else if ((pairs & (MERGE_LOOK_PAIRS - 1)) === 0 && pairs <= MERGE_PAIRS) {
    if (pairs === 0) {
      setEntries(i32, root, hash, 0, metaOfEmpty(i32[entryAt(i32, root, hash) + 1] & DEPTH_MASK))
      a.free(segment)
    }
    mergeUp(a, root, hash)
  } else {
    const slots = slotsOf(i32, segment)
    if (pairs * 8 < slots * 3 && slots >= SMALLEST_SHRINKING_SLOTS) rebuild(a, root, hash, slotsFor(pairs + 1), 0)
  }
}

/** Merges the segment of `hash` with its buddy, the result with its own, and so on; then halves the directory if it can. */
function mergeUp(a: Arena, root: number, hash: number): void {
  const { i32 } = a
  const r = root >> 2
  let merged = true
  while (merged) merged = mergeOnce(a, root, hash)
  if (i32[r + 3] >>> 5 === 0 && (i32[r + 3] & DEPTH_MASK) !== 0) halveDirectory(a, root)
}

function mergeOnce(a: Arena, root: number, hash: number): boolean {
  const { i32 } = a
  const r = root >> 2
  const entry = entryAt(i32, root, hash)
  const own = i32[entry + 1] & DEPTH_MASK
  if (own === 0) return false
  const bit = 1 << (32 - own)
  const lowEntry = entryAt(i32, root, hash & ~bit)
  const highEntry = entryAt(i32, root, hash | bit)
  if ((i32[lowEntry + 1] & DEPTH_MASK) !== (i32[highEntry + 1] & DEPTH_MASK)) return false
  const low = i32[lowEntry]
  const high = i32[highEntry]
  const pairs = (low === 0 ? 0 : i32[low >> 2]) + (high === 0 ? 0 : i32[high >> 2])
  if (pairs > MERGE_PAIRS) return false
  let merged = 0
  if (pairs > 0) {
    merged = buildSegment(a, slotsFor(pairs + 1), pairs, own - 1, allSlots(i32, low), allSlots(i32, high))
    if (merged === 0) return false
  }
  setEntries(i32, root, hash, merged, merged === 0 ? metaOfEmpty(own - 1) : metaOf(i32, merged, own - 1))
  if (low !== 0) a.free(low)
  if (high !== 0) a.free(high)
  if (own === (i32[r + 3] & DEPTH_MASK)) i32[r + 3] -= 2 << 5
  return true
}

/** Makes the directory as deep as its deepest segment. It shrinks in place, and then moves to a smaller block if there is one. */
function halveDirectory(a: Arena, root: number): void {
  const { i32 } = a
  const r = root >> 2
  const depth = i32[r + 3] & DEPTH_MASK
  const old = i32[r]
  const entries = old >> 2
  let deepest = 0
  for (let i = 0; i < 1 << depth; i++) deepest = Math.max(deepest, i32[entries + 2 * i + 1] & DEPTH_MASK)
  if (deepest === 0) {
    i32[r] = i32[entries]
    i32[r + 1] = i32[entries + 1]
    i32[r + 3] = 0
    a.free(old)
    return
  }
  let full = 0
  for (let i = 0; i < 1 << deepest; i++) {
    const from = entries + 2 * (i << (depth - deepest))
    i32[entries + 2 * i] = i32[from]
    i32[entries + 2 * i + 1] = i32[from + 1]
    if ((i32[from + 1] & DEPTH_MASK) === deepest) full++
  }
  i32[r + 3] = (full << 5) | deepest
  const moved = a.alloc(ENTRY_BYTES << deepest)
  if (moved === 0) return
  i32.copyWithin(moved >> 2, entries, entries + (2 << deepest))
  i32[r] = moved
  a.free(old)
}

/** Frees the segment of `hash`, which has one, with its pairs. */
export function dropSegment(a: Arena, root: number, hash: number): void {
  const { i32 } = a
  const entry = entryAt(i32, root, hash)
  const segment = i32[entry]
  i32[(root >> 2) + 2] -= i32[segment >> 2]
  setEntries(i32, root, hash, 0, metaOfEmpty(i32[entry + 1] & DEPTH_MASK))
  a.free(segment)
}

/** Frees the directory of a dict that has no segment left. */
export function dropDirectory(a: Arena, root: number): void {
  const { i32 } = a
  const r = root >> 2
  if ((i32[r + 3] & DEPTH_MASK) > 0) a.free(i32[r])
  i32.fill(0, r, r + 4)
}

/** Frees all segments and the directory and makes the root that of an empty dict. */
export function freeAll(a: Arena, root: number): void {
  const { i32 } = a
  const r = root >> 2
  const depth = i32[r + 3] & DEPTH_MASK
  const entries = depth === 0 ? r : i32[r] >> 2
  for (let i = 0; i < 1 << depth; ) {
    const segment = i32[entries + 2 * i]
    const own = i32[entries + 2 * i + 1] & DEPTH_MASK
    if (segment !== 0) a.free(segment)
    i += 1 << (depth - own)
  }
  dropDirectory(a, root)
}
