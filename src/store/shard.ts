// A shard: an arena plus the roots of what lives in it. A key belongs to one shard by its hash, so a namespace has a
// record in every shard that holds keys of it. All state of the data is in arena words.
//
// root area of the arena (ROOT = ARENA_ROOT):
//    0  i32  time wheel        4  i32  first dead database record
//    8  i32  first grave (values/graves.ts)
//   12  80 bytes: names that hashes share (values/hash-names.ts)
//   92  i32 x databases: database record of each database number
//
// database record (its place in the table above says which number it has; SWAPDB swaps two places):
//    0  dict root, 16 bytes: namespaces by hash of their name
//   16  i32  database number, -1 once detached     20  i32  keys       24  i32  timed keys
//   28  i32  record of the namespace `default`     32  f64  sum of the deadlines of its timed keys
//   40  f64  logical bytes of its keys                48  i32  next dead record
//
// namespace record:
//    0  dict root, 16 bytes: entries by hash of (namespace, local key)
//   16  i32  hash of the name    20  i32  database record    24  i32  timed keys    28  i32  length of the name
//   32  f64  logical bytes       40  f64  allocated bytes of its entries and values
//   48  i32  how far the freeing of a detached namespace has come        56  f64  sum of the deadlines of its timed keys
//   64  ...  name

import { copy, equals } from '../bytes/ascii.ts'
import { ARENA_ROOT, Arena } from '../memory/arena.ts'
import { dictCount, dictFind, dictInsert, dictNext, dictRef, dictRemove, dictSetRef } from '../memory/dict.ts'
import { ARENA_WHEEL, wheelCreate } from '../memory/timewheel.ts'
import { ARENA_GRAVES } from '../values/graves.ts'
import { ARENA_NAMES, ARENA_NAMES_BYTES } from '../values/hash-names.ts'

const ROOT_WHEEL = ARENA_WHEEL
export const ROOT_DEAD = ARENA_ROOT + 4
export const ROOT_GRAVES = ARENA_GRAVES
const ROOT_DATABASES = ARENA_NAMES + ARENA_NAMES_BYTES

/** Pages given back in one step of giveBack, which takes about 0.2 ms. */
const GIVEN_BACK_BYTES = 2 << 20

export const DB_NUMBER = 16
export const DB_KEYS = 20
export const DB_TIMED = 24
export const DB_DEFAULT = 28
export const DB_DEADLINES = 32
export const DB_LOGICAL = 40
export const DB_NEXT_DEAD = 48
const DB_BYTES = 56

export const NS_HASH = 16
export const NS_DB = 20
export const NS_TIMED = 24
export const NS_NAME_LENGTH = 28
export const NS_LOGICAL = 32
export const NS_ALLOCATED = 40
export const NS_FREED = 48
export const NS_DEADLINES = 56
export const NS_NAME = 64

export class Shard {
  readonly arena: Arena
  /** Whether a reset has left pages behind. */
  givesBack = false
  private readonly databases: number

  constructor(capacityBytes: number, databases: number, nowMs: number) {
    this.arena = new Arena(capacityBytes, ROOT_DATABASES - ARENA_ROOT + 4 * databases)
    this.databases = databases
    this.init(nowMs)
  }

  private init(nowMs: number): void {
    const { arena } = this
    arena.i32[ROOT_WHEEL >> 2] = wheelCreate(arena, nowMs)
    for (let db = 0; db < this.databases; db++) this.attach(db, this.newDatabase())
  }

  /** Everything away at once; memory goes back to the system with giveBack. */
  reset(nowMs: number): void {
    this.arena.reset()
    this.init(nowMs)
    this.givesBack = true
  }

  /** Gives some of the pages back that a reset has left behind; false when there are no more. */
  giveBack(): boolean {
    this.givesBack &&= this.arena.lowerTop(GIVEN_BACK_BYTES)
    return this.givesBack
  }

