// Eviction: makes room for a write by taking keys away, as the policies say (eviction-policies.ts). It works before a command
// runs and never inside of one, so what commands hold stays where it is. Room is made for what the request is about to
// need; where that was too little, a write that keys would have made room for goes through (`mayOwe`) and they go at once
// behind it. So the limit holds but for the command that is running.
//
// What is due goes first, flushed memory and expired keys; then a slice of evictions. A slice is bounded in time, as in Redis
// (maxmemory-eviction-tenacity), but frees at least what the write is to take: what is above the limit never grows.

import { dictCount } from '../memory/dict.ts'
import { Candidates, type Scope } from './candidates.ts'
import type { Clock } from './clock.ts'
import { evicts, NO_POLICY, NOEVICTION, type Policy } from './eviction-policies.ts'
import type { Expiry } from './expiry.ts'
import { buriedBytes } from './graves.ts'
import type { Keyspace } from './keyspace.ts'
import type { Namespace } from './namespace.ts'
import type { NamespaceRules } from './namespace-rules.ts'
import type { Place } from './place.ts'
import { DB_KEYS, DB_TIMED, NS_ALLOCATED, NS_TIMED } from './shard.ts'
import { partsOf } from './whole-namespaces.ts'

export interface EvictionSettings {
  /** maxmemory-policy. */
  readonly common: Policy
  /** eviction-policy: unless it is `none` it stands in for the common one. */
  readonly perNamespace: Policy
  /** ns-eviction, by the hash of the namespace's name. */
  readonly named: ReadonlyMap<number, Policy>
  /** Part of the limit at which the policies that evict within a namespace begin. */
  readonly threshold: number
  readonly samples: number
  /** 0..100: maxmemory-eviction-tenacity. */
  readonly tenacity: number
  readonly lfuLogFactor: number
  readonly lfuDecayMinutes: number
}

/** The namespace that a write is about to change keys of. */
export interface Writer {
  readonly namespace: Namespace
  /** Hashes of those keys: they are not evicted for the write. */
  readonly hashes: ReadonlySet<number>
  /** Bytes allocated for them now. */
  readonly bytes: number
}

const NO_HASHES: ReadonlySet<number> = new Set()
const EVERYWHERE: Scope = { namespace: undefined, spared: NO_HASHES }
/** Evictions between two looks at the clock. */
const EVICTIONS_PER_LOOK = 16
/** evictionTimeLimitUs: 50 us for each step of tenacity up to 10, then 15 % more for each. */
const STEP_NS = 50_000
const LINEAR_TENACITY = 10
const GROWTH = 1.15

function sliceLimitNs(tenacity: number): number {
  if (tenacity >= 100) return Number.POSITIVE_INFINITY
  if (tenacity <= LINEAR_TENACITY) return tenacity * STEP_NS
  return LINEAR_TENACITY * STEP_NS * GROWTH ** (tenacity - LINEAR_TENACITY)
}

/** A large value is freed on the spot as long as no more than this is missing: half a millisecond. */
const SOON_BYTES = 256 << 10

export class Eviction {
  /** Keys evicted. */
  evicted = 0
  /** Time in ns that memory was above the limit while keys were evicted, up to the last time that it came below. */
  exceededNs = 0
  /** Whether one policy of Redis's holds for all keys, so that nobody need know which ones a write changes. */
  isCommon = true
  /** Told of each key that goes, before it does. */
  onEvict: (p: Place) => void = () => undefined
  /** Told how long a slice took, in ns. */
  onSlice: (elapsedNs: number) => void = () => undefined
  /** The namespaces that the running command writes in. */
  writing: () => Iterable<Writer> = () => []
  /** While a write runs that a namespace's quota limits: that namespace. */
  limited: Namespace | undefined
  /** Who went above the limit and has to make room: a namespace, or all. */
  private debtor: Writer | 'all' | undefined
  private readonly keys: Keyspace
  private readonly expiry: Pick<Expiry, 'reclaim' | 'removeDue'>
  private readonly clock: Clock
  private readonly rules: Pick<NamespaceRules, 'at' | 'all'>
  private readonly candidates: Candidates
  private settings: EvictionSettings = {
    common: NOEVICTION,
    perNamespace: NO_POLICY,
    named: new Map(),
    threshold: 1,
    samples: 5,
    tenacity: 10,
    lfuLogFactor: 10,
    lfuDecayMinutes: 1,
  }
  private limitNs = sliceLimitNs(10)
  private exceededSinceNs = 0

