// Packed hashes: fields and values in turn in one packed block, or the values alone, where the names of the fields are shared
// (hash-names.ts draws both). Values of fields that are there change in either form; a hash whose fields change gets names of
// its own first. New ones that share are made in hash-new.ts.
//
//   find, set, remove    O(fields)

import { copy } from '../bytes/ascii.ts'
import { INT64_TEXT_BYTES, parseSafe, writeInt } from '../bytes/int64.ts'
import type { Arena } from '../memory/arena.ts'
import { PackedElement, packedFind, packedMatches, packedSize, packedSkip } from '../memory/packed.ts'
import {
  PACKED_COUNT_AT,
  PACKED_USED_AT,
  packedAppend,
  packedAt,
  packedCount,
  packedCreate,
  packedFirst,
  packedRemove,
  packedReplace,
  packedStop,
  packedUsed,
} from '../memory/packed-block.ts'
import type { PairBatch } from '../memory/pair-batch.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { namesDrop, namesIn, namesOf, namesTake } from './hash-names.ts'
import { FORM_LISTPACK, FORM_SHARED } from './types.ts'
import { ROOT_ALLOCATED, ROOT_LOGICAL, Value, VISIT_END } from './value.ts'

export abstract class PackedHash extends Value {
  readonly field = new PackedElement()
  readonly value = new PackedElement()
  /** Where find has found the field, or the walk is: place of a packed pair or value, or a slot. 0: nowhere. */
  protected at = 0
  /** Of a packed field that find has found: place of its value, and how many fields are before it; the latter of a walk, too. */
  private valueAt = 0
  private nth = 0
  /** Place of the next name, in a walk over a hash that shares them. */
  private nameAt = 0
  /** Texts of packed integers. */
  protected readonly fieldDigits = new Uint8Array(INT64_TEXT_BYTES)
  protected readonly valueDigits = new Uint8Array(INT64_TEXT_BYTES)

  /** Whether it is no map. */
  get isPacked(): boolean {
    return this.form === FORM_LISTPACK || this.form === FORM_SHARED
  }

  private get isShared(): boolean {
    return this.form === FORM_SHARED
  }

  protected get packedFields(): number {
    const { a, root } = this
    return this.isShared ? packedCount(a, namesOf(a, root)) : packedCount(a, root) >> 1
  }

  // ---- one field --------------------------------------------------------------------------------------------------

  protected findPacked(buf: Uint8Array, start: number, end: number): boolean {
    if (this.isShared) return this.findShared(buf, start, end)
    const { a, root } = this
    const at = packedFind(a.u8, packedFirst(root), packedStop(a, root), buf, start, end, 1)
    this.at = at
    if (at === 0) return false
    this.valueAt = packedSkip(a.u8, at)
    this.value.read(a.u8, this.valueAt)
    return true
  }

  private findShared(buf: Uint8Array, start: number, end: number): boolean {
    const { a, root } = this
    const { u8 } = a
    const names = namesOf(a, root)
    const n = parseSafe(buf, start, end)
    const stop = packedStop(a, names)
    let valueAt = packedFirst(root)
    let nth = 0
    for (let at = packedFirst(names); at < stop; at = packedSkip(u8, at)) {
      if (packedMatches(u8, at, buf, start, end, n)) {
        this.at = at
        this.valueAt = valueAt
        this.nth = nth
        this.value.read(u8, valueAt)
        return true
      }
      valueAt = packedSkip(u8, valueAt)
      nth++
    }
    this.at = 0
    return false
  }

  protected setPacked(
    found: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { a } = this
    if (found) {
      const before = this.value.textLength
      const moved = packedReplace(a, this.root, this.valueAt, value, valueStart, valueEnd)
      if (moved === 0) throw OOM_ARENA
      this.root = moved
      this.addLogical(valueEnd - valueStart - before)
      return
    }
    if (this.isShared) this.unshare(packedSize(buf, start, end) + packedSize(value, valueStart, valueEnd))
    const moved = packedAppend(a, this.root, buf, start, end)
    if (moved === 0) throw OOM_ARENA
    this.root = moved
    const complete = packedAppend(a, moved, value, valueStart, valueEnd)
    if (complete === 0) {
      this.root = packedRemove(a, moved, packedAt(a, moved, packedCount(a, moved) - 1), 1)
      throw OOM_ARENA
    }
    this.root = complete
    this.addLogical(end - start + valueEnd - valueStart)
  }

  /** Takes out the field that find has just found. Throws OOM_ARENA, with nothing changed, for one of a hash that shares. */
  protected removePacked(): void {
    const { a } = this
    if (this.isShared) {
      this.unshare(0)
      this.at = packedAt(a, this.root, 2 * this.nth)
    }
    this.lookPacked(this.at)
    this.addLogical(-this.field.textLength - this.value.textLength)
    this.root = packedRemove(a, this.root, this.at, 2)
  }

  // ---- all fields -------------------------------------------------------------------------------------------------

  /** Begins a walk over the fields from a place on, 0 or one from packedPlace; nothing may change before it ends. */
  protected beginPacked(place = 0): void {
    const { a, root } = this
    this.nth = this.isShared ? place : 0
    if (this.isShared) {
      this.at = packedAfter(a, packedFirst(root), place)
      this.nameAt = packedAfter(a, packedFirst(namesOf(a, root)), place)
    } else this.at = place === 0 ? packedFirst(root) : root + place
  }

