// The policy `ear`, expire after read: what was read goes at the next sweep, a second later at most, unless it was written
// meanwhile. A flag in the entry says that a key was read; a list says which keys have it, so a sweep looks at no other.

import { Aim } from './aim.ts'
import { FLAG_READ } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { ChangeObserver } from './observers.ts'
import type { Place } from './place.ts'
import type { Shard } from './shard.ts'

const FIRST_MARKS = 1024
/** Words of a mark: shard, database, hash of the namespace, hash of the key, entry. */
const WORDS = 5
/** Room that is kept between sweeps. */
const KEPT_WORDS = WORDS * 65536

export class AfterRead implements ChangeObserver {
  /** Told of each key that goes, before it does. */
  onRemove: (p: Place) => void = () => undefined
  private readonly keys: Keyspace
  private readonly aim: Aim
  private marks = new Int32Array(FIRST_MARKS * WORDS)
  private words = 0

  constructor(keys: Keyspace) {
    this.keys = keys
    this.aim = new Aim(keys)
  }

  /** The key at `p` was read. */
  mark(p: Place): void {
    const { u8 } = p.shard.arena
    if ((u8[p.entry + 7] & FLAG_READ) !== 0) return
    u8[p.entry + 7] |= FLAG_READ
    if (this.words + WORDS > this.marks.length) {
      const grown = new Int32Array(this.marks.length * 2)
      grown.set(this.marks)
      this.marks = grown
    }
    this.marks.set([this.keys.shards.indexOf(p.shard), p.db, p.nsHash, p.hash, p.entry], this.words)
    this.words += WORDS
  }

  /** Written: it stays, until it is read again. */
  changed(p: Place, event: string): void {
    // Without an event only the spelling has changed, which a reader may do.
    if (p.entry !== 0 && event !== '') p.shard.arena.u8[p.entry + 7] &= ~FLAG_READ
  }

  flushed(): void {
    // What is gone is not found by the sweep.
  }

  /** All that was read and not written since is removed, as if its deadline had come. */
  sweep(): void {
    const { keys, aim, marks } = this
    if (keys.keepsExpired) return
    for (let i = 0; i < this.words; i += WORDS) {
      const shard = keys.shards[marks[i] as number] as Shard
      const entry = marks[i + 4] as number
      const isThere = aim.find(shard, marks[i + 1] as number, marks[i + 2] as number, marks[i + 3] as number, entry)
      if (!isThere || (shard.arena.u8[entry + 7] & FLAG_READ) === 0) continue
      this.onRemove(aim.place)
      keys.expire(aim.place)
    }
    this.words = 0
    if (this.marks.length > KEPT_WORDS) this.marks = new Int32Array(FIRST_MARKS * WORDS)
  }
}
