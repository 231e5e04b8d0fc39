// Memory that values gave back goes back to the system: free runs of the arenas, the oldest first, a piece at a time. What
// has just become free stays for a while, because a working set that breathes would have it back at once; unless the arenas
// are above the memory limit, where only what is on its way to another block is left.
//
//   a piece    1 MiB at most, 0.1 ms          a slice    0.2 ms          1 GiB    about 10 s, 0.1 s of work

import type { Clock } from './clock.ts'
import type { Keyspace } from './keyspace.ts'

const TICK_NS = 1e8
/** How long memory is free before it goes back, in ticks; and above the limit. */
const KEPT_TICKS = 10
const KEPT_TICKS_ABOVE = 1
const SLICE_NS = 0.2e6
/** What a slice may take that comes late, because requests had the loop for themselves: this part of the time since. */
const LATE_PART = 0.05
const LATE_SLICE_NS = 2e6

export class PageRelease {
  private readonly keys: Keyspace
  private readonly clock: Clock
  private slicedNs = 0

  constructor(keys: Keyspace, clock: Clock) {
    this.keys = keys
    this.clock = clock
  }

  /** One slice; true when there is more to give back at once. */
  slice(): boolean {
    const { shards, limitBytes } = this.keys
    const start = this.clock.nowNs()
    const limitNs = Math.max(SLICE_NS, Math.min(LATE_SLICE_NS, (start - this.slicedNs) * LATE_PART))
    this.slicedNs = start
    const now = Math.floor(start / TICK_NS)
    let resident = 0
    for (const { arena } of shards) {
      arena.setClock(now)
      resident += arena.residentBytes
    }
    const since = now - (resident > limitBytes ? KEPT_TICKS_ABOVE : KEPT_TICKS)
    for (const { arena } of shards) {
      while (arena.releaseSome(since)) {
        if (this.clock.nowNs() - start > limitNs) return true
      }
    }
    return false
  }
}
