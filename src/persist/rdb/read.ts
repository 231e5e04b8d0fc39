// From RDB to values: every way in which versions 1 to 12 keep strings, lists, sets, sorted sets and hashes. A value is
// built beside the keys, checked while it is built (as Redis with sanitize-dump-payload), and placed when it is whole: so
// nothing that is wrong with it leaves half a key, and what the key held before is there until then.

import { parseDouble } from '../../bytes/double.ts'
import { parseSafe } from '../../bytes/int64.ts'
import { buildValue, dropBuilt, fitBuilt, replaceValue } from '../../store/collections.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import type { Place } from '../../store/place.ts'
import { setString } from '../../store/strings.ts'
import { Hash } from '../../values/hash.ts'
import { List } from '../../values/list.ts'
import { RIGHT } from '../../values/list-walk.ts'
import { Member } from '../../values/member.ts'
import { SetValue } from '../../values/set.ts'
import { encodingOf } from '../../values/string.ts'
import type { Value } from '../../values/value.ts'
import { SortedSet } from '../../values/zset.ts'
import { corrupt, RdbUnsupported } from './errors.ts'
import { type RdbInput, RdbText } from './input.ts'
import { IntsetReader } from './intset-reader.ts'
import { ListpackReader } from './listpack-reader.ts'
import type { PackedReader } from './packed-reader.ts'
import * as T from './types.ts'
import { ZiplistReader } from './ziplist-reader.ts'
import { ZipmapReader } from './zipmap-reader.ts'

/** What one step adds: elements, or nodes of a list, which hold more. */
export const STEP_ELEMENTS = 64
const STEP_NODES = 4
/** Elements built between two looks at the memory limit. */
const FIT_STEP = 1024
/** Redis 7.4's EB_EXPIRE_TIME_MAX. */
const MOST_DEADLINE_MS = 2 ** 48 - 2
/** Scores as text: in place of their length. */
const TEXT_NAN = 253
const TEXT_INFINITE = 254
const TEXT_NEGATIVE_INFINITE = 255

export class RdbValueReader {
  private readonly list = new List()
  private readonly set = new SetValue()
  private readonly zset = new SortedSet()
  private readonly hash = new Hash()
  private readonly member = new Member()
  private readonly listpack = new ListpackReader()
  private readonly ziplist = new ZiplistReader()
  private readonly zipmap = new ZipmapReader()
  private readonly intset = new IntsetReader()
  /** Elements that are packed together. */
  private readonly blob = new RdbText()
  /** A string's bytes, or the element at hand. */
  private readonly text = new RdbText()
  private readonly second = new RdbText()
  /** The collection that was built; undefined for a string. */
  private built: Value | undefined
  /** The collection that is being built, its RDB type, and for which key. */
  private open: Value | undefined
  private type = 0
  private at: Place | undefined
  private keys: Keyspace | undefined
  /** Elements, or nodes of a list, that are still to come. */
  private left = 0
  /** What the deadlines of fields are counted from, ms. */
  private epochMs = 0
  private added = 0
  /** Bytes that the arena had handed out when the load made a pause. */
  private allocatedBytes = 0

  /**
   * Reads a value of an RDB type and builds it in the arena of `p`. 'empty': a collection of nothing, which no key can hold.
   * Otherwise `place` or `drop` must follow. Throws RdbCorrupt, RdbUnsupported or OOM, with nothing left behind.
   */
  build(input: RdbInput, type: number, keys: Keyspace, p: Place): 'built' | 'empty' {
    this.begin(input, type, keys, p)
    for (;;) {
      const state = this.step(input)
      if (state !== 'more') return state
    }
  }

  /** The same in steps: `begin`, then `step` until it answers otherwise than 'more'. */
  begin(input: RdbInput, type: number, keys: Keyspace, p: Place): void {
    this.built = undefined
    if (type === T.RDB_STRING) {
      input.string(this.text)
      return
    }
    const v = this.viewOf(type)
    buildValue(keys, p, v)
    this.open = v
    this.type = type
    this.keys = keys
    this.at = p
    this.added = 0
    try {
      this.readHead(input, type)
    } catch (error) {
      this.drop()
      throw error
    }
  }

  step(input: RdbInput): 'more' | 'built' | 'empty' {
    const { open: v, keys, at } = this
    if (v === undefined || keys === undefined || at === undefined) return 'built'
    try {
      this.fill(input, this.type)
      if (this.left > 0) return 'more'
      if (v.stored > 0) fitBuilt(keys, at, v)
    } catch (error) {
      this.drop()
      throw error
    } finally {
      input.held = undefined
    }
    if (v.stored > 0) {
      this.open = undefined
      this.built = v
      return 'built'
    }
    this.drop()
    return 'empty'
  }

