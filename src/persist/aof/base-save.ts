// Writes a base: at once, at start; beside the requests, in slices of the loop, for a rewrite. A walk that is ahead of the disk
// waits for it; what is written because it is about to change cannot, so a log that has grown too far is written at once.

import type { Clock } from '../../store/clock.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import { AtomicFile } from '../atomic-file.ts'
import { SaveCancelled } from '../encoder.ts'
import { BaseEncoder } from './base-encoder.ts'
import { CommandLog } from './command-log.ts'

const SLICE_NS = 1e6
/** What one write takes, and what may gather beside one. */
const PART_BYTES = 1 << 20
const MOST_WAITING_BYTES = 64 << 20

export class BaseSave {
  private readonly clock: Clock
  private readonly file: AtomicFile
  private readonly log = new CommandLog()
  private readonly encoder: BaseEncoder
  private readonly onStep: (elapsedNs: number) => void
  private bytes = 0

  /** The base is of this moment. `onStep` is told how long, in ns, each slice has held the loop up. */
  constructor(keys: Keyspace, path: string, clock: Clock, onStep: (elapsedNs: number) => void = () => undefined) {
    this.clock = clock
    this.onStep = onStep
    this.file = new AtomicFile(path)
    this.encoder = new BaseEncoder(keys, this.log)
  }

  /** Writes all of it now; returns its size. Throws what the file system says; there is no new file then. */
  runSync(): number {
    const { encoder, log, file } = this
    try {
      while (encoder.step()) if (log.size > PART_BYTES) this.writeNow()
      this.writeNow()
      this.check()
      file.commitSync()
      return this.bytes
    } catch (error) {
      this.giveUp(error)
      throw error
    }
  }

  /** The same, beside the requests. Rejected with SaveCancelled when it was given up. */
  async run(): Promise<number> {
    const { log, file } = this
    try {
      while (this.slice()) {
        if (log.size > PART_BYTES) await this.write()
        await nextTurn()
      }
      while (log.size > 0) await this.write()
      this.check()
      if ((await file.commit(() => this.encoder.failure === undefined)) === 'unwanted') throw new SaveCancelled()
      return this.bytes
    } catch (error) {
      this.giveUp(error)
      throw error
    }
  }

  /** There will be no new file. */
  cancel(): void {
    this.encoder.abandon()
  }

  private giveUp(error: unknown): void {
    this.encoder.abandon(error)
    this.file.abandon()
  }

  private check(): void {
    if (this.encoder.failure !== undefined) throw this.encoder.failure
  }

  /** False when all is encoded. */
  private slice(): boolean {
    const { encoder, log, clock } = this
    const startNs = clock.nowNs()
    let isMore = true
    while (isMore && log.size <= PART_BYTES && clock.nowNs() - startNs < SLICE_NS) isMore = encoder.step()
    if (log.size > MOST_WAITING_BYTES) this.writeNow()
    this.onStep(clock.nowNs() - startNs)
    return isMore
  }

  private writeNow(): void {
    const { log } = this
    this.file.writeSync(log.buf.subarray(0, log.size), this.bytes)
    this.bytes += log.size
    log.clear()
  }

  private async write(): Promise<void> {
    const part = this.log.take()
    const at = this.bytes
    this.bytes += part.length
    await this.file.write(part, at)
  }
}

/** Fulfilled after the loop has served what is ready. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
