// A place in a deque, or in a packed block: what a small list is. It walks runs, the elements that lie side by side in one
// chunk or in the block, so a reader loops over bytes and asks here only at the end of each run:
//
//     cursor.seek(a, root, index)
//     do {
//       while (cursor.at < cursor.stop) cursor.at = packedSkip(cursor.u8, cursor.at)
//     } while (cursor.nextRun(a))
//
//   seek        blocks from the nearer end, 125 entries at most, half a chunk at most
//   next run    O(1), and the reading of a sealed chunk

import type { Arena } from './arena.ts'
import { CHUNK_ROOM_BYTES, chunkEnd, chunkStart } from './chunk.ts'
import { isSealed, readSealed } from './chunk-seal.ts'
import {
  blockElements,
  blockLength,
  type EntryPlace,
  entryChunk,
  entryCount,
  nextBlock,
  prevBlock,
  ROOT_HEAD,
  ROOT_TAIL,
} from './deque-directory.ts'
import { packedBack, packedSkip } from './packed.ts'
import { packedAt, packedFirst, packedStop } from './packed-block.ts'

const NOTHING = new Uint8Array(0)
const NOTHING_VIEW = new DataView(NOTHING.buffer)

export class DequeCursor implements EntryPlace {
  /** Directory block and number of the entry in it; block 0 means a packed block. */
  block = 0
  slot = 0
  chunk = 0
  /** Where the run's elements lie: the arena, or a buffer of the cursor's own with those of a sealed chunk. */
  u8: Uint8Array = NOTHING
  view: DataView = NOTHING_VIEW
  /** The run, and the element in it; walking backwards, the end of the element. */
  start = 0
  stop = 0
  at = 0
  private unsealed = NOTHING
  private unsealedView = NOTHING_VIEW

  /** Aims at the element with this index of a packed block; index = count is the place behind the last. */
  seekPacked(a: Arena, root: number, index: number): void {
    this.block = 0
    this.chunk = root
    this.u8 = a.u8
    this.view = a.view
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
    const { u8 } = this
    let { at } = this
    if (index < count >> 1) for (let i = 0; i < index; i++) at = packedSkip(u8, at)
    else {
      at = this.stop
      for (let i = count; i > index; i--) at = packedBack(u8, at)
    }
    this.at = at
  }

  /** Index of the element that it is aimed at; at the end of a run that of the next one. */
  index(a: Arena, root: number): number {
    let index = 0
    for (let block = a.i32[(root + ROOT_HEAD) >> 2]; block !== this.block; block = nextBlock(a, block))
      index += blockElements(a, block)
    for (let slot = 0; slot < this.slot; slot++) index += entryCount(a, this.block, slot)
    for (let at = this.start; at < this.at; at = packedSkip(this.u8, at)) index++
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
    this.chunk = entryChunk(a, this.block, this.slot)
    if (isSealed(a, this.chunk)) {
      this.loadSealed(a)
      return
    }
    this.u8 = a.u8
    this.view = a.view
    this.start = chunkStart(a, this.chunk)
    this.stop = chunkEnd(a, this.chunk)
    this.at = this.start
  }

  private loadSealed(a: Arena): void {
    if (this.unsealed === NOTHING) {
      this.unsealed = new Uint8Array(CHUNK_ROOM_BYTES)
      this.unsealedView = new DataView(this.unsealed.buffer)
    }
    this.u8 = this.unsealed
    this.view = this.unsealedView
    this.start = 0
    this.stop = readSealed(a, this.chunk, this.unsealed)
    this.at = 0
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
}
