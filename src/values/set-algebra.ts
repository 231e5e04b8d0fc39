// Intersection, difference and union of sets. The first two are walks that look members up in the other sets and take no
// memory; a union, and a difference from many large sets, needs a set to collect in.
//
//   intersection     walks the smallest set, asks the others from small to large          O(smallest * sets)
//       or           meets it with the others as long as they are small and of one form   O(members of all)
//   difference       walks the first, asks the others from large to small                 O(first * sets)
//       or           collects the first, takes out all members of the others              O(members of all)
//   union            collects all                                                         O(members of all)
//
// Which difference is cheaper is decided as Redis does (t_set.c sunionDiffGenericCommand).

import type { Arena } from '../memory/arena.ts'
import type { Member } from './member.ts'
import type { SetValue } from './set.ts'
import { SetMeeting } from './set-meeting.ts'
import { SetWalk } from './set-walk.ts'
import type { ValueHost } from './value.ts'

/** Lists that grew beyond this are not kept. */
const KEPT_SETS = 256
/** Up to here moving numbers about is faster than calling for their comparison. */
const MOST_INSERTED = 32
/** Up to so many members are looked up one by one: in a small set that is less work than meeting it. */
const MOST_ASKED = 4

/** Where the sets of a command lie, in the order of its words: a few numbers each, so that a million cost little. */
export class SetList {
  length = 0
  /** Sets that do not exist. */
  missing = 0
  private arenas: Arena[] = []
  private roots = new Int32Array(8)
  private forms = new Int32Array(8)
  private counts = new Int32Array(8)
  private order = new Int32Array(8)

  reset(): void {
    this.missing = 0
    this.length = 0
    this.arenas.length = 0
    if (this.roots.length > KEPT_SETS) this.resize(8)
  }

  add(set: SetValue): void {
    this.push(set.a, set.root, set.form, set.count)
  }

  addMissing(): void {
    this.missing++
    this.push(undefined, 0, 0, 0)
  }

  private push(a: Arena | undefined, root: number, form: number, count: number): void {
    const i = this.length++
    if (i === this.roots.length) this.resize(2 * i)
    if (a !== undefined) this.arenas[i] = a
    this.roots[i] = root
    this.forms[i] = form
    this.counts[i] = count
    this.order[i] = i
  }

  private resize(size: number): void {
    const resized = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const array = new Int32Array(size)
      array.set(old.subarray(0, size))
      return array
    }
    this.roots = resized(this.roots)
    this.forms = resized(this.forms)
    this.counts = resized(this.counts)
    this.order = resized(this.order)
  }

  /** Members of the i-th set in order. */
  count(i: number): number {
    return this.counts[this.order[i]]
  }

  form(i: number): number {
    return this.forms[this.order[i]]
  }

  exists(i: number): boolean {
    return this.roots[this.order[i]] !== 0
  }

  /** Aims `set` at the i-th set in order, which exists. */
  aim(i: number, host: ValueHost, set: SetValue): void {
    const at = this.order[i]
    set.aim(host, this.arenas[at] as Arena, this.roots[at], this.forms[at])
  }

  /** Whether the i-th and the j-th in order are the same set. */
  same(i: number, j: number): boolean {
    const [x, y] = [this.order[i], this.order[j]]
    return this.roots[x] === this.roots[y] && this.arenas[x] === this.arenas[y]
  }

  /** Puts those from the `from`-th on in order of their size: direction 1 from small to large, -1 the other way. */
  sort(from: number, direction: 1 | -1): void {
    const { order, counts, length } = this
    if (length - from > MOST_INSERTED) {
      order.subarray(from, length).sort((x, y) => direction * (counts[x] - counts[y]))
      return
    }
    for (let i = from + 1; i < length; i++) {
      const moved = order[i]
      let j = i
      for (; j > from && direction * (counts[order[j - 1]] - counts[moved]) > 0; j--) order[j] = order[j - 1]
      order[j] = moved
    }
  }
}

/** Members one after the other: `next`, then look at `member`. */
export interface MemberSource {
  readonly member: Member
  next(): boolean
}

/** Walks one set and looks each member up in others, or knows from having met them. */
abstract class Sieve implements MemberSource {
  readonly member: Member
  protected readonly list: SetList
  protected readonly walk = new SetWalk()
  protected readonly meeting = new SetMeeting()
  private readonly walked: SetValue
  private readonly other: SetValue
  protected host: ValueHost | undefined
  /** Of the sets before this one, those that suit the meeting were met. */
  private metUntil = 0
  /** Whether there are others. */
  private asks = true
  /** Of the member that the walk has come to. */
  private number = -1

