// What a save has still to write of a sorted set that is a tree (unwritten.ts). It goes through the tree in its order, from
// either end, up to a border: the place of the element that comes next. A border means the same whatever comes and goes on its
// sides. Members are named by their refs, and lie where the scores in their blocks say.

import { writeDouble } from '../bytes/double.ts'
import { scoredLength, scoredStart, scoreOf } from '../memory/scored.ts'
import { TreeCursor, treeBefore, treeCount } from '../memory/tree.ts'
import { isBefore, TreeKey } from '../memory/tree-node.ts'
import { type Original, UnwrittenBlocks } from './unwritten.ts'
import type { SavedOrder, Visit } from './value.ts'

const digits = new Uint8Array(32)

export class UnwrittenTree extends UnwrittenBlocks {
  private readonly tree: number
  private readonly order: SavedOrder
  protected isThrough = false
  /** Whether anything has been written: then there is a border, the side of the next element that was written first. */
  private isBegun = false
  private readonly border = new TreeKey()
  private readonly cursor = new TreeCursor()
  /** What looking ahead has added up, kept so that the looking is not left out. */
  touched = 0

  /** `written`: members at the beginning of the order that need not be written, not all of them. */
  constructor(v: Original, tree: number, written: number, order: SavedOrder) {
    super(v)
    this.tree = tree
    this.order = order
    if (written > 0) this.stopAt(order === 'up' ? written : treeCount(v.a, tree) - 1 - written)
  }

  protected isAhead(ref: number): boolean {
    if (this.isThrough) return false
    if (!this.isBegun) return true
    return isBefore(this.a, scoreOf(this.a, ref), ref, this.border) === (this.order === 'down')
  }

  protected refOf(ref: number): number {
    return ref
  }

  protected show(ref: number, visit: Visit): void {
    const { a } = this
    const start = scoredStart(a.u8, ref)
    visit(a.u8, start, start + scoredLength(a.u8, ref))
    visit(digits, 0, writeDouble(digits, 0, scoreOf(a, ref)))
  }

  protected visitSome(wanted: number, visit: Visit): void {
    const { a, tree, order, border, cursor, newer } = this
    const isUp = order === 'up'
    const count = treeCount(a, tree)
    const before = this.isBegun ? treeBefore(a, tree, border) : isUp ? 0 : count
    const n = Math.min(wanted, isUp ? count - before : before)
    let leaf = 0
    if (n > 0) cursor.toRank(a, tree, isUp ? before : before - 1)
    for (let i = 0; i < n; i++) {
      if (cursor.leaf !== leaf) this.touched = cursor.touch(a, isUp ? n : -n)
      leaf = cursor.leaf
      const ref = cursor.ref(a)
      if (!newer.delete(ref)) this.show(ref, visit)
      if (isUp) cursor.next(a)
      else cursor.previous(a)
    }
    const left = isUp ? count - before - n : before - n
    if (left > 0) this.stopAt(isUp ? before + n : before - n - 1)
    else this.isThrough = true
  }

  /** The member of this rank comes next. */
  private stopAt(rank: number): void {
    const { a, tree, border, cursor } = this
    cursor.toRank(a, tree, rank)
    const ref = cursor.ref(a)
    const start = scoredStart(a.u8, ref)
    const member = a.u8.slice(start, start + scoredLength(a.u8, ref))
    border.member(scoreOf(a, ref), member, 0, member.length, this.order === 'down')
    this.isBegun = true
  }
}
