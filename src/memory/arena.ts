// Arena: the allocator over one fixed ArrayBuffer below 2 GiB. Offsets into the buffer are what the rest of the program has
// for pointers. It knows nothing of what is stored in it.
// The invariant: all state lies in words of the buffer (layout.ts draws them), none in JavaScript fields except the views
// themselves, so that several threads can share an arena on a SharedArrayBuffer one day.
//
//   | header, ROOT, unit table, slab table | slab | large block | free run | slab | ... | untouched ............ |
//                                          FIRST                                       TOP                   END
//
//   block             lies in                                   size                        alloc + free
//   up to 1 KiB       a slab of 16-32 KiB (slabs.ts)            next multiple of 8                O(1)
//   up to 32 KiB      a slab of 36-64 KiB                       next of 8 steps a doubling        O(1)
//   larger            a run of units of its own (runs.ts)       next multiple of 4096             O(1), bounded search
//
// Any offset finds its unit's word, and that the slab, by two loads. Overhead: 4 bytes per unit and 32 per slab.

import { checkArena } from './check.ts'
import { CLASS_BYTES, classOf, FINE_LIMIT_BYTES, SLAB_LIMIT_BYTES, UNIT_BYTES, UNIT_SHIFT } from './classes.ts'
import { isEmptying, keepThin, markAllThin } from './emptying.ts'
import {
  ALLOCATED,
  BYTES,
  CURRENT,
  clearHeader,
  END,
  FIRST,
  FREE,
  FREE_UNITS,
  formatHeader,
  headerBytes,
  LIVE,
  LOW,
  MOVED,
  NOW,
  RELEASED,
  ROOT,
  STAYED,
  TABLE,
  TOP,
  UNITS,
} from './layout.ts'
import { PAGE_BYTES, releasePages } from './pages.ts'
import {
  giveRun,
  isFreeMark,
  lowerTop,
  markUnits,
  noteReleased,
  oldestRun,
  runAway,
  takeRun,
  takeRunAt,
} from './runs.ts'
import { refill, releaseIdle, relist } from './slabs.ts'

/** Offset of the owner's root area, a multiple of 8, the same in every arena. */
export const ARENA_ROOT = ROOT

/** Above 2^31 an index is no small integer for the engine and each access costs 30 times as much. */
export const MAX_ARENA_BYTES = 2 ** 31 - 65536

/** An arena that has touched no more than this keeps its pages when it is emptied. */
const KEPT_BYTES = 8 << 20

/** Given back in one call: about 0.1 ms. */
const RELEASED_UNITS = 256

export class Arena {
  u8: Uint8Array<ArrayBuffer>
  u16: Uint16Array<ArrayBuffer>
  i32: Int32Array<ArrayBuffer>
  f64: Float64Array<ArrayBuffer>
  /** All of it, for copies (bytes/wide-copy.ts). */
  view: DataView<ArrayBuffer>

  /**
   * An arena of capacityBytes, rounded down to whole units; nothing of it is resident before it is used. `rootBytes` of
   * zeroes at ARENA_ROOT belong to the owner. Throws RangeError when the sizes are no sizes or leave no unit to hand out.
   */
  constructor(capacityBytes: number, rootBytes = 0) {
    if (!Number.isSafeInteger(rootBytes) || rootBytes < 0) throw new RangeError(`arena: root of ${rootBytes} bytes`)
    const capacity = Math.floor(capacityBytes / UNIT_BYTES) * UNIT_BYTES
    if (!(capacity <= MAX_ARENA_BYTES && capacity > headerBytes(capacity, rootBytes))) {
      throw new RangeError(`arena: capacity of ${capacityBytes} bytes`)
    }
    const buffer = new ArrayBuffer(capacity)
    this.u8 = new Uint8Array(buffer)
    this.u16 = new Uint16Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.f64 = new Float64Array(buffer)
    this.view = new DataView(buffer)
    formatHeader(this.i32, capacity, rootBytes)
  }

  /** What alloc(bytes) hands out, in bytes: sizeOf(alloc(bytes)) === goodSize(bytes). */
  static goodSize(bytes: number): number {
    return bytes <= SLAB_LIMIT_BYTES ? CLASS_BYTES[classOf(bytes)] : Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES
  }

  /**
   * Offset of a new block of at least `bytes` bytes, a multiple of 8; 0 when there is no room. What the block holds is
   * undefined. Throws RangeError for what is no size: a negative number, a fraction, NaN.
   */
  alloc(bytes: number): number {
    const i32 = this.i32
    if ((bytes | 0) === bytes && bytes >= 0 && bytes <= SLAB_LIMIT_BYTES) {
      // The first two lines of classOf(), here because most blocks are small.
      const sizeClass = bytes <= 8 ? 1 : bytes <= FINE_LIMIT_BYTES ? (bytes + 7) >> 3 : classOf(bytes)
      const slab = i32[CURRENT + sizeClass]
      const block = i32[slab + FREE]
      if (block === 0) return this.allocRefilled(sizeClass)
      i32[slab + FREE] = i32[block >> 2]
      i32[slab + LIVE]++
      i32[ALLOCATED] += i32[slab + BYTES]
      return block
    }
    return this.allocLarge(bytes)
  }

