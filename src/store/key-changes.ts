// All changes of keys go through the few verbs here (look-ups through those of finder.ts, whole databases through those of
// keyspace.ts), so accounting and the announcing of changes happen in one place each.
//
// Invariant (checked by tests after random commands): logical and allocated bytes, key and deadline counts of every
// namespace record equal what a walk over its entries adds up.

import { copy } from '../bytes/ascii.ts'
import type { Words } from '../bytes/words.ts'
import { Arena } from '../memory/arena.ts'
import { dictCount, dictFind, dictInsert, dictRemove, dictSetRef } from '../memory/dict.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { VIEWS } from '../values/views.ts'
import { Budget } from './budget.ts'
import {
  deadlineMs,
  entryBytes,
  FLAG_OUTSIDE,
  FLAG_SAVED,
  FLAG_TIMED,
  isTimed,
  keyLength,
  keyStart,
  overheadBytes,
  writeHeader,
} from './entry.ts'
import { DEFAULT_NAME } from './finder.ts'
import { bury } from './graves.ts'
import type { Arrivals, ChangeObserver } from './observers.ts'
import type { Place } from './place.ts'
import type { Saving } from './saving.ts'
import { DB_KEYS, NS_DB, NS_NAME_LENGTH } from './shard.ts'
import { retime, time, untime } from './timers.ts'

export abstract class KeyChanges extends Budget {
  readonly observers: ChangeObserver[] = []
  expired = 0
  /** Keys that went with all that was in their shard. */
  emptied = 0
  /** While all clients are paused: a key that is due counts as gone, but stays. */
  keepsExpired = false
  /** Whether observers want to hear of each new key ('new'). */
  announcesNew = false
  /** Undefined while no namespace has anything to say. */
  arrivals: Arrivals | undefined
  /** True while keys come with the deadlines that they had elsewhere, if any (RENAME, MOVE, COPY). */
  keepsDeadlines = false
  /** Changes since the last snapshot. */
  dirty = 0
  /** The save that runs, and the mark of entries that it need not write (any more): 0 or FLAG_SAVED. */
  saving: Saving | undefined
  savedMark = 0

  /** The line that every write ends with: counts the change and tells the observers. */
  commit(p: Place, event: string): void {
    this.dirty++
    this.announce(p, event)
  }

  /**
   * A value is spelled otherwise and means the same: a count that was worked out is kept in it, an encoding is another.
   * Counted, and told to the observers without an event, as Redis's signalModifiedKey. What a reader may do, too.
   */
  respelled(p: Place): void {
    this.commit(p, '')
  }

  /** A second event of the same change: told to the observers, not counted. */
  announce(p: Place, event: string): void {
    const { observers } = this
    for (let i = 0; i < observers.length; i++) observers[i]?.changed(p, event)
  }

  /** What is said of the key at `p`, which is there, before it changes or goes: a save that runs may have to write it first. */
  saveFirst(p: Place): void {
    if (((p.shard.arena.u8[p.entry + 7] ^ this.savedMark) & FLAG_SAVED) !== 0)
      this.saving?.before(p.shard, p.ns, p.entry)
  }

  /** TOUCH, which was counted as a use already: where hits are counted, they start anew. */
  resetHits(p: Place): void {
    const { i32 } = p.shard.arena
    const w = (p.entry + 8) >> 2
    i32[w] = this.uses.touched(i32[w], this.clock)
  }

  /**
   * Throws OOM unless the strings in words `first` (key), `first + 1` (value) and so on fit below the limit together, so
   * that a command that sets them all changes nothing when it fails.
   */
  reserve(words: Words, first: number): void {
    let need = 0
    for (let i = first; i + 1 < words.count; i += 2) {
      const bytes = words.ends[i] - words.starts[i] + words.ends[i + 1] - words.starts[i + 1]
      need += Arena.goodSize(overheadBytes(0, 0) + bytes)
    }
    this.fit(need)
    this.arrivals?.admit(words, first)
  }

  /**
   * Puts an entry with room for `inlineBytes` of value at `p`, in place of what was there. `deadline` is in ms, 0 for
   * none; `valueWord` and `outside` (0 or FLAG_OUTSIDE) as in entry.ts. The caller writes the value bytes afterwards.
   * `logicalBytes` is the value's share of the logical size. Throws OOM before any change.
   */
  put(
    p: Place,
    kind: number,
    valueWord: number,
    outside: number,
    inlineBytes: number,
    deadline: number,
    logicalBytes: number,
  ): number {
    const { arrivals } = this
    if (arrivals === undefined) return this.place(p, kind, valueWord, outside, inlineBytes, deadline, logicalBytes)
    const given = arrivals.deadlineOf(p, deadline)
    const e = this.place(p, kind, valueWord, outside, inlineBytes, given, logicalBytes)
    if (given !== deadline) this.announce(p, 'expire')
    return e
  }

