// Changes as the append-only file has them: commands in RESP, put together in one buffer until it is written. A unit is what
// happens without anything in between (a command with the keys that expired under it, a transaction): when it comes to
// several commands, MULTI and EXEC are put around them, as Redis does.
//
//   SELECT 0   SET a 1   MULTI   DEL b   SET c 2   EXEC
//   `--- only when the database is another than before

import { copy, equalsIgnoreCase, fromText } from '../../bytes/ascii.ts'
import { INT64_MAX, intLength, writeInt } from '../../bytes/int64.ts'
import { SLASH } from '../../store/finder.ts'
import { DEFAULT_NAMESPACE, isShownWithNamespace } from '../../store/names.ts'
import type { Namespace } from '../../store/namespace.ts'
import type { Place } from '../../store/place.ts'

const FIRST_BYTES = 64 << 10
/** A buffer that one huge command had needed is not kept. */
const KEPT_BYTES = 4 << 20
/** Marker, digits, CR LF. */
const HEAD_BYTES = 32

const STAR = 42
const DOLLAR = 36
const CR = 13
const LF = 10

const MULTI = fromText('*1\r\n$5\r\nMULTI\r\n')
const EXEC = fromText('*1\r\n$4\r\nEXEC\r\n')
const SELECT = fromText('SELECT')

/** A request's words, as Args has them. */
interface Words {
  readonly buf: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** One that may still be as the client has sent it. */
interface SentWords extends Words {
  readonly count: number
  readonly arrayStart: number
}

/** Whether each word ends as it should: the parser does not look. */
function hasLineEnds({ buf, ends, count }: SentWords): boolean {
  for (let i = 0; i < count; i++) if (buf[ends[i]] !== CR || buf[ends[i] + 1] !== LF) return false
  return true
}

export class CommandLog {
  buf: Uint8Array = new Uint8Array(FIRST_BYTES)
  size = 0
  /** The namespace that keys in requests are relative to. */
  binding: Namespace | undefined
  /** Commands since the log was made. */
  total = 0
  /** Unix time in seconds, to be noted in the log when it is another; undefined: times are not noted. */
  nowS: (() => number) | undefined
  private notedS = 0
  /** The database of the last command, -1 before the first one of a file. */
  private db = -1
  private depth = 0
  /** Commands of the present unit, and where in the buffer they begin. */
  private commands = 0
  private unitAt = 0

  /** A new file begins: it knows of no database yet. */
  restart(): void {
    this.db = -1
    this.notedS = 0
  }

  /** Whether all that is in the buffer may be written now: a unit that may still need its MULTI may not. */
  get isWhole(): boolean {
    return this.depth === 0 || this.commands !== 1
  }

  /** What is in the buffer has been written. */
  clear(): void {
    this.size = 0
    if (this.buf.length > KEPT_BYTES) this.buf = new Uint8Array(FIRST_BYTES)
  }

  /** Whether a unit is being logged. */
  get isOpen(): boolean {
    return this.depth > 0
  }

  /** A unit begins; one inside of another is part of it. */
  open(): void {
    if (this.depth++ === 0) this.commands = 0
  }

  close(): void {
    if (--this.depth === 0 && this.commands > 1) this.raw(EXEC)
  }

  /** A command of so many words in database `db`; the words follow. */
  command(db: number, words: number): this {
    this.begin(db)
    this.head(STAR, words)
    return this
  }

  /**
   * The request as it was sent, in one piece: half of what its words one by one cost. `name`, in small letters, is what
   * the file knows the command by. False, and nothing is logged, when it was sent under another one or not as an array.
   */
  sent(db: number, request: SentWords, name: Uint8Array): boolean {
    const { buf, starts, ends, count, arrayStart } = request
    if (arrayStart < 0 || !equalsIgnoreCase(buf, starts[0], ends[0], name) || !hasLineEnds(request)) return false
    this.begin(db)
    const end = ends[count - 1] + 2
    this.reserve(end - arrayStart)
    this.size = copy(this.buf, this.size, buf, arrayStart, end)
    return true
  }

  private begin(db: number): void {
    this.total++
    if (this.depth > 0 && this.commands++ === 1) this.insertMulti()
    else if (this.nowS !== undefined) this.noteTime(this.nowS())
    if (db !== this.db) this.select(db)
    if (this.commands === 1) this.unitAt = this.size
  }

