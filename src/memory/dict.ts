// A dict: an extendible hash table of (hash, ref) pairs of 32 bits each, in an arena. It is a multimap and knows no keys: the
// caller compares what the refs of a hash point to, so it serves keys, hash fields and set members alike. A ref is never 0.
// The one idea: everything lies in hash order, across segments (directory.ts) and inside them (segment.ts). So a position in
// a scan is a hash, and means the same whatever grew, split, merged or shrank since.
//
//   root, 16 bytes ──► directory, 8 bytes x 2^depth ──► segments of 1..430 pairs, 8 bytes a slot
//                 └──► or, while one is enough, the only segment
//
//   find, next            one entry, one segment; about 2.5 slots           1 pair            24 bytes
//   insert, remove        the same; now and then one segment is rebuilt     1,000,000 pairs   10.5 bytes a pair
//   scan                  what it returns, plus at most 64 empty segments
//   drain                 whole segments: at most one above what was asked for
//
// A slot is the byte offset of a pair. It is good until the next reserve, insert, remove or clear on the same dict.

import type { Arena } from './arena.ts'
import { dropDirectory, dropSegment, entryAt, freeAll, growSegment, shrinkSegment } from './directory.ts'
import { PairBatch } from './pair-batch.ts'
import {
  DEPTH_MASK,
  holeFor,
  homeAt,
  homesOf,
  limitOf,
  putPair,
  SEGMENT_HEADER_WORDS,
  slotsOf,
  TOP_BIT,
  takePair,
} from './segment.ts'

/** Bytes of a root; it starts as zeroes, which is the empty dict. Its offset is a multiple of 4. */
export const DICT_ROOT_BYTES = 16

const HASHES = 0x1_0000_0000
/** Segments that one scan may pass over besides those that it takes pairs from. */
const SCAN_SPARE_SEGMENTS = 64
/** Misses of dictRandom before it counts instead; a usual dict needs about 4 tries. */
const RANDOM_TRIES = 200

export function dictCount(a: Arena, root: number): number {
  return a.i32[(root >> 2) + 2]
}

/** The first slot with this hash (an int32), 0 when there is none. */
export function dictFind(a: Arena, root: number, hash: number): number {
  const home = dictHome(a, root, hash)
  return home === 0 ? 0 : dictFindFrom(a, home, hash)
}

/** The same from what dictHome answers, which is not 0. */
export function dictFindFrom(a: Arena, home: number, hash: number): number {
  const { i32 } = a
  const key = hash ^ TOP_BIT
  let at = home
  while (i32[at] < key) at += 2
  return i32[at] === key && i32[at + 1] !== 0 ? at << 2 : 0
}

/** Word index near which a pair with this hash is or would be, 0 in an empty dict; for touching it ahead of need. */
export function dictHome(a: Arena, root: number, hash: number): number {
  const { i32 } = a
  const entry = entryAt(i32, root, hash)
  const segment = i32[entry]
  return segment === 0 ? 0 : homeAt(segment, i32[entry + 1], hash)
}

/** The slot after `slot` with the same hash, 0 when there is none. */
export function dictNext(a: Arena, _root: number, slot: number, hash: number): number {
  const { i32 } = a
  const at = (slot >> 2) + 2
  return i32[at] === (hash ^ TOP_BIT) && i32[at + 1] !== 0 ? slot + 8 : 0
}

export function dictRef(a: Arena, slot: number): number {
  return a.i32[(slot >> 2) + 1]
}

/** The hash of the pair in a slot, an int32. */
export function dictHash(a: Arena, slot: number): number {
  return a.i32[slot >> 2] ^ TOP_BIT
}

export function dictSetRef(a: Arena, slot: number, ref: number): void {
  a.i32[(slot >> 2) + 1] = ref
}

/** The words that an insert with this hash looks at first, for touching them ahead of need. */
export function dictTouch(a: Arena, root: number, hash: number): number {
  const { i32 } = a
  const entry = entryAt(i32, root, hash)
  const segment = i32[entry]
  return segment === 0 ? 0 : i32[segment >> 2] ^ i32[homeAt(segment, i32[entry + 1], hash)]
}

