// Where the bytes of replies go, for the writer that spells them.
//
//   chunks[0] .. chunks[k-1]   full buffers set aside, in order, never written again: their taker owns them
//   buf[0 .. length)           what follows them; buf[length ..] is free
//
// `buf` is a base buffer kept for ever; a longer reply moves to one that doubles up to MAX_BUFFER_BYTES, and what is
// longer still becomes chunks.

import { copy } from '../bytes/ascii.ts'

/** Room of the base buffer: a pipeline of some hundred short replies. */
export const BASE_BUFFER_BYTES = 64 * 1024
/** `buf` doubles up to here; beyond, copying costs more than a further write call. */
export const MAX_BUFFER_BYTES = 1024 * 1024
/** A grown buffer is given up after this many bursts in a row that the base buffer would have held. */
const SMALL_BURSTS = 16

export abstract class ReplyBuffer {
  buf: Uint8Array
  /** Of `buf`. */
  protected view: DataView
  length = 0
  chunks: Uint8Array[] = []

  private readonly base: Uint8Array
  private readonly baseView: DataView
  private chunkBytes = 0
  private smallBursts = 0

  /** `baseBytes` is what the writer holds on to; give less to a recorder that lives beside many others. */
  constructor(baseBytes: number = BASE_BUFFER_BYTES) {
    this.base = new Uint8Array(baseBytes)
    this.baseView = new DataView(this.base.buffer)
    this.buf = this.base
    this.view = this.baseView
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
    this.useBase()
  }

  /** Empties the writer into the caller's hands: the chunks and a copy of the rest. For what a socket did not accept. */
  take(): Uint8Array[] {
    const taken = this.chunks
    if (this.length > 0) taken.push(this.buf.slice(0, this.length))
    this.chunks = []
    this.clear()
    return taken
  }

  protected insert(mark: number, bytes: Uint8Array, count: number): void {
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

  protected reserve(bytes: number): void {
    if (this.length + bytes > this.buf.length) this.makeRoom(bytes)
  }

  /** Rare: doubles the buffer, or sets it aside and begins another. Afterwards `bytes` more fit. */
  protected makeRoom(bytes: number): void {
    const needed = this.length + bytes
    this.smallBursts = 0
    if (needed <= MAX_BUFFER_BYTES) {
      let capacity = this.buf.length
      while (capacity < needed) capacity *= 2
      const grown = new Uint8Array(Math.min(capacity, MAX_BUFFER_BYTES))
      grown.set(this.buf.subarray(0, this.length))
      this.use(grown)
      return
    }
    this.setAside()
    // The reply is long already, so the next buffer begins at full size.
    if (this.buf.length < Math.max(bytes, MAX_BUFFER_BYTES)) {
      this.use(new Uint8Array(Math.max(bytes, MAX_BUFFER_BYTES)))
    }
  }

  /** Moves what is in `buf` to the chunks. The base buffer is never given away, only copied. */
  protected setAside(): void {
    if (this.length === 0) return
    if (this.buf === this.base || this.length < this.buf.length / 2) this.pushChunk(this.buf.slice(0, this.length))
    else {
      this.pushChunk(this.buf.subarray(0, this.length))
      this.useBase()
    }
    this.length = 0
  }

  private use(buf: Uint8Array): void {
    this.buf = buf
    this.view = new DataView(buf.buffer)
  }

  private useBase(): void {
    this.buf = this.base
    this.view = this.baseView
  }

  protected pushChunk(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.chunkBytes += chunk.length
  }
}
