// The walk that proves an arena whole: every unit belongs to one slab, one large block or one free run, and every list,
// count and mark agrees with what the units say. It throws Error at the first disagreement. Only tests call it: it takes
// time and memory in proportion to the arena.

import { CLASS_BYTES, CLASSES, classOf, UNIT_SHIFT } from './classes.ts'
import {
  ALLOCATED,
  BIN_HEADS,
  BIN_MAP,
  BINS,
  BYTES,
  CURRENT,
  EMPTYING,
  END,
  FIRST,
  FREE,
  FREE_UNITS,
  FRESH,
  FULLNESSES,
  LIVE,
  LOW,
  listHead,
  NEXT,
  OLDEST,
  PREV,
  RELEASED,
  SLAB_END,
  SLAB_NEXT,
  SLAB_UNUSED,
  SLAB_WORDS,
  SPAN,
  TABLE,
  TOP,
  UNITS,
} from './layout.ts'
import { binOf, isFreeMark, isWorthReleasing, markUnits, runAway, runYounger } from './runs.ts'
import { fullnessOf, slabCapacity, slabStart, slabUnits } from './slabs.ts'

/** Throws Error when the arena with these words is not whole. */
export function checkArena(i32: Int32Array): void {
  for (let word = 0; word < SLAB_WORDS; word++) assert(i32[word] === 0, 'the empty slab was written to', word)
  const found = walkUnits(i32)
  for (const slab of found.slabs) checkSlab(i32, slab)
  checkLists(i32, found.slabs)
  checkBins(i32, found.runs)
  checkReleased(i32, found.runs)
  checkDescriptors(i32, found.slabs)
  let allocated = found.largeBytes
  for (const slab of found.slabs) allocated += i32[slab + LIVE] * i32[slab + BYTES]
  assert(allocated === i32[ALLOCATED], 'allocatedBytes is not the sum over the blocks', allocated)
}

type Found = { slabs: Set<number>; runs: Set<number>; largeBytes: number }

function walkUnits(i32: Int32Array): Found {
  const table = i32[TABLE]
  const found: Found = { slabs: new Set(), runs: new Set(), largeBytes: 0 }
  let freeBefore = false
  let unit = i32[FIRST]
  while (unit < i32[TOP]) {
    const mark = i32[table + unit]
    const free = isFreeMark(mark)
    const units = mark > 0 ? slabUnits(i32, mark) : markUnits(mark)
    assert(units > 0, 'a unit that belongs to nothing', unit)
    if (mark > 0) {
      assert(i32[mark + SPAN] === (unit << UNIT_SHIFT) + units, 'a slab that lies elsewhere', unit)
      for (let i = 0; i < units; i++) assert(i32[table + unit + i] === mark, 'a unit that left its slab', unit + i)
      found.slabs.add(mark)
    } else if (free) {
      assert(!freeBefore, 'two free runs that touch', unit)
      assert(i32[table + unit + units - 1] === mark, 'a free run whose ends differ', unit)
      found.runs.add(unit)
    } else {
      assert(i32[table + unit + units - 1] === 0, 'a large block without its end', unit)
      found.largeBytes += units << UNIT_SHIFT
    }
    freeBefore = free
    unit += units
  }
  assert(unit === i32[TOP] && unit <= i32[END], 'the last unit does not end at the top', unit)
  for (let at = unit; at <= i32[END]; at++) assert(i32[table + at] === 0, 'a mark on an untouched unit', at)
  return found
}

function checkSlab(i32: Int32Array, slab: number): void {
  const bytes = i32[slab + BYTES]
  const start = slabStart(i32, slab)
  const capacity = slabCapacity(i32, slab)
  const carved = (Math.abs(i32[slab + FRESH]) - start) / bytes
  assert(CLASS_BYTES[classOf(bytes)] === bytes, 'a slab of no class', slab)
  assert(Number.isInteger(carved) && carved >= 0 && carved <= capacity, 'a slab carved askew', slab)
  const seen = new Set<number>()
  for (let block = i32[slab + FREE]; block !== 0; block = i32[block >> 2]) {
    const index = (block - start) / bytes
    assert(Number.isInteger(index) && index >= 0 && index < carved, 'a free block outside its slab', block)
    assert(!seen.has(index), 'a block that is free twice', block)
    seen.add(index)
  }
  assert(i32[slab + LIVE] === carved - seen.size, 'a slab that miscounts its blocks', slab)
}

