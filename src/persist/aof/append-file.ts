// One file that is only ever appended to. Its size is what was written whole: a write that fails is cut off again, so that
// what comes next stands behind the last good byte.

import * as fs from 'node:fs'
import { beside } from '../atomic-file.ts'

export class AppendFile {
  /** Bytes that are whole. */
  bytes: number
  private readonly fd: number

  /** Opens the file, or makes it; a `fresh` one is empty whatever was there. Throws what the file system says. */
  constructor(path: string, start: 'fresh' | 'behind what is there') {
    const { O_RDWR, O_CREAT, O_TRUNC } = fs.constants
    this.fd = fs.openSync(path, O_RDWR | O_CREAT | (start === 'fresh' ? O_TRUNC : 0), 0o644)
    this.bytes = fs.fstatSync(this.fd).size
  }

  /** Throws what the file system says; the file is as it was then. */
  write(buf: Uint8Array, length: number): void {
    let done = 0
    try {
      while (done < length) done += fs.writeSync(this.fd, buf, done, length - done, this.bytes + done)
    } catch (error) {
      if (done > 0) this.cut()
      throw error
    }
    this.bytes += length
  }

  /** What cannot be cut off now is written over by the next write. */
  private cut(): void {
    try {
      fs.ftruncateSync(this.fd, this.bytes)
    } catch {
      // The write has failed for a reason of its own, which is told.
    }
  }

  syncNow(): void {
    fs.fdatasyncSync(this.fd)
  }

  sync(): Promise<void> {
    return beside(done => fs.fdatasync(this.fd, done))
  }

  close(): void {
    fs.closeSync(this.fd)
  }
}
