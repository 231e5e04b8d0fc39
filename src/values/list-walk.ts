// Reading a list, in either form (list.ts draws them): elements by index, in a range, by value.

import { DequeCursor } from '../memory/deque-cursor.ts'
import { DequeSearch } from '../memory/deque-search.ts'
import { PackedElement, packedBack, packedSkip } from '../memory/packed.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import { replyElement, replyRest } from './packed-reply.ts'
import { FORM_QUICKLIST } from './types.ts'
import { type Unwritten, unwritten } from './unwritten.ts'
import { UnwrittenList } from './unwritten-list.ts'
import { ROOT_OWN, Value, VISIT_END, type Visit } from './value.ts'

export const LEFT = 0
export const RIGHT = 1
export type Side = typeof LEFT | typeof RIGHT

export abstract class ListWalk extends Value {
  /** The element that `peek` and `seek` found. */
  readonly element = new PackedElement()
  protected readonly cursor = new DequeCursor()
  protected readonly search = new DequeSearch()

  get count(): number {
    return this.a.i32[(this.root + ROOT_OWN) >> 2]
  }

  protected seek(index: number): void {
    if (this.form === FORM_QUICKLIST) this.cursor.seek(this.a, this.root, index)
    else this.cursor.seekPacked(this.a, this.root, index)
  }

  protected seekEnd(): void {
    if (this.form === FORM_QUICKLIST) this.cursor.seekEnd(this.a, this.root)
    else this.cursor.seekPacked(this.a, this.root, this.count)
  }

  /** Writes the element with this index, 0 <= index < count, as a bulk. */
  replyIndex(reply: ReplyWriter, index: number): void {
    this.seek(index)
    this.element.read(this.a.u8, this.cursor.at)
    this.replyRead(reply)
  }

  /** Writes the element that was read at the cursor. */
  private replyRead(reply: ReplyWriter): void {
    const { a, cursor, element } = this
    if (cursor.prefixBytes === 0) replyElement(reply, element, a)
    else replyRest(reply, element, a, cursor.prefix, cursor.prefixBytes)
  }

  /** Writes `n` elements from `index` on, all of which exist, as bulks. */
  replyRange(reply: ReplyWriter, index: number, n: number): void {
    if (n === 0) return
    const { a, cursor, element } = this
    const { u8 } = a
    this.seek(index)
    do {
      let { at } = cursor
      const { stop, prefix, prefixBytes } = cursor
      for (; at < stop && n > 0; n--) {
        element.read(u8, at)
        at = element.next
        if (prefixBytes === 0) replyElement(reply, element, a)
        else replyRest(reply, element, a, prefix, prefixBytes)
      }
    } while (n > 0 && cursor.nextRun(a))
  }

  /** The last `n` elements, last first. */
  replyBackwards(reply: ReplyWriter, n: number): void {
    const { a, cursor, element } = this
    this.seekEnd()
    do {
      for (; cursor.at > cursor.start && n > 0; n--) {
        cursor.at = packedBack(a.u8, cursor.at)
        element.read(a.u8, cursor.at)
        this.replyRead(reply)
      }
    } while (n > 0 && cursor.previousRun(a))
  }

  /** Aims the cursor at the first element that is the text. */
  protected find(buf: Uint8Array, start: number, end: number): boolean {
    const { a, cursor, search } = this
    search.aim(buf, start, end)
    this.seek(0)
    do if (search.enter(a, cursor) && search.find(a, cursor, cursor.length)) return true
    while (cursor.nextRun(a))
    return false
  }

  /**
   * Writes the indexes of elements that are the text as integers: from the side on, among the first `reach` elements, not
   * the first `passed` of them, and at most `most`. Returns how many.
   */
  replyPositions(
    reply: ReplyWriter,
    text: { readonly buf: Uint8Array; readonly start: number; readonly end: number },
    side: Side,
    reach: number,
    passed: number,
    most: number,
  ): number {
    const { a, cursor, count, search } = this
    search.aim(text.buf, text.start, text.end)
    let found = 0
    if (side === LEFT) this.seek(0)
    else this.seekEnd()
    let index = 0
    do {
      if (!search.enter(a, cursor)) {
        index += cursor.length
        continue
      }
      while (side === LEFT ? search.find(a, cursor, reach - index) : search.findBack(a, cursor, reach - index)) {
        index += search.passed
        if (--passed < 0) {
          reply.int(side === LEFT ? index : count - 1 - index)
          if (++found === most) return found
        }
        if (side === LEFT) cursor.at = packedSkip(a.u8, cursor.at)
        index++
      }
      index += search.passed
    } while (index < reach && (side === LEFT ? cursor.nextRun(a) : cursor.previousRun(a)))
    return found
  }

  /** What a save has still to write of the list, while it has. */
  protected get rest(): UnwrittenList | undefined {
    const rest = unwritten.of(this.a, this.root)
    return rest instanceof UnwrittenList ? rest : undefined
  }

  override unwritten(from: number): Unwritten | undefined {
    return this.form === FORM_QUICKLIST ? new UnwrittenList(this, from) : undefined
  }

  /** A place is an index. */
  visitFrom(from: number, wanted: number, visit: Visit): number {
    const { a, cursor } = this
    if (from >= this.count) return VISIT_END
    this.seek(from)
    const next = from + cursor.visit(a, wanted, visit)
    return next < this.count ? next : VISIT_END
  }
}