/** Word index of the hole that a pair with this hash can go to, 0 when there is no room for it. */
function makeHole(a: Arena, root: number, hash: number): number {
  const { i32 } = a
  for (;;) {
    const entry = entryAt(i32, root, hash)
    const segment = i32[entry]
    const hole = segment === 0 ? 0 : holeFor(i32, segment, homeAt(segment, i32[entry + 1], hash))
    if (hole !== 0) return hole
    if (!growSegment(a, root, hash)) return 0
  }
}

/**
 * Makes sure that the next insert, if it is of this hash, needs no memory. False when the arena has no room; the pairs are
 * what they were either way. On an empty dict it leaves a segment behind that only a later removal or dictClear frees.
 */
export function dictReserve(a: Arena, root: number, hash: number): boolean {
  return makeHole(a, root, hash) !== 0
}

/** Adds a pair, also beside equal ones; `ref` is not 0. Returns its slot, or 0 when the arena has no room and nothing changed. */
export function dictInsert(a: Arena, root: number, hash: number, ref: number): number {
  const { i32 } = a
  for (;;) {
    const entry = entryAt(i32, root, hash)
    const segment = i32[entry]
    if (segment !== 0) {
      const home = homeAt(segment, i32[entry + 1], hash)
      const hole = holeFor(i32, segment, home)
      if (hole !== 0) {
        i32[segment >> 2]++
        i32[(root >> 2) + 2]++
        return putPair(i32, home, hole, hash ^ TOP_BIT, ref) << 2
      }
    }
    if (!growSegment(a, root, hash)) return 0
  }
}

/** Takes out the pair in a slot. Never fails for want of memory. */
export function dictRemove(a: Arena, root: number, slot: number): void {
  const { i32 } = a
  const hash = i32[slot >> 2] ^ TOP_BIT
  const entry = entryAt(i32, root, hash)
  const segment = i32[entry]
  takePair(i32, segment, i32[entry + 1], slot >> 2)
  i32[segment >> 2]--
  i32[(root >> 2) + 2]--
  shrinkSegment(a, root, hash, segment)
}

/** Frees segments and directory, not what refs point to. The root is that of an empty dict then. */
export function dictClear(a: Arena, root: number): void {
  freeAll(a, root)
}

/**
 * Adds to `out`, in order of their unsigned hashes, all pairs whose hash lies in [from, next), and returns next: 2^32 at the
 * end, else a multiple of 256, so pairs that agree in 24 bits come together. `from` is 0..2^32. There are about `wanted`
 * pairs; fewer, perhaps none, where segments are empty, which 64 in a row never are. A pair that is there from the first
 * call (from = 0) to the last is met exactly once, whatever is inserted and removed between the calls.
 */
export function dictScan(a: Arena, root: number, from: number, wanted: number, out: PairBatch): number {
  const { i32 } = a
  const enough = out.length + Math.max(1, wanted)
  let segmentsLeft = SCAN_SPARE_SEGMENTS + wanted
  let position = from
  while (position < HASHES) {
    if (segmentsLeft-- <= 0) return position
    const entry = entryAt(i32, root, position | 0)
    const segment = i32[entry]
    const meta = i32[entry + 1]
    const stop = segment === 0 ? 0 : scanSegment(i32, segment, meta, position | 0, enough, out)
    if (stop !== 0) return stop
    const span = 2 ** (32 - (meta & DEPTH_MASK))
    position += span - (position % span)
    if (out.length >= enough) return position
  }
  return HASHES
}

/** Scans one segment from a hash on. Returns 0 when it came to the end, else where to go on. */
function scanSegment(
  i32: Int32Array,
  segment: number,
  meta: number,
  from: number,
  enough: number,
  out: PairBatch,
): number {
  const first = from ^ TOP_BIT
  const end = (segment >> 2) + SEGMENT_HEADER_WORDS + 2 * slotsOf(i32, segment)
  let last = 0
  for (let at = homeAt(segment, meta, from); at < end; at += 2) {
    const key = i32[at]
    const ref = i32[at + 1]
    if (ref === 0 || key < first) continue
    if (out.length >= enough && key >> 8 !== last) return ((key ^ TOP_BIT) >>> 8) * 256
    out.add(key ^ TOP_BIT, ref)
    last = key >> 8
  }
  return 0
}

