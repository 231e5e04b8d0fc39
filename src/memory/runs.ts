// Runs: whole units, handed out and taken back. Slabs and large blocks are made of them.
// The invariant: no two free runs touch, every free run is in the bin of its length, and a unit that was ever handed out
// (below TOP) is preferred to one that never was, so that resident memory grows only when it must.
//
//   free run of n units      unit table: | -2n-1 | ... | -2n-1 |      its first bytes: { i32 next unit, i32 previous unit }
//
//   bins by length in units:  | 1 | 2 | ... | 15 | 16-17 | 18-19 | ... 30-31 | 32-35 | ...    a bit per bin that has runs
//
//   take   O(1): the best of up to SCAN_RUNS runs of the right bin, otherwise any run of the next bin that has one
//   give   O(1): merges with both neighbours by their marks
//
// Bins as in TLSF (Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory allocator for real-time systems", 2004).

import { UNIT_SHIFT } from './classes.ts'
import { BIN_HEADS, BIN_MAP, BIN_MAP_WORDS, BINS, END, TABLE, TOP } from './layout.ts'

const EXACT_BINS = 16
/** Runs looked at in a bin whose runs may be too short. */
const SCAN_RUNS = 16
/** The same when the alternative is to say that there is no room. */
const LAST_SCAN_RUNS = 1024
/** A unit's offset >> 2 is the word index of what a free run keeps in its memory. */
const WORD_SHIFT = UNIT_SHIFT - 2

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

/** Takes a run of exactly `units`: its first unit, or 0 when there is no room. The unit table is the caller's to write. */
export function takeRun(i32: Int32Array, units: number): number {
  let run = findRun(i32, units, SCAN_RUNS)
  if (run === 0) run = growTop(i32, units)
  if (run === 0) run = findRun(i32, units, LAST_SCAN_RUNS)
  if (run === 0) return 0
  const found = markUnits(i32[i32[TABLE] + run])
  unlink(i32, run, found)
  if (found > units) link(i32, run + units, found - units)
  return run
}

/** Gives a run back; its words in the unit table may hold anything. */
export function giveRun(i32: Int32Array, run: number, units: number): void {
  const table = i32[TABLE]
  const before = i32[table + run - 1]
  const after = i32[table + run + units]
  if (isFreeMark(after)) {
    unlink(i32, run + units, markUnits(after))
    units += markUnits(after)
  }
  if (isFreeMark(before)) {
    run -= markUnits(before)
    unlink(i32, run, markUnits(before))
    units += markUnits(before)
  }
  link(i32, run, units)
}

/** Takes the `units` right at unit `at` if they are free or untouched; false and nothing changed otherwise. */
export function takeRunAt(i32: Int32Array, at: number, units: number): boolean {
  const mark = i32[i32[TABLE] + at]
  const free = isFreeMark(mark) ? markUnits(mark) : 0
  if (free < units) {
    if (at + free !== i32[TOP] || i32[END] - at < units) return false
    i32[TOP] = at + units
  }
  if (free > 0) unlink(i32, at, free)
  if (free > units) link(i32, at + units, free - units)
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
  unlink(i32, run, top - run)
  i32.fill(0, table + lowered, table + top)
  i32[TOP] = lowered
  if (lowered > run) link(i32, run, lowered - run)
  return true
}

/** Shows every free run in the bins of `leastUnits` and longer ones. What it holds but its first 8 bytes is nobody's. */
export function eachFreeRun(i32: Int32Array, leastUnits: number, visit: (run: number, units: number) => void): void {
  for (let bin = binOf(leastUnits); bin < BINS; bin++) {
    for (let run = i32[BIN_HEADS + bin]; run !== 0; run = i32[run << WORD_SHIFT]) {
      visit(run, markUnits(i32[i32[TABLE] + run]))
    }
  }
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
  link(i32, run, units)
  return run
}

function link(i32: Int32Array, run: number, units: number): void {
  const table = i32[TABLE]
  const bin = binOf(units)
  const next = i32[BIN_HEADS + bin]
  i32[table + run] = -2 * units - 1
  i32[table + run + units - 1] = -2 * units - 1
  i32[run << WORD_SHIFT] = next
  i32[(run << WORD_SHIFT) + 1] = 0
  if (next !== 0) i32[(next << WORD_SHIFT) + 1] = run
  i32[BIN_HEADS + bin] = run
  i32[BIN_MAP + (bin >> 5)] |= 1 << (bin & 31)
}

function unlink(i32: Int32Array, run: number, units: number): void {
  const bin = binOf(units)
  const next = i32[run << WORD_SHIFT]
  const prev = i32[(run << WORD_SHIFT) + 1]
  if (next !== 0) i32[(next << WORD_SHIFT) + 1] = prev
  if (prev !== 0) {
    i32[prev << WORD_SHIFT] = next
    return
  }
  i32[BIN_HEADS + bin] = next
  if (next === 0) i32[BIN_MAP + (bin >> 5)] &= ~(1 << (bin & 31))
}