  newDatabase(): number {
    const { arena } = this
    const record = arena.alloc(DB_BYTES)
    if (record === 0) return 0
    arena.i32.fill(0, record >> 2, (record + DB_BYTES) >> 2)
    return record
  }

  database(db: number): number {
    return this.arena.i32[(ROOT_DATABASES >> 2) + db]
  }

  attach(db: number, record: number): void {
    this.arena.i32[(ROOT_DATABASES >> 2) + db] = record
    this.arena.i32[(record + DB_NUMBER) >> 2] = db
  }

  get wheel(): number {
    return this.arena.i32[ROOT_WHEEL >> 2]
  }

  /** Record of a namespace, 0 when it has no keys here. `hash` 0 is `default`. */
  namespace(db: number, hash: number, buf: Uint8Array, start: number, end: number): number {
    const { i32, u8 } = this.arena
    const record = i32[(ROOT_DATABASES >> 2) + db]
    if (hash === 0) return i32[(record + DB_DEFAULT) >> 2]
    let slot = dictFind(this.arena, record, hash)
    while (slot !== 0) {
      const ns = dictRef(this.arena, slot)
      const length = i32[(ns + NS_NAME_LENGTH) >> 2]
      if (length === end - start && equals(u8, ns + NS_NAME, ns + NS_NAME + length, buf, start, end)) return ns
      slot = dictNext(this.arena, record, slot, hash)
    }
    return 0
  }

  /** A new record for a namespace that has none in this database; 0 when there is no room. */
  addNamespace(record: number, hash: number, buf: Uint8Array, start: number, end: number): number {
    const { arena } = this
    const ns = arena.alloc(NS_NAME + end - start)
    if (ns === 0) return 0
    arena.i32.fill(0, ns >> 2, (ns + NS_NAME) >> 2)
    arena.i32[(ns + NS_HASH) >> 2] = hash
    arena.i32[(ns + NS_DB) >> 2] = record
    arena.i32[(ns + NS_NAME_LENGTH) >> 2] = end - start
    copy(arena.u8, ns + NS_NAME, buf, start, end)
    if (!this.list(record, ns)) {
      arena.free(ns)
      return 0
    }
    return ns
  }

  private list(record: number, ns: number): boolean {
    if (!this.announceTo(record, ns)) return false
    if (this.arena.i32[(ns + NS_HASH) >> 2] === 0) this.arena.i32[(record + DB_DEFAULT) >> 2] = ns
    return true
  }

  private unlist(record: number, ns: number): void {
    const { i32 } = this.arena
    if (i32[(record + DB_DEFAULT) >> 2] === ns) i32[(record + DB_DEFAULT) >> 2] = 0
    this.withdrawFrom(record, ns)
  }

  // A namespace moves from one database record to another in two steps, so that several can move or none: all are announced
  // to where they go, which may fail and can be withdrawn, then all are handed over, which cannot.

  /** Enters a namespace into the table of a database record, which does not count its keys yet. False: there is no room. */
  announceTo(record: number, ns: number): boolean {
    const { arena } = this
    return dictInsert(arena, record, arena.i32[(ns + NS_HASH) >> 2], ns) !== 0
  }

  withdrawFrom(record: number, ns: number): void {
    const { arena } = this
    const hash = arena.i32[(ns + NS_HASH) >> 2]
    let slot = dictFind(arena, record, hash)
    while (slot !== 0 && dictRef(arena, slot) !== ns) slot = dictNext(arena, record, slot, hash)
    if (slot !== 0) dictRemove(arena, record, slot)
  }

  /** The namespace that was announced to a record now belongs to it, with all that is counted of its keys. */
  handOver(ns: number, to: number): void {
    const { i32 } = this.arena
    const from = i32[(ns + NS_DB) >> 2]
    this.unlist(from, ns)
    if (i32[(ns + NS_HASH) >> 2] === 0) i32[(to + DB_DEFAULT) >> 2] = ns
    i32[(ns + NS_DB) >> 2] = to
    this.countNamespace(from, ns, -1)
    this.countNamespace(to, ns, 1)
  }

