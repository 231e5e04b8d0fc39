// Which key goes next: samples of keys, and a pool of the best met so far, as in Redis's evict.c. Hashes are keyed, so keys
// that are neighbours in a dict's order are as good as drawn by lot: a sample is one scan from a random hash on.
//
// What is in the pool may have gone, moved or been used since. A candidate is good if its key is still where it was and its
// access word is what it was; Redis evicts one also when it has been used meanwhile.

import { dictCount, dictRandom, dictRef, dictScan } from '../memory/dict.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { WHEEL_BUCKETS, wheelSome } from '../memory/timewheel.ts'
import { isClockTimer } from '../values/hash-clock.ts'
import { idleSeconds } from './access.ts'
import { Aim } from './aim.ts'
import { deadlineMs, isTimed, namespaceOf, TIMER_AT } from './entry.ts'
import type { Order, Policy } from './eviction-policies.ts'
import type { Keyspace } from './keyspace.ts'
import type { Namespace } from './namespace.ts'
import type { Place } from './place.ts'
import { DB_DEFAULT, DB_KEYS, DB_NUMBER, DB_TIMED, NS_DB, NS_HASH, NS_TIMED, type Shard } from './shard.ts'

/** EVPOOL_SIZE. */
const POOL = 16
const ALL_HASHES = 0x1_0000_0000
/** Scans for one sample: of all keys, and where only some have a deadline. */
const SCANS = 4
const VOLATILE_SCANS = 16
/** A namespace of so few keys is looked at as a whole where hits decide, so that it is the lowest that goes. */
const WHOLE = 64
/** Samples without anybody in them after which there is nobody. */
const TRIES = 8
/** Namespaces that are weighed for one sample; of more, so many are drawn. */
const WEIGHED = 64
const CLOCK_RANGE = 0x1000000
const MOST_USES = 255

/** Which keys may go: of one namespace in all databases, or of all that `isOpen`; those with a spared hash never. */
export interface Scope {
  readonly namespace: Namespace | undefined
  readonly spared: ReadonlySet<number>
}

export class Candidates {
  /** maxmemory-samples. */
  samples = 5
  /** The key that next() has found. */
  get place(): Place {
    return this.aim.place
  }
  private readonly keys: Keyspace
  /** Whether a namespace takes part where no namespace is given. */
  private readonly isOpen: (nsHash: number) => boolean
  private readonly aim: Aim
  // The pool, in ascending order of score: the last one goes first.
  private size = 0
  private order: Order = 'none'
  private scope: Namespace | undefined
  private readonly scores = new Float64Array(POOL)
  private readonly entries = new Int32Array(POOL)
  private readonly words = new Int32Array(POOL)
  private readonly hashes = new Int32Array(POOL)
  private readonly nsHashes = new Int32Array(POOL)
  private readonly dbs = new Int32Array(POOL)
  private readonly shards = new Int32Array(POOL)
  // The present sample: where it is from, and what is in it.
  private shard = 0
  private ns = 0
  private readonly batch = new PairBatch()
  private readonly groups = new PairBatch()
  private readonly timers = new Int32Array(POOL)

  constructor(keys: Keyspace, isOpen: (nsHash: number) => boolean) {
    this.keys = keys
    this.isOpen = isOpen
    this.aim = new Aim(keys)
  }

  /** Aims `place` at the key that goes next; false when none can be found. */
  next(policy: Policy, scope: Scope): boolean {
    if (policy.order !== this.order || scope.namespace !== this.scope) {
      this.size = 0
      this.order = policy.order
      this.scope = scope.namespace
    }
    for (let tries = 0; tries < TRIES; tries++) {
      this.sample(policy, scope)
      while (this.size > 0) if (this.takeBest(scope.spared)) return true
    }
    return false
  }

  /** Aims at the last of the pool and takes it out; false when that key is not what it was, or may not go. */
  private takeBest(spared: ReadonlySet<number>): boolean {
    const i = --this.size
    const hash = this.hashes[i] as number
    if (spared.has(hash)) return false
    const shard = this.keys.shards[this.shards[i] as number] as Shard
    const entry = this.entries[i] as number
    if (!this.aim.find(shard, this.dbs[i] as number, this.nsHashes[i] as number, hash, entry)) return false
    return shard.arena.i32[(entry + 8) >> 2] === this.words[i]
  }

