// What the server does without being asked, between requests and in slices: the tick, hz times a second; the removal of
// what has expired; memory that keys have given back.
//
// While nobody sends anything no deadline comes that is not known: only the tick wakes the server then, until the next
// deadline or the next request. An idle server takes 0.5 % of a core so, 1.0 % if it looked as often as a busy one.

import type { LatencyEvents } from '../metrics/latency-events.ts'
import type { Snapshots } from '../persist/snapshots.ts'
import type { Clock } from '../store/clock.ts'
import type { Defrag } from '../store/defrag.ts'
import type { Expiry } from '../store/expiry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { PageRelease } from '../store/page-release.ts'
import type { Tracking } from '../tracking/tracking.ts'
import type { AppendOnly } from './append-only.ts'
import type { Clients } from './clients.ts'
import type { Config } from './config/config.ts'
import type { Evictions } from './evictions.ts'
import type { Info } from './info.ts'
import type { Migrations } from './migrations.ts'

/** The removal of expired keys comes back after this when it has work left, and looks again after at most that. */
const BUSY_MS = 1
const LOOK_MS = 40
/** Free memory is looked after so often; slices of 0.2 ms that leave some come so soon after another. */
const GIVE_BACK_MS = 100
const PAGES_LEFT_MS = 2
/** At most so long between two looks while nobody sends anything. */
const RESTING_MS = 1000

export interface BackgroundParts {
  readonly config: Config
  readonly clock: Clock
  readonly clients: Clients
  readonly keys: Keyspace
  readonly tracking: Tracking
  readonly info: Info
  readonly evictions: Evictions
  readonly snapshots: Snapshots
  readonly appendOnly: AppendOnly
  readonly migrations: Migrations
  readonly expiry: Expiry
  readonly pages: PageRelease
  readonly defrag: Defrag
  readonly latency: LatencyEvents
  readonly isLoading: boolean
  /** A mistake in background work is logged and counted like one in a command; the server goes on. */
  bug(name: string, error: unknown): void
}

export class Background {
  /** DEBUG PAUSE-CRON. */
  isTickPaused = false
  private readonly parts: BackgroundParts
  private ticking: Timer | undefined
  private sweeping: Timer | undefined
  private givingBack: Timer | undefined
  /** Chunks read and changes of keys when it was looked last: a server that rests has had none since. */
  private reads = 0
  private dirty = 0

  constructor(parts: BackgroundParts) {
    this.parts = parts
  }

  /** The server listens: what does not need the keys begins, and the rest of the tick once they are there. */
  begin(): void {
    this.tick()
  }

  /** All keys are there. */
  loaded(): void {
    this.sweep()
    this.giveBack()
  }

  stop(): void {
    clearTimeout(this.ticking)
    clearTimeout(this.sweeping)
    clearTimeout(this.givingBack)
  }

  private guarded(name: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.parts.bug(name, error)
    }
  }

  private tick(): void {
    const { parts } = this
    this.ticking = setTimeout(() => this.tick(), 1000 / parts.config.hz)
    if (this.isTickPaused) return
    this.guarded('tick', () => {
      parts.clients.tick()
      parts.tracking.tick()
      parts.info.tick()
      if (parts.isLoading) return
      parts.evictions.tick()
      parts.snapshots.tick()
      parts.appendOnly.tick()
      parts.migrations.tick()
    })
  }

  /** Expired keys and flushed memory. */
  private sweep(): void {
    const { expiry, evictions, latency, clock } = this.parts
    let more = false
    this.guarded('expiry', () => {
      const { spentNs } = expiry
      more = expiry.slice()
      more = evictions.eviction.slice() || more
      latency.add('expire-cycle', expiry.spentNs - spentNs)
    })
    const longest = !more && this.isResting() ? RESTING_MS : LOOK_MS
    const delay = more ? BUSY_MS : Math.min(longest, Math.max(BUSY_MS, expiry.nextMs() - clock.nowMs()))
    this.sweeping = setTimeout(() => this.sweep(), delay)
  }

  /** Whether nothing has come since the last call; when something does, the looks are as close as ever again. */
  private isResting(): boolean {
    const { clients, keys } = this.parts
    const { reads } = clients.counts
    const isResting = reads === this.reads && keys.dirty === this.dirty
    this.reads = reads
    this.dirty = keys.dirty
    clients.onNextRead = isResting ? () => this.wake() : undefined
    return isResting
  }

  private wake(): void {
    clearTimeout(this.sweeping)
    clearTimeout(this.givingBack)
    this.sweeping = setTimeout(() => this.sweep(), LOOK_MS)
    this.givingBack = setTimeout(() => this.giveBack(), GIVE_BACK_MS)
  }

  /** Blocks move together, free pages go to the system. */
  private giveBack(): void {
    const { pages, defrag, clients } = this.parts
    let delay = GIVE_BACK_MS
    this.guarded('defrag', () => {
      if (pages.slice()) delay = PAGES_LEFT_MS
      delay = Math.min(delay, defrag.slice())
    })
    if (delay === GIVE_BACK_MS && clients.onNextRead !== undefined) delay = RESTING_MS
    this.givingBack = setTimeout(() => this.giveBack(), delay)
  }
}