  private noteTime(nowS: number): void {
    if (nowS === this.notedS) return
    this.notedS = nowS
    this.raw(fromText(`#TS:${nowS}\r\n`))
  }

  private insertMulti(): void {
    this.reserve(MULTI.length)
    this.buf.copyWithin(this.unitAt + MULTI.length, this.unitAt, this.size)
    this.buf.set(MULTI, this.unitAt)
    this.size += MULTI.length
  }

  private select(db: number): void {
    this.db = db
    this.head(STAR, 2)
    this.text(SELECT).int(db)
  }

  // ---- words ------------------------------------------------------------------------------------------------------

  bytes(buf: Uint8Array, start: number, end: number): this {
    this.reserve(HEAD_BYTES + end - start)
    this.head(DOLLAR, end - start)
    this.size = copy(this.buf, this.size, buf, start, end)
    this.endLine()
    return this
  }

  text(text: Uint8Array): this {
    return this.bytes(text, 0, text.length)
  }

  /** An integer; a deadline may be beyond 2^53, and rounded up to 2^63, which is none any more. */
  int(n: number): this {
    if (!Number.isSafeInteger(n)) return this.text(fromText(String(n >= 2 ** 63 ? INT64_MAX : BigInt(n))))
    this.reserve(2 * HEAD_BYTES)
    this.head(DOLLAR, intLength(n))
    this.size = writeInt(this.buf, this.size, n)
    this.endLine()
    return this
  }

  /** Word `i` of a request. */
  word({ buf, starts, ends }: Words, i: number): this {
    return this.bytes(buf, starts[i], ends[i])
  }

  /** Words from `i` up to `end`. */
  words(words: Words, i: number, end: number): this {
    for (; i < end; i++) this.word(words, i)
    return this
  }

  /** The key in word `i` of a request, by the name that it has for those who see all namespaces. */
  key(words: Words, i: number): this {
    const { buf, starts, ends } = words
    const { binding } = this
    return binding === undefined ? this.word(words, i) : this.named(binding, buf, starts[i], ends[i])
  }

  private named({ hash, bytes }: Namespace, buf: Uint8Array, start: number, end: number): this {
    if (!isShownWithNamespace(hash, buf, start, end)) return this.bytes(buf, start, end)
    return this.joined(bytes, 0, bytes.length, buf, start, end)
  }

  /** The name of the key at `p`, in full. */
  shown(p: Place): this {
    const { buf, keyStart, keyEnd, nsHash } = p
    if (!isShownWithNamespace(nsHash, buf, keyStart, keyEnd)) return this.bytes(buf, keyStart, keyEnd)
    if (nsHash === 0) return this.joined(DEFAULT_NAMESPACE, 0, DEFAULT_NAMESPACE.length, buf, keyStart, keyEnd)
    return this.joined(p.nsBuf, p.nsStart, p.nsEnd, buf, keyStart, keyEnd)
  }

  private joined(ns: Uint8Array, nsStart: number, nsEnd: number, buf: Uint8Array, start: number, end: number): this {
    const length = nsEnd - nsStart + 1 + end - start
    this.reserve(HEAD_BYTES + length)
    this.head(DOLLAR, length)
    this.size = copy(this.buf, this.size, ns, nsStart, nsEnd)
    this.buf[this.size++] = SLASH
    this.size = copy(this.buf, this.size, buf, start, end)
    this.endLine()
    return this
  }

  // ---- bytes ------------------------------------------------------------------------------------------------------

  /** Bytes that are no command: a note for whoever reads the file. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.size = copy(this.buf, this.size, bytes, 0, bytes.length)
  }

  private head(marker: number, n: number): void {
    this.reserve(HEAD_BYTES)
    this.buf[this.size++] = marker
    this.size = writeInt(this.buf, this.size, n)
    this.endLine()
  }

  private endLine(): void {
    this.buf[this.size++] = CR
    this.buf[this.size++] = LF
  }

  private reserve(bytes: number): void {
    if (this.size + bytes <= this.buf.length) return
    const grown = new Uint8Array(Math.max(2 * this.buf.length, this.size + bytes + HEAD_BYTES))
    grown.set(this.buf.subarray(0, this.size))
    this.buf = grown
  }
}
