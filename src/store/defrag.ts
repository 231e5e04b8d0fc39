// Active defragmentation. When many slabs are thin, the thinnest of each class are chosen to run empty
// (memory/emptying.ts), and a walk over all keys moves the blocks that lie in them into the room of the others. The slabs
// are free runs then, whose pages go back to the system (page-release.ts).
//
//   a pass     every shard: choose slabs ─► tables of namespaces ─► keys, a segment of a dict a step ─► what is left stays
//   a step     an entry, its string or the root of its collection, and the parts of small collections at once; those of
//              large ones are left for later, a segment, leaf or directory block a step
//
//   looked at    about 0.5 µs a key       moved    about 0.5 µs a block       a slice    0.5 ms, more when it comes late
//
// When: the slabs' unused bytes are active-defrag-ignore-bytes at least and active-defrag-threshold-lower percent of what is
// allocated. How hard: from -cycle-min to -cycle-max percent of the time, by how far that is on its way to
// -threshold-upper; at -cycle-max while the arenas are above the memory limit. A pass that moved little is not repeated
// before a while.
//
// It works between commands only and rests while a save or a load runs, whose places are those of blocks. A moved block is
// of the same size, so no account changes. Blocks that stay where they are: records of databases and namespaces, the time
// wheel, values that wait to be freed, and what is larger than a slab's blocks, which has pages of its own.

import { dictFind, dictNext, dictRef, dictScan } from '../memory/dict.ts'
import { dictMove, type MoveRef, stay } from '../memory/dict-move.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { wheelMoved } from '../memory/timewheel.ts'
import { moveParts, moveRoot } from '../values/relocate.ts'
import { VISIT_END } from '../values/value.ts'
import { VIEWS } from '../values/views.ts'
import type { Clock } from './clock.ts'
import { FLAG_OUTSIDE, FLAG_TIMED, FLAG_UNLISTED, TIMER_AT } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import { NS_HASH, type Shard } from './shard.ts'

export interface DefragSettings {
  readonly activeDefrag: boolean
  readonly defragIgnoreBytes: number
  readonly defragThresholdLower: number
  readonly defragThresholdUpper: number
  readonly defragCycleMin: number
  readonly defragCycleMax: number
  readonly defragMaxScanFields: number
}

const ALL_HASHES = 0x1_0000_0000
/** A slice; and one that makes up for coming late, because requests had the loop for themselves: no more than its share. */
const SLICE_NS = 0.5e6
const LATE_SLICE_NS = 3e6
/** Between two looks whether there is something to do. */
const LOOK_MS = 100
/** A pass is worth it when at least this part of the unused bytes comes free. */
const LEAST_GAIN = 1 / 16
/** More slabs are chosen when the unused bytes have grown so much meanwhile. */
const MARK_AGAIN = 1.25
/** After passes that were not worth it. */
const REST_MS = 1000
const LONGEST_REST_MS = 60_000
/** Kind bytes below this are those of strings. */
const STRING_KINDS = 16

/** A collection whose parts are moved in steps of their own. */
interface Large {
  readonly nsHash: number
  readonly hash: number
  readonly entry: number
  from: number
}

export class Defrag {
  /** Blocks that were moved, and left where they were; keys of which something was moved, and the others. */
  hits = 0
  misses = 0
  keyHits = 0
  keyMisses = 0
  private spentNs = 0
  private beganNs = 0
  /** Part of the time that the present pass may take, in percent; 0 between passes. */
  percent = 0
  /** Told how long a slice of a pass took, in ns. */
  onSlice: (elapsedNs: number) => void = () => undefined
  private readonly keys: Keyspace
  private readonly clock: Clock
  private readonly settings: DefragSettings
  /** Whether blocks may not move now, beside while a save runs. */
  private readonly isBusy: () => boolean
  // Where the pass is.
  private shardAt = 0
  private db = 0
  private tableAt = 0
  private nsAt = 0
  private nsNumber = 0
  private keyAt = 0
  private readonly large: Large[] = []
  private isMarked = false
  /** Unused bytes of slabs when the pass began, and bytes of those that were chosen to run empty. */
  private thinBefore = 0
  private chosenBytes = 0
  /** Unused bytes of the present shard's slabs when some were chosen last. */
  private thinMarked = 0
  /** When the last slice of the pass ended. */
  private slicedNs = 0
  private restUntilNs = 0
  private restMs = 0
  // Of the step at hand.
  private readonly groups = new PairBatch()
  private shard: Shard
  private ns = 0
  private fieldsLeft = 0