  /** Moves a namespace into another database record, which must not have one of its name. False: no room, nothing changed. */
  private rehome(ns: number, record: number): boolean {
    if (!this.announceTo(record, ns)) return false
    this.handOver(ns, record)
    return true
  }

  /** Adds what a database record counts of a namespace, or takes it off. */
  private countNamespace(record: number, ns: number, sign: 1 | -1): void {
    const { arena } = this
    const { i32, f64 } = arena
    i32[(record + DB_KEYS) >> 2] += sign * dictCount(arena, ns)
    i32[(record + DB_TIMED) >> 2] += sign * i32[(ns + NS_TIMED) >> 2]
    f64[(record + DB_DEADLINES) >> 3] += sign * f64[(ns + NS_DEADLINES) >> 3]
    f64[(record + DB_LOGICAL) >> 3] += sign * f64[(ns + NS_LOGICAL) >> 3]
  }

  /** Takes a namespace record without keys out of its database and frees it. */
  dropNamespace(ns: number): void {
    const { arena } = this
    this.unlist(arena.i32[(ns + NS_DB) >> 2], ns)
    arena.free(ns)
  }

  /** Puts an empty record in the place of a database's; what it held is freed in slices. */
  detach(db: number, fresh: number): void {
    const old = this.database(db)
    this.attach(db, fresh)
    this.bury(old)
  }

  /** A record for a namespace that is about to be detached from its database; 0 when there is no room. */
  makeGrave(ns: number): number {
    const grave = this.newDatabase()
    if (grave === 0 || this.announceTo(grave, ns)) return grave
    this.arena.free(grave)
    return 0
  }

  /** Gives up such a record. */
  dropGrave(ns: number, grave: number): void {
    this.withdrawFrom(grave, ns)
    this.arena.free(grave)
  }

  /** Detaches the namespace: it is freed in slices. */
  detachNamespace(ns: number, grave: number): void {
    this.handOver(ns, grave)
    this.bury(grave)
  }

  /** Leaves a database record to those who free in slices. */
  bury(record: number): void {
    const { i32 } = this.arena
    i32[(record + DB_NUMBER) >> 2] = -1
    i32[(record + DB_NEXT_DEAD) >> 2] = i32[ROOT_DEAD >> 2]
    i32[ROOT_DEAD >> 2] = record
  }

  swap(a: number, b: number): void {
    const recordA = this.database(a)
    this.attach(a, this.database(b))
    this.attach(b, recordA)
  }

  /**
   * Exchanges what two databases have of one namespace; the arguments are its records in them, 0 for none. False: no room,
   * nothing changed.
   */
  swapNamespace(a: number, nsInA: number, b: number, nsInB: number): boolean {
    const recordA = this.database(a)
    const recordB = this.database(b)
    if (nsInA === 0 || nsInB === 0) {
      return (nsInA === 0 || this.rehome(nsInA, recordB)) && (nsInB === 0 || this.rehome(nsInB, recordA))
    }
    // Each takes the place of the other, so that no table needs room.
    this.replace(recordA, nsInA, nsInB)
    this.replace(recordB, nsInB, nsInA)
    return true
  }

  /** Puts `after`, of the same name, where `before` is in a database record. */
  private replace(record: number, before: number, after: number): void {
    const { arena } = this
    const hash = arena.i32[(before + NS_HASH) >> 2]
    let slot = dictFind(arena, record, hash)
    while (dictRef(arena, slot) !== before) slot = dictNext(arena, record, slot, hash)
    dictSetRef(arena, slot, after)
    if (hash === 0) arena.i32[(record + DB_DEFAULT) >> 2] = after
    this.countNamespace(record, before, -1)
    this.countNamespace(record, after, 1)
    arena.i32[(after + NS_DB) >> 2] = record
  }
}
