// An RDB file as input: never more of it in memory than a piece, or the string at hand where that is longer. The checksum
// is worked out while the bytes go by.

import * as fs from 'node:fs'
import { copy } from '../../bytes/ascii.ts'
import { Crc64 } from '../../bytes/crc.ts'
import { corrupt } from './errors.ts'
import { RdbInput } from './input.ts'

/** It stays in the processor's cache while it is summed and read. */
const PIECE_BYTES = 256 << 10

export class RdbFileInput extends RdbInput {
  readonly size: number
  /** Called before bytes that were read give way to others. */
  onRefill: () => void = () => undefined
  private readonly fd: number
  /** Where in the file the bytes from `end` on are. */
  private position = 0
  private readonly crc = new Crc64()
  /** Bytes before this one have been summed. */
  private summed = 0

  /** Throws what the file system says. */
  constructor(path: string) {
    super()
    this.fd = fs.openSync(path, 'r')
    this.size = fs.fstatSync(this.fd).size
    this.u8 = new Uint8Array(PIECE_BYTES)
  }

  close(): void {
    fs.closeSync(this.fd)
  }

  /** Offset in the file of what comes next. */
  get offset(): number {
    return this.position - (this.end - this.at)
  }

  /** The checksum of all bytes before the next one. */
  sum(): Crc64 {
    this.crc.update(this.u8, this.summed, this.at)
    this.summed = this.at
    return this.crc
  }

  protected override refill(bytes: number): void {
    const left = this.end - this.at
    if (bytes - left > this.size - this.position) corrupt('the file ends too early')
    this.sum()
    this.onRefill()
    if (this.held?.buf === this.u8) this.held.detach()
    const length = Math.max(bytes, PIECE_BYTES)
    const to = length === this.u8.length ? this.u8 : new Uint8Array(length)
    if (to === this.u8) to.copyWithin(0, this.at, this.end)
    else copy(to, 0, this.u8, this.at, this.end)
    this.u8 = to
    this.at = 0
    this.summed = 0
    this.end = left
    while (this.end < to.length && this.position < this.size) {
      const got = fs.readSync(this.fd, to, this.end, to.length - this.end, this.position)
      if (got === 0) corrupt('the file became shorter while it was read')
      this.end += got
      this.position += got
    }
  }
}
