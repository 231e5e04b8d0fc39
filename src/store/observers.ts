// Who hears of changes of keys, and who has a say in them.

import type { Words } from '../bytes/words.ts'
import type { Namespace } from './namespace.ts'
import type { Place } from './place.ts'

/** Hears of every change, after it happened and before the reply leaves. */
export interface ChangeObserver {
  /** `event` is Redis's keyspace event name, '' when there is none for it; for 'del' and 'expired' the key is already gone. */
  changed(place: Place, event: string): void
  /** All keys of a database are gone, or of one namespace in it, and others may have come in their place. */
  flushed(db: number, namespace?: Namespace): void
}

/** What namespaces have to say to keys that come into them (namespace-rules.ts). */
export interface Arrivals {
  /**
   * The deadline for the key at `p` that is about to be put there with `deadline`, both in ms, 0 for none. Throws when the
   * namespace takes no more keys.
   */
  deadlineOf(p: Place, deadline: number): number
  /** Throws unless the keys in words `first`, `first + 2` and so on may all come. */
  admit(words: Words, first: number): void
}
