// Turns the keys into the commands of a base, a small step at a time. What it holds is of the moment at which the encoder was
// made, whatever requests did meanwhile, in the same way as a snapshot (persist/encoder.ts): a walk meets the keys that lack
// the mark of this save, and one that is about to change is written before that. A large collection is written over several
// steps, and its rest at once when it is about to change; the commands of other keys may stand in between.

import { FLAG_SAVED, keyLength, keyStart } from '../../store/entry.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import { Place } from '../../store/place.ts'
import type { Saving } from '../../store/saving.ts'
import { NS_HASH, NS_NAME, NS_NAME_LENGTH, type Shard } from '../../store/shard.ts'
import { SaveCancelled } from '../encoder.ts'
import { Unsaved } from '../unsaved.ts'
import type { CommandLog } from './command-log.ts'
import { ALL_LOGGED, logPart } from './value-commands.ts'

const KEYS_PER_STEP = 16
/** Any hash but that of `default`: the name itself is given. */
const SOME_NAMESPACE = 1

/** A collection that is being written in parts, at `place`. */
interface Large {
  readonly place: Place
  from: number
}

export class BaseEncoder implements Saving {
  /** Why nothing more is written; undefined: all is well. */
  failure: unknown
  private readonly keys: Keyspace
  private readonly log: CommandLog
  private readonly unsaved: Unsaved
  private large: Large | undefined

  /** No other save may be running. */
  constructor(keys: Keyspace, log: CommandLog) {
    if (keys.saving !== undefined) throw new Error('two saves at the same time')
    this.keys = keys
    this.log = log
    this.unsaved = new Unsaved(keys)
    keys.savedMark ^= FLAG_SAVED
    keys.saving = this
  }

  /** One small piece of work; false when all of it is done. */
  step(): boolean {
    const { keys, large } = this
    if (keys.saving !== this) return false
    if (large !== undefined) this.nextPart(large)
    else if (!this.unsaved.step(KEYS_PER_STEP, this.meet)) keys.saving = undefined
    return keys.saving === this
  }

  /** Gives up, and every key the mark at once. */
  abandon(reason: unknown = new SaveCancelled()): void {
    this.failure ??= reason
    while (this.step());
  }

  // ---- what happens between the steps -----------------------------------------------------------------------------

  before(shard: Shard, ns: number, e: number): void {
    const { large } = this
    try {
      if (large?.place.entry === e && large.place.shard === shard) this.finish(large)
      else this.finish(this.begin(shard, ns, e))
    } catch (error) {
      // The command that changes the key has nothing to do with it.
      this.failure ??= error
      this.mark(shard, e)
    }
  }

  leaving(shard: Shard, ns: number): void {
    this.unsaved.leaving(shard, ns)
  }

  renaming(shard: Shard, from: number, to: number): void {
    this.unsaved.renaming(shard, from, to)
  }

  forget(shard: Shard, record: number): void {
    this.unsaved.forget(shard, record)
  }

  flushing(): void {
    this.failure ??= new SaveCancelled()
    this.keys.saving = undefined
  }

  // ---- writing ----------------------------------------------------------------------------------------------------

  private readonly meet = (shard: Shard, ns: number, e: number): boolean => {
    if (this.large !== undefined) return false
    const large = this.begin(shard, ns, e)
    if (this.nextPart(large)) this.large = large
    return true
  }

  private begin(shard: Shard, ns: number, e: number): Large {
    return { place: this.placeOf(shard, ns, e), from: 0 }
  }

  /** The place of a key, by the names that it had at the beginning. */
  private placeOf(shard: Shard, ns: number, e: number): Place {
    const a = shard.arena
    const home = this.unsaved.homeOf(shard, ns)
    if (home === undefined) throw new Error('a key without a home')
    const { name } = home
    const place = new Place(shard)
    place.buf = a.u8
    place.keyStart = keyStart(a, e)
    place.keyEnd = place.keyStart + keyLength(a, e)
    const isDefault = name === undefined ? a.i32[(ns + NS_HASH) >> 2] === 0 : name.isDefault
    place.nsHash = isDefault ? 0 : SOME_NAMESPACE
    place.nsBuf = name?.bytes ?? a.u8
    place.nsStart = name === undefined ? ns + NS_NAME : 0
    place.nsEnd = place.nsStart + (name?.bytes.length ?? a.i32[(ns + NS_NAME_LENGTH) >> 2])
    place.db = home.db
    place.entry = e
    return place
  }

  private finish(large: Large): void {
    while (this.nextPart(large));
  }

  /** Writes a part; false when it was the last one. */
  private nextPart(large: Large): boolean {
    const { place } = large
    if (this.failure === undefined) {
      large.from = logPart(this.log, this.keys, place, large.from)
      if (large.from !== ALL_LOGGED) return true
    }
    this.mark(place.shard, place.entry)
    if (this.large === large) this.large = undefined
    return false
  }

  private mark({ arena }: Shard, e: number): void {
    arena.u8[e + 7] = (arena.u8[e + 7] & ~FLAG_SAVED) | this.keys.savedMark
  }
}
