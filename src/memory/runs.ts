// Runs: whole units, handed out and taken back. Slabs and large blocks are made of them.
// The invariant: no two free runs touch, every free run is in the bin of its length, and a unit that was ever handed out
// (below TOP) is preferred to one that never was, so that resident memory grows only when it must.
//
//   free run of n units      unit table: | -2n-1 | ... | -2n-1 |
//      its first bytes:  0 i32 next unit in its bin   8 i32 units at its end whose pages the system has
//                        4 i32 previous unit         12 i32 clock at which it became free
//                                                    16 i32 next run in the queue    20 i32 previous run
//
//   bins by length in units:  | 1 | 2 | ... | 15 | 16-17 | 18-19 | ... 30-31 | 32-35 | ...    a bit per bin that has runs
//
//   take   O(1): the best of up to SCAN_RUNS runs of the right bin, otherwise any run of the next bin that has one
//   give   O(1): merges with both neighbours by their marks
//
// Bins as in TLSF (Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory allocator for real-time systems", 2004).
//
// Runs with pages that are worth giving back wait in a queue, the oldest first. A run that is joined to a longer one is as old
// as that, so a long run ages although its edges come and go; units are taken from its start, where its pages still are.

import { UNIT_SHIFT } from './classes.ts'
import {
  BIN_HEADS,
  BIN_MAP,
  BIN_MAP_WORDS,
  END,
  FREE_UNITS,
  NEWEST,
  NOW,
  OLDEST,
  RELEASED,
  TABLE,
  TOP,
} from './layout.ts'

const EXACT_BINS = 16
/** Runs looked at in a bin whose runs may be too short. */
const SCAN_RUNS = 16
/** The same when the alternative is to say that there is no room. */
const LAST_SCAN_RUNS = 1024
/** A unit's offset >> 2 is the word index of what a free run keeps in its memory. */
const WORD_SHIFT = UNIT_SHIFT - 2
/** Fewer units with pages are not worth a call to the system; the first unit of a run keeps its page. */
const LEAST_RELEASED_UNITS = 4

// Words of what a free run keeps.
const NEXT_IN_BIN = 0
const PREV_IN_BIN = 1
const AWAY = 2
const SINCE = 3
const YOUNGER = 4
const OLDER = 5

/** Bin of runs of this many units, >= 1. */
export function binOf(units: number): number {
  if (units < EXACT_BINS) return units
  const exponent = 31 - Math.clz32(units)
  return EXACT_BINS + ((exponent - 4) << 3) + ((units >> (exponent - 3)) & 7)
}

/** Whether a word of the unit table marks an end of a free run. */
export function isFreeMark(mark: number): boolean {
  return mark < 0 && (mark & 1) === 1
}

/** Units of the run that a negative word of the unit table marks. */
export function markUnits(mark: number): number {
  return -mark >> 1
}

/** Units at the end of a free run whose pages the system has. */
export function runAway(i32: Int32Array, run: number): number {
  return i32[(run << WORD_SHIFT) + AWAY]
}

/** The next run in the queue of those that are worth giving back, 0 at the end. */
export function runYounger(i32: Int32Array, run: number): number {
  return i32[(run << WORD_SHIFT) + YOUNGER]
}

/** Whether a free run of `units`, `away` of them without pages, has enough to give back. */
export function isWorthReleasing(units: number, away: number): boolean {
  return units - away >= LEAST_RELEASED_UNITS
}

/** Takes a run of exactly `units`: its first unit, or 0 when there is no room. The unit table is the caller's to write. */
export function takeRun(i32: Int32Array, units: number): number {
  let run = findRun(i32, units, SCAN_RUNS)
  if (run === 0) run = growTop(i32, units)
  if (run === 0) run = findRun(i32, units, LAST_SCAN_RUNS)
  if (run === 0) return 0
  takeFront(i32, run, units)
  return run
}

