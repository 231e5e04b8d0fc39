// Deadlines of entries: in the wheel of the shard, and counted by namespace and database.

import type { Arena } from '../memory/arena.ts'
import { wheelAdd, wheelRemove } from '../memory/timewheel.ts'
import { deadlineMs, FLAG_UNLISTED, isTimed, NAMESPACE_AT, summedMs, TIMER_AT } from './entry.ts'
import type { Place } from './place.ts'
import { DB_DEADLINES, DB_TIMED, NS_DB, NS_DEADLINES, NS_TIMED } from './shard.ts'

/** Files the entry `e` of the key at `p`, which has room for a timer, under its deadline in ms. */
export function time(p: Place, e: number, deadline: number): void {
  const a = p.shard.arena
  a.i32[(e + NAMESPACE_AT) >> 2] = p.ns
  wheelAdd(a, p.shard.wheel, e + TIMER_AT, deadline)
  count(a, p.ns, 1, summedMs(deadline))
}

/** Files it under another deadline. */
export function retime(p: Place, e: number, deadline: number): void {
  const a = p.shard.arena
  const before = deadlineMs(a, e)
  wheelRemove(a, p.shard.wheel, e + TIMER_AT)
  wheelAdd(a, p.shard.wheel, e + TIMER_AT, deadline)
  count(a, p.ns, 0, summedMs(deadline) - summedMs(before))
}

/** Takes it out, if it has a deadline at all. */
export function untime(p: Place, e: number): void {
  const a = p.shard.arena
  if (!isTimed(a, e)) return
  if ((a.u8[e + 7] & FLAG_UNLISTED) === 0) wheelRemove(a, p.shard.wheel, e + TIMER_AT)
  count(a, p.ns, -1, -summedMs(deadlineMs(a, e)))
}

function count(a: Arena, ns: number, by: number, deadlines: number): void {
  const db = a.i32[(ns + NS_DB) >> 2]
  a.i32[(ns + NS_TIMED) >> 2] += by
  a.i32[(db + DB_TIMED) >> 2] += by
  a.f64[(ns + NS_DEADLINES) >> 3] += deadlines
  a.f64[(db + DB_DEADLINES) >> 3] += deadlines
}
