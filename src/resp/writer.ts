// Replies out: one typed writer, the only place that knows RESP2 from RESP3. A handler says what it means
// (`map(2)`, `double(1.5)`, `null()`); the writer spells it for `protocol`.
//
//   chunks[0] .. chunks[k-1]   full buffers set aside, in order, never written again: their taker owns them
//   buf[0 .. length)           what follows them; buf[length ..] is free
//
// `buf` is a base buffer kept for ever; a longer reply moves to one that doubles up to MAX_BUFFER_BYTES, and what is
// longer still becomes chunks. So one writer serves all connections: it is empty again after every `clear`.
//
//   ok 5 ns, array header 5, int 5-11, bulk of 8 bytes 9, of 64 bytes 37, of 1 KiB 50
//   (64 replies and a clear, best of 60 runs, Bun 1.4.5, one core of a shared EPYC)
//
// Texts are byte strings: one char is one byte. A char above 0xFF has no byte and becomes '?'.

import { copy, fromText } from '../bytes/ascii.ts'
import { formatDouble, formatHuman } from '../bytes/double.ts'
import { INT64_TEXT_BYTES, intLength, writeInt } from '../bytes/int64.ts'
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

/** Room of the base buffer: a pipeline of some hundred short replies. */
export const BASE_BUFFER_BYTES = 64 * 1024
/** `buf` doubles up to here; beyond, copying costs more than a further write call. */
export const MAX_BUFFER_BYTES = 1024 * 1024
/** A longer bulk is copied once, into a chunk of its own. */
export const OWN_CHUNK_BYTES = 256 * 1024
/** A grown buffer is given up after this many bursts in a row that the base buffer would have held. */
const SMALL_BURSTS = 16

/** Marker, int64 and line end. */
const HEADER_BYTES = 1 + INT64_TEXT_BYTES + 2
const QUESTION_MARK = 0x3f

export const OK: Uint8Array = fromText('+OK\r\n')
export const QUEUED: Uint8Array = fromText('+QUEUED\r\n')
export const PONG: Uint8Array = fromText('+PONG\r\n')

export class ReplyWriter {
  /** The version the receiving client speaks; whoever hands the writer to a command sets it. */
  protocol: 2 | 3 = 2
  buf: Uint8Array
  length = 0
  chunks: Uint8Array[] = []

  private readonly base: Uint8Array
  private chunkBytes = 0
  private smallBursts = 0

  /** `baseBytes` is what the writer holds on to; give less to a recorder that lives beside many others. */
  constructor(baseBytes: number = BASE_BUFFER_BYTES) {
    this.base = new Uint8Array(baseBytes)
    this.buf = this.base
  }

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

  /** Bytes that are RESP already: a constant such as `OK`, or what another writer recorded. */
  encoded(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.length = copy(this.buf, this.length, bytes, 0, bytes.length)
  }

  /** Bytes written since the last `clear` or `take`. */
  get size(): number {
    return this.chunkBytes + this.length
  }

  /** The place reached, for `rewind` and the `…From` calls. A `clear` or `take` makes it void. */
  mark(): number {
    return this.size
  }

  /** Forgets all that was written since `mark`: the half of a reply before its command failed. */
  rewind(mark: number): void {
    while (mark < this.chunkBytes) {
      const last = this.chunks.pop()
      if (last === undefined) throw new Error('rewind to a mark of an earlier reply')
      this.chunkBytes -= last.length
      this.length = 0
      if (mark > this.chunkBytes) {
        this.chunks.push(last.subarray(0, mark - this.chunkBytes))
        this.chunkBytes = mark
      }
    }
    this.length = mark - this.chunkBytes
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

  /** Empties the writer after its bytes were sent. */
  clear(): void {
    const small = this.chunkBytes === 0 && this.length <= this.base.length
    this.length = 0
    if (this.chunkBytes !== 0) {
      this.chunks = []
      this.chunkBytes = 0
    }
    if (this.buf === this.base) return
    this.smallBursts = small ? this.smallBursts + 1 : 0
    if (this.smallBursts < SMALL_BURSTS) return
    this.smallBursts = 0
    this.buf = this.base
  }

  /** Empties the writer into the caller's hands: the chunks and a copy of the rest. For what a socket did not accept. */
  take(): Uint8Array[] {
    const taken = this.chunks
    if (this.length > 0) taken.push(this.buf.slice(0, this.length))
    this.chunks = []
    this.clear()
    return taken
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

  private insert(mark: number, bytes: Uint8Array, count: number): void {
    // Making room may set the buffer aside: look where the mark lies only afterwards.
    this.reserve(count)
    if (mark >= this.chunkBytes) {
      const at = mark - this.chunkBytes
      this.buf.copyWithin(at + count, at, this.length)
      copy(this.buf, at, bytes, 0, count)
      this.length += count
      return
    }
    let index = this.chunks.length
    let start = this.chunkBytes
    while (start > mark) start -= this.chunks[--index].length
    const chunk = this.chunks[index]
    const inserted = bytes.slice(0, count)
    if (start === mark) this.chunks.splice(index, 0, inserted)
    else this.chunks.splice(index, 1, chunk.subarray(0, mark - start), inserted, chunk.subarray(mark - start))
    this.chunkBytes += count
  }

  private reserve(bytes: number): void {
    if (this.length + bytes > this.buf.length) this.makeRoom(bytes)
  }

  /** Rare: doubles the buffer, or sets it aside and begins another. Afterwards `bytes` more fit. */
  private makeRoom(bytes: number): void {
    const needed = this.length + bytes
    this.smallBursts = 0
    if (needed <= MAX_BUFFER_BYTES) {
      let capacity = this.buf.length
      while (capacity < needed) capacity *= 2
      const grown = new Uint8Array(Math.min(capacity, MAX_BUFFER_BYTES))
      grown.set(this.buf.subarray(0, this.length))
      this.buf = grown
      return
    }
    this.setAside()
    // The reply is long already, so the next buffer begins at full size.
    if (this.buf.length < Math.max(bytes, MAX_BUFFER_BYTES)) {
      this.buf = new Uint8Array(Math.max(bytes, MAX_BUFFER_BYTES))
    }
  }

  /** Moves what is in `buf` to the chunks. The base buffer is never given away, only copied. */
  private setAside(): void {
    if (this.length === 0) return
    if (this.buf === this.base || this.length < this.buf.length / 2) this.pushChunk(this.buf.slice(0, this.length))
    else {
      this.pushChunk(this.buf.subarray(0, this.length))
      this.buf = this.base
    }
    this.length = 0
  }

  private pushChunk(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.chunkBytes += chunk.length
  }

  private bulkChunk(buf: Uint8Array, start: number, end: number): void {
    this.header(BULK, end - start)
    this.setAside()
    this.pushChunk(buf.slice(start, end))
    this.reserve(2)
    this.endLine()
  }
}