  // ---- the pool ---------------------------------------------------------------------------------------------------

  /** Puts a sample's keys into the pool, as far as they are better than what is there. */
  private sample(policy: Policy, { namespace, spared }: Scope): void {
    if (!this.drawNamespace(policy, namespace)) return
    const { batch } = this
    this.drawKeys(policy)
    for (let i = 0; i < batch.length; i++) {
      const hash = batch.hashes[i] as number
      if (spared.size === 0 || !spared.has(hash)) this.offer(policy.order, hash, batch.refs[i] as number)
    }
    if (batch.length === 0 && policy.isVolatile) this.offerTimers(policy, namespace, spared)
  }

  private offer(order: Order, hash: number, entry: number): void {
    const { arena } = this.keys.shards[this.shard] as Shard
    const score = this.score(order, arena.i32[(entry + 8) >> 2], isTimed(arena, entry) ? deadlineMs(arena, entry) : 0)
    const { scores, entries, shards } = this
    if (this.size === POOL && score <= (scores[0] as number)) return
    for (let i = 0; i < this.size; i++) if (entries[i] === entry && shards[i] === this.shard) return
    let at = this.size
    while (at > 0 && (scores[at - 1] as number) > score) at--
    if (this.size < POOL) this.shift(at, at + 1, this.size++)
    else this.shift(1, 0, at--)
    scores[at] = score
    entries[at] = entry
    shards[at] = this.shard
    this.words[at] = arena.i32[(entry + 8) >> 2]
    this.hashes[at] = hash
    this.nsHashes[at] = arena.i32[(this.ns + NS_HASH) >> 2]
    this.dbs[at] = arena.i32[(arena.i32[(this.ns + NS_DB) >> 2] + DB_NUMBER) >> 2]
  }

  /** Moves what is in the pool from `from` to `end` to where `to` is. */
  private shift(from: number, to: number, end: number): void {
    for (const column of [this.scores, this.entries, this.words, this.hashes, this.nsHashes, this.dbs, this.shards]) {
      column.copyWithin(to, from, end)
    }
  }

  /** The higher the sooner it goes. Who is equal otherwise goes by the other half of the access word. */
  private score(order: Order, word: number, deadline: number): number {
    const { uses, accessClock, random } = this.keys
    const idle = idleSeconds(word, accessClock)
    switch (order) {
      case 'idle':
        return idle * (MOST_USES + 1) + MOST_USES - (word & MOST_USES)
      case 'infrequent':
      case 'fewest-hits':
        return (MOST_USES - uses.uses(word, accessClock)) * CLOCK_RANGE + idle
      case 'most-hits':
        return uses.uses(word, accessClock) * CLOCK_RANGE + idle
      case 'soonest':
        return -deadline
      default:
        return random.uint32()
    }
  }

  // ---- samples ----------------------------------------------------------------------------------------------------

  /** Chooses shard and namespace record in proportion to the keys that may go; false when there are none. */
  private drawNamespace(policy: Policy, namespace: Namespace | undefined): boolean {
    const { keys } = this
    let total = 0
    for (let s = 0; s < keys.shards.length; s++)
      for (let db = 0; db < keys.databases; db++) total += this.weight(policy, namespace, s, db)
    if (total === 0) return false
    let pick = keys.random.below(total)
    for (let s = 0; s < keys.shards.length; s++) {
      for (let db = 0; db < keys.databases; db++) {
        pick -= this.weight(policy, namespace, s, db)
        if (pick >= 0) continue
        const shard = keys.shards[s] as Shard
        this.shard = s
        this.ns =
          namespace === undefined ? this.weigh(policy, shard, shard.database(db)) : recordOf(shard, db, namespace)
        return this.ns !== 0
      }
    }
    return false
  }

  private weight(policy: Policy, namespace: Namespace | undefined, s: number, db: number): number {
    const shard = this.keys.shards[s] as Shard
    const { i32 } = shard.arena
    if (namespace === undefined) return i32[(shard.database(db) + (policy.isVolatile ? DB_TIMED : DB_KEYS)) >> 2]
    const ns = recordOf(shard, db, namespace)
    return ns === 0 ? 0 : keysIn(shard, ns, policy)
  }

