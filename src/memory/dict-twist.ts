// A dict with all hashes changed by the same bits: hash ^ twist. Pairs that share a segment go on sharing one, in another
// order, and the segments change places in the directory as their first bits say. So the copy is made segment by segment,
// none of which grows or splits on the way: 70 ns a pair where inserting them costs 330 (100,000 pairs).

import type { Arena } from './arena.ts'
import { buildSegment, DEPTH_MASK, metaOf, SEGMENT_HEADER_WORDS, slotsOf, TOP_BIT } from './segment.ts'

const ENTRY_BYTES = 8

/**
 * Fills the dict at `to`, which must be empty, with the pairs of the one at `from` under their twisted hashes. False when
 * the arena has no room: `to` is empty then.
 */
export function dictTwist(a: Arena, from: number, to: number, twist: number): boolean {
  const { i32 } = a
  const depth = i32[(from >> 2) + 3] & DEPTH_MASK
  const single = i32[from >> 2]
  if (depth === 0 && single === 0) return true
  const mostSlots = depth === 0 ? slotsOf(i32, single) : i32[(from >> 2) + 1]
  const scratch = a.alloc(ENTRY_BYTES * mostSlots)
  const directory = depth === 0 || scratch === 0 ? 0 : a.alloc(ENTRY_BYTES << depth)
  const fits = scratch !== 0 && (depth === 0 || directory !== 0)
  const isDone = fits && new Twister(a, from, to, twist, scratch, directory).run()
  if (scratch !== 0) a.free(scratch)
  if (!isDone && directory !== 0) a.free(directory)
  return isDone
}

class Twister {
  private readonly a: Arena
  private readonly depth: number
  private readonly twist: number
  private readonly scratch: number
  private readonly directory: number
  private readonly root: number
  private readonly source: number
  /** Word index of the first entry, of the source and of the copy. */
  private readonly entries: number
  private readonly copies: number
  /** The pairs of a segment as they were: words of the source. */
  private readonly pairs: Int32Array
  /** Word index behind the last pair laid out. */
  private out = 0

  constructor(a: Arena, from: number, to: number, twist: number, scratch: number, directory: number) {
    this.a = a
    this.depth = a.i32[(from >> 2) + 3] & DEPTH_MASK
    this.twist = twist
    this.scratch = scratch
    this.directory = directory
    this.source = from >> 2
    this.root = to >> 2
    this.entries = this.depth === 0 ? this.source : a.i32[this.source] >> 2
    this.copies = this.depth === 0 ? this.root : directory >> 2
    this.pairs = new Int32Array(a.sizeOf(scratch) / ENTRY_BYTES)
  }

  run(): boolean {
    const { depth } = this
    const { i32 } = this.a
    let mostSlots = 0
    for (let i = 0; i < 1 << depth; ) {
      const own = i32[this.entries + 2 * i + 1] & DEPTH_MASK
      const segment = this.copySegment(i32[this.entries + 2 * i], own)
      if (segment < 0) {
        this.undo(i)
        return false
      }
      this.setEntries(i, segment, own)
      if (segment !== 0) mostSlots = Math.max(mostSlots, slotsOf(i32, segment))
      i += 1 << (depth - own)
    }
    if (depth > 0) {
      i32[this.root] = this.directory
      i32[this.root + 1] = mostSlots
    }
    i32[this.root + 2] = i32[this.source + 2]
    i32[this.root + 3] = i32[this.source + 3]
    return true
  }

  /** Where the copies of the entries that share the segment of entry `i` begin. */
  private placeOf(i: number, own: number): number {
    const { depth, twist } = this
    const flipped = depth === 0 ? 0 : i ^ ((twist >>> 1) >>> (31 - depth))
    return this.copies + 2 * (flipped & -(1 << (depth - own)))
  }

  private setEntries(i: number, segment: number, own: number): void {
    const { i32 } = this.a
    const at = this.placeOf(i, own)
    const meta = segment === 0 ? own : metaOf(i32, segment, own)
    for (let k = 0; k < 1 << (this.depth - own); k++) {
      i32[at + 2 * k] = segment
      i32[at + 2 * k + 1] = meta
    }
  }

  /** Frees the copies of all segments before entry `end`. */
  private undo(end: number): void {
    const { i32 } = this.a
    for (let i = 0; i < end; ) {
      const own = i32[this.entries + 2 * i + 1] & DEPTH_MASK
      const segment = i32[this.placeOf(i, own)]
      if (segment !== 0) this.a.free(segment)
      i += 1 << (this.depth - own)
    }
    if (this.depth === 0) i32.fill(0, this.root, this.root + 2)
  }

  /** The copy of a segment; 0 for none, -1 when there is no room. */
  private copySegment(segment: number, own: number): number {
    if (segment === 0) return 0
    const { a, pairs } = this
    const { i32 } = a
    const slots = slotsOf(i32, segment)
    const first = (segment >> 2) + SEGMENT_HEADER_WORDS
    let count = 0
    for (let at = first; at < first + 2 * slots; at += 2) if (i32[at + 1] !== 0) pairs[count++] = at
    this.out = this.scratch >> 2
    this.lay(0, count, 31 - own)
    const range = { from: this.scratch >> 2, to: this.out }
    return buildSegment(a, slots, count, own, range, undefined) || -1
  }

  /** Lays pairs [lo, hi), which agree in all hash bits above `bit`, out in the order of their twisted hashes. */
  private lay(lo: number, hi: number, bit: number): void {
    const { pairs, twist } = this
    const { i32 } = this.a
    while (hi - lo > 1 && bit >= 0) {
      const mask = 1 << bit
      let middle = lo
      while (middle < hi && ((i32[pairs[middle]] ^ TOP_BIT) & mask) === 0) middle++
      bit--
      if (middle === lo || middle === hi) continue
      if ((twist & mask) === 0) {
        this.lay(lo, middle, bit)
        lo = middle
      } else {
        this.lay(middle, hi, bit)
        hi = middle
      }
    }
    for (let k = lo; k < hi; k++) {
      i32[this.out++] = i32[pairs[k]] ^ twist
      i32[this.out++] = i32[pairs[k] + 1]
    }
  }
}
