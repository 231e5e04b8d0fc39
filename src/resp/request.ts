// One command as it lies in the network's bytes: where each argument starts and ends, and nothing copied.
// A server has one and every parser fills the same, so that a command costs no allocation; the two tables only grow
// when a command has more arguments than any before it.
//
//   buf     *3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1\r\nv\r\n
//                       ^  ^         ^  ^         ^^
//   starts              8            17           26
//   ends                   11           20         27    the place behind the last byte

import { intLength } from '../bytes/int64.ts'
import type { Words } from '../bytes/words.ts'
import { ARRAY } from './symbols.ts'

const SMALL_TABLE = 16
/** The first word of an array has `*`, `$` and twice CR LF before it, beside two numbers. */
const HEAD_BYTES = 6
/** Above this a table is not kept when the chunk that needed it is done. */
const KEPT_TABLE = 16384

export const NO_BYTES: Uint8Array = new Uint8Array(0)

/** One command: argument i is buf[starts[i], ends[i]). Valid until the parser that filled it is called again. */
export class Request implements Words {
  buf: Uint8Array = NO_BYTES
  count = 0
  starts = new Int32Array(SMALL_TABLE)
  ends = new Int32Array(SMALL_TABLE)
  keyAt = 0
  nsHash = 0
  keyHash = 0
  keyStart = 0
  foundEpoch = -1
  foundDb = 0
  foundNs = 0
  foundSlot = 0

  /** Bytes of the arguments themselves. */
  get wordBytes(): number {
    let bytes = 0
    for (let i = 0; i < this.count; i++) bytes += this.ends[i] - this.starts[i]
    return bytes
  }

  /** Where the array begins that the client has sent in `buf`; -1 when the words came otherwise, or were copied out of it. */
  get arrayStart(): number {
    const first = this.starts[0]
    const start = first - HEAD_BYTES - intLength(this.count) - intLength(this.ends[0] - first)
    return start >= 0 && this.buf[start] === ARRAY ? start : -1
  }

  /** Makes room for at least one more argument than there is room for now. */
  grow(): void {
    const starts = new Int32Array(this.starts.length * 2)
    starts.set(this.starts)
    this.starts = starts
    const ends = new Int32Array(this.ends.length * 2)
    ends.set(this.ends)
    this.ends = ends
  }

  /** Takes over arguments that have no buffer in common. */
  fill(words: readonly Uint8Array[]): void {
    let bytes = 0
    for (const word of words) bytes += word.length
    this.buf = new Uint8Array(bytes)
    this.count = 0
    let at = 0
    for (const word of words) {
      if (this.count === this.starts.length) this.grow()
      this.buf.set(word, at)
      this.starts[this.count] = at
      at += word.length
      this.ends[this.count++] = at
    }
  }

  /** Lets go of the bytes, and of a table that one huge command had needed. */
  clear(): void {
    this.buf = NO_BYTES
    this.count = 0
    if (this.starts.length <= KEPT_TABLE) return
    this.starts = new Int32Array(SMALL_TABLE)
    this.ends = new Int32Array(SMALL_TABLE)
  }
}
