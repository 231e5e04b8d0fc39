// What a save has still to write of a list (unwritten.ts). Order counts, so the list is seen as runs, in the order of the file;
// elements are named by their indexes.
//
//   ahead    elements of the list that the save has still to write
//   other    elements of the list that it need not: written, put aside, or added since
//   aside    elements that were put aside; none of the list
//
//   at first               ahead 1000                         the save writes from the left: what it has written is `other`
//   LSET 500               ahead 480, aside 32, other 32, ahead 488
//   LPUSH, two             other 2, ahead 480, aside 32, other 32, ahead 488
//
// An element that changes is put aside with its neighbours, so there are not many more runs than a 32nd of the elements. Where the
// last change was is remembered: the next one is often near.
//
//   change at an end    O(1)        elsewhere    O(runs from the nearest of both ends and the last change)

import type { Arena } from '../memory/arena.ts'
import { DequeCursor } from '../memory/deque-cursor.ts'
import { Aside } from './aside.ts'
import { type Original, Unwritten } from './unwritten.ts'
import type { Visit } from './value.ts'

/** Elements that are put aside together, and about their bytes. */
const TOGETHER = 32
const TOGETHER_BYTES = 64 << 10
/** What the engine takes for a run. */
const RUN_BYTES = 100

type Kind = 'ahead' | 'other' | 'aside'

class Run {
  readonly kind: Kind
  /** Elements of the list in it. */
  n: number
  before: Run | undefined
  behind: Run | undefined
  readonly texts: Aside | undefined

  constructor(kind: Kind, n: number) {
    this.kind = kind
    this.n = n
    this.texts = kind === 'aside' ? new Aside() : undefined
  }
}

export class UnwrittenList extends Unwritten {
  heldBytes = 0
  /** What is written; it stays where it is. */
  private readonly first: Run
  private last: Run
  /** Elements of the list. */
  private total: number
  /** The run of the last change, and the index at which it starts. */
  private finger: Run
  private fingerStart = 0
  private readonly together: number
  private readonly reader = new ListReader()

  constructor(v: Original, written: number) {
    super(v)
    this.total = v.stored
    this.first = new Run('other', written)
    this.last = this.first
    this.finger = this.first
    this.together = Math.max(1, Math.min(TOGETHER, Math.floor((TOGETHER_BYTES * v.stored) / (v.logical + 1))))
    if (v.stored > written) this.insertBehind(this.first, new Run('ahead', v.stored - written))
  }

  /** There is one more element, with this index. */
  added(index: number): void {
    if (index === this.total) this.other(this.last).n++
    else this.addInside(index)
    this.total++
  }

  private addInside(index: number): void {
    const run = this.find(index)
    const offset = index - this.fingerStart
    if (run.kind === 'other') run.n++
    else if (offset === 0) {
      // The finger stays at the run, which is one further on.
      this.otherBefore(run).n++
      this.fingerStart++
    } else {
      this.split(run, offset)
      this.other(run).n++
    }
  }

  /** The element with this index is about to be another one, or to be taken out: then `removed` follows. */
  leaves(index: number): void {
    if (this.find(index).kind === 'other') return
    const from = index - (index % this.together)
    this.putAside(from, Math.min(this.total, from + this.together))
  }

  /** Elements from an index on are about to be taken out. */
  leaveAll(index: number, n: number): void {
    this.putAside(index, index + n)
  }

  /** Elements that were put aside, from an index on, have been taken out. */
  removed(index: number, n: number): void {
    for (let left = n; left > 0; ) {
      const run = this.find(index)
      const gone = Math.min(left, run.n - (index - this.fingerStart))
      run.n -= gone
      this.total -= gone
      left -= gone
      if (run.n === 0) this.drop(run)
    }
  }

  override takeAll(): void {
    this.putAside(0, this.total)
  }

  protected get isThrough(): boolean {
    return this.first.behind === undefined
  }

  protected visitSome(wanted: number, visit: Visit): void {
    const { first } = this
    const run = first.behind
    if (run === undefined) return
    if (run.texts !== undefined) {
      this.heldBytes -= run.texts.bytes
      run.texts.release(visit)
      this.heldBytes += run.texts.bytes
      if (run.texts.isEmpty) this.drop(run)
    } else if (run.kind === 'other') {
      first.n += run.n
      this.drop(run)
    } else {
      const n = Math.min(wanted, run.n)
      this.reader.visit(this.a, this.root, first.n, n, visit)
      first.n += n
      run.n -= n
      if (run.n === 0) this.drop(run)
    }
    this.point(first, 0)
  }

