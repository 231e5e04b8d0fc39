// A small set of places (numbers from 0 up), for drawing without drawing one twice. Open addressing, at most half full.
//
//   add     O(1)          8 bytes a place, kept for the next use up to KEPT_PLACES

/** Larger tables are made for one use. */
const KEPT_PLACES = 4096

export class Places {
  /** Place + 1; 0 is empty. */
  private table = new Int32Array(16)
  private shift = 28

  /** Empties it and makes room for `count` places. */
  reset(count: number): void {
    let bits = 4
    while (2 ** bits < 2 * count) bits++
    const size = 2 ** bits
    if (this.table.length === size || (size < this.table.length && this.table.length <= KEPT_PLACES)) {
      this.table.fill(0)
      return
    }
    this.table = new Int32Array(size)
    this.shift = 32 - bits
  }

  /** False when it is there already. */
  add(place: number): boolean {
    const { table } = this
    const wanted = place + 1
    let at = Math.imul(wanted, 0x9e3779b1) >>> this.shift
    while (table[at] !== 0) {
      if (table[at] === wanted) return false
      at = at + 1 === table.length ? 0 : at + 1
    }
    table[at] = wanted
    return true
  }
}
