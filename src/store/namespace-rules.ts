// What was configured for namespaces (NS SET, NS FREEZE): it belongs to a name, in all databases, whether the namespace has
// keys or not. Who keeps it beyond a restart is told of each change first (persist/namespace-file.ts).
//
// Held here: max-keys and default-ttl, where keys come into being (Arrivals). By the gate before a write
// (server/namespace-gate.ts): quota and freezing. While nothing is configured neither is asked.

import type { Words } from '../bytes/words.ts'
import { CommandError, frozenNamespace, namespaceAboveQuota, namespaceFull } from '../resp/errors.ts'
import { isTimed } from './entry.ts'
import type { Policy } from './eviction-policies.ts'
import type { Keyspace } from './keyspace.ts'
import type { Namespace } from './namespace.ts'
import type { Arrivals } from './observers.ts'
import type { Place } from './place.ts'
import { namespaceAllocated, namespaceKeys, partsOf } from './whole-namespaces.ts'

export interface Properties {
  /** Allocated bytes that its keys may take in all databases; 0: no limit. */
  readonly quotaBytes: number
  /** Keys in all databases; 0: no limit. */
  readonly maxKeys: number
  /** For keys that come without a deadline; 0: they get none. */
  readonly defaultTtlMs: number
  /** Read-only. */
  readonly isFrozen: boolean
  /** Of eviction; undefined: the server's. */
  readonly policy: Policy | undefined
}

export const NO_PROPERTIES: Properties = {
  quotaBytes: 0,
  maxKeys: 0,
  defaultTtlMs: 0,
  isFrozen: false,
  policy: undefined,
}

export interface Rule extends Properties {
  readonly namespace: Namespace
}

/** Namespaces that may be configured. */
const MAX_RULES = 10_000
const TOO_MANY = new CommandError(`ERR no more than ${MAX_RULES} namespaces can be configured`)

export class NamespaceRules implements Arrivals {
  /** Called with all rules before they are in force; what it throws keeps them from it. */
  keep: (rules: readonly Rule[]) => void = () => undefined
  /** Called when others are in force. */
  onChange: () => void = () => undefined
  private readonly keys: Keyspace
  private rules = new Map<string, Rule>()
  /** By the hash of the name: that of 32 bits says enough, as for the metrics' labels. */
  private readonly byHash = new Map<number, Rule>()

  constructor(keys: Keyspace) {
    this.keys = keys
  }

  /** Whether writes have to pass the gate. */
  get isActive(): boolean {
    return this.byHash.size > 0
  }

  get all(): readonly Rule[] {
    return [...this.rules.values()]
  }

  at(nsHash: number): Rule | undefined {
    return this.byHash.get(nsHash)
  }

  of(namespace: Namespace): Properties {
    return this.rules.get(namespace.name) ?? NO_PROPERTIES
  }

  /** Changes some properties of a namespace. Throws when they cannot be kept, and nothing has changed. */
  change(namespace: Namespace, properties: Partial<Properties>): void {
    const rule: Rule = { ...this.of(namespace), ...properties, namespace }
    const next = new Map(this.rules)
    if (hasEffect(rule)) next.set(namespace.name, rule)
    else next.delete(namespace.name)
    if (next.size > MAX_RULES) throw TOO_MANY
    this.keep([...next.values()])
    this.apply(next)
  }

  /** Takes over what was kept. */
  restore(rules: readonly Rule[]): void {
    this.apply(new Map(rules.map(rule => [rule.namespace.name, rule])))
  }

  private apply(rules: Map<string, Rule>): void {
    this.rules = rules
    this.byHash.clear()
    for (const rule of rules.values()) this.byHash.set(rule.namespace.hash, rule)
    const speaks = [...rules.values()].some(({ maxKeys, defaultTtlMs }) => maxKeys > 0 || defaultTtlMs > 0)
    this.keys.arrivals = speaks ? this : undefined
    this.onChange()
  }

  // ---- who may change what ----------------------------------------------------------------------------------------

  expectThawed(namespace: Namespace): void {
    if (this.of(namespace).isFrozen) throw frozenNamespace(namespace.name)
  }

  /** Throws when a frozen namespace has keys in one of the databases. */
  expectThawedIn(isMeant: (db: number) => boolean): void {
    for (const { isFrozen, namespace } of this.rules.values()) {
      if (!isFrozen) continue
      for (const { db } of partsOf(this.keys, namespace)) if (isMeant(db)) throw frozenNamespace(namespace.name)
    }
  }

  /** Throws unless the namespace may come to hold what another one holds, and nothing else. */
  expectRoomFor(namespace: Namespace, other: Namespace): void {
    const { quotaBytes, maxKeys } = this.of(namespace)
    if (maxKeys > 0 && namespaceKeys(this.keys, other) > maxKeys) throw namespaceFull(namespace.name)
    if (quotaBytes > 0 && namespaceAllocated(this.keys, other) > quotaBytes) throw namespaceAboveQuota(namespace.name)
  }

  // ---- keys that come ---------------------------------------------------------------------------------------------

  deadlineOf(p: Place, deadline: number): number {
    const rule = this.byHash.get(p.nsHash)
    if (rule === undefined) return deadline
    const { keys } = this
    const isNew = p.entry === 0
    if (isNew) this.expectRoom(rule, 1)
    if (deadline !== 0 || rule.defaultTtlMs === 0 || keys.keepsDeadlines) return deadline
    // A value that is replaced as a whole loses its deadline: to Redis its key is as good as new.
    return isNew || isTimed(p.shard.arena, p.entry) ? keys.nowMs + rule.defaultTtlMs : deadline
  }

  admit(words: Words, first: number): void {
    const { keys } = this
    const coming = new Map<Rule, Set<string>>()
    for (let i = first; i < words.count; i += 2) {
      const isThere = keys.find(keys.other, words, i) !== 0
      const rule = this.byHash.get(keys.other.nsHash)
      if (isThere || rule === undefined) continue
      const names = coming.get(rule) ?? new Set()
      coming.set(
        rule,
        names.add(Buffer.from(words.buf.subarray(keys.other.keyStart, words.ends[i])).toString('latin1')),
      )
    }
    for (const [rule, names] of coming) this.expectRoom(rule, names.size)
  }

  private expectRoom({ maxKeys, namespace }: Rule, more: number): void {
    if (maxKeys > 0 && namespaceKeys(this.keys, namespace) + more > maxKeys) throw namespaceFull(namespace.name)
  }
}

function hasEffect({ quotaBytes, maxKeys, defaultTtlMs, isFrozen, policy }: Properties): boolean {
  return quotaBytes > 0 || maxKeys > 0 || defaultTtlMs > 0 || isFrozen || policy !== undefined
}
