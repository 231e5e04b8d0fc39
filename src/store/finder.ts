// Finding keys: (database, namespace, local key) -> entry. What a keyspace looks up in is here, what changes it in
// key-changes.ts, which extends this. An expired key that a look-up meets is taken away on the spot.

import { KeyedHash, STOPPED } from '../bytes/siphash.ts'
import type { Words } from '../bytes/words.ts'
import { type Arena, MAX_ARENA_BYTES } from '../memory/arena.ts'
import { dictFind, dictNext, dictRef } from '../memory/dict.ts'
import { mapIsOver } from '../values/hash-map.ts'
import { CollectionLimits, FLAG_FLEETING, type ValueHost } from '../values/value.ts'
import { accessClock, UseCounter } from './access.ts'
import { FLAG_TIMED, keyLength, keyStart, TIMER_AT } from './entry.ts'
import { LookUps } from './lookups.ts'
import type { Namespace } from './namespace.ts'
import { Place } from './place.ts'
import { Random } from './random.ts'
import type { Shard } from './shard.ts'
import { makeShards, shardCount, standIn } from './shards.ts'

export interface KeyspaceOptions {
  readonly databases: number
  /** Bytes that the arenas may hand out, all shards together. */
  readonly limitBytes: number
  readonly seed: number
  readonly nowMs: number
  /** Number of shards, a power of two; by default from the limit. */
  readonly shards?: number
  /** When the arenas are reserved: with the keyspace, or by reserveArenas(), which whoever puts keys calls before. */
  readonly arenas?: 'now' | 'later'
}

export const SLASH = 47
export const DEFAULT_NAME = new TextEncoder().encode('default')

/** Whether the key at `at`, a multiple of 4, is buf[start, end). Four bytes a turn: 16 bytes in 11 ns instead of 15. */
function isKey(a: Arena, at: number, buf: Uint8Array, start: number, end: number): boolean {
  const { i32, u8 } = a
  for (const fours = end - 3; start < fours; start += 4, at += 4) {
    if (i32[at >> 2] !== (buf[start] | (buf[start + 1] << 8) | (buf[start + 2] << 16) | (buf[start + 3] << 24)))
      return false
  }
  while (start < end) if (u8[at++] !== buf[start++]) return false
  return true
}

export abstract class KeyFinder implements ValueHost {
  /** A stand-in, until reserveArenas(). */
  shards: readonly Shard[]
  /** Whether the shards have their arenas. */
  hasArenas = false
  /** Bytes that the arenas have handed out before any key. */
  startupBytes: number
  readonly databases: number
  readonly random: Random
  /** The key that the running command looks at; `other` is for commands that hold two. */
  readonly at: Place
  readonly other: Place
  private readonly shardCount: number
  private mask = 0
  /** A name that is looked up without being part of a request. */
  private readonly name = {
    buf: new Uint8Array(0) as Uint8Array,
    starts: new Int32Array(1),
    ends: new Int32Array(1),
    count: 1,
    keyAt: -1,
    nsHash: 0,
    keyHash: 0,
    keyStart: 0,
    foundEpoch: -1,
    foundDb: 0,
    foundNs: 0,
    foundSlot: 0,
  }
  readonly hasher: KeyedHash
  readonly limits = new CollectionLimits()
  /** How uses of keys are counted. */
  readonly uses = new UseCounter()
  /** The clock of the running command, ms; the dispatcher moves it. */
  nowMs: number
  protected clock: number
  /** The selected database. */
  db = 0
  /** The namespace that all names are in, for a connection that is bound to one. Hashes in requests are those under it. */
  binding: Namespace | undefined
  /** False while a client that asked for NO-TOUCH is served. */
  touching = true
  /** Goes up whenever slots or namespace records may have moved or gone. */
  epoch = 0
  /** Whether observers want to hear of look-ups that find nothing ('keymiss'). */
  announcesMisses = false
  readonly lookUps = new LookUps()

  constructor(options: KeyspaceOptions) {
    this.shardCount = options.shards ?? shardCount(options.limitBytes)
    this.databases = options.databases
    this.random = new Random(options.seed)
    this.hasher = new KeyedHash(this.random.int32(), this.random.int32())
    this.nowMs = options.nowMs
    this.clock = accessClock(options.nowMs)
    const first = standIn(options.databases, options.nowMs)
    this.shards = [first]
    this.startupBytes = first.arena.allocatedBytes
    this.at = new Place(first)
    this.other = new Place(first)
    if (options.arenas !== 'later') this.reserveArenas()
  }

  /**
   * Reserves the arenas, unless they are there. Throws when the system has no such room. Between two commands
   * only: places know their shards.
   */
  reserveArenas(): void {
    if (this.hasArenas) return
    this.shards = makeShards(this.shardCount, this.databases, this.nowMs)
    this.mask = this.shardCount - 1
    this.hasArenas = true
    this.epoch++
    this.startupBytes = 0
    for (const { arena } of this.shards) this.startupBytes += arena.allocatedBytes
  }

