// Names that packed hashes share. Most small hashes of a program are like rows of a table: the same fields in the same order.
// The second hash that comes with certain names has them put into a block of their own, and all that come with them from then
// on keep the block's offset and their values only (FORM_SHARED). A hash whose fields change gets names of its own again; the
// block goes with the last hash that shares it. It belongs to no key: no value counts its bytes, only the arena does.
//
// block of names, a packed block (memory/packed-block.ts)
//    0  i32  hashes that share it      4  i32  hash of the names      8  i32  number of names     12  i32  used bytes
//   16  ...  names
//
// root of a hash that shares them, a packed block with the names' offset in place of the count
//    0  i32  allocated bytes           4  i32  logical bytes          8  i32  block of names      12  i32  used bytes
//   16  ...  values, in the order of the names
//
// root area of the arena, from ARENA_NAMES on: dict root, 16 bytes: blocks by the hash of their names
//                                              i32 x 16: hashes of names that came lately, each where its low bits say
//
//   find, make, take, drop     O(names)          a hash of ten fields of two bytes: 112 bytes instead of 152

import { copy, equals } from '../bytes/ascii.ts'
import type { KeyedHash } from '../bytes/siphash.ts'
import type { Words } from '../bytes/words.ts'
import { ARENA_ROOT, type Arena } from '../memory/arena.ts'
import { DICT_ROOT_BYTES, dictFind, dictInsert, dictNext, dictRef, dictRemove } from '../memory/dict.ts'
import { packedEquals, packedSkip } from '../memory/packed.ts'
import {
  PACKED_COUNT_AT,
  PACKED_USED_AT,
  packedCount,
  packedCreate,
  packedFirst,
  packedStop,
  packedUsed,
} from '../memory/packed-block.ts'

export const ARENA_NAMES = ARENA_ROOT + 12
const LATELY = 16
const LATELY_AT = (ARENA_NAMES + DICT_ROOT_BYTES) >> 2
export const ARENA_NAMES_BYTES = DICT_ROOT_BYTES + 4 * LATELY
/** Fields of a hash that shares: all of them are walked at once. */
export const MOST_SHARED_FIELDS = 64
/** Nobody asks whether there is room below the limit for them. */
const MOST_NAMES_BYTES = 4096
/** One name alone costs less than a share of it. */
export const LEAST_SHARED_FIELDS = 2

const SHARERS = 0
const HASH = 4

export type Fields = Pick<Words, 'buf' | 'starts' | 'ends' | 'count'>

/** The hash of names, one after the other: `before` is that of those before, 0 at first. */
export function namesHash(before: number, hasher: KeyedHash, buf: Uint8Array, start: number, end: number): number {
  return (Math.imul(before, 31) + hasher.hash(buf, start, end)) | 0
}

/** The block with the names of a hash that shares them. */
export const namesOf = (a: Arena, root: number): number => a.i32[(root + PACKED_COUNT_AT) >> 2]

/** The block with the names in the words first, first + 2, and so on; 0 when there is none. */
export function namesFind(a: Arena, hash: number, words: Fields, first: number): number {
  let slot = dictFind(a, ARENA_NAMES, hash)
  while (slot !== 0 && !areWords(a, dictRef(a, slot), words, first)) slot = dictNext(a, ARENA_NAMES, slot, hash)
  return slot === 0 ? 0 : dictRef(a, slot)
}

function areWords(a: Arena, names: number, { buf, starts, ends, count }: Fields, first: number): boolean {
  if (packedCount(a, names) * 2 !== count - first) return false
  const { u8 } = a
  let at = packedFirst(names)
  for (let i = first; i < count; i += 2) {
    if (!packedEquals(u8, at, buf, starts[i], ends[i])) return false
    at = packedSkip(u8, at)
  }
  return true
}

/**
 * The block with the names of the packed hash at `root`, made if they came lately. 0 when they did not, or there is no room.
 * The caller takes it, or it stays for nobody.
 */
