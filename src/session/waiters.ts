// The requests that wait for keys: who waits for which, in the order in which they came, and which keys have changed since
// they were looked at last. It listens to the keyspace only while somebody waits, so nobody else pays for it.
//
// Who runs the requests again is server/blocked.ts.

import type { Words } from '../bytes/words.ts'
import { entryType } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Namespace } from '../store/namespace.ts'
import type { ChangeObserver } from '../store/observers.ts'
import type { Place } from '../store/place.ts'
import { Deadlines, type Ending } from './deadlines.ts'
import { NamedKey, NamedKeys } from './named-keys.ts'
import type { Session } from './session.ts'
import type { Waiting } from './waiting.ts'

/** Those that wait for one key. */
export class KeyQueue extends NamedKey {
  /** In the order of their coming. */
  readonly waiters = new Set<Waiter<Words>>()
  isReady = false
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
  private readonly queues: NamedKeys<KeyQueue>
  private readonly all = new Map<Session, Waiter<R>>()
  private readonly deadlines = new Deadlines<Waiter<R>>()
  private ready: KeyQueue[] = []

  constructor(keys: Keyspace) {
    this.keys = keys
    this.queues = new NamedKeys(keys, p => new KeyQueue(p))
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
      const queue = this.queues.of(waiter.db, request, waiting.first + i)
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
      if (queue.waiters.size === 0) this.queues.drop(queue)
    }
    if (this.all.size === 0) this.keys.observers.splice(this.keys.observers.indexOf(this), 1)
  }

  changed(p: Place): void {
    // A key that went serves nobody, and keys are served in the order in which they came to be. (XREADGROUP, once there is
    // one, will want to hear of it.)
    if (p.entry === 0) return
    const queue = this.queues.at(p)
    if (queue !== undefined) this.markReady(queue)
  }

  /** Its keys are gone, or others have come in their place. */
  flushed(db: number, namespace?: Namespace): void {
    for (const queue of this.queues.all())
      if (queue.isWithin(db, namespace) && this.typeOf(queue) >= 0) this.markReady(queue)
  }

  /** Everybody has a look at what is there: some may have been kept from looking. */
  lookAgain(): void {
    for (const queue of this.queues.all()) if (this.typeOf(queue) >= 0) this.markReady(queue)
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
    const e = this.keys.locateShown(this.keys.at, queue.db, queue.name)
    return e === 0 ? -1 : entryType(this.keys.at.shard.arena, e)
  }
}
