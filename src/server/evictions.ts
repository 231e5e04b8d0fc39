// Eviction in the server: the settings it follows, what it counts by namespace, and the sweep of what was read (policy ear).

import { ReadMarks } from '../commands/read-marks.ts'
import { type NamespaceLabels, OTHER_NAMESPACES } from '../metrics/command-stats.ts'
import type { LatencyEvents } from '../metrics/latency-events.ts'
import { AfterRead } from '../store/after-read.ts'
import type { Clock } from '../store/clock.ts'
import { Eviction } from '../store/eviction.ts'
import type { Policy } from '../store/eviction-policies.ts'
import type { Expiry } from '../store/expiry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Namespace } from '../store/namespace.ts'
import type { NamespaceRules } from '../store/namespace-rules.ts'
import type { Place } from '../store/place.ts'
import type { Config } from './config/config.ts'
import { EVICTION_FIELDS } from './config/eviction-settings.ts'
import type { Dispatcher } from './dispatcher.ts'

/** Between two sweeps of what was read. */
const SWEEP_MS = 1000

export interface EvictionParts {
  readonly config: Config
  readonly keys: Keyspace
  readonly expiry: Expiry
  readonly namespaces: NamespaceRules
  readonly labels: NamespaceLabels
  readonly latency: LatencyEvents
  readonly clock: Clock
}

/** Counts by the number of the namespace's label. */
class NamespaceCounts {
  readonly counts: number[] = []
  private readonly labels: NamespaceLabels

  constructor(labels: NamespaceLabels) {
    this.labels = labels
  }

  add({ nsHash, nsBuf, nsStart, nsEnd }: Place): void {
    const label = this.labels.number(nsHash, nsBuf, nsStart, nsEnd)
    this.counts[label] = (this.counts[label] ?? 0) + 1
  }
}

export class Evictions {
  readonly eviction: Eviction
  readonly afterRead: AfterRead
  /** Keys evicted, and removed because they were read, by label. */
  readonly byNamespace: NamespaceCounts
  readonly readByNamespace: NamespaceCounts
  private readonly parts: EvictionParts
  private readMarks: ReadMarks | undefined
  private sweptMs: number

  constructor(parts: EvictionParts) {
    const { keys, expiry, clock, namespaces, labels, latency } = parts
    this.parts = parts
    this.byNamespace = new NamespaceCounts(labels)
    this.readByNamespace = new NamespaceCounts(labels)
    this.eviction = new Eviction(keys, expiry, clock, namespaces)
    this.eviction.onEvict = place => this.byNamespace.add(place)
    this.eviction.onSlice = elapsedNs => latency.add('eviction-cycle', elapsedNs)
    this.afterRead = new AfterRead(keys)
    this.afterRead.onRemove = place => this.readByNamespace.add(place)
    this.sweptMs = clock.nowMs()
  }

  /** Reads are looked at, and changes heard, only while some policy is `ear`. */
  follow(dispatcher: Dispatcher): void {
    const { namespaces, config } = this.parts
    namespaces.onChange = () => this.followPolicies(dispatcher)
    const configure = (): undefined => {
      this.configure()
      this.followPolicies(dispatcher)
    }
    config.onChange(EVICTION_FIELDS, configure)
    configure()
  }

  private configure(): void {
    const { config, keys } = this.parts
    const named = new Map<number, Policy>()
    for (const [name, policy] of config.nsEviction) named.set(new Namespace(name, keys).hash, policy)
    this.eviction.configure({
      common: config.maxmemoryPolicy,
      perNamespace: config.evictionPolicy,
      named,
      threshold: config.evictionThreshold,
      samples: config.maxmemorySamples,
      tenacity: config.evictionTenacity,
      lfuLogFactor: config.lfuLogFactor,
      lfuDecayMinutes: config.lfuDecayMinutes,
    })
  }

  private followPolicies({ onlookers, context }: Dispatcher): void {
    const { eviction, afterRead, readMarks } = this
    const { keys } = this.parts
    eviction.followPolicies()
    const isWanted = eviction.policies.some(({ isAfterRead }) => isAfterRead)
    if (isWanted === (readMarks !== undefined)) return
    if (readMarks === undefined) {
      const isMeant = (nsHash: number): boolean => eviction.policyOf(nsHash).isAfterRead
      this.readMarks = new ReadMarks(keys, context.reply, afterRead, isMeant)
      onlookers.push(this.readMarks)
      keys.observers.push(afterRead)
    } else {
      onlookers.splice(onlookers.indexOf(readMarks), 1)
      keys.observers.splice(keys.observers.indexOf(afterRead), 1)
      this.readMarks = undefined
    }
  }

  /** Keys evicted from a namespace; undefined for one without a label of its own. */
  countIn({ hash, bytes }: Namespace): number | undefined {
    const label = this.parts.labels.number(hash, bytes, 0, bytes.length)
    return label === OTHER_NAMESPACES ? undefined : (this.byNamespace.counts[label] ?? 0)
  }

  /** Called some times a second. */
  tick(): void {
    const nowMs = this.parts.clock.nowMs()
    if (nowMs - this.sweptMs < SWEEP_MS) return
    this.sweptMs = nowMs
    if (this.readMarks !== undefined) this.afterRead.sweep()
  }
}