  private place(
    p: Place,
    kind: number,
    valueWord: number,
    outside: number,
    inlineBytes: number,
    deadline: number,
    logicalBytes: number,
  ): number {
    const a = p.shard.arena
    const keyBytes = p.keyEnd - p.keyStart
    const flags = outside | this.savedMark | (deadline === 0 ? 0 : FLAG_TIMED)
    const need = overheadBytes(keyBytes, flags & FLAG_TIMED) + inlineBytes
    const old = p.entry
    if (old === 0) return this.insert(p, kind, valueWord, flags, need, deadline, logicalBytes)
    this.saveFirst(p)
    const oldBytes = entryBytes(a, old)
    const oldFlags = a.u8[old + 7]
    const logicalBefore = this.valueLogical(a, old)
    if ((oldFlags & FLAG_TIMED) === (flags & FLAG_TIMED) && Arena.goodSize(oldBytes) === Arena.goodSize(need)) {
      this.freeValue(p, old)
      a.i32[old >> 2] = valueWord
      a.u8[old + 6] = kind
      a.u8[old + 7] = flags
      if (deadline !== 0) retime(p, old, deadline)
      this.account(p.ns, a, logicalBytes - logicalBefore, 0)
      return old
    }
    const e = this.allocate(a, need)
    const access = a.i32[(old + 8) >> 2]
    writeHeader(a, e, valueWord, kind, flags, access, keyBytes)
    copy(a.u8, keyStart(a, e), p.buf, p.keyStart, p.keyEnd)
    this.freeValue(p, old)
    untime(p, old)
    if (deadline !== 0) time(p, e, deadline)
    dictSetRef(a, p.slot, e)
    p.entry = e
    this.account(p.ns, a, logicalBytes - logicalBefore, a.sizeOf(e) - a.sizeOf(old))
    a.free(old)
    return e
  }

  private insert(
    p: Place,
    kind: number,
    valueWord: number,
    flags: number,
    need: number,
    deadline: number,
    logical: number,
  ): number {
    const a = p.shard.arena
    const keyBytes = p.keyEnd - p.keyStart
    const e = this.allocate(a, need)
    this.epoch++
    const fresh = p.ns === 0 && !this.makeRoom(p)
    if (fresh) {
      const name = p.nsHash === 0 ? DEFAULT_NAME : p.nsBuf
      p.ns = p.shard.addNamespace(
        p.shard.database(p.db),
        p.nsHash,
        name,
        p.nsHash === 0 ? 0 : p.nsStart,
        p.nsHash === 0 ? name.length : p.nsEnd,
      )
    }
    const slot = p.ns === 0 ? 0 : dictInsert(a, p.ns, p.hash, e)
    if (slot === 0) {
      if (fresh && p.ns !== 0) p.shard.dropNamespace(p.ns)
      a.free(e)
      throw OOM_ARENA
    }
    writeHeader(a, e, valueWord, kind, flags, this.uses.fresh(this.clock), keyBytes)
    copy(a.u8, keyStart(a, e), p.buf, p.keyStart, p.keyEnd)
    if (deadline !== 0) time(p, e, deadline)
    p.slot = slot
    p.entry = e
    a.i32[(a.i32[(p.ns + NS_DB) >> 2] + DB_KEYS) >> 2]++
    this.account(p.ns, a, a.i32[(p.ns + NS_NAME_LENGTH) >> 2] + keyBytes + logical, a.sizeOf(e))
    if (this.announcesNew) this.announce(p, 'new')
    return e
  }

  /** Takes away a key at `p` that was kept beyond its deadline. True when its namespace is there after that. */
  private makeRoom(p: Place): boolean {
    if (!this.keepsExpired) return false
    p.ns = p.shard.namespace(p.db, p.nsHash, p.buf, p.nsStart, p.nsEnd)
    if (p.ns === 0) return false
    this.keepsExpired = false
    this.lookUp(p, dictFind(p.shard.arena, p.ns, p.hash))
    this.keepsExpired = true
    return p.ns !== 0
  }

  /** Removes the key at `p`; the place then says that it does not exist. Without announcing it. */
  drop(p: Place): void {
    this.saveFirst(p)
    this.epoch++
    const a = p.shard.arena
    const { ns, entry: e } = p
    this.account(ns, a, -(a.i32[(ns + NS_NAME_LENGTH) >> 2] + keyLength(a, e) + this.valueLogical(a, e)), -a.sizeOf(e))
    this.freeValue(p, e)
    untime(p, e)
    dictRemove(a, ns, p.slot)
    a.free(e)
    a.i32[(a.i32[(ns + NS_DB) >> 2] + DB_KEYS) >> 2]--
    p.slot = 0
    p.entry = 0
    if (dictCount(a, ns) === 0) {
      this.saving?.forget(p.shard, ns)
      p.shard.dropNamespace(ns)
      p.ns = 0
    }
  }

