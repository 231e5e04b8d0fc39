// Writes a snapshot, at once (SAVE, shutdown) or in the background. The background save encodes for at most SLICE_MS, lets
// the loop serve requests, and leaves the writing to the thread pool. What the file promises when requests come between
// the slices stands in encoder.ts; a keyspace small enough for one slice is encoded in one go and so exact.

import type { Clock } from '../store/clock.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { AtomicFile } from './atomic-file.ts'
import { SnapshotEncoder } from './encoder.ts'
import { OPENING } from './format.ts'

/** Longest stretch of the loop that one slice takes. */
const SLICE_MS = 1
/** Up to this many keys and logical bytes everything is one slice: 0.5 ms for the keys, as much for the bytes. */
const ONE_SLICE_KEYS = 2000
const ONE_SLICE_BYTES = 1 << 20
/** After so many flushes that made a save begin again, the save is done in one go. */
const RESTARTS = 3

export interface Saved {
  readonly records: number
  readonly bytes: number
}

/** Thrown by a background save that was cancelled. */
export class SaveCancelled extends Error {
  override readonly name = 'SaveCancelled'
}

/** Saves all keys to `path`, without a pause. Throws what the file system says; the old file is untouched then. */
export function saveSync(keys: Keyspace, path: string, clock: Clock): Saved {
  const file = new AtomicFile(path)
  try {
    const saved = writeAll(new SnapshotEncoder(keys, clock.nowMs()), file)
    file.commitSync()
    return saved
  } catch (error) {
    file.abandon()
    throw error
  }
}

function writeAll(encoder: SnapshotEncoder, file: AtomicFile): Saved {
  file.rewind()
  file.writeSync(OPENING)
  for (;;) {
    const progress = encoder.step()
    if (progress === 'filling') continue
    file.writeSync(encoder.take())
    if (progress === 'end') return { records: encoder.records, bytes: encoder.bytes }
  }
}

/** 'whole': the loop stands still until everything is encoded, and the file is exact. */
export type SaveMode = 'sliced' | 'whole'

export class BackgroundSave {
  private readonly keys: Keyspace
  private readonly path: string
  private readonly clock: Clock
  private readonly onStep: (elapsedNs: number) => void
  private cancelled = false

  constructor(keys: Keyspace, path: string, clock: Clock, onStep: (elapsedNs: number) => void) {
    this.keys = keys
    this.path = path
    this.clock = clock
    this.onStep = onStep
  }

  /** The save will not replace the file any more; its promise is rejected with SaveCancelled. */
  cancel(): void {
    this.cancelled = true
  }

  /** Does the save; the first slice before it returns. Rejected with what the file system says: the old file is untouched then. */
  async run(mode: SaveMode): Promise<Saved> {
    const file = new AtomicFile(this.path)
    try {
      const saved = mode === 'whole' || this.isSmall() ? this.writeAtOnce(file) : await this.writeInSlices(file)
      const outcome = await file.commit(() => !this.cancelled)
      if (outcome === 'unwanted') throw new SaveCancelled()
      return saved
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

  private async writeInSlices(file: AtomicFile): Promise<Saved> {
    const { keys } = this
    for (let i = 0; i < RESTARTS; i++) {
      const encoder = new SnapshotEncoder(keys, this.clock.nowMs())
      keys.observers.push(encoder)
      try {
        if (await this.tryInSlices(encoder, file)) return { records: encoder.records, bytes: encoder.bytes }
      } finally {
        keys.observers.splice(keys.observers.indexOf(encoder), 1)
      }
    }
    return this.writeAtOnce(file)
  }

  private writeAtOnce(file: AtomicFile): Saved {
    const start = this.clock.nowNs()
    const saved = writeAll(new SnapshotEncoder(this.keys, this.clock.nowMs()), file)
    this.onStep(this.clock.nowNs() - start)
    return saved
  }

  /** False when the encoder became stale. */
  private async tryInSlices(encoder: SnapshotEncoder, file: AtomicFile): Promise<boolean> {
    file.rewind()
    file.writeSync(OPENING)
    for (;;) {
      if (this.cancelled) throw new SaveCancelled()
      if (encoder.stale) return false
      const start = this.clock.nowNs()
      const progress = this.slice(encoder, file)
      this.onStep(this.clock.nowNs() - start)
      if (progress !== 'filling') await file.write(encoder.take())
      if (progress === 'end') return true
      // Also after a write: its end alone resumes us, several times over, before the loop looks at sockets again.
      await nextTurn()
    }
  }

  /** Encodes until the time is up or a frame is full. */
  private slice(encoder: SnapshotEncoder, file: AtomicFile): 'filling' | 'full' | 'end' {
    const start = this.clock.nowNs()
    for (;;) {
      const progress = encoder.step()
      if (encoder.urgent) {
        if (progress === 'full') file.writeSync(encoder.take())
        continue
      }
      if (progress !== 'filling' || this.clock.nowNs() - start > SLICE_MS * 1e6) return progress
    }
  }
}

/** Fulfilled after the loop has served what is ready. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
