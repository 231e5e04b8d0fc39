// Union, intersection and difference of sorted sets and sets: members with the scores that weights and an aggregate make of
// those in the inputs. A set counts as a sorted set whose scores are all 1. One engine for ZUNION, ZINTER, ZDIFF, their
// STORE forms and ZINTERCARD.
//
// When the result is known to be small it is gathered first (zset-gathered.ts): an input without a dict is walked through and its
// members looked up among those gathered, so K inputs of N members take O(K*N). Else it grows in the sorted set that it becomes:
//
//   union            every member of every input          O(N log N) for N members in all
//   intersection     the smallest input, each member looked up in the others     O(N*K) and the result's inserts
//   difference       the first input, each member looked up in the others, or in one union of them when that is less work

import type { Arena } from '../memory/arena.ts'
import { Member } from './member.ts'
import { SetValue } from './set.ts'
import { SetWalk } from './set-walk.ts'
import { TYPE_SET } from './types.ts'
import type { ValueHost } from './value.ts'
import { SortedSet } from './zset.ts'
import { GATHERED_MOST, Gathered, LEFT_OUT } from './zset-gathered.ts'

export type Operation = 'union' | 'inter' | 'diff'
export type Aggregate = 'sum' | 'min' | 'max'

/** One input that is looked at: a sorted set, a set, or nothing. Its members are walked through or looked up. */
class Source {
  weight = 1
  count = 0
  /** The member that `next` came to. */
  buf: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  /** Score of the member that `next` came to, or that `find` met. */
  score = 0
  /** The memory that it lies in. */
  u8: Uint8Array = this.buf
  /** Whether a member is found in it by its hash. */
  hasDict = false
  private isSet = false
  private begun = false
  private left = 0
  private readonly zset = new SortedSet()
  private readonly set = new SetValue()
  private readonly walk = new SetWalk()
  private readonly probe = new Member()

  /** Looks at nothing. */
  clear(): void {
    this.count = 0
  }

  aim(host: ValueHost, a: Arena, root: number, type: number, form: number): void {
    this.isSet = type === TYPE_SET
    const view = this.isSet ? this.set : this.zset
    view.aim(host, a, root, form)
    this.count = view.count
    this.u8 = a.u8
    this.hasDict = view.table !== 0
  }

  /** Back to the start of the walk. */
  rewind(): void {
    this.begun = false
    this.left = this.count
    if (this.isSet && this.count > 0) this.walk.start(this.set)
  }

  next(): boolean {
    if (this.left === 0) return false
    this.left--
    if (this.isSet) {
      this.walk.next()
      const { member } = this.walk
      member.spell()
      this.score = 1
      this.buf = member.buf
      this.start = member.start
      this.end = member.end
      return true
    }
    const { zset } = this
    if (this.begun) zset.next()
    else zset.seek(0, this.count)
    this.begun = true
    this.score = zset.score
    this.buf = zset.buf
    this.start = zset.start
    this.end = zset.end
    return true
  }

  find(buf: Uint8Array, start: number, end: number): boolean {
    if (this.count === 0) return false
    if (!this.isSet) {
      const found = this.zset.find(buf, start, end)
      this.score = this.zset.score
      return found
    }
    this.probe.setText(buf, start, end)
    this.score = 1
    return this.set.has(this.probe)
  }

  /** The score with its weight; 0 times infinity is 0. */
  get weighted(): number {
    const score = this.weight * this.score
    return Number.isNaN(score) ? 0 : score
  }
}

function combine(aggregate: Aggregate, a: number, b: number): number {
  if (aggregate === 'min') return b < a ? b : a
  if (aggregate === 'max') return b > a ? b : a
  const sum = a + b
  return Number.isNaN(sum) ? 0 : sum
}

/** An input without a dict is walked through, unless it has more than so many members for each one to be found there. */
const WALKED_MOST = 4
const gathered = new Gathered()

/** The i-th input has member `at` of those gathered; the others before it have all had it, or it is out. */
function meet(at: number, i: number, source: Source, operation: Operation, aggregate: Aggregate): void {
  const { scores, met } = gathered
  if (operation === 'diff') met[at] = LEFT_OUT
  else if (met[at] === i) {
    // Unlike the first one, Redis lets a product that is no number through to the aggregate.
    scores[at] = combine(aggregate, scores[at], source.score * source.weight)
    met[at] = i + 1
  }
}

/** Which input `probed` looks at: none. */
const NONE = -1

/**
 * The inputs of one command: where they lie, a few numbers each, so that a million cost little. Two of them at a time are
 * looked at.
 */
export class Sources {
  count = 0
  private host: ValueHost | undefined
  private readonly arenas: (Arena | undefined)[] = []
  private readonly roots: number[] = []
  /** type << 4 | form, as in entries. */
  private readonly kinds: number[] = []
  private readonly counts: number[] = []
  private readonly weights: number[] = []
  private readonly order: number[] = []
  private readonly walked = new Source()
  private readonly probed = new Source()
  private probing = NONE
  private readonly excluded = new SortedSet()

  clear(host: ValueHost): void {
    this.host = host
    this.count = 0
    this.probing = NONE
    this.arenas.length = 0
    this.roots.length = 0
    this.kinds.length = 0
    this.counts.length = 0
    this.weights.length = 0
    this.order.length = 0
  }

  /** The next input is a set or a sorted set, by its kind byte; no arena: it is not there. */
  add(a: Arena | undefined, root: number, kind: number): void {
    const i = this.count++
    this.arenas.push(a)
    this.roots.push(root)
    this.kinds.push(kind)
    this.weights.push(1)
    this.order.push(i)
    this.counts.push(this.aim(this.probed, i).count)
  }

