// Reads the commands of one file, from its start to its end, a piece at a time. It is strict about what is there, and tells
// apart what a crash leaves behind (the file ends in the middle of a command) from what no crash does.
//
// Nearly all commands lie whole in the piece at hand and are spelled as every server spells them: `nextInside` takes those, and
// several of them may be looked at together. Whatever else there is, it leaves to `next`.

import * as fs from 'node:fs'
import { indexOfByte } from '../../bytes/ascii.ts'
import type { Request } from '../../resp/request.ts'

/** It stays in the processor's cache while its commands run. */
const PIECE_BYTES = 512 << 10
/** Longest line: a marker and a number, or an annotation (Redis's AOF_ANNOTATION_LINE_MAX_LEN). */
const MAX_LINE_BYTES = 1024
/** A marker, as many digits as a length in a piece can have, and many more; CR, LF. */
const LONGEST_HEAD_BYTES = 32
/** Shortest word in the file: `$0`, CR LF, CR LF. */
const MIN_WORD_BYTES = 6

const LF = 10
const CR = 13
const HASH = 35
const DOLLAR = 36
const STAR = 42
const ZERO = 48

/** What `next` has found: a command; the end; a command that the end of the file cuts off; something else. */
export type Found = 'command' | 'end' | 'cut' | 'damaged'

const CUT = -2
const DAMAGED = -3

export class AofReader {
  readonly bytes: number
  /** Where the last whole command ends. */
  offset = 0
  private readonly fd: number
  private buf = new Uint8Array(PIECE_BYTES)
  /** The file's bytes from `base` on are buf[0, filled). */
  private base = 0
  private filled = 0
  private at = 0

  /** Throws what the file system says. */
  constructor(path: string) {
    this.fd = fs.openSync(path, 'r')
    this.bytes = fs.fstatSync(this.fd).size
  }

  close(): void {
    fs.closeSync(this.fd)
  }

  /** Whether the file begins with these bytes. */
  startsWith(bytes: Uint8Array): boolean {
    return this.has(bytes.length) && bytes.every((byte, i) => this.buf[i] === byte)
  }

  /** Goes on at this offset, before the first command. */
  skipTo(offset: number): void {
    this.base = offset
    this.offset = offset
    this.at = 0
    this.filled = 0
  }

  /**
   * Aims `request` at the next command, if it is there without a look at the file. False: only `next` can tell what comes.
   * Its bytes are good until the next call of `next`.
   */
  nextInside(request: Request): boolean {
    const { buf } = this
    // From here on no head goes beyond what was read.
    const last = this.filled - LONGEST_HEAD_BYTES
    let { at } = this
    if (at > last || buf[at++] !== STAR) return false
    let words = 0
    for (let digit = buf[at] - ZERO; digit >= 0 && digit <= 9; digit = buf[++at] - ZERO) words = words * 10 + digit
    if (buf[at] !== CR || buf[at + 1] !== LF || words === 0 || words > request.starts.length) return false
    at += 2
    for (let i = 0; i < words; i++) {
      if (at > last || buf[at++] !== DOLLAR) return false
      const digits = at
      let length = 0
      for (let digit = buf[at] - ZERO; digit >= 0 && digit <= 9; digit = buf[++at] - ZERO) length = length * 10 + digit
      if (buf[at] !== CR || buf[at + 1] !== LF || at === digits) return false
      at += 2
      if (length > last - at) return false
      request.starts[i] = at
      at += length
      request.ends[i] = at
      if (buf[at] !== CR || buf[at + 1] !== LF) return false
      at += 2
    }
    request.buf = buf
    request.count = words
    request.keyAt = 0
    this.at = at
    this.offset = this.base + at
    return true
  }

  /** Aims `request` at the next command. Its bytes are good until the next call. */
  next(request: Request): Found {
    // What comes before is not needed any more.
    if (this.at > this.buf.length / 2) this.shift()
    request.count = 0
    request.keyAt = 0
    for (;;) {
      if (!this.has(1)) return 'end'
      if (this.buf[this.at] !== HASH) break
      const end = this.lineEnd()
      if (end < 0) return end === CUT ? 'cut' : 'damaged'
      this.at = end
    }
    const found = this.command(request)
    request.buf = this.buf
    if (found === 'command') this.offset = this.base + this.at
    return found
  }

  private command(request: Request): Found {
    const words = this.number(STAR)
    if (words < 0) return words === CUT ? 'cut' : 'damaged'
    if (words === 0) return 'damaged'
    for (let i = 0; i < words; i++) {
      const length = this.number(DOLLAR)
      if (length < 0) return length === CUT ? 'cut' : 'damaged'
      if (!this.has(length + 2)) return 'cut'
      if (request.count === request.starts.length) request.grow()
      request.starts[request.count] = this.at
      request.ends[request.count++] = this.at + length
      this.at += length + 2
      if (this.buf[this.at - 2] !== CR || this.buf[this.at - 1] !== LF) return 'damaged'
    }
    return 'command'
  }

  /** The number in the line at hand, behind its marker; CUT or DAMAGED. */
  private number(marker: number): number {
    if (!this.has(1)) return CUT
    if (this.buf[this.at] !== marker) return DAMAGED
    const end = this.lineEnd()
    if (end < 0) return end
    const { buf } = this
    let n = 0
    let digits = 0
    const stop = buf[end - 2] === CR ? end - 2 : end - 1
    for (let i = this.at + 1; i < stop; i++, digits++) {
      const digit = buf[i] - ZERO
      if (!(digit >= 0 && digit <= 9) || digits > 15) return DAMAGED
      n = n * 10 + digit
    }
    this.at = end
    if (digits === 0) return DAMAGED
    // More than the file can hold: it was longer once.
    return n * (marker === STAR ? MIN_WORD_BYTES : 1) > this.bytes ? CUT : n
  }

  /** The place behind the line at hand; CUT when the file ends before it does. */
  private lineEnd(): number {
    let end = this.lineFeed()
    if (end < 0) {
      const isMore = this.has(MAX_LINE_BYTES)
      end = this.lineFeed()
      if (end < 0) return isMore ? DAMAGED : CUT
    }
    return end + 1
  }

  private lineFeed(): number {
    return indexOfByte(this.buf, this.at, Math.min(this.filled, this.at + MAX_LINE_BYTES), LF)
  }

  private shift(): void {
    this.buf.copyWithin(0, this.at, this.filled)
    this.base += this.at
    this.filled -= this.at
    this.at = 0
  }

  /** Whether so many bytes more are there; reads them when they are not in the buffer yet. */
  private has(bytes: number): boolean {
    const wanted = this.at + bytes
    if (wanted <= this.filled) return true
    if (this.base + wanted > this.bytes) {
      // All there is, for a line that may end before.
      this.fill(Math.min(this.bytes - this.base, this.at + MAX_LINE_BYTES))
      return false
    }
    this.fill(wanted)
    return wanted <= this.filled
  }

  private fill(wanted: number): void {
    if (wanted > this.buf.length) {
      const grown = new Uint8Array(Math.max(wanted, 2 * this.buf.length))
      grown.set(this.buf.subarray(0, this.filled))
      this.buf = grown
    }
    while (this.filled < wanted) {
      const n = fs.readSync(this.fd, this.buf, this.filled, this.buf.length - this.filled, this.base + this.filled)
      if (n === 0) return
      this.filled += n
    }
  }
}