  constructor(
    keys: Keyspace,
    expiry: Pick<Expiry, 'reclaim' | 'removeDue'>,
    clock: Clock,
    rules: Pick<NamespaceRules, 'at' | 'all'>,
  ) {
    this.keys = keys
    this.expiry = expiry
    this.clock = clock
    this.rules = rules
    this.candidates = new Candidates(keys, nsHash => !this.isApart(this.policyOf(nsHash), nsHash))
    keys.mayOwe = bytes => this.mayOwe(bytes)
  }

  configure(settings: EvictionSettings): void {
    this.settings = settings
    this.candidates.samples = settings.samples
    this.limitNs = sliceLimitNs(settings.tenacity)
  }

  /** Policies have changed, by configure() or of namespaces: uses are counted as they need it. */
  followPolicies(): void {
    const { uses } = this.keys
    if (this.policies.some(({ order }) => order === 'infrequent')) {
      uses.countFrequency(this.settings.lfuLogFactor, this.settings.lfuDecayMinutes)
    } else uses.countHits()
    this.isCommon = this.policies.length === 1 && this.fallback.vocabulary === 'redis'
  }

  /** All policies that are in force somewhere. */
  get policies(): readonly Policy[] {
    const own = this.rules.all.flatMap(({ policy }) => policy ?? [])
    return [this.fallback, ...this.settings.named.values(), ...own]
  }

  /** The policy of namespaces that have none of their own. */
  private get fallback(): Policy {
    const { perNamespace, common } = this.settings
    return perNamespace === NO_POLICY ? common : perNamespace
  }

  policyOf(nsHash: number): Policy {
    return this.rules.at(nsHash)?.policy ?? this.settings.named.get(nsHash) ?? this.fallback
  }

  /** Whether a namespace is evicted for its own writes only, and its writes evict nobody else. */
  private isApart({ vocabulary }: Policy, nsHash: number): boolean {
    return vocabulary === 'kvns' || this.rules.at(nsHash)?.policy !== undefined || this.settings.named.has(nsHash)
  }

  /** Allocated bytes from which a write may evict something. */
  get markBytes(): number {
    const { limitBytes } = this.keys
    return this.isCommon ? limitBytes : Math.floor(limitBytes * this.settings.threshold)
  }

  // ---- before a write ---------------------------------------------------------------------------------------------

  /** Makes room for `bytes` more by the common policy. False when memory stays above the limit and nobody is left to go. */
  makeRoom(bytes: number): boolean {
    const { keys } = this
    const goal = keys.limitBytes - bytes
    if (keys.allocatedBytes() <= goal) return true
    const policy = this.fallback
    const mayEvict = policy.vocabulary === 'redis' && evicts(policy)
    if (this.reclaim(goal, mayEvict ? bytes : Number.POSITIVE_INFINITY)) return true
    if (!mayEvict) return keys.allocatedBytes() <= keys.limitBytes
    return this.evictTo(goal, bytes, policy, EVERYWHERE)
  }

