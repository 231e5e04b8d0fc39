// What namespaces' properties mean for a write: refused when a key that it may change lies in a frozen namespace, or in one
// above its quota; and while it runs, it may take no more memory than the tightest of its namespaces has left. For that the
// one limit that every allocation is checked against is lowered, so no command knows of quotas.

import type { Args } from '../commands/args.ts'
import { keyPositions } from '../commands/key-positions.ts'
import { FLAG_DENYOOM, FLAG_WRITE, type TableRow } from '../commands/table.ts'
import { type CommandError, frozenNamespace, namespaceAboveQuota, OOM } from '../resp/errors.ts'
import type { Eviction } from '../store/eviction.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { NamespaceRules, Rule } from '../store/namespace-rules.ts'
import { namespaceAllocated } from '../store/whole-namespaces.ts'
import { neededBytes } from './memory-gate.ts'
import type { Writers } from './writers.ts'

export class NamespaceGate {
  private readonly keys: Keyspace
  private readonly rules: NamespaceRules
  private readonly eviction: Eviction
  private readonly writers: Writers
  /** Of the write that was checked last: the tightest namespace, and what it has left. */
  private tightest: Rule | undefined
  private leftBytes = 0
  /** What is to be put back when the command is done. */
  private lowered: Pick<Keyspace, 'limitBytes' | 'onPressure'> | undefined

  constructor(keys: Keyspace, rules: NamespaceRules, eviction: Eviction, writers: Writers) {
    this.keys = keys
    this.rules = rules
    this.eviction = eviction
    this.writers = writers
  }

  /** The row's flag that says that it must be checked; 0 while nothing is configured. */
  get flags(): number {
    return this.rules.isActive ? FLAG_WRITE : 0
  }

  /** Throws when the request may not change what it names. */
  check(row: TableRow, args: Args): void {
    this.tightest = undefined
    if ((row.flags & this.flags) === 0) return
    const { keys, rules } = this
    for (const { word, flags } of keyPositions(row.row, args, 0) ?? []) {
      if (flags[0] === 'RO') continue
      if (args.keyAt !== word) keys.hashKey(args, word)
      const rule = rules.at(args.nsHash)
      if (rule === undefined) continue
      if (rule.isFrozen) throw frozenNamespace(rule.namespace.name)
      if (rule.quotaBytes > 0 && (row.flags & FLAG_DENYOOM) !== 0 && rule !== this.tightest)
        this.measure(rule, row, args)
    }
  }

  /** Makes room below the quota, where the namespace's policy evicts. */
  private measure(rule: Rule, row: TableRow, args: Args): void {
    const bytes = neededBytes(row, args)
    let leftBytes = rule.quotaBytes - namespaceAllocated(this.keys, rule.namespace)
    const writer = leftBytes < bytes ? this.writers.of(row, args).get(rule.namespace.hash) : undefined
    if (writer !== undefined) {
      this.eviction.shrink(writer, bytes - leftBytes)
      leftBytes = rule.quotaBytes - namespaceAllocated(this.keys, rule.namespace)
    }
    if (leftBytes < 0) throw namespaceAboveQuota(rule.namespace.name)
    if (this.tightest !== undefined && this.leftBytes <= leftBytes) return
    this.tightest = rule
    this.leftBytes = leftBytes
  }

  /** The request that was checked runs now. */
  enter(): void {
    if (this.tightest === undefined) return
    const { keys } = this
    const { limitBytes, onPressure } = keys
    this.lowered = { limitBytes, onPressure }
    this.eviction.limited = this.tightest.namespace
    let quotaLimitBytes = keys.allocatedBytes() + this.leftBytes
    keys.limitBytes = Math.min(limitBytes, quotaLimitBytes)
    keys.onPressure = () => {
      if (quotaLimitBytes <= limitBytes) return false
      const before = keys.allocatedBytes()
      const made = onPressure()
      // Room that others leave is room below the server's limit, not below the quota.
      quotaLimitBytes -= before - keys.allocatedBytes()
      keys.limitBytes = Math.min(limitBytes, quotaLimitBytes)
      return made
    }
  }

  /** It has run. */
  leave(): void {
    const { keys, lowered } = this
    if (lowered === undefined) return
    keys.limitBytes = lowered.limitBytes
    keys.onPressure = lowered.onPressure
    this.eviction.limited = undefined
    this.lowered = undefined
  }

  /** What a command that ran is to be answered when it threw `error`. */
  explain(error: CommandError): CommandError {
    const { lowered, tightest, keys } = this
    if (error !== OOM || lowered === undefined || tightest === undefined) return error
    return keys.limitBytes < lowered.limitBytes ? namespaceAboveQuota(tightest.namespace.name) : error
  }
}
