// The way of a save's bytes to its file. They come at any moment, also while a command runs, so a full buffer waits until the
// thread pool has written those before it. What may wait is bounded: when keys change faster than the disk takes them, the
// next buffer is written on the spot, and whoever changes keys waits for the disk.
//
// Buffers are used again, by the next save, too: a megabyte that is garbage makes the engine collect.
//
// Nothing here throws while bytes come in: what goes wrong is kept as `failure`.

import type { AtomicFile } from './atomic-file.ts'

export const BUFFER_BYTES = 1 << 20
/** A buffer that has reached this is handed over. With one more step of a save it stays below BUFFER_BYTES, as a rule. */
export const FULL_BYTES = 512 << 10
/** Buffers, which are larger than BUFFER_BYTES only where a single value is. */
const MOST_WAITING = 32
/** Buffers that are kept when none is needed. */
const MOST_SPARE = 4

/** Of all saves: one runs at a time. */
const spare: Uint8Array[] = []

interface Waiting {
  readonly buffer: Uint8Array
  readonly end: number
  /** In the file. */
  readonly at: number
}

export class FileQueue {
  /** Undefined while all is well. */
  failure: unknown
  /** Bytes of the file, those that wait included. */
  bytes = 0
  private readonly file: AtomicFile
  private readonly waiting: Waiting[] = []
  private draining: Promise<void> | undefined

  constructor(file: AtomicFile) {
    this.file = file
  }

  get waits(): number {
    return this.waiting.length
  }

  /** The file goes on with buffer[0, end). The buffer belongs to the queue then; the caller goes on in the one that is returned. */
  put(buffer: Uint8Array, end: number): Uint8Array {
    const next = { buffer, end, at: this.bytes }
    this.bytes += end
    if (this.failure === undefined && this.waiting.length < MOST_WAITING) {
      this.waiting.push(next)
      return spare.pop() ?? new Uint8Array(BUFFER_BYTES)
    }
    this.now(next)
    return isUsual(buffer) ? buffer : new Uint8Array(BUFFER_BYTES)
  }

  /** These bytes stand at `at` in the file instead of those that were put there. */
  patch(bytes: Uint8Array, at: number): void {
    this.waiting.push({ buffer: bytes, end: bytes.length, at })
  }

  private now({ buffer, end, at }: Waiting): void {
    if (this.failure !== undefined) return
    try {
      this.file.writeSync(buffer.subarray(0, end), at)
    } catch (error) {
      this.failure = error
    }
  }

  /** Writes all that waits, and what comes meanwhile, beside the loop. */
  async empty(): Promise<void> {
    // What came between the last write and the end of a drain is not in it.
    while (this.waiting.length > 0) await this.drain()
  }

  /** Begins to write what waits beside the loop, unless that is being done. */
  drain(): Promise<void> {
    this.draining ??= this.writeWaiting().finally(() => {
      this.draining = undefined
    })
    return this.draining
  }

  private async writeWaiting(): Promise<void> {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      try {
        if (this.failure === undefined) await this.file.write(first.buffer.subarray(0, first.end), first.at)
      } catch (error) {
        this.failure ??= error
      }
      this.recycle()
    }
  }

  /** Writes all that wait without leaving the loop. */
  writeAll(): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      this.now(first)
      this.recycle()
    }
  }

  private recycle(): void {
    const written = this.waiting.shift()
    if (written !== undefined && isUsual(written.buffer) && spare.length < MOST_SPARE) spare.push(written.buffer)
  }
}

const isUsual = ({ length }: Uint8Array): boolean => length >= BUFFER_BYTES && length <= 2 * BUFFER_BYTES
