// The requests that wait for keys: who waits for which, in the order in which they came, and which keys have changed since
// they were looked at last. It listens to the keyspace only while somebody waits, so nobody else pays for it.
//
// A queue belongs to a key of a database, by bytes and not by entry: the key need not exist. Who runs the requests again is
// server/blocked.ts.

import { equals } from '../bytes/ascii.ts'
import type { Words } from '../bytes/words.ts'
import { entryType } from '../store/entry.ts'
import type { ChangeObserver, Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'
import { Deadlines, type Ending } from './deadlines.ts'
import type { Session } from './session.ts'
import type { Waiting } from './waiting.ts'

const TWO_32 = 0x1_0000_0000

/** Those that wait for one key. */
export class KeyQueue {
  /** In the order of their coming. */
  readonly waiters = new Set<Waiter<Words>>()
  isReady = false
  readonly db: number
  readonly id: number
  /** The key as its first waiter wrote it. */
  readonly name: Uint8Array
  private readonly nsHash: number
  /** Where the local key starts in the name. */
  private readonly keyStart: number

  constructor(id: number, db: number, words: Words, i: number) {
    this.id = id
    this.db = db
    this.name = new Uint8Array(words.buf.subarray(words.starts[i], words.ends[i]))
    this.nsHash = words.nsHash
    this.keyStart = words.keyStart - words.starts[i]
  }

  /** Whether it is the queue of this key: namespace name in buf[nsStart, nsEnd), local key in buf[keyStart, keyEnd). */
  holds(
    db: number,
    nsHash: number,
    buf: Uint8Array,
    nsStart: number,
    nsEnd: number,
    keyStart: number,
    keyEnd: number,
  ): boolean {
    if (this.db !== db || this.nsHash !== nsHash) return false
    if (!equals(this.name, this.keyStart, this.name.length, buf, keyStart, keyEnd)) return false
    // `default` goes with and without its name.
    return nsHash === 0 || equals(this.name, 0, this.keyStart - 1, buf, nsStart, nsEnd)
  }
}

/** A request that waits. */
export class Waiter<R extends Words> implements Ending {
  readonly session: Session
  readonly request: R
  readonly db: number
  readonly type: number
  readonly untilMs: number
  heapAt = -1
  /** The queue of each word from `first` on. */
  readonly queues: KeyQueue[] = []
  readonly first: number

  constructor(session: Session, request: R, waiting: Waiting) {
    this.session = session
    this.request = request
    this.db = session.db
    this.type = waiting.type
    this.first = waiting.first
    this.untilMs = waiting.untilMs
  }

  /** The word with the key of a queue. */
  wordOf(queue: KeyQueue): number {
    return this.first + this.queues.indexOf(queue)
  }
}

export class Waiters<R extends Words> implements ChangeObserver {
  /** Some key has changed that somebody waits for. */
  isReady = false
  private readonly keys: Keyspace
  private readonly queues = new Map<number, KeyQueue[]>()
  private readonly all = new Map<Session, Waiter<R>>()
  private readonly deadlines = new Deadlines<Waiter<R>>()
  private ready: KeyQueue[] = []

  constructor(keys: Keyspace) {
    this.keys = keys
  }

  get count(): number {
    return this.all.size
  }

  /** Those that do not wait for ever. */
  get timed(): number {
    return this.deadlines.size
  }

  of(session: Session): Waiter<R> | undefined {
    return this.all.get(session)
  }

  /** When the first of them has waited long enough. */
  get earliestMs(): number | undefined {
    return this.deadlines.earliest?.untilMs
  }

  /** One whose time is over. */
  overdue(nowMs: number): Waiter<R> | undefined {
    const { earliest } = this.deadlines
    return earliest !== undefined && earliest.untilMs <= nowMs ? earliest : undefined
  }

  /** Puts a session's request behind all others at each of its keys. The bytes of the request are the waiter's from now on. */
  add(session: Session, request: R, waiting: Waiting): Waiter<R> {
    const waiter = new Waiter(session, request, waiting)
    if (this.all.size === 0) this.keys.observers.push(this)
    this.all.set(session, waiter)
    if (waiter.untilMs !== 0) this.deadlines.add(waiter)
    for (let i = 0; i < waiting.keys; i++) {
      const queue = this.queueOf(waiter.db, request, waiting.first + i)
      queue.waiters.add(waiter)
      waiter.queues.push(queue)
    }
    return waiter
  }

  remove(waiter: Waiter<R>): void {
    this.all.delete(waiter.session)
    if (waiter.untilMs !== 0) this.deadlines.remove(waiter)
    for (const queue of waiter.queues) {
      queue.waiters.delete(waiter)
      if (queue.waiters.size === 0) this.drop(queue)
    }
    if (this.all.size === 0) this.keys.observers.splice(this.keys.observers.indexOf(this), 1)
  }

  private drop(queue: KeyQueue): void {
    const same = this.queues.get(queue.id)
    const at = same?.indexOf(queue) ?? -1
    if (same === undefined || at < 0) return
    same.splice(at, 1)
    if (same.length === 0) this.queues.delete(queue.id)
  }

  private queueOf(db: number, words: Words, i: number): KeyQueue {
    this.keys.hashKey(words, i)
    const id = db * TWO_32 + (words.keyHash >>> 0)
    const same = this.queues.get(id)
    const { nsHash, buf, keyStart } = words
    const nsEnd = nsHash === 0 ? words.starts[i] : keyStart - 1
    const known = same?.find(q => q.holds(db, nsHash, buf, words.starts[i], nsEnd, keyStart, words.ends[i]))
    if (known !== undefined) return known
    const queue = new KeyQueue(id, db, words, i)
    if (same === undefined) this.queues.set(id, [queue])
    else same.push(queue)
    return queue
  }

  changed(p: Place): void {
    const same = this.queues.get(p.db * TWO_32 + (p.hash >>> 0))
    if (same === undefined) return
    for (const queue of same) {
      if (queue.holds(p.db, p.nsHash, p.buf, p.nsStart, p.nsEnd, p.keyStart, p.keyEnd)) this.markReady(queue)
    }
  }

  /** Its keys are gone, or others have come in their place. */
  flushed(db: number): void {
    for (const same of this.queues.values()) for (const queue of same) if (queue.db === db) this.markReady(queue)
  }

  private markReady(queue: KeyQueue): void {
    this.isReady = true
    if (queue.isReady) return
    queue.isReady = true
    this.ready.push(queue)
  }

  /** The keys that changed, in the order of their changes; from here on they count as looked at. */
  takeReady(): readonly KeyQueue[] {
    const { ready } = this
    this.ready = []
    this.isReady = false
    for (const queue of ready) queue.isReady = false
    return ready
  }

  /** The type of the key of a queue; -1: there is none. Looks it up at keys.at. */
  typeOf(queue: KeyQueue): number {
    const e = this.keys.locateIn(this.keys.at, queue.db, queue.name, 0, queue.name.length)
    return e === 0 ? -1 : entryType(this.keys.at.shard.arena, e)
  }
}