  constructor(keys: Keyspace, clock: Clock, settings: DefragSettings, isBusy: () => boolean) {
    this.keys = keys
    this.clock = clock
    this.settings = settings
    this.isBusy = isBusy
    this.shard = keys.at.shard
  }

  /** One slice. Returns after how many ms the next one is due. */
  slice(): number {
    const start = this.clock.nowNs()
    if (!this.settings.activeDefrag || this.keys.saving !== undefined || this.isBusy()) {
      this.end()
      return LOOK_MS
    }
    if (this.percent === 0 && !this.begin(start)) return LOOK_MS
    const earnedNs = ((start - this.slicedNs) * this.percent) / 100
    const limitNs = Math.max(SLICE_NS, Math.min(LATE_SLICE_NS, earnedNs))
    let now = start
    let isOver = false
    while (!isOver && now - start < limitNs) {
      isOver = !this.step()
      now = this.clock.nowNs()
    }
    this.onSlice(now - start)
    this.slicedNs = now
    if (isOver) {
      this.finish()
      return 1
    }
    return Math.max(1, Math.round(((now - start) * (100 / this.percent - 1)) / 1e6))
  }

  /** Time in ns that passes were under way. */
  get totalNs(): number {
    return this.spentNs + this.currentNs
  }

  /** Of that the present one's. */
  get currentNs(): number {
    return this.percent === 0 ? 0 : this.clock.nowNs() - this.beganNs
  }

  // ---- when -------------------------------------------------------------------------------------------------------

  private begin(now: number): boolean {
    const { settings } = this
    const thin = this.thinBytes()
    const percent = (100 * thin) / Math.max(1, this.keys.allocatedBytes())
    if (thin < settings.defragIgnoreBytes || percent < settings.defragThresholdLower || now < this.restUntilNs) {
      return false
    }
    this.percent = this.effort(percent)
    this.thinBefore = thin
    this.beganNs = now
    this.slicedNs = now
    this.startOver()
    return true
  }

  /** Part of the time in percent, for unused bytes of so many percent. */
  private effort(percent: number): number {
    const { defragThresholdLower, defragThresholdUpper, defragCycleMin, defragCycleMax } = this.settings
    let resident = 0
    for (const { arena } of this.keys.shards) resident += arena.residentBytes
    if (resident > this.keys.limitBytes) return defragCycleMax
    const range = Math.max(1, defragThresholdUpper - defragThresholdLower)
    const part = Math.min(1, (percent - defragThresholdLower) / range)
    return Math.max(1, Math.min(defragCycleMax, defragCycleMin + part * (defragCycleMax - defragCycleMin)))
  }

  private startOver(): void {
    this.shardAt = this.db = this.tableAt = this.nsAt = this.nsNumber = this.keyAt = 0
    this.isMarked = false
    this.chosenBytes = 0
    this.large.length = 0
  }

  private thinBytes(): number {
    let thin = 0
    for (const { arena } of this.keys.shards) thin += arena.thinBytes
    return thin
  }

  /** A pass came to its end. */
  private finish(): void {
    const isWorthIt = this.chosenBytes - this.end() >= this.thinBefore * LEAST_GAIN
    this.restMs = isWorthIt ? 0 : Math.min(LONGEST_REST_MS, this.restMs * 2 || REST_MS)
    this.restUntilNs = this.clock.nowNs() + this.restMs * 1e6
  }

  /** Ends a pass where it is; slabs that are not empty take blocks again. Returns their bytes. */
  private end(): number {
    if (this.percent === 0) return 0
    let kept = 0
    for (const { arena } of this.keys.shards) kept += arena.keepThin()
    this.spentNs += this.clock.nowNs() - this.beganNs
    this.percent = 0
    this.large.length = 0
    return kept
  }

  // ---- the walk ---------------------------------------------------------------------------------------------------

  /** One step of a pass; false at its end. */
  private step(): boolean {
    const shard = this.keys.shards[this.shardAt]
    if (shard === undefined) return false
    this.shard = shard
    const { arena } = shard
    if (!this.isMarked) {
      this.isMarked = true
      // Without anything to win the shard is passed over.
      if (this.mark(shard) === 0) this.nextShard()
      return true
    }
    const { movedBlocks, stayedBlocks, thinBytes } = arena
    if (thinBytes > this.thinMarked * MARK_AGAIN) this.mark(shard)
    this.fieldsLeft = this.settings.defragMaxScanFields
    this.walk(shard)
    const moved = (arena.movedBlocks - movedBlocks) | 0
    this.hits += moved
    this.misses += (arena.stayedBlocks - stayedBlocks) | 0
    // Slots that requests have looked up ahead may be elsewhere.
    if (moved > 0) this.keys.epoch++
    return true
  }

