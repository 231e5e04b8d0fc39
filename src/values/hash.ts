// The hash view: fields and values of one key, small ones in a packed block (field, value, field, value, ...), larger ones in
// a map. A hash turns from the first to the second when it outgrows hash-max-listpack-entries or -value, or when a field is
// to expire, and never back. One field is the business of hash-fields.ts; here is what goes over all of them.
//
//   FORM_LISTPACK       a packed block (memory/packed-block.ts)      find, set, remove    O(fields)
//   FORM_SHARED         the same, its values alone (hash-packed.ts)
//   FORM_HASHTABLE      a map (hash-map.ts)                                               O(1)
//   FORM_LISTPACK_EX    the same, within the limits of a packed one, with timed fields: Redis's name for it is listpackex
//
// A field whose time is over is not there for anybody: it is passed over here until the clock fires and reap() frees it.
// One view is aimed at many hashes. `field` and `value` are aimed by find, next and random, and good until the next change.

import { parseSafe, writeInt } from '../bytes/int64.ts'
import type { Arena } from '../memory/arena.ts'
import { dictRandom, dictRef, dictScan } from '../memory/dict.ts'
import { fieldDeadline } from '../memory/fields.ts'
import type { PackedElement } from '../memory/packed.ts'
import { packedCreate } from '../memory/packed-block.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { clockOwn } from './hash-clock.ts'
import { HashFields } from './hash-fields.ts'
import { FIELDS, mapClock, mapCopy, mapCount, mapDue, mapFree, mapFreeSome, mapStop, mapTimed } from './hash-map.ts'
import { spell } from './hash-packed.ts'
import { FORM_HASHTABLE, FORM_LISTPACK, TYPE_HASH } from './types.ts'
import type { Unwritten } from './unwritten.ts'
import { showField, UnwrittenTable } from './unwritten-table.ts'
import { ENTRY_FLAGS, FLAG_FLEETING, type RestoredElement, type ValueHost, VISIT_END, type Visit } from './value.ts'

/** What a new hash has room for: two short fields. */
const FIRST_BYTES = 32
const ALL_HASHES = 0x1_0000_0000
/** dictScan's places are multiples of this. */
const PLACE = 256
/** Fields that a walk looks up at once. */
const WALK_STEP = 128
/** Draws before a random field is looked for among all of them, because most are due. */
const RANDOM_TRIES = 50

export class Hash extends HashFields {
  readonly type = TYPE_HASH
  readonly order = 'none'
  /** Field, value, and the deadline in ms or nothing. */
  readonly width = 3
  private readonly batch = new PairBatch()
  private batchAt = 0
  private position = 0
  /** Keeps the engine from leaving the loads of touch out. */
  sink = 0
  /** A source for dictRandom; made once. */
  readonly draw = (): number => this.host.random.uint32()

  override get table(): number {
    return this.form === FORM_HASHTABLE ? this.root + FIELDS : 0
  }

  create(host: ValueHost, a: Arena): void {
    const root = packedCreate(a, FIRST_BYTES)
    if (root === 0) throw OOM_ARENA
    this.aim(host, a, root, FORM_LISTPACK)
    this.wordsHash = 0
    this.isStranger = false
  }

  release(): void {
    if (this.isPacked) this.freePacked()
    else mapFree(this.a, this.root)
  }

  override disown(): void {
    if (!this.isPacked) mapStop(this.a, this.root)
  }

  override releaseSome(from: number, most: number): number {
    if (!this.isPacked) {
      const next = mapFreeSome(this.a, this.root, from, most)
      if (next !== 0) return next
    }
    this.release()
    return VISIT_END
  }

  copyTo(to: Arena): number {
    const copied = this.isPacked ? this.copyPacked(to) : mapCopy(this.a, this.root, to)
    if (copied === 0) throw OOM_ARENA
    return copied
  }

  get count(): number {
    const { a, root } = this
    return this.isPacked ? this.packedFields : mapCount(a, root) - mapDue(a, root, this.host.nowMs)
  }

  /** Due fields are counted only when all fields are timed: there may be a million, and each write asks. */
  override get isEmpty(): boolean {
    const { a, root, stored } = this
    return stored === 0 || (!this.isPacked && mapTimed(a, root) === stored && this.count === 0)
  }

