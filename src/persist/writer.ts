// Writes a save's file, at once (SAVE, shutdown) or in the background. The background save encodes for a short time, lets the
// loop serve requests, and leaves all that may wait for the disk to the thread pool; both give the file of the moment at which they began
// (save-walk.ts). Encoding stays on this thread: another one could not see an arena while it changes without a copy of what
// it reads, and copying costs as much as encoding (a key of 256 bytes: 0.4 us, most of it two copies and a checksum).

import type { Clock } from '../store/clock.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { AtomicFile } from './atomic-file.ts'
import { FileQueue } from './file-queue.ts'
import type { SaveFormat } from './save-output.ts'
import { SaveWalk } from './save-walk.ts'
import { snapshotFormat } from './snapshot-output.ts'

/** What one slice takes of the loop: so long, or a part of what the requests before it took if that is longer, up to a bound. */
const SLICE_NS = 0.5e6
const PART_OF_TURN = 0.1
const MOST_SLICE_NS = 2e6
/** Up to this many keys and logical bytes everything is one slice: 0.5 ms for the keys, as much for the bytes. */
const ONE_SLICE_KEYS = 2000
const ONE_SLICE_BYTES = 1 << 20
/** A save that is delayed looks around so often. */
const DELAY_LOOK_MS = 10
/** The walk waits when more buffers do: the others are for keys that change. */
const MOST_AHEAD = 2

export interface Saved {
  readonly records: number
  readonly bytes: number
}

/** Saves all keys to `path` as a snapshot, while the loop stands still. Throws what the file system says; the old file is untouched then. */
export function saveSync(keys: Keyspace, path: string, clock: Clock): Saved {
  return writeSync(keys, path, snapshotFormat(clock.nowMs()))
}

/** The same in any format. */
export function writeSync(keys: Keyspace, path: string, format: SaveFormat): Saved {
  const file = new AtomicFile(path)
  try {
    const queue = new FileQueue(file)
    const walk = new SaveWalk(keys, queue, format(queue, keys))
    while (walk.step()) if (queue.waits > 0) queue.writeAll()
    queue.writeAll()
    if (queue.failure !== undefined) throw queue.failure
    file.commitSync()
    return { records: walk.records, bytes: queue.bytes }
  } catch (error) {
    file.abandon()
    throw error
  }
}

/** 'whole': the loop stands still until everything is encoded. */
export type SaveMode = 'sliced' | 'whole'

export class BackgroundSave {
  private readonly keys: Keyspace
  private readonly clock: Clock
  private readonly onStep: (elapsedNs: number) => void
  private readonly file: AtomicFile
  private readonly queue: FileQueue
  private readonly walk: SaveWalk
  /** How long it waits before it begins to walk: so much for each key (rdb-key-save-delay). */
  microsPerKey = 0

  /** The file is of this moment. `onStep` is told how long, in ns, each slice has held the loop up. Throws what the file system says. */
  constructor(keys: Keyspace, path: string, format: SaveFormat, clock: Clock, onStep: (elapsedNs: number) => void) {
    this.keys = keys
    this.clock = clock
    this.onStep = onStep
    this.file = new AtomicFile(path)
    this.queue = new FileQueue(this.file)
    this.walk = new SaveWalk(keys, this.queue, format(this.queue, keys))
  }

  /** Keys written, and those that there are to write. */
  get processed(): number {
    return this.walk.records
  }

  get total(): number {
    return this.walk.total
  }

  /** The save will not replace the file any more, and asks nothing more of the keyspace; its promise is rejected with SaveCancelled. */
  cancel(): void {
    this.walk.abandon()
    this.file.withdraw()
  }

  /** Does the save; the first slice before it returns. Rejected with what the file system says: the old file is untouched then. */
  async run(mode: SaveMode): Promise<Saved> {
    const { walk, queue, file } = this
    try {
      if (this.microsPerKey > 0) await this.delay()
      if (mode === 'whole' || this.isSmall()) this.timed(() => this.encodeAll())
      else await this.encodeInSlices()
      await queue.empty()
      if (queue.failure === undefined) await file.commit(() => queue.failure === undefined)
      if (queue.failure !== undefined) throw queue.failure
      return { records: walk.records, bytes: queue.bytes }
    } catch (error) {
      walk.abandon(error)
      await queue.empty()
      file.abandon()
      // Why a save was given up, not what that did to its file.
      throw queue.failure
    }
  }

  /** Ends early when the save was given up, or whoever tests how a save fails has taken its file away. */
  private async delay(): Promise<void> {
    const { walk, queue, file, clock, microsPerKey } = this
    // So that there is one.
    file.writeSync(new Uint8Array(0), 0)
    const endNs = clock.nowNs() + walk.total * microsPerKey * 1000
    while (clock.nowNs() < endNs && queue.failure === undefined && file.isThere) await Bun.sleep(DELAY_LOOK_MS)
  }

  private isSmall(): boolean {
    const { keys } = this
    let count = 0
    for (let db = 0; db < keys.databases; db++) count += keys.size(db)
    return count <= ONE_SLICE_KEYS && keys.logicalBytes() <= ONE_SLICE_BYTES
  }

  private encodeAll(): void {
    while (this.walk.step());
  }

  private async encodeInSlices(): Promise<void> {
    const { queue, clock } = this
    let budgetNs = SLICE_NS
    while (this.timed(() => this.slice(budgetNs))) {
      const written = queue.waits > 0 ? queue.drain() : undefined
      if (queue.waits > MOST_AHEAD) await written
      // Also after a write: its end alone resumes us, several times over, before the loop looks at sockets again.
      const endNs = clock.nowNs()
      await nextTurn()
      budgetNs = Math.min(MOST_SLICE_NS, Math.max(SLICE_NS, (clock.nowNs() - endNs) * PART_OF_TURN))
    }
  }

  private timed<T>(work: () => T): T {
    const start = this.clock.nowNs()
    const result = work()
    this.onStep(this.clock.nowNs() - start)
    return result
  }

  /** Encodes until the time is up or a buffer is full; false when all is done. */
  private slice(budgetNs: number): boolean {
    const { queue, clock, walk } = this
    const { waits } = queue
    const startNs = clock.nowNs()
    while (walk.step()) if (queue.waits > waits || clock.nowNs() - startNs > budgetNs) return true
    return false
  }
}

/** Fulfilled after the loop has served what is ready. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
