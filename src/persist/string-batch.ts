// Strings that a loader has read one after the other and puts into the keyspace together, so that the waits for memory of
// their look-ups overlap (store/warm.ts): most of what loading many keys takes. Nothing is copied but into the arena.

import { copy } from '../bytes/ascii.ts'
import { dictTouch } from '../memory/dict.ts'
import { NO_BYTES, Request } from '../resp/request.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'
import { makeString } from '../store/strings.ts'

/** Most that are put together: about as many misses as a core keeps in flight. */
export const MOST_STRINGS = 16
/** In place of an access word: that of a key that is new. */
export const NEW_ACCESS = -1
/** Names stand where a request has its first argument. */
const NAME = 1

export class StringBatch {
  length = 0
  /** The access word that each is to have, 32 bits. */
  private readonly access = new Float64Array(MOST_STRINGS)
  private readonly names = Array.from({ length: MOST_STRINGS }, () => new Request())
  private readonly values: Uint8Array[] = new Array(MOST_STRINGS).fill(NO_BYTES)
  private readonly starts = new Int32Array(MOST_STRINGS)
  private readonly ends = new Int32Array(MOST_STRINGS)
  private readonly encodings = new Uint8Array(MOST_STRINGS)
  private readonly deadlines = new Float64Array(MOST_STRINGS)
  private readonly hashes = new Int32Array(MOST_STRINGS)
  private readonly records = new Int32Array(MOST_STRINGS)
  /** Keeps the engine from leaving the loads out. */
  sink = 0
  private readonly keys: Keyspace
  private readonly place: Place
  private db = 0

  /** Keys are put at `place`. */
  constructor(keys: Keyspace, place: Place) {
    this.keys = keys
    this.place = place
  }

  get isFull(): boolean {
    return this.length === MOST_STRINGS
  }

  /**
   * Takes the name, as it is shown, of a key of database `db`; `add` must follow. Bytes stay where they are until `put`. May
   * throw what `put` throws.
   */
  name(db: number, buf: Uint8Array, start: number, end: number): void {
    if (this.length === MOST_STRINGS || db !== this.db) this.put()
    this.db = db
    const name = this.names[this.length] as Request
    name.buf = buf
    name.keyAt = 0
    name.starts[NAME] = start
    name.ends[NAME] = end
  }

  /** Takes the string of that name: bytes, encoding, deadline in ms, 0 for none, and access word or NEW_ACCESS. */
  add(buf: Uint8Array, start: number, end: number, encoding: number, deadline: number, access: number): void {
    const i = this.length++
    this.values[i] = buf
    this.starts[i] = start
    this.ends[i] = end
    this.encodings[i] = encoding
    this.deadlines[i] = deadline
    this.access[i] = access
  }

  /** Puts what was taken, in that order, over what is there. Throws OOM. */
  put(): void {
    const { length, names, keys, place, db } = this
    if (length === 0) return
    this.length = 0
    this.touch(length)
    for (let i = 0; i < length; i++) {
      const name = names[i] as Request
      const start = this.starts[i]
      const end = this.ends[i]
      if (keys.findIn(place, db, name, NAME) !== 0) keys.touch(place)
      const at = makeString(keys, place, end - start, this.encodings[i], this.deadlines[i])
      const { arena } = place.shard
      copy(arena.u8, at, this.values[i] as Uint8Array, start, end)
      if (this.access[i] !== NEW_ACCESS) arena.i32[(place.entry + 8) >> 2] = this.access[i]
    }
  }

  /** Works out where the names belong and touches that. */
  private touch(n: number): void {
    const { keys, names, hashes, records, db } = this
    for (let i = 0; i < n; i++) {
      const name = names[i] as Request
      keys.hashKey(name, NAME)
      hashes[i] = name.keyHash
      records[i] = keys.recordOf(keys.shardOf(name.keyHash), db, name, NAME)
    }
    let sink = 0
    for (let i = 0; i < n; i++) {
      if (records[i] !== 0) sink ^= dictTouch(keys.shardOf(hashes[i]).arena, records[i], hashes[i])
    }
    this.sink = sink
  }
}
