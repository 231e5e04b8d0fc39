// A segment: the small open-addressed table that a dict is made of. Pairs lie in hash order, each at its home slot or behind
// it with no hole between, and the last slot is always empty. So a search stops at the first larger hash without knowing
// where the segment ends, equal hashes are neighbours, and a split is a cut. A home never wraps around.
//
//    0  i32  pairs          4  i32  slots << 5 | skew
//    8  slot 0: i32 key, i32 ref      16  slot 1      ...      last slot: always empty
//
//    key = hash ^ 0x80000000, so that int32 order is the order of the unsigned hashes
//    an empty slot is { 0x7fffffff, 0 }: no search runs past it, and ref 0 tells it from a pair with that key
//
//    slots:  |  homes ....................................  |  tail: only what its homes pushed here | empty |
//    home  = (16 hash bits below the segment's own depth bits) * homes >> 16
//
// `homes` and the depth are not in the segment but in the directory's entry (its "meta", homes << 5 | depth), so a search
// reads them before it touches the segment. `skew` doubles the tail each time that the usual one did not hold the pairs:
// with only one home left the segment is a sorted list, and holds any hashes at all.
//
//   search    1 + load / 2(1 - load) slots, hit or miss: about 2.5 at 0.75      insert, remove    as a search + the run's rest
//   bytes     8 + 8 a slot; filled to 0.84 at most, rebuilt in steps of a quarter or less

import type { Arena } from './arena.ts'

const SEGMENT_HEADER_BYTES = 8
export const SEGMENT_HEADER_WORDS = 2
/** hash ^ TOP_BIT is the stored key. */
export const TOP_BIT = 0x80000000 | 0
const EMPTY_KEY = 0x7fffffff
/** The low five bits of a meta word. */
export const DEPTH_MASK = 31

/** A segment this large splits instead of growing: 4096 bytes are a class of the arena, as 1024 and 2048 are. */
export const FULL_SLOTS = 511
const STEPS = [
  2,
  4,
  6,
  8,
  10,
  12,
  16,
  20,
  24,
  32,
  40,
  48,
  63,
  79,
  95,
  127,
  159,
  191,
  223,
  255,
  319,
  383,
  447,
  FULL_SLOTS,
]
/** The slot count is stored above five bits. */
const MOST_SLOTS = 2 ** 26 - 1
/** Sixteen hash bits choose the home. */
const MOST_HOMES = 65536

/** The pairs that a segment of `slots` slots may hold, if their hashes are spread enough. */
export function limitOf(slots: number): number {
  return slots - 1 - ((slots * 5) >> 5)
}

/** The next larger segment size. Above FULL_SLOTS, where only equal hashes lead, sizes grow by a quarter. */
export function stepAbove(slots: number): number {
  for (const step of STEPS) if (step > slots) return step
  return slots + (slots >> 2)
}

/** The smallest segment size for `pairs` pairs and a few more. */
export function slotsFor(pairs: number): number {
  const wanted = pairs + (pairs >> 4)
  let slots = STEPS[0] as number
  while (limitOf(slots) < wanted) slots = stepAbove(slots)
  return slots
}

/** How many home slots a segment has; what is left is its tail. */
export function homesOf(slots: number, skew: number): number {
  const tail = (2 + (slots >> 5)) * 2 ** skew
  return Math.max(1, Math.min(MOST_HOMES, slots - tail))
}

/** The meta word of a segment whose pairs agree in their first `depth` hash bits. */
export function metaOf(i32: Int32Array, segment: number, depth: number): number {
  const sizes = i32[(segment >> 2) + 1]
  return (homesOf(sizes >>> 5, sizes & DEPTH_MASK) << 5) | depth
}

export function slotsOf(i32: Int32Array, segment: number): number {
  return i32[(segment >> 2) + 1] >>> 5
}

/** Word index of the home slot of `hash` in a segment with this meta word. */
export function homeAt(segment: number, meta: number, hash: number): number {
  // A shift counts modulo 32, so `hash << meta` shifts by the depth alone.
  const home = Math.imul((hash << meta) >>> 16, meta >>> 5) >>> 16
  return (segment >> 2) + SEGMENT_HEADER_WORDS + (home << 1)
}