  /** Takes a block back. Throws Error for an offset that is obviously none of alloc's, but cannot notice every one. */
  free(offset: number): void {
    const i32 = this.i32
    const slab = i32[i32[TABLE] + (offset >> UNIT_SHIFT)]
    if (slab > 0) {
      const live = i32[slab + LIVE] - 1
      i32[offset >> 2] = i32[slab + FREE]
      i32[slab + FREE] = offset
      i32[slab + LIVE] = live
      i32[ALLOCATED] -= i32[slab + BYTES]
      if (live === i32[slab + LOW]) relist(i32, slab)
    } else {
      const units = this.largeUnits(offset)
      i32[ALLOCATED] -= units << UNIT_SHIFT
      giveRun(i32, offset >> UNIT_SHIFT, units)
    }
  }

  /** Usable bytes of a block, at least what was asked for. */
  sizeOf(offset: number): number {
    const i32 = this.i32
    const slab = i32[i32[TABLE] + (offset >> UNIT_SHIFT)]
    return slab > 0 ? i32[slab + BYTES] : this.largeUnits(offset) << UNIT_SHIFT
  }

  /**
   * Makes a block at least `bytes` bytes without moving it: true when it is already, or when it is a large one and the
   * space behind it is free; its size is goodSize(bytes) then. False, and nothing changed, when that is impossible.
   */
  extend(offset: number, bytes: number): boolean {
    const size = this.sizeOf(offset)
    if (bytes <= size) return true
    const i32 = this.i32
    if (size <= SLAB_LIMIT_BYTES || bytes > MAX_ARENA_BYTES) return false
    const unit = offset >> UNIT_SHIFT
    const units = size >> UNIT_SHIFT
    const wanted = (bytes + UNIT_BYTES - 1) >> UNIT_SHIFT
    if (!takeRunAt(i32, unit + units, wanted - units)) return false
    i32[ALLOCATED] += (wanted - units) << UNIT_SHIFT
    this.markLarge(unit, wanted)
    return true
  }

  /** Bytes handed out: the sum of sizeOf over all live blocks. */
  get allocatedBytes(): number {
    return this.i32[ALLOCATED]
  }

  /** Bytes that were never handed out: what a long block can count on; free blocks among the others come on top. */
  get freeBytes(): number {
    return (this.i32[END] - this.i32[TOP]) << UNIT_SHIFT
  }

  /** Whether there is room for blocks of `bytes` bytes together. No: for one block of that size there is none. */
  hasRoom(bytes: number): boolean {
    if (bytes <= this.freeBytes) return true
    const block = this.alloc(bytes)
    if (block !== 0) this.free(block)
    return block !== 0
  }

  /** Bytes of units that were ever handed out, free ones included. The header comes on top: under 1 % of it. */
  get committedBytes(): number {
    return (this.i32[TOP] - this.i32[FIRST]) << UNIT_SHIFT
  }

  /**
   * Empties the arena, ROOT included, without touching what was in it: up to KEPT_BYTES the header is as in a new arena, so
   * that blocks come in the same order; otherwise all units become one free run, whose pages lowerTop gives back.
   */
  reset(): void {
    const { i32 } = this
    const capacity = this.u8.length
    const rootBytes = (i32[TABLE] << 2) - ARENA_ROOT
    const top = i32[TOP]
    if (this.committedBytes <= KEPT_BYTES) clearHeader(i32)
    else i32.fill(0, 0, i32[TABLE])
    formatHeader(i32, capacity, rootBytes)
    const units = top - i32[FIRST]
    if (units << UNIT_SHIFT <= KEPT_BYTES) return
    i32[TOP] = top
    giveRun(i32, i32[FIRST], units)
  }

  /**
   * Gives up to `mostBytes` of what is free behind the last block back to the system, from the end on. False when there is
   * nothing more.
   */
  lowerTop(mostBytes: number): boolean {
    const { i32, u8 } = this
    const top = i32[TOP]
    if (!lowerTop(i32, mostBytes >> UNIT_SHIFT)) return false
    // What lies behind was free before, and a page that the last call began is whole now.
    releasePages(u8, i32[TOP] << UNIT_SHIFT, Math.min(u8.length, (top << UNIT_SHIFT) + PAGE_BYTES))
    return true
  }

  /** Sets the clock that free runs age by: ticks of any length, an int32 that may wrap. */
  setClock(ticks: number): void {
    this.i32[NOW] = ticks
  }

