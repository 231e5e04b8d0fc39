// Patterns of SORT's BY and GET: a name in which `*` stands for the element, looked up for each. `name_*` is a string,
// `name_*->field` a field of a hash, `#` the element itself. The name is that of a key like any other, `ns/name_*` too.
// Where pattern and element hold a NUL Redis's C strings decide what is found (sort.c lookupKeyByPattern).

import { copy, indexOfByte } from '../bytes/ascii.ts'
import { entryType, stringLength, stringStart } from '../store/entry.ts'
import { Hash } from '../values/hash.ts'
import { TYPE_HASH, TYPE_STRING } from '../values/types.ts'
import type { Args } from './args.ts'
import type { ReadContext } from './command.ts'

const STAR = 42
const HASH_SIGN = 35
const DASH = 45
const GREATER = 62

const hash = new Hash()

export class SortPattern {
  /** What the last look-up found: buf[start, end). Borrowed until the next look-up or change. */
  buf: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  /** Offsets in the words of the request; star -1: the pattern has none, and nothing is found. */
  private words: Uint8Array = this.buf
  private from = 0
  private star = -1
  private nameEnd = 0
  private fieldStart = -1
  private to = 0
  private isElement = false
  private name = new Uint8Array(256)
  private readonly digits = new Uint8Array(24)

  /** Reads the pattern in word `i`. */
  parse(args: Args, i: number): void {
    const { buf } = args
    const start = args.starts[i]
    const end = args.ends[i]
    const nul = indexOfByte(buf, start, end, 0)
    const seen = nul < 0 ? end : nul
    this.words = buf
    this.from = start
    this.to = end
    this.isElement = seen === start + 1 && buf[start] === HASH_SIGN
    this.star = indexOfByte(buf, start, seen, STAR)
    this.nameEnd = end
    this.fieldStart = -1
    if (this.star < 0) return
    for (let at = this.star + 1; at + 2 < seen; at++) {
      if (buf[at] !== DASH || buf[at + 1] !== GREATER) continue
      this.nameEnd = at
      this.fieldStart = at + 2
      return
    }
  }

  /** Without one the elements are not to be sorted. */
  get hasStar(): boolean {
    return this.star >= 0
  }

  /** Whether there is something for the element buf[start, end), which must not lie in an arena. */
  find(ctx: ReadContext, buf: Uint8Array, start: number, end: number): boolean {
    if (this.isElement) return this.found(buf, start, end)
    if (this.star < 0) return false
    const length = this.spell(buf, start, end)
    const { keys } = ctx
    const e = keys.readNamed(this.name, 0, length)
    if (e === 0) return false
    const a = keys.other.shard.arena
    if (this.fieldStart < 0) {
      if (entryType(a, e) !== TYPE_STRING) return false
      const at = stringStart(a, e)
      return this.found(a.u8, at, at + stringLength(a, e))
    }
    if (entryType(a, e) !== TYPE_HASH) return false
    hash.aim(keys, a, a.i32[e >> 2], a.u8[e + 6] & 15)
    if (!hash.find(this.words, this.fieldStart, this.to)) return false
    const { value } = hash
    if (value.isInt) return this.found(this.digits, 0, value.writeText(this.digits, 0))
    return this.found(value.buf, value.start, value.end)
  }

  private found(buf: Uint8Array, start: number, end: number): true {
    this.buf = buf
    this.start = start
    this.end = end
    return true
  }

  /** Writes the name for an element and returns its length. */
  private spell(buf: Uint8Array, start: number, end: number): number {
    const { words, star, nameEnd } = this
    const length = nameEnd - this.from - 1 + end - start
    if (length > this.name.length) this.name = new Uint8Array(2 * length)
    let at = copy(this.name, 0, words, this.from, star)
    at = copy(this.name, at, buf, start, end)
    return copy(this.name, at, words, star + 1, nameEnd)
  }
}
