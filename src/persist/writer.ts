// Writes a save's file, at once (SAVE, shutdown) or in the background. The background save encodes for at most SLICE_MS, lets
// the loop serve requests, and leaves the writing to the thread pool; both give the file of the moment at which they began
// (save-walk.ts). Encoding stays on this thread: another one could not see an arena while it changes without a copy of what
// it reads, and copying costs as much as encoding (a key of 256 bytes: 0.4 us, most of it two copies and a checksum).

import type { Clock } from '../store/clock.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { AtomicFile } from './atomic-file.ts'
import { FileQueue } from './file-queue.ts'
import type { SaveFormat } from './save-output.ts'
import { SaveWalk } from './save-walk.ts'
import { snapshotFormat } from './snapshot-output.ts'

/** Longest stretch of the loop that one slice takes. */
const SLICE_MS = 1
/** Up to this many keys and logical bytes everything is one slice: 0.5 ms for the keys, as much for the bytes. */
const ONE_SLICE_KEYS = 2000
const ONE_SLICE_BYTES = 1 << 20
/** The walk stops while so many buffers wait: the others are for keys that change. */
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
  }

  /** Does the save; the first slice before it returns. Rejected with what the file system says: the old file is untouched then. */
  async run(mode: SaveMode): Promise<Saved> {
    const { walk, queue, file } = this
    try {
      if (mode === 'whole' || this.isSmall()) this.timed(() => this.encodeAll())
      else await this.encodeInSlices()
      while (queue.waits > 0) await queue.writeOne()
      if (queue.failure !== undefined) throw queue.failure
      if ((await file.commit(() => queue.failure === undefined)) === 'unwanted') throw queue.failure
      return { records: walk.records, bytes: queue.bytes }
    } catch (error) {
      walk.abandon(error)
      file.abandon()
      throw error
    }
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
    const { queue } = this
    for (;;) {
      const hasMore = queue.waits >= MOST_AHEAD || this.timed(() => this.slice())
      if (!hasMore) return
      if (queue.waits > 0) await queue.writeOne()
      // Also after a write: its end alone resumes us, several times over, before the loop looks at sockets again.
      await nextTurn()
    }
  }

  private timed<T>(work: () => T): T {
    const start = this.clock.nowNs()
    const result = work()
    this.onStep(this.clock.nowNs() - start)
    return result
  }

  /** Encodes until the time is up or a buffer is full; false when all is done. */
  private slice(): boolean {
    const start = this.clock.nowNs()
    while (this.walk.step()) {
      if (this.queue.waits > 0 || this.clock.nowNs() - start > SLICE_MS * 1e6) return true
    }
    return false
  }
}

/** Fulfilled after the loop has served what is ready. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
