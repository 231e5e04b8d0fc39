// The keyspace: (database, namespace, local key) -> entry. Every look-up and every change of a key goes through the few
// verbs here, so expiry, accounting and the announcing of changes happen in one place each.
//
// Invariant (checked by tests after random commands): logical and allocated bytes, key and deadline counts of every
// namespace record equal what a walk over its entries adds up.

import { copy } from '../bytes/ascii.ts'
import { KeyedHash } from '../bytes/siphash.ts'
import type { Words } from '../bytes/words.ts'
import { Arena, MAX_ARENA_BYTES } from '../memory/arena.ts'
import { dictCount, dictFind, dictInsert, dictNext, dictRef, dictRemove, dictSetRef } from '../memory/dict.ts'
import { OOM, OOM_ARENA } from '../resp/errors.ts'
import { accessClock, accessed } from './access.ts'
import {
  deadlineMs,
  entryBytes,
  FLAG_OUTSIDE,
  FLAG_TIMED,
  isTimed,
  keyLength,
  keyStart,
  overheadBytes,
  stringLength,
  TIMER_AT,
  writeHeader,
} from './entry.ts'
import { Place } from './place.ts'
import { Random } from './random.ts'
import { DB_KEYS, DB_LOGICAL, NS_ALLOCATED, NS_DB, NS_LOGICAL, NS_NAME_LENGTH, Shard } from './shard.ts'
import { retime, time, untime } from './timers.ts'

/** Hears of every change, after it happened and before the reply leaves. */
export interface ChangeObserver {
  /** `event` is Redis's keyspace event name; for 'del' and 'expired' the key is already gone. */
  changed(place: Place, event: string): void
  /** All keys of a database are gone. */
  flushed(db: number): void
}

export interface KeyspaceOptions {
  readonly databases: number
  /** Bytes that the arenas may hand out, all shards together. */
  readonly limitBytes: number
  readonly seed: number
  readonly nowMs: number
  /** Number of shards, a power of two; by default from the limit. */
  readonly shards?: number
}

/** Room above the limit, so that an uneven spread of keys over shards is no false OOM. */
const ARENA_SLACK = 2
/** A SCAN cursor has five bits for the shard. */
export const MAX_SHARDS = 32
export const SLASH = 47
const DEFAULT_NAME = new TextEncoder().encode('default')

