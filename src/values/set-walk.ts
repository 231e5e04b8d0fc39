// A walk over the members of a set, in the order that they lie in. The set must not change meanwhile; others may.

import { DictWalk } from '../memory/dict.ts'
import { packedFirst, packedStop } from '../memory/packed-block.ts'
import { Member } from './member.ts'
import type { SetValue } from './set.ts'
import { FORM_HASHTABLE, FORM_INTSET } from './types.ts'
import { ROOT_OWN } from './value.ts'

/** Pairs that are looked up in the dict together: few at first, for walks that stop early, and twice as many each time. */
const FIRST_STEP = 8
const STEP = 64

export class SetWalk {
  /** The member that `next` came to. */
  readonly member = new Member()
  private set: SetValue | undefined
  private readonly pairs = new DictWalk(0)
  /** The next member: number, place or number in the batch, by form. */
  private at = 0
  private stop = 0
  private step = FIRST_STEP
  /** Nobody reads it; it keeps `touch` from being left out. */
  touched = 0

  start(set: SetValue): void {
    const { pairs } = this
    const { a, root, form } = set
    this.set = set
    if (form === FORM_HASHTABLE) {
      pairs.root = root + ROOT_OWN
      pairs.position = 0
      pairs.batch.length = 0
      this.at = 0
      this.stop = 0
      this.step = FIRST_STEP
    } else if (form === FORM_INTSET) {
      this.at = 0
      this.stop = set.count
    } else {
      this.at = packedFirst(root)
      this.stop = packedStop(a, root)
    }
  }

  next(): boolean {
    const { set, member } = this
    if (set === undefined) return false
    if (set.form === FORM_HASHTABLE) return this.nextPair(set)
    if (this.at >= this.stop) return false
    if (set.form === FORM_INTSET) set.read(this.at++, member)
    else this.at = set.readPacked(this.at, member)
    return true
  }

  /** Waits for the memory of all members of the batch at the same time instead of one after the other. */
  private touch(u8: Uint8Array): void {
    const { refs, length } = this.pairs.batch
    let sum = 0
    for (let i = 0; i < length; i++) sum += u8[refs[i]]
    this.touched = sum
  }

  private nextPair(set: SetValue): boolean {
    const { pairs, member } = this
    const { batch } = pairs
    if (this.at >= this.stop) {
      if (!pairs.step(set.a, this.step)) return false
      this.step = Math.min(STEP, this.step * 2)
      this.at = 0
      this.stop = batch.length
      this.touch(set.a.u8)
    }
    const i = this.at++
    set.readPair(batch.hashes[i], batch.refs[i], member)
    return true
  }
}
