// Sets: unordered byte strings, each once. A view (value.ts) over three forms:
//
//   form        root block                                              Redis 7.0 calls it     while it has
//   INTSET      memory/intset.ts: sorted integers                       intset                 only integers, few of them
//   LISTPACK    memory/packed-block.ts: members in order of arrival     hashtable              few and short members
//   HASHTABLE   own 8 bytes, root of memory/members.ts at 8             hashtable
//
// It goes down this list only: integers that are left over when the last word is removed do not make it an intset again.
//
//   add, remove, has     INTSET O(log n) and a move of bytes, LISTPACK O(n), HASHTABLE O(1)
//   random member        O(1), in LISTPACK O(n)          copy, release, walk      O(n)

import type { Arena } from '../memory/arena.ts'
import { DICT_ROOT_BYTES, dictCount, dictRandom, dictRef, dictScan, PairBatch } from '../memory/dict.ts'
import {
  INTSET_HEADER_BYTES,
  intsetClear,
  intsetCount,
  intsetCreate,
  intsetHigh,
  intsetInsert,
  intsetLow,
  intsetRemove,
  intsetSearch,
  intsetWidth,
} from '../memory/intset.ts'
import {
  memberLength,
  memberStart,
  membersAdd,
  membersClear,
  membersFind,
  membersFree,
  membersRemove,
} from '../memory/members.ts'
import { PackedElement, packedFind, packedSkip } from '../memory/packed.ts'
import {
  PACKED_ELEMENTS_AT,
  packedAppend,
  packedAt,
  packedCount,
  packedCreate,
  packedFirst,
  packedRemove,
  packedStop,
  packedUsed,
} from '../memory/packed-block.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { Member } from './member.ts'
import { Places } from './places.ts'
import { FORM_HASHTABLE, FORM_INTSET, FORM_LISTPACK, TYPE_SET } from './types.ts'
import {
  type RestoredElement,
  ROOT_ALLOCATED,
  ROOT_LOGICAL,
  ROOT_OWN,
  Value,
  type ValueHost,
  VISIT_END,
  type Visit,
} from './value.ts'

/** Redis's own bound of an intset, whatever the setting says. */
const MOST_INTSET_ENTRIES = 2 ** 30
const ALL_HASHES = 0x1_0000_0000
/** Before every place. */
const NOWHERE = -1
/** Members of a table that are freed on the spot when all go. */
const CLEARED_AT_ONCE = 1024

/** Slots that were drawn; multiples of 8. */
const drawn = new Places()

/** A table without members; 0 when there is no room. */
function emptyTable(a: Arena): number {
  const table = a.alloc(ROOT_OWN + DICT_ROOT_BYTES)
  if (table !== 0) a.i32.fill(0, table >> 2, (table + ROOT_OWN + DICT_ROOT_BYTES) >> 2)
  return table
}

export class SetValue extends Value {
  readonly type = TYPE_SET
  readonly order = 'none'
  readonly width = 1
  private readonly element = new PackedElement()
  /** What is read from the set while it is visited, copied or changes its form; what comes in from outside is another. */
  private readonly shown = new Member()
  private readonly restored = new Member()
  private readonly batch = new PairBatch()
  /** Nobody reads it; it keeps loads from being left out. */
  touched = 0
  /** dictRandom's source; made once. */
  private readonly draw32 = (): number => this.host.random.uint32()

  get count(): number {
    const { a, root, form } = this
    if (form === FORM_HASHTABLE) return dictCount(a, root + ROOT_OWN)
    return form === FORM_INTSET ? intsetCount(a, root) : packedCount(a, root)
  }

  override get table(): number {
    return this.form === FORM_HASHTABLE ? this.root + ROOT_OWN : 0
  }

  create(host: ValueHost, a: Arena): void {
    const root = intsetCreate(a)
    if (root === 0) throw OOM_ARENA
    this.aim(host, a, root, FORM_INTSET)
  }

  release(): void {
    if (this.form === FORM_HASHTABLE) membersClear(this.a, this.root + ROOT_OWN)
    this.a.free(this.root)
  }

  override releaseSome(from: number, most: number): number {
    if (this.form === FORM_HASHTABLE) {
      const next = membersFree(this.a, this.root + ROOT_OWN, from, most)
      if (next !== 0) return next
    }
    this.release()
    return VISIT_END
  }

  // ---- members ----------------------------------------------------------------------------------------------------

  has(m: Member): boolean {
    return this.find(m) !== NOWHERE
  }

