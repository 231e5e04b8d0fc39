// Keys that somebody outside the keyspace has an eye on: those that requests wait for, those that are watched. They are
// known by their bytes and not by their entries, for a key need not exist.

import { equals } from '../bytes/ascii.ts'
import type { Words } from '../bytes/words.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { displayBytes } from '../store/names.ts'
import type { Namespace } from '../store/namespace.ts'
import { Place } from '../store/place.ts'

const TWO_32 = 0x1_0000_0000

const idOf = (db: number, hash: number): number => db * TWO_32 + (hash >>> 0)

export class NamedKey {
  readonly db: number
  readonly id: number
  /** The key as it is shown to those who see all namespaces. */
  readonly name: Uint8Array
  private readonly nsHash: number
  /** Where the local key starts in the name. */
  private readonly keyStart: number

  /** The key whose name `p` has; it need not exist. */
  constructor(p: Place) {
    this.db = p.db
    this.id = idOf(p.db, p.hash)
    this.name = displayBytes(p)
    this.nsHash = p.nsHash
    this.keyStart = this.name.length - (p.keyEnd - p.keyStart)
  }

  /** Whether it is one of a database, and of a namespace if one is given. */
  isWithin(db: number, namespace: Namespace | undefined): boolean {
    return this.db === db && (namespace === undefined || namespace.hash === this.nsHash)
  }

  /** Whether it is the key whose name `p` has. */
  is(p: Place): boolean {
    if (this.db !== p.db || this.nsHash !== p.nsHash) return false
    if (!equals(this.name, this.keyStart, this.name.length, p.buf, p.keyStart, p.keyEnd)) return false
    return p.nsHash === 0 || equals(this.name, 0, this.keyStart - 1, p.nsBuf, p.nsStart, p.nsEnd)
  }
}

/** A table of such keys, by database, namespace and local key. */
export class NamedKeys<K extends NamedKey> {
  private readonly keys: Keyspace
  private readonly make: (p: Place) => K
  private readonly place: Place
  private readonly byId = new Map<number, K[]>()

  /** `make` builds what the table holds for a key that is not in it yet. */
  constructor(keys: Keyspace, make: (p: Place) => K) {
    this.keys = keys
    this.place = new Place(keys.at.shard)
    this.make = make
  }

  get isEmpty(): boolean {
    return this.byId.size === 0
  }

  /** What the table holds for the key in word `i`, made if it is new. */
  of(db: number, words: Words, i: number): K {
    this.keys.aim(this.place, db, words, i)
    const known = this.at(this.place)
    if (known !== undefined) return known
    const made = this.make(this.place)
    const same = this.byId.get(made.id)
    if (same === undefined) this.byId.set(made.id, [made])
    else same.push(made)
    return made
  }

  /** What it holds for the key at `p`. */
  at(p: Place): K | undefined {
    return this.byId.get(idOf(p.db, p.hash))?.find(key => key.is(p))
  }

  drop(key: K): void {
    const same = this.byId.get(key.id)
    const at = same?.indexOf(key) ?? -1
    if (same === undefined || at < 0) return
    same.splice(at, 1)
    if (same.length === 0) this.byId.delete(key.id)
  }

  *all(): Generator<K> {
    for (const same of this.byId.values()) yield* same
  }
}
