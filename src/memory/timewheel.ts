// A time wheel: which timers are due, for millions of them, with a little work at a time. Timers are blocks inside their
// owners' records, all state lies in the arena, adding and removing is O(1).
//
// The idea: a level is two turns long. Buckets of level 0 are 1 ms wide, a bucket of each higher level is as wide as a turn
// of the one below. So there is always a place below for the bucket that is due next turn, and it moves down bit by bit
// during the whole turn before, never at once. A timer added meanwhile goes below directly.
//
//   level 0   |---- this turn ----|---- next turn ----|          256 buckets of 1 ms:     0.26 s
//                      ▲ now              ▲                       level 1: 128 ms         33 s
//   level 1   |---------c---------|--------c+1--------|--..       level 2: 16.4 s         70 min
//               moved down before   moving down now               level 3: 35 min         6 days
//                                                                 level 4: 3.1 days       2 years, and all beyond
//
// A bucket is a list. What it holds is sorted again by the real deadline whenever it is moved, so a timer in too early a
// bucket is only moved once more: this is what makes far deadlines (last bucket) and a clock set back harmless.
// Deadlines are rounded up to whole ms, hence nothing fires early, nor more than 1 ms late.
//
// timer block (16 bytes, multiple of 8)        wheel block
//    0  f64  deadline, ms since the epoch         0  f64  now: no bucket before it holds anything
//    8  i32  next timer, 0 at the end             8  i32  timers whose time was over when they were added
//   12  i32  timer before, or minus the          16  5 x { f64 start of the turn, i32 phase, i32 moved in this bucket }
//            offset of the list's head word      96  5 x 256 bits: which buckets hold something
//                                               256  5 x 256 heads; then 4 x 256 counts (timers ever filed, for the pace)
//
//   add, remove, moved    O(1)      timer of an hour moves down 2 or 3 times      wheel    9.5 KB

import { ARENA_ROOT, type Arena } from './arena.ts'

/** Where an arena with timers keeps the offset of its wheel: the first word of its root area. */
export const ARENA_WHEEL = ARENA_ROOT

const LEVELS = 5
const TURN = 128
const BUCKETS = 2 * TURN
/** Width of a bucket of each level, in ms. */
const WIDTH = [1, 128, 128 ** 2, 128 ** 3, 128 ** 4] as const
const PER_MS = WIDTH.map(width => 1 / width)

const PAST = 8
const LEVEL = 16
const LEVEL_BYTES = 16
const PHASE = 8
const MOVED = 12
const BITS = LEVEL + LEVELS * LEVEL_BYTES
const BITS_BYTES = BUCKETS / 8
const HEADS = BITS + LEVELS * BITS_BYTES
const COUNTS = HEADS + 4 * LEVELS * BUCKETS
const WHEEL_BYTES = COUNTS + 4 * (LEVELS - 1) * BUCKETS

/** A bucket has moved down after this part of the turn before its own; the rest is slack for late calls. */
const PACE = 0.75
/** Timers that move down between two wake-ups, when nothing else wakes the caller. */
const PACE_TIMERS = 128
const COUNT_LIMIT = 0x7fffffff
/** Buckets of all levels, numbered through. */
export const WHEEL_BUCKETS = LEVELS * BUCKETS
/** Timers of one bucket that wheelSome takes: the first ones are the last filed, so more of them would say no more. */
const SOME_OF_BUCKET = 4

const NEXT = 8
const PREV = 12

/** A new wheel without timers, whose clock stands at `nowMs`. Returns its offset, 0 when the arena has no room. */
export function wheelCreate(a: Arena, nowMs: number): number {
  const wheel = a.alloc(WHEEL_BYTES)
  if (wheel === 0) return 0
  a.i32.fill(0, wheel >> 2, (wheel + WHEEL_BYTES) >> 2)
  setNow(a, wheel, Math.floor(nowMs))
  return wheel
}