  /** As makeRoom, for a write in a namespace, by its policy. Nothing is evicted when all of it would not be enough. */
  makeRoomFor(writer: Writer, bytes: number): boolean {
    const { keys } = this
    const { namespace, hashes } = writer
    const policy = this.policyOf(namespace.hash)
    if (!this.isApart(policy, namespace.hash)) return this.makeRoom(bytes)
    const { limitBytes } = keys
    const markBytes = policy.vocabulary === 'kvns' ? Math.floor(limitBytes * this.settings.threshold) : limitBytes
    if (keys.allocatedBytes() <= markBytes - bytes) return true
    if (this.reclaim(markBytes - bytes, evicts(policy) ? bytes : Number.POSITIVE_INFINITY)) return true
    const used = keys.allocatedBytes()
    const evictable = evicts(policy) ? this.evictableIn(policy, namespace) - writer.bytes : 0
    const goal = used - evictable <= markBytes - bytes ? markBytes - bytes : limitBytes - bytes
    if (used <= goal) return true
    if (used - evictable > goal) return used <= limitBytes
    return this.evictTo(goal, bytes, policy, { namespace, spared: policy.vocabulary === 'kvns' ? hashes : NO_HASHES })
  }

  /** Evicts keys of a namespace with a quota until `bytes` fewer are allocated, if that can be, by its policy. */
  shrink({ namespace, hashes, bytes: written }: Writer, bytes: number): void {
    const policy = this.policyOf(namespace.hash)
    if (!evicts(policy) || this.evictableIn(policy, namespace) - written < bytes) return
    const spared = policy.vocabulary === 'kvns' ? hashes : NO_HASHES
    this.evictTo(this.keys.allocatedBytes() - bytes, bytes, policy, { namespace, spared })
  }

  /**
   * Flushed memory and what is due, until no more than `goal` is allocated. True when `mustFree` bytes are free and the rest
   * is on its way, so that nobody else has to go.
   */
  private reclaim(goal: number, mustFree: number): boolean {
    const { keys, expiry, clock } = this
    if (keys.allocatedBytes() <= goal) return false
    const start = clock.nowNs()
    const before = keys.allocatedBytes()
    while (keys.allocatedBytes() > goal && expiry.reclaim()) {
      if (!this.isEnough(start, before, mustFree, goal)) continue
      this.noteExceeded(keys.allocatedBytes() <= keys.limitBytes, clock.nowNs())
      return true
    }
    while (keys.allocatedBytes() > goal && expiry.removeDue());
    return false
  }

  /** Whether `mustFree` bytes are free, and the rest will be in slices, or has taken too long already. */
  private isEnough(startNs: number, before: number, mustFree: number, goal: number): boolean {
    const { keys } = this
    const allocated = keys.allocatedBytes()
    const excess = allocated - goal
    if (before - allocated < mustFree) return false
    return (excess > SOON_BYTES && buriedBytes(keys.shards) >= excess) || this.clock.nowNs() - startNs > this.limitNs
  }

  /** True when memory is below the limit then, or on its way there. */
  private evictTo(goal: number, mustFree: number, policy: Policy, scope: Scope): boolean {
    const { keys, expiry, clock, candidates } = this
    const start = clock.nowNs()
    const before = keys.allocatedBytes()
    let isCutShort = false
    for (let n = 1; keys.allocatedBytes() > goal && candidates.next(policy, scope); n++) {
      this.evict()
      // A large value is freed only as far as the room is needed now.
      while (!isCutShort && keys.allocatedBytes() > goal && expiry.reclaim())
        isCutShort = this.isEnough(start, before, mustFree, goal)
      isCutShort ||= n % EVICTIONS_PER_LOOK === 0 && this.isEnough(start, before, mustFree, goal)
      if (isCutShort) break
    }
    const end = clock.nowNs()
    this.onSlice(end - start)
    const isBelow = keys.allocatedBytes() <= keys.limitBytes
    this.noteExceeded(isBelow, end)
    return isBelow || isCutShort
  }

  private evict(): void {
    const { keys } = this
    const { place } = this.candidates
    this.onEvict(place)
    this.evicted++
    keys.drop(place)
    keys.announce(place, 'evicted')
  }

