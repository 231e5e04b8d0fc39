// Large values that change, or whose keys go, while a save has still to write elements of them. The file is to have the value
// of the moment at which the save began, and to write all of it before the change would hold the loop for too long. So each
// such value has an Unwritten for as long as the save is not through with it:
//
//   who changes an element       says so before and after: leaves(), added()
//   an element that leaves       and was there at the moment is put aside, if the save has not written it
//   an element that is added     is noted, if the save has still to come to where it is: it was not there then
//   the save                     takes what was put aside, then what it finds in the value and is not noted
//   the value                    whose key is gone waits for its grave until the save is through
//
// So a change costs what it costs for its own elements, whatever the value weighs. Values are found by their roots; while
// there is no Unwritten at all, changes look at nothing but that.

import type { Arena } from '../memory/arena.ts'
import { Aside } from './aside.ts'
import type { Visit } from './value.ts'

/** What is looked at of a value when its Unwritten is made: nothing of it has changed yet. */
export interface Original {
  readonly a: Arena
  readonly root: number
  readonly width: number
  readonly stored: number
  readonly logical: number
}

export abstract class Unwritten {
  readonly a: Arena
  readonly root: number
  /** Visits that make one element. */
  readonly width: number
  /** Elements and logical bytes that the value had. */
  readonly stored: number
  readonly logical: number
  /** The value's grave, made ahead of need; `isGone`: it has to go there. */
  grave = 0
  isGone = false
  protected readonly aside = new Aside()

  constructor(v: Original) {
    this.a = v.a
    this.root = v.root
    this.width = v.width
    this.stored = v.stored
    this.logical = v.logical
  }

  /** Memory that it takes beside the value, about. */
  abstract get heldBytes(): number

  /** An element has been added. How elements are named depends on the kind of value. */
  abstract added(element: number): void

  /** An element is about to be taken out, or to change; in the second case it is added afterwards. */
  abstract leaves(element: number): void

  /** Whether all that is in the value has been looked at. */
  protected abstract get isThrough(): boolean

  /** Visits about `wanted` elements that are in the value. */
  protected abstract visitSome(wanted: number, visit: Visit): void

  /** Visits about `wanted` of the elements to be written, perhaps none. False: those were the last. */
  next(wanted: number, visit: Visit): boolean {
    if (this.aside.isEmpty) this.visitSome(wanted, visit)
    else this.aside.release(visit)
    return !this.isThrough || !this.aside.isEmpty
  }

  /** Puts aside all that is in the value, which is small and about to go at once. */
  takeAll(): void {
    let visits = 0
    while (!this.isThrough) {
      this.visitSome(this.stored, (buf, start, end) => {
        if (visits++ % this.width === 0) this.aside.begin()
        this.aside.add(buf, start, end)
      })
    }
  }
}

/** What the engine takes for a number in a set. */
const NOTED_BYTES = 40

/** Of a value whose elements are blocks of their own, in no order that counts: each is known by its ref. */
export abstract class UnwrittenBlocks extends Unwritten {
  /** Refs of elements that the value did not have, or that were put aside as they were. */
  protected readonly newer = new Set<number>()

  get heldBytes(): number {
    return this.aside.bytes + this.newer.size * NOTED_BYTES
  }

  /** Whether the save has still to come to where an element is. */
  protected abstract isAhead(element: number): boolean
  protected abstract refOf(element: number): number
  /** Visits the element behind a ref as the value does. */
  protected abstract show(ref: number, visit: Visit): void

  added(element: number): void {
    if (this.isAhead(element)) this.newer.add(this.refOf(element))
  }

  leaves(element: number): void {
    const { aside } = this
    if (!this.isAhead(element) || this.newer.delete(this.refOf(element))) return
    aside.begin()
    this.show(this.refOf(element), aside.add)
  }
}

class UnwrittenValues {
  private count = 0
  private readonly byArena = new Map<Arena, Map<number, Unwritten>>()

  /** That of the value at `root`, if it has one. */
  of(a: Arena, root: number): Unwritten | undefined {
    return this.count === 0 ? undefined : this.byArena.get(a)?.get(root)
  }

  /** Those of values in an arena. */
  *in(a: Arena): Iterable<Unwritten> {
    yield* this.byArena.get(a)?.values() ?? []
  }

  add(value: Unwritten): void {
    const { a, root } = value
    const roots = this.byArena.get(a) ?? new Map<number, Unwritten>()
    this.byArena.set(a, roots)
    roots.set(root, value)
    this.count++
  }

  remove(value: Unwritten): void {
    const { a, root } = value
    const roots = this.byArena.get(a)
    // Its root may be that of another value by now.
    if (roots?.get(root) !== value) return
    roots.delete(root)
    this.count--
    if (roots.size === 0) this.byArena.delete(a)
  }
}

/** Those of all saves: a program may have several keyspaces. */
export const unwritten = new UnwrittenValues()
