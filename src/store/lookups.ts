// How many look-ups found their key and how many did not, by namespace. A namespace's record goes with its last key, so the
// counts are not in it: they are in a table by the hash of the namespace's name, and stay.
//
// Look-ups come in runs of one namespace, so its place in the table is kept: one comparison and one increment a look-up.
// The first NAMED namespaces are counted apart, all others together.

const SLOTS = 4096
/** At most half of the slots, so that a search is short. */
const NAMED = SLOTS / 2
const DEFAULT = SLOTS
const OTHERS = SLOTS + 1

export class LookUps {
  private readonly hits = new Float64Array(SLOTS + 2)
  private readonly misses = new Float64Array(SLOTS + 2)
  private readonly hashes = new Int32Array(SLOTS)
  private named = 0
  /** The namespace of the last look-up, and its slot. */
  private last = 0
  private at = DEFAULT

  hit(nsHash: number): void {
    if (nsHash !== this.last) this.turnTo(nsHash)
    this.hits[this.at]++
  }

  miss(nsHash: number): void {
    if (nsHash !== this.last) this.turnTo(nsHash)
    this.misses[this.at]++
  }

  get totalHits(): number {
    return this.total(this.hits)
  }

  get totalMisses(): number {
    return this.total(this.misses)
  }

  /** Undefined for a namespace that is not counted apart. */
  of(nsHash: number): { readonly hits: number; readonly misses: number } | undefined {
    const slot = this.slotOf(nsHash)
    if (slot !== DEFAULT && this.hashes[slot] === 0) return this.isFull ? undefined : { hits: 0, misses: 0 }
    return { hits: this.hits[slot] ?? 0, misses: this.misses[slot] ?? 0 }
  }

  /** A start reads it, too: before another namespace than `default` is met no more than its slot is looked at. */
  private total(counts: Float64Array): number {
    return this.named === 0 ? (counts[DEFAULT] ?? 0) : counts.reduce((total, n) => total + n, 0)
  }

  private get isFull(): boolean {
    return this.named === NAMED
  }

  private turnTo(nsHash: number): void {
    this.last = nsHash
    this.at = this.slotOf(nsHash)
    if (this.at === DEFAULT || this.hashes[this.at] === nsHash) return
    if (this.isFull) this.at = OTHERS
    else {
      this.named++
      this.hashes[this.at] = nsHash
    }
  }

  /** The slot of a namespace, or a free one where it belongs. */
  private slotOf(nsHash: number): number {
    if (nsHash === 0) return DEFAULT
    let slot = nsHash & (SLOTS - 1)
    while (this.hashes[slot] !== 0 && this.hashes[slot] !== nsHash) slot = (slot + 1) & (SLOTS - 1)
    return slot
  }
}
