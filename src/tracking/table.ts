// The invalidation table: which clients may hold copies of which keys. Clients are numbers here, keys the names by which
// all namespaces are told apart. It lies in an arena of its own, so its bytes have a limit, whatever clients read.
//
//   dict of (hash, block) ──► a block for each key
//                               0  its reader; or, when it has several, minus the offset of a dict of their numbers
//                               4  length of the name
//                               8  the name
//
//   a key with a name of 20 bytes and one reader   10.5 + 32 bytes
//   its second reader 40 bytes, each further one   10.5 bytes
//   add, take                                      a dict's, and one block read

import { equals } from '../bytes/ascii.ts'
import { ARENA_ROOT, Arena } from '../memory/arena.ts'
import {
  DICT_ROOT_BYTES,
  DictWalk,
  dictClear,
  dictCount,
  dictFind,
  dictInsert,
  dictNext,
  dictRandom,
  dictRef,
  dictRemove,
} from '../memory/dict.ts'

const HEAD_BYTES = 8
/** Odd, so that no two numbers have one hash. The golden ratio, as multiplicative hashing wants it (Knuth). */
const SPREAD = 0x9e3779b1
/** Pairs that a walk looks at in one step. */
const STEP = 256

const NONE: readonly number[] = []

const hashOf = (reader: number): number => Math.imul(reader, SPREAD)

export class TrackingTable {
  /** Pairs of key and reader. */
  items = 0
  private readonly arena: Arena
  private walk = new DictWalk(ARENA_ROOT)

  constructor(capacityBytes: number) {
    this.arena = new Arena(capacityBytes, DICT_ROOT_BYTES)
  }

  get keys(): number {
    return dictCount(this.arena, ARENA_ROOT)
  }

  get allocatedBytes(): number {
    return this.arena.allocatedBytes
  }

  /** False: it has no key of this hash. */
  mayHave(hash: number): boolean {
    return dictFind(this.arena, ARENA_ROOT, hash) !== 0
  }

  /** Notes that a client, a positive int32, may hold a key. False when there is no room for that. */
  add(hash: number, name: Uint8Array, reader: number): boolean {
    const slot = this.find(hash, name)
    return slot === 0 ? this.addKey(hash, name, reader) : this.addReader(dictRef(this.arena, slot), reader)
  }

  /** Forgets a key; returns who has read it. */
  take(hash: number, name: Uint8Array): readonly number[] {
    const slot = this.find(hash, name)
    return slot === 0 ? NONE : this.takeSlot(slot)
  }

  /** The same with any key; undefined when there is none. `random` returns 0..2^32-1. */
  takeAny(random: () => number): { readonly name: Uint8Array; readonly readers: readonly number[] } | undefined {
    const a = this.arena
    const slot = dictRandom(a, ARENA_ROOT, random)
    if (slot === 0) return undefined
    const start = dictRef(a, slot) + HEAD_BYTES
    const name = a.u8.slice(start, start + a.i32[(dictRef(a, slot) >> 2) + 1])
    return { name, readers: this.takeSlot(slot) }
  }

  clear(): void {
    this.arena.reset()
    this.arena.trim()
    this.items = 0
    this.walk = new DictWalk(ARENA_ROOT)
  }

  /**
   * Forgets readers that are gone, some keys after where it stopped; it looks at about `wanted` pairs of key and reader.
   * False when it came to the end.
   */
  sweep(isGone: (reader: number) => boolean, wanted: number): boolean {
    const { walk, arena: a } = this
    const { batch } = walk
    for (let left = wanted; left > 0; left -= STEP) {
      if (!walk.step(a, STEP)) {
        this.walk = new DictWalk(ARENA_ROOT)
        return false
      }
      for (let i = 0; i < batch.length; i++) {
        left -= this.sweepKey(batch.hashes[i] as number, batch.refs[i] as number, isGone)
      }
    }
    return true
  }

  /** Returns how many readers were looked at beyond the first. */
  private sweepKey(hash: number, block: number, isGone: (reader: number) => boolean): number {
    const readers = this.readersAt(block)
    const gone = readers.filter(isGone)
    if (gone.length === readers.length) {
      let slot = dictFind(this.arena, ARENA_ROOT, hash)
      while (dictRef(this.arena, slot) !== block) slot = dictNext(this.arena, ARENA_ROOT, slot, hash)
      this.free(slot, block, readers.length)
    } else {
      const a = this.arena
      const root = -(a.i32[block >> 2] as number)
      for (const reader of gone) dictRemove(a, root, dictFind(a, root, hashOf(reader)))
      this.items -= gone.length
    }
    return readers.length - 1
  }

  private find(hash: number, name: Uint8Array): number {
    const a = this.arena
    for (let slot = dictFind(a, ARENA_ROOT, hash); slot !== 0; slot = dictNext(a, ARENA_ROOT, slot, hash)) {
      const block = dictRef(a, slot)
      const start = block + HEAD_BYTES
      if (equals(a.u8, start, start + a.i32[(block >> 2) + 1], name, 0, name.length)) return slot
    }
    return 0
  }

  private addKey(hash: number, name: Uint8Array, reader: number): boolean {
    const a = this.arena
    const block = a.alloc(HEAD_BYTES + name.length)
    if (block === 0) return false
    if (dictInsert(a, ARENA_ROOT, hash, block) === 0) {
      a.free(block)
      return false
    }
    a.i32[block >> 2] = reader
    a.i32[(block >> 2) + 1] = name.length
    a.u8.set(name, block + HEAD_BYTES)
    this.items++
    return true
  }

  private addReader(block: number, reader: number): boolean {
    const a = this.arena
    const only = a.i32[block >> 2]
    if (only === reader) return true
    const root = only < 0 ? -only : this.makeReaders(block)
    if (root === 0) return false
    if (dictFind(a, root, hashOf(reader)) !== 0) return true
    if (dictInsert(a, root, hashOf(reader), reader) === 0) return false
    this.items++
    return true
  }

  /** Gives a key with one reader a dict for more. Returns its offset; 0: no room. */
  private makeReaders(block: number): number {
    const a = this.arena
    const only = a.i32[block >> 2]
    const root = a.alloc(DICT_ROOT_BYTES)
    if (root === 0) return 0
    a.i32.fill(0, root >> 2, (root + DICT_ROOT_BYTES) >> 2)
    if (dictInsert(a, root, hashOf(only), only) === 0) {
      a.free(root)
      return 0
    }
    a.i32[block >> 2] = -root
    return root
  }

  private readersAt(block: number): number[] {
    const a = this.arena
    const only = a.i32[block >> 2]
    if (only > 0) return [only]
    const readers: number[] = []
    const walk = new DictWalk(-only)
    while (walk.step(a, STEP)) for (let i = 0; i < walk.batch.length; i++) readers.push(walk.batch.refs[i] as number)
    return readers
  }

  private takeSlot(slot: number): readonly number[] {
    const block = dictRef(this.arena, slot)
    const readers = this.readersAt(block)
    this.free(slot, block, readers.length)
    return readers
  }

  private free(slot: number, block: number, readers: number): void {
    const a = this.arena
    const only = a.i32[block >> 2]
    if (only < 0) {
      dictClear(a, -only)
      a.free(-only)
    }
    dictRemove(a, ARENA_ROOT, slot)
    a.free(block)
    this.items -= readers
  }
}