export function namesFor(a: Arena, hash: number, root: number): number {
  let slot = dictFind(a, ARENA_NAMES, hash)
  while (slot !== 0 && !areFields(a, dictRef(a, slot), root)) slot = dictNext(a, ARENA_NAMES, slot, hash)
  if (slot !== 0) return dictRef(a, slot)
  const lately = LATELY_AT + (hash & (LATELY - 1))
  // A word is 0 at first, as the hash of one in 2^32 names is: those are shared one hash too early.
  if (a.i32[lately] === hash) return enter(a, hash, make(a, root))
  a.i32[lately] = hash
  return 0
}

function areFields(a: Arena, names: number, root: number): boolean {
  if (packedCount(a, names) * 2 !== packedCount(a, root)) return false
  const { u8 } = a
  const stop = packedStop(a, root)
  let name = packedFirst(names)
  for (let at = packedFirst(root); at < stop; ) {
    // The same text is the same bytes, and the first of them tell how many there are.
    const end = packedSkip(u8, at)
    for (; at < end; at++) if (u8[name++] !== u8[at]) return false
    at = packedSkip(u8, end)
  }
  return true
}

function make(a: Arena, root: number): number {
  const { u8, i32 } = a
  const first = packedFirst(root)
  const stop = packedStop(a, root)
  let bytes = 0
  for (let at = first; at < stop; ) {
    const end = packedSkip(u8, at)
    bytes += end - at
    at = packedSkip(u8, end)
  }
  const names = bytes > MOST_NAMES_BYTES ? 0 : packedCreate(a, bytes)
  if (names === 0) return 0
  let to = packedFirst(names)
  for (let at = first; at < stop; ) {
    const end = packedSkip(u8, at)
    to = copy(u8, to, u8, at, end)
    at = packedSkip(u8, end)
  }
  i32[(names + PACKED_COUNT_AT) >> 2] = packedCount(a, root) >> 1
  i32[(names + PACKED_USED_AT) >> 2] = bytes
  return names
}

/** Enters a new block, 0 for none; returns it, or 0 when there is no room. */
function enter(a: Arena, hash: number, names: number): number {
  if (names === 0) return 0
  a.i32[(names + SHARERS) >> 2] = 0
  a.i32[(names + HASH) >> 2] = hash
  if (dictInsert(a, ARENA_NAMES, hash, names) !== 0) return names
  a.free(names)
  return 0
}

/** The block in `to` with the same names as one in `a`; made if there is none. 0: there is no room. */
export function namesIn(to: Arena, a: Arena, names: number): number {
  if (to === a) return names
  const hash = a.i32[(names + HASH) >> 2]
  let slot = dictFind(to, ARENA_NAMES, hash)
  while (slot !== 0 && !areSame(to, dictRef(to, slot), a, names)) slot = dictNext(to, ARENA_NAMES, slot, hash)
  if (slot !== 0) return dictRef(to, slot)
  const used = packedUsed(a, names)
  const made = packedCreate(to, used)
  if (made !== 0) copy(to.u8, made, a.u8, names, packedFirst(names) + used)
  return enter(to, hash, made)
}

function areSame(to: Arena, one: number, a: Arena, other: number): boolean {
  const { u8 } = to
  return equals(u8, packedFirst(one), packedStop(to, one), a.u8, packedFirst(other), packedStop(a, other))
}

/** One hash more shares the block. */
export function namesTake(a: Arena, names: number): void {
  a.i32[(names + SHARERS) >> 2]++
}

/** One hash less shares the block, or the one that was to does not: it goes with the last. */
export function namesDrop(a: Arena, names: number): void {
  if (--a.i32[(names + SHARERS) >> 2] > 0) return
  const hash = a.i32[(names + HASH) >> 2]
  let slot = dictFind(a, ARENA_NAMES, hash)
  while (dictRef(a, slot) !== names) slot = dictNext(a, ARENA_NAMES, slot, hash)
  dictRemove(a, ARENA_NAMES, slot)
  a.free(names)
}
