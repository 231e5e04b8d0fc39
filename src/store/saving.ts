// What a running save asks of those who change keys: to hear of it before, so that its file is of the moment at which it
// began (persist/save-walk.ts).
//
// Every entry carries a mark, one bit of its flags. While no save runs all marks equal `keyspace.savedMark`. A save begins
// by turning that over, so every key there is lacks the mark of now and new ones have it; who is about to change a key that
// lacks it has it saved first (`keyspace.saveFirst`), and it gets the mark. Without a save that is one comparison.

import type { Shard } from './shard.ts'

export interface Saving {
  /**
   * The key with this entry, which lacks the mark, is about to change or to go. Gives it the mark. Never throws. A large value
   * may still have to be written; then there is something to be told of its elements, and it waits for its grave when it goes
   * (values/unwritten.ts).
   */
  before(shard: Shard, ns: number, e: number): void
  /** A namespace record is about to belong to another database record. */
  leaving(shard: Shard, ns: number): void
  /** The entries of a namespace record are about to be those of another one, of another name. */
  renaming(shard: Shard, from: number, to: number): void
  /** A namespace or database record is about to be freed. Nothing that lacks the mark is left in it. */
  forget(shard: Shard, record: number): void
  /** Memory is short: writes a value that waits for its grave, so that it can be freed. False: none does. */
  hurry(): boolean
  /** Another save must run now: this one is given up, and every key gets the mark at once. */
  abandon(): void
  /** All shards are about to be emptied: the save is given up. */
  flushing(): void
}