  /** Whether a collection has been begun and is not whole. */
  get isOpen(): boolean {
    return this.open !== undefined
  }

  /** Between two steps others are at work. */
  pause(): void {
    if (this.open !== undefined) this.allocatedBytes = this.open.a.allocatedBytes
  }

  /** What they took from the arena is not the value's. */
  resume(): void {
    if (this.open !== undefined) this.open.allocatedBefore += this.open.a.allocatedBytes - this.allocatedBytes
  }

  /** What was built becomes what the key at `p` holds; `deadline` in ms, 0 for none. Throws OOM, and it is freed then. */
  place(keys: Keyspace, p: Place, deadline: number): void {
    const { built, text } = this
    this.built = undefined
    if (built !== undefined) replaceValue(keys, p, built, deadline)
    else setString(keys, p, text.buf, text.start, text.end, encodingOf(text.buf, text.start, text.end), deadline)
  }

  drop(): void {
    const v = this.built ?? this.open
    if (v !== undefined) dropBuilt(v)
    this.built = undefined
    this.open = undefined
  }

  private viewOf(type: number): Value {
    switch (type) {
      case T.RDB_LIST:
      case T.RDB_LIST_ZIPLIST:
      case T.RDB_LIST_QUICKLIST:
      case T.RDB_LIST_QUICKLIST_2:
        return this.list
      case T.RDB_SET:
      case T.RDB_SET_INTSET:
      case T.RDB_SET_LISTPACK:
        return this.set
      case T.RDB_ZSET:
      case T.RDB_ZSET_2:
      case T.RDB_ZSET_ZIPLIST:
      case T.RDB_ZSET_LISTPACK:
        return this.zset
      case T.RDB_HASH:
      case T.RDB_HASH_ZIPMAP:
      case T.RDB_HASH_ZIPLIST:
      case T.RDB_HASH_LISTPACK:
      case T.RDB_HASH_TIMED:
      case T.RDB_HASH_TIMED_RC:
      case T.RDB_HASH_LISTPACK_TIMED:
      case T.RDB_HASH_LISTPACK_TIMED_RC:
        return this.hash
      default: {
        const foreign = T.FOREIGN_TYPES[type]
        if (foreign !== undefined) throw new RdbUnsupported(`${foreign} (type ${type}) is not known to this server`)
        return corrupt(`no such type of value: ${type}`)
      }
    }
  }

  /** What comes before the elements. */
  private readHead(input: RdbInput, type: number): void {
    this.left = 0
    this.epochMs = 0
    // The earliest deadline comes first; others count from it, plus one, or in the release candidates from nothing.
    if (type === T.RDB_HASH_TIMED || type === T.RDB_HASH_LISTPACK_TIMED) this.epochMs = input.int64() - 1
    if (T.COUNTED_TYPES.has(type)) this.left = input.length()
  }

  /** Adds some of the elements that are left, or all that are packed together. */
  private fill(input: RdbInput, type: number): void {
    if (!T.COUNTED_TYPES.has(type)) {
      input.string(this.blob)
      this.fillPacked(type)
      return
    }
    const isNodes = type === T.RDB_LIST_QUICKLIST || type === T.RDB_LIST_QUICKLIST_2
    for (let n = Math.min(this.left, isNodes ? STEP_NODES : STEP_ELEMENTS); n > 0; n--, this.left--) {
      this.fillOne(input, type)
    }
  }

  private fillOne(input: RdbInput, type: number): void {
    switch (type) {
      case T.RDB_LIST:
      case T.RDB_SET:
        input.string(this.text)
        this.addText(type === T.RDB_LIST)
        return
      case T.RDB_ZSET:
      case T.RDB_ZSET_2:
        this.fillScored(input, type)
        return
      case T.RDB_HASH:
        this.fillPair(input, 0)
        return
      case T.RDB_HASH_TIMED:
      case T.RDB_HASH_TIMED_RC:
        this.fillTimed(input)
        return
      default:
        this.fillNode(input, type)
    }
  }

  // ---- element after element --------------------------------------------------------------------------------------

  private fillScored(input: RdbInput, type: number): void {
    const { text } = this
    input.string(text)
    input.held = text
    const score = type === T.RDB_ZSET_2 ? input.double() : this.readScore(input)
    this.addScored(text, score)
  }

  private readScore(input: RdbInput): number {
    const length = input.byte()
    if (length === TEXT_NAN) return NaN
    if (length === TEXT_INFINITE) return Number.POSITIVE_INFINITY
    if (length === TEXT_NEGATIVE_INFINITE) return Number.NEGATIVE_INFINITY
    input.need(length)
    const { u8, at } = input
    input.at = at + length
    return parseDouble(u8, at, at + length) ?? corrupt('a score is not a number')
  }