  /**
   * Gives a piece of what has been free since before clock `since` back to the system, 1 MiB at most. False when there is
   * nothing that is worth it.
   */
  releaseSome(since: number): boolean {
    const { i32, u8 } = this
    const run = oldestRun(i32, since)
    if (run === 0) return false
    const away = runAway(i32, run)
    const units = markUnits(i32[i32[TABLE] + run])
    const end = run + units - away
    // The first unit keeps what the run has to know.
    const piece = Math.min(RELEASED_UNITS, units - away - 1)
    releasePages(u8, (end - piece) << UNIT_SHIFT, end << UNIT_SHIFT)
    noteReleased(i32, run, piece)
    if (away + piece === units - 1 && run + units === i32[TOP] && lowerTop(i32, units)) {
      releasePages(u8, run << UNIT_SHIFT, (run + 1) << UNIT_SHIFT)
    }
    return true
  }

  /** Gives what is free back to the system as far as it fills whole pages. What is handed out stays where it is. */
  trim(): void {
    releaseIdle(this.i32)
    const since = this.i32[NOW] + 1
    while (this.releaseSome(since));
  }

  /**
   * Chooses slabs to run empty, as many as the room in the others of their class has place for, and gives back those that
   * are. Returns the bytes that come free once moved() has been asked for every block.
   */
  markThin(): number {
    releaseIdle(this.i32)
    return markAllThin(this.i32) << UNIT_SHIFT
  }

  /** How many blocks moved() has moved, and how many it has left where they were; int32 counts that wrap. */
  get movedBlocks(): number {
    return this.i32[MOVED]
  }

  get stayedBlocks(): number {
    return this.i32[STAYED]
  }

  /** Ends what markThin has begun: all slabs take blocks again. Returns the bytes of those that did not run empty. */
  keepThin(): number {
    return keepThin(this.i32) << UNIT_SHIFT
  }

  /**
   * Where a block is to lie: itself, or another one with the same bytes when its slab is to run empty and there is room
   * elsewhere. It is free then, and what referred to it is the caller's to change.
   */
  moved(block: number): number {
    const { i32 } = this
    const slab = i32[i32[TABLE] + (block >> UNIT_SHIFT)]
    const bytes = slab > 0 && isEmptying(i32, slab) ? i32[slab + BYTES] : 0
    const to = bytes === 0 ? 0 : this.alloc(bytes)
    if (to === 0) {
      i32[STAYED]++
      return block
    }
    i32[MOVED]++
    i32.copyWithin(to >> 2, block >> 2, (block + bytes) >> 2)
    this.free(block)
    return to
  }

  /** Bytes of slabs that are in no block: what moving blocks could give back at most. */
  get thinBytes(): number {
    const { i32 } = this
    return ((i32[TOP] - i32[FIRST] - i32[FREE_UNITS]) << UNIT_SHIFT) - i32[ALLOCATED]
  }

  /** Bytes of committedBytes whose pages the system does not have back. */
  get residentBytes(): number {
    return this.committedBytes - (this.i32[RELEASED] << UNIT_SHIFT)
  }

  /** Bytes of the slabs of each class of block sizes (classes.ts), free blocks included. */
  slabBytes(): Int32Array {
    return this.i32.slice(UNITS, UNITS + CLASS_BYTES.length).map(units => units << UNIT_SHIFT)
  }

  /** Walks everything and throws Error on a broken invariant. For tests. */
  check(): void {
    checkArena(this.i32)
  }

  private allocRefilled(sizeClass: number): number {
    const i32 = this.i32
    if (
      !refill(i32, sizeClass) &&
      !(releaseIdle(i32) && refill(i32, sizeClass)) &&
      !(keepThin(i32) > 0 && refill(i32, sizeClass))
    )
      return 0
    return this.alloc(CLASS_BYTES[sizeClass])
  }

  private allocLarge(bytes: number): number {
    if (!(bytes >= 0 && Math.floor(bytes) === bytes)) throw new RangeError(`arena: block of ${bytes} bytes`)
    const i32 = this.i32
    if (bytes > i32[END] << UNIT_SHIFT) return 0
    const units = (bytes + UNIT_BYTES - 1) >> UNIT_SHIFT
    let unit = takeRun(i32, units)
    if (unit === 0 && releaseIdle(i32)) unit = takeRun(i32, units)
    if (unit === 0) return 0
    i32[ALLOCATED] += units << UNIT_SHIFT
    this.markLarge(unit, units)
    return unit << UNIT_SHIFT
  }

  /** Large blocks have nine units or more, so the first and the last are never the same. */
  private markLarge(unit: number, units: number): void {
    const i32 = this.i32
    i32[i32[TABLE] + unit] = -2 * units
    i32[i32[TABLE] + unit + units - 1] = 0
  }

  private largeUnits(offset: number): number {
    const mark = this.i32[this.i32[TABLE] + (offset >> UNIT_SHIFT)]
    if (mark < 0 && !isFreeMark(mark) && (offset & (UNIT_BYTES - 1)) === 0) return markUnits(mark)
    throw new Error(`arena: no block at ${offset}`)
  }
}
