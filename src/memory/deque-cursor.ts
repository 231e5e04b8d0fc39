// A place in a deque, or in a packed block: what a small list is. It walks runs, the elements that lie side by side in one
// chunk or in the block, so a reader loops over bytes and asks here only at the end of each run:
//
//     cursor.seek(a, root, index)
//     do {
//       while (cursor.at < cursor.stop) cursor.at = packedSkip(a.u8, cursor.at)
//     } while (cursor.nextRun(a))
//
// The elements of a sealed chunk are walked as they lie there: what all of them begin with is the run's `prefix`, and what
// the cursor stands at is the rest of each.
//
//   seek        blocks from the nearer end, 125 entries at most, half a chunk at most
//   next run    O(1)

import type { Arena } from './arena.ts'
import { CHUNK_ROOM_BYTES, chunkEnd, chunkStart } from './chunk.ts'
import { isSealed, MOST_PREFIX_BYTES, sealedEnd, sealedPrefix, sealedPrefixBytes } from './chunk-seal.ts'
import {
  blockElements,
  blockLength,
  type EntryPlace,
  entryAt,
  entryCount,
  nextBlock,
  prevBlock,
  ROOT_HEAD,
  ROOT_TAIL,
} from './deque-directory.ts'
import { PackedElement, packedBack, packedSkip } from './packed.ts'
import { packedAt, packedCount, packedFirst, packedStop } from './packed-block.ts'

const NOTHING = new Uint8Array(0)
const element = new PackedElement()

export class DequeCursor implements EntryPlace {
  /** Directory block and number of the entry in it; block 0 means a packed block. */
  block = 0
  slot = 0
  chunk = 0
  /** Elements of the run. */
  length = 0
  /** The run, and the element in it; walking backwards, the end of the element. */
  start = 0
  stop = 0
  at = 0
  /** Where the bytes lie with which each element of the run begins, and how many: 0 unless its chunk is sealed. */
  prefix = 0
  prefixBytes = 0
  /** For elements that are not in one piece: integers, and those of a sealed chunk. Visits of two cursors may be nested. */
  private spelled = NOTHING

  /** Aims at the element with this index of a packed block; index = count is the place behind the last. */
  seekPacked(a: Arena, root: number, index: number): void {
    this.block = 0
    this.chunk = root
    this.length = packedCount(a, root)
    this.prefixBytes = 0
    this.start = packedFirst(root)
    this.stop = packedStop(a, root)
    this.at = packedAt(a, root, index)
  }

  /** Aims at the element with this index, 0 <= index < count. */
  seek(a: Arena, root: number, index: number): void {
    const count = a.i32[(root + 8) >> 2]
    let block: number
    if (index < count >> 1) {
      block = a.i32[(root + ROOT_HEAD) >> 2]
      for (let below = blockElements(a, block); index >= below; below = blockElements(a, block)) {
        index -= below
        block = nextBlock(a, block)
      }
    } else {
      let fromEnd = count - index
      block = a.i32[(root + ROOT_TAIL) >> 2]
      for (let below = blockElements(a, block); fromEnd > below; below = blockElements(a, block)) {
        fromEnd -= below
        block = prevBlock(a, block)
      }
      index = blockElements(a, block) - fromEnd
    }
    this.block = block
    this.seekEntry(a, index)
  }

  private seekEntry(a: Arena, index: number): void {
    const { block } = this
    let slot = 0
    let count = entryCount(a, block, 0)
    while (index >= count) {
      index -= count
      count = entryCount(a, block, ++slot)
    }
    this.slot = slot
    this.load(a)
    this.seekInRun(a, index)
  }

  /** Goes to the element with this index in the run, or to the run's end. */
  seekInRun(a: Arena, index: number): void {
    const { u8 } = a
    const { length } = this
    let at = this.start
    if (index < length >> 1) for (let i = 0; i < index; i++) at = packedSkip(u8, at)
    else {
      at = this.stop
      for (let i = length; i > index; i--) at = packedBack(u8, at)
    }
    this.at = at
  }

  /** Index of the element that it is aimed at; at the end of a run that of the next one. */
  index(a: Arena, root: number): number {
    if (this.block === 0) return this.indexInRun(a)
    let index = 0
    for (let block = a.i32[(root + ROOT_HEAD) >> 2]; block !== this.block; block = nextBlock(a, block))
      index += blockElements(a, block)
    for (let slot = 0; slot < this.slot; slot++) index += entryCount(a, this.block, slot)
    return index + this.indexInRun(a)
  }

  /** Index in the run. */
  indexInRun(a: Arena): number {
    const { u8 } = a
    if (this.at === this.stop) return this.length
    let index = 0
    for (let at = this.start; at < this.at; at = packedSkip(u8, at)) index++
    return index
  }

  /** The place behind the last element. */
  seekEnd(a: Arena, root: number): void {
    this.block = a.i32[(root + ROOT_TAIL) >> 2]
    this.slot = blockLength(a, this.block) - 1
    this.load(a)
    this.at = this.stop
  }

  /** Takes the run of the entry at hand, from its start. */
  load(a: Arena): void {
    const entry = entryAt(a, this.block, this.slot) >> 2
    const chunk = a.i32[entry]
    this.chunk = chunk
    this.length = a.i32[entry + 1]
    if (isSealed(a, chunk)) {
      this.prefix = sealedPrefix(chunk)
      this.prefixBytes = sealedPrefixBytes(a, chunk)
      this.start = this.prefix + this.prefixBytes
      this.stop = sealedEnd(a, chunk)
    } else {
      this.prefixBytes = 0
      this.start = chunkStart(a, chunk)
      this.stop = chunkEnd(a, chunk)
    }
    this.at = this.start
  }

  /** Goes to the start of the next run; false when there is none. */
  nextRun(a: Arena): boolean {
    if (this.block === 0) return false
    if (this.slot + 1 < blockLength(a, this.block)) this.slot++
    else {
      const next = nextBlock(a, this.block)
      if (next === 0) return false
      this.block = next
      this.slot = 0
    }
    this.load(a)
    return true
  }

  /** Goes to the end of the run before; false when there is none. */
  previousRun(a: Arena): boolean {
    if (this.block === 0) return false
    if (this.slot > 0) this.slot--
    else {
      const prev = prevBlock(a, this.block)
      if (prev === 0) return false
      this.block = prev
      this.slot = blockLength(a, prev) - 1
    }
    this.load(a)
    this.at = this.stop
    return true
  }

  /** Shows the texts of up to `wanted` elements from the one at the cursor on. Returns how many those were. */
  visit(a: Arena, wanted: number, visit: (buf: Uint8Array, start: number, end: number) => void): number {
    if (this.spelled === NOTHING) this.spelled = new Uint8Array(MOST_PREFIX_BYTES + CHUNK_ROOM_BYTES)
    const { spelled } = this
    const { u8 } = a
    let visited = 0
    do {
      const { prefix, prefixBytes } = this
      if (prefixBytes > 0) spelled.set(u8.subarray(prefix, prefix + prefixBytes), 0)
      while (this.at < this.stop && visited < wanted) {
        element.read(u8, this.at)
        this.at = element.next
        visited++
        if (element.isInt || prefixBytes > 0) visit(spelled, 0, element.writeText(spelled, prefixBytes))
        else visit(u8, element.start, element.end)
      }
    } while (visited < wanted && this.nextRun(a))
    return visited
  }
}
