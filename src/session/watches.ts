// WATCH: which sessions want to hear whether which keys change before their EXEC. It listens to the keyspace only while
// somebody watches.
//
// A key that expires counts as changed; one that was gone already when it was watched has nothing left to lose.

import type { Words } from '../bytes/words.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Namespace } from '../store/namespace.ts'
import type { ChangeObserver } from '../store/observers.ts'
import type { Place } from '../store/place.ts'
import { NamedKey, NamedKeys } from './named-keys.ts'
import type { Session } from './session.ts'

/** What a watched key takes beside its name, measured with 200,000 of them. */
const WATCHED_KEY_BYTES = 650

class WatchedKey extends NamedKey {
  /** With each watcher, whether the key was there when it began. */
  readonly watchers = new Map<Session, boolean>()
}

/** The keys that one session watches. */
class OwnKeys {
  readonly keys = new Set<WatchedKey>()
  nameBytes = 0
}

export class Watches implements ChangeObserver {
  private readonly keys: Keyspace
  private readonly watched: NamedKeys<WatchedKey>
  private readonly bySession = new Map<Session, OwnKeys>()

  constructor(keys: Keyspace) {
    this.keys = keys
    this.watched = new NamedKeys(keys, p => new WatchedKey(p))
  }

  /** Number of keys that a session watches. */
  countOf(session: Session): number {
    return this.bySession.get(session)?.keys.size ?? 0
  }

  /** Memory that they take. */
  bytesOf(session: Session): number {
    const own = this.bySession.get(session)
    return own === undefined ? 0 : own.keys.size * WATCHED_KEY_BYTES + own.nameBytes
  }

  /** From now on a change of the key in word `i` spoils the session's transaction. */
  watch(session: Session, words: Words, i: number): void {
    // An expired key is removed here and now, before anybody could mistake that for a change.
    const exists = this.keys.findIn(this.keys.other, session.db, words, i) !== 0
    if (this.bySession.size === 0) this.keys.observers.push(this)
    const key = this.watched.of(session.db, words, i)
    if (key.watchers.has(session)) return
    key.watchers.set(session, exists)
    const own = this.bySession.get(session) ?? new OwnKeys()
    if (own.keys.size === 0) this.bySession.set(session, own)
    own.keys.add(key)
    own.nameBytes += key.name.length
  }

  /** UNWATCH, and whatever ends a transaction. */
  forget(session: Session): void {
    session.isSpoilt = false
    const own = this.bySession.get(session)
    if (own === undefined) return
    this.bySession.delete(session)
    for (const key of own.keys) {
      key.watchers.delete(session)
      if (key.watchers.size === 0) this.watched.drop(key)
    }
    if (this.bySession.size === 0) this.keys.observers.splice(this.keys.observers.indexOf(this), 1)
  }

  /** Whether a key that the session watches has changed; a deadline that nobody has noticed yet counts. */
  isSpoilt(session: Session): boolean {
    const { keys } = this
    // The look-up removes what is due, and `changed` hears of it.
    for (const { db, name } of this.bySession.get(session)?.keys ?? []) keys.locateShown(keys.other, db, name)
    return session.isSpoilt
  }

  changed(p: Place, event: string): void {
    // That somebody looks for a key changes nothing; it is announced for keyspace events.
    if (event === 'keymiss') return
    const key = this.watched.at(p)
    if (key === undefined) return
    // That a stale key goes changes nothing for those who found none: it may have come by SWAPDB.
    for (const [session, existed] of key.watchers) if (existed || event !== 'expired') session.isSpoilt = true
  }

  /** The keys that were there are gone; others may have come in their place. */
  flushed(db: number, namespace?: Namespace): void {
    const { keys } = this
    for (const key of this.watched.all()) {
      if (!key.isWithin(db, namespace)) continue
      const exists = keys.locateShown(keys.other, db, key.name) !== 0
      for (const [session, existed] of key.watchers) if (existed || exists) session.isSpoilt = true
    }
  }
}
