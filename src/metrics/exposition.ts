// /metrics: prom-client's registry with our gauges and counters. Nothing here runs per command: each metric takes its
// values out of the counters, and the keyspace's own sums, when it is scraped.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Keyspace } from '../store/keyspace.ts'
import type { Rule } from '../store/namespace-rules.ts'
import type { CommandStats, NamespaceLabels } from './command-stats.ts'
import { histogramText } from './histograms.ts'
import { labelText, type NamespaceRow, NamespaceSurvey } from './namespaces.ts'

export interface MetricSources {
  readonly keys: Keyspace
  readonly stats: CommandStats
  readonly labels: NamespaceLabels
  /** What was configured for namespaces. */
  readonly rules: () => readonly Rule[]
  /** Keys evicted, and removed because they were read, by the number of the namespace's label. */
  readonly evictions: { readonly evicted: readonly number[]; readonly afterRead: readonly number[] }
  /** Full names by command number. */
  readonly commands: readonly string[]
  /** Connections since the start, and open ones. */
  readonly connections: () => { readonly total: number; readonly current: number; readonly blocked: number }
  /** Commands begun and not answered yet. */
  readonly inFlight: () => number
  readonly uptimeSeconds: () => number
  readonly snapshots: {
    readonly running: boolean
    /** Keys of the running save. */
    readonly progress: { readonly processed: number; readonly total: number }
    readonly lastSaveS: number
    readonly lastStatus: 'ok' | 'err'
    readonly saves: number
  }
}

/**
 * Of the process metrics, those that say nothing true: empty or always 0 under Bun, reserved address space, and figures of
 * the loop's delay that are no number (or 292 years) until the first look.
 */
const BROKEN = [
  'nodejs_eventloop_lag_min_seconds',
  'nodejs_eventloop_lag_mean_seconds',
  'nodejs_eventloop_lag_stddev_seconds',
  'nodejs_gc_duration_seconds',
  'nodejs_heap_space_size_total_bytes',
  'nodejs_heap_space_size_used_bytes',
  'nodejs_heap_space_size_available_bytes',
  'process_heap_bytes',
]
/** Each look at the loop's delay wakes the process; at prom-client's own 10 ms an idle server used 0.5 % of a core. */
const LOOP_DELAY_MS = 500

/** As many as the labels of namespaces are by default. */
const RULES_TOLD = 200

const BY_NAMESPACE = ['namespace', 'db'] as const

export class Exposition {
  private readonly registry = new Registry()
  private readonly sources: MetricSources
  private readonly survey: NamespaceSurvey
  private rows: readonly NamespaceRow[] = []