  /** Whether a field has a deadline, be its time over or not. */
  get isTimed(): boolean {
    return !this.isPacked && mapTimed(this.a, this.root) > 0
  }

  override own(entry: number, namespace: number): void {
    const { a, root } = this
    if (this.isPacked) return
    const clock = mapClock(a, root)
    if (clock === 0) return
    clockOwn(a, clock, entry, namespace)
    const fleeting = mapTimed(a, root) === mapCount(a, root) ? FLAG_FLEETING : 0
    a.u8[entry + ENTRY_FLAGS] = (a.u8[entry + ENTRY_FLAGS] & ~FLAG_FLEETING) | fleeting
  }

  // ---- all fields as text -----------------------------------------------------------------------------------------

  /** Due fields are visited too: how many there are may not change with the clock while a snapshot is written. */
  visitFrom(from: number, wanted: number, visit: Visit): number {
    const { a, root, batch } = this
    if (this.isPacked) {
      this.beginPacked(from)
      for (let i = 0; i < wanted && this.nextPacked(); i++) this.visitOne(0, visit)
      return this.packedPlace
    }
    batch.length = 0
    const next = dictScan(a, root + FIELDS, from * PLACE, wanted, batch)
    this.touch(batch)
    for (let i = 0; i < batch.length; i++) {
      const ref = batch.refs[i]
      this.look(ref)
      this.visitOne(fieldDeadline(a, ref), visit)
    }
    return next === ALL_HASHES ? VISIT_END : next / PLACE
  }

  private visitOne(deadline: number, visit: Visit): void {
    const { field, value, fieldDigits } = this
    this.spellPair()
    visit(field.buf, field.start, field.end)
    visit(value.buf, value.start, value.end)
    visit(fieldDigits, 0, deadline === 0 ? 0 : writeInt(fieldDigits, 0, deadline))
  }

  override unwritten(from: number): Unwritten | undefined {
    if (this.isPacked) return undefined
    return new UnwrittenTable(this, this.root + FIELDS, from * PLACE, showField)
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
    if (this.isPacked) this.beginPacked()
    this.position = 0
    this.batch.length = 0
    this.batchAt = 0
  }

  /** Aims `field` and `value` at the next pair of the walk; false at the end. */
  next(): boolean {
    const { a, batch } = this
    if (this.isPacked) return this.nextPacked()
    for (;;) {
      if (this.batchAt === batch.length) {
        if (this.position === ALL_HASHES) return false
        batch.length = 0
        this.batchAt = 0
        this.position = dictScan(a, this.root + FIELDS, this.position, WALK_STEP, batch)
        this.touch(batch)
        continue
      }
      const ref = batch.refs[this.batchAt++]
      if (this.isDue(ref)) continue
      this.look(ref)
      return true
    }
  }

  /**
   * Reads a word of each block of a batch, so that the waits for memory overlap: the blocks lie anywhere. HGETALL of
   * 500,000 fields of 80 bytes: 140 ms of user time instead of 285.
   */
  touch(batch: PairBatch): void {
    const { i32 } = this.a
    let sink = 0
    for (let i = 0; i < batch.length; i++) sink ^= i32[batch.refs[i] >> 2]
    this.sink = sink
  }

  /** Deadline in ms of the pair that the walk is at, 0 for none. */
  get walkDeadline(): number {
    return this.isPacked ? 0 : fieldDeadline(this.a, this.batch.refs[this.batchAt - 1])
  }

  /**
   * Begins a walk over about `wanted` fields from a position on (0: the start) and returns the position behind them, 0 when
   * they are the last. A field that is there through all parts of a scan is met exactly once, unless the hash is given
   * up and made anew: a packed one comes whole.
   */
  beginPart(position: number, wanted: number): number {
    this.begin()
    if (this.isPacked) return 0
    const { a, batch } = this
    this.position = ALL_HASHES
    const next = dictScan(a, this.root + FIELDS, Math.min(position * PLACE, ALL_HASHES), wanted, batch)
    this.touch(batch)
    return next === ALL_HASHES ? 0 : next / PLACE
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
    if (this.isPacked) {
      this.lookNth(host.random.below(count))
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

  /** Aims `field` and `value` at the pair behind a ref, or at the place in a packed hash. */
  lookAt(ref: number): void {
    if (this.isPacked) this.lookListed(ref)
    else this.look(ref)
  }
}