/**
 * Frees the segments from a place on, 0 at first, and adds their pairs to `out`: about `most`, where an empty segment counts
 * as one. Returns the next place as dictScan does, 2^32 when all is freed and the root is that of an empty dict. Between the
 * calls it is a dict without what was freed.
 */
export function dictDrain(a: Arena, root: number, from: number, most: number, out: PairBatch): number {
  const { i32 } = a
  let position = from
  for (let left = most; left > 0 && position < HASHES; left--) {
    const entry = entryAt(i32, root, position | 0)
    const segment = i32[entry]
    const meta = i32[entry + 1]
    if (segment !== 0) {
      left -= i32[segment >> 2]
      scanSegment(i32, segment, meta, position | 0, Number.POSITIVE_INFINITY, out)
      dropSegment(a, root, position | 0)
    }
    position += 2 ** (32 - (meta & DEPTH_MASK))
  }
  if (position === HASHES) dropDirectory(a, root)
  return position
}

/**
 * A walk over all pairs in hash order, some at a time, for freeing or saving in slices. What is inserted or removed
 * meanwhile is met or not; all else is met once. Move `root` along when the owner's record moves.
 */
export class DictWalk {
  root: number
  /** All pairs with an unsigned hash below this have been met; 2^32 at the end. */
  position = 0
  /** The pairs of the last step. */
  readonly batch = new PairBatch()

  constructor(root: number) {
    this.root = root
  }

  /** Loads the next pairs, about `wanted`, into `batch`. False when there are no more. */
  step(a: Arena, wanted: number): boolean {
    this.batch.length = 0
    while (this.batch.length === 0 && this.position < HASHES) {
      this.position = dictScan(a, this.root, this.position, wanted, this.batch)
    }
    return this.batch.length > 0
  }
}

/**
 * The slot of a pair, each equally likely; 0 when the dict is empty. `random` returns 0..2^32-1. It draws a directory entry
 * and a slot number up to the largest there is, and draws again when that is no pair: so a sparse segment is not favoured.
 */
export function dictRandom(a: Arena, root: number, random: () => number): number {
  const { i32 } = a
  const r = root >> 2
  const depth = i32[r + 3] & DEPTH_MASK
  if (i32[r + 2] === 0) return 0
  const most = depth === 0 ? slotsOf(i32, i32[r]) : i32[r + 1]
  for (let tries = 0; tries < RANDOM_TRIES; tries++) {
    const index = depth === 0 ? 0 : random() >>> (32 - depth)
    const entry = depth === 0 ? r : (i32[r] >> 2) + (index << 1)
    const segment = i32[entry]
    // Of the entries that share a segment only the first one counts.
    const shared = 1 << (depth - (i32[entry + 1] & DEPTH_MASK))
    if (segment === 0 || (index & (shared - 1)) !== 0) continue
    const slot = Math.floor((random() / HASHES) * most)
    const at = (segment >> 2) + SEGMENT_HEADER_WORDS + 2 * slot
    if (slot < slotsOf(i32, segment) && i32[at + 1] !== 0) return at << 2
  }
  return nthSlot(i32, root, Math.floor((random() / HASHES) * i32[r + 2]))
}

/** The slot of the pair with this number, 0..count-1, in hash order. */
function nthSlot(i32: Int32Array, root: number, n: number): number {
  for (let position = 0; position < HASHES; ) {
    const entry = entryAt(i32, root, position | 0)
    const segment = i32[entry]
    const pairs = segment === 0 ? 0 : i32[segment >> 2]
    if (n < pairs) {
      let at = (segment >> 2) + SEGMENT_HEADER_WORDS
      for (; ; at += 2) {
        if (i32[at + 1] !== 0 && n-- === 0) return at << 2
      }
    }
    n -= pairs
    position += 2 ** (32 - (i32[entry + 1] & DEPTH_MASK))
  }
  return 0
}

