// The clock of a hash with timed fields: one timer in the arena's wheel, due with the earliest of its fields. It is found in
// two ways: from the root of the hash, and from the wheel when it fires, so it knows the root, and the entry and namespace
// record of the key that holds the hash. Whoever moves the entry tells it (clockOwn).
//
// clock, 40 bytes
//    0  i32  root of the hash        4  i32  namespace record, plus 1: odd, where the timer of an entry has an even word
//    8  f64  deadline in ms, 0 while not filed   16  i32 next   20  i32 prev     the timer block of memory/timewheel.ts
//   24  i32  entry                  32  f64  no field has a later deadline than this, in ms

import type { Arena } from '../memory/arena.ts'
import { ARENA_WHEEL, wheelAdd, wheelMoved, wheelRemove } from '../memory/timewheel.ts'

const NAMESPACE = 4
const TIMER = 8
const ENTRY = 24
const LATEST = 32
const CLOCK_BYTES = 40

/** A new clock, not filed; 0 when there is no room. */
export function clockCreate(a: Arena, root: number): number {
  const clock = a.alloc(CLOCK_BYTES)
  if (clock === 0) return 0
  a.i32.fill(0, clock >> 2, (clock + CLOCK_BYTES) >> 2)
  a.i32[clock >> 2] = root
  a.i32[(clock + NAMESPACE) >> 2] = 1
  return clock
}

/** Files the clock under `deadline` in ms, 0 for none. */
export function clockFile(a: Arena, clock: number, deadline: number): void {
  const filed = a.f64[(clock + TIMER) >> 3]
  if (filed === deadline) return
  const wheel = a.i32[ARENA_WHEEL >> 2]
  if (filed !== 0) wheelRemove(a, wheel, clock + TIMER)
  if (deadline === 0) a.f64[(clock + TIMER) >> 3] = 0
  else wheelAdd(a, wheel, clock + TIMER, deadline)
}

/** Some field of the hash has this deadline now. */
export function clockNote(a: Arena, clock: number, deadline: number): void {
  const at = (clock + LATEST) >> 3
  if (a.f64[at] < deadline) a.f64[at] = deadline
}

/** No field has a deadline any more. */
export function clockForget(a: Arena, clock: number): void {
  a.f64[(clock + LATEST) >> 3] = 0
}

export const clockLatest = (a: Arena, clock: number): number => a.f64[(clock + LATEST) >> 3]

export function clockFree(a: Arena, clock: number): void {
  clockFile(a, clock, 0)
  a.free(clock)
}

/** Where the clock lies when it has left a slab that is to run empty (Arena.moved); `root` is where its hash is now. */
export function clockMoved(a: Arena, clock: number, root: number): number {
  const moved = a.moved(clock)
  a.i32[moved >> 2] = root
  const isFiled = a.f64[(moved + TIMER) >> 3] !== 0
  if (moved !== clock && isFiled) wheelMoved(a, a.i32[ARENA_WHEEL >> 2], clock + TIMER, moved + TIMER)
  return moved
}

/** The hash is that of the key with this entry, in this namespace record. */
export function clockOwn(a: Arena, clock: number, entry: number, namespace: number): void {
  a.i32[(clock + ENTRY) >> 2] = entry
  a.i32[(clock + NAMESPACE) >> 2] = namespace + 1
}

/** Whether a timer of the wheel belongs to a clock and not to an entry. */
export const isClockTimer = (a: Arena, timer: number): boolean => (a.i32[(timer + NAMESPACE - TIMER) >> 2] & 1) !== 0

/** The clock whose timer the wheel has given out: it is not filed any more. */
export function clockFired(a: Arena, timer: number): number {
  a.f64[timer >> 3] = 0
  return timer - TIMER
}

export const clockEntry = (a: Arena, clock: number): number => a.i32[(clock + ENTRY) >> 2]
export const clockNamespace = (a: Arena, clock: number): number => a.i32[(clock + NAMESPACE) >> 2] - 1