  /** One of a database's namespaces, likelier the more keys of it may go; 0 when none was found. */
  private weigh(policy: Policy, shard: Shard, record: number): number {
    const a = shard.arena
    const only = a.i32[(record + DB_DEFAULT) >> 2]
    const count = dictCount(a, record)
    if (count === 1 && only !== 0) return this.isOpen(0) ? only : 0
    const { groups, keys } = this
    groups.length = 0
    if (count <= WEIGHED) for (let from = 0; from < ALL_HASHES; ) from = dictScan(a, record, from, WEIGHED, groups)
    else
      for (let i = 0; i < WEIGHED; i++)
        groups.add(
          0,
          dictRef(
            a,
            dictRandom(a, record, () => keys.random.uint32()),
          ),
        )
    let total = 0
    for (let i = 0; i < groups.length; i++) total += this.openKeys(policy, shard, groups.refs[i] as number)
    if (total === 0) return 0
    let pick = keys.random.below(total)
    for (let i = 0; i < groups.length; i++) {
      const ns = groups.refs[i] as number
      pick -= this.openKeys(policy, shard, ns)
      if (pick < 0) return ns
    }
    return 0
  }

  private openKeys(policy: Policy, shard: Shard, ns: number): number {
    return this.isOpen(shard.arena.i32[(ns + NS_HASH) >> 2]) ? keysIn(shard, ns, policy) : 0
  }

  /** Some keys of the chosen namespace into `batch`; only those with a deadline where only they may go. */
  private drawKeys({ order, vocabulary, isVolatile }: Policy): void {
    const { batch, keys, ns } = this
    const a = (keys.shards[this.shard] as Shard).arena
    const count = dictCount(a, ns)
    const isWhole = vocabulary === 'kvns' && count <= WHOLE
    const wanted = order === 'random' ? 1 : isWhole ? count : vocabulary === 'kvns' ? POOL : this.samples
    batch.length = 0
    let from = isWhole ? 0 : keys.random.uint32()
    for (let scans = isVolatile ? VOLATILE_SCANS : SCANS; scans > 0 && batch.length < wanted; scans--) {
      const before = batch.length
      from = dictScan(a, ns, from, wanted, batch)
      if (isVolatile) keepTimed(batch, before, entry => isTimed(a, entry))
      if (from === ALL_HASHES) from = 0
    }
  }

  /** Where keys with a deadline are rare, the time wheel knows some. */
  private offerTimers({ order }: Policy, namespace: Namespace | undefined, spared: ReadonlySet<number>): void {
    const { keys, timers, aim } = this
    const shard = keys.shards[this.shard] as Shard
    const a = shard.arena
    const found = wheelSome(a, shard.wheel, keys.random.below(WHEEL_BUCKETS), timers)
    for (let i = 0; i < found; i++) {
      const timer = timers[i] as number
      if (isClockTimer(a, timer)) continue
      const entry = timer - TIMER_AT
      const ns = namespaceOf(a, entry)
      const nsHash = a.i32[(ns + NS_HASH) >> 2]
      if (namespace === undefined ? !this.isOpen(nsHash) : nsHash !== namespace.hash) continue
      if (!aim.at(shard, ns, entry) || spared.has(aim.place.hash)) continue
      this.ns = ns
      this.offer(order, aim.place.hash, entry)
    }
  }
}

const recordOf = (shard: Shard, db: number, { hash, bytes }: Namespace): number =>
  shard.namespace(db, hash, bytes, 0, bytes.length)

/** Keys of a namespace record that the policy may take. */
const keysIn = (shard: Shard, ns: number, { isVolatile }: Policy): number =>
  isVolatile ? shard.arena.i32[(ns + NS_TIMED) >> 2] : dictCount(shard.arena, ns)

function keepTimed(batch: PairBatch, from: number, isKept: (entry: number) => boolean): void {
  let kept = from
  for (let i = from; i < batch.length; i++) {
    if (!isKept(batch.refs[i] as number)) continue
    batch.hashes[kept] = batch.hashes[i] as number
    batch.refs[kept++] = batch.refs[i] as number
  }
  batch.length = kept
}
