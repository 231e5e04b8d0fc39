// A list: elements in order. A short one is a packed block, a longer one a deque of chunks; both go by `quicklist`, as all
// lists of Redis 7.0 do. The cursor walks either, so only what changes a list asks which it is.
//
// form LISTPACK    a packed block (memory/packed-block.ts) of at most PACKED_BYTES
// form QUICKLIST   a deque (memory/deque.ts); it is packed again when it has shrunk to REPACK_BYTES

import { copy } from '../bytes/ascii.ts'
import type { Words } from '../bytes/words.ts'
import type { Arena } from '../memory/arena.ts'
import { CHUNK_ROOM_BYTES } from '../memory/chunk.ts'
import {
  dequeCopy,
  dequeCreate,
  dequeFirst,
  dequeFree,
  dequeFreeSome,
  dequeFromPacked,
  dequeLast,
  dequePopBack,
  dequePopFront,
  dequePushBack,
  dequePushFront,
  dequeToPacked,
} from '../memory/deque.ts'
import {
  dequeInsert,
  dequeRemove,
  dequeRemoveRange,
  dequeReplace,
  dequeTextBytes,
  dequeUnseal,
} from '../memory/deque-edit.ts'
import {
  PACKED_OVERHEAD_BYTES,
  type PackedElement,
  packedBack,
  packedSkip,
  packedTextBytes,
  packedTextLength,
} from '../memory/packed.ts'
import {
  packedAppend,
  packedAt,
  packedCreate,
  packedFirst,
  packedInsert,
  packedRemoveTo,
  packedReplace,
  packedStop,
  packedUsed,
} from '../memory/packed-block.ts'
import { OOM_ARENA } from '../resp/errors.ts'
import { LEFT, ListWalk, RIGHT, type Side } from './list-walk.ts'
import { FORM_LISTPACK, FORM_QUICKLIST, TYPE_LIST } from './types.ts'
import { unwritten } from './unwritten.ts'
import { type RestoredElement, ROOT_LOGICAL, type ValueHost, VISIT_END } from './value.ts'

/** A push to the front of a packed list moves all of it: up to here in less time than a deque's bookkeeping takes. */
const PACKED_BYTES = 1024
/** A quarter, so that a list on the border does not change its form at every command. */
const REPACK_BYTES = 256
/** Fewer elements are worth a look whether they fit. */
const REPACK_ELEMENTS = 64
/** Room for elements in a new list. */
const FIRST_BYTES = 32

export class List extends ListWalk {
  readonly type = TYPE_LIST
  readonly order = 'given'
  readonly width = 1
  /** Place of the element that `peek` found. */
  private peeked = 0

  create(host: ValueHost, a: Arena): void {
    const root = packedCreate(a, FIRST_BYTES)
    if (root === 0) throw OOM_ARENA
    this.aim(host, a, root, FORM_LISTPACK)
  }

  release(): void {
    if (this.form === FORM_LISTPACK) this.a.free(this.root)
    else dequeFree(this.a, this.root)
  }

  /** Chunks count as elements: one takes as long to be freed. */
  override releaseSome(_from: number, most: number): number {
    if (this.form === FORM_QUICKLIST) return dequeFreeSome(this.a, this.root, most) ? VISIT_END : 0
    this.release()
    return VISIT_END
  }

  copyTo(to: Arena): number {
    const { a, root } = this
    let copied = 0
    if (this.form === FORM_LISTPACK) {
      const bytes = packedStop(a, root) - root
      copied = to.alloc(bytes)
      if (copied !== 0) copy(to.u8, copied, a.u8, root, root + bytes)
    } else copied = dequeCopy(a, root, to)
    if (copied === 0) throw OOM_ARENA
    to.i32[(copied >> 2) + 1] = this.logical
    return copied
  }

  // ---- the ends ---------------------------------------------------------------------------------------------------

  /** Pushes the words from `from` on, one after the other. Throws OOM_ARENA, and the list is as it was. */
  pushWords(words: Words, from: number, side: Side): void {
    const { buf, starts, ends, count } = words
    for (let i = from; i < count; i++) {
      if (this.tryPush(buf, starts[i], ends[i], side)) continue
      while (i-- > from) this.pop(side)
      throw OOM_ARENA
    }
  }

  /** Pushes the text buf[start, end), which may not lie in this list. Throws OOM_ARENA, and the list is as it was. */
  push(buf: Uint8Array, start: number, end: number, side: Side): void {
    if (!this.tryPush(buf, start, end, side)) throw OOM_ARENA
  }

  private tryPush(buf: Uint8Array, start: number, end: number, side: Side): boolean {
    const { a } = this
    if (this.form === FORM_LISTPACK && this.isFull(end - start) && !this.unpack()) return false
    const { root } = this
    if (this.form === FORM_QUICKLIST) {
      if (!(side === RIGHT ? dequePushBack(a, root, buf, start, end) : dequePushFront(a, root, buf, start, end)))
        return false
      this.rest?.added(side === RIGHT ? this.count - 1 : 0)
    } else {
      const moved =
        side === RIGHT
          ? packedAppend(a, root, buf, start, end)
          : packedInsert(a, root, packedFirst(root), buf, start, end)
      if (moved === 0) return false
      this.root = moved
    }
    this.addLogical(end - start)
    return true
  }

