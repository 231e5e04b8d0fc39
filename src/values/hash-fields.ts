// One field of a hash: finding, setting and removing it in either form, its deadline, and the turn from a packed hash to a
// map. hash.ts draws the forms and has what goes over all fields.

import { INT64_TEXT_BYTES, writeInt } from '../bytes/int64.ts'
import type { Words } from '../bytes/words.ts'
import { dictFind, dictNext, dictRef } from '../memory/dict.ts'
import {
  FieldView,
  fieldDeadline,
  fieldsFind,
  fieldsInsert,
  fieldsRemove,
  fieldsReplace,
  fieldsRetime,
} from '../memory/fields.ts'
import { PackedElement, packedFind, packedSize, packedSkip } from '../memory/packed.ts'
import {
  packedAppend,
  packedAt,
  packedCount,
  packedFirst,
  packedRemove,
  packedReplace,
  packedReserveExactly,
  packedStop,
} from '../memory/packed-block.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import {
  FIELDS,
  mapCount,
  mapCreate,
  mapFile,
  mapFirstDeadline,
  mapFirstTimed,
  mapFree,
  mapNeedClock,
} from './hash-map.ts'
import { FORM_HASHTABLE, FORM_LISTPACK, FORM_LISTPACK_EX } from './types.ts'
import { unwritten } from './unwritten.ts'
import { ROOT_ALLOCATED, ROOT_LOGICAL, Value, type Visit } from './value.ts'

/** As a deadline: leave the one that the field has. */
export const KEEP_DEADLINE = -1

export abstract class HashFields extends Value {
  readonly field = new PackedElement()
  readonly value = new PackedElement()
  /** Where find has found the field, or the walk is: place of its element, or its slot. 0: nowhere. */
  protected at = 0
  private readonly view = new FieldView()
  /** Texts of packed integers. */
  protected readonly fieldDigits = new Uint8Array(INT64_TEXT_BYTES)
  protected readonly valueDigits = new Uint8Array(INT64_TEXT_BYTES)

  override get stored(): number {
    return this.form === FORM_LISTPACK ? packedCount(this.a, this.root) >> 1 : mapCount(this.a, this.root)
  }

  // ---- one field --------------------------------------------------------------------------------------------------

  /** Whether the field buf[start, end) is there; `value` is its value then. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    const { a } = this
    if (this.form === FORM_LISTPACK) {
      const at = packedFind(a.u8, packedFirst(this.root), packedStop(a, this.root), buf, start, end, 1)
      this.at = at
      if (at === 0) return false
      this.value.read(a.u8, packedSkip(a.u8, at))
      return true
    }
    const slot = fieldsFind(a, this.root + FIELDS, this.host.hasher.hash(buf, start, end), buf, start, end)
    this.at = slot
    if (slot === 0) return false
    const ref = dictRef(a, slot)
    this.look(ref)
    return !this.isDue(ref)
  }

  /**
   * Gives the field buf[start, end) a value and a deadline: ms, 0 for none, KEEP_DEADLINE. True when it was not there before.
   * Throws OOM_ARENA with nothing changed. The bytes may not lie in the hash itself.
   */
  set(
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    deadline: number,
  ): boolean {
    const { limits } = this.host
    const found = this.find(buf, start, end)
    const longest = limits.hashMaxListpackValueBytes
    if (this.form !== FORM_HASHTABLE) {
      const count = this.stored + (this.at === 0 ? 1 : 0)
      const fits = end - start <= longest && valueEnd - valueStart <= longest && count <= limits.hashMaxListpackEntries
      if (fits && deadline <= 0 && this.form === FORM_LISTPACK) {
        this.setPacked(found, buf, start, end, value, valueStart, valueEnd)
        return !found
      }
      const packed = this.form === FORM_LISTPACK
      this.grow(fits ? FORM_LISTPACK_EX : FORM_HASHTABLE)
      if (packed) this.find(buf, start, end)
    }
    this.setInMap(found, buf, start, end, value, valueStart, valueEnd, deadline)
    return !found
  }

