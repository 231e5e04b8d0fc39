// What INFO, /metrics and /health read of the running server. The server is such a state itself; nothing is copied here,
// every field is read anew each time somebody asks.

import type { ClientView } from '../../commands/services.ts'
import type { TableRow } from '../../commands/table.ts'
import type { CommandStats, NamespaceLabels } from '../../metrics/command-stats.ts'
import type { ChannelSpaces } from '../../pubsub/spaces.ts'
import type { Session } from '../../session/session.ts'
import type { Clock } from '../../store/clock.ts'
import type { Defrag } from '../../store/defrag.ts'
import type { Eviction } from '../../store/eviction.ts'
import type { Expiry } from '../../store/expiry.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import type { NamespaceRules } from '../../store/namespace-rules.ts'
import type { Tracking } from '../../tracking/tracking.ts'
import type { Config } from '../config/config.ts'

/** Counts since the start, of connections and their bytes. */
interface ConnectionTotals {
  /** Rejected ones included. */
  readonly accepted: number
  readonly rejected: number
  readonly cutForOutput: number
  readonly evicted: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly reads: number
  readonly writes: number
}

export interface SnapshotFacts {
  readonly running: boolean
  /** Seconds that the running save has taken, -1 when none is running. */
  readonly currentS: number
  /** Unix time of the last good save, or of the start. */
  readonly lastSaveS: number
  readonly lastStatus: 'ok' | 'err'
  /** Why, when it is 'err'. */
  readonly lastError: string
  readonly progress: { readonly processed: number; readonly total: number }
  /** -1 before the first save. */
  readonly lastDurationS: number
  /** Good saves since the start, and those begun in the background. */
  readonly saves: number
  readonly begun: number
  /** What the load at the start met; undefined when there was nothing to load. */
  readonly loaded: { readonly keys: number; readonly expired: number } | undefined
}

/** The loading at the start. */
export interface LoadFacts {
  readonly isRunning: boolean
  /** Unix time of its beginning, and the seconds since. */
  readonly startedS: number
  readonly elapsedS: number
  /** Of the file that is being read, or of all files of an append-only file. */
  readonly loadedBytes: number
  readonly totalBytes: number
}

/** The append-only file. */
export interface AppendOnlyFacts {
  readonly isOn: boolean
  readonly isRewriting: boolean
  readonly isRewriteScheduled: boolean
  /** Good rewrites since the start, and those that failed since the last good one. */
  readonly rewrites: number
  readonly begun: number
  readonly failedInARow: number
  /** Seconds; -1 when there is none. */
  readonly lastRewriteS: number
  readonly currentRewriteS: number
  readonly lastRewriteStatus: 'ok' | 'err'
  /** Of all files, now and when the last rewrite ended. */
  readonly bytes: number
  readonly baseBytes: number
  readonly writer: {
    readonly problem: string | undefined
    readonly waitingBytes: number
    readonly isSyncing: boolean
    readonly delayedFsyncs: number
  }
}

export interface ServerState {
  readonly config: Config
  readonly clock: Clock
  readonly keys: Keyspace
  readonly expiry: Pick<Expiry, 'spentNs' | 'cutShort' | 'freed' | 'pending'>
  readonly defrag: Pick<Defrag, 'hits' | 'misses' | 'keyHits' | 'keyMisses' | 'totalNs' | 'currentNs' | 'percent'>
  readonly evictions: {
    readonly eviction: Pick<Eviction, 'evicted' | 'exceededNs' | 'exceedingNs' | 'policyOf'>
    readonly byNamespace: { readonly counts: readonly number[] }
    readonly readByNamespace: { readonly counts: readonly number[] }
  }
  readonly stats: CommandStats
  readonly labels: NamespaceLabels
  readonly namespaces: Pick<NamespaceRules, 'all' | 'at'>
  readonly table: { readonly rows: readonly TableRow[] }
  readonly snapshots: SnapshotFacts
  readonly appendOnly: AppendOnlyFacts
  readonly clients: {
    readonly count: number
    readonly counts: ConnectionTotals
    /** How many of them wait for a key, and how many of those not for ever. */
    readonly blockedCount: number
    readonly blocked: { readonly waiters: { readonly count: number; readonly timed: number } }
    list(): readonly ClientView[]
  }
  readonly channels: Pick<ChannelSpaces<Session>, 'of'>
  readonly tracking: Pick<Tracking, 'clients' | 'trackedKeys' | 'trackedItems' | 'trackedPrefixes'>
  readonly migrations: { readonly links: number }
  readonly startedMs: number
  /** The RESP port in use. */
  readonly port: number
  readonly startLoad: LoadFacts
  /** Commands that ended in an internal error. */
  readonly bugs: number
}