/** Files the timer at offset `t`. The deadline, in ms since the epoch, may be past or never; NaN is due at once. Clocks stay below 2^53. */
export function wheelAdd(a: Arena, wheel: number, t: number, deadlineMs: number): void {
  a.f64[t >> 3] = deadlineMs
  file(a, wheel, t)
}

/** Takes out a timer that is filed, before its time. */
export function wheelRemove(a: Arena, wheel: number, t: number): void {
  const { i32 } = a
  const next = i32[(t + NEXT) >> 2]
  const prev = i32[(t + PREV) >> 2]
  if (next !== 0) i32[(next + PREV) >> 2] = prev
  if (prev > 0) {
    i32[(prev + NEXT) >> 2] = next
    return
  }
  i32[-prev >> 2] = next
  if (next === 0) markEmpty(i32, wheel, -prev)
}

/** The block of a filed timer was copied to another offset: its neighbours learn of it. The old bytes are not looked at. */
export function wheelMoved(a: Arena, _wheel: number, _from: number, to: number): void {
  const { i32 } = a
  const next = i32[(to + NEXT) >> 2]
  const prev = i32[(to + PREV) >> 2]
  if (next !== 0) i32[(next + PREV) >> 2] = to
  if (prev > 0) i32[(prev + NEXT) >> 2] = to
  else i32[-prev >> 2] = to
}

/**
 * Works for at most `maxSteps` steps (a step takes one timer in hand or moves the clock on) and returns the offset of one
 * due timer (deadline <= nowMs), taken out; 0 when none is due and nothing is left to do for now; -1 when the steps are used
 * up: call again soon. Timers are not in order within a millisecond. The clock may stand still, jump ahead or be set back.
 */
export function wheelAdvance(a: Arena, wheel: number, nowMs: number, maxSteps: number): number {
  const { i32, f64 } = a
  const now = Math.floor(nowMs)
  let steps = maxSteps
  if (now < f64[wheel >> 3]) setNow(a, wheel, now)
  for (;;) {
    const t = i32[(wheel + PAST) >> 2] || i32[currentHead(a, wheel) >> 2]
    if (t === 0 && f64[wheel >> 3] >= now) return moveOnPace(a, wheel, nowMs, steps)
    if (steps <= 0) return -1
    if (t === 0) steps = catchUp(a, wheel, now, steps)
    else {
      wheelRemove(a, wheel, t)
      if (!(f64[t >> 3] > nowMs)) return t
      file(a, wheel, t)
      steps--
    }
  }
}

/**
 * When wheelAdvance should be called next, in ms since the epoch: no timer is due and no move is late before that. 0 when
 * it should be called at once, Infinity when the wheel is empty. Often it is earlier than the first deadline.
 */
export function wheelNextMs(a: Arena, wheel: number): number {
  const { i32, f64 } = a
  if (i32[(wheel + PAST) >> 2] !== 0) return 0
  let next = Number.POSITIVE_INFINITY
  for (let level = 0; level < LEVELS; level++) {
    const at = wheel + LEVEL + level * LEVEL_BYTES
    const start = f64[at >> 3]
    const current = currentPlace(a, wheel, level)
    const place = firstPlace(i32, wheel, level, level === 0 ? current : current + 1)
    if (place < 0) continue
    const width = WIDTH[level]
    let time = start + (level === 0 ? place : place - 1) * width
    if (level > 0) {
      const bucket = level * BUCKETS + ((place + i32[(at + PHASE) >> 2]) & (BUCKETS - 1))
      const count = i32[((wheel + COUNTS) >> 2) + bucket - BUCKETS]
      const moved = place === current + 1 ? i32[(at + MOVED) >> 2] : 0
      time += moved < count ? Math.ceil((width * PACE * Math.min(count, moved + PACE_TIMERS)) / count) : width
    }
    next = Math.min(next, time)
  }
  return next
}