  /**
   * Makes a new hash, packed as it is, as large as it has to be for the fields and values in the words from `first` on: it
   * need not move for each of them, and has no room left that it may never need. Best effort.
   */
  expect({ buf, starts, ends, count }: Pick<Words, 'buf' | 'starts' | 'ends' | 'count'>, first: number): void {
    const { hashMaxListpackEntries: most, hashMaxListpackValueBytes: longest } = this.host.limits
    if (count - first > 2 * most) return
    let bytes = 0
    for (let i = first; i < count; i++) {
      if (ends[i] - starts[i] > longest) return
      bytes += packedSize(buf, starts[i], ends[i])
    }
    this.root = packedReserveExactly(this.a, this.root, bytes) || this.root
  }

  private setPacked(
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
      const moved = packedReplace(a, this.root, packedSkip(a.u8, this.at), value, valueStart, valueEnd)
      if (moved === 0) throw OOM_ARENA
      this.root = moved
      this.addLogical(valueEnd - valueStart - before)
      return
    }
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

  private setInMap(
    found: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    deadline: number,
  ): void {
    const { a, root } = this
    const map = root + FIELDS
    if (deadline > 0 && !mapNeedClock(a, root)) throw OOM_ARENA
    if (this.at === 0) {
      const hash = this.host.hasher.hash(buf, start, end)
      const first = Math.max(0, deadline)
      const slot = fieldsInsert(a, map, hash, buf, start, end, value, valueStart, valueEnd, first)
      if (slot === 0) throw OOM_ARENA
      unwritten.of(a, root)?.added(slot)
      this.addLogical(end - start + valueEnd - valueStart)
      if (first !== 0) mapFile(a, root, first)
      return
    }
    const before = fieldDeadline(a, dictRef(a, this.at))
    const after = deadline !== KEEP_DEADLINE ? deadline : found ? before : 0
    const valueBytes = this.value.end - this.value.start
    const rest = unwritten.of(a, root)
    rest?.leaves(this.at)
    const fits = fieldsReplace(a, map, this.at, value, valueStart, valueEnd, after)
    rest?.added(this.at)
    if (!fits) throw OOM_ARENA
    this.addLogical(valueEnd - valueStart - valueBytes)
    if (before !== after) mapFile(a, root, after)
  }

  /** Takes out the field that find has just found. */
  removeFound(): void {
    const { a } = this
    if (this.form === FORM_LISTPACK) {
      this.field.read(a.u8, this.at)
      this.addLogical(-this.field.textLength - this.value.textLength)
      this.root = packedRemove(a, this.root, this.at, 2)
      return
    }
    const timed = this.deadline !== 0
    this.removeSlot(this.at)
    if (timed) mapFile(a, this.root)
  }

  private removeSlot(slot: number): void {
    const { a, root, view } = this
    const ref = dictRef(a, slot)
    view.read(a, ref)
    this.addLogical(view.start - view.end + view.valueStart - view.valueEnd)
    unwritten.of(a, root)?.leaves(slot)
    fieldsRemove(a, root + FIELDS, slot)
  }

  // ---- form -------------------------------------------------------------------------------------------------------

  /** Turns a packed hash into a map, and says what it is called now. Throws OOM_ARENA with nothing changed. */
  private grow(form: number): void {
    if (this.form === FORM_LISTPACK) {
      const { a, root } = this
      const map = mapCreate(a)
      if (map === 0) throw OOM_ARENA
      if (!this.unpackTo(map)) {
        mapFree(a, map)
        throw OOM_ARENA
      }
      a.i32[(map + ROOT_ALLOCATED) >> 2] = a.i32[(root + ROOT_ALLOCATED) >> 2]
      a.i32[(map + ROOT_LOGICAL) >> 2] = a.i32[(root + ROOT_LOGICAL) >> 2]
      a.free(root)
      this.root = map
    }
    this.form = form
  }

  private unpackTo(map: number): boolean {
    const { a, root, host, field, value } = this
    const stop = packedStop(a, root)
    for (let at = packedFirst(root); at < stop; ) {
      this.lookPacked(at)
      at = value.next
      this.spellPair()
      const { buf, start, end } = field
      const hash = host.hasher.hash(buf, start, end)
      if (fieldsInsert(a, map + FIELDS, hash, buf, start, end, value.buf, value.start, value.end, 0) === 0) return false
    }
    return true
  }

