// Replies out: one typed writer, the only place that knows RESP2 from RESP3. A handler says what it means
// (`map(2)`, `double(1.5)`, `null()`); the writer spells it for `protocol`.
//
// Where the bytes go is the business of reply-buffer.ts. One writer serves all connections: it is empty again after every
// `clear`.
//
//   ok 5 ns, array header 5, int 5-11, bulk of 8 bytes 9, of 64 bytes 37, of 1 KiB 50
//   (64 replies and a clear, best of 60 runs, Bun 1.4.5, one core of a shared EPYC)
//
// Texts are byte strings: one char is one byte. A char above 0xFF has no byte and becomes '?'.

import { copy, fromText } from '../bytes/ascii.ts'
import { formatDouble, formatHuman } from '../bytes/double.ts'
import { INT64_TEXT_BYTES, intLength, writeInt } from '../bytes/int64.ts'
import { copyWide, LONG_COPY_BYTES, type Viewed } from '../bytes/wide-copy.ts'
import { ReplyBuffer } from './reply-buffer.ts'
import {
  ARRAY,
  ATTRIBUTE,
  BIG_NUMBER,
  BOOLEAN,
  BULK,
  CR,
  DOUBLE,
  ERROR,
  INTEGER,
  LF,
  MAP,
  NULL,
  PUSH,
  SET,
  SIMPLE,
  SPACE,
  VERBATIM,
} from './symbols.ts'

/** A longer bulk is copied once, into a chunk of its own. */
export const OWN_CHUNK_BYTES = 256 * 1024
/** Marker, int64 and line end. */
const HEADER_BYTES = 1 + INT64_TEXT_BYTES + 2
const QUESTION_MARK = 0x3f

export const OK: Uint8Array = fromText('+OK\r\n')
export const QUEUED: Uint8Array = fromText('+QUEUED\r\n')
export const PONG: Uint8Array = fromText('+PONG\r\n')

export class ReplyWriter extends ReplyBuffer {
  /** The version the receiving client speaks; whoever hands the writer to a command sets it. */
  protocol: 2 | 3 = 2
  ok(): void {
    this.encoded(OK)
  }

  /** `+text`. CR and LF become spaces: nobody can smuggle a second reply into the first. */
  simple(text: string): void {
    this.line(SIMPLE, text)
  }

  /** `text` begins with its code and without the `-`: `ERR no such key`. CR and LF become spaces. */
  error(text: string): void {
    this.line(ERROR, text)
  }

  /** `n` is a safe integer. */
  int(n: number): void {
    this.header(INTEGER, n)
  }

  int64(n: bigint): void {
    this.line(INTEGER, n.toString())
  }

  /** The bytes buf[start, end). They are copied: the caller may change them afterwards. */
  bulk(buf: Uint8Array, start: number, end: number): void {
    const bytes = end - start
    if (bytes > OWN_CHUNK_BYTES) {
      this.bulkChunk(buf, start, end)
      return
    }
    if (this.length + bytes + HEADER_BYTES + 2 > this.buf.length) this.makeRoom(bytes + HEADER_BYTES + 2)
    const out = this.buf
    let at = this.length
    out[at] = BULK
    at = writeInt(out, at + 1, bytes)
    out[at] = CR
    out[at + 1] = LF
    at = copy(out, at + 2, buf, start, end)
    out[at] = CR
    out[at + 1] = LF
    this.length = at + 2
  }

  /**
   * The same of bytes in a buffer that has a view: half the time when they are 20 to 100. Written out like the other: with both
   * in shared pieces LRANGE took 7 % longer.
   */
  bulkOf(from: Viewed, start: number, end: number): void {
    const bytes = end - start
    if (bytes > LONG_COPY_BYTES) {
      this.bulk(from.u8, start, end)
      return
    }
    if (this.length + bytes + HEADER_BYTES + 2 > this.buf.length) this.makeRoom(bytes + HEADER_BYTES + 2)
    const out = this.buf
    let at = this.length
    out[at] = BULK
    at = writeInt(out, at + 1, bytes)
    out[at] = CR
    out[at + 1] = LF
    at = copyWide(this.view, at + 2, from.view, start, end)
    out[at] = CR
    out[at + 1] = LF
    this.length = at + 2
  }