/** Some of the filed timers into `out`, from a bucket on and around; returns how many. None only when there are none. */
export function wheelSome(a: Arena, wheel: number, from: number, out: Int32Array): number {
  const { i32 } = a
  const bits = (wheel + BITS) >> 2
  const words = WHEEL_BUCKETS >> 5
  let n = 0
  for (let i = 0; i < words && n < out.length; i++) {
    const word = ((from >> 5) + i) % words
    for (let found = i32[bits + word]; found !== 0 && n < out.length; found &= found - 1) {
      const bucket = (word << 5) + 31 - Math.clz32(found & -found)
      let t = i32[(wheel + HEADS + 4 * bucket) >> 2]
      for (let k = 0; t !== 0 && k < SOME_OF_BUCKET && n < out.length; k++) {
        out[n++] = t
        t = i32[(t + NEXT) >> 2]
      }
    }
  }
  return n
}

function currentHead(a: Arena, wheel: number): number {
  const bucket = currentPlace(a, wheel, 0) + a.i32[(wheel + LEVEL + PHASE) >> 2]
  return wheel + HEADS + 4 * (bucket & (BUCKETS - 1))
}

/** The bucket of a level that the clock is in, counted from the start of the level's turn. */
function currentPlace(a: Arena, wheel: number, level: number): number {
  const { f64 } = a
  return ((f64[wheel >> 3] - f64[(wheel + LEVEL + level * LEVEL_BYTES) >> 3]) * PER_MS[level]) | 0
}

/** The first bucket from `from` on, and around to the one before it, that holds something; counted as `from` is; -1 if none. */
function firstPlace(i32: Int32Array, wheel: number, level: number, from: number): number {
  const bits = (wheel + BITS + level * BITS_BYTES) >> 2
  const first = (from + i32[(wheel + LEVEL + level * LEVEL_BYTES + PHASE) >> 2]) & (BUCKETS - 1)
  let word = first >> 5
  let found = i32[bits + word] & (-1 << (first & 31))
  for (let i = 0; i <= BUCKETS >> 5; i++) {
    if (found !== 0) {
      const bucket = (word << 5) + 31 - Math.clz32(found & -found)
      return from + ((bucket - first) & (BUCKETS - 1))
    }
    word = (word + 1) & ((BUCKETS >> 5) - 1)
    found = i32[bits + word]
  }
  return -1
}

/** Sets the clock, ahead or back, and where each level's turn starts. */
function setNow(a: Arena, wheel: number, now: number): void {
  const { i32, f64 } = a
  const before = f64[wheel >> 3]
  f64[wheel >> 3] = now
  const start = f64[(wheel + LEVEL) >> 3]
  if (now >= start && now < start + TURN) return
  for (let level = 0; level < LEVELS; level++) {
    const at = wheel + LEVEL + level * LEVEL_BYTES
    const bucket = Math.floor(now * PER_MS[level])
    const turn = Math.floor(bucket / TURN)
    f64[at >> 3] = turn * TURN * WIDTH[level]
    i32[(at + PHASE) >> 2] = (turn & 1) * TURN
    if (bucket !== Math.floor(before * PER_MS[level])) i32[(at + MOVED) >> 2] = 0
  }
}

/**
 * One stride of a clock that is behind: to `now`, or to the next bucket that holds something. A bucket of a higher level
 * must have moved down before the clock reaches it: that is finished first. Empty stretches cost nothing, however long.
 */
function catchUp(a: Arena, wheel: number, now: number, steps: number): number {
  const { i32, f64 } = a
  let time = Number.POSITIVE_INFINITY
  let head = 0
  for (let level = LEVELS - 1; level >= 0; level--) {
    const place = firstPlace(i32, wheel, level, currentPlace(a, wheel, level) + (level > 0 ? 1 : 0))
    if (place < 0) continue
    const at = wheel + LEVEL + level * LEVEL_BYTES
    const starts = f64[at >> 3] + place * WIDTH[level]
    if (starts >= time) continue
    time = starts
    const bucket = level * BUCKETS + ((place + i32[(at + PHASE) >> 2]) & (BUCKETS - 1))
    head = level === 0 ? 0 : wheel + HEADS + 4 * bucket
  }
  if (time > now || head === 0) {
    setNow(a, wheel, Math.min(time, now))
    return steps - 1
  }
  if (f64[wheel >> 3] < time - 1) {
    setNow(a, wheel, time - 1)
    steps--
  }
  return moveDown(a, wheel, head, steps)
}