  private isFull(textBytes: number): boolean {
    return packedUsed(this.a, this.root) + textBytes + PACKED_OVERHEAD_BYTES > PACKED_BYTES
  }

  private unpack(): boolean {
    const root = dequeFromPacked(this.a, this.root)
    if (root === 0) return false
    this.root = root
    this.form = FORM_QUICKLIST
    return true
  }

  private repack(): void {
    if (this.form === FORM_LISTPACK || this.count > REPACK_ELEMENTS || this.count === 0) return
    const { rest } = this
    rest?.takeAll()
    const root = dequeToPacked(this.a, this.root, REPACK_BYTES)
    if (root === 0) return
    if (rest !== undefined) unwritten.remove(rest)
    this.root = root
    this.form = FORM_LISTPACK
  }

  /** Looks at the element of a side; there is one. Throws OOM_ARENA when its chunk cannot be unsealed. */
  peek(side: Side): PackedElement {
    const { a, root, element } = this
    let at: number
    if (this.form === FORM_QUICKLIST) {
      at = side === RIGHT ? dequeLast(a, root) : dequeFirst(a, root)
      if (at === 0) throw OOM_ARENA
    } else at = side === RIGHT ? packedBack(a.u8, packedStop(a, root)) : packedFirst(root)
    element.read(a.u8, at)
    this.peeked = at
    return element
  }

  /** Takes out what the last call of `peek`, on the same side, has found; nothing may have changed since. */
  take(side: Side): void {
    const { a, root, element } = this
    this.addLogical(-element.textLength)
    if (this.form === FORM_LISTPACK) {
      this.root = packedRemoveTo(a, root, this.peeked, element.next, 1)
      return
    }
    const { rest } = this
    const index = side === RIGHT ? this.count - 1 : 0
    rest?.leaves(index)
    if (side === RIGHT) dequePopBack(a, root, this.peeked)
    else dequePopFront(a, root, element.next)
    rest?.removed(index, 1)
    this.repack()
  }

  /** Takes the element of a side out; there is one. Throws OOM_ARENA before any change. */
  pop(side: Side): void {
    this.peek(side)
    this.take(side)
  }

  // ---- by index ---------------------------------------------------------------------------------------------------

  /** The element with this index becomes the text. Throws OOM_ARENA before any change. */
  set(index: number, buf: Uint8Array, start: number, end: number): void {
    this.seek(index)
    const before = this.cursor.prefixBytes + packedTextLength(this.a.u8, this.cursor.at)
    if (this.form === FORM_LISTPACK && this.isFull(end - start)) this.unpackAt()
    const { a, cursor, root } = this
    if (this.form === FORM_LISTPACK) {
      const moved = packedReplace(a, root, cursor.at, buf, start, end)
      if (moved === 0) throw OOM_ARENA
      this.root = moved
    } else {
      this.rest?.leaves(index)
      if (!dequeReplace(a, root, cursor, buf, start, end)) throw OOM_ARENA
    }
    this.addLogical(end - start - before)
  }

  /** Becomes a deque, and the cursor stands at the same element of it. */
  private unpackAt(): void {
    const { cursor } = this
    const offset = cursor.at - cursor.start
    if (!this.unpack()) throw OOM_ARENA
    cursor.seek(this.a, this.root, 0)
    cursor.at = cursor.start + offset
  }

  /** Takes out `n` elements from `index` on, all of which exist. */
  removeRange(index: number, n: number): void {
    if (n === 0) return
    const { a, root, cursor } = this
    if (this.form === FORM_QUICKLIST) {
      const kept = this.count - n
      // The bytes of the texts are added up on the shorter side, which is short whenever much goes.
      const gone = n <= kept ? dequeTextBytes(a, root, cursor, index, n) : 0
      const { rest } = this
      rest?.leaveAll(index, n)
      if (!dequeRemoveRange(a, root, cursor, index, n)) throw OOM_ARENA
      rest?.removed(index, n)
      this.addLogical(n <= kept ? -gone : dequeTextBytes(a, root, cursor, 0, kept) - this.logical)
      this.repack()
      return
    }
    const at = packedAt(a, root, index)
    const stop = packedAt(a, root, index + n)
    this.addLogical(-packedTextBytes(a.u8, at, stop))
    this.root = packedRemoveTo(a, root, at, stop, n)
  }

  /** Only `kept` elements from `index` on stay, all of which exist. Throws OOM_ARENA before any change. */
  keep(index: number, kept: number): void {
    if (this.isRebuilt(kept) && this.rebuild(index, kept)) return
    this.removeRange(index + kept, this.count - index - kept)
    this.removeRange(0, index)
  }