  /** A bulk of two runs of bytes in a buffer, one behind the other, together at most OWN_CHUNK_BYTES. */
  bulkOfTwo(from: Viewed, first: number, firstBytes: number, start: number, end: number): void {
    const bytes = firstBytes + end - start
    if (this.length + bytes + HEADER_BYTES + 2 > this.buf.length) this.makeRoom(bytes + HEADER_BYTES + 2)
    const out = this.buf
    let at = this.length
    out[at] = BULK
    at = writeInt(out, at + 1, bytes)
    out[at] = CR
    out[at + 1] = LF
    at = copyWide(this.view, at + 2, from.view, first, first + firstBytes)
    at =
      end - start > LONG_COPY_BYTES
        ? copy(out, at, from.u8, start, end)
        : copyWide(this.view, at, from.view, start, end)
    out[at] = CR
    out[at + 1] = LF
    this.length = at + 2
  }

  /** A bulk of some bytes, at most OWN_CHUNK_BYTES, and the decimal digits of `n`, a safe integer. */
  bulkWithInt(from: Viewed, first: number, firstBytes: number, n: number): void {
    const bytes = firstBytes + intLength(n)
    if (this.length + bytes + HEADER_BYTES + 2 > this.buf.length) this.makeRoom(bytes + HEADER_BYTES + 2)
    const out = this.buf
    let at = this.length
    out[at] = BULK
    at = writeInt(out, at + 1, bytes)
    out[at] = CR
    out[at + 1] = LF
    at = copyWide(this.view, at + 2, from.view, first, first + firstBytes)
    at = writeInt(out, at, n)
    out[at] = CR
    out[at + 1] = LF
    this.length = at + 2
  }

  bulkText(text: string): void {
    this.framed(BULK, '', text)
  }

  /** A bulk of the decimal digits of `n`, a safe integer. */
  bulkInt(n: number): void {
    this.header(BULK, intLength(n))
    this.reserve(HEADER_BYTES)
    this.length = writeInt(this.buf, this.length, n)
    this.endLine()
  }

  null(): void {
    if (this.protocol === 3) this.resp3Null()
    else this.header(BULK, -1)
  }

  nullArray(): void {
    if (this.protocol === 3) this.resp3Null()
    else this.header(ARRAY, -1)
  }

  /** `n` elements follow. */
  array(n: number): void {
    this.header(ARRAY, n)
  }

  /** `n` pairs follow: RESP2 sees an array of 2n. */
  map(n: number): void {
    this.aggregate(MAP, n)
  }

  set(n: number): void {
    this.aggregate(SET, n)
  }

  /** `n` pairs follow, each begun with `pair`: RESP2 sees one flat array, RESP3 an array of arrays. For what is no map. */
  pairs(n: number): void {
    this.header(ARRAY, this.protocol === 3 ? n : 2 * n)
  }

  pair(): void {
    if (this.protocol === 3) this.header(ARRAY, 2)
  }

  /** Out-of-band data with `n` elements; RESP2 has only arrays for it. */
  push(n: number): void {
    this.aggregate(PUSH, n)
  }

  /**
   * `n` pairs about the reply that follows. RESP2 has nothing for it and its clients would take it for a reply, so a
   * command must ask `protocol` before: calling this in RESP2 is a bug and throws.
   */
  attribute(n: number): void {
    if (this.protocol === 2) throw new Error('attributes exist only in RESP3')
    this.header(ATTRIBUTE, n)
  }

  /** Seventeen significant digits at most, as Redis 7.0 prints a score. */
  double(n: number): void {
    // Whole scores are the common ones and need no text; -0 does, for its sign.
    const whole = (n | 0) === n && (n !== 0 || 1 / n > 0)
    if (this.protocol === 3) {
      if (whole) this.header(DOUBLE, n)
      else this.line(DOUBLE, formatDouble(n))
    } else if (whole) this.bulkInt(n)
    else this.bulkText(formatDouble(n))
  }

