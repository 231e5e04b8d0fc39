// A member on its way: from a request into a set, from one set into another, into a reply. It is an integer, a text, or
// both, and what is not known of it is worked out when somebody asks and kept. A few are made and used again.

import { INT64_TEXT_BYTES, intLength } from '../bytes/int64.ts'
import { Int64Words } from '../bytes/int64-words.ts'
import type { KeyedHash } from '../bytes/siphash.ts'
import type { ReplyWriter } from '../resp/writer.ts'

/** |high word| below this: the integer is a safe one. */
const SAFE_HIGH = 0x20_0000

const UNKNOWN = 0
const YES = 1
const NO = 2

export class Member {
  /** The bytes buf[start, end); call `spell` before looking at them. They are borrowed. */
  buf: Uint8Array
  start = 0
  end = 0
  private readonly digits = new Uint8Array(INT64_TEXT_BYTES)
  private readonly words = new Int64Words()
  private spelled = true
  /** Whether it is an integer. */
  private number = NO
  private hashed = false
  private knownHash = 0

  constructor() {
    this.buf = this.digits
  }

  setText(buf: Uint8Array, start: number, end: number): void {
    this.buf = buf
    this.start = start
    this.end = end
    this.spelled = true
    this.number = UNKNOWN
    this.hashed = false
  }

  /** A text of which the hash is known. */
  setHashedText(buf: Uint8Array, start: number, end: number, hash: number): void {
    this.setText(buf, start, end)
    this.hashed = true
    this.knownHash = hash
  }

  setInteger(high: number, low: number): void {
    this.words.high = high
    this.words.low = low
    this.spelled = false
    this.number = YES
    this.hashed = false
  }

  /** Whether it is a canonical int64; then `high` and `low` are its words. */
  get isInteger(): boolean {
    if (this.number === UNKNOWN) this.number = this.words.read(this.buf, this.start, this.end) ? YES : NO
    return this.number === YES
  }

  get high(): number {
    return this.words.high
  }

  get low(): number {
    return this.words.low
  }

  /** Makes sure that buf[start, end) is the member. */
  spell(): void {
    if (this.spelled) return
    this.buf = this.digits
    this.start = 0
    this.end = this.words.write(this.digits, 0)
    this.spelled = true
  }

  hash(hasher: KeyedHash): number {
    if (!this.hashed) {
      this.spell()
      this.knownHash = hasher.hash(this.buf, this.start, this.end)
      this.hashed = true
    }
    return this.knownHash
  }

  /** Bytes of the text. */
  get length(): number {
    if (this.spelled) return this.end - this.start
    if (this.isSafe) return intLength(this.words.number)
    this.spell()
    return this.end - this.start
  }

  reply(reply: ReplyWriter): void {
    if (!this.spelled && this.isSafe) {
      reply.bulkInt(this.words.number)
      return
    }
    this.spell()
    reply.bulk(this.buf, this.start, this.end)
  }

  private get isSafe(): boolean {
    const { high } = this.words
    return high > -SAFE_HIGH && high < SAFE_HIGH
  }
}
