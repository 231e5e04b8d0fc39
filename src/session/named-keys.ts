// Keys that somebody outside the keyspace has an eye on: those that requests wait for, those that are watched. They are
// known by their bytes and not by their entries, for a key need not exist.

import { equals } from '../bytes/ascii.ts'
import type { Words } from '../bytes/words.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'

const TWO_32 = 0x1_0000_0000

const idOf = (db: number, hash: number): number => db * TWO_32 + (hash >>> 0)

export class NamedKey {
  readonly db: number
  readonly id: number
  /** The key as it was first written. */
  readonly name: Uint8Array
  private readonly nsHash: number
  /** Where the local key starts in the name. */
  private readonly keyStart: number

  /** The key in word `i`, whose hashes are in `words` already. */
  constructor(db: number, words: Words, i: number) {
    this.db = db
    this.id = idOf(db, words.keyHash)
    this.name = new Uint8Array(words.buf.subarray(words.starts[i], words.ends[i]))
    this.nsHash = words.nsHash
    this.keyStart = words.keyStart - words.starts[i]
  }

  /** Whether it is this key: namespace name in buf[nsStart, nsEnd), local key in buf[keyStart, keyEnd). */
  is(
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

/** A table of such keys, by database, namespace and local key. */
export class NamedKeys<K extends NamedKey> {
  private readonly keys: Keyspace
  private readonly make: (db: number, words: Words, i: number) => K
  private readonly byId = new Map<number, K[]>()

  /** `make` builds what the table holds for a key that is not in it yet. */
  constructor(keys: Keyspace, make: (db: number, words: Words, i: number) => K) {
    this.keys = keys
    this.make = make
  }

  get isEmpty(): boolean {
    return this.byId.size === 0
  }

  /** What the table holds for the key in word `i`, made if it is new. */
  of(db: number, words: Words, i: number): K {
    this.keys.hashKey(words, i)
    const { nsHash, buf, keyStart } = words
    const start = words.starts[i]
    const end = words.ends[i]
    const nsEnd = nsHash === 0 ? start : keyStart - 1
    const id = idOf(db, words.keyHash)
    const same = this.byId.get(id)
    const known = same?.find(key => key.is(db, nsHash, buf, start, nsEnd, keyStart, end))
    if (known !== undefined) return known
    const made = this.make(db, words, i)
    if (same === undefined) this.byId.set(id, [made])
    else same.push(made)
    return made
  }

  /** What it holds for the key at `p`. */
  at(p: Place): K | undefined {
    return this.byId
      .get(idOf(p.db, p.hash))
      ?.find(key => key.is(p.db, p.nsHash, p.buf, p.nsStart, p.nsEnd, p.keyStart, p.keyEnd))
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