  /** False when it is there already. Throws OOM_ARENA before any change. */
  add(m: Member): boolean {
    const added =
      this.form === FORM_HASHTABLE
        ? this.addToTable(m)
        : this.form === FORM_INTSET
          ? this.addToIntset(m)
          : this.addToPacked(m)
    if (added) this.addLogical(m.length)
    return added
  }

  /** False when it is not there. The member's bytes must not lie in this set. */
  remove(m: Member): boolean {
    const place = this.find(m)
    if (place === NOWHERE) return false
    this.removeAt(place, m.length)
    return true
  }

  /** Takes out all members; the form stays. */
  clear(): void {
    const { a, root } = this
    if (this.form === FORM_HASHTABLE) this.clearTable()
    else if (this.form === FORM_INTSET) intsetClear(a, root)
    else this.root = packedRemove(a, root, packedFirst(root), packedCount(a, root))
    this.addLogical(-this.logical)
  }

  /** Members that were many are freed in slices. */
  private clearTable(): void {
    const { a, root } = this
    if (this.count > CLEARED_AT_ONCE) {
      const before = a.allocatedBytes
      const table = emptyTable(a)
      if (table !== 0 && this.replaceBy(table, before)) return
      if (table !== 0) a.free(table)
    }
    membersClear(a, root + ROOT_OWN)
  }

  /**
   * A table of `kept` members that are drawn by lot, for `become`: the others are to go. 0: it is not worth it, or there is
   * no room.
   */
  drawTable(kept: number): number {
    const { a, root, form, shown } = this
    if (form !== FORM_HASHTABLE || this.count - kept < CLEARED_AT_ONCE || kept > this.count >> 2) return 0
    const table = emptyTable(a)
    if (table === 0) return 0
    drawn.reset(kept)
    for (let left = kept; left > 0; ) {
      const slot = dictRandom(a, root + ROOT_OWN, this.draw32)
      if (!drawn.add(slot >> 3)) continue
      left--
      this.read(slot, shown)
      if (!membersAdd(a, table + ROOT_OWN, shown.hash(this.host.hasher), shown.buf, shown.start, shown.end)) {
        membersClear(a, table + ROOT_OWN)
        a.free(table)
        return 0
      }
      a.i32[(table + ROOT_LOGICAL) >> 2] += shown.length
    }
    return table
  }

  /** Whether a table of drawTable has a member of this set. */
  isDrawn(table: number, m: Member): boolean {
    return membersFind(this.a, table + ROOT_OWN, m.hash(this.host.hasher), m.buf, m.start, m.end) !== 0
  }

  /** Has the members of a table of drawTable, and no others. `before`: what the arena had handed out before that was made. */
  become(table: number, before: number): void {
    const { a, root } = this
    if (this.replaceBy(table, before)) return
    a.i32[(table + ROOT_ALLOCATED) >> 2] = a.i32[(root + ROOT_ALLOCATED) >> 2]
    membersClear(a, root + ROOT_OWN)
    a.free(root)
    this.root = table
  }

  /**
   * The place of a member: its number, its offset in the block or its slot, by form; NOWHERE when it is not there. Good
   * until the next change.
   */
  private find(m: Member): number {
    const { a, root, form } = this
    if (form === FORM_INTSET) return m.isInteger ? Math.max(NOWHERE, intsetSearch(a, root, m.high, m.low)) : NOWHERE
    if (form === FORM_HASHTABLE) {
      const hash = m.hash(this.host.hasher)
      return membersFind(a, root + ROOT_OWN, hash, m.buf, m.start, m.end) || NOWHERE
    }
    m.spell()
    return packedFind(a.u8, packedFirst(root), packedStop(a, root), m.buf, m.start, m.end, 0) || NOWHERE
  }

  /** The place of a member, each equally likely. The set is not empty. */
  draw(): number {
    const { a, root, form, host } = this
    if (form === FORM_HASHTABLE) return dictRandom(a, root + ROOT_OWN, this.draw32)
    const index = host.random.below(this.count)
    return form === FORM_INTSET ? index : packedAt(a, root, index)
  }

  /** Aims `m` at the member at a place. Its bytes are borrowed from the set: good until the next change. */
  read(place: number, m: Member): void {
    const { a, form } = this
    if (form === FORM_INTSET) m.setInteger(intsetHigh(a, this.root, place), intsetLow(a, this.root, place))
    else if (form === FORM_LISTPACK) this.readPacked(place, m)
    else {
      const ref = dictRef(a, place)
      const start = memberStart(a.u8, ref)
      m.setText(a.u8, start, start + memberLength(a.u8, ref))
    }
  }

