// A sorted set: members with a score each, in the order of score, then bytes. Small it is a packed block of pairs
// (zset-pairs.ts), large a dict of members that a tree keeps in order; it does not become small again.
//
//   listpack   root = packed block: member, score, member, score ...
//   skiplist   root, 40 bytes:    8  dict root (memory/dict.ts), hash of a member ──► scored member
//                                24  tree root (memory/tree.ts), in order         ──► scored member (memory/scored.ts)
//
//   find, score        O(1), and O(n) while small         100,000 members of 10 bytes: about 55 bytes each
//   insert, remove, rank, place of a bound     O(log n)
//   walk from a rank   O(log n), then O(1) a member
//
// `find` leaves where the member is, and `rescore`, `remove` and `insert` go on from there: none looks it up again.

import { parseDouble } from '../bytes/double.ts'
import type { Arena } from '../memory/arena.ts'
import { dictFind, dictInsert, dictNext, dictRef, dictRemove } from '../memory/dict.ts'
import { membersFree } from '../memory/members.ts'
import { PackedElement } from '../memory/packed.ts'
import { packedAt, packedCreate, packedStop, packedUsed } from '../memory/packed-block.ts'
import { makeScored, scoredEquals, scoredLength, scoredStart, scoreOf, setScore } from '../memory/scored.ts'
import {
  isLeafGone,
  treeAppend,
  treeBefore,
  treeCount,
  treeCut,
  treeInsert,
  treeMove,
  treeRemove,
} from '../memory/tree.ts'
import { TreeKey } from '../memory/tree-node.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { FORM_LISTPACK, FORM_SKIPLIST, TYPE_ZSET } from './types.ts'
import { type Unwritten, unwritten } from './unwritten.ts'
import { UnwrittenTree } from './unwritten-tree.ts'
import {
  type RestoredElement,
  ROOT_ALLOCATED,
  ROOT_LOGICAL,
  type SavedOrder,
  type ValueHost,
  VISIT_END,
} from './value.ts'
import { DICT_AT, freeLarge, newLarge, TREE_AT, touchLeaf } from './zset-large.ts'
import {
  pairFind,
  pairIndex,
  pairInsert,
  pairPlace,
  pairScore,
  pairSkip,
  pairsBefore,
  pairsRemove,
} from './zset-pairs.ts'
import { SortedSetWalk } from './zset-walk.ts'

/** What a score counts in the logical size. */
const SCORE_BYTES = 8
/** Room of a new packed block: a few short members. */
const FIRST_BYTES = 48
/** Block, pair of the dict and place in the tree of a member, beside its bytes. */
const MEMBER_BYTES = 64
/** What a segment of the dict, a leaf and inner nodes take at once. */
const GROWTH_BYTES = 8192
/** Of so many that go, and half as many that stay, these are put together anew: less work, and the others go in slices. */
const REBUILT_LEAST = 1024
/** Smaller sets lie in the processor's cache, so looking ahead gains nothing. */
const TOUCHED_LEAST = 4096
/** Members cut out of the tree in one go. */
const CUT_TOGETHER = 64

const key = new TreeKey()
const moved = new TreeKey()
const element = new PackedElement()
const cutRefs = new Int32Array(CUT_TOGETHER)

export class SortedSet extends SortedSetWalk {
  readonly type = TYPE_ZSET
  readonly order = 'none'
  readonly width = 2

  /** Whether -0 is not to become 0, as it does in a packed set: one of replies, which is never packed in Redis. */
  keepsZeroSign = false
  /** What find met: place of the pair, or slot of the dict. */
  private found = 0
  private hash = 0

  create(host: ValueHost, a: Arena): void {
    const root = packedCreate(a, FIRST_BYTES)
    if (root === 0) throw OOM_ARENA
    this.aim(host, a, root, FORM_LISTPACK)
  }

  /** Bytes that suffice for `n` more members of `bytes` bytes together, a change of form included. */
  roomFor(n: number, bytes: number): number {
    const moved = this.isSmall ? this.count * MEMBER_BYTES + 2 * this.logical : GROWTH_BYTES
    return moved + n * MEMBER_BYTES + 2 * bytes
  }

  release(): void {
    if (this.isSmall) this.a.free(this.root)
    else freeLarge(this.a, this.root)
  }

  /** The tree goes first, and the members with the dict. */
  override releaseSome(from: number, most: number): number {
    const { a, root } = this
    if (!this.isSmall) {
      for (let left = most; left > 0 && treeCount(a, root + TREE_AT) > 0; )
        left -= treeCut(a, root + TREE_AT, 0, left, cutRefs)
      if (treeCount(a, root + TREE_AT) > 0) return 0
      const next = membersFree(a, root + DICT_AT, from, most)
      if (next !== 0) return next
    }
    a.free(root)
    return VISIT_END
  }

  copyTo(b: Arena): number {
    const { a, root } = this
    const copy = this.isSmall ? b.alloc(packedStop(a, root) - root) : this.largeCopy(b)
    if (copy === 0) throw OOM_ARENA
    if (this.isSmall) b.u8.set(a.u8.subarray(root, packedStop(a, root)), copy)
    return copy
  }