  /** The weight of an input, in the order of the command. */
  setWeight(i: number, weight: number): void {
    this.weights[i] = weight
  }

  /** Aims `source` at the i-th input: in the order of the command, until `sort`. */
  private aim(source: Source, i: number): Source {
    const at = this.order[i]
    const a = this.arenas[at]
    const kind = this.kinds[at]
    if (a === undefined || this.host === undefined) source.clear()
    else source.aim(this.host, a, this.roots[at], kind >> 4, kind & 15)
    source.weight = this.weights[at]
    return source
  }

  /** Looks a member up in the i-th input. */
  private find(i: number, buf: Uint8Array, start: number, end: number): boolean {
    if (this.probing !== i) this.aim(this.probed, i)
    this.probing = i
    return this.probed.find(buf, start, end)
  }

  /** The smallest first, as Redis goes through them: the order of sums shows in their last digits. */
  private sort(): void {
    const { counts } = this
    this.order.sort((x, y) => counts[x] - counts[y] || x - y)
  }

  /**
   * The result as members in order, when it cannot be large; undefined: use unite, intersect or subtract. It is good until the
   * inputs change; `release` it then.
   */
  gather(operation: Operation, aggregate: Aggregate): Gathered | undefined {
    const { host } = this
    if (host === undefined) return undefined
    if (operation !== 'diff') this.sort()
    let most = this.counts[this.order[0]]
    if (operation === 'union') for (let i = 1; i < this.count; i++) most += this.counts[this.order[i]]
    if (most > GATHERED_MOST) return undefined
    gathered.clear(host, most)
    const first = this.aim(this.walked, 0)
    first.rewind()
    while (first.next()) {
      gathered.add(operation === 'diff' ? first.score : first.weighted, first.u8, first.buf, first.start, first.end)
    }
    for (let i = 1; i < this.count; i++) {
      if (operation === 'union') this.gatherAll(i, aggregate)
      else this.gatherMet(i, operation, aggregate)
    }
    gathered.sort(operation === 'inter' ? this.count : 1)
    return gathered
  }

  private gatherAll(i: number, aggregate: Aggregate): void {
    const source = this.aim(this.walked, i)
    const { scores } = gathered
    source.rewind()
    while (source.next()) {
      const { buf, start, end } = source
      const at = gathered.find(buf, start, end)
      if (at < 0) gathered.add(source.weighted, source.u8, buf, start, end)
      else scores[at] = combine(aggregate, scores[at], source.weighted)
    }
  }

  /** What the i-th input has of those gathered: the intersection keeps it, with another score, the difference leaves it out. */
  private gatherMet(i: number, operation: Operation, aggregate: Aggregate): void {
    const source = this.aim(this.walked, i)
    const { length, bufs, starts, ends } = gathered
    if (!source.hasDict && source.count <= WALKED_MOST * length) {
      source.rewind()
      while (source.next()) {
        const at = gathered.find(source.buf, source.start, source.end)
        if (at >= 0) meet(at, i, source, operation, aggregate)
      }
      return
    }
    for (let at = 0; at < length; at++) {
      if (source.find(bufs[at], starts[at], ends[at])) meet(at, i, source, operation, aggregate)
    }
  }

  /** Puts the union into an empty sorted set. Throws OOM_ARENA. */
  unite(result: SortedSet, aggregate: Aggregate): void {
    this.sort()
    for (let i = 0; i < this.count; i++) this.addAll(result, i, aggregate)
  }

  private addAll(result: SortedSet, i: number, aggregate: Aggregate): void {
    const source = this.aim(this.walked, i)
    source.rewind()
    while (source.next()) {
      const { buf, start, end, weighted } = source
      if (!result.find(buf, start, end)) result.insert(weighted, buf, start, end)
      else {
        const score = combine(aggregate, result.score, weighted)
        // The sum of -0 and 0 is 0, and equal to -0.
        if (!Object.is(score, result.score)) result.rescore(score, buf, start, end)
      }
    }
  }

  /** Puts the intersection into an empty sorted set, or only counts it. Stops at `limit`; 0: none. Throws OOM_ARENA. */
  intersect(result: SortedSet | undefined, aggregate: Aggregate, limit: number): number {
    this.sort()
    const { probed } = this
    const first = this.aim(this.walked, 0)
    let n = 0
    first.rewind()
    while (first.next()) {
      const { buf, start, end } = first
      let score = first.weighted
      let i = 1
      for (; i < this.count; i++) {
        if (!this.find(i, buf, start, end)) break
        // Unlike the first one, Redis lets a product that is no number through to the aggregate.
        score = combine(aggregate, score, probed.score * probed.weight)
      }
      if (i < this.count) continue
      result?.add(score, buf, start, end)
      if (++n === limit) break
    }
    return n
  }

  /** Puts the members of the first input that no other has into an empty sorted set. Throws OOM_ARENA. */
  subtract(result: SortedSet, host: ValueHost): void {
    const first = this.aim(this.walked, 0)
    let all = 0
    for (const count of this.counts) all += count
    if ((first.count * this.count) / 2 <= all) {
      first.rewind()
      while (first.next()) if (!this.othersHave(first)) result.add(first.score, first.buf, first.start, first.end)
      return
    }
    const { excluded } = this
    excluded.create(host, result.a)
    try {
      for (let i = 1; i < this.count; i++) this.addAll(excluded, i, 'min')
      this.aim(first, 0).rewind()
      while (first.next()) {
        const { buf, start, end, score } = first
        if (!excluded.find(buf, start, end)) result.add(score, buf, start, end)
      }
    } finally {
      excluded.release()
    }
  }

  private othersHave(member: Source): boolean {
    for (let i = 1; i < this.count; i++) if (this.find(i, member.buf, member.start, member.end)) return true
    return false
  }
}
