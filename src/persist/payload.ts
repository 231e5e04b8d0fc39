// Reading the payload of a frame: the part of MessagePack that snapshots use. Every length is checked against the end of
// the payload before it is used; what does not fit throws SnapshotDamaged with the byte of the file.

import { SnapshotDamaged } from './format.ts'

export class Payload {
  u8: Uint8Array = new Uint8Array(0)
  at = 0
  end = 0
  /** Where the binary that was read last lies in `u8`. */
  start = 0
  stop = 0
  /** Bytes of the file from the start of this payload on: nothing that follows can be longer. */
  leftBytes = 0
  private readonly path: string
  private readonly scratch = new DataView(new ArrayBuffer(8))
  private fileOffset = 0

  constructor(path: string) {
    this.path = path
  }

  /** Aims at u8[0, end), which stands at `fileOffset` in the file. */
  set(u8: Uint8Array, end: number, fileOffset: number, leftBytes: number): void {
    this.u8 = u8
    this.at = 0
    this.end = end
    this.fileOffset = fileOffset
    this.leftBytes = leftBytes
  }

  fail(reason: string): never {
    throw new SnapshotDamaged(this.path, this.fileOffset + this.at, reason)
  }

  get more(): boolean {
    return this.at < this.end
  }

  /** Number of elements of the array that starts here. */
  array(): number {
    const byte = this.take(1)
    if (byte >>> 4 !== 9) this.fail('a record is not an array')
    return byte & 15
  }

  /** Whether the next element is an array. */
  get atArray(): boolean {
    const byte = this.at < this.end ? this.u8[this.at] : 0
    return byte >>> 4 === 9 || byte === 0xdd
  }

  /** Number of elements of the array that starts here, of any length. */
  arrayHead(): number {
    const byte = this.take(1)
    if (byte >>> 4 === 9) return byte & 15
    if (byte !== 0xdd) this.fail('a value is not an array')
    return this.take(4)
  }

  uint(): number {
    const byte = this.take(1)
    if (byte < 128) return byte
    if (byte === 0xcc) return this.take(1)
    if (byte === 0xcd) return this.take(2)
    if (byte === 0xce) return this.take(4)
    return this.fail('a field is not a whole number')
  }

  /** Milliseconds, 0 for nil. */
  deadline(): number {
    const byte = this.take(1)
    if (byte === 0xc0) return 0
    if (byte !== 0xcb) this.fail('a deadline is not a number')
    this.scratch.setUint32(0, this.take(4))
    this.scratch.setUint32(4, this.take(4))
    const ms = this.scratch.getFloat64(0)
    if (!(ms > 0 && ms < Number.POSITIVE_INFINITY)) this.fail('a deadline is not a time')
    return ms
  }

  /** Whether the next element is a binary. */
  get atBinary(): boolean {
    const byte = this.at < this.end ? this.u8[this.at] : 0
    return byte >= 0xc4 && byte <= 0xc6
  }

  /** Sets `start` and `stop`. */
  binary(): void {
    const byte = this.take(1)
    let length = 0
    if (byte === 0xc4) length = this.take(1)
    else if (byte === 0xc5) length = this.take(2)
    else if (byte === 0xc6) length = this.take(4)
    else this.fail('a field is not binary')
    if (length > this.end - this.at) this.fail('a length goes beyond its frame')
    this.start = this.at
    this.at += length
    this.stop = this.at
  }

  /** Passes over a whole number or a binary. */
  skip(): void {
    if (this.atBinary) this.binary()
    else this.uint()
  }

  /** The next `bytes` (1, 2 or 4) bytes as a number. */
  private take(bytes: number): number {
    const { at, u8 } = this
    if (bytes > this.end - at) this.fail('a record goes beyond its frame')
    this.at = at + bytes
    if (bytes === 1) return u8[at]
    if (bytes === 2) return (u8[at] << 8) | u8[at + 1]
    return ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0
  }
}
