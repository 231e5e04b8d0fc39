// What all collections have in common: a view on the value's blocks in an arena. A view is aimed at a value, used, and
// aimed at the next one, so working with a value makes no object. It knows nothing of keys.
//
// root block of every value
//    0  i32  bytes the arena has handed out for it, this block included    kept by store/collections.ts
//    4  i32  logical bytes of its elements                                 kept by the view: addLogical
//    8  ...  what the form needs
//
// A value may move its root and change its form while it grows; `root` and `form` then say so, and the store writes them
// into the entry. What a view throws it throws before it changes anything.

import type { KeyedHash } from '../bytes/siphash.ts'
import { Arena } from '../memory/arena.ts'
import { digGrave } from './graves.ts'
import type { Unwritten } from './unwritten.ts'

export const ROOT_ALLOCATED = 0
export const ROOT_LOGICAL = 4
/** The byte of a key's entry with its flags, and the one of them that a value sets by itself (store/entry.ts). */
export const ENTRY_FLAGS = 7
export const FLAG_FLEETING = 32
/** Where the form's own words start. */
export const ROOT_OWN = 8

/** Redis's limits up to which a collection stays in its small form; CONFIG SET changes them. */
export class CollectionLimits {
  /** Fields; bytes of a field or a value. */
  hashMaxListpackEntries = 512
  hashMaxListpackValueBytes = 64
  setMaxIntsetEntries = 512
  setMaxListpackEntries = 128
  setMaxListpackValueBytes = 64
  zsetMaxListpackEntries = 128
  zsetMaxListpackValueBytes = 64
  /** Of a HyperLogLog with its header. */
  hllSparseMaxBytes = 3000
}

/** Chance as a value needs it (store/random.ts). */
export interface RandomSource {
  /** 32 random bits, 0..2^32-1. */
  uint32(): number
  /** A whole number in 0..bound-1. */
  below(bound: number): number
}

/** What the store lends to the values in it. */
export interface ValueHost {
  readonly limits: CollectionLimits
  /** Places members and fields in their dicts. */
  readonly hasher: KeyedHash
  readonly random: RandomSource
  /** The clock of the running command, ms. */
  readonly nowMs: number
}

/** Stands for the bytes of an element that is visited. */
export type Visit = (buf: Uint8Array, start: number, end: number) => void

/** Whether a save writes the members of a sorted set from the smallest score on, as they are visited, or from the largest. */
export type SavedOrder = 'up' | 'down'

/** Where a visit of all elements ends. */
export const VISIT_END = -1
const VISIT_STEP = 1024

/** One element on its way back into a value: `width` runs of bytes of one buffer. */
export class RestoredElement {
  buf: Uint8Array = new Uint8Array(0)
  readonly starts = new Int32Array(3)
  readonly ends = new Int32Array(3)
}

/** The smallest arena: what a view looks at before it is aimed. */
const NOWHERE = new Arena(1 << 20)

export abstract class Value {
  a: Arena = NOWHERE
  root = 0
  form = 0
  /** What the arena had handed out when the present change began. */
  allocatedBefore = 0
  logicalBefore = 0
  private lender: ValueHost | undefined

  /** One of the TYPE_* numbers. */
  abstract readonly type: number

  /** Elements, members or fields. */
  abstract get count(): number

  /** Whether nobody would find anything in it: its key goes then. */
  get isEmpty(): boolean {
    return this.count === 0
  }

  /** Elements that a visit meets: also those that have expired and are counted for nobody. */
  get stored(): number {
    return this.count
  }

  /** Root of the dict in forms that Redis keeps as hash tables, 0 in others. */
  get table(): number {
    return 0
  }

  /**
   * The value is that of the key with this entry, in this namespace record: for those that have to find it again, or have
   * something to say in its flags.
   */
  own(_entry: number, _namespace: number): void {
    // Most values are found through their key only.
  }

  /** The value's key is gone: nobody is to come back to it. */
  disown(): void {
    // Most values are found through their key only.
  }

  /** Allocates an empty value at `a` in its smallest form and aims at it. Throws OOM_ARENA. */
  abstract create(host: ValueHost, a: Arena): void

  /** A new value has all its elements: it may take a form that only suits one that is complete. */
  complete(): void {
    // Most values grow as they are.
  }

  /** Frees all blocks of the value. */
  abstract release(): void

  /**
   * Frees about `most` elements of a value that is good for nothing else any more. Returns what the next call takes, 0 for
   * the first, or VISIT_END when all of it is freed. Forms that are a few blocks are freed at once.
   */
  releaseSome(_from: number, _most: number): number {
    this.release()
    return VISIT_END
  }

  /**
   * The value at `root`, with what few elements are to stay, takes the place of this one, which is freed in slices. `before`:
   * what the arena had handed out before `root` was built. False, and nothing changed: no room.
   */
  protected replaceBy(root: number, before: number): boolean {
    const { a } = this
    const old = this.root >> 2
    const entered = a.i32[old]
    const changed = before - this.allocatedBefore
    const built = a.allocatedBytes
    if (!digGrave(a, this.root, (this.type << 4) | this.form)) return false
    // The old value takes along what was entered for it, and the grave is nobody's: the account of this one goes on with `root`.
    a.i32[old] = entered + changed
    a.i32[root >> 2] = entered
    this.allocatedBefore += changed + entered + a.allocatedBytes - built
    this.root = root
    return true
  }

  /**
   * What a save has still to write of a value of which it has written what lies before a place, as visitFrom counts them.
   * Undefined: the value's form is one that is written at once. `order` is that of a sorted set.
   */
  unwritten(_from: number, _order: SavedOrder): Unwritten | undefined {
    return undefined
  }

  /** Makes a copy in `a`, which may be this value's own arena; returns its root, of the same form. Throws OOM_ARENA. */
  abstract copyTo(a: Arena): number

  /** Whether the order of the elements is part of the value. */
  abstract readonly order: 'given' | 'none'

  /** Visits that make one element: member and score make 2. */
  abstract readonly width: 1 | 2 | 3

  /**
   * Visits what makes two values equal, as text: the elements of a list or set, field then value, member then score. The
   * bytes are valid until the visit returns; nothing may be allocated in the arena meanwhile.
   */
  visit(visit: Visit): void {
    let at = 0
    while (at !== VISIT_END) at = this.visitFrom(at, VISIT_STEP, visit)
  }

  /**
   * Visits about `wanted` elements from a place on, 0 being the start, and returns the next place or VISIT_END. What a
   * place is only the view knows; it is good until the value changes.
   */
  abstract visitFrom(from: number, wanted: number, visit: Visit): number

  /**
   * Takes back an element as it was visited, at the end where order counts. False when it is none: no score, a member
   * that is there already. Throws OOM_ARENA.
   */
  abstract restore(element: RestoredElement): boolean

  get host(): ValueHost {
    if (this.lender === undefined) throw new Error('a view that was never aimed')
    return this.lender
  }

  aim(host: ValueHost, a: Arena, root: number, form: number): void {
    this.lender = host
    this.a = a
    this.root = root
    this.form = form
  }

  get logical(): number {
    return this.a.i32[(this.root + ROOT_LOGICAL) >> 2]
  }

  addLogical(bytes: number): void {
    this.a.i32[(this.root + ROOT_LOGICAL) >> 2] += bytes
  }
}