  /** Where the walk is, VISIT_END at its end. */
  protected get packedPlace(): number {
    const { a, root, at } = this
    if (at === packedStop(a, root)) return VISIT_END
    return this.isShared ? this.nth : at - root
  }

  /** Aims `field` and `value` at the next pair of the walk; false at the end. */
  protected nextPacked(): boolean {
    const { a, field, value } = this
    if (this.at === packedStop(a, this.root)) return false
    if (this.isShared) {
      field.read(a.u8, this.nameAt)
      this.nameAt = field.next
      this.nth++
      value.read(a.u8, this.at)
    } else this.lookPacked(this.at)
    this.at = value.next
    return true
  }

  /** Aims `field` and `value` at the packed pair at `at`. */
  protected lookPacked(at: number): void {
    this.field.read(this.a.u8, at)
    this.value.read(this.a.u8, this.field.next)
  }

  /** Aims `field` and `value` at the pair with so many others before it. */
  protected lookNth(nth: number): void {
    const { a, root } = this
    if (!this.isShared) {
      this.lookPacked(packedAt(a, root, 2 * nth))
      return
    }
    this.field.read(a.u8, packedAfter(a, packedFirst(namesOf(a, root)), nth))
    this.value.read(a.u8, packedAfter(a, packedFirst(root), nth))
  }

  /** Adds what lookAt takes for each pair. */
  listPacked(list: PairBatch): void {
    const { a, root } = this
    if (this.isShared) for (let i = 0; i < this.packedFields; i++) list.add(0, i)
    else {
      const stop = packedStop(a, root)
      for (let at = packedFirst(root); at < stop; at = packedAfter(a, at, 2)) list.add(0, at)
    }
  }

  /** Aims `field` and `value` at a pair that listPacked has listed. */
  protected lookListed(ref: number): void {
    if (this.isShared) this.lookNth(ref)
    else this.lookPacked(ref)
  }

  /** What `field` and `value` are aimed at, as text whatever it was. */
  protected spellPair(): void {
    spell(this.field, this.fieldDigits)
    spell(this.value, this.valueDigits)
  }

  /** The block of names is no part of the value's account. */
  protected dropNames(names: number): void {
    const { a } = this
    const before = a.allocatedBytes
    namesDrop(a, names)
    this.allocatedBefore += a.allocatedBytes - before
  }

  protected freePacked(): void {
    const { a, root } = this
    if (this.isShared) this.dropNames(namesOf(a, root))
    a.free(root)
  }

  /** A copy in `to`, which may be the same arena. 0 when there is no room; nothing is left behind then. */
  protected copyPacked(to: Arena): number {
    const { a, root } = this
    const before = to.allocatedBytes
    const names = this.isShared ? namesIn(to, a, namesOf(a, root)) : 0
    this.allocatedBefore += to.allocatedBytes - before
    if (this.isShared && names === 0) return 0
    if (names !== 0) namesTake(to, names)
    const used = packedUsed(a, root)
    const copied = packedCreate(to, used)
    if (copied === 0) {
      if (names !== 0) namesDrop(to, names)
      return 0
    }
    copy(to.u8, copied, a.u8, root, packedFirst(root) + used)
    if (names !== 0) to.i32[(copied + PACKED_COUNT_AT) >> 2] = names
    return copied
  }

  // ---- form -------------------------------------------------------------------------------------------------------

  /** A block of the same value has its accounts. */
  protected carry(to: number, from: number): void {
    const { i32 } = this.a
    i32[(to + ROOT_ALLOCATED) >> 2] = i32[(from + ROOT_ALLOCATED) >> 2]
    i32[(to + ROOT_LOGICAL) >> 2] = i32[(from + ROOT_LOGICAL) >> 2]
  }

  /** Gives a hash that shares its names some of its own, and room for `bytes` more. Throws OOM_ARENA with nothing changed. */
  private unshare(bytes: number): void {
    const { a, root } = this
    const names = namesOf(a, root)
    const used = packedUsed(a, names) + packedUsed(a, root)
    const block = packedCreate(a, used + bytes)
    if (block === 0) throw OOM_ARENA
    const { u8 } = a
    const stop = packedStop(a, root)
    let to = packedFirst(block)
    let name = packedFirst(names)
    for (let at = packedFirst(root); at < stop; ) {
      const nameEnd = packedSkip(u8, name)
      const end = packedSkip(u8, at)
      to = copy(u8, copy(u8, to, u8, name, nameEnd), u8, at, end)
      name = nameEnd
      at = end
    }
    this.carry(block, root)
    a.i32[(block + PACKED_COUNT_AT) >> 2] = 2 * packedCount(a, names)
    a.i32[(block + PACKED_USED_AT) >> 2] = used
    this.freePacked()
    this.root = block
    this.form = FORM_LISTPACK
  }
}

/** The place of the element that comes `n` after the one at `at`. */
function packedAfter({ u8 }: Arena, at: number, n: number): number {
  for (let i = 0; i < n; i++) at = packedSkip(u8, at)
  return at
}

/** Turns an integer into its text, in `scratch`. */
export function spell(element: PackedElement, scratch: Uint8Array): void {
  if (!element.isInt) return
  element.end = writeInt(scratch, 0, element.int)
  element.buf = scratch
  element.start = 0
  element.isInt = false
}