  // ---- one member -------------------------------------------------------------------------------------------------

  /** Whether buf[start, end) is a member; `score` is its score then. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    const { a, root } = this
    if (this.isSmall) {
      this.found = pairFind(a, root, buf, start, end)
      if (this.found === 0) return false
      this.score = pairScore(a.u8, this.found)
      return true
    }
    const hash = this.host.hasher.hash(buf, start, end)
    this.hash = hash
    let slot = dictFind(a, root + DICT_AT, hash)
    while (slot !== 0) {
      const ref = dictRef(a, slot)
      if (scoredEquals(a.u8, ref, buf, start, end)) {
        this.found = slot
        this.score = scoreOf(a, ref)
        return true
      }
      slot = dictNext(a, root + DICT_AT, slot, hash)
    }
    return false
  }

  /** Adds the member that find has just not met. Throws OOM_ARENA before any change. */
  insert(score: number, buf: Uint8Array, start: number, end: number): void {
    const { limits } = this.host
    if (this.isSmall) {
      const fits = this.count < limits.zsetMaxListpackEntries && end - start <= limits.zsetMaxListpackValueBytes
      if (fits && !(this.keepsZeroSign && Object.is(score, -0))) {
        this.insertPair(score, buf, start, end)
        this.addLogical(SCORE_BYTES + end - start)
        return
      }
      this.enlarge()
      this.hash = this.host.hasher.hash(buf, start, end)
    }
    const { a, root } = this
    const ref = makeScored(a, score, buf, start, end)
    if (ref === 0) throw OOM_ARENA
    if (dictInsert(a, root + DICT_AT, this.hash, ref) === 0) {
      a.free(ref)
      throw OOM_ARENA
    }
    key.member(score, buf, start, end, false)
    if (!treeInsert(a, root + TREE_AT, key, ref)) {
      this.dropFromDict(ref, this.hash)
      a.free(ref)
      throw OOM_ARENA
    }
    unwritten.of(a, root)?.added(ref)
    this.addLogical(SCORE_BYTES + end - start)
  }

  /** Adds a member that is known not to be there. Throws OOM_ARENA before any change. */
  add(score: number, buf: Uint8Array, start: number, end: number): void {
    if (!this.isSmall) this.hash = this.host.hasher.hash(buf, start, end)
    this.insert(score, buf, start, end)
  }

  /** The member that find has met, buf[start, end), gets another score. Throws OOM_ARENA before any change. */
  rescore(score: number, buf: Uint8Array, start: number, end: number): void {
    const { a, root } = this
    if (this.isSmall) {
      this.rescorePair(score, buf, start, end)
      return
    }
    const ref = dictRef(a, this.found)
    const rest = unwritten.of(a, root)
    rest?.leaves(ref)
    key.member(this.score, buf, start, end, false)
    moved.member(score, buf, start, end, false)
    const fits = treeMove(a, root + TREE_AT, key, ref, moved)
    if (fits) setScore(a, ref, score)
    rest?.added(ref)
    if (!fits) throw OOM_ARENA
  }

  /** Takes out the member that find has met, buf[start, end). */
  remove(buf: Uint8Array, start: number, end: number): void {
    const { a, root } = this
    this.addLogical(-(SCORE_BYTES + end - start))
    if (this.isSmall) {
      this.root = pairsRemove(a, root, this.found, 1)
      return
    }
    const ref = dictRef(a, this.found)
    unwritten.of(a, root)?.leaves(ref)
    key.member(this.score, buf, start, end, false)
    treeRemove(a, root + TREE_AT, key, ref)
    dictRemove(a, root + DICT_AT, this.found)
    a.free(ref)
  }

  /** Rank of the member that find has met, buf[start, end). */
  rank(buf: Uint8Array, start: number, end: number): number {
    if (this.isSmall) return pairIndex(this.a, this.root, this.found)
    key.member(this.score, buf, start, end, false)
    return treeBefore(this.a, this.root + TREE_AT, key)
  }

  // ---- ranges of ranks --------------------------------------------------------------------------------------------

  /** How many members lie before a place (memory/tree-node.ts). */
  before(place: TreeKey): number {
    if (this.isSmall) return pairsBefore(this.a, this.root, place)
    return treeBefore(this.a, this.root + TREE_AT, place)
  }

  /** Takes out `n` members from `rank` on; they must be there. */
  cut(rank: number, n: number): void {
    if (n <= 0) return
    const { a, root } = this
    if (!this.isSmall) {
      const kept = this.count - n
      if (n >= REBUILT_LEAST && kept <= n >> 1 && this.keepBut(rank, n)) return
      for (let left = n; left > 0; ) left -= this.cutSome(rank, left)
      return
    }
    const at = packedAt(a, root, 2 * rank)
    let bytes = 0
    for (let i = 0, pair = at; i < n; i++, pair = pairSkip(a.u8, pair)) {
      element.read(a.u8, pair)
      bytes += SCORE_BYTES + element.textLength
    }
    this.addLogical(-bytes)
    this.root = pairsRemove(a, root, at, n)
  }