function checkLists(i32: Int32Array, slabs: Set<number>): void {
  const placed = new Set<number>()
  for (let sizeClass = 1; sizeClass < CLASSES; sizeClass++) {
    const current = i32[CURRENT + sizeClass]
    if (current !== 0) {
      assert(slabs.has(current) && i32[current + LOW] === -1, 'a current slab that is none', current)
      assert(i32[current + NEXT] === 0 && i32[current + FRESH] > 0, 'a current slab in a list', current)
      placed.add(current)
    }
    for (let fullness = 0; fullness < FULLNESSES; fullness++) {
      const head = listHead(sizeClass, fullness)
      for (let slab = i32[head + NEXT]; slab !== head; slab = i32[slab + NEXT]) {
        const live = i32[slab + LIVE]
        assert(slabs.has(slab) && !placed.has(slab), 'a list with what is no slab of its own', slab)
        assert(i32[i32[slab + PREV] + NEXT] === slab, 'a list broken backwards', slab)
        assert(classOf(i32[slab + BYTES]) === sizeClass, 'a slab in the list of another class', slab)
        assert(fullnessOf(live, slabCapacity(i32, slab)) === fullness, 'a slab in the list of another fullness', slab)
        assert(live > i32[slab + LOW] && i32[slab + FREE] !== 0, 'a listed slab without room', slab)
        placed.add(slab)
      }
    }
  }
  for (let slab = i32[EMPTYING + NEXT]; slab !== EMPTYING; slab = i32[slab + NEXT]) {
    assert(slabs.has(slab) && !placed.has(slab), 'a slab that is to run empty and no slab of its own', slab)
    assert(i32[i32[slab + PREV] + NEXT] === slab, 'the ring of emptying slabs broken backwards', slab)
    assert(i32[slab + FRESH] < 0 && i32[slab + LOW] === 0, 'an emptying slab without its marks', slab)
    placed.add(slab)
  }
  for (const slab of slabs) {
    if (placed.has(slab)) continue
    const capacity = slabCapacity(i32, slab)
    assert(i32[slab + LIVE] === capacity && i32[slab + LOW] === capacity - 1, 'a slab with room in no list', slab)
    assert(i32[slab + NEXT] === 0, 'a full slab in a list', slab)
  }
}

function checkBins(i32: Int32Array, runs: Set<number>): void {
  let count = 0
  for (let bin = 0; bin < BINS; bin++) {
    let prev = 0
    for (let run = i32[BIN_HEADS + bin]; run !== 0; run = i32[(run << UNIT_SHIFT) >> 2]) {
      assert(runs.has(run), 'a bin with what is no free run', run)
      assert(binOf(markUnits(i32[i32[TABLE] + run])) === bin, 'a free run in the wrong bin', run)
      assert(i32[((run << UNIT_SHIFT) >> 2) + 1] === prev, 'a bin broken backwards', run)
      prev = run
      count++
    }
    assert(((i32[BIN_MAP + (bin >> 5)] >>> (bin & 31)) & 1) === (prev === 0 ? 0 : 1), 'a wrong bit for a bin', bin)
  }
  assert(count === runs.size, 'a free run in no bin', count)
}

/** The sums over free runs, and the queue of those that are worth giving back. */
function checkReleased(i32: Int32Array, runs: Set<number>): void {
  let free = 0
  let away = 0
  let waiting = 0
  for (const run of runs) {
    const units = markUnits(i32[i32[TABLE] + run])
    assert(runAway(i32, run) >= 0 && runAway(i32, run) < units, 'a free run that gave back more than it has', run)
    free += units
    away += runAway(i32, run)
    if (isWorthReleasing(units, runAway(i32, run))) waiting++
  }
  assert(free === i32[FREE_UNITS], 'free units miscounted', free)
  assert(away === i32[RELEASED], 'released units miscounted', away)
  for (let run = i32[OLDEST]; run !== 0; run = runYounger(i32, run)) {
    assert(runs.has(run) && waiting-- > 0, 'a queue with what need not wait in it', run)
  }
  assert(waiting === 0, 'a free run that waits in no queue', waiting)
}

function checkDescriptors(i32: Int32Array, slabs: Set<number>): void {
  const units = new Int32Array(CLASSES)
  for (const slab of slabs) units[classOf(i32[slab + BYTES])] += slabUnits(i32, slab)
  for (let sizeClass = 1; sizeClass < CLASSES; sizeClass++) {
    assert(units[sizeClass] === i32[UNITS + sizeClass], 'a class that miscounts its units', sizeClass)
  }
  let known = slabs.size
  for (let slab = i32[SLAB_UNUSED]; slab !== 0; slab = i32[slab + NEXT]) {
    assert(!slabs.has(slab), 'a descriptor in use among the unused', slab)
    known++
  }
  const first = i32[TABLE] + i32[END] + 1
  assert(known === (i32[SLAB_NEXT] - first) / SLAB_WORDS, 'a descriptor that got lost', known)
  assert(i32[SLAB_NEXT] <= i32[SLAB_END], 'more descriptors than there is place for', i32[SLAB_NEXT])
}

function assert(holds: boolean, what: string, where: number): void {
  if (!holds) throw new Error(`arena: ${what}: ${where}`)
}
