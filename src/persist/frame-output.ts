// The way of a snapshot's frames to the file. Records come at any moment, also while a command runs, so a full frame waits
// until the thread pool has written those before it. What may wait is bounded: when keys change faster than the disk takes
// them, the next frame is written on the spot, and whoever changes keys waits for the disk.
//
// Nothing here throws while records come in: what goes wrong is kept as `failure`.

import type { AtomicFile } from './atomic-file.ts'
import { OPENING } from './format.ts'
import { FRAME_BUFFER_BYTES, Frame } from './frame.ts'

/** Each up to a megabyte. */
const MOST_WAITING = 16

interface Waiting {
  readonly bytes: Uint8Array
  /** In the file. */
  readonly at: number
}

export class FrameOutput {
  readonly frame = new Frame()
  /** Undefined while all is well. */
  failure: unknown
  /** Bytes of the file, the frame that is being filled not counted. */
  bytes = 0
  private readonly file: AtomicFile
  private readonly waiting: Waiting[] = []
  private readonly spare: Uint8Array<ArrayBuffer>[] = []

  constructor(file: AtomicFile) {
    this.file = file
    this.now({ bytes: OPENING, at: this.claim(OPENING.length) })
  }

  get waits(): number {
    return this.waiting.length
  }

  /** Ends the frame; the next record begins another one. */
  cut(): void {
    const { frame, waiting } = this
    const bytes = frame.seal()
    const next = { bytes, at: this.claim(bytes.length) }
    if (this.failure !== undefined || waiting.length >= MOST_WAITING) {
      this.now(next)
      frame.begin()
      return
    }
    waiting.push(next)
    frame.begin(this.spare.pop() ?? new Uint8Array(FRAME_BUFFER_BYTES))
  }

  private claim(bytes: number): number {
    const at = this.bytes
    this.bytes += bytes
    return at
  }

  private now({ bytes, at }: Waiting): void {
    if (this.failure !== undefined) return
    try {
      this.file.writeSync(bytes, at)
    } catch (error) {
      this.failure = error
    }
  }

  /** Writes the first frame that waits. */
  async writeOne(): Promise<void> {
    const first = this.waiting[0]
    if (first === undefined) return
    try {
      if (this.failure === undefined) await this.file.write(first.bytes, first.at)
    } catch (error) {
      this.failure = error
    }
    this.recycle()
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
    if (written === undefined || written.bytes.buffer.byteLength > 2 * FRAME_BUFFER_BYTES) return
    this.spare.push(new Uint8Array(written.bytes.buffer as ArrayBuffer))
  }
}