/** Gives a run back; its words in the unit table may hold anything. */
export function giveRun(i32: Int32Array, run: number, units: number): void {
  const table = i32[TABLE]
  const before = i32[table + run - 1]
  const after = i32[table + run + units]
  let since = i32[NOW]
  let longest = units
  let away = 0
  if (isFreeMark(after)) {
    const at = run + units
    const more = markUnits(after)
    if (more > longest) {
      longest = more
      since = i32[(at << WORD_SHIFT) + SINCE]
    }
    away = runAway(i32, at)
    unlink(i32, at, more)
    units += more
  }
  if (isFreeMark(before)) {
    const more = markUnits(before)
    run -= more
    if (more > longest) since = i32[(run << WORD_SHIFT) + SINCE]
    unlink(i32, run, more)
    units += more
  }
  link(i32, run, units, away, since)
}

/** Takes the `units` right at unit `at` if they are free or untouched; false and nothing changed otherwise. */
export function takeRunAt(i32: Int32Array, at: number, units: number): boolean {
  const mark = i32[i32[TABLE] + at]
  const free = isFreeMark(mark) ? markUnits(mark) : 0
  if (free >= units) {
    takeFront(i32, at, units)
    return true
  }
  if (at + free !== i32[TOP] || i32[END] - at < units) return false
  if (free > 0) unlink(i32, at, free)
  i32[TOP] = at + units
  return true
}

/**
 * Makes up to `most` units of the free run that ends at the top untouched again; true when there is one. Their words in the
 * unit table are 0 then.
 */
export function lowerTop(i32: Int32Array, most: number): boolean {
  const table = i32[TABLE]
  const top = i32[TOP]
  const mark = i32[table + top - 1]
  if (!isFreeMark(mark)) return false
  const run = top - markUnits(mark)
  const lowered = Math.max(run, top - most)
  const away = Math.max(0, runAway(i32, run) - (top - lowered))
  const since = i32[(run << WORD_SHIFT) + SINCE]
  unlink(i32, run, top - run)
  i32.fill(0, table + lowered, table + top)
  i32[TOP] = lowered
  if (lowered > run) link(i32, run, lowered - run, away, since)
  return true
}

/** The run that is first to be given back, if it is free since before clock `since`; 0 when there is none. */
export function oldestRun(i32: Int32Array, since: number): number {
  const run = i32[OLDEST]
  return run !== 0 && ((i32[(run << WORD_SHIFT) + SINCE] - since) | 0) < 0 ? run : 0
}

/** The system has the pages of `units` more units of a run in the queue. */
export function noteReleased(i32: Int32Array, run: number, units: number): void {
  const length = markUnits(i32[i32[TABLE] + run])
  const at = run << WORD_SHIFT
  const away = i32[at + AWAY] + units
  i32[at + AWAY] = away
  i32[RELEASED] += units
  if (!isWorthReleasing(length, away)) dequeue(i32, run)
}

/** Takes the first units of a free run; what is left of it is as old as it was. */
function takeFront(i32: Int32Array, run: number, units: number): void {
  const length = markUnits(i32[i32[TABLE] + run])
  const away = runAway(i32, run)
  const since = i32[(run << WORD_SHIFT) + SINCE]
  unlink(i32, run, length)
  if (length > units) link(i32, run + units, length - units, Math.min(away, length - units), since)
}

/** A free run of at least `units`, still in its bin; 0 when none was found. */
function findRun(i32: Int32Array, units: number, scanRuns: number): number {
  const bin = binOf(units)
  const best = bestInBin(i32, bin, units, scanRuns)
  if (best !== 0) return best
  let word = (bin + 1) >> 5
  if (word >= BIN_MAP_WORDS) return 0
  let bits = i32[BIN_MAP + word] & (-1 << ((bin + 1) & 31))
  while (bits === 0) {
    if (++word === BIN_MAP_WORDS) return 0
    bits = i32[BIN_MAP + word]
  }
  return i32[BIN_HEADS + (word << 5) + 31 - Math.clz32(bits & -bits)]
}