/** Bytes that the arena has handed out for it: segments and directory, without the root. O(segments). */
export function dictBytes(a: Arena, root: number): number {
  const { i32 } = a
  const r = root >> 2
  let bytes = (i32[r + 3] & DEPTH_MASK) === 0 ? 0 : a.sizeOf(i32[r])
  for (let position = 0; position < HASHES; ) {
    const entry = entryAt(i32, root, position | 0)
    if (i32[entry] !== 0) bytes += a.sizeOf(i32[entry])
    position += 2 ** (32 - (i32[entry + 1] & DEPTH_MASK))
  }
  return bytes
}

/** Slots of all segments, free ones included. O(segments). */
export function dictSlots(a: Arena, root: number): number {
  const { i32 } = a
  let slots = 0
  for (let position = 0; position < HASHES; ) {
    const entry = entryAt(i32, root, position | 0)
    if (i32[entry] !== 0) slots += slotsOf(i32, i32[entry])
    position += 2 ** (32 - (i32[entry + 1] & DEPTH_MASK))
  }
  return slots
}

/** Throws Error when the dict is not what its comments say. For tests. */
export function dictCheck(a: Arena, root: number): void {
  const { i32 } = a
  const r = root >> 2
  const depth = i32[r + 3] & DEPTH_MASK
  const entries = depth === 0 ? r : i32[r] >> 2
  let pairs = 0
  let full = 0
  for (let first = 0; first < 1 << depth; ) {
    const segment = i32[entries + 2 * first]
    const meta = i32[entries + 2 * first + 1]
    const own = meta & DEPTH_MASK
    const shared = 1 << (depth - own)
    assert(own <= depth && (first & (shared - 1)) === 0, 'a segment starts at a multiple of its share')
    for (let i = first; i < first + shared; i++) {
      assert(i32[entries + 2 * i] === segment && i32[entries + 2 * i + 1] === meta, 'entries of a segment agree')
    }
    if (own === depth && depth > 0) full++
    if (segment !== 0) {
      const start = depth === 0 ? 0 : first << (32 - depth)
      checkSegment(i32, segment, meta, start)
      pairs += i32[segment >> 2]
      assert(depth === 0 || slotsOf(i32, segment) <= i32[r + 1], 'no segment has more slots than the root says')
      assert(a.sizeOf(segment) >= 8 + 8 * slotsOf(i32, segment), 'a segment lies in its block')
    }
    first += shared
  }
  assert(pairs === i32[r + 2], 'the count is that of the pairs')
  assert(full === i32[r + 3] >>> 5, 'the segments at full depth are counted')
  assert(depth === 0 || full > 0, 'the directory is no deeper than its deepest segment')
}

function checkSegment(i32: Int32Array, segment: number, meta: number, start: number): void {
  const own = meta & DEPTH_MASK
  const head = segment >> 2
  const slots = i32[head + 1] >>> 5
  assert(meta >>> 5 === homesOf(slots, i32[head + 1] & DEPTH_MASK), 'the entry has the homes of its segment')
  assert(i32[head] <= limitOf(slots), 'a segment is not overfull')
  const from = head + SEGMENT_HEADER_WORDS
  let pairs = 0
  for (let at = from; at < from + 2 * slots; at += 2) {
    if (i32[at + 1] === 0) {
      assert(i32[at] === (-1 ^ TOP_BIT), 'an empty slot stops a search')
      continue
    }
    pairs++
    const hash = i32[at] ^ TOP_BIT
    const home = homeAt(segment, meta, hash)
    assert(own === 0 || (hash ^ start) >>> (32 - own) === 0, 'a pair lies in the segment of its hash')
    assert(home <= at, 'no pair lies before its home')
    assert(at === home || i32[at - 1] !== 0, 'no hole lies between a pair and its home')
    assert(at === from || i32[at - 1] === 0 || i32[at - 2] <= i32[at], 'neighbours are in hash order')
  }
  assert(i32[from + 2 * slots - 1] === 0, 'the last slot is empty')
  assert(pairs === i32[head], 'a segment counts its pairs')
}

function assert(condition: boolean, rule: string): void {
  if (!condition) throw new Error(`dict: not so: ${rule}`)
}