  /** Up to seventeen decimals and no exponent: degrees. */
  humanDouble(n: number): void {
    if (this.protocol === 3) this.line(DOUBLE, formatHuman(n))
    else this.bulkText(formatHuman(n))
  }

  bool(value: boolean): void {
    if (this.protocol === 2) {
      this.header(INTEGER, value ? 1 : 0)
      return
    }
    this.line(BOOLEAN, value ? 't' : 'f')
  }

  /** `digits` is a decimal integer of any length. */
  bigNumber(digits: string): void {
    if (this.protocol === 3) this.line(BIG_NUMBER, digits)
    else this.bulkText(digits)
  }

  /** Text for a person. RESP2 sees a plain bulk, without the format. */
  verbatim(format: 'txt' | 'mkd', text: string): void {
    if (this.protocol === 3) this.framed(VERBATIM, `${format}:`, text)
    else this.framed(BULK, '', text)
  }

  /** Makes the `n` replies written since `mark` the elements of an array. Costs a move of their bytes. */
  arrayFrom(mark: number, n: number): void {
    this.headerAt(mark, ARRAY, n)
  }

  setFrom(mark: number, n: number): void {
    this.headerAt(mark, this.protocol === 3 ? SET : ARRAY, n)
  }

  /** `n` pairs were written since `mark`. */
  mapFrom(mark: number, n: number): void {
    if (this.protocol === 3) this.headerAt(mark, MAP, n)
    else this.headerAt(mark, ARRAY, 2 * n)
  }

  private aggregate(marker: number, n: number): void {
    if (this.protocol === 3) this.header(marker, n)
    else this.header(ARRAY, marker === MAP ? 2 * n : n)
  }

  /** `marker`, the digits of `n`, line end. */
  private header(marker: number, n: number): void {
    if (this.length + HEADER_BYTES > this.buf.length) this.makeRoom(HEADER_BYTES)
    const out = this.buf
    let at = this.length
    out[at] = marker
    at = writeInt(out, at + 1, n)
    out[at] = CR
    out[at + 1] = LF
    this.length = at + 2
  }

  private resp3Null(): void {
    this.reserve(3)
    this.buf[this.length++] = NULL
    this.endLine()
  }

  /** `marker`, the text in one line, line end. */
  private line(marker: number, text: string): void {
    this.reserve(text.length + 3)
    this.buf[this.length++] = marker
    const out = this.buf
    let at = this.length
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i)
      out[at++] = char === CR || char === LF ? SPACE : char > 0xff ? QUESTION_MARK : char
    }
    this.length = at
    this.endLine()
  }

  /** `marker`, the length of prefix and text, line end, both, line end. */
  private framed(marker: number, prefix: string, text: string): void {
    const bytes = prefix.length + text.length
    this.header(marker, bytes)
    this.reserve(bytes + 2)
    this.chars(prefix)
    this.chars(text)
    this.endLine()
  }

  private chars(text: string): void {
    const out = this.buf
    let at = this.length
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i)
      out[at++] = char > 0xff ? QUESTION_MARK : char
    }
    this.length = at
  }

  /** Needs two bytes of room. */
  private endLine(): void {
    this.buf[this.length] = CR
    this.buf[this.length + 1] = LF
    this.length += 2
  }

  private headerAt(mark: number, marker: number, n: number): void {
    if (this.mark() === mark) {
      this.header(marker, n)
      return
    }
    const header = new Uint8Array(HEADER_BYTES)
    header[0] = marker
    const end = writeInt(header, 1, n)
    header[end] = CR
    header[end + 1] = LF
    this.insert(mark, header, end + 2)
  }

  private bulkChunk(buf: Uint8Array, start: number, end: number): void {
    this.header(BULK, end - start)
    this.setAside()
    this.pushChunk(buf.slice(start, end))
    this.reserve(2)
    this.endLine()
  }
}
