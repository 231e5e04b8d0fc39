// The members of a sorted set that lie in a shape, with their distances. They are noted in typed arrays, not as objects, and
// put in order through an array of their numbers.

import { type Compare, PartialSort } from '../bytes/partial-sort.ts'
import { TreeKey } from '../memory/tree-node.ts'
import type { GeoShape } from './geo-shape.ts'
import { Position } from './geohash.ts'
import type { SortedSet } from './zset.ts'

const FIRST_ROOM = 64
/** Larger tables are given up with the next search. */
const KEPT_ROOM = 1 << 16

export type GeoOrder = 'none' | 'nearest' | 'farthest'

const square = new TreeKey()
const position = new Position()
const partial = new PartialSort()

export class GeoResults {
  length = 0
  /** Metres from the center of the shape. */
  distances = new Float64Array(FIRST_ROOM)
  scores = new Float64Array(FIRST_ROOM)
  /** Numbers of the results, in order. */
  order = new Int32Array(FIRST_ROOM)
  /** Where members lie in the arena; of one that is packed as an integer -1, and its rank. */
  private starts = new Int32Array(FIRST_ROOM)
  private ends = new Int32Array(FIRST_ROOM)

  private readonly nearest: Compare = (a, b) => order(this.distances[a], this.distances[b])
  private readonly farthest: Compare = (a, b) => -order(this.distances[a], this.distances[b])

  /** Finds the members of `zset` in `shape`, at most `limit` of them (0: all). */
  find(zset: SortedSet, shape: GeoShape, limit: number): void {
    const { count } = zset
    this.length = 0
    if (this.order.length > KEPT_ROOM) this.resize(FIRST_ROOM)
    shape.cover()
    for (let i = 0; i < shape.squares; i++) {
      square.scoreOnly(shape.low[i], false)
      let rank = zset.before(square)
      if (rank < count) zset.seek(rank)
      for (; rank < count && zset.score < shape.high[i]; rank++) {
        position.decode(zset.score)
        const metres = shape.distanceTo(position)
        if (!(metres < 0)) this.add(zset, rank, metres)
        if (limit > 0 && this.length >= limit) return
        zset.next()
      }
    }
  }

  /** Puts the first `wanted` results in order. */
  sort(by: GeoOrder, wanted: number): void {
    if (by === 'none') return
    const compare = by === 'nearest' ? this.nearest : this.farthest
    if (wanted >= this.length) this.order.subarray(0, this.length).sort(compare)
    else partial.sort(this.order, this.length, compare, 0, wanted - 1)
  }

  /** Moves the walk of `zset`, in which it was found, to result `i`. */
  load(zset: SortedSet, i: number): void {
    zset.score = this.scores[i]
    if (this.starts[i] < 0) {
      zset.seek(this.ends[i])
      return
    }
    zset.buf = zset.a.u8
    zset.start = this.starts[i]
    zset.end = this.ends[i]
  }

  private add(zset: SortedSet, rank: number, metres: number): void {
    const i = this.length++
    if (i === this.order.length) this.resize(i * 2)
    const lies = zset.buf === zset.a.u8
    this.order[i] = i
    this.distances[i] = metres
    this.scores[i] = zset.score
    this.starts[i] = lies ? zset.start : -1
    this.ends[i] = lies ? zset.end : rank
  }

  private resize(room: number): void {
    const { distances, scores, order, starts, ends } = this
    const kept = Math.min(this.length, room, order.length)
    this.distances = new Float64Array(room)
    this.scores = new Float64Array(room)
    this.order = new Int32Array(room)
    this.starts = new Int32Array(room)
    this.ends = new Int32Array(room)
    this.distances.set(distances.subarray(0, kept))
    this.scores.set(scores.subarray(0, kept))
    this.order.set(order.subarray(0, kept))
    this.starts.set(starts.subarray(0, kept))
    this.ends.set(ends.subarray(0, kept))
  }
}

const order = (a: number, b: number): number => (a > b ? 1 : a === b ? 0 : -1)
