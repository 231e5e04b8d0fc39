// INFO: sections in Redis 7.0.15's order, each of Redis's fields in its place, so that programs which read INFO find what
// they look for. The sections are tables (info/*.ts); here is what they are chosen by and computed from.

import { NamespaceSurvey } from '../metrics/namespaces.ts'
import type { Namespace } from '../store/namespace.ts'
import { clusterSection, modulesSection, replicationSection } from './info/alone-sections.ts'
import { commandSection, errorSection, latencySection } from './info/command-sections.ts'
import { keyspaceSection } from './info/keyspace-section.ts'
import { type MemoryFigures, memoryFigures } from './info/memory-figures.ts'
import { memorySection } from './info/memory-section.ts'
import { namespacesSection } from './info/namespaces-section.ts'
import { persistenceSection } from './info/persistence-section.ts'
import { clientsSection, cpuSection, serverSection } from './info/process-sections.ts'
import { Rates } from './info/rates.ts'
import type { Reading, Section } from './info/section.ts'
import type { ServerState } from './info/state.ts'
import { statsSection } from './info/stats-section.ts'
import {
  type CommandTotals,
  commandTotalsSince,
  type ErrorTotals,
  errorTotalsSince,
  readCommandTotals,
  readErrorTotals,
  readRatedTotals,
  readTotals,
  type Totals,
  totalsSince,
} from './info/totals.ts'

const SECTIONS: readonly Section[] = [
  serverSection,
  clientsSection,
  memorySection,
  persistenceSection,
  statsSection,
  replicationSection,
  cpuSection,
  modulesSection,
  commandSection,
  errorSection,
  latencySection,
  clusterSection,
  keyspaceSection,
  namespacesSection,
]

/** 40 hex digits, as Redis's run ids. */
const newId = (): string => crypto.getRandomValues(Buffer.alloc(20)).toString('hex')

export class Info {
  readonly runId = newId()
  private replicationId = newId()
  private readonly state: ServerState
  private readonly survey: NamespaceSurvey
  private rates: Rates
  private peakBytes: number
  private totalsBefore: Totals
  private commandsBefore: CommandTotals
  private errorsBefore: ErrorTotals

  constructor(state: ServerState) {
    const totals = readTotals(state)
    this.state = state
    this.peakBytes = state.keys.startupBytes
    this.survey = new NamespaceSurvey(state.keys, state.labels)
    this.rates = new Rates(totals, state.clock.nowNs())
    this.totalsBefore = totals
    this.commandsBefore = readCommandTotals(state.stats)
    this.errorsBefore = readErrorTotals(state.stats)
  }

  /** INFO's text for these sections, in lower case; the default ones when none is named, nothing for unknown ones. */
  text(sections: readonly string[], namespace?: Namespace): string {
    // Commands of the same chunk that ran before are not in the counters yet.
    this.state.stats.settle(this.state.clock.nowNs())
    const reading = this.read(namespace)
    return chosen(sections)
      .map(section => [`# ${section.title}`, ...section.lines(reading)].map(line => `${line}\r\n`).join(''))
      .join('\r\n')
  }

  /** Called about ten times a second. */
  tick(): void {
    // Without the buffers of clients: adding them up ten times a second would cost more than it tells.
    this.peakBytes = Math.max(this.peakBytes, this.state.keys.allocatedBytes())
    this.rates.sample(readRatedTotals(this.state), this.state.clock.nowNs())
  }

  /** CONFIG RESETSTAT: INFO's counters start anew; those of /metrics go on. */
  resetStatistics(): void {
    this.state.stats.settle(this.state.clock.nowNs())
    this.totalsBefore = readTotals(this.state)
    this.rates = new Rates(this.totalsBefore, this.state.clock.nowNs())
    this.commandsBefore = readCommandTotals(this.state.stats)
    this.errorsBefore = readErrorTotals(this.state.stats)
  }

  changeReplicationId(): void {
    this.replicationId = newId()
  }

  memory(namespace?: Namespace): MemoryFigures {
    return memoryFigures(this.read(namespace))
  }

  /** Counters of commands since the start or CONFIG RESETSTAT. */
  commandTotals(): CommandTotals {
    this.state.stats.settle(this.state.clock.nowNs())
    return commandTotalsSince(readCommandTotals(this.state.stats), this.commandsBefore)
  }

  private read(namespace: Namespace | undefined): Reading {
    const { state } = this
    let commands: CommandTotals | undefined
    return {
      state,
      namespace,
      nowMs: state.clock.nowMs(),
      totals: totalsSince(readTotals(state), this.totalsBefore),
      commandTotals: () => {
        commands ??= commandTotalsSince(readCommandTotals(state.stats), this.commandsBefore)
        return commands
      },
      errorTotals: () => errorTotalsSince(state.stats.errorCodes, this.errorsBefore),
      namespaces: () => (namespace === undefined ? this.survey.take() : this.survey.of(namespace)),
      rates: this.rates,
      runId: this.runId,
      replicationId: this.replicationId,
      peakBytes: this.peakBytes,
    }
  }
}

/** The names of many sections that mean a section too, by how that one wants to be asked. */
const WIDE: Readonly<Record<Section['asked'], readonly string[]>> = {
  always: ['default', 'all', 'everything'],
  'by-name': ['all', 'everything'],
  'by-own-name': ['everything'],
}

function chosen(names: readonly string[]): Section[] {
  const wide = names.length === 0 ? ['default'] : names
  return SECTIONS.filter(
    section =>
      WIDE[section.asked].some(name => wide.includes(name)) || section.names.some(name => names.includes(name)),
  )
}