  private fillPair(input: RdbInput, deadline: number): void {
    const { text, second } = this
    input.string(text)
    input.held = text
    input.string(second)
    this.addField(text, second, deadline)
  }

  private fillTimed(input: RdbInput): void {
    const ttl = input.length()
    const deadline = ttl === 0 ? 0 : ttl + this.epochMs
    if (!(deadline >= 0 && deadline <= MOST_DEADLINE_MS)) corrupt('the deadline of a field is not a time')
    this.fillPair(input, deadline)
  }

  // ---- packed -----------------------------------------------------------------------------------------------------

  private fillNode(input: RdbInput, type: number): void {
    const container = type === T.RDB_LIST_QUICKLIST ? T.NODE_PACKED : input.length()
    if (container !== T.NODE_PACKED && container !== T.NODE_PLAIN) corrupt('no such node of a list')
    if (container === T.NODE_PLAIN) {
      input.string(this.text)
      this.addText(true)
    } else {
      input.string(this.blob)
      this.fillPacked(type)
    }
  }

  /** Adds the elements in `blob`. */
  private fillPacked(type: number): void {
    switch (type) {
      case T.RDB_LIST_ZIPLIST:
      case T.RDB_LIST_QUICKLIST:
        this.takeElements(this.ziplist, true)
        return
      case T.RDB_LIST_QUICKLIST_2:
        this.takeElements(this.listpack, true)
        return
      case T.RDB_SET_INTSET:
        this.takeElements(this.intset, false)
        return
      case T.RDB_SET_LISTPACK:
        this.takeElements(this.listpack, false)
        return
      case T.RDB_ZSET_ZIPLIST:
        this.takeScored(this.ziplist)
        return
      case T.RDB_ZSET_LISTPACK:
        this.takeScored(this.listpack)
        return
      case T.RDB_HASH_ZIPMAP:
        this.takePairs(this.zipmap, 'untimed')
        return
      case T.RDB_HASH_ZIPLIST:
        this.takePairs(this.ziplist, 'untimed')
        return
      case T.RDB_HASH_LISTPACK:
        this.takePairs(this.listpack, 'untimed')
        return
      default:
        this.takePairs(this.listpack, 'timed')
    }
  }

  private takeElements(from: PackedReader, ordered: boolean): void {
    const { text } = this
    from.open(this.blob)
    while (from.next()) {
      text.aim(from.buf, from.start, from.end)
      this.addText(ordered)
    }
  }

  private takeScored(from: PackedReader): void {
    const { text } = this
    from.open(this.blob)
    while (this.take(from, text)) {
      if (!from.next()) corrupt('a member without a score')
      const score = parseDouble(from.buf, from.start, from.end) ?? corrupt('a score is not a number')
      this.addScored(text, score)
    }
  }

  private takePairs(from: PackedReader, kind: 'timed' | 'untimed'): void {
    const { text, second } = this
    from.open(this.blob)
    while (this.take(from, text)) {
      if (!this.take(from, second)) corrupt('a field without a value')
      let deadline = 0
      if (kind === 'timed') {
        if (!from.next()) corrupt('a field without a deadline')
        deadline = parseSafe(from.buf, from.start, from.end)
        if (!(deadline >= 0 && deadline <= MOST_DEADLINE_MS)) corrupt('the deadline of a field is not a time')
      }
      this.addField(text, second, deadline)
    }
  }

  /** The next element, kept while others follow: integers are spelled in the reader's only buffer. */
  private take(from: PackedReader, into: RdbText): boolean {
    if (!from.next()) return false
    into.aim(from.buf, from.start, from.end)
    if (from.spelled) into.detach()
    return true
  }

  // ---- into the value ---------------------------------------------------------------------------------------------

  private addText(ordered: boolean): void {
    const { buf, start, end } = this.text
    if (ordered) this.list.push(buf, start, end, RIGHT)
    else {
      this.member.setText(buf, start, end)
      if (!this.set.add(this.member)) corrupt('a member twice')
    }
    this.count(ordered ? this.list : this.set)
  }

  private addScored({ buf, start, end }: RdbText, score: number): void {
    if (Number.isNaN(score)) corrupt('a score is not a number')
    if (this.zset.find(buf, start, end)) corrupt('a member twice')
    this.zset.insert(score, buf, start, end)
    this.count(this.zset)
  }

  private addField({ buf, start, end }: RdbText, value: RdbText, deadline: number): void {
    if (!this.hash.set(buf, start, end, value.buf, value.start, value.end, deadline)) corrupt('a field twice')
    this.count(this.hash)
  }

  /** A payload of half a gigabyte may say more than fits: the limit is looked at while it is read. */
  private count(v: Value): void {
    if (++this.added % FIT_STEP === 0) this.keys?.fitBeside(0, v)
  }
}