  /** What `field` and `value` are aimed at, as text whatever it was. */
  protected spellPair(): void {
    spell(this.field, this.fieldDigits)
    spell(this.value, this.valueDigits)
  }

  /** Aims `field` and `value` at the packed pair at `at`. */
  protected lookPacked(at: number): void {
    this.field.read(this.a.u8, at)
    this.value.read(this.a.u8, this.field.next)
  }

  /** Aims `field` and `value` at the pair behind a ref. */
  protected look(ref: number): void {
    const { a, view, field, value } = this
    view.read(a, ref)
    field.isInt = false
    field.buf = a.u8
    field.start = view.start
    field.end = view.end
    value.isInt = false
    value.buf = a.u8
    value.start = view.valueStart
    value.end = view.valueEnd
  }

  // ---- deadlines --------------------------------------------------------------------------------------------------

  /** Deadline in ms of the field that find has just found, 0 for none. */
  get deadline(): number {
    return this.form === FORM_LISTPACK ? 0 : fieldDeadline(this.a, dictRef(this.a, this.at))
  }

  /** Makes ready for fields with deadlines, which a packed hash has no place for. Throws OOM_ARENA with nothing changed. */
  allowDeadlines(): void {
    if (this.form === FORM_LISTPACK) this.grow(FORM_LISTPACK_EX)
    if (!mapNeedClock(this.a, this.root)) throw OOM_ARENA
  }

  /** Gives the field that find has just found a deadline in ms, 0 for none, after allowDeadlines. Throws OOM_ARENA. */
  retimeFound(deadline: number): void {
    const { a, root } = this
    const rest = unwritten.of(a, root)
    rest?.leaves(this.at)
    const fits = fieldsRetime(a, root + FIELDS, this.at, deadline, this.view)
    rest?.added(this.at)
    if (!fits) throw OOM_ARENA
    mapFile(a, root, deadline)
  }

  /** Whether there are fields whose time is over. */
  get hasDue(): boolean {
    if (this.form === FORM_LISTPACK) return false
    const deadline = mapFirstDeadline(this.a, this.root)
    return deadline !== 0 && deadline < this.host.nowMs
  }

  /** Whether the field buf[start, end) is one of them. */
  holdsDue(buf: Uint8Array, start: number, end: number): boolean {
    return !this.find(buf, start, end) && this.at !== 0
  }

  /** Frees up to `most` fields whose time is over, each shown before, and files the clock anew; returns how many. */
  reap(most: number, show?: Visit): number {
    const { a, root, view, host } = this
    if (this.form === FORM_LISTPACK) return 0
    let reaped = 0
    for (; reaped < most; reaped++) {
      const deadline = mapFirstDeadline(a, root)
      if (deadline === 0 || deadline >= host.nowMs) break
      const ref = mapFirstTimed(a, root) + 1
      view.read(a, ref)
      show?.(a.u8, view.start, view.end)
      this.removeSlot(this.slotOf(host.hasher.hash(a.u8, view.start, view.end), ref))
    }
    mapFile(a, root)
    return reaped
  }

  private slotOf(hash: number, ref: number): number {
    const { a } = this
    const map = this.root + FIELDS
    let slot = dictFind(a, map, hash)
    while (slot !== 0 && dictRef(a, slot) !== ref) slot = dictNext(a, map, slot, hash)
    return slot
  }

  /** Whether the time of the field behind a ref is over. */
  isDue(ref: number): boolean {
    const deadline = fieldDeadline(this.a, ref)
    return deadline !== 0 && deadline < this.host.nowMs
  }
}

/** Turns an integer into its text, in `scratch`. */
export function spell(element: PackedElement, scratch: Uint8Array): void {
  if (!element.isInt) return
  element.end = writeInt(scratch, 0, element.int)
  element.buf = scratch
  element.start = 0
  element.isInt = false
}
