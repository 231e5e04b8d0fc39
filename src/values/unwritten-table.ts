// What a save has still to write of a set or hash that is a dict (unwritten.ts). It goes through the dict in the order of its
// hashes, where a place means the same however the dict grows and shrinks. Elements are named by their slots.

import { writeInt } from '../bytes/int64.ts'
import type { Arena } from '../memory/arena.ts'
import { dictHash, dictRef, dictScan } from '../memory/dict.ts'
import { FieldView, fieldDeadline } from '../memory/fields.ts'
import { memberLength, memberStart } from '../memory/members.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { type Original, UnwrittenBlocks } from './unwritten.ts'
import type { Visit } from './value.ts'

const ALL_HASHES = 0x1_0000_0000

/** Shows the element behind a ref. */
type Show = (a: Arena, ref: number, visit: Visit) => void

export class UnwrittenTable extends UnwrittenBlocks {
  private readonly dict: number
  private readonly showRef: Show
  /** Hashes below this have been written. */
  private position: number
  private readonly batch = new PairBatch()
  /** Nobody reads it; it keeps loads from being left out. */
  touched = 0

  constructor(v: Original, dict: number, position: number, showRef: Show) {
    super(v)
    this.dict = dict
    this.position = position
    this.showRef = showRef
  }

  protected isAhead(slot: number): boolean {
    return dictHash(this.a, slot) >>> 0 >= this.position
  }

  protected refOf(slot: number): number {
    return dictRef(this.a, slot)
  }

  protected show(ref: number, visit: Visit): void {
    this.showRef(this.a, ref, visit)
  }

  protected get isThrough(): boolean {
    return this.position === ALL_HASHES
  }

  protected visitSome(wanted: number, visit: Visit): void {
    const { a, newer, batch } = this
    batch.length = 0
    this.position = dictScan(a, this.dict, this.position, wanted, batch)
    const { refs, length } = batch
    // A byte of each, so that the waits for memory overlap.
    let sum = 0
    for (let i = 0; i < length; i++) sum += a.u8[refs[i]]
    this.touched = sum
    for (let i = 0; i < length; i++) if (!newer.delete(refs[i])) this.showRef(a, refs[i], visit)
  }
}

export const showMember: Show = (a, ref, visit) => {
  const start = memberStart(a.u8, ref)
  visit(a.u8, start, start + memberLength(a.u8, ref))
}

const view = new FieldView()
const digits = new Uint8Array(24)

export const showField: Show = (a, ref, visit) => {
  view.read(a, ref)
  // A visit may look at another field.
  const { start, end, valueStart, valueEnd } = view
  const deadline = fieldDeadline(a, ref)
  visit(a.u8, start, end)
  visit(a.u8, valueStart, valueEnd)
  visit(digits, 0, deadline === 0 ? 0 : writeInt(digits, 0, deadline))
}