/** Files up to `most` timers of a list anew; returns how many of `most` were not needed. */
function moveDown(a: Arena, wheel: number, head: number, most: number): number {
  const { i32 } = a
  while (most > 0) {
    const t = i32[head >> 2]
    if (t === 0) break
    wheelRemove(a, wheel, t)
    file(a, wheel, t)
    most--
  }
  return most
}

/** Moves timers of each level's next bucket down, as many as its part of the turn that is over. Returns 0, or -1 out of steps. */
function moveOnPace(a: Arena, wheel: number, nowMs: number, steps: number): number {
  const { i32, f64 } = a
  for (let level = 1; level < LEVELS; level++) {
    const at = wheel + LEVEL + level * LEVEL_BYTES
    const place = currentPlace(a, wheel, level)
    const bucket = level * BUCKETS + ((place + 1 + i32[(at + PHASE) >> 2]) & (BUCKETS - 1))
    const head = wheel + HEADS + 4 * bucket
    if (i32[head >> 2] === 0) continue
    const count = i32[((wheel + COUNTS) >> 2) + bucket - BUCKETS]
    const elapsed = nowMs - f64[at >> 3] - place * WIDTH[level]
    const part = Math.min(1, elapsed / (WIDTH[level] * PACE))
    const due = Math.ceil(count * part) - i32[(at + MOVED) >> 2]
    if (due <= 0) continue
    const wanted = Math.min(due, steps)
    const moved = wanted - moveDown(a, wheel, head, wanted)
    i32[(at + MOVED) >> 2] += moved
    steps -= moved
    if (moved < due && i32[head >> 2] !== 0) return -1
  }
  return 0
}

function markEmpty(i32: Int32Array, wheel: number, head: number): void {
  const bucket = (head - wheel - HEADS) >> 2
  if (bucket >= 0) i32[((wheel + BITS) >> 2) + (bucket >> 5)] &= ~(1 << (bucket & 31))
}

/** Puts a timer into the list of the lowest level that reaches its deadline. */
function file(a: Arena, wheel: number, t: number): void {
  const { i32, f64 } = a
  const tick = Math.ceil(f64[t >> 3])
  let head = wheel + PAST
  if (tick >= f64[wheel >> 3]) {
    let level = 0
    let at = wheel + LEVEL
    let place = (tick - f64[at >> 3]) * PER_MS[0]
    while (place >= BUCKETS && level < LEVELS - 1) {
      level++
      at += LEVEL_BYTES
      place = (tick - f64[at >> 3]) * PER_MS[level]
    }
    if (place >= BUCKETS) place = BUCKETS - 1
    const bucket = level * BUCKETS + (((place | 0) + i32[(at + PHASE) >> 2]) & (BUCKETS - 1))
    head = wheel + HEADS + 4 * bucket
    if (level > 0) {
      const count = ((wheel + COUNTS) >> 2) + bucket - BUCKETS
      if (i32[head >> 2] === 0) i32[count] = 1
      else if (i32[count] < COUNT_LIMIT) i32[count]++
    }
    i32[((wheel + BITS) >> 2) + (bucket >> 5)] |= 1 << (bucket & 31)
  }
  const next = i32[head >> 2]
  if (next !== 0) i32[(next + PREV) >> 2] = t
  i32[(t + NEXT) >> 2] = next
  i32[(t + PREV) >> 2] = -head
  i32[head >> 2] = t
}