  override unwritten(from: number, order: SavedOrder): Unwritten | undefined {
    return this.isSmall ? undefined : new UnwrittenTree(this, this.root + TREE_AT, from, order)
  }

  restore(element: RestoredElement): boolean {
    const { buf, starts, ends } = element
    const score = parseDouble(buf, starts[1], ends[1])
    if (score === undefined || this.find(buf, starts[0], ends[0])) return false
    // Only a large set has this score, and a small one would lose its sign.
    if (Object.is(score, -0) && this.isSmall) this.enlarge()
    this.insert(score, buf, starts[0], ends[0])
    return true
  }

  // ---- small form -------------------------------------------------------------------------------------------------

  private insertPair(score: number, buf: Uint8Array, start: number, end: number): void {
    key.member(score, buf, start, end, false)
    const block = pairInsert(this.a, this.root, pairPlace(this.a, this.root, key), score, buf, start, end)
    if (block === 0) throw OOM_ARENA
    this.root = block
  }

  private rescorePair(score: number, buf: Uint8Array, start: number, end: number): void {
    const { a, root, found } = this
    key.member(score, buf, start, end, false)
    const place = pairPlace(a, root, key)
    const used = packedUsed(a, root)
    const block = pairInsert(a, root, place, score, buf, start, end)
    if (block === 0) throw OOM_ARENA
    const grown = packedUsed(a, block) - used
    this.root = pairsRemove(a, block, found - root + block + (place <= found ? grown : 0), 1)
  }

  /** Makes a small set large. Throws OOM_ARENA before any change. */
  enlarge(): void {
    const { a, root } = this
    const large = this.largeCopy(a)
    if (large === 0) throw OOM_ARENA
    a.i32[(large + ROOT_ALLOCATED) >> 2] = a.i32[(root + ROOT_ALLOCATED) >> 2]
    a.free(root)
    this.root = large
    this.form = FORM_SKIPLIST
  }

  // ---- large form -------------------------------------------------------------------------------------------------

  /** Root of a large set in `b` with these members; 0 when there is no room. */
  private largeCopy(b: Arena): number {
    const root = newLarge(b)
    return root !== 0 && this.copyMembers(b, root, 0, this.count) ? root : 0
  }

  /** Adds the members of ranks [from, to) to the large set at `root` in `b`, behind its own. Without room it is freed. */
  private copyMembers(b: Arena, root: number, from: number, to: number): boolean {
    if (from < to) this.seek(from, to - from)
    for (let i = from; i < to; i++) {
      const ref = makeScored(b, this.score, this.buf, this.start, this.end)
      const hash = this.host.hasher.hash(this.buf, this.start, this.end)
      if (
        ref === 0 ||
        dictInsert(b, root + DICT_AT, hash, ref) === 0 ||
        !treeAppend(b, root + TREE_AT, this.score, ref)
      ) {
        if (ref !== 0) b.free(ref)
        freeLarge(b, root)
        return false
      }
      b.i32[(root + ROOT_LOGICAL) >> 2] += SCORE_BYTES + this.end - this.start
      this.next()
    }
    return true
  }

  /**
   * The members but `n` from `rank` on become a set of their own, and the rest is freed in slices. False, and nothing
   * changed: no room.
   */
  private keepBut(rank: number, n: number): boolean {
    const { a, count } = this
    const before = a.allocatedBytes
    const root = newLarge(a)
    if (root === 0 || !this.copyMembers(a, root, 0, rank) || !this.copyMembers(a, root, rank + n, count)) return false
    if (this.replaceBy(root, before)) return true
    freeLarge(a, root)
    return false
  }

  /** Takes out members from `rank` on that lie together in the tree; returns how many. */
  private cutSome(rank: number, most: number): number {
    const { a, root } = this
    const n = treeCut(a, root + TREE_AT, rank, most, cutRefs)
    const rest = unwritten.of(a, root)
    let bytes = 0
    for (let i = 0; i < n; i++) {
      const ref = cutRefs[i]
      rest?.leaves(ref)
      const start = scoredStart(a.u8, ref)
      const length = scoredLength(a.u8, ref)
      this.dropFromDict(ref, this.host.hasher.hash(a.u8, start, start + length))
      bytes += SCORE_BYTES + length
      a.free(ref)
    }
    this.addLogical(-bytes)
    if (isLeafGone()) this.lookAtEnd(rank)
    return n
  }

  /** A leaf is gone from the set: from an end of it, a queue perhaps, and the next one will be taken from, too. */
  private lookAtEnd(rank: number): void {
    const { a, root, count } = this
    if (count < TOUCHED_LEAST || (rank !== 0 && rank !== count)) return
    this.touched = touchLeaf(a, root, rank === 0 ? 0 : count - 1, this.host.hasher)
  }

  private dropFromDict(ref: number, hash: number): void {
    const { a } = this
    const root = this.root + DICT_AT
    let slot = dictFind(a, root, hash)
    while (slot !== 0 && dictRef(a, slot) !== ref) slot = dictNext(a, root, slot, hash)
    dictRemove(a, root, slot)
  }
}
