// Union, intersection and difference of sorted sets and sets: members with the scores that weights and an aggregate make of
// those in the inputs. A set counts as a sorted set whose scores are all 1. One engine for ZUNION, ZINTER, ZDIFF, their
// STORE forms and ZINTERCARD.
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
        if (score !== result.score) result.rescore(score, buf, start, end)
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
