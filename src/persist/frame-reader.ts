// Reads a snapshot file frame by frame: never more of it in memory than the frame at hand. A frame is handed on only after
// its chain and its checksum were found right.

import * as fs from 'node:fs'
import { equals } from '../bytes/ascii.ts'
import { crc32 } from '../bytes/crc.ts'
import { FRAME_HEAD_BYTES, firstSeed, OPENING, SnapshotDamaged, SnapshotRefused, VERSION } from './format.ts'

const BUFFER_BYTES = 1 << 20
const MAGIC_BYTES = 4

export class FrameReader {
  /** The payload is u8[0, length); `u8` may be another one after each `next`. */
  u8 = new Uint8Array(BUFFER_BYTES)
  length = 0
  /** Where the payload stands in the file. */
  offset = 0
  readonly size: number
  private readonly path: string
  private readonly fd: number
  /** Where the next head stands. */
  private position = OPENING.length
  private seed = firstSeed()

  /** Throws SnapshotDamaged when the file is no snapshot, SnapshotRefused when it is one of another version. */
  constructor(path: string) {
    this.path = path
    this.fd = fs.openSync(path, 'r')
    try {
      this.size = fs.fstatSync(this.fd).size
      this.readOpening()
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    fs.closeSync(this.fd)
  }

  /** Reads the next frame; false at the end of the file. Throws SnapshotDamaged. */
  next(): boolean {
    const at = this.position
    if (at === this.size) return false
    if (this.size - at < FRAME_HEAD_BYTES) throw this.damaged(at, 'the file ends within the head of a frame')
    this.fill(at, FRAME_HEAD_BYTES)
    const length = u32(this.u8, 0)
    const checksum = u32(this.u8, 4)
    this.seed = crc32(this.u8.subarray(0, 8), this.seed)
    if (this.seed !== u32(this.u8, 8)) throw this.damaged(at, 'the head of a frame is wrong')
    this.offset = at + FRAME_HEAD_BYTES
    if (length > this.size - this.offset) throw this.damaged(at, 'the file ends within a frame')
    if (length > this.u8.length) this.u8 = new Uint8Array(length)
    this.fill(this.offset, length)
    if (crc32(this.u8.subarray(0, length)) !== checksum) throw this.damaged(this.offset, 'CRC error in a frame')
    this.length = length
    this.position = this.offset + length
    return true
  }

  private readOpening(): void {
    const { u8 } = this
    if (this.size < OPENING.length) throw this.damaged(this.size, 'the file is too short for a snapshot')
    this.fill(0, OPENING.length)
    if (!equals(u8, 0, MAGIC_BYTES, OPENING, 0, MAGIC_BYTES)) {
      throw this.damaged(0, 'this is no snapshot of kvns')
    }
    const version = u32(u8, MAGIC_BYTES)
    if (version === VERSION) return
    // A version is believed when the head of the first frame, which begins with the checksum of it, agrees.
    const seed = crc32(u8.subarray(0, OPENING.length))
    if (this.size < OPENING.length + FRAME_HEAD_BYTES)
      throw this.damaged(this.size, 'the file ends within the head of a frame')
    this.fill(OPENING.length, FRAME_HEAD_BYTES)
    if (crc32(u8.subarray(0, 8), seed) !== u32(u8, 8)) throw this.damaged(MAGIC_BYTES, 'the version is wrong')
    throw new SnapshotRefused(this.path, `it is of version ${version}, this server reads version ${VERSION}`)
  }

  /** Reads file[at, at + bytes) to the beginning of `u8`. */
  private fill(at: number, bytes: number): void {
    for (let done = 0; done < bytes; ) {
      const got = fs.readSync(this.fd, this.u8, done, bytes - done, at + done)
      if (got === 0) throw this.damaged(at + done, 'the file became shorter while it was read')
      done += got
    }
  }

  private damaged(byte: number, reason: string): SnapshotDamaged {
    return new SnapshotDamaged(this.path, byte, reason)
  }
}

function u32(u8: Uint8Array, at: number): number {
  return ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0
}
