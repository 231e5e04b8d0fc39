// A place for keys that are found by their entry and not by a name: what expiry and eviction take away.

import { copy } from '../bytes/ascii.ts'
import type { Arena } from '../memory/arena.ts'
import { dictFind, dictNext, dictRef } from '../memory/dict.ts'
import { keyLength, keyStart } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import { Place } from './place.ts'
import { DB_NUMBER, NS_DB, NS_HASH, NS_NAME, NS_NAME_LENGTH, type Shard } from './shard.ts'

export class Aim {
  readonly place: Place
  private readonly keys: Pick<Keyspace, 'hashOf'>
  private name = new Uint8Array(256)

  constructor(keys: Pick<Keyspace, 'hashOf' | 'at'>) {
    this.keys = keys
    this.place = new Place(keys.at.shard)
  }

  /** Aims the place at an entry of a namespace record; false when its database was flushed. */
  at(shard: Shard, ns: number, entry: number): boolean {
    const a = shard.arena
    const db = a.i32[(a.i32[(ns + NS_DB) >> 2] + DB_NUMBER) >> 2]
    if (db < 0) return false
    const p = this.place
    this.copyName(a, ns, entry)
    p.hash = this.keys.hashOf(p.nsHash, p.buf, p.keyStart, p.keyEnd)
    p.db = db
    p.shard = shard
    p.ns = ns
    p.entry = entry
    p.slot = dictFind(a, ns, p.hash)
    while (p.slot !== 0 && dictRef(a, p.slot) !== entry) p.slot = dictNext(a, ns, p.slot, p.hash)
    return true
  }

  /** Aims at the entry of a key by its hashes, if that is still where the key is. */
  find(shard: Shard, db: number, nsHash: number, hash: number, entry: number): boolean {
    const a = shard.arena
    const record = shard.database(db)
    for (let at = dictFind(a, record, nsHash); at !== 0; at = dictNext(a, record, at, nsHash)) {
      const ns = dictRef(a, at)
      for (let slot = dictFind(a, ns, hash); slot !== 0; slot = dictNext(a, ns, slot, hash)) {
        if (dictRef(a, slot) === entry) return this.at(shard, ns, entry)
      }
    }
    return false
  }

  /**
   * Aims the place at copies of the names: those in the arena are freed, and may be written over when a dict shrinks,
   * before observers hear what has gone.
   */
  private copyName(a: Arena, ns: number, entry: number): void {
    const p = this.place
    const from = keyStart(a, entry)
    const keyBytes = keyLength(a, entry)
    const nameBytes = a.i32[(ns + NS_NAME_LENGTH) >> 2]
    if (this.name.length < nameBytes + keyBytes) this.name = new Uint8Array(2 * (nameBytes + keyBytes))
    copy(this.name, 0, a.u8, ns + NS_NAME, ns + NS_NAME + nameBytes)
    copy(this.name, nameBytes, a.u8, from, from + keyBytes)
    p.buf = this.name
    p.nsBuf = this.name
    p.nsHash = a.i32[(ns + NS_HASH) >> 2]
    p.nsStart = 0
    p.nsEnd = p.nsHash === 0 ? -1 : nameBytes
    p.keyStart = nameBytes
    p.keyEnd = nameBytes + keyBytes
  }
}
