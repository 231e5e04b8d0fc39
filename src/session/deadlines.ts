// A binary heap of things that end at a moment, the earliest on top. Each knows its place, so any can be taken out.
//
//   add, remove    O(log n)        earliest   O(1)

export interface Ending {
  readonly untilMs: number
  /** Place in the heap; only the heap writes it. */
  heapAt: number
}

export class Deadlines<T extends Ending> {
  private readonly heap: T[] = []

  get size(): number {
    return this.heap.length
  }

  get earliest(): T | undefined {
    return this.heap[0]
  }

  add(item: T): void {
    item.heapAt = this.heap.length
    this.heap.push(item)
    this.up(item)
  }

  remove(item: T): void {
    const { heap } = this
    const last = heap.pop()
    if (last === undefined || last === item) return
    last.heapAt = item.heapAt
    heap[last.heapAt] = last
    this.up(last)
    this.down(last)
  }

  private up(item: T): void {
    const { heap } = this
    while (item.heapAt > 0) {
      const parent = heap[(item.heapAt - 1) >> 1] as T
      if (parent.untilMs <= item.untilMs) return
      this.exchange(item, parent)
    }
  }

  private down(item: T): void {
    const { heap } = this
    for (;;) {
      const left = heap[2 * item.heapAt + 1]
      const right = heap[2 * item.heapAt + 2]
      const child = right !== undefined && left !== undefined && right.untilMs < left.untilMs ? right : left
      if (child === undefined || child.untilMs >= item.untilMs) return
      this.exchange(child, item)
    }
  }

  /** `lower` goes up by one. */
  private exchange(lower: T, upper: T): void {
    const at = lower.heapAt
    lower.heapAt = upper.heapAt
    upper.heapAt = at
    this.heap[lower.heapAt] = lower
    this.heap[at] = upper
  }
}
