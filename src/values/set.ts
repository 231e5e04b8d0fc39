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
import { dictRandom, dictScan } from '../memory/dict.ts'
import { INTSET_HEADER_BYTES, intsetClear, intsetCount, intsetCreate, intsetWidth } from '../memory/intset.ts'
import { membersAdd, membersClear, membersFind, membersFree } from '../memory/members.ts'
import {
  PACKED_ELEMENTS_AT,
  packedAt,
  packedCount,
  packedFirst,
  packedFit,
  packedRemove,
  packedUsed,
} from '../memory/packed-block.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { Member } from './member.ts'
import { Places } from './places.ts'
import { ALL_HASHES, emptyTable, SetMembers } from './set-members.ts'
import { FORM_HASHTABLE, FORM_INTSET, FORM_LISTPACK, TYPE_SET } from './types.ts'
import { type Unwritten, unwritten } from './unwritten.ts'
import { showMember, UnwrittenTable } from './unwritten-table.ts'
import {
  type RestoredElement,
  ROOT_ALLOCATED,
  ROOT_LOGICAL,
  ROOT_OWN,
  type ValueHost,
  VISIT_END,
  type Visit,
} from './value.ts'

/** Members of a table that are freed on the spot when all go. */
const CLEARED_AT_ONCE = 1024

/** Room beyond this is not asked for before it is needed. */
const MOST_EXPECTED_BYTES = 4096

/** Slots that were drawn; multiples of 8. */
const drawn = new Places()

export class SetValue extends SetMembers {
  readonly type = TYPE_SET
  readonly order = 'none'
  readonly width = 1
  /** What comes in from outside. */
  private readonly restored = new Member()
  private readonly batch = new PairBatch()
  /** Nobody reads it; it keeps loads from being left out. */
  touched = 0
  /** dictRandom's source; made once. */
  private readonly draw32 = (): number => this.host.random.uint32()

  create(host: ValueHost, a: Arena): void {
    const root = intsetCreate(a)
    if (root === 0) throw OOM_ARENA
    this.aim(host, a, root, FORM_INTSET)
    this.expectedBytes = 0
  }

  /** What is about to be added to this set, which is in the making, is some or all of the members of another. */
  expect(of: SetValue): void {
    if (of.form === FORM_LISTPACK) this.expectedBytes = Math.min(MOST_EXPECTED_BYTES, packedUsed(of.a, of.root))
  }

  /** Gives back room that was expected to be needed. */
  override complete(): void {
    if (this.form === FORM_LISTPACK) this.root = packedFit(this.a, this.root)
    this.expectedBytes = 0
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

  // ---- many at once -----------------------------------------------------------------------------------------------

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
    const rest = unwritten.of(a, root)
    if (this.count > CLEARED_AT_ONCE || rest !== undefined) {
      const before = a.allocatedBytes
      const table = emptyTable(a)
      if (table !== 0 && this.replaceBy(table, before)) return
      if (table !== 0) a.free(table)
    }
    rest?.takeAll()
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
      if (membersAdd(a, table + ROOT_OWN, shown.hash(this.host.hasher), shown.buf, shown.start, shown.end) === 0) {
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

  /** The place of a member, each equally likely. The set is not empty. */
  draw(): number {
    const { a, root, form, host } = this
    if (form === FORM_HASHTABLE) return dictRandom(a, root + ROOT_OWN, this.draw32)
    const index = host.random.below(this.count)
    return form === FORM_INTSET ? index : packedAt(a, root, index)
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

  override unwritten(from: number): Unwritten | undefined {
    if (this.form !== FORM_HASHTABLE) return undefined
    return new UnwrittenTable(this, this.root + ROOT_OWN, from, showMember)
  }

  restore(element: RestoredElement): boolean {
    const { restored } = this
    restored.setText(element.buf, element.starts[0], element.ends[0])
    return this.add(restored)
  }
}