  /** Whether there are fewer elements to be put together anew than chunks to be freed, or elements to be put aside. */
  private isRebuilt(kept: number): boolean {
    const { count, logical } = this
    if (this.rest !== undefined) return kept < count - kept
    return this.form === FORM_QUICKLIST && kept < ((logical / count) * (count - kept)) / CHUNK_ROOM_BYTES
  }

  /** The elements that stay become a list of their own, and the rest is freed in slices. False, nothing changed: no room. */
  private rebuild(index: number, kept: number): boolean {
    const { a } = this
    const before = a.allocatedBytes
    const root = dequeCreate(a)
    let logical = 0
    let fits = root !== 0
    if (fits && kept > 0) {
      this.visitFrom(index, kept, (buf, start, end) => {
        fits &&= dequePushBack(a, root, buf, start, end)
        logical += end - start
      })
    }
    if (!fits || !this.replaceBy(root, before)) {
      if (root !== 0) dequeFree(a, root)
      return false
    }
    a.i32[(root + ROOT_LOGICAL) >> 2] = logical
    this.repack()
    return true
  }

  // ---- by value ---------------------------------------------------------------------------------------------------

  /** Puts a text before or behind the first element that is `pivot`; false when none is. Throws OOM_ARENA before any change. */
  insertAt(words: Words, pivot: number, text: number, where: 'before' | 'after'): boolean {
    const { buf, starts, ends } = words
    if (!this.find(buf, starts[pivot], ends[pivot])) return false
    const start = starts[text]
    const end = ends[text]
    if (this.form === FORM_LISTPACK && this.isFull(end - start)) this.unpackAt()
    const { a, cursor, root } = this
    if (where === 'after') cursor.at = packedSkip(a.u8, cursor.at)
    if (this.form === FORM_LISTPACK) {
      const moved = packedInsert(a, root, cursor.at, buf, start, end)
      if (moved === 0) throw OOM_ARENA
      this.root = moved
    } else {
      const { rest } = this
      const index = rest === undefined ? 0 : cursor.index(a, root)
      if (!dequeInsert(a, root, cursor, buf, start, end)) throw OOM_ARENA
      rest?.added(index)
    }
    this.addLogical(end - start)
    return true
  }

  /**
   * Takes out the first `most` elements that are the text, from the side on; returns how many those were. Throws OOM_ARENA
   * when a chunk cannot be unsealed; those before it are gone then.
   */
  remove(buf: Uint8Array, start: number, end: number, most: number, side: Side): number {
    const before = this.count
    try {
      if (side === LEFT) this.removeForwards(buf, start, end, most)
      else this.removeBackwards(buf, start, end, most)
    } finally {
      this.addLogical((this.count - before) * (end - start))
    }
    const removed = before - this.count
    this.repack()
    return removed
  }

  private removeForwards(buf: Uint8Array, start: number, end: number, most: number): void {
    const { a, cursor, search } = this
    let removed = 0
    search.aim(buf, start, end)
    this.seek(0)
    do {
      // A removal may take the cursor to another run.
      while (search.enter(a, cursor) && search.find(a, cursor, cursor.length)) {
        const isMore = this.removeHere()
        if (++removed === most || !isMore) return
      }
    } while (cursor.nextRun(a))
  }

  private removeBackwards(buf: Uint8Array, start: number, end: number, most: number): void {
    const { a, cursor, search } = this
    let removed = 0
    search.aim(buf, start, end)
    this.seekEnd()
    do {
      while (search.enter(a, cursor) && search.findBack(a, cursor, cursor.length)) {
        const index = cursor.index(a, this.root)
        this.removeHere()
        if (++removed === most || index === 0) return
        // What lies before it is found anew: chunks may have been joined.
        this.seek(index - 1)
        cursor.at = packedSkip(a.u8, cursor.at)
      }
    } while (cursor.previousRun(a))
  }

  /** Takes the element at the cursor out; the cursor is then at the next. False: there is none. */
  private removeHere(): boolean {
    const { a, cursor, root } = this
    if (this.form === FORM_QUICKLIST) {
      if (!dequeUnseal(a, cursor)) throw OOM_ARENA
      const { rest } = this
      const index = rest === undefined ? 0 : cursor.index(a, root)
      rest?.leaves(index)
      const isMore = dequeRemove(a, root, cursor)
      rest?.removed(index, 1)
      return isMore
    }
    const offset = cursor.at - cursor.start
    this.root = packedRemoveTo(a, root, cursor.at, packedSkip(a.u8, cursor.at), 1)
    cursor.seekPacked(a, this.root, 0)
    cursor.at = cursor.start + offset
    return cursor.at < cursor.stop
  }

  // ---- as a value -------------------------------------------------------------------------------------------------

  restore({ buf, starts, ends }: RestoredElement): boolean {
    this.push(buf, starts[0], ends[0], RIGHT)
    return true
  }
}
