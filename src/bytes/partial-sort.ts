// Puts a part of an order right: afterwards it is what a whole sort would have put there. Bentley and McIlroy's quicksort
// ("Engineering a Sort Function", 1993) that leaves alone what the part does not touch, step by step as BSD's and so Redis's
// pqsort.c does it: where elements are equal, the steps decide which comes first.
//
//   n elements, a part of k at one end: O(n + k log k) on average

export type Compare = (a: number, b: number) => number

/** Up to here elements are put in place one by one. */
const FEW = 7
/** Above this the middle of nine is the pivot, not of three. */
const MANY = 40

export class PartialSort {
  private order: Int32Array = new Int32Array(0)
  private compare: Compare = () => 0
  private low = 0
  private high = 0

  /** Makes order[low, high] of order[0, n) what it is in a whole order. */
  sort(order: Int32Array, n: number, compare: Compare, low: number, high: number): void {
    this.order = order
    this.compare = compare
    this.low = low
    this.high = high
    this.part(0, n)
    this.order = new Int32Array(0)
  }

  private part(from: number, n: number): void {
    const { order, compare } = this
    for (;;) {
      if (n < FEW) {
        this.insertAll(from, n)
        return
      }
      this.swap(from, this.pivot(from, n))
      // equal [from, a) | smaller [a, b) | unknown [b, c] | larger (c, d] | equal (d, end)
      const pivot = order[from]
      let a = from + 1
      let b = a
      const end = from + n
      let c = end - 1
      let d = c
      for (;;) {
        for (let side = 0; b <= c; b++) {
          side = compare(order[b], pivot)
          if (side > 0) break
          if (side === 0) this.swap(a++, b)
        }
        for (let side = 0; b <= c; c--) {
          side = compare(order[c], pivot)
          if (side < 0) break
          if (side === 0) this.swap(c, d--)
        }
        if (b > c) break
        this.swap(b++, c--)
      }
      this.exchange(from, b, Math.min(a - from, b - a))
      this.exchange(b, end, Math.min(d - c, end - d - 1))
      const smaller = b - a
      const larger = d - c
      if (smaller > 1 && this.isWanted(from, smaller)) this.part(from, smaller)
      from = end - larger
      n = larger
      if (larger <= 1 || !this.isWanted(from, larger)) return
    }
  }

  private isWanted(from: number, n: number): boolean {
    return this.high >= from && this.low <= from + n - 1
  }

  private insertAll(from: number, n: number): void {
    const { order, compare } = this
    for (let i = from + 1; i < from + n; i++) {
      for (let at = i; at > from && compare(order[at - 1], order[at]) > 0; at--) this.swap(at, at - 1)
    }
  }

  private pivot(from: number, n: number): number {
    let low = from
    let middle = from + (n >> 1)
    let high = from + n - 1
    if (n === FEW) return middle
    if (n > MANY) {
      const d = n >> 3
      low = this.median(low, low + d, low + 2 * d)
      middle = this.median(middle - d, middle, middle + d)
      high = this.median(high - 2 * d, high - d, high)
    }
    return this.median(low, middle, high)
  }

  private median(a: number, b: number, c: number): number {
    const { order, compare } = this
    if (compare(order[a], order[b]) < 0) {
      if (compare(order[b], order[c]) < 0) return b
      return compare(order[a], order[c]) < 0 ? c : a
    }
    if (compare(order[b], order[c]) > 0) return b
    return compare(order[a], order[c]) < 0 ? a : c
  }

  private swap(a: number, b: number): void {
    const { order } = this
    const kept = order[a]
    order[a] = order[b]
    order[b] = kept
  }

  /** Exchanges `n` elements from `at` on with the `n` ones before `end`. */
  private exchange(at: number, end: number, n: number): void {
    for (let i = 0; i < n; i++) this.swap(at + i, end - n + i)
  }
}
