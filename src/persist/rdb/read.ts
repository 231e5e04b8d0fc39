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
import { List, RIGHT } from '../../values/list.ts'
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
  private keys: Keyspace | undefined
  private added = 0

  /**
   * Reads a value of an RDB type and builds it in the arena of `p`. 'empty': a collection of nothing, which no key can hold.
   * Otherwise `place` or `drop` must follow. Throws RdbCorrupt, RdbUnsupported or OOM, with nothing left behind.
   */
  build(input: RdbInput, type: number, keys: Keyspace, p: Place): 'built' | 'empty' {
    this.built = undefined
    if (type === T.RDB_STRING) {
      input.string(this.text)
      return 'built'
    }
    const v = this.viewOf(type)
    buildValue(keys, p, v)
    this.keys = keys
    this.added = 0
    try {
      this.fill(input, type)
      if (v.stored > 0) fitBuilt(keys, p, v)
    } catch (error) {
      dropBuilt(v)
      throw error
    } finally {
      input.held = undefined
    }
    this.built = v
    if (v.stored > 0) return 'built'
    this.drop()
    return 'empty'
  }

  /** What was built becomes what the key at `p` holds; `deadline` in ms, 0 for none. Throws OOM, and it is freed then. */
  place(keys: Keyspace, p: Place, deadline: number): void {
    const { built, text } = this
    this.built = undefined
    if (built !== undefined) replaceValue(keys, p, built, deadline)
    else setString(keys, p, text.buf, text.start, text.end, encodingOf(text.buf, text.start, text.end), deadline)
  }

  drop(): void {
    if (this.built !== undefined) dropBuilt(this.built)
    this.built = undefined
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

  private fill(input: RdbInput, type: number): void {
    switch (type) {
      case T.RDB_LIST:
      case T.RDB_SET:
        for (let left = input.length(); left > 0; left--) {
          input.string(this.text)
          this.addText(type === T.RDB_LIST)
        }
        return
      case T.RDB_ZSET:
      case T.RDB_ZSET_2:
        this.fillScored(input, type)
        return
      case T.RDB_HASH:
        this.fillPairs(input)
        return
      case T.RDB_HASH_TIMED:
      case T.RDB_HASH_TIMED_RC:
        this.fillTimed(input, type === T.RDB_HASH_TIMED)
        return
      case T.RDB_HASH_LISTPACK_TIMED:
        // The earliest deadline, which is among the fields as well.
        input.int64()
        break
      case T.RDB_LIST_QUICKLIST:
      case T.RDB_LIST_QUICKLIST_2:
        this.fillNodes(input, type)
        return
    }
    input.string(this.blob)
    this.fillPacked(type)
  }

  // ---- element after element --------------------------------------------------------------------------------------

  private fillScored(input: RdbInput, type: number): void {
    const { text } = this
    for (let left = input.length(); left > 0; left--) {
      input.string(text)
      input.held = text
      const score = type === T.RDB_ZSET_2 ? input.double() : this.readScore(input)
      this.addScored(text, score)
    }
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

  private fillPairs(input: RdbInput): void {
    const { text, second } = this
    for (let left = input.length(); left > 0; left--) {
      input.string(text)
      input.held = text
      input.string(second)
      this.addField(text, second, 0)
    }
  }

  /** Deadlines count from the earliest, which comes first, plus one; in the release candidates from nothing. 0: none. */
  private fillTimed(input: RdbInput, isRelative: boolean): void {
    const { text, second } = this
    const earliest = isRelative ? input.int64() - 1 : 0
    for (let left = input.length(); left > 0; left--) {
      const ttl = input.length()
      const deadline = ttl === 0 ? 0 : ttl + earliest
      if (!(deadline >= 0 && deadline <= MOST_DEADLINE_MS)) corrupt('the deadline of a field is not a time')
      input.string(text)
      input.held = text
      input.string(second)
      this.addField(text, second, deadline)
    }
  }

  // ---- packed -----------------------------------------------------------------------------------------------------

  private fillNodes(input: RdbInput, type: number): void {
    for (let left = input.length(); left > 0; left--) {
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
    if (++this.added % FIT_STEP === 0) this.keys?.fit(0, v)
  }
}