  /** Takes out the member at a place; it has `length` bytes. */
  removeAt(place: number, length: number): void {
    const { a, root, form } = this
    if (form === FORM_HASHTABLE) membersRemove(a, root + ROOT_OWN, place)
    else if (form === FORM_INTSET) this.root = intsetRemove(a, root, place)
    else this.root = packedRemove(a, root, place, 1)
    this.addLogical(-length)
  }

  /** Aims `m` at the member of a pair of the dict. */
  readPair(hash: number, ref: number, m: Member): void {
    const { u8 } = this.a
    const start = memberStart(u8, ref)
    m.setHashedText(u8, start, start + memberLength(u8, ref), hash)
  }

  /** Aims `m` at a packed member; returns the place of the next one. */
  readPacked(place: number, m: Member): number {
    const { element } = this
    element.read(this.a.u8, place)
    // A safe integer, in two words.
    if (element.isInt) m.setInteger(Math.floor(element.int / ALL_HASHES), element.int | 0)
    else m.setText(element.buf, element.start, element.end)
    return element.next
  }

  private addToTable(m: Member): boolean {
    const { a } = this
    const root = this.root + ROOT_OWN
    const hash = m.hash(this.host.hasher)
    if (membersFind(a, root, hash, m.buf, m.start, m.end) !== 0) return false
    if (!membersAdd(a, root, hash, m.buf, m.start, m.end)) throw OOM_ARENA
    return true
  }

  private addToIntset(m: Member): boolean {
    const { a, root } = this
    if (!m.isInteger) return this.outgrow(m)
    const index = intsetSearch(a, root, m.high, m.low)
    if (index >= 0) return false
    const most = Math.min(MOST_INTSET_ENTRIES, this.host.limits.setMaxIntsetEntries)
    if (intsetCount(a, root) >= most) return this.outgrow(m)
    const moved = intsetInsert(a, root, -1 - index, m.high, m.low)
    if (moved === 0) throw OOM_ARENA
    this.root = moved
    return true
  }

  private addToPacked(m: Member): boolean {
    const { a, root } = this
    m.spell()
    if (packedFind(a.u8, packedFirst(root), packedStop(a, root), m.buf, m.start, m.end, 0) !== 0) return false
    if (!this.fitsPacked(m.length)) return this.outgrow(m)
    const moved = packedAppend(a, root, m.buf, m.start, m.end)
    if (moved === 0) throw OOM_ARENA
    this.root = moved
    return true
  }

  // ---- forms ------------------------------------------------------------------------------------------------------

  /** Whether one more member of this length may be packed with those that are there. */
  private fitsPacked(length: number): boolean {
    const { limits } = this.host
    return this.count < limits.setMaxListpackEntries && length <= limits.setMaxListpackValueBytes
  }

  /** Adds a member that is not there and that the present form cannot take. */
  private outgrow(m: Member): boolean {
    const { a, form, root } = this
    m.spell()
    if (form === FORM_INTSET && this.fitsPacked(Math.max(m.length, this.longestInteger()))) this.toPacked(m)
    else this.toTable(m)
    a.i32[this.root >> 2] = a.i32[root >> 2]
    a.i32[(this.root + ROOT_LOGICAL) >> 2] = a.i32[(root + ROOT_LOGICAL) >> 2]
    a.free(root)
    return true
  }

  /** Bytes of the longest integer in the intset: the first or the last. */
  private longestInteger(): number {
    const { a, root, shown } = this
    const count = intsetCount(a, root)
    if (count === 0) return 0
    this.read(0, shown)
    const first = shown.length
    this.read(count - 1, shown)
    return Math.max(first, shown.length)
  }

  /** The members of the intset and `more` in a new packed block. */
  private toPacked(more: Member): void {
    const { a, root, shown } = this
    const count = intsetCount(a, root)
    // An element takes no more than the integer's bytes and three of its own, a text of 19 digits 21.
    let block = packedCreate(a, count * (intsetWidth(a, root) + 3) + more.length + 2)
    for (let i = 0; i < count && block !== 0; i++) {
      this.read(i, shown)
      block = this.appendOrFree(block, shown)
    }
    if (block !== 0) block = this.appendOrFree(block, more)
    if (block === 0) throw OOM_ARENA
    this.root = block
    this.form = FORM_LISTPACK
  }

  private appendOrFree(block: number, m: Member): number {
    m.spell()
    const moved = packedAppend(this.a, block, m.buf, m.start, m.end)
    if (moved === 0) this.a.free(block)
    return moved
  }