  constructor(list: SetList, walked: SetValue, other: SetValue) {
    this.list = list
    this.walked = walked
    this.other = other
    this.member = this.walk.member
  }

  protected startWalk(host: ValueHost): void {
    this.host = host
    this.list.aim(0, host, this.walked)
    this.walk.start(this.walked)
    this.number = -1
    this.meet(host)
  }

  /** Goes on only while many members are left to be asked for. */
  private meet(host: ValueHost): void {
    const { list, meeting, other } = this
    this.metUntil = 0
    this.asks = true
    if (list.count(0) <= MOST_ASKED || !meeting.begin(this.walked)) return
    let i = 1
    let passedOver = 0
    for (; i < list.length && list.exists(i) && this.undecided() > MOST_ASKED; i++) {
      if (list.same(0, i)) continue
      if (meeting.suits(list.form(i), list.count(i))) {
        list.aim(i, host, other)
        meeting.meet(other)
      } else passedOver++
    }
    this.metUntil = i
    this.asks = passedOver > 0 || (i < list.length && list.exists(i))
  }

  next(): boolean {
    while (this.walk.next()) {
      this.number++
      if (this.metUntil !== 0 && !this.passesMet(this.number)) continue
      if (!this.asks || this.passes()) return true
    }
    return false
  }

  /** Members that the sets met have not decided about. */
  protected abstract undecided(): number

  /** Whether the sets met let the member with this number pass. */
  protected abstract passesMet(number: number): boolean

  /** Whether the others do. */
  protected abstract passes(): boolean

  /** Whether the i-th set was met. */
  protected isMet(i: number): boolean {
    return i < this.metUntil && this.meeting.suits(this.list.form(i), this.list.count(i))
  }

  /** Whether the i-th set has the member. */
  protected has(i: number): boolean {
    if (this.host === undefined) return false
    this.list.aim(i, this.host, this.other)
    return this.other.has(this.member)
  }
}

export class Intersection extends Sieve {
  /** All sets of the list exist. */
  start(host: ValueHost): void {
    this.list.sort(0, 1)
    this.startWalk(host)
  }

  protected undecided(): number {
    return this.meeting.inAll
  }

  protected passesMet(number: number): boolean {
    return this.meeting.haveAll(number)
  }

  protected passes(): boolean {
    const { list } = this
    for (let i = 1; i < list.length; i++) if (!this.isMet(i) && !list.same(0, i) && !this.has(i)) return false
    return true
  }
}

export class Difference extends Sieve {
  /** The first set exists and is no other one of the list; `walkIsBest` holds. */
  start(host: ValueHost): void {
    this.list.sort(1, -1)
    this.startWalk(host)
  }

  protected undecided(): number {
    return this.meeting.inNone
  }

  protected passesMet(number: number): boolean {
    return this.meeting.hasNone(number)
  }

  protected passes(): boolean {
    const { list } = this
    for (let i = 1; i < list.length && list.exists(i); i++) if (!this.isMet(i) && this.has(i)) return false
    return true
  }
}

/** Whether the difference is found with less work by looking members up than by taking them out. */
export function walkIsBest(list: SetList): boolean {
  const first = list.count(0)
  let members = 0
  let sets = 0
  for (let i = 0; i < list.length; i++) {
    if (!list.exists(i)) continue
    sets++
    members += list.count(i)
  }
  // Half the price: it only reads.
  return Math.floor((first * sets) / 2) <= members
}

const collecting = new SetWalk()

/** Adds all members of all sets to `target`, an empty set; `source` is aimed at them in turn. Throws OOM_ARENA. */
export function collectUnion(list: SetList, host: ValueHost, source: SetValue, target: SetValue): void {
  for (let i = 0; i < list.length; i++) {
    if (!list.exists(i)) continue
    list.aim(i, host, source)
    collecting.start(source)
    if (target.count === 0) fill(target, source, collecting)
    else while (collecting.next()) target.add(collecting.member)
  }
}

/** Adds all members of a source that are also members of `set`, to an empty set. Throws OOM_ARENA. */
export function fill(target: SetValue, set: SetValue, members: MemberSource): void {
  target.expect(set)
  while (members.next()) target.addNew(members.member)
}

/** Makes `target`, an empty set, the first set without the members of the others. Throws OOM_ARENA. */
export function collectDifference(list: SetList, host: ValueHost, source: SetValue, target: SetValue): void {
  for (let i = 0; i < list.length; i++) {
    if (!list.exists(i)) continue
    list.aim(i, host, source)
    collecting.start(source)
    if (i === 0) fill(target, source, collecting)
    else while (collecting.next()) target.remove(collecting.member)
    if (target.count === 0) return
  }
}
