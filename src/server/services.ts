// What commands may ask of the server, put together from its parts.

import type { Services } from '../commands/services.ts'
import type { CommandTable } from '../commands/table.ts'
import type { LatencyEvents } from '../metrics/latency-events.ts'
import type { SlowLog } from '../metrics/slow-log.ts'
import type { Snapshots } from '../persist/snapshots.ts'
import type { ChannelSpaces } from '../pubsub/spaces.ts'
import { CommandError, LOADING } from '../resp/errors.ts'
import type { Session } from '../session/session.ts'
import type { Clock } from '../store/clock.ts'
import type { Eviction } from '../store/eviction.ts'
import type { Expiry } from '../store/expiry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Namespace } from '../store/namespace.ts'
import type { NamespaceRules } from '../store/namespace-rules.ts'
import type { Tracking } from '../tracking/tracking.ts'
import type { AppendOnly } from './append-only.ts'
import type { Clients } from './clients.ts'
import type { Config } from './config/config.ts'
import { rewriteConfigFile } from './config/rewrite.ts'
import { isSensitive } from './config/table.ts'
import type { Evictions } from './evictions.ts'
import { allocatorReport, memoryAdvice, memoryStats } from './info/memory-report.ts'
import type { Info } from './info.ts'
import { commandHistograms } from './latency-histograms.ts'
import { latencyAdvice, latencyGraph } from './latency-report.ts'
import type { Log } from './log.ts'
import type { Migrations } from './migrations.ts'
import type { Monitors } from './monitors.ts'

export interface ServiceParts {
  readonly config: Config
  readonly keys: Keyspace
  readonly expiry: Expiry
  readonly evictions: Evictions
  readonly snapshots: Snapshots
  readonly channels: ChannelSpaces<Session>
  readonly tracking: Tracking
  readonly slowLog: SlowLog
  readonly latency: LatencyEvents
  readonly table: CommandTable
  readonly namespaces: NamespaceRules
  readonly migrations: Migrations
  readonly clock: Clock
  readonly log: Log
  /** These are made after the services are. */
  readonly clients: () => Clients
  readonly appendOnly: () => AppendOnly
  readonly info: () => Info
  readonly monitors: () => Monitors
  readonly reserveArenas: () => void
  readonly isLoading: () => boolean
  readonly pauseTick: Services['pauseTick']
  readonly shutdown: Services['shutdown']
  readonly abortShutdown: Services['abortShutdown']
}

