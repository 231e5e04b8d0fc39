// What a combination of a few sorted sets comes to, while it is worked out: members that lie where their inputs keep them, with
// scores that may still change. They are put in order once at the end, so a member costs a hash and its place in the order,
// not a search through packed elements for each input: ZUNION of two of 20 members took 41 us by that, and takes 6.
//
//   slots, a power of two: number of a member + 1, or 0, from hash & mask on; the hash is keyed, so nobody picks collisions
//   met[i]                 inputs that have had member i, as far as the combination counts them; LEFT_OUT: it is no result

import { compare, copy, equals } from '../bytes/ascii.ts'
import { INT64_TEXT_BYTES } from '../bytes/int64.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import type { ValueHost } from './value.ts'
import type { SortedSet } from './zset.ts'

/** Members at most. The order is found by insertion: beyond some hundred that is more work than a tree. */
export const GATHERED_MOST = 256
const SLOTS = 2 * GATHERED_MOST
export const LEFT_OUT = -1

export class Gathered {
  length = 0
  /** Those in order. */
  count = 0
  readonly scores = new Float64Array(GATHERED_MOST)
  readonly met = new Int32Array(GATHERED_MOST)
  /** Member i: bufs[i][starts[i], ends[i]). */
  readonly bufs: Uint8Array[] = []
  readonly starts = new Int32Array(GATHERED_MOST)
  readonly ends = new Int32Array(GATHERED_MOST)
  private readonly hashes = new Int32Array(GATHERED_MOST)
  private readonly order = new Int32Array(GATHERED_MOST)
  private readonly slots = new Int32Array(SLOTS)
  private mask = 0
  private indexed = 0
  /** Integers have no text where they lie. */
  private readonly texts = new Uint8Array(GATHERED_MOST * INT64_TEXT_BYTES)
  private textEnd = 0
  private host: ValueHost | undefined

  /** Empty, with room to find `most` members. */
  clear(host: ValueHost, most: number): void {
    this.host = host
    this.release()
    this.mask = 15
    while (this.mask < most) this.mask = 2 * this.mask + 1
    this.mask = 2 * this.mask + 1
    this.slots.fill(0, 0, this.mask + 1)
    this.indexed = 0
  }

  /** Forgets the members and where they lie. */
  release(): void {
    this.length = 0
    this.count = 0
    this.bufs.length = 0
    this.textEnd = 0
  }

  /** Adds a member that is not there; there must be room. `u8`: the memory in which bytes stay; others are copied, and are an integer's. */
  add(score: number, u8: Uint8Array, buf: Uint8Array, start: number, end: number): void {
    const i = this.length++
    this.scores[i] = score
    this.met[i] = 1
    if (buf === u8) {
      this.bufs.push(buf)
      this.starts[i] = start
      this.ends[i] = end
      return
    }
    this.bufs.push(this.texts)
    this.starts[i] = this.textEnd
    this.textEnd = this.ends[i] = copy(this.texts, this.textEnd, buf, start, end)
  }

  /** Number of a member, below 0: it is not there. */
  find(buf: Uint8Array, start: number, end: number): number {
    if (this.host === undefined) return -1
    while (this.indexed < this.length) this.index(this.host, this.indexed++)
    const hash = this.host.hasher.hash(buf, start, end)
    const { slots, mask } = this
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const i = slots[slot] - 1
      if (this.hashes[i] === hash && equals(this.bufs[i], this.starts[i], this.ends[i], buf, start, end)) return i
    }
    return -1
  }

  private index(host: ValueHost, i: number): void {
    const hash = host.hasher.hash(this.bufs[i], this.starts[i], this.ends[i])
    this.hashes[i] = hash
    const { slots, mask } = this
    let slot = hash & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = i + 1
  }

  /** Puts those members in order that as many inputs have had, or more: they are the result. */
  sort(met: number): void {
    const { order } = this
    let n = 0
    for (let i = 0; i < this.length; i++) {
      if (this.met[i] < met) continue
      let to = n++
      // Inputs come in order, so most members belong at the end.
      if (to > 0 && this.isBefore(i, order[to - 1])) {
        to = this.placeOf(i, to - 1)
        for (let j = n - 1; j > to; j--) order[j] = order[j - 1]
      }
      order[to] = i
    }
    this.count = n
  }

  /** Where among the first `high` in order member `i` belongs. */
  private placeOf(i: number, high: number): number {
    let low = 0
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.isBefore(i, this.order[middle])) high = middle
      else low = middle + 1
    }
    return low
  }

  private isBefore(x: number, y: number): boolean {
    const { scores, bufs, starts, ends } = this
    if (scores[x] !== scores[y]) return scores[x] < scores[y]
    return compare(bufs[x], starts[x], ends[x], bufs[y], starts[y], ends[y]) < 0
  }

  /** Replies with the result, as a range of a sorted set is. */
  reply(reply: ReplyWriter, withScores: boolean): void {
    if (withScores) reply.pairs(this.count)
    else reply.array(this.count)
    for (let at = 0; at < this.count; at++) {
      const i = this.order[at]
      if (withScores) reply.pair()
      reply.bulk(this.bufs[i], this.starts[i], this.ends[i])
      if (withScores) reply.double(this.scores[i])
    }
  }

  /** Puts the result into an empty sorted set. Throws OOM_ARENA. */
  addTo(result: SortedSet): void {
    for (let at = 0; at < this.count; at++) {
      const i = this.order[at]
      result.add(this.scores[i], this.bufs[i], this.starts[i], this.ends[i])
    }
  }
}
