// The members of a set one by one, in each of its three forms, and how one form becomes another: set.ts draws them.

import type { Arena } from '../memory/arena.ts'
import { DICT_ROOT_BYTES, dictCount, dictRef } from '../memory/dict.ts'
import {
  intsetCount,
  intsetHigh,
  intsetInsert,
  intsetLow,
  intsetRemove,
  intsetSearch,
  intsetWidth,
} from '../memory/intset.ts'
import { memberLength, memberStart, membersAdd, membersClear, membersFind, membersRemove } from '../memory/members.ts'
import { PackedElement, packedFind, packedSkip } from '../memory/packed.ts'
import {
  packedAppend,
  packedCount,
  packedCreate,
  packedFirst,
  packedRemove,
  packedStop,
} from '../memory/packed-block.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { Member } from './member.ts'
import { FORM_HASHTABLE, FORM_INTSET, FORM_LISTPACK } from './types.ts'
import { unwritten } from './unwritten.ts'
import { ROOT_LOGICAL, ROOT_OWN, Value } from './value.ts'

/** Redis's own bound of an intset, whatever the setting says. */
const MOST_INTSET_ENTRIES = 2 ** 30
export const ALL_HASHES = 0x1_0000_0000
/** Before every place. */
const NOWHERE = -1

/** A table without members; 0 when there is no room. */
export function emptyTable(a: Arena): number {
  const table = a.alloc(ROOT_OWN + DICT_ROOT_BYTES)
  if (table !== 0) a.i32.fill(0, table >> 2, (table + ROOT_OWN + DICT_ROOT_BYTES) >> 2)
  return table
}

export abstract class SetMembers extends Value {
  private readonly element = new PackedElement()
  /** What is read from the set while it is visited, copied or changes its form. */
  protected readonly shown = new Member()
  /** Bytes of elements that a set in the making gets room for when it becomes a packed block. */
  protected expectedBytes = 0

  get count(): number {
    const { a, root, form } = this
    if (form === FORM_HASHTABLE) return dictCount(a, root + ROOT_OWN)
    return form === FORM_INTSET ? intsetCount(a, root) : packedCount(a, root)
  }

  override get table(): number {
    return this.form === FORM_HASHTABLE ? this.root + ROOT_OWN : 0
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

  /** Adds a member of which is known that it is not there, to a set in the making. Throws OOM_ARENA. */
  addNew(m: Member): void {
    if (this.form === FORM_HASHTABLE) this.addOrThrow(m)
    else if (this.form === FORM_INTSET) this.addToIntset(m)
    else {
      m.spell()
      if (this.fitsPacked(m.length)) this.append(m)
      else this.outgrow(m)
    }
    this.addLogical(m.length)
  }

  /** False when it is not there. The member's bytes must not lie in this set. */
  remove(m: Member): boolean {
    const place = this.find(m)
    if (place === NOWHERE) return false
    this.removeAt(place, m.length)
    return true
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

  /** Aims `m` at the member at a place. Its bytes are borrowed from the set: good until the next change. */
  read(place: number, m: Member): void {
    const { a, form } = this
    if (form === FORM_INTSET) {
      const low = intsetLow(a, this.root, place)
      m.setInteger(intsetWidth(a, this.root) === 8 ? intsetHigh(a, this.root, place) : low >> 31, low)
    } else if (form === FORM_LISTPACK) this.readPacked(place, m)
    else {
      const ref = dictRef(a, place)
      const start = memberStart(a.u8, ref)
      m.setText(a.u8, start, start + memberLength(a.u8, ref))
    }
  }

  /** Takes out the member at a place; it has `length` bytes. */
  removeAt(place: number, length: number): void {
    const { a, root, form } = this
    if (form === FORM_HASHTABLE) {
      unwritten.of(a, root)?.leaves(place)
      membersRemove(a, root + ROOT_OWN, place)
    } else if (form === FORM_INTSET) this.root = intsetRemove(a, root, place)
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
    const slot = this.addOrThrow(m)
    unwritten.of(a, this.root)?.added(slot)
    return true
  }

  /** Adds to the table; returns the slot. */
  private addOrThrow(m: Member): number {
    const slot = membersAdd(this.a, this.root + ROOT_OWN, m.hash(this.host.hasher), m.buf, m.start, m.end)
    if (slot === 0) throw OOM_ARENA
    return slot
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
    this.append(m)
    return true
  }

  /** Adds a spelled member to the packed block. */
  private append(m: Member): void {
    const moved = packedAppend(this.a, this.root, m.buf, m.start, m.end)
    if (moved === 0) throw OOM_ARENA
    this.root = moved
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
    let block = packedCreate(a, Math.max(this.expectedBytes, count * (intsetWidth(a, root) + 3) + more.length + 2))
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

  protected newTable(a: Arena): number {
    const table = emptyTable(a)
    if (table === 0) throw OOM_ARENA
    return table
  }

  /** Adds to a table in the making; without room the whole table goes. */
  protected addOrFree(a: Arena, table: number, m: Member): void {
    const hash = m.hash(this.host.hasher)
    if (membersAdd(a, table + ROOT_OWN, hash, m.buf, m.start, m.end) !== 0) return
    membersClear(a, table + ROOT_OWN)
    a.free(table)
    throw OOM_ARENA
  }
}
