// The keyspace: finder.ts looks keys up, budget.ts knows what they may take, key-changes.ts changes them, and here are the verbs
// for whole databases.

import { OOM_ARENA } from '../resp/errors.ts'
import { pendingIn } from './graves.ts'
import { KeyChanges } from './key-changes.ts'
import type { Namespace } from './namespace.ts'
import { DB_KEYS, type Shard } from './shard.ts'

export class Keyspace extends KeyChanges {
  /**
   * Empties a database at once; what it held is freed in slices. Returns the number of keys it had. Throws OOM before any
   * change.
   */
  flush(db: number): number {
    const keys = this.size(db)
    const full = this.shards.filter(shard => shard.arena.i32[(shard.database(db) + DB_KEYS) >> 2] > 0)
    const emptied = this.saving === undefined ? full.filter(shard => this.holdsOnly(shard, db)) : []
    const detached = full.filter(shard => !emptied.includes(shard))
    const fresh = this.newRecords(detached)
    this.epoch++
    for (const shard of emptied) this.empty(shard)
    for (const [i, shard] of detached.entries()) shard.detach(db, fresh[i] as number)
    this.announceFlush(db, keys)
    return keys
  }

  /** Everything in a shard goes at once. */
  empty(shard: Shard): void {
    this.emptied += pendingIn(shard)
    for (let db = 0; db < this.databases; db++) this.emptied += shard.arena.i32[(shard.database(db) + DB_KEYS) >> 2]
    shard.reset(this.nowMs)
  }

  private holdsOnly(shard: Shard, db: number): boolean {
    for (let i = 0; i < this.databases; i++)
      if (i !== db && shard.arena.i32[(shard.database(i) + DB_KEYS) >> 2] > 0) return false
    return true
  }

  /** A database record in each of some shards. Throws OOM, and makes none. */
  private newRecords(shards: readonly Shard[]): readonly number[] {
    const made: number[] = []
    for (const shard of shards) {
      const record = this.tryHard(() => shard.newDatabase())
      if (record === 0) {
        for (const [i, one] of made.entries()) shards[i]?.arena.free(one)
        throw OOM_ARENA
      }
      made.push(record)
    }
    return made
  }

  flushAll(): number {
    this.epoch++
    const keys = this.keyCount
    this.saving?.flushing()
    for (const shard of this.shards) this.empty(shard)
    for (let db = 0; db < this.databases; db++) this.announceFlush(db, 0)
    this.dirty += keys
    return keys
  }

  announceFlush(db: number, keys: number, namespace?: Namespace): void {
    this.dirty += keys
    for (const observer of this.observers) observer.flushed(db, namespace)
  }

  swap(a: number, b: number): void {
    this.epoch++
    for (const shard of this.shards) shard.swap(a, b)
    this.announceFlush(a, 1)
    this.announceFlush(b, 0)
  }
}
