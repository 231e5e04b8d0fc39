// Random fields of a hash, for HRANDFIELD: a sample of different ones, or any number of draws of which each is from all. They
// are drawn from the map where they lie as long as that hits new ones that are not due, else out of a list of all refs.
//
//   sample     O(wanted), and O(fields) for more than a third of them or when most are due
//   draws      O(1) each, and O(fields) before the first one of a packed hash or when most are due

import { dictRandom, dictRef, dictScan } from '../memory/dict.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import type { Hash } from './hash.ts'
import { FIELDS } from './hash-map.ts'

const ALL_HASHES = 0x1_0000_0000
const SCAN_STEP = 128
/** A sample of more than a third of the fields is taken out of all of them (Redis's HRANDFIELD_SUB_STRATEGY_MUL). */
const COLLECT_FACTOR = 3

export class HashDraws {
  private readonly hash: Hash
  /** Refs, or places of packed pairs. */
  private readonly list = new PairBatch()
  private at = 0

  /** The draws are from the hash that `hash` is aimed at then; it must not change until end(). */
  constructor(hash: Hash) {
    this.hash = hash
  }

  /** Begins a walk over `wanted` random fields, all different; `wanted` is below the count. */
  beginSample(wanted: number): void {
    const { list, hash } = this
    this.at = 0
    list.length = 0
    if (!hash.isPacked && wanted * COLLECT_FACTOR < hash.count && this.mostLive) {
      this.drawDifferent(wanted)
      return
    }
    this.collect()
    const { refs, length } = list
    for (let i = 0; i < wanted; i++) {
      const j = i + hash.host.random.below(length - i)
      const ref = refs[j]
      refs[j] = refs[i]
      refs[i] = ref
    }
    list.length = wanted
  }

  /** Aims the hash at the next pair of the sample; false at its end. */
  next(): boolean {
    if (this.at === this.list.length) return false
    this.hash.lookAt(this.list.refs[this.at++])
    return true
  }

  /** Begins draws of fields that may come again; the hash has one at least. */
  beginDraws(): void {
    this.list.length = 0
    if (this.hash.isPacked || !this.mostLive) this.collect()
  }

  /** Aims the hash at a random pair, each equally likely. */
  draw(): void {
    const { hash, list } = this
    hash.lookAt(list.length > 0 ? list.refs[hash.host.random.below(list.length)] : this.drawLive())
  }

  /** To be called at the end of a sample or of draws. */
  end(): void {
    this.list.clear()
  }

  /** Whether more than half of what the map holds is not due. */
  private get mostLive(): boolean {
    return this.hash.count * 2 > this.hash.stored
  }

  private drawLive(): number {
    const { hash } = this
    for (;;) {
      const ref = dictRef(hash.a, dictRandom(hash.a, hash.root + FIELDS, hash.draw))
      if (!hash.isDue(ref)) return ref
    }
  }

  /** Lists so many different pairs, by drawing until there are enough: they are a small part of all. */
  private drawDifferent(wanted: number): void {
    const drawn = new Set<number>()
    while (drawn.size < wanted) {
      const ref = this.drawLive()
      if (drawn.has(ref)) continue
      drawn.add(ref)
      this.list.add(0, ref)
    }
  }

  /** Lists all pairs. */
  private collect(): void {
    const { hash, list } = this
    const { a, root } = hash
    if (hash.isPacked) {
      hash.listPacked(list)
      return
    }
    for (let from = 0; from < ALL_HASHES; ) from = dictScan(a, root + FIELDS, from, SCAN_STEP, list)
    let kept = 0
    for (let i = 0; i < list.length; i++) {
      const ref = list.refs[i]
      if (!hash.isDue(ref)) list.refs[kept++] = ref
    }
    list.length = kept
  }
}
