// What is told of commands that took long, to SLOWLOG and to LATENCY. Usually the dispatcher tells us of those, having
// read the clock once for many commands; when somebody wants to hear of so short ones that a group of small commands could
// hide them, we look at every command, and each is timed by itself.

import type { Args } from '../commands/args.ts'
import type { Onlooker, SlowWatch } from '../commands/onlooker.ts'
import { secretWords } from '../commands/secrets.ts'
import type { Services } from '../commands/services.ts'
import type { TableRow } from '../commands/table.ts'
import type { LatencyEvents } from '../metrics/latency-events.ts'
import { type SlowLog, shortened } from '../metrics/slow-log.ts'
import type { Session } from '../session/session.ts'
import type { Config } from './config/config.ts'

/** Below this every command is timed: 32 commands of constant time take some microseconds together. */
const CLOSE_LOOK_NS = 1e6

/** The settings that say what is slow. */
export const SLOW_FIELDS = ['slowlogLogSlowerThanMicros', 'slowlogMaxLength', 'latencyMonitorThresholdMs'] as const

export interface SlowCommandsOptions {
  readonly log: SlowLog
  readonly latency: LatencyEvents
  readonly services: Services
  /** Those who look at every command. */
  readonly onlookers: Onlooker[]
}

export class SlowCommands implements Onlooker, SlowWatch {
  thresholdNs = Number.POSITIVE_INFINITY
  private readonly log: SlowLog
  private readonly latency: LatencyEvents
  private readonly services: Services
  private readonly onlookers: Onlooker[]
  private slowNs = Number.POSITIVE_INFINITY
  /** Whether each command comes to before() and after(). */
  private seesAll = false

  constructor({ log, latency, services, onlookers }: SlowCommandsOptions) {
    this.log = log
    this.latency = latency
    this.services = services
    this.onlookers = onlookers
  }

  /** Takes over the settings. */
  configure(config: Pick<Config, (typeof SLOW_FIELDS)[number]>): undefined {
    const { slowlogLogSlowerThanMicros: micros, latencyMonitorThresholdMs: ms } = config
    this.slowNs = micros < 0 ? Number.POSITIVE_INFINITY : micros * 1e3
    this.latency.thresholdNs = ms === 0 ? Number.POSITIVE_INFINITY : ms * 1e6
    this.thresholdNs = Math.min(this.slowNs, this.latency.thresholdNs)
    this.log.limit = config.slowlogMaxLength
    const at = this.onlookers.indexOf(this)
    const looksClosely = this.thresholdNs < CLOSE_LOOK_NS
    if (looksClosely && at < 0) this.onlookers.push(this)
    else if (!looksClosely && at >= 0) this.onlookers.splice(at, 1)
    if (!looksClosely) this.seesAll = false
  }

  before(): void {
    this.seesAll = true
  }

  after(session: Session, row: TableRow, args: Args, elapsedNs: number): void {
    this.note(session, row, args, elapsedNs)
  }

  /** The command that makes us look closely has not been seen to begin, and comes this way. */
  took(session: Session, row: TableRow, args: Args, elapsedNs: number): void {
    if (!this.seesAll) this.note(session, row, args, elapsedNs)
  }

  stalled(elapsedNs: number): void {
    if (!this.seesAll) this.latency.add('fast-command', elapsedNs)
  }

  private note(session: Session, row: TableRow, args: Args, elapsedNs: number): void {
    const { flags } = row.row
    this.latency.add(flags.includes('fast') ? 'fast-command' : 'command', elapsedNs)
    const durationMicros = Math.floor(elapsedNs / 1e3)
    if (durationMicros * 1e3 < this.slowNs || flags.includes('skip_slowlog')) return
    this.log.add({
      timeS: Math.floor(this.services.nowMs() / 1000),
      durationMicros,
      words: shortened(args, secretWords(row, args, this.services)),
      address: session.address,
      name: session.name,
      namespace: session.namespace?.name,
    })
  }
}
