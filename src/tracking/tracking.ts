// Client-side caching: remembers what clients read, or which keys they have subscribed to, and tells them when it changes.
// It listens to the keyspace, and to reads, only while somebody tracks.
//
// As in Redis a name stands for itself in all databases, a key is told once and then forgotten until it is read again, and
// a flush is told as "all keys".

import type { Words } from '../bytes/words.ts'
import type { Session } from '../session/session.ts'
import { Tracker, type TrackingOptions } from '../session/tracker.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { displayBytes } from '../store/names.ts'
import type { Namespace } from '../store/namespace.ts'
import type { ChangeObserver } from '../store/observers.ts'
import { Place } from '../store/place.ts'
import { ALL_KEYS, brokenRedirection, type Invalidation, KeyInvalidation } from './invalidation.ts'
import { Prefixes } from './prefixes.ts'
import { TrackingTable } from './table.ts'

/** The table may take this part of the memory limit, and no more than a million keys with long names do. */
const TABLE_SHARE = 1 / 4
const LEAST_TABLE_BYTES = 4 << 20
const MOST_TABLE_BYTES = 1 << 30
/** Keys that are given up at once for being too many. Each further time that this is not enough, so many more. */
const EFFORT_KEYS = 100
/** Pairs of key and reader that are looked at in one tick for readers that are gone: about a millisecond. */
const SWEPT_PER_TICK = 10_000
const MOST_TRACKERS = 2 ** 31 - 1

/** What it asks of the server. */
export interface TrackingHost {
  /** Whose command runs; undefined: what happens is the server's doing. */
  current(): Session | undefined
  sessionOf(id: number): Session | undefined
  /** Around the reply of the command that runs: before it, if none of it is written; behind: in no case before it. */
  push(session: Session, bytes: Uint8Array, place: 'around' | 'behind'): void
  /** Asks for `endTurn` at the end of this turn of the loop. */
  wantTurnEnd(): void
  /** Whether `read` is to be called. */
  listenToReads(wanted: 'wanted' | 'unwanted'): void
}

export class Tracking implements ChangeObserver {
  private readonly keys: Keyspace
  private readonly host: TrackingHost
  private readonly trackers = new Set<Session>()
  /** Those that the table may know, by their numbers. */
  private readonly readers = new Map<number, Session>()
  private readonly prefixes = new Prefixes()
  private readonly place: Place
  private table: TrackingTable | undefined
  /** 0: as many as there is room for. */
  private maxKeys = 0
  private lastNumber = 0
  /** How often in a row there were too many keys still. */
  private timesOver = 0
  private isSweeping = false
  private hasLeavers = false
  /** Which flush was told last: by whom, in which of his commands, and of what. */
  private lastFlush = ''
  private readonly random = (): number => this.keys.random.uint32()

  constructor(keys: Keyspace, host: TrackingHost) {
    this.keys = keys
    this.host = host
    this.place = new Place(keys.at.shard)
  }

  /** Clients that track. */
  get clients(): number {
    return this.trackers.size
  }

  get trackedKeys(): number {
    return this.table?.keys ?? 0
  }

  get trackedItems(): number {
    return this.table?.items ?? 0
  }

  get trackedPrefixes(): number {
    return this.prefixes.size
  }

  // ---- who tracks ---------------------------------------------------------------------------------------------------

  /** CLIENT TRACKING ON; what was on before must go with the options (commands/client-tracking.ts). */
  enable(session: Session, options: TrackingOptions): void {
    const tracker = session.tracker ?? new Tracker(this.newNumber())
    tracker.set(options)
    session.tracker = tracker
    if (this.trackers.size === 0) this.keys.observers.push(this)
    this.trackers.add(session)
    if (options.mode === 'bcast') this.subscribe(session, tracker, options.prefixes)
    else {
      if (this.readers.size === 0) this.host.listenToReads('wanted')
      this.readers.set(tracker.number, session)
    }
  }

  private subscribe(session: Session, tracker: Tracker, prefixes: readonly string[]): void {
    const added = prefixes.length === 0 ? [''] : prefixes
    for (const prefix of added) this.prefixes.add(session, prefix)
    tracker.prefixes = [...new Set([...tracker.prefixes, ...added])].sort()
  }

  /** CLIENT TRACKING OFF, and the end of a client. */
  disable(session: Session): void {
    const { tracker } = session
    if (tracker === undefined) return
    session.tracker = undefined
    this.trackers.delete(session)
    if (this.trackers.size === 0) this.keys.observers.splice(this.keys.observers.indexOf(this), 1)
    if (tracker.mode === 'bcast') this.prefixes.remove(session)
    else {
      this.readers.delete(tracker.number)
      if (this.readers.size === 0) this.forgetReads()
      else this.hasLeavers = true
    }
  }

  private forgetReads(): void {
    this.host.listenToReads('unwanted')
    this.table?.clear()
    this.isSweeping = false
    this.hasLeavers = false
  }

  private newNumber(): number {
    do this.lastNumber = (this.lastNumber % MOST_TRACKERS) + 1
    while (this.readers.has(this.lastNumber))
    return this.lastNumber
  }

  // ---- what they read -----------------------------------------------------------------------------------------------