export class Keyspace {
  readonly shards: readonly Shard[]
  readonly databases: number
  readonly random: Random
  /** The key that the running command looks at; `other` is for commands that hold two. */
  readonly at: Place
  readonly other: Place
  readonly observers: ChangeObserver[] = []
  private readonly mask: number
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
  }
  private readonly hasher: KeyedHash

  limitBytes: number
  /** Makes some room; false when it cannot. Tried before a write is refused. */
  onPressure: () => boolean = () => false
  /** The clock of the running command, ms; the dispatcher moves it. */
  nowMs: number
  private clock: number
  /** The selected database. */
  db = 0
  /** False while a client that asked for NO-TOUCH is served. */
  touching = true
  hits = 0
  misses = 0
  expired = 0
  /** Changes since the last snapshot. */
  dirty = 0

  constructor(options: KeyspaceOptions) {
    let count = options.shards ?? 1
    const wanted = options.limitBytes * ARENA_SLACK
    if (options.shards === undefined) while (count < MAX_SHARDS && count * MAX_ARENA_BYTES < wanted) count *= 2
    const shards: Shard[] = []
    for (let i = 0; i < count; i++) shards.push(new Shard(MAX_ARENA_BYTES, options.databases, options.nowMs))
    this.shards = shards
    this.mask = count - 1
    this.databases = options.databases
    this.limitBytes = options.limitBytes
    this.random = new Random(options.seed)
    this.hasher = new KeyedHash(this.random.int32(), this.random.int32())
    this.nowMs = options.nowMs
    this.clock = accessClock(options.nowMs)
    const first = shards[0]
    if (first === undefined) throw new Error('a keyspace needs a shard')
    this.at = new Place(first)
    this.other = new Place(first)
  }

  /** Bytes that all arenas together can hold. */
  get capacityBytes(): number {
    return this.shards.length * MAX_ARENA_BYTES
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

  // ---- finding ----------------------------------------------------------------------------------------------------

  /** Aims `p` at the key in word `i`, in the selected database. Returns the entry, 0 when there is none. */
  find(p: Place, words: Words, i: number): number {
    return this.findIn(p, this.db, words, i)
  }

  /** As find, with the database given. An expired key is removed on the way. */
  findIn(p: Place, db: number, words: Words, i: number): number {
    if (words.keyAt !== i) this.hashKey(words, i)
    const { nsHash } = words
    p.buf = words.buf
    p.db = db
    p.keyStart = words.keyStart
    p.keyEnd = words.ends[i]
    p.nsHash = nsHash
    p.nsStart = words.starts[i]
    p.nsEnd = nsHash === 0 ? -1 : words.keyStart - 1
    p.hash = words.keyHash
    p.shard = this.shardOf(words.keyHash)
    p.ns = p.shard.namespace(db, nsHash, p.buf, p.nsStart, p.nsEnd)
    return this.lookUp(p)
  }

  /** Works out the hashes of the key in word `i` and leaves them in `words`. */
  hashKey(words: Words, i: number): void {
    const { buf } = words
    const start = words.starts[i]
    const end = words.ends[i]
    let slash = start
    while (slash < end && buf[slash] !== SLASH) slash++
    words.keyAt = i
    words.keyStart = slash === end ? start : slash + 1
    words.nsHash = slash === end ? 0 : this.namespaceHash(buf, start, slash)
    words.keyHash = this.hasher.hash(buf, words.keyStart, end) ^ words.nsHash
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

  private lookUp(p: Place): number {
    p.slot = 0
    p.entry = 0
    if (p.ns === 0) return 0
    const a = p.shard.arena
    const { u8 } = a
    const { buf, keyStart: from } = p
    const length = p.keyEnd - from
    let slot = dictFind(a, p.ns, p.hash)
    while (slot !== 0) {
      const e = dictRef(a, slot)
      if (keyLength(a, e) === length) {
        const at = keyStart(a, e)
        let i = 0
        while (i < length && u8[at + i] === buf[from + i]) i++
        if (i === length) {
          if ((u8[e + 7] & FLAG_TIMED) !== 0 && a.f64[(e + TIMER_AT) >> 3] < this.nowMs) {
            p.slot = slot
            p.entry = e
            this.expire(p)
            return 0
          }
          p.slot = slot
          p.entry = e
          return e
        }
      }
      slot = dictNext(a, p.ns, slot, p.hash)
    }
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
    if (e === 0) {
      this.misses++
      return 0
    }
    this.hits++
    if (this.touching) this.touch(this.at)
    return e
  }

  /** As read, but leaves the access time alone (EXISTS, TYPE, TTL, OBJECT). */
  peek(words: Words, i: number): number {
    const e = this.findIn(this.at, this.db, words, i)
    if (e === 0) this.misses++
    else this.hits++
    return e
  }

  /** As peek, of a second key beside the first. */
  peekOther(words: Words, i: number): number {
    const e = this.findIn(this.other, this.db, words, i)
    if (e === 0) this.misses++
    else this.hits++
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
    i32[w] = accessed(i32[w], this.clock, this.random)
  }

  // ---- changing ---------------------------------------------------------------------------------------------------

  /** The line that every write ends with: counts the change and tells the observers. */
  commit(p: Place, event: string): void {
    this.dirty++
    this.announce(p, event)
  }

  /** A second event of the same change: told to the observers, not counted. */
  announce(p: Place, event: string): void {
    const { observers } = this
    for (let i = 0; i < observers.length; i++) observers[i]?.changed(p, event)
  }

  /** Starts the hit counter of the key at `p` anew. */
  resetHits(p: Place): void {
    p.shard.arena.i32[(p.entry + 8) >> 2] = this.clock
  }

  /**
   * Throws OOM unless the strings in words `first` (key), `first + 1` (value) and so on fit below the limit together, so
   * that a command that sets them all changes nothing when it fails.
   */
  reserve(words: Words, first: number): void {
    let need = 0
    for (let i = first; i + 1 < words.count; i += 2) {
      const bytes = words.ends[i] - words.starts[i] + words.ends[i + 1] - words.starts[i + 1]
      need += Arena.goodSize(overheadBytes(0, 0) + bytes)
    }
    while (this.allocatedBytes() + need > this.limitBytes) if (!this.onPressure()) throw OOM
  }

  /** Does work that the limit has been checked for already, or that leaves no more than there was. */
  unlimited(work: () => void): void {
    const { limitBytes } = this
    this.limitBytes = Number.POSITIVE_INFINITY
    try {
      work()
    } finally {
      this.limitBytes = limitBytes
    }
  }

  /** A block for a value or an entry. Throws OOM, before anything changed, above the limit or when the arena is full. */
  allocate(a: Arena, bytes: number): number {
    while (this.allocatedBytes() + bytes > this.limitBytes) if (!this.onPressure()) throw OOM
    const at = a.alloc(bytes)
    if (at === 0) throw OOM_ARENA
    return at
  }

  allocatedBytes(): number {
    const { shards } = this
    let sum = 0
    for (let i = 0; i < shards.length; i++) sum += (shards[i] as Shard).arena.allocatedBytes
    return sum
  }

  logicalBytes(): number {
    let sum = 0
    for (const shard of this.shards)
      for (let db = 0; db < this.databases; db++) sum += shard.arena.f64[(shard.database(db) + DB_LOGICAL) >> 3]
    return sum
  }

  /**
   * Puts an entry with room for `inlineBytes` of value at `p`, in place of what was there. `deadline` is in ms, 0 for
   * none; `valueWord` and `outside` (0 or FLAG_OUTSIDE) as in entry.ts. The caller writes the value bytes afterwards.
   * `logicalBytes` is the value's share of the logical size. Throws OOM before any change.
   */
  put(
    p: Place,
    kind: number,
    valueWord: number,
    outside: number,
    inlineBytes: number,
    deadline: number,
    logicalBytes: number,
  ): number {
    const a = p.shard.arena
    const keyBytes = p.keyEnd - p.keyStart
    const flags = outside | (deadline === 0 ? 0 : FLAG_TIMED)
    const need = overheadBytes(keyBytes, flags & FLAG_TIMED) + inlineBytes
    const old = p.entry
    if (old === 0) return this.insert(p, kind, valueWord, flags, need, deadline, logicalBytes)
    const oldBytes = entryBytes(a, old)
    const oldFlags = a.u8[old + 7]
    const logicalBefore = this.valueLogical(a, old)
    if ((oldFlags & FLAG_TIMED) === (flags & FLAG_TIMED) && Arena.goodSize(oldBytes) === Arena.goodSize(need)) {
      this.freeValue(p, old)
      a.i32[old >> 2] = valueWord
      a.u8[old + 6] = kind
      a.u8[old + 7] = flags
      if (deadline !== 0) retime(p, old, deadline)
      this.account(p.ns, a, logicalBytes - logicalBefore, 0)
      return old
    }
    const e = this.allocate(a, need)
    const access = a.i32[(old + 8) >> 2]
    writeHeader(a, e, valueWord, kind, flags, access, keyBytes)
    copy(a.u8, keyStart(a, e), p.buf, p.keyStart, p.keyEnd)
    this.freeValue(p, old)
    untime(p, old)
    if (deadline !== 0) time(p, e, deadline)
    dictSetRef(a, p.slot, e)
    p.entry = e
    this.account(p.ns, a, logicalBytes - logicalBefore, a.sizeOf(e) - a.sizeOf(old))
    a.free(old)
    return e
  }

  private insert(
    p: Place,
    kind: number,
    valueWord: number,
    flags: number,
    need: number,
    deadline: number,
    logical: number,
  ): number {
    const a = p.shard.arena
    const keyBytes = p.keyEnd - p.keyStart
    const e = this.allocate(a, need)
    const fresh = p.ns === 0
    if (fresh) {
      const name = p.nsHash === 0 ? DEFAULT_NAME : p.buf
      p.ns = p.shard.addNamespace(
        p.db,
        p.nsHash,
        name,
        p.nsHash === 0 ? 0 : p.nsStart,
        p.nsHash === 0 ? name.length : p.nsEnd,
      )
    }
    const slot = p.ns === 0 ? 0 : dictInsert(a, p.ns, p.hash, e)
    if (slot === 0) {
      if (fresh && p.ns !== 0) p.shard.dropNamespace(p.ns)
      a.free(e)
      throw OOM_ARENA
    }
    writeHeader(a, e, valueWord, kind, flags, this.clock | 1, keyBytes)
    copy(a.u8, keyStart(a, e), p.buf, p.keyStart, p.keyEnd)
    if (deadline !== 0) time(p, e, deadline)
    p.slot = slot
    p.entry = e
    a.i32[(a.i32[(p.ns + NS_DB) >> 2] + DB_KEYS) >> 2]++
    this.account(p.ns, a, a.i32[(p.ns + NS_NAME_LENGTH) >> 2] + keyBytes + logical, a.sizeOf(e))
    return e
  }

  /** Removes the key at `p`; the place then says that it does not exist. Without announcing it. */
  drop(p: Place): void {
    const a = p.shard.arena
    const { ns, entry: e } = p
    this.account(ns, a, -(a.i32[(ns + NS_NAME_LENGTH) >> 2] + keyLength(a, e) + this.valueLogical(a, e)), -a.sizeOf(e))
    this.freeValue(p, e)
    untime(p, e)
    dictRemove(a, ns, p.slot)
    a.free(e)
    a.i32[(a.i32[(ns + NS_DB) >> 2] + DB_KEYS) >> 2]--
    p.slot = 0
    p.entry = 0
    if (dictCount(a, ns) === 0) {
      p.shard.dropNamespace(ns)
      p.ns = 0
    }
  }

  /** DEL: removes the key at `p` and announces it. */
  remove(p: Place, event: string): void {
    this.drop(p)
    this.commit(p, event)
  }

  /** Gives the key at `p` a deadline in ms, or none with 0, keeping value and access word. Throws OOM before any change. */
  setDeadline(p: Place, deadline: number): void {
    const a = p.shard.arena
    const e = p.entry
    if (deadline !== 0 && isTimed(a, e)) {
      retime(p, e, deadline)
      return
    }
    if (deadline === 0 && !isTimed(a, e)) return
    const outside = a.u8[e + 7] & FLAG_OUTSIDE
    this.reshape(p, deadline, a.i32[e >> 2], outside, outside !== 0 ? 0 : a.i32[e >> 2])
  }

  /**
   * Moves the entry at `p` into a block of another shape: deadline (ms, 0 for none), place and size of the value. Key,
   * kind, access word and as much of an inline value as fits are kept. Throws OOM before any change.
   */
  reshape(p: Place, deadline: number, valueWord: number, outside: number, inlineBytes: number): void {
    const a = p.shard.arena
    const e = p.entry
    const oldFlags = a.u8[e + 7]
    const flags = outside | (deadline === 0 ? 0 : FLAG_TIMED)
    const keyBytes = keyLength(a, e)
    const oldInline = (oldFlags & FLAG_OUTSIDE) !== 0 ? 0 : a.i32[e >> 2]
    const moved = a.alloc(overheadBytes(keyBytes, flags & FLAG_TIMED) + inlineBytes)
    if (moved === 0) throw OOM_ARENA
    writeHeader(a, moved, valueWord, a.u8[e + 6], flags, a.i32[(e + 8) >> 2], keyBytes)
    const from = keyStart(a, e)
    copy(a.u8, keyStart(a, moved), a.u8, from, from + keyBytes + Math.min(oldInline, inlineBytes))
    untime(p, e)
    if (deadline !== 0) time(p, moved, deadline)
    dictSetRef(a, p.slot, moved)
    p.entry = moved
    this.account(p.ns, a, 0, a.sizeOf(moved) - a.sizeOf(e))
    a.free(e)
  }

  /** Deadline of the key at `p` in ms, 0 for none. */
  deadline(p: Place): number {
    const a = p.shard.arena
    return isTimed(a, p.entry) ? deadlineMs(a, p.entry) : 0
  }

  // ---- whole databases --------------------------------------------------------------------------------------------

  /** Number of keys of a database, expired ones that nobody met yet included. */
  size(db: number): number {
    let n = 0
    for (const shard of this.shards) n += shard.arena.i32[(shard.database(db) + DB_KEYS) >> 2]
    return n
  }

  /** Empties a database at once; what it held is freed in slices. Returns the number of keys it had. */
  flush(db: number): number {
    const keys = this.size(db)
    for (const shard of this.shards) {
      let others = 0
      for (let i = 0; i < this.databases; i++)
        if (i !== db) others += shard.arena.i32[(shard.database(i) + DB_KEYS) >> 2]
      if (others === 0) shard.reset(this.nowMs)
      else if (!shard.detach(db)) throw OOM_ARENA
    }
    this.announceFlush(db, keys)
    return keys
  }

  flushAll(): number {
    let keys = 0
    for (let db = 0; db < this.databases; db++) keys += this.size(db)
    for (const shard of this.shards) shard.reset(this.nowMs)
    for (let db = 0; db < this.databases; db++) this.announceFlush(db, 0)
    this.dirty += keys
    return keys
  }

  private announceFlush(db: number, keys: number): void {
    this.dirty += keys
    for (const observer of this.observers) observer.flushed(db)
  }

  swap(a: number, b: number): void {
    for (const shard of this.shards) shard.swap(a, b)
    this.dirty++
    for (const observer of this.observers) {
      observer.flushed(a)
      observer.flushed(b)
    }
  }

  // ---- bookkeeping ------------------------------------------------------------------------------------------------

  /** The one function that moves byte counts. */
  account(ns: number, a: Arena, logical: number, allocated: number): void {
    const { f64 } = a
    if (logical !== 0) {
      f64[(ns + NS_LOGICAL) >> 3] += logical
      f64[(a.i32[(ns + NS_DB) >> 2] + DB_LOGICAL) >> 3] += logical
    }
    if (allocated !== 0) f64[(ns + NS_ALLOCATED) >> 3] += allocated
  }

  /** The value's share of the logical size of an entry. */
  valueLogical(a: Arena, e: number): number {
    return stringLength(a, e)
  }

  /** The hash of a name in a namespace, as its dict slot has it. */
  hashOf(nsHash: number, buf: Uint8Array, start: number, end: number): number {
    return this.hasher.hash(buf, start, end) ^ nsHash
  }

  /** Takes the key at `p` away because its deadline has passed. */
  expire(p: Place): void {
    this.expired++
    this.drop(p)
    // Not counted as a change: what a snapshot would hold of the key is dropped when it is loaded.
    this.announce(p, 'expired')
  }

  /** Frees a value that lies outside its entry. */
  freeValue(p: Place, e: number): void {
    const a = p.shard.arena
    if ((a.u8[e + 7] & FLAG_OUTSIDE) === 0) return
    const block = a.i32[e >> 2]
    this.account(p.ns, a, 0, -a.sizeOf(block))
    a.free(block)
  }
}
