// Writes a snapshot, at once (SAVE, shutdown) or in the background. The background save encodes for at most SLICE_MS, lets
// the loop serve requests, and leaves the writing to the thread pool; both give the file of the moment at which they began
// (encoder.ts). Encoding stays on this thread: another one could not see an arena while it changes without a copy of what it
// reads, and copying costs as much as encoding (a key of 256 bytes: 0.4 us, most of it two copies and a checksum).

import type { Clock } from '../store/clock.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { AtomicFile } from './atomic-file.ts'
import { SaveCancelled, SnapshotEncoder } from './encoder.ts'
import { FrameOutput } from './frame-output.ts'

/** Longest stretch of the loop that one slice takes. */
const SLICE_MS = 1
/** Up to this many keys and logical bytes everything is one slice: 0.5 ms for the keys, as much for the bytes. */
const ONE_SLICE_KEYS = 2000
const ONE_SLICE_BYTES = 1 << 20
/** The walk stops while so many frames wait: the others are for keys that change. */
const WALK_AHEAD_FRAMES = 2

export interface Saved {
  readonly records: number
  readonly bytes: number
}

/** Saves all keys to `path`, without a pause. Throws what the file system says; the old file is untouched then. */
export function saveSync(keys: Keyspace, path: string, clock: Clock): Saved {
  const file = new AtomicFile(path)
  try {
    const output = new FrameOutput(file)
    const encoder = new SnapshotEncoder(keys, clock.nowMs(), output)
    while (encoder.step()) if (output.waits > 0) output.writeAll()
    output.writeAll()
    if (output.failure !== undefined) throw output.failure
    file.commitSync()
    return { records: encoder.records, bytes: output.bytes }
  } catch (error) {
    file.abandon()
    throw error
  }
}

/** 'whole': the loop stands still until everything is encoded. */
export type SaveMode = 'sliced' | 'whole'

export class BackgroundSave {
  private readonly keys: Keyspace
  private readonly path: string
  private readonly clock: Clock
  private readonly onStep: (elapsedNs: number) => void
  private encoder: SnapshotEncoder | undefined
  private cancelled = false

  constructor(keys: Keyspace, path: string, clock: Clock, onStep: (elapsedNs: number) => void) {
    this.keys = keys
    this.path = path
    this.clock = clock
    this.onStep = onStep
  }

  /** Keys written, and those that there are to write. */
  get processed(): number {
    return this.encoder?.records ?? 0
  }

  get total(): number {
    return this.encoder?.total ?? 0
  }

  /** The save will not replace the file any more, and asks nothing more of the keyspace; its promise is rejected with SaveCancelled. */
  cancel(): void {
    this.cancelled = true
    this.encoder?.abandon()
  }

  /** Does the save; the first slice before it returns. Rejected with what the file system says: the old file is untouched then. */
  async run(mode: SaveMode): Promise<Saved> {
    const file = new AtomicFile(this.path)
    try {
      const output = new FrameOutput(file)
      const isWhole = mode === 'whole' || this.isSmall()
      const encoder = new SnapshotEncoder(this.keys, this.clock.nowMs(), output)
      this.encoder = encoder
      if (isWhole) this.timed(() => this.encodeAll(encoder))
      else await this.encodeInSlices(encoder, output)
      while (output.waits > 0) await output.writeOne()
      if (output.failure !== undefined) throw output.failure
      const outcome = await file.commit(() => !this.cancelled)
      if (outcome === 'unwanted') throw new SaveCancelled()
      return { records: encoder.records, bytes: output.bytes }
    } catch (error) {
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

  private encodeAll(encoder: SnapshotEncoder): void {
    while (encoder.step());
  }

  private async encodeInSlices(encoder: SnapshotEncoder, output: FrameOutput): Promise<void> {
    for (;;) {
      const hasMore = output.waits >= WALK_AHEAD_FRAMES || this.timed(() => this.slice(encoder, output))
      if (!hasMore) return
      if (output.waits > 0) await output.writeOne()
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

  /** Encodes until the time is up or a frame is full; false when all is done. */
  private slice(encoder: SnapshotEncoder, output: FrameOutput): boolean {
    const start = this.clock.nowNs()
    while (encoder.step()) {
      if (output.waits > 0 || this.clock.nowNs() - start > SLICE_MS * 1e6) return true
    }
    return false
  }
}

/** Fulfilled after the loop has served what is ready. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