/** Where pairs come from: a range of words that holds whole slots. */
export interface SlotRange {
  from: number
  to: number
}

export function allSlots(i32: Int32Array, segment: number): SlotRange {
  if (segment === 0) return { from: 0, to: 0 }
  const from = (segment >> 2) + SEGMENT_HEADER_WORDS
  return { from, to: from + 2 * slotsOf(i32, segment) }
}

/**
 * A new segment of at least `slots` slots with the `pairs` pairs of `low` and then `high`, whose hashes agree in `depth` bits.
 * `skew` is the least skew to try. Returns its offset, 0 when the arena has no room.
 */
export function buildSegment(
  a: Arena,
  slots: number,
  pairs: number,
  depth: number,
  low: SlotRange,
  high: SlotRange | undefined,
  skew = 0,
): number {
  if (slots > MOST_SLOTS) return 0
  const segment = a.alloc(SEGMENT_HEADER_BYTES + slots * 8)
  if (segment === 0) return 0
  const { i32 } = a
  const usable = Math.min(MOST_SLOTS, (a.sizeOf(segment) - SEGMENT_HEADER_BYTES) >> 3)
  const last = (segment >> 2) + 2 * usable
  i32[segment >> 2] = pairs
  for (; ; skew++) {
    i32[(segment >> 2) + 1] = (usable << 5) | skew
    const meta = metaOf(i32, segment, depth)
    let out = lay(i32, low, (segment >> 2) + SEGMENT_HEADER_WORDS, last, segment, meta)
    if (out !== 0 && high !== undefined) out = lay(i32, high, out, last, segment, meta)
    if (out === 0) continue
    for (; out <= last; out += 2) {
      i32[out] = EMPTY_KEY
      i32[out + 1] = 0
    }
    return segment
  }
}

/** Lays the pairs of a range from word `out` on; returns the word behind the last one, 0 when they reach the last slot. */
function lay(i32: Int32Array, range: SlotRange, out: number, last: number, segment: number, meta: number): number {
  const { to } = range
  for (let at = range.from; at < to; at += 2) {
    const ref = i32[at + 1]
    if (ref === 0) continue
    const key = i32[at]
    const home = homeAt(segment, meta, key ^ TOP_BIT)
    for (; out < home; out += 2) {
      i32[out] = EMPTY_KEY
      i32[out + 1] = 0
    }
    if (out >= last) return 0
    i32[out] = key
    i32[out + 1] = ref
    out += 2
  }
  return out
}

/** Word index of the empty slot that ends the run at a home slot; 0 when the segment is full or the run fills its tail. */
export function holeFor(i32: Int32Array, segment: number, home: number): number {
  const head = segment >> 2
  const slots = i32[head + 1] >>> 5
  if (i32[head] >= limitOf(slots)) return 0
  let at = home
  while (i32[at + 1] !== 0) at += 2
  return at === head + 2 * slots ? 0 : at
}

/** Puts a pair into the run that ends at `hole` (from holeFor), behind all pairs that are not larger. Returns its word index. */
export function putPair(i32: Int32Array, home: number, hole: number, key: number, ref: number): number {
  let at = hole
  while (at > home && i32[at - 2] > key) {
    i32[at] = i32[at - 2]
    i32[at + 1] = i32[at - 1]
    at -= 2
  }
  i32[at] = key
  i32[at + 1] = ref
  return at
}

/** Takes out the pair at word `at`; what it had pushed from its home moves back. The counts are the caller's business. */
export function takePair(i32: Int32Array, segment: number, meta: number, at: number): void {
  for (;;) {
    const next = at + 2
    const ref = i32[next + 1]
    if (ref === 0) break
    const key = i32[next]
    if (homeAt(segment, meta, key ^ TOP_BIT) === next) break
    i32[at] = key
    i32[at + 1] = ref
    at = next
  }
  i32[at] = EMPTY_KEY
  i32[at + 1] = 0
}