  /** Bytes that all arenas together can hold. */
  get capacityBytes(): number {
    return this.shardCount * MAX_ARENA_BYTES
  }

  /** Sets the clock of the commands that follow. */
  setNow(nowMs: number): void {
    if (nowMs === this.nowMs) return
    this.nowMs = nowMs
    this.clock = accessClock(nowMs)
  }

  get accessClock(): number {
    return this.clock
  }

  abstract announce(p: Place, event: string): void

  private missed(p: Place): 0 {
    this.lookUps.miss(p.nsHash)
    if (this.announcesMisses) this.announce(p, 'keymiss')
    return 0
  }

  /** Takes the key at `p` away because its deadline has passed. */
  protected abstract expire(p: Place): void
  /** The hash at `p` goes with the last of its fields. */
  protected abstract expireFields(p: Place): void

  /** Aims `p` at the key in word `i`, in the selected database. Returns the entry, 0 when there is none. */
  find(p: Place, words: Words, i: number): number {
    return this.findIn(p, this.db, words, i)
  }

  /** As find, with the database given. An expired key is removed on the way. */
  findIn(p: Place, db: number, words: Words, i: number): number {
    this.aim(p, db, words, i)
    if (words.foundEpoch === this.epoch && words.foundDb === db) {
      p.ns = words.foundNs
      return this.lookUp(p, words.foundSlot)
    }
    p.ns = p.shard.namespace(db, p.nsHash, p.nsBuf, p.nsStart, p.nsEnd)
    return this.lookUp(p, p.ns === 0 ? 0 : dictFind(p.shard.arena, p.ns, p.hash))
  }

  /** Gives `p` the name of the key in word `i`, without looking it up. */
  aim(p: Place, db: number, words: Words, i: number): void {
    if (words.keyAt !== i) this.hashKey(words, i)
    const { binding } = this
    const { nsHash } = words
    p.buf = words.buf
    p.db = db
    p.keyStart = words.keyStart
    p.keyEnd = words.ends[i]
    p.nsHash = nsHash
    if (binding === undefined) {
      p.nsBuf = words.buf
      p.nsStart = words.starts[i]
      p.nsEnd = nsHash === 0 ? -1 : words.keyStart - 1
    } else {
      p.nsBuf = binding.bytes
      p.nsStart = 0
      p.nsEnd = binding.bytes.length
    }
    p.hash = words.keyHash
    p.shard = this.shardOf(words.keyHash)
  }

  /** Record of the namespace of the key in word `i`, whose hashes are known; 0 when it has no keys in this shard. */
  recordOf(shard: Shard, db: number, words: Words, i: number): number {
    const { binding } = this
    if (binding !== undefined) return shard.namespace(db, binding.hash, binding.bytes, 0, binding.bytes.length)
    return shard.namespace(db, words.nsHash, words.buf, words.starts[i], words.keyStart - 1)
  }

  /** Works out the hashes of the key in word `i` and leaves them in `words`. */
  hashKey(words: Words, i: number): void {
    const { buf } = words
    const { binding } = this
    const start = words.starts[i]
    const end = words.ends[i]
    if (binding !== undefined) {
      words.keyAt = i
      words.foundEpoch = -1
      words.keyStart = start
      words.nsHash = binding.hash
      words.keyHash = this.hasher.hash(buf, start, end) ^ binding.hash
      return
    }
    words.keyAt = i
    words.foundEpoch = -1
    words.keyStart = start
    words.nsHash = 0
    words.keyHash = this.hasher.hashUnless(SLASH, buf, start, end)
    if (words.keyHash === STOPPED) this.hashLocal(words, start, end)
  }

  /** The same for a key that names a namespace, or may do so. */
  private hashLocal(words: Words, start: number, end: number): void {
    const { buf } = words
    let slash = start
    while (slash < end && buf[slash] !== SLASH) slash++
    if (slash === end) return
    words.keyStart = slash + 1
    words.nsHash = this.namespaceHash(buf, start, slash)
    words.keyHash = this.hasher.hash(buf, slash + 1, end) ^ words.nsHash
  }

  /** As findIn, for a name as it is shown to those who see all namespaces, whoever is served. */
  locateShown(p: Place, db: number, name: Uint8Array, start = 0, end = name.length): number {
    const { binding } = this
    this.binding = undefined
    const e = this.locateIn(p, db, name, start, end)
    this.binding = binding
    return e
  }

  /** As findIn, for a name that is no word of a request. */
  locateIn(p: Place, db: number, buf: Uint8Array, start: number, end: number): number {
    const { name } = this
    name.buf = buf
    name.starts[0] = start
    name.ends[0] = end
    name.keyAt = -1
    return this.findIn(p, db, name, 0)
  }