  /** Puts aside what of the elements [from, to) has still to be written. */
  private putAside(from: number, to: number): void {
    for (let index = from; index < to; ) {
      let run = this.find(index)
      const stop = Math.min(to, this.fingerStart + run.n)
      if (run.kind === 'ahead') {
        const offset = index - this.fingerStart
        if (offset > 0) run = this.split(run, offset)
        if (stop - index < run.n) this.split(run, stop - index)
        this.copy(run, index)
      }
      index = stop
    }
  }

  /** The elements of a run, the first of which has this index, are put aside: it becomes one of others. */
  private copy(run: Run, index: number): void {
    const aside = this.asideBefore(run)
    const { texts } = aside
    if (texts === undefined) return
    this.heldBytes -= texts.bytes
    this.reader.visit(this.a, this.root, index, run.n, (buf, start, end) => {
      texts.begin()
      texts.add(buf, start, end)
    })
    this.heldBytes += texts.bytes
    const other = this.other(aside)
    this.point(other, index - other.n)
    other.n += run.n
    this.drop(run)
    const { behind } = other
    if (behind?.kind !== 'other') return
    other.n += behind.n
    this.drop(behind)
  }

  // ---- runs -------------------------------------------------------------------------------------------------------

  /** The run with an element; the finger is at it then. */
  private find(index: number): Run {
    const { finger, fingerStart, total } = this
    if (index < fingerStart >> 1) this.point(this.first, 0)
    else if (index - fingerStart - finger.n > total - index) this.point(this.last, total - this.last.n)
    while (index < this.fingerStart) {
      const before = this.finger.before ?? this.first
      this.point(before, this.fingerStart - before.n)
    }
    while (index >= this.fingerStart + this.finger.n) {
      if (this.finger.behind === undefined) throw new Error('a list has no element of this index')
      this.point(this.finger.behind, this.fingerStart + this.finger.n)
    }
    return this.finger
  }

  private point(run: Run, start: number): void {
    this.finger = run
    this.fingerStart = start
  }

  private insertBehind(run: Run, next: Run): Run {
    next.before = run
    next.behind = run.behind
    if (run.behind === undefined) this.last = next
    else run.behind.before = next
    run.behind = next
    this.heldBytes += RUN_BYTES
    return next
  }

  /** Cuts a run of elements that are ahead; returns the second one. */
  private split(run: Run, offset: number): Run {
    const second = this.insertBehind(run, new Run('ahead', run.n - offset))
    run.n = offset
    return second
  }

  /** The run itself, or the one behind it, when that is of others; else a new one behind it. */
  private other(run: Run): Run {
    if (run.kind === 'other') return run
    if (run.behind?.kind === 'other') return run.behind
    return this.insertBehind(run, new Run('other', 0))
  }

  private otherBefore(run: Run): Run {
    const before = run.before ?? this.first
    return before.kind === 'other' ? before : this.insertBehind(before, new Run('other', 0))
  }

  /** The run of texts before a run that is ahead, with nothing but others in between. */
  private asideBefore(run: Run): Run {
    const before = run.before ?? this.first
    if (before.kind === 'aside') return before
    if (before.kind === 'other' && before.before?.kind === 'aside') return before.before
    return this.insertBehind(before, new Run('aside', 0))
  }

  /** Takes out a run that has nothing any more. */
  private drop(run: Run): void {
    const { before, behind } = run
    if (before === undefined) return
    before.behind = behind
    if (behind === undefined) this.last = before
    else behind.before = before
    this.heldBytes -= RUN_BYTES
    if (this.finger === run) this.point(before, this.fingerStart - before.n)
  }
}

/** Reads elements of a list by their indexes. */
class ListReader {
  private readonly cursor = new DequeCursor()

  visit(a: Arena, root: number, index: number, n: number, visit: Visit): void {
    if (n === 0) return
    this.cursor.seek(a, root, index)
    this.cursor.visit(a, n, visit)
  }
}
