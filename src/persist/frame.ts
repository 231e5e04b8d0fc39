// One frame being filled: MessagePack written by hand into a buffer that is used again for every frame, because an object
// per key would cost more than all the rest of a snapshot.
//
// Callers reserve room once per record, then write without checks.

import { copy } from '../bytes/ascii.ts'
import { crc32 } from '../bytes/crc.ts'
import { FULL_BYTES } from './file-queue.ts'
import { FRAME_HEAD_BYTES, firstSeed } from './format.ts'

export class Frame {
  u8: Uint8Array
  at = FRAME_HEAD_BYTES
  private view: DataView
  private seed = firstSeed()

  /** Frames are filled in buffers that nobody else uses. */
  constructor(buffer: Uint8Array) {
    this.u8 = buffer
    this.view = new DataView(buffer.buffer)
  }

  get full(): boolean {
    return this.at >= FULL_BYTES
  }

  get empty(): boolean {
    return this.at === FRAME_HEAD_BYTES
  }

  /** Makes room for so many bytes more. */
  reserve(bytes: number): void {
    if (this.at + bytes > this.u8.length) this.resize(2 * (this.at + bytes))
  }

  array(fields: number): void {
    this.u8[this.at++] = 0x90 | fields
  }

  /** What comes before `n` elements; at most 5 bytes. */
  arrayHead(n: number): void {
    if (n < 16) this.array(n)
    else this.longArrayHead(n)
  }

  /** The same in five bytes, whatever `n` is, so that it can be written over. */
  longArrayHead(n: number): void {
    this.u8[this.at++] = 0xdd
    this.at = putU32(this.u8, this.at, n)
  }

  /** Writes another number over the long head at `at`. */
  patchArrayHead(at: number, n: number): void {
    putU32(this.u8, at + 1, n)
  }

  nil(): void {
    this.u8[this.at++] = 0xc0
  }

  /** A whole number from 0 to 2^32 - 1; at most 5 bytes. */
  uint(n: number): void {
    const { u8 } = this
    if (n < 128) u8[this.at++] = n
    else {
      u8[this.at++] = 0xce
      this.at = putU32(u8, this.at, n)
    }
  }

  double(n: number): void {
    this.u8[this.at] = 0xcb
    this.view.setFloat64(this.at + 1, n)
    this.at += 9
  }

  /** What comes before `length` bytes; at most 5 bytes. */
  binaryHead(length: number): void {
    const { u8 } = this
    if (length < 256) {
      u8[this.at++] = 0xc4
      u8[this.at++] = length
    } else if (length < 65536) {
      u8[this.at++] = 0xc5
      u8[this.at++] = length >>> 8
      u8[this.at++] = length
    } else {
      u8[this.at++] = 0xc6
      this.at = putU32(u8, this.at, length)
    }
  }

  bytes(src: Uint8Array, start: number, end: number): void {
    this.at = copy(this.u8, this.at, src, start, end)
  }

  /** Writes the head. The whole frame is u8[0, end) then; returns its end. */
  seal(): number {
    const { u8, at } = this
    putU32(u8, 0, at - FRAME_HEAD_BYTES)
    putU32(u8, 4, crc32(u8.subarray(FRAME_HEAD_BYTES, at)))
    this.seed = crc32(u8.subarray(0, 8), this.seed)
    putU32(u8, 8, this.seed)
    return at
  }

  /** The next frame is filled in `buffer`. */
  begin(buffer: Uint8Array): void {
    this.at = FRAME_HEAD_BYTES
    this.u8 = buffer
    this.view = new DataView(buffer.buffer)
  }

  private resize(bytes: number): void {
    const resized = new Uint8Array(bytes)
    resized.set(this.u8.subarray(0, this.at))
    this.u8 = resized
    this.view = new DataView(resized.buffer)
  }
}

function putU32(u8: Uint8Array, at: number, n: number): number {
  u8[at] = n >>> 24
  u8[at + 1] = n >>> 16
  u8[at + 2] = n >>> 8
  u8[at + 3] = n
  return at + 4
}