  private noteExceeded(isBelow: boolean, nowNs: number): void {
    if (!isBelow && this.exceededSinceNs === 0) this.exceededSinceNs = nowNs
    if (!isBelow || this.exceededSinceNs === 0) return
    this.exceededNs += nowNs - this.exceededSinceNs
    this.exceededSinceNs = 0
  }

  /** How long memory has been above the limit by now, in ns; 0 when it is not. */
  get exceedingNs(): number {
    return this.exceededSinceNs === 0 ? 0 : this.clock.nowNs() - this.exceededSinceNs
  }

  // ---- inside of a write, and behind it ---------------------------------------------------------------------------

  /** Bytes of keys that the policy may take from a namespace, in all databases; about, where some of its keys may. */
  private evictableIn(policy: Policy, namespace: Namespace): number {
    let bytes = 0
    for (const { shard, ns } of partsOf(this.keys, namespace)) {
      const part = policy.isVolatile ? shard.arena.i32[(ns + NS_TIMED) >> 2] / dictCount(shard.arena, ns) : 1
      bytes += shard.arena.f64[(ns + NS_ALLOCATED) >> 3] * part
    }
    return bytes
  }

  /** The same of all keys. */
  private evictable(policy: Policy): number {
    const { shards, databases } = this.keys
    let all = 0
    let open = 0
    for (const shard of shards) {
      for (let db = 0; db < databases; db++) {
        const record = shard.database(db)
        all += shard.arena.i32[(record + DB_KEYS) >> 2]
        open += shard.arena.i32[(record + (policy.isVolatile ? DB_TIMED : DB_KEYS)) >> 2]
      }
    }
    return all === 0 ? 0 : ((this.keys.allocatedBytes() - this.keys.startupBytes) * open) / all
  }

  /** Whether the running command may take `bytes` above the limit, since keys that may go make up for it. */
  private mayOwe(bytes: number): boolean {
    const { keys, limited } = this
    const excess = keys.allocatedBytes() + bytes - keys.limitBytes
    if (this.isCommon && limited === undefined) {
      if (!evicts(this.fallback)) return false
      if (this.evictable(this.fallback) < excess && buriedBytes(keys.shards) < excess) return false
      this.debtor = 'all'
      return true
    }
    // Inside of a command nothing is removed that a look-up meets.
    const { keepsExpired } = keys
    keys.keepsExpired = true
    const writers = [...this.writing()].filter(
      ({ namespace }) => limited === undefined || limited.hash === namespace.hash,
    )
    keys.keepsExpired = keepsExpired
    const debtor = writers.find(writer => this.canGive(writer, excess))
    if (debtor === undefined) return false
    this.debtor = debtor
    return true
  }

  private canGive({ namespace, bytes }: Writer, excess: number): boolean {
    const policy = this.policyOf(namespace.hash)
    if (!evicts(policy)) return false
    if (this.limited === undefined && !this.isApart(policy, namespace.hash)) return this.evictable(policy) >= excess
    return this.evictableIn(policy, namespace) - (policy.vocabulary === 'kvns' ? bytes : 0) >= excess
  }

  get isOwed(): boolean {
    return this.debtor !== undefined
  }

  /** Behind a command that went above the limit: keys go until that is made up for. */
  settle(): void {
    const { debtor, keys } = this
    this.debtor = undefined
    if (debtor === undefined || keys.allocatedBytes() <= keys.limitBytes) return
    if (debtor === 'all') this.makeRoom(0)
    else this.makeRoomFor(debtor, 0)
  }

  /** One slice of evictions after the limit was lowered. True when there is more to do. */
  slice(): boolean {
    const { keys } = this
    if (keys.allocatedBytes() <= keys.limitBytes) return false
    const policy = this.fallback
    if (policy.vocabulary !== 'redis' || !evicts(policy)) return false
    this.makeRoom(0)
    return keys.allocatedBytes() > keys.limitBytes && this.evictable(policy) > 0
  }
}