  /** A client that tracks has read the key in word `i`. */
  read(session: Session, number: number, words: Words, i: number): void {
    const { keys, place } = this
    keys.aim(place, session.db, words, i)
    const name = displayBytes(place)
    this.table ??= new TrackingTable(tableBytes(keys.limitBytes))
    const { table } = this
    if (!table.add(place.hash, name, number)) {
      for (let n = EFFORT_KEYS; n > 0; n--) this.giveUpAny(table)
      // What cannot be remembered is not to be kept by the client either.
      if (!table.add(place.hash, name, number)) this.tell([number], name, 'giving up')
    }
    if (this.isOver(table)) this.giveUp(table)
  }

  private isOver(table: TrackingTable): boolean {
    return this.maxKeys > 0 && table.keys > this.maxKeys
  }

  private giveUpAny(table: TrackingTable): void {
    const taken = table.takeAny(this.random)
    if (taken !== undefined) this.tell(taken.readers, taken.name, 'giving up')
  }

  /** Forgets keys by chance, and tells their readers, until there are no more than may be or it has been enough for once. */
  private giveUp(table: TrackingTable): void {
    for (let n = EFFORT_KEYS * (this.timesOver + 1); n > 0 && this.isOver(table); n--) this.giveUpAny(table)
    this.timesOver = this.isOver(table) ? this.timesOver + 1 : 0
  }

  /** tracking-table-max-keys; 0: as many as there is room for. */
  limit(maxKeys: number): void {
    this.maxKeys = maxKeys
    if (this.table !== undefined) this.giveUp(this.table)
  }

  /** About ten times a second: too many keys, and readers that are gone. */
  tick(): void {
    const { table } = this
    if (table === undefined) return
    if (this.isOver(table)) this.giveUp(table)
    if (!this.isSweeping && !this.hasLeavers) return
    if (!this.isSweeping) this.hasLeavers = false
    this.isSweeping = table.sweep(reader => !this.readers.has(reader), SWEPT_PER_TICK)
  }

  // ---- what changes -------------------------------------------------------------------------------------------------

  changed(p: Place, event: string): void {
    if (event === 'keymiss') return
    const { table, prefixes, host } = this
    const isRead = table?.mayHave(p.hash) === true
    if (!isRead && prefixes.size === 0) return
    const name = displayBytes(p)
    if (prefixes.size > 0) {
      const isOurs = event === 'expired' || event === 'evicted'
      if (prefixes.note(name, isOurs ? undefined : host.current())) this.endTurn()
      host.wantTurnEnd()
    }
    if (isRead) this.tell(table.take(p.hash, name), name, event === 'evicted' ? 'eviction' : 'change')
  }

  /** The keys of a database are gone, of a namespace if one is given. */
  flushed(_db: number, namespace?: Namespace): void {
    if (namespace === undefined) this.table?.clear()
    if (this.isTold(namespace)) return
    for (const session of this.trackers) {
      const own = session.namespace
      if (namespace !== undefined && own !== undefined && own.name !== namespace.name) continue
      this.deliver(session, ALL_KEYS, 'behind')
    }
  }

  /** Names stand for themselves in all databases, so what a command does to several of them is told once. */
  private isTold(namespace: Namespace | undefined): boolean {
    const session = this.host.current()
    if (session === undefined) return false
    const flush = `${session.id} ${session.commands} ${namespace?.name ?? ''}`
    const isTold = flush === this.lastFlush
    this.lastFlush = flush
    return isTold
  }

  /** Tells what has changed in this turn of the loop to those who hear of prefixes. */
  endTurn(): void {
    this.prefixes.flush((session, invalidation) => this.deliver(session, invalidation, 'behind'))
  }

  // ---- telling ------------------------------------------------------------------------------------------------------

  /** Tells readers of a key that it is no longer what they have read, or, giving up, that they would not hear of it. */
  private tell(readers: readonly number[], name: Uint8Array, why: 'change' | 'eviction' | 'giving up'): void {
    const key = new KeyInvalidation(name)
    // What makes room for a command is told before its reply: what comes after it is another value.
    const when = why === 'change' ? 'behind' : 'around'
    for (const reader of readers) {
      const session = this.readers.get(reader)
      if (session === undefined) continue
      if (why !== 'giving up' && session.tracker?.noLoop === true && session === this.host.current()) continue
      const invalidation = key.seenFrom(session.namespace)
      if (invalidation !== undefined) this.deliver(session, invalidation, when)
    }
  }

  private deliver(session: Session, invalidation: Invalidation, when: 'around' | 'behind'): void {
    const { host } = this
    const { tracker } = session
    if (tracker === undefined) return
    let target = session
    if (tracker.redirect !== 0) {
      const other = host.sessionOf(tracker.redirect)
      if (other?.sees(session) !== true) {
        tracker.isBroken = true
        if (session.protocol === 3) host.push(session, brokenRedirection(tracker.redirect), 'behind')
        return
      }
      target = other
    }
    // RESP2 has messages for subscribers only.
    if (target.protocol === 2 && (tracker.redirect === 0 || !target.isSubscribed)) return
    host.push(target, invalidation.encoded(target.protocol), when)
  }
}

function tableBytes(limitBytes: number): number {
  return Math.min(MOST_TABLE_BYTES, Math.max(LEAST_TABLE_BYTES, limitBytes * TABLE_SHARE))
}
