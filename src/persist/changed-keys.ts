// Keys with large values that have changed, or gone, while a save has still to write some of them: what they were, and who of
// them is written when. One is being written, in parts as others; the rest wait in the order in which they changed, and come
// before the walk goes on, so that little is put aside for them (values/unwritten.ts).

import { deadlineMs, entryEncoding, entryType, isTimed } from '../store/entry.ts'
import type { Place } from '../store/place.ts'
import { enterGrave, reserveGrave } from '../values/graves.ts'
import { Hash } from '../values/hash.ts'
import { mapFirstDeadline } from '../values/hash-map.ts'
import { List } from '../values/list.ts'
import { SetValue } from '../values/set.ts'
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_ZSET } from '../values/types.ts'
import { unwritten } from '../values/unwritten.ts'
import type { Value, ValueHost } from '../values/value.ts'
import { SortedSet } from '../values/zset.ts'
import type { ChangedKey, SaveOutput } from './save-output.ts'

/** So many at most, and about so many bytes of what is put aside for them; beyond that values are written at once. */
const MOST_KEYS = 1024
const MOST_HELD_BYTES = 64 << 20

/** By type; a save has views of its own. */
const VIEWS: Readonly<Record<number, Value>> = {
  [TYPE_LIST]: new List(),
  [TYPE_SET]: new SetValue(),
  [TYPE_ZSET]: new SortedSet(),
  [TYPE_HASH]: new Hash(),
}

export class ChangedKeys {
  private readonly output: SaveOutput
  /** The one that is being written. */
  private current: ChangedKey | undefined
  private readonly waiting: ChangedKey[] = []

  constructor(output: SaveOutput) {
    this.output = output
  }

  get isWriting(): boolean {
    return this.current !== undefined
  }

  get isEmpty(): boolean {
    return this.current === undefined && this.waiting.length === 0
  }

  /** Whether so much is put aside that it should be written at once. */
  get isTooMuch(): boolean {
    let bytes = this.current?.rest.heldBytes ?? 0
    for (const { rest } of this.waiting) bytes += rest.heldBytes
    return bytes > MOST_HELD_BYTES
  }

  /**
   * Takes over the key at `place`, whose names last, before it changes; what lies before `from` in its value is written, if
   * it is the one that is `begun`. False: it has to be written at once.
   */
  take(host: ValueHost, place: Place, from: number, which: 'begun' | 'new'): boolean {
    const { arena: a } = place.shard
    const { entry: e } = place
    const view = VIEWS[entryType(a, e)]
    if (view === undefined || this.waiting.length >= MOST_KEYS) return false
    view.aim(host, a, a.i32[e >> 2], entryEncoding(a, e))
    const rest = view.unwritten(from, this.output.order)
    if (rest === undefined) return false
    rest.grave = reserveGrave(a)
    if (rest.grave === 0) return false
    unwritten.add(rest)
    const key: ChangedKey = {
      place,
      type: view.type,
      deadline: isTimed(a, e) ? deadlineMs(a, e) : 0,
      access: a.i32[(e + 8) >> 2],
      firstFieldDeadline: view.type === TYPE_HASH ? mapFirstDeadline(a, view.root) : 0,
      rest,
    }
    if (which === 'begun') this.current = key
    else this.waiting.push(key)
    return true
  }

  /** Begins with the next key, if none is being written. */
  begin(): void {
    if (this.current !== undefined) return
    this.current = this.waiting.shift()
    if (this.current !== undefined) this.output.begin(this.current)
  }

  /** Writes a part of the key that is being written. */
  step(): void {
    const { current } = this
    if (current === undefined || this.output.more(current)) return
    this.current = undefined
    letGo(current)
  }

  /** Writes all of the key that is being written. */
  finish(): void {
    while (this.current !== undefined) this.step()
  }

  /** Whether there is a value that waits for its grave. */
  get hasGone(): boolean {
    return this.current?.rest.isGone === true || this.waiting.some(key => key.rest.isGone)
  }

  /** Nothing is written any more. */
  giveUp(): void {
    if (this.current !== undefined) letGo(this.current)
    for (const key of this.waiting) letGo(key)
    this.current = undefined
    this.waiting.length = 0
  }
}

/** The value may change as it likes, or go to its grave. */
function letGo({ rest }: ChangedKey): void {
  const { a, grave, isGone } = rest
  unwritten.remove(rest)
  if (isGone) enterGrave(a, grave)
  else a.free(grave)
}