  /** The members of the intset or packed block and `more` in a new dict. */
  private toTable(more: Member): void {
    const { a, root, form, shown } = this
    const table = this.newTable(a)
    const count = this.count
    let place = form === FORM_INTSET ? 0 : packedFirst(root)
    for (let i = 0; i < count; i++) {
      this.read(place, shown)
      place = form === FORM_INTSET ? place + 1 : packedSkip(a.u8, place)
      this.addOrFree(a, table, shown)
    }
    this.addOrFree(a, table, more)
    this.root = table
    this.form = FORM_HASHTABLE
  }

  private newTable(a: Arena): number {
    const table = emptyTable(a)
    if (table === 0) throw OOM_ARENA
    return table
  }

  /** Adds to a table in the making; without room the whole table goes. */
  private addOrFree(a: Arena, table: number, m: Member): void {
    const hash = m.hash(this.host.hasher)
    if (membersAdd(a, table + ROOT_OWN, hash, m.buf, m.start, m.end)) return
    membersClear(a, table + ROOT_OWN)
    a.free(table)
    throw OOM_ARENA
  }

  // ---- all members ------------------------------------------------------------------------------------------------

  copyTo(a: Arena): number {
    const { form, root, a: from } = this
    const copy = form === FORM_HASHTABLE ? this.copyTable(a) : this.copyBlock(a)
    a.i32[copy >> 2] = 0
    a.i32[(copy + ROOT_LOGICAL) >> 2] = from.i32[(root + ROOT_LOGICAL) >> 2]
    return copy
  }

  private copyBlock(to: Arena): number {
    const { a, root, form } = this
    const bytes =
      form === FORM_INTSET
        ? INTSET_HEADER_BYTES + intsetCount(a, root) * intsetWidth(a, root)
        : PACKED_ELEMENTS_AT + packedUsed(a, root)
    const copy = to.alloc(bytes)
    if (copy === 0) throw OOM_ARENA
    to.u8.set(a.u8.subarray(root, root + bytes), copy)
    return copy
  }

  private copyTable(to: Arena): number {
    const { a, root, shown } = this
    const table = this.newTable(to)
    const { batch } = this
    for (let at = 0; at < ALL_HASHES; ) {
      batch.length = 0
      at = dictScan(a, root + ROOT_OWN, at, batch.refs.length, batch)
      for (let i = 0; i < batch.length; i++) {
        this.readPair(batch.hashes[i], batch.refs[i], shown)
        this.addOrFree(to, table, shown)
      }
    }
    return table
  }

  visitFrom(from: number, wanted: number, visit: Visit): number {
    if (this.form === FORM_HASHTABLE) return this.visitTable(from, wanted, visit)
    const { a, root, form, shown } = this
    const packed = form === FORM_LISTPACK
    const stop = packed ? packedUsed(a, root) : intsetCount(a, root)
    let at = from
    for (let i = 0; i < wanted && at < stop; i++) {
      if (packed) at = this.readPacked(root + PACKED_ELEMENTS_AT + at, shown) - root - PACKED_ELEMENTS_AT
      else this.read(at++, shown)
      shown.spell()
      visit(shown.buf, shown.start, shown.end)
    }
    return at < stop ? at : VISIT_END
  }

  private visitTable(from: number, wanted: number, visit: Visit): number {
    const next = this.collect(from, wanted)
    this.visitCollected(visit)
    return next
  }

  /** Finds the members that visitFrom would visit, of a table. Returns the next place or VISIT_END. */
  collect(from: number, wanted: number): number {
    const { batch } = this
    batch.length = 0
    const next = dictScan(this.a, this.root + ROOT_OWN, from, wanted, batch)
    return next < ALL_HASHES ? next : VISIT_END
  }

  /** Visits what `collect` found. Reads a byte of each member first, so that the waits for memory overlap. */
  visitCollected(visit: Visit): void {
    const { shown, batch } = this
    const { u8 } = this.a
    let sum = 0
    for (let i = 0; i < batch.length; i++) sum += u8[batch.refs[i]]
    this.touched = sum
    for (let i = 0; i < batch.length; i++) {
      this.readPair(batch.hashes[i], batch.refs[i], shown)
      visit(shown.buf, shown.start, shown.end)
    }
    batch.clear()
  }

  restore(element: RestoredElement): boolean {
    const { restored } = this
    restored.setText(element.buf, element.starts[0], element.ends[0])
    return this.add(restored)
  }
}