  /** DEL: removes the key at `p` and announces it. */
  remove(p: Place, event: string): void {
    this.drop(p)
    this.commit(p, event)
  }

  /** Gives the key at `p` a deadline in ms, or none with 0, keeping value and access word. Throws OOM before any change. */
  setDeadline(p: Place, deadline: number): void {
    const a = p.shard.arena
    const e = p.entry
    if (deadline !== 0 && isTimed(a, e)) {
      this.saveFirst(p)
      retime(p, e, deadline)
      return
    }
    if (deadline === 0 && !isTimed(a, e)) return
    const outside = a.u8[e + 7] & FLAG_OUTSIDE
    this.reshape(p, deadline, a.i32[e >> 2], outside, outside !== 0 ? 0 : a.i32[e >> 2])
  }

  /**
   * Moves the entry at `p` into a block of another shape: deadline (ms, 0 for none), place and size of the value. Key,
   * kind, access word and as much of an inline value as fits are kept. Throws OOM before any change.
   */
  reshape(p: Place, deadline: number, valueWord: number, outside: number, inlineBytes: number): void {
    const a = p.shard.arena
    const e = p.entry
    const oldFlags = a.u8[e + 7]
    const flags = outside | this.savedMark | (deadline === 0 ? 0 : FLAG_TIMED)
    const keyBytes = keyLength(a, e)
    const oldInline = (oldFlags & FLAG_OUTSIDE) !== 0 ? 0 : a.i32[e >> 2]
    const moved = a.alloc(overheadBytes(keyBytes, flags & FLAG_TIMED) + inlineBytes)
    if (moved === 0) throw OOM_ARENA
    this.saveFirst(p)
    writeHeader(a, moved, valueWord, a.u8[e + 6], flags, a.i32[(e + 8) >> 2], keyBytes)
    const from = keyStart(a, e)
    copy(a.u8, keyStart(a, moved), a.u8, from, from + keyBytes + Math.min(oldInline, inlineBytes))
    untime(p, e)
    if (deadline !== 0) time(p, moved, deadline)
    dictSetRef(a, p.slot, moved)
    p.entry = moved
    this.account(p.ns, a, 0, a.sizeOf(moved) - a.sizeOf(e))
    a.free(e)
    if (outside !== 0) this.ownValue(p)
  }

  /** Deadline of the key at `p` in ms, 0 for none. */
  deadline(p: Place): number {
    const a = p.shard.arena
    return isTimed(a, p.entry) ? deadlineMs(a, p.entry) : 0
  }

  override expire(p: Place): void {
    if (this.keepsExpired) {
      // So that a key that is put here has a look first (makeRoom).
      p.ns = 0
      return
    }
    this.expired++
    this.drop(p)
    // Not counted as a change: what a snapshot would hold of the key is dropped when it is loaded.
    this.announce(p, 'expired')
  }

  override expireFields(p: Place): void {
    if (this.keepsExpired) {
      p.ns = 0
      return
    }
    this.drop(p)
    // As when the last of its fields is freed. Whoever logs changes has not heard of the fields, and sees that the key is gone.
    this.announce(p, 'hexpired')
    this.announce(p, 'del')
  }

  /** Frees a value that lies outside its entry. */
  freeValue(p: Place, e: number): void {
    const a = p.shard.arena
    if ((a.u8[e + 7] & FLAG_OUTSIDE) === 0) return
    this.account(p.ns, a, 0, -this.valueAllocated(a, e))
    this.releaseValue(a, e)
  }

  /** Tells the value at `p` where its entry is now. */
  ownValue(p: Place): void {
    const a = p.shard.arena
    const kind = a.u8[p.entry + 6]
    const view = VIEWS[kind >> 4]
    if (view === undefined) return
    view.aim(this, a, a.i32[p.entry >> 2], kind & 15)
    view.own(p.entry, p.ns)
  }

  /**
   * Gives the blocks outside an entry back to the arena, those of a collection of more than `lazyBytes` in slices, without
   * accounting. True when it is left to the slices.
   */
  releaseValue(a: Arena, e: number, lazyBytes?: number): boolean {
    const kind = a.u8[e + 6]
    const block = a.i32[e >> 2]
    const view = VIEWS[kind >> 4]
    if (view === undefined) {
      a.free(block)
      return false
    }
    if (bury(this, a, block, kind, lazyBytes)) return true
    view.aim(this, a, block, kind & 15)
    view.release()
    return false
  }
}