  private mark({ arena }: Shard): number {
    const chosen = arena.markThin()
    this.chosenBytes += chosen
    this.thinMarked = arena.thinBytes
    return chosen
  }

  private walk(shard: Shard): void {
    const large = this.large[this.large.length - 1]
    if (large !== undefined) {
      if (!this.movePart(shard, large)) this.large.pop()
      return
    }
    const { arena } = shard
    const record = shard.database(this.db)
    if (this.tableAt < ALL_HASHES) {
      this.tableAt = dictMove(arena, record, this.tableAt, stay)
      return
    }
    // Namespaces whose names share the top bits of their hashes come together; each has its turn.
    const { groups } = this
    groups.length = 0
    const next = dictScan(arena, record, this.nsAt, 1, groups)
    if (this.nsNumber < groups.length) {
      this.ns = groups.refs[this.nsNumber] as number
      this.keyAt = dictMove(arena, this.ns, this.keyAt, this.moveEntry)
      if (this.keyAt < ALL_HASHES) return
      this.keyAt = 0
      this.nsNumber++
      return
    }
    this.nsNumber = 0
    this.nsAt = next
    if (next === ALL_HASHES) this.nextDatabase()
  }

  private nextDatabase(): void {
    this.nsAt = 0
    this.tableAt = 0
    if (++this.db === this.keys.databases) this.nextShard()
  }

  private nextShard(): void {
    this.db = 0
    this.shardAt++
    this.isMarked = false
  }

  private readonly moveEntry: MoveRef = (a, _root, ref, hash) => {
    const { movedBlocks } = a
    const e = a.moved(ref)
    const flags = a.u8[e + 7]
    if (e !== ref && (flags & (FLAG_TIMED | FLAG_UNLISTED)) === FLAG_TIMED) {
      wheelMoved(a, this.shard.wheel, ref + TIMER_AT, e + TIMER_AT)
    }
    if ((flags & FLAG_OUTSIDE) !== 0) this.moveValue(e, hash)
    if (e !== ref && a.u8[e + 6] >= STRING_KINDS) this.tellValue(e)
    if (a.movedBlocks === movedBlocks) this.keyMisses++
    else this.keyHits++
    return e
  }

  private moveValue(e: number, hash: number): void {
    const a = this.shard.arena
    const kind = a.u8[e + 6]
    if (kind < STRING_KINDS) {
      a.i32[e >> 2] = a.moved(a.i32[e >> 2])
      return
    }
    const root = moveRoot(a, a.i32[e >> 2], kind)
    a.i32[e >> 2] = root
    const view = VIEWS[kind >> 4]
    view?.aim(this.keys, a, root, kind & 15)
    const fields = view?.stored ?? 0
    if (fields <= this.fieldsLeft) {
      this.fieldsLeft -= fields
      for (let from = 0; from !== VISIT_END; ) from = moveParts(this.keys, a, root, kind, from)
    } else {
      this.large.push({ nsHash: a.i32[(this.ns + NS_HASH) >> 2], hash, entry: e, from: 0 })
    }
  }

  /** The value at an entry that has moved hears of it. */
  private tellValue(e: number): void {
    const a = this.shard.arena
    const kind = a.u8[e + 6]
    const view = VIEWS[kind >> 4]
    view?.aim(this.keys, a, a.i32[e >> 2], kind & 15)
    view?.own(e, this.ns)
  }

  /** Moves some of a large value; false when all of it is moved, or its key is not what it was. */
  private movePart(shard: Shard, large: Large): boolean {
    const a = shard.arena
    const e = large.entry
    if (!this.isThere(shard, large) || (a.u8[e + 7] & FLAG_OUTSIDE) === 0) return false
    const kind = a.u8[e + 6]
    large.from = moveParts(this.keys, a, a.i32[e >> 2], kind, large.from)
    return large.from !== VISIT_END
  }

  private isThere(shard: Shard, { nsHash, hash, entry }: Large): boolean {
    const a = shard.arena
    const record = shard.database(this.db)
    for (let at = dictFind(a, record, nsHash); at !== 0; at = dictNext(a, record, at, nsHash)) {
      const ns = dictRef(a, at)
      for (let slot = dictFind(a, ns, hash); slot !== 0; slot = dictNext(a, ns, slot, hash)) {
        if (dictRef(a, slot) === entry) return true
      }
    }
    return false
  }
}
