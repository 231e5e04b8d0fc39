// One field of a hash: finding, setting and removing it in any form, its deadline, and the turn from a packed hash to a map.
// hash.ts draws the forms and has what goes over all fields; what concerns packed hashes only is in hash-packed.ts.

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
import { NewHash } from './hash-new.ts'
import { FORM_HASHTABLE, FORM_LISTPACK_EX } from './types.ts'
import { unwritten } from './unwritten.ts'
import type { Visit } from './value.ts'

/** As a deadline: leave the one that the field has. */
export const KEEP_DEADLINE = -1

export abstract class HashFields extends NewHash {
  private readonly view = new FieldView()

  override get stored(): number {
    return this.isPacked ? this.packedFields : mapCount(this.a, this.root)
  }

  // ---- one field --------------------------------------------------------------------------------------------------

  /** Whether the field buf[start, end) is there; `value` is its value then. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    if (this.isPacked) return this.findPacked(buf, start, end)
    const { a } = this
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
      const packed = this.isPacked
      if (fits && deadline <= 0 && packed) {
        this.setPacked(found, buf, start, end, value, valueStart, valueEnd)
        return !found
      }
      this.grow(fits ? FORM_LISTPACK_EX : FORM_HASHTABLE)
      if (packed) this.find(buf, start, end)
    }
    this.setInMap(found, buf, start, end, value, valueStart, valueEnd, deadline)
    return !found
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
    if (this.isPacked) {
      this.removePacked()
      return
    }
    const timed = this.deadline !== 0
    this.removeSlot(this.at)
    if (timed) mapFile(this.a, this.root)
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
    if (this.isPacked) {
      const { a, root } = this
      const map = mapCreate(a)
      if (map === 0) throw OOM_ARENA
      if (!this.unpackTo(map)) {
        mapFree(a, map)
        throw OOM_ARENA
      }
      this.carry(map, root)
      this.freePacked()
      this.root = map
    }
    this.form = form
  }

  private unpackTo(map: number): boolean {
    const { a, host, field, value } = this
    this.beginPacked()
    while (this.nextPacked()) {
      this.spellPair()
      const { buf, start, end } = field
      const hash = host.hasher.hash(buf, start, end)
      if (fieldsInsert(a, map + FIELDS, hash, buf, start, end, value.buf, value.start, value.end, 0) === 0) return false
    }
    return true
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
    return this.isPacked ? 0 : fieldDeadline(this.a, dictRef(this.a, this.at))
  }

  /** Makes ready for fields with deadlines, which a packed hash has no place for. Throws OOM_ARENA with nothing changed. */
  allowDeadlines(): void {
    if (this.isPacked) this.grow(FORM_LISTPACK_EX)
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
    if (this.isPacked) return false
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
    if (this.isPacked) return 0
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
