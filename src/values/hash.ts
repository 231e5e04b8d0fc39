// The hash view: fields and values of one key, small ones in a packed block (field, value, field, value, ...), larger ones in
// a map. A hash turns from the first to the second when it outgrows hash-max-listpack-entries or -value, or when a field is
// to expire, and never back.
//
//   FORM_LISTPACK       a packed block (memory/packed-block.ts)      find, set, remove    O(fields)
//   FORM_HASHTABLE      a map (hash-map.ts)                                               O(1)
//   FORM_LISTPACK_EX    the same, within the limits of a packed one, with timed fields: Redis's name for it is listpackex
//
// A field whose time is over is not there for anybody: it is passed over here until the clock fires and reap() frees it.
// One view is aimed at many hashes. `field` and `value` are aimed by find, next and random, and good until the next change.

import { copy } from '../bytes/ascii.ts'
import { INT64_TEXT_BYTES, parseSafe, writeInt } from '../bytes/int64.ts'
import type { Arena } from '../memory/arena.ts'
import { dictFind, dictNext, dictRandom, dictRef, dictScan, PairBatch } from '../memory/dict.ts'
import {
  FieldView,
  fieldDeadline,
  fieldsFind,
  fieldsInsert,
  fieldsRemove,
  fieldsReplace,
  fieldsRetime,
} from '../memory/fields.ts'
import { PackedElement, packedFind, packedSkip } from '../memory/packed.ts'
import {
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
import { OOM_ARENA } from '../resp/errors.ts'
import { clockOwn } from './hash-clock.ts'
import {
  FIELDS,
  mapClock,
  mapCopy,
  mapCount,
  mapCreate,
  mapDue,
  mapFile,
  mapFirstDeadline,
  mapFirstTimed,
  mapFree,
  mapFreeSome,
  mapNeedClock,
  mapStop,
  mapTimed,
} from './hash-map.ts'
import { FORM_HASHTABLE, FORM_LISTPACK, FORM_LISTPACK_EX, TYPE_HASH } from './types.ts'
import {
  type RestoredElement,
  ROOT_ALLOCATED,
  ROOT_LOGICAL,
  Value,
  type ValueHost,
  VISIT_END,
  type Visit,
} from './value.ts'

/** What a new hash has room for: two short fields. */
const FIRST_BYTES = 32
const PACKED_HEADER_BYTES = 16
const ALL_HASHES = 0x1_0000_0000
/** Fields that a walk looks up at once. */
const WALK_STEP = 128
/** Draws before a random field is looked for among all of them, because most are due. */
const RANDOM_TRIES = 50
/** As a deadline: leave the one that the field has. */
export const KEEP_DEADLINE = -1

export class Hash extends Value {
  readonly type = TYPE_HASH
  readonly order = 'none'
  /** Field, value, and the deadline in ms or nothing. */
  readonly width = 3
  readonly field = new PackedElement()
  readonly value = new PackedElement()
  /** Where find has found the field: place of its element, or its slot. 0: nowhere. */
  private at = 0
  private readonly view = new FieldView()
  private readonly batch = new PairBatch()
  private batchAt = 0
  private position = 0
  /** Keeps the engine from leaving the loads of touch out. */
  sink = 0
  /** Texts of packed integers. */
  private readonly fieldDigits = new Uint8Array(INT64_TEXT_BYTES)
  private readonly valueDigits = new Uint8Array(INT64_TEXT_BYTES)
  /** A source for dictRandom; made once. */
  readonly draw = (): number => this.host.random.uint32()

  override get table(): number {
    return this.form === FORM_HASHTABLE ? this.root + FIELDS : 0
  }

  create(host: ValueHost, a: Arena): void {
    const root = packedCreate(a, FIRST_BYTES)
    if (root === 0) throw OOM_ARENA
    this.aim(host, a, root, FORM_LISTPACK)
  }

  release(): void {
    if (this.form === FORM_LISTPACK) this.a.free(this.root)
    else mapFree(this.a, this.root)
  }

  override disown(): void {
    if (this.form !== FORM_LISTPACK) mapStop(this.a, this.root)
  }

  override releaseSome(from: number, most: number): number {
    if (this.form !== FORM_LISTPACK) {
      const next = mapFreeSome(this.a, this.root, from, most)
      if (next !== 0) return next
    }
    this.release()
    return VISIT_END
  }

  copyTo(to: Arena): number {
    const { a, root } = this
    let copied = 0
    if (this.form !== FORM_LISTPACK) copied = mapCopy(a, root, to)
    else {
      const used = packedUsed(a, root)
      copied = packedCreate(to, used)
      if (copied !== 0) copy(to.u8, copied, a.u8, root, root + PACKED_HEADER_BYTES + used)
    }
    if (copied === 0) throw OOM_ARENA
    return copied
  }

  get count(): number {
    const { a, root } = this
    return this.form === FORM_LISTPACK
      ? packedCount(a, root) >> 1
      : mapCount(a, root) - mapDue(a, root, this.host.nowMs)
  }

  /** Due fields are counted only when all fields are timed: there may be a million, and each write asks. */
  override get isEmpty(): boolean {
    const { a, root, stored } = this
    return stored === 0 || (this.form !== FORM_LISTPACK && mapTimed(a, root) === stored && this.count === 0)
  }

  override get stored(): number {
    return this.form === FORM_LISTPACK ? packedCount(this.a, this.root) >> 1 : mapCount(this.a, this.root)
  }

  /** Whether a field has a deadline, be its time over or not. */
  get isTimed(): boolean {
    return this.form !== FORM_LISTPACK && mapTimed(this.a, this.root) > 0
  }

  override own(entry: number, namespace: number): void {
    if (this.form === FORM_LISTPACK) return
    const clock = mapClock(this.a, this.root)
    if (clock !== 0) clockOwn(this.a, clock, entry, namespace)
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
      if (fieldsInsert(a, map, hash, buf, start, end, value, valueStart, valueEnd, first) === 0) throw OOM_ARENA
      this.addLogical(end - start + valueEnd - valueStart)
      if (first !== 0) mapFile(a, root)
      return
    }
    const before = fieldDeadline(a, dictRef(a, this.at))
    const after = deadline !== KEEP_DEADLINE ? deadline : found ? before : 0
    const valueBytes = this.value.end - this.value.start
    if (!fieldsReplace(a, map, this.at, value, valueStart, valueEnd, after)) throw OOM_ARENA
    this.addLogical(valueEnd - valueStart - valueBytes)
    if (before !== after) mapFile(a, root)
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
    const { a, host, field, value } = this
    this.begin()
    while (this.next()) {
      spell(field, this.fieldDigits)
      spell(value, this.valueDigits)
      const { buf, start, end } = field
      const hash = host.hasher.hash(buf, start, end)
      if (fieldsInsert(a, map + FIELDS, hash, buf, start, end, value.buf, value.start, value.end, 0) === 0) return false
    }
    return true
  }

  /** Aims `field` and `value` at the packed pair at `at`. */
  private lookPacked(at: number): void {
    this.field.read(this.a.u8, at)
    this.value.read(this.a.u8, this.field.next)
  }

  /** Aims `field` and `value` at the pair behind a ref. */
  private look(ref: number): void {
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
    if (!fieldsRetime(a, root + FIELDS, this.at, deadline, this.view)) throw OOM_ARENA
    mapFile(a, root)
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

  // ---- all fields as text -----------------------------------------------------------------------------------------

  /** Due fields are visited too: how many there are may not change with the clock while a snapshot is written. */
  visitFrom(from: number, wanted: number, visit: Visit): number {
    const { a, root, batch } = this
    if (this.form === FORM_LISTPACK) {
      let at = from === 0 ? packedFirst(root) : root + from
      const stop = packedStop(a, root)
      for (let i = 0; i < wanted && at < stop; i++) {
        this.lookPacked(at)
        at = this.value.next
        this.visitOne(0, visit)
      }
      return at < stop ? at - root : VISIT_END
    }
    batch.length = 0
    const next = dictScan(a, root + FIELDS, from * 256, wanted, batch)
    for (let i = 0; i < batch.length; i++) {
      const ref = batch.refs[i]
      this.look(ref)
      this.visitOne(fieldDeadline(a, ref), visit)
    }
    return next === ALL_HASHES ? VISIT_END : next / 256
  }

  private visitOne(deadline: number, visit: Visit): void {
    const { field, value, fieldDigits, valueDigits } = this
    spell(field, fieldDigits)
    visit(field.buf, field.start, field.end)
    spell(value, valueDigits)
    visit(value.buf, value.start, value.end)
    visit(fieldDigits, 0, deadline === 0 ? 0 : writeInt(fieldDigits, 0, deadline))
  }

  restore(element: RestoredElement): boolean {
    const { buf, starts, ends } = element
    const deadline = starts[2] === ends[2] ? 0 : parseSafe(buf, starts[2], ends[2])
    if (!(deadline >= 0) || this.find(buf, starts[0], ends[0]) || this.at !== 0) return false
    this.set(buf, starts[0], ends[0], buf, starts[1], ends[1], deadline)
    return true
  }

  // ---- many fields ------------------------------------------------------------------------------------------------

  /** `field` as text, whatever it was. */
  fieldText(): PackedElement {
    spell(this.field, this.fieldDigits)
    return this.field
  }

  /** `value` as text, whatever it was. */
  valueText(): PackedElement {
    spell(this.value, this.valueDigits)
    return this.value
  }

  /** Begins a walk over all fields; nothing may change before it ends. */
  begin(): void {
    this.at = packedFirst(this.root)
    this.position = 0
    this.batch.length = 0
    this.batchAt = 0
  }

  /** Aims `field` and `value` at the next pair of the walk; false at the end. */
  next(): boolean {
    const { a, batch } = this
    if (this.form === FORM_LISTPACK) {
      if (this.at === packedStop(a, this.root)) return false
      this.lookPacked(this.at)
      this.at = this.value.next
      return true
    }
    for (;;) {
      if (this.batchAt === batch.length) {
        if (this.position === ALL_HASHES) return false
        batch.length = 0
        this.batchAt = 0
        this.position = dictScan(a, this.root + FIELDS, this.position, WALK_STEP, batch)
        this.touch()
        continue
      }
      const ref = batch.refs[this.batchAt++]
      if (this.isDue(ref)) continue
      this.look(ref)
      return true
    }
  }

  /**
   * Reads a word of each block of the batch, so that the waits for memory overlap: the blocks lie anywhere. HGETALL of
   * 500,000 fields of 80 bytes: 140 ms of user time instead of 285.
   */
  private touch(): void {
    const { batch, a } = this
    const { i32 } = a
    let sink = 0
    for (let i = 0; i < batch.length; i++) sink ^= i32[batch.refs[i] >> 2]
    this.sink = sink
  }

  /** Deadline in ms of the pair that the walk is at, 0 for none. */
  get walkDeadline(): number {
    return this.form === FORM_LISTPACK ? 0 : fieldDeadline(this.a, this.batch.refs[this.batchAt - 1])
  }

  /**
   * Begins a walk over about `wanted` fields from a position on (0: the start) and returns the position behind them, 0 when
   * they are the last. A field that is there through all parts of a scan is met exactly once, unless the hash is given
   * up and made anew: a packed one comes whole.
   */
  beginPart(position: number, wanted: number): number {
    this.begin()
    if (this.form === FORM_LISTPACK) return 0
    const { a, batch } = this
    this.position = ALL_HASHES
    const next = dictScan(a, this.root + FIELDS, Math.min(position * 256, ALL_HASHES), wanted, batch)
    this.touch()
    return next === ALL_HASHES ? 0 : next / 256
  }

  /** Ends a part: a client may have asked for all at once. */
  endPart(): void {
    this.batch.clear()
  }

  /** Aims `field` and `value` at a random pair, each equally likely. False when none is there. */
  random(): boolean {
    const { a, root, host } = this
    const count = this.count
    if (count === 0) return false
    if (this.form === FORM_LISTPACK) {
      this.lookPacked(packedAt(a, root, 2 * host.random.below(count)))
      return true
    }
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const ref = dictRef(a, dictRandom(a, root + FIELDS, this.draw))
      if (this.isDue(ref)) continue
      this.look(ref)
      return true
    }
    this.begin()
    for (let left = host.random.below(count); left >= 0; left--) this.next()
    return true
  }

  /** Aims `field` and `value` at the pair behind a ref, or at the place of a packed one. */
  lookAt(ref: number): void {
    if (this.form === FORM_LISTPACK) this.lookPacked(ref)
    else this.look(ref)
  }
}

/** Turns an integer into its text, in `scratch`. */
function spell(element: PackedElement, scratch: Uint8Array): void {
  if (!element.isInt) return
  element.end = writeInt(scratch, 0, element.int)
  element.buf = scratch
  element.start = 0
  element.isInt = false
}
