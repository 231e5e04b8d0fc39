// Moving and copying a key to another place: RENAME, MOVE, COPY. A value outside its entry changes hands without being
// copied when both places share an arena.

import { copy } from '../bytes/ascii.ts'
import type { Value } from '../values/value.ts'
import { VIEWS } from '../values/views.ts'
import { replaceValue, room } from './collections.ts'
import { entryEncoding, entryType, FLAG_OUTSIDE, stringLength, stringStart } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { Arrivals } from './observers.ts'
import type { Place } from './place.ts'
import { makeString } from './strings.ts'

/** Copies value and deadline of the key at `from` to `to`, replacing what is there. Throws OOM before any change. */
export function copyKey(keys: Keyspace, from: Place, to: Place): void {
  const isReplaced = to.entry !== 0
  keepingDeadline(keys, keys.arrivals, () => copyEntry(keys, from, to))
  announceReplaced(keys, to, isReplaced)
}

/** Does work whose key comes with the deadline it has, if any, so that `arrivals` has a say on its coming only. */
function keepingDeadline(keys: Keyspace, arrivals: Arrivals | undefined, work: () => void): void {
  const before = keys.arrivals
  keys.arrivals = arrivals
  keys.keepsDeadlines = true
  try {
    work()
  } finally {
    keys.keepsDeadlines = false
    keys.arrivals = before
  }
}

/** To Redis a key that a copied or renamed one replaces is deleted, and the other a new one. */
function announceReplaced(keys: Keyspace, to: Place, isReplaced: boolean): void {
  if (isReplaced && keys.announcesNew) keys.announce(to, 'new')
}

function copyEntry(keys: Keyspace, from: Place, to: Place): void {
  const source = from.shard.arena
  const e = from.entry
  const view = VIEWS[entryType(source, e)]
  if (view !== undefined) {
    copyCollection(keys, from, to, view)
    return
  }
  const length = stringLength(source, e)
  const deadline = keys.deadline(from)
  const at = makeString(keys, to, length, entryEncoding(source, e), deadline)
  const start = stringStart(source, e)
  copy(to.shard.arena.u8, at, source.u8, start, start + length)
}

function copyCollection(keys: Keyspace, from: Place, to: Place, view: Value): void {
  const source = from.shard.arena
  const target = to.shard.arena
  const kind = source.u8[from.entry + 6]
  const deadline = keys.deadline(from)
  room(keys, to, keys.valueAllocated(source, from.entry))
  view.aim(keys, source, source.i32[from.entry >> 2], kind & 15)
  view.allocatedBefore = target.allocatedBytes
  const root = view.copyTo(target)
  view.aim(keys, target, root, kind & 15)
  replaceValue(keys, to, view, deadline)
}

/**
 * Moves the key at `from` to `to`, replacing what is there and keeping deadline and access word. As in Redis the limit
 * does not count: afterwards there is no more than before. Throws OOM_ARENA before any change.
 */
export function moveKey(keys: Keyspace, from: Place, to: Place): void {
  const a = from.shard.arena
  const e = from.entry
  const access = a.i32[(e + 8) >> 2]
  keys.saveFirst(from)
  const isReplaced = to.entry !== 0
  // Within a namespace there are no more keys than before.
  const arrivals = from.nsHash === to.nsHash ? undefined : keys.arrivals
  keys.unlimited(() =>
    keepingDeadline(keys, arrivals, () => {
      if (a === to.shard.arena && (a.u8[e + 7] & FLAG_OUTSIDE) !== 0) stealKey(keys, from, to)
      else copyEntry(keys, from, to)
    }),
  )
  to.shard.arena.i32[(to.entry + 8) >> 2] = access
  keys.reslot(from)
  keys.drop(from)
  announceReplaced(keys, to, isReplaced)
}

/** Hands the value's block over; what stays at `from` is an empty string, about to be dropped. */
function stealKey(keys: Keyspace, from: Place, to: Place): void {
  const a = from.shard.arena
  const e = from.entry
  const block = a.i32[e >> 2]
  const logical = keys.valueLogical(a, e)
  const allocated = keys.valueAllocated(a, e)
  keys.put(to, a.u8[e + 6], block, FLAG_OUTSIDE, 0, keys.deadline(from), logical)
  keys.ownValue(to)
  keys.account(to.ns, a, 0, allocated)
  keys.account(from.ns, a, -logical, -allocated)
  a.u8[e + 7] &= ~FLAG_OUTSIDE
  a.i32[e >> 2] = 0
  a.u8[e + 6] = 0
}