/** Runs a save; what the file system says becomes an error reply. */
function saved(action: () => void): void {
  try {
    action()
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`ERR ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Redis tells of idle times or frequencies as its policy needs it; where hits are counted for ours, both are there. */
function countingOf({ policies }: Pick<Eviction, 'policies'>): Services['config']['counting'] {
  if (policies.some(({ order }) => order === 'infrequent')) return 'frequency'
  return policies.some(({ vocabulary, order }) => vocabulary === 'kvns' && order !== 'none') ? 'both' : 'recency'
}

function configService({ config, keys, evictions, isLoading }: ServiceParts): Services['config'] {
  return {
    get: patterns => config.entries(patterns),
    set(pairs, session) {
      const refusal = config.set(pairs, { isLocal: session.local, isLoading: isLoading() })
      if (refusal === undefined) return
      throw refusal.kind === 'loading' ? LOADING : new CommandError(`ERR ${refusal.text}`)
    },
    rewrite(which) {
      const problem = rewriteConfigFile(config, which)
      if (problem !== undefined) throw new CommandError(`ERR ${problem}`)
    },
    allowsDebug: session =>
      config.enableDebugCommand === 'yes' || (config.enableDebugCommand === 'local' && session.local),
    isSecret: isSensitive,
    get requirePass() {
      return config.requirepass
    },
    get namespaceFromUser() {
      return config.namespaceFromUser
    },
    get redisVersion() {
      return config.redisVersion
    },
    get databases() {
      return keys.databases
    },
    get compression() {
      return config.rdbCompression ? 'on' : 'off'
    },
    get sharesIntegers() {
      return config.maxmemoryBytes === 0 || !/-l[rf]u$/.test(config.maxmemoryPolicy.name)
    },
    get counting() {
      return countingOf(evictions.eviction)
    },
  }
}

function latencyService({ config, latency, clock, table, info }: ServiceParts): Services['latency'] {
  return {
    events: latency.all,
    reset: events => latency.reset(events),
    collect: work => latency.measure('garbage-collection', work),
    graph: event => {
      const series = latency.all.get(event)
      return series === undefined ? undefined : latencyGraph(event, series, clock.nowMs())
    },
    advice: () =>
      latencyAdvice({
        events: latency.all,
        thresholdMs: config.latencyMonitorThresholdMs,
        slowerThanMicros: config.slowlogLogSlowerThanMicros,
        nowMs: clock.nowMs(),
      }),
    histograms: commands => {
      return config.latencyTracking ? commandHistograms(table, info().commandTotals(), commands) : []
    },
  }
}

function appendOnlyService({ appendOnly }: ServiceParts): Services['appendOnly'] {
  return {
    rewrite: () => appendOnly().rewriteOnDemand(),
    reload: () => saved(() => appendOnly().reload()),
    sleepBeforeWrites(seconds) {
      appendOnly().writer.sleepMs = Math.min(seconds, MAX_SLEEP_S) * 1000
    },
    get problem() {
      return appendOnly().writer.problem
    },
  }
}

export function makeServices(parts: ServiceParts): Services {
  const { keys, expiry, snapshots, clock, log } = parts
  return {
    clients: {
      sessions: () => parts.clients().sessions(),
      viewOf: session => parts.clients().viewOf(session),
      sessionOf: id => parts.clients().sessionOf(id),
      kill: session => parts.clients().kill(session),
      push: (session, bytes) => parts.clients().push(session, bytes),
      confirm: bytes => parts.clients().confirm(bytes),
      pause: (by, kind, untilMs) => parts.clients().paused.begin(by, kind, untilMs),
      unpause: by => parts.clients().paused.end(by),
      unblock: (session, how) => parts.clients().blocked.release(session, how),
    },
    monitors: {
      add: session => parts.monitors().add(session),
      remove: session => parts.monitors().remove(session),
    },
    channels: parts.channels,
    tracking: parts.tracking,
    eviction: {
      policyOf: nsHash => parts.evictions.eviction.policyOf(nsHash),
      countIn: namespace => parts.evictions.countIn(namespace),
    },
    namespaces: parts.namespaces,
    config: configService(parts),
    payloads: { checksum: 'checked' },
    snapshot: {
      save: () => saved(() => snapshots.save()),
      saveFlushed: () => {
        // A FLUSHALL of the past empties no file.
        if (!parts.appendOnly().isLoading) snapshots.saveFlushed()
      },
      saveInBackground: when => snapshots.saveInBackground(when),
      get refusesWrites() {
        return snapshots.refusesWrites
      },
      get lastSaveS() {
        return snapshots.lastSaveS
      },
      get running() {
        return snapshots.running
      },
      reload: (mode, existing) => saved(() => snapshots.reload(mode, existing)),
    },
    reserveArenas: parts.reserveArenas,
    get isLoading() {
      return parts.isLoading()
    },
    appendOnly: appendOnlyService(parts),
    migrations: parts.migrations,
    nowMs: () => clock.nowMs(),
    nowMicros: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
    info: (sections, namespace) => parts.info().text(sections, namespace),
    namespace: name => new Namespace(name, keys),
    resetStatistics() {
      parts.info().resetStatistics()
    },
    slowLog: parts.slowLog,
    latency: latencyService(parts),
    memory: {
      stats: namespace => memoryStats(parts.info().memory(namespace)),
      advice: () => memoryAdvice(parts.info().memory()),
      allocatorReport: () => allocatorReport(keys),
      purge() {
        Bun.gc(true)
        for (const { arena } of keys.shards) arena.trim()
      },
    },
    pauseTick: parts.pauseTick,
    changeReplicationId: () => parts.info().changeReplicationId(),
    setActiveExpire(active) {
      expiry.active = active === 'on'
    },
    shutdown: parts.shutdown,
    abortShutdown: parts.abortShutdown,
    sleep: seconds => Bun.sleepSync(Math.min(seconds, MAX_SLEEP_S) * 1000),
    log: (level, message) => log[level](message),
  }
}

/** DEBUG SLEEP for a day is a mistake. */
const MAX_SLEEP_S = 86400