function bestInBin(i32: Int32Array, bin: number, units: number, scanRuns: number): number {
  const table = i32[TABLE]
  let best = 0
  let bestUnits = 0
  let run = i32[BIN_HEADS + bin]
  for (let i = 0; i < scanRuns && run !== 0; i++) {
    const length = markUnits(i32[table + run])
    if (length === units) return run
    if (length > units && (best === 0 || length < bestUnits)) {
      best = run
      bestUnits = length
    }
    run = i32[run << WORD_SHIFT]
  }
  return best
}

/** Makes a free run of `units` at the top, out of the free run that may end there and untouched units. */
function growTop(i32: Int32Array, units: number): number {
  const table = i32[TABLE]
  const top = i32[TOP]
  const mark = i32[table + top - 1]
  const free = isFreeMark(mark) ? markUnits(mark) : 0
  if (free >= units) return top - free
  const run = top - free
  if (i32[END] - run < units) return 0
  if (free > 0) unlink(i32, run, free)
  i32[TOP] = run + units
  link(i32, run, units, 0, i32[NOW])
  return run
}

function link(i32: Int32Array, run: number, units: number, away: number, since: number): void {
  const table = i32[TABLE]
  const bin = binOf(units)
  const at = run << WORD_SHIFT
  const next = i32[BIN_HEADS + bin]
  i32[table + run] = -2 * units - 1
  i32[table + run + units - 1] = -2 * units - 1
  i32[at + NEXT_IN_BIN] = next
  i32[at + PREV_IN_BIN] = 0
  // The page of the first unit holds these words.
  const gone = Math.min(away, units - 1)
  i32[at + AWAY] = gone
  i32[at + SINCE] = since
  if (next !== 0) i32[(next << WORD_SHIFT) + PREV_IN_BIN] = run
  i32[BIN_HEADS + bin] = run
  i32[BIN_MAP + (bin >> 5)] |= 1 << (bin & 31)
  i32[FREE_UNITS] += units
  i32[RELEASED] += gone
  if (isWorthReleasing(units, gone)) enqueue(i32, run, since)
}

function unlink(i32: Int32Array, run: number, units: number): void {
  const bin = binOf(units)
  const at = run << WORD_SHIFT
  const next = i32[at + NEXT_IN_BIN]
  const prev = i32[at + PREV_IN_BIN]
  const away = i32[at + AWAY]
  i32[FREE_UNITS] -= units
  i32[RELEASED] -= away
  if (isWorthReleasing(units, away)) dequeue(i32, run)
  if (next !== 0) i32[(next << WORD_SHIFT) + PREV_IN_BIN] = prev
  if (prev !== 0) {
    i32[(prev << WORD_SHIFT) + NEXT_IN_BIN] = next
    return
  }
  i32[BIN_HEADS + bin] = next
  if (next === 0) i32[BIN_MAP + (bin >> 5)] &= ~(1 << (bin & 31))
}

/** An older one than those of now goes to the front: it was near there before. */
function enqueue(i32: Int32Array, run: number, since: number): void {
  const at = run << WORD_SHIFT
  const isOld = ((since - i32[NOW]) | 0) < 0
  const older = isOld ? 0 : i32[NEWEST]
  const younger = isOld ? i32[OLDEST] : 0
  i32[at + OLDER] = older
  i32[at + YOUNGER] = younger
  i32[older === 0 ? OLDEST : (older << WORD_SHIFT) + YOUNGER] = run
  i32[younger === 0 ? NEWEST : (younger << WORD_SHIFT) + OLDER] = run
}

function dequeue(i32: Int32Array, run: number): void {
  const at = run << WORD_SHIFT
  const older = i32[at + OLDER]
  const younger = i32[at + YOUNGER]
  i32[older === 0 ? OLDEST : (older << WORD_SHIFT) + YOUNGER] = younger
  i32[younger === 0 ? NEWEST : (younger << WORD_SHIFT) + OLDER] = older
}