  constructor(sources: MetricSources) {
    this.sources = sources
    this.survey = new NamespaceSurvey(sources.keys, sources.labels)
    this.addMemory()
    this.ruleGauge('kvns_namespace_quota_bytes', 'Quota of a namespace that has one.', rule => rule.quotaBytes)
    this.ruleGauge('kvns_namespace_frozen', '1 for a namespace that is read-only.', rule => (rule.isFrozen ? 1 : 0))
    this.addCommands()
    this.addEvictions()
    this.addTotals()
    this.addSnapshots()
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LOOP_DELAY_MS })
    for (const name of BROKEN) this.registry.removeSingleMetric(name)
  }

  get contentType(): string {
    return this.registry.contentType
  }

  /** Everything but the histograms, as a promise of text. */
  metrics(): ReturnType<Registry['metrics']> {
    this.rows = this.survey.take()
    return this.registry.metrics()
  }

  /** The histograms' text, in pieces that each take well below a millisecond. */
  histograms(): Generator<string> {
    const { stats, commands, labels } = this.sources
    return histogramText(stats, commands, labels.names)
  }

  private gauge(name: string, help: string, value: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: () => gauge.set(value()) })
  }

  /** `value` only ever grows. */
  private counter(name: string, help: string, value: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.registry],
      collect: () => {
        counter.reset()
        counter.inc(value())
      },
    })
  }

  private namespaceGauge(name: string, help: string, value: (row: NamespaceRow) => number | undefined): void {
    const gauge: Gauge<(typeof BY_NAMESPACE)[number]> = new Gauge({
      name,
      help,
      labelNames: BY_NAMESPACE,
      registers: [this.registry],
      collect: () => {
        gauge.reset()
        for (const row of this.rows) {
          const n = value(row)
          if (n !== undefined) gauge.set({ ...row.series }, n)
        }
      },
    })
  }

  /** Told of the namespaces for which it is not 0; of as many as are likely to have been configured by hand. */
  private ruleGauge(name: string, help: string, value: (rule: Rule) => number): void {
    const { rules } = this.sources
    const gauge: Gauge<'namespace'> = new Gauge({
      name,
      help,
      labelNames: ['namespace'],
      registers: [this.registry],
      collect: () => {
        gauge.reset()
        const told = rules().filter(rule => value(rule) > 0)
        for (const rule of told.slice(0, RULES_TOLD)) {
          gauge.set({ namespace: Buffer.from(rule.namespace.bytes).toString('utf8') }, value(rule))
        }
      },
    })
  }

  private addMemory(): void {
    const { keys } = this.sources
    this.namespaceGauge('kvns_keys_total', 'Number of keys.', row => row.keys)
    this.namespaceGauge('kvns_memory_used_bytes', 'Bytes of namespace names, keys and values.', row => row.logicalBytes)
    this.namespaceGauge(
      'kvns_memory_allocated_bytes',
      'Bytes allocated for keys and values; under _other, of all databases, with what is being freed.',
      row => (row.allocatedBytes === undefined ? this.unnamedBytes(row) : row.allocatedBytes),
    )
    this.gauge('kvns_memory_used_bytes_total', 'Bytes of keys and values of all namespaces.', () => keys.logicalBytes())
    this.gauge('kvns_memory_allocated_bytes_total', 'Bytes allocated, which is what the limit counts.', () =>
      keys.allocatedBytes(),
    )
    this.gauge('kvns_memory_limit_bytes', 'Limit of the bytes allocated.', () => keys.limitBytes)
  }

  /** What no labelled namespace has, told once: with the first database that has others. */
  private unnamedBytes(row: NamespaceRow): number | undefined {
    if (this.rows.find(({ allocatedBytes }) => allocatedBytes === undefined) !== row) return undefined
    const { keys } = this.sources
    let bytes = keys.allocatedBytes() - keys.startupBytes
    for (const { allocatedBytes } of this.rows) bytes -= allocatedBytes ?? 0
    return Math.max(0, bytes)
  }

  private addCommands(): void {
    const { stats, commands } = this.sources
    const counter: Counter<'command' | 'status'> = new Counter({
      name: 'kvns_commands_total',
      help: 'Commands by how they ended: ok, error, or rejected before they ran.',
      labelNames: ['command', 'status'],
      registers: [this.registry],
      collect: () => {
        counter.reset()
        const add = (command: string, status: 'ok' | 'error' | 'rejected', count: number): void => {
          if (count > 0) counter.inc({ command, status }, count)
        }
        for (const [id, command] of commands.entries()) {
          add(command, 'ok', stats.calls[id] - stats.failed[id])
          add(command, 'error', stats.failed[id])
          add(command, 'rejected', stats.rejected[id])
        }
        add('unknown', 'rejected', stats.unknown)
      },
    })
  }

  private addEvictions(): void {
    const { evictions, labels } = this.sources
    const add = (name: string, help: string, counts: readonly number[]): void => {
      const counter: Counter<'namespace'> = new Counter({
        name,
        help,
        labelNames: ['namespace'],
        registers: [this.registry],
        collect: () => {
          counter.reset()
          counts.forEach((count, label) => {
            counter.inc({ namespace: labelText(labels.names, label) }, count)
          })
        },
      })
    }
    add('kvns_evictions_total', 'Keys evicted to make room.', evictions.evicted)
    add('kvns_ear_evictions_total', 'Keys removed because they were read (policy ear).', evictions.afterRead)
  }

  private addSnapshots(): void {
    const { snapshots } = this.sources
    this.counter('kvns_snapshots_total', 'Snapshots written since the start.', () => snapshots.saves)
    this.gauge('kvns_snapshot_last_ok', '0 when the last snapshot could not be written.', () =>
      snapshots.lastStatus === 'ok' ? 1 : 0,
    )
    this.gauge('kvns_snapshot_last_timestamp_seconds', 'When the last snapshot was written.', () => snapshots.lastSaveS)
    this.gauge('kvns_snapshot_running', '1 while a snapshot is being written.', () => (snapshots.running ? 1 : 0))
    this.gauge('kvns_snapshot_keys_written', 'Keys that the running snapshot has.', () => snapshots.progress.processed)
    this.gauge('kvns_snapshot_keys', 'Keys that the running snapshot will have.', () => snapshots.progress.total)
  }

  private addTotals(): void {
    const { keys, connections, inFlight, uptimeSeconds } = this.sources
    this.gauge('kvns_commands_in_flight', 'Commands begun and not answered yet.', inFlight)
    this.counter('kvns_connections_total', 'Connections accepted since the start.', () => connections().total)
    this.gauge('kvns_connections_current', 'Open connections.', () => connections().current)
    this.gauge('kvns_connections_blocked', 'Connections whose request waits for a key.', () => connections().blocked)
    this.counter('kvns_expired_keys_total', 'Keys removed at their deadline.', () => keys.expired)
    this.gauge('kvns_uptime_seconds', 'Seconds since the start.', uptimeSeconds)
  }
}
