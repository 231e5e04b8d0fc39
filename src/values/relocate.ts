// Moving values out of slabs that are to run empty (memory/emptying.ts). The root of a value moves by itself, and with it all
// of a small form; the parts of a large one in steps, each a segment, a leaf or a directory block with what hangs on it.

import type { Arena } from '../memory/arena.ts'
import { dequeMove } from '../memory/deque.ts'
import { DICT_ROOT_BYTES, dictFind, dictNext, dictRef, dictSetRef } from '../memory/dict.ts'
import { dictMove, stay } from '../memory/dict-move.ts'
import { fieldsMove } from '../memory/fields.ts'
import { membersMove } from '../memory/members.ts'
import { scoredLength, scoredStart } from '../memory/scored.ts'
import { treeCount } from '../memory/tree.ts'
import { treeMoveLeaf } from '../memory/tree-move.ts'
import { FIELDS, mapMoved } from './hash-map.ts'
import {
  FORM_HASHTABLE,
  FORM_LISTPACK_EX,
  FORM_QUICKLIST,
  FORM_SKIPLIST,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_ZSET,
} from './types.ts'
import { ROOT_OWN, type ValueHost, VISIT_END } from './value.ts'

const ALL_HASHES = 0x1_0000_0000
/** The roots that a large sorted set has (zset.ts). */
const ZSET_DICT = ROOT_OWN
const ZSET_TREE = ROOT_OWN + DICT_ROOT_BYTES

/** Moves some of a value's parts, from a place on, 0 at first. Returns the next place, or VISIT_END. */
type MoveSome = (host: ValueHost, a: Arena, root: number, from: number) => number

const kindOf = (type: number, form: number): number => (type << 4) | form
const nextHash = (next: number): number => (next === ALL_HASHES ? VISIT_END : next)
const moveMap: MoveSome = (_host, a, root, from) => nextHash(fieldsMove(a, root + FIELDS, from))

/** By kind; what is not here is all in its root. */
const MOVERS: ReadonlyMap<number, MoveSome> = new Map([
  [kindOf(TYPE_HASH, FORM_HASHTABLE), moveMap],
  [kindOf(TYPE_HASH, FORM_LISTPACK_EX), moveMap],
  [kindOf(TYPE_SET, FORM_HASHTABLE), (_host, a, root, from) => nextHash(membersMove(a, root + ROOT_OWN, from))],
  [kindOf(TYPE_LIST, FORM_QUICKLIST), (_host, a, root, from) => dequeMove(a, root, from) || VISIT_END],
  [kindOf(TYPE_ZSET, FORM_SKIPLIST), moveSortedSet],
])

/** A place below 2^32 is a hash of the dict, one from there on 2^32 and a rank. */
function moveSortedSet(host: ValueHost, a: Arena, root: number, from: number): number {
  if (from < ALL_HASHES) return dictMove(a, root + ZSET_DICT, from, stay)
  const rank = from - ALL_HASHES
  const count = treeCount(a, root + ZSET_TREE)
  if (rank >= count) return VISIT_END
  const next = treeMoveLeaf(a, root + ZSET_TREE, rank, (old, to) => {
    const start = scoredStart(a.u8, to)
    const hash = host.hasher.hash(a.u8, start, start + scoredLength(a.u8, to))
    let slot = dictFind(a, root + ZSET_DICT, hash)
    while (dictRef(a, slot) !== old) slot = dictNext(a, root + ZSET_DICT, slot, hash)
    dictSetRef(a, slot, to)
  })
  return next >= count ? VISIT_END : ALL_HASHES + next
}

/** Where the root of a value of this kind (type << 4 | form) lies now. The caller writes it into the entry. */
export function moveRoot(a: Arena, root: number, kind: number): number {
  return MOVERS.get(kind) === moveMap ? mapMoved(a, root) : a.moved(root)
}

/** Moves some of a collection's parts that are not in its root: see MoveSome. Any place is good for any value. */
export function moveParts(host: ValueHost, a: Arena, root: number, kind: number, from: number): number {
  const mover = MOVERS.get(kind)
  return mover === undefined ? VISIT_END : mover(host, a, root, from)
}