  /** The shard that holds keys of this hash. */
  shardOf(hash: number): Shard {
    return this.shards[hash & this.mask] as Shard
  }

  /** 0 for `default`, never 0 for another name. */
  namespaceHash(buf: Uint8Array, start: number, end: number): number {
    if (end - start === DEFAULT_NAME.length) {
      let i = 0
      while (i < DEFAULT_NAME.length && buf[start + i] === DEFAULT_NAME[i]) i++
      if (i === DEFAULT_NAME.length) return 0
    }
    return this.hasher.hash(buf, start, end) || 1
  }

  /** Whether the time of the key with entry `e` is over: its own, or that of all fields of a hash. */
  isOver(a: Arena, e: number): boolean {
    const ends = a.u8[e + 7] & (FLAG_TIMED | FLAG_FLEETING)
    if ((ends & FLAG_TIMED) !== 0 && a.f64[(e + TIMER_AT) >> 3] < this.nowMs) return true
    return (ends & FLAG_FLEETING) !== 0 && mapIsOver(a, a.i32[e >> 2], this.nowMs)
  }

  /** `slot` is the first of the namespace's dict with the hash. */
  protected lookUp(p: Place, slot: number): number {
    const a = p.shard.arena
    const length = p.keyEnd - p.keyStart
    while (slot !== 0) {
      const e = dictRef(a, slot)
      if (keyLength(a, e) === length && isKey(a, keyStart(a, e), p.buf, p.keyStart, p.keyEnd)) {
        p.slot = slot
        p.entry = e
        const ends = a.u8[e + 7] & (FLAG_TIMED | FLAG_FLEETING)
        if (ends === 0) return e
        if ((ends & FLAG_TIMED) !== 0 && a.f64[(e + TIMER_AT) >> 3] < this.nowMs) this.expire(p)
        else if (!this.isOver(a, e)) return e
        else this.expireFields(p)
        break
      }
      slot = dictNext(a, p.ns, slot, p.hash)
    }
    p.slot = 0
    p.entry = 0
    return 0
  }

  /** Finds the slot of the entry at `p` again after its dict has changed. */
  reslot(p: Place): void {
    const a = p.shard.arena
    p.slot = dictFind(a, p.ns, p.hash)
    while (p.slot !== 0 && dictRef(a, p.slot) !== p.entry) p.slot = dictNext(a, p.ns, p.slot, p.hash)
  }

  /** A reader's look-up: counts as a use and in keyspace_hits or keyspace_misses. */
  read(words: Words, i: number): number {
    const e = this.findIn(this.at, this.db, words, i)
    if (e === 0) return this.missed(this.at)
    this.lookUps.hit(this.at.nsHash)
    if (this.touching) this.touch(this.at)
    return e
  }

  /** As read, but leaves the access time alone (EXISTS, TYPE, TTL). */
  peek(words: Words, i: number): number {
    const e = this.findIn(this.at, this.db, words, i)
    if (e === 0) return this.missed(this.at)
    this.lookUps.hit(this.at.nsHash)
    return e
  }

  /** As peek, but a miss is announced to nobody (OBJECT). */
  peekQuietly(words: Words, i: number): number {
    const e = this.findIn(this.at, this.db, words, i)
    if (e === 0) this.lookUps.miss(this.at.nsHash)
    else this.lookUps.hit(this.at.nsHash)
    return e
  }

  /** As peek, of a second key beside the first. */
  peekOther(words: Words, i: number): number {
    const e = this.findIn(this.other, this.db, words, i)
    if (e === 0) return this.missed(this.other)
    this.lookUps.hit(this.other.nsHash)
    return e
  }

  /** A reader's look-up, at `other`, of a name that is no word of the request. */
  readNamed(buf: Uint8Array, start: number, end: number): number {
    const e = this.locateIn(this.other, this.db, buf, start, end)
    if (e === 0) this.lookUps.miss(this.other.nsHash)
    else {
      this.lookUps.hit(this.other.nsHash)
      if (this.touching) this.touch(this.other)
    }
    return e
  }

  /** A writer's look-up: counts as a use, not in the hit statistics. */
  open(words: Words, i: number): number {
    const e = this.findIn(this.at, this.db, words, i)
    if (e !== 0 && this.touching) this.touch(this.at)
    return e
  }

  touch(p: Place): void {
    const { i32 } = p.shard.arena
    const w = (p.entry + 8) >> 2
    i32[w] = this.uses.used(i32[w], this.clock, this.random)
  }

  /** The hash of a name in a namespace, as its dict slot has it. */
  hashOf(nsHash: number, buf: Uint8Array, start: number, end: number): number {
    return this.hasher.hash(buf, start, end) ^ nsHash
  }
}
