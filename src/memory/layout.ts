// Where everything lies in an arena's buffer. All positions are indexes of 32-bit words unless the name says Bytes or
// the comment says offset; all state of the allocator is in these words.
//
//   +--------------------------------------------------------------------------------------------------------------+
//   | empty slab (8 words of 0) | scalars | bins of free runs | classes | ROOT: the owner's, rootBytes, zeroed at first |
//   +--------------------------------------------------------------------------------------------------------------+
//   | unit table: a word for each unit of the buffer, and one of 0 as a guard                                      |
//   | slab table: 8 words for each slab that may ever live at once                                                 |
//   +--------------------------------------------------------------------------------------------------------------+
//   | units of 4096 bytes: FIRST .. TOP have been handed out at least once, TOP .. END are untouched               |
//   +--------------------------------------------------------------------------------------------------------------+
//
// A word of the unit table says what the unit belongs to:
//     d > 0      a slab; d is the place of its descriptor
//     -2n        the first unit of a large block of n units
//     -2n - 1    the first or the last unit of a free run of n units
//     0          untouched, the header, or the last unit of a large block of more than one
//   Other units inside a large block or a free run hold leftovers that nobody reads.
//
// A slab descriptor, 8 words:
//     FREE   offset of the first free block (each begins with the offset of the next), 0: none
//     LIVE   blocks handed out
//     LOW    LIVE at which free() must call relist(); -1 never
//     BYTES  size of a block
//     NEXT   neighbours in the list of its class and fullness; NEXT 0: in no list. In an unused descriptor NEXT is the
//     PREV   next unused one
//     SPAN   offset of the slab, a multiple of 4096, plus its number of units
//     FRESH  offset of the first block that has never been on the free list; minus that while the slab is to run empty
//
// Page-aligned headers inside the slabs would all fall into the same cache sets and cost a page of their own for each
// access; the two tables are dense instead: 4 bytes per unit and 32 bytes per slab, a few MB for 2 GiB.

import { CLASSES, UNIT_BYTES, UNIT_SHIFT } from './classes.ts'

// Scalars. The first eight words stay 0: they are the descriptor of a slab without room, where a class without a
// current slab points to, so that alloc() needs no test for it.
export const TABLE = 8
export const FIRST = 9
export const TOP = 10
export const END = 11
export const ALLOCATED = 12
export const SLAB_UNUSED = 13
export const SLAB_NEXT = 14
export const SLAB_END = 15
// Free runs: how many units, how many of them the system has back, the clock that they age by, and the ends of the queue of
// those that are worth giving back (runs.ts).
export const FREE_UNITS = 16
export const RELEASED = 17
export const NOW = 18
export const OLDEST = 19
export const NEWEST = 20
const EMPTYING_WORDS = 21
// Blocks that Arena.moved has moved, and that it has left where they were.
export const MOVED = 23
export const STAYED = 24

// Bins of free runs: exact up to 15 units, then eight per doubling, up to 2^19 units.
export const BINS = 16 + 15 * 8
export const BIN_MAP = 25
export const BIN_MAP_WORDS = (BINS + 31) >> 5
export const BIN_HEADS = BIN_MAP + BIN_MAP_WORDS

// Per class: the slab that serves alloc(), the units of all its slabs, and lists of slabs with room by fullness.
export const CURRENT = BIN_HEADS + BINS
export const UNITS = CURRENT + CLASSES
export const LISTS = UNITS + CLASSES
/** Lists per class; list 0 has the slabs that are at least three quarters full, list 3 those that are nearly empty. */
export const FULLNESSES = 4
const HEADER_WORDS = LISTS + CLASSES * FULLNESSES * 2

export const FREE = 0
export const LIVE = 1
export const LOW = 2
export const BYTES = 3
export const NEXT = 4
export const PREV = 5
export const SPAN = 6
export const FRESH = 7
export const SLAB_WORDS = 8

/** The head of the ring of slabs that are to run empty (emptying.ts). */
export const EMPTYING = EMPTYING_WORDS - NEXT

/** Offset of the owner's root area, a multiple of 8, the same in every arena. */
export const ROOT = ((HEADER_WORDS + 1) >> 1) << 3

/** The head of a list, placed so that its NEXT and PREV are its two words: lists are rings through their head. */
export function listHead(sizeClass: number, fullness: number): number {
  return LISTS + ((sizeClass * FULLNESSES + fullness) << 1) - NEXT
}

/**
 * Slabs that may live at once. Full-sized slabs have 4 units or more; the smaller ones that a class starts with, and
 * those made when only small runs are left, take from the rest.
 */
function slabsFor(units: number): number {
  return Math.min(units, (units >> 2) + CLASSES * 4)
}

/** Bytes that the header of an arena takes, a multiple of UNIT_BYTES. */
export function headerBytes(capacityBytes: number, rootBytes: number): number {
  const units = capacityBytes >> UNIT_SHIFT
  const words = ((ROOT + rootBytes + 3) >> 2) + units + 1 + slabsFor(units) * SLAB_WORDS
  return Math.ceil((words * 4) / UNIT_BYTES) * UNIT_BYTES
}

/** Writes the header of an empty arena into a zeroed buffer; touches nothing outside the part before ROOT. */
export function formatHeader(i32: Int32Array, capacityBytes: number, rootBytes: number): void {
  const units = capacityBytes >> UNIT_SHIFT
  i32[TABLE] = (ROOT + rootBytes + 3) >> 2
  i32[FIRST] = headerBytes(capacityBytes, rootBytes) >> UNIT_SHIFT
  i32[TOP] = i32[FIRST]
  i32[END] = units
  i32[SLAB_NEXT] = i32[TABLE] + units + 1
  i32[SLAB_END] = i32[SLAB_NEXT] + slabsFor(units) * SLAB_WORDS
  i32[EMPTYING + NEXT] = EMPTYING
  i32[EMPTYING + PREV] = EMPTYING
  const last = listHead(CLASSES - 1, FULLNESSES - 1)
  for (let head = listHead(1, 0); head <= last; head += 2) {
    i32[head + NEXT] = head
    i32[head + PREV] = head
  }
}

/** Makes the header of a used arena what formatHeader expects: only words that can differ from 0 are written. */
export function clearHeader(i32: Int32Array): void {
  const table = i32[TABLE]
  i32.fill(0, table + i32[FIRST], table + i32[TOP] + 1)
  i32.fill(0, table + i32[END] + 1, i32[SLAB_NEXT])
  i32.fill(0, 0, table)
}
