// The members of a sorted set that lie in a shape, with their distances. They are noted in typed arrays, not as objects, and
// put in order through an array of their numbers.

import { type Compare, PartialSort } from '../bytes/partial-sort.ts'
import { TreeCursor } from '../memory/tree.ts'
import { LEAF_MOST, TreeKey } from '../memory/tree-node.ts'
import type { GeoShape } from './geo-shape.ts'
import { Position } from './geohash.ts'
import type { SortedSet } from './zset.ts'
import { TREE_AT } from './zset-large.ts'

const FIRST_ROOM = 64
/** Larger tables are given up with the next search. */
const KEPT_ROOM = 1 << 16

export type GeoOrder = 'none' | 'nearest' | 'farthest'

const square = new TreeKey()
const position = new Position()
const cursor = new TreeCursor()
const refs = new Int32Array(LEAF_MOST)
const scores = new Float64Array(LEAF_MOST)
const partial = new PartialSort()

export class GeoResults {
  length = 0
  /** Metres from the center of the shape. */
  distances = new Float64Array(FIRST_ROOM)
  scores = new Float64Array(FIRST_ROOM)
  /** Numbers of the results, in order. */
  order = new Int32Array(FIRST_ROOM)
  /** Where members are: scored members of a large set, ranks in a small one. */
  private places = new Int32Array(FIRST_ROOM)

  private readonly nearest: Compare = (a, b) => order(this.distances[a], this.distances[b])
  private readonly farthest: Compare = (a, b) => -order(this.distances[a], this.distances[b])

  /** Finds the members of `zset` in `shape`, at most `limit` of them (0: all). */
  find(zset: SortedSet, shape: GeoShape, limit: number): void {
    const { count } = zset
    this.length = 0
    if (this.order.length > KEPT_ROOM) this.resize(FIRST_ROOM)
    shape.cover()
    const most = limit > 0 ? limit : Infinity
    for (let i = 0; i < shape.squares && this.length < most; i++) {
      square.scoreOnly(shape.low[i], false)
      const rank = zset.before(square)
      if (rank >= count) continue
      if (zset.isSmall) this.findPairs(zset, shape, i, rank, most)
      else this.findLeaves(zset, shape, i, rank, most)
    }
  }

  private findPairs(zset: SortedSet, shape: GeoShape, i: number, from: number, most: number): void {
    const { count } = zset
    zset.seek(from)
    for (let rank = from; rank < count && zset.score < shape.high[i] && this.length < most; rank++, zset.next()) {
      this.look(shape, zset.score, rank)
    }
  }

  /** By the scores in the leaves: members are not looked at before they are replied. */
  private findLeaves(zset: SortedSet, shape: GeoShape, i: number, from: number, most: number): void {
    const { a, root, count } = zset
    const high = shape.high[i]
    cursor.toRank(a, root + TREE_AT, from)
    for (let left = count - from; left > 0; ) {
      const taken = cursor.take(a, left, refs, scores)
      left -= taken
      for (let at = 0; at < taken; at++) {
        if (!(scores[at] < high) || this.length >= most) return
        this.look(shape, scores[at], refs[at])
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
    if (zset.isSmall) zset.seek(this.places[i])
    else zset.loadScored(this.places[i])
  }

  /** Notes the member when it lies in the shape. */
  private look(shape: GeoShape, score: number, place: number): void {
    position.decode(score)
    const metres = shape.distanceTo(position)
    if (metres < 0) return
    const i = this.length++
    if (i === this.order.length) this.resize(i * 2)
    this.order[i] = i
    this.distances[i] = metres
    this.scores[i] = score
    this.places[i] = place
  }

  private resize(room: number): void {
    const { distances, scores, order, places } = this
    const kept = Math.min(this.length, room, order.length)
    this.distances = new Float64Array(room)
    this.scores = new Float64Array(room)
    this.order = new Int32Array(room)
    this.places = new Int32Array(room)
    this.distances.set(distances.subarray(0, kept))
    this.scores.set(scores.subarray(0, kept))
    this.order.set(order.subarray(0, kept))
    this.places.set(places.subarray(0, kept))
  }
}

const order = (a: number, b: number): number => (a > b ? 1 : a === b ? 0 : -1)
