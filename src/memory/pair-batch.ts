// What scans of dicts hand over (dict.ts).

/** Pairs that a batch has room for at first, and that it keeps room for. */
const FIRST_PAIRS = 64
const KEPT_PAIRS = 65536

/** Pairs that a scan has met; `length` of them are valid. Set it to 0 to use the batch again. */
export class PairBatch {
  length = 0
  hashes: Int32Array = new Int32Array(FIRST_PAIRS)
  refs: Int32Array = new Int32Array(FIRST_PAIRS)

  add(hash: number, ref: number): void {
    if (this.length === this.refs.length) {
      const { hashes, refs } = this
      this.hashes = new Int32Array(refs.length * 2)
      this.hashes.set(hashes)
      this.refs = new Int32Array(refs.length * 2)
      this.refs.set(refs)
    }
    this.hashes[this.length] = hash
    this.refs[this.length++] = ref
  }

  /** Empties it and gives up what a scan of millions at once has left; for batches that are kept. */
  clear(): void {
    this.length = 0
    if (this.refs.length <= KEPT_PAIRS) return
    this.hashes = new Int32Array(FIRST_PAIRS)
    this.refs = new Int32Array(FIRST_PAIRS)
  }
}
