// The large form of a hash: its root with a map of fields (memory/fields.ts) and, once a field has a deadline, a clock.
//
// root, 36 bytes
//    0  i32  allocated bytes        4  i32  logical bytes: fields and values
//    8  fields root, 24 bytes      32  i32  clock (hash-clock.ts), 0 before the first timed field

import type { Arena } from '../memory/arena.ts'
import { deadlineOf, deadlinesCount, deadlinesDue, deadlinesFirst } from '../memory/deadlines.ts'
import { dictCount, dictScan } from '../memory/dict.ts'
import { FIELDS_DEADLINES, FieldView, fieldDeadline, fieldsClear, fieldsFree, fieldsInsert } from '../memory/fields.ts'
import { PairBatch } from '../memory/pair-batch.ts'
import { clockCreate, clockFile, clockForget, clockFree, clockLatest, clockMoved, clockNote } from './hash-clock.ts'

/** Where a root has its map of fields. */
export const FIELDS = 8
const DEADLINES = FIELDS + FIELDS_DEADLINES
const CLOCK = 32
const ROOT_BYTES = 36
const LOGICAL = 4
const ALL_HASHES = 0x1_0000_0000
/** Fields copied between two looks at the map. */
const COPY_STEP = 256

const batch = new PairBatch()
const view = new FieldView()

/** A new root of an empty map; 0 when there is no room. */
export function mapCreate(a: Arena): number {
  const root = a.alloc(ROOT_BYTES)
  if (root !== 0) a.i32.fill(0, root >> 2, (root + ROOT_BYTES) >> 2)
  return root
}

/** As fieldsFree. */
export const mapFreeSome = (a: Arena, root: number, from: number, most: number): number =>
  fieldsFree(a, root + FIELDS, from, most)

/** The map's clock is taken away: nobody is to come back to its fields. */
export function mapStop(a: Arena, root: number): void {
  const clock = a.i32[(root + CLOCK) >> 2]
  if (clock === 0) return
  clockFree(a, clock)
  a.i32[(root + CLOCK) >> 2] = 0
}

export function mapFree(a: Arena, root: number): void {
  mapStop(a, root)
  fieldsClear(a, root + FIELDS)
  a.free(root)
}

/** Where the root and its clock lie when they have left slabs that are to run empty (Arena.moved). */
export function mapMoved(a: Arena, root: number): number {
  const moved = a.moved(root)
  const clock = a.i32[(moved + CLOCK) >> 2]
  if (clock !== 0) a.i32[(moved + CLOCK) >> 2] = clockMoved(a, clock, moved)
  return moved
}

export const mapClock = (a: Arena, root: number): number => a.i32[(root + CLOCK) >> 2]

/** Makes sure that fields may have deadlines. False when there is no room. */
export function mapNeedClock(a: Arena, root: number): boolean {
  if (mapClock(a, root) !== 0) return true
  const clock = clockCreate(a, root)
  a.i32[(root + CLOCK) >> 2] = clock
  return clock !== 0
}

/** Files the clock under the earliest deadline; to be called after each change of one. `deadline`: a new one in ms, if any. */
export function mapFile(a: Arena, root: number, deadline = 0): void {
  const clock = mapClock(a, root)
  if (clock === 0) return
  const first = mapFirstDeadline(a, root)
  clockFile(a, clock, first)
  if (first === 0) clockForget(a, clock)
  else clockNote(a, clock, deadline)
}

/** Up to so many fields it is looked at how many are due; beyond that, whether the latest deadline that there was is. */
const COUNTED_FIELDS = 64

/** Whether the time of all fields of a map, which all have deadlines, is over at `nowMs`. */
export function mapIsOver(a: Arena, root: number, nowMs: number): boolean {
  const fields = mapCount(a, root)
  return clockLatest(a, mapClock(a, root)) < nowMs || (fields <= COUNTED_FIELDS && mapDue(a, root, nowMs) === fields)
}

/** The earliest deadline of a field in ms, 0 when there is none. */
export function mapFirstDeadline(a: Arena, root: number): number {
  const first = deadlinesFirst(a, root + DEADLINES)
  return first === 0 ? 0 : deadlineOf(a, first)
}

/** The block of the field with the earliest deadline, 0 when there is none. */
export const mapFirstTimed = (a: Arena, root: number): number => deadlinesFirst(a, root + DEADLINES)

/** Fields whose time is over at `nowMs`. */
export const mapDue = (a: Arena, root: number, nowMs: number): number => deadlinesDue(a, root + DEADLINES, nowMs)

/** Fields that have a deadline. */
export const mapTimed = (a: Arena, root: number): number => deadlinesCount(a, root + DEADLINES)

/** Fields, due ones included. */
export const mapCount = (a: Arena, root: number): number => dictCount(a, root + FIELDS)

/** A copy of the map at `root` in `to`, which may be the same arena. 0 when there is no room; nothing is left behind then. */
export function mapCopy(a: Arena, root: number, to: Arena): number {
  const copied = mapCreate(to)
  if (copied === 0) return 0
  to.i32[(copied + LOGICAL) >> 2] = a.i32[(root + LOGICAL) >> 2]
  const complete = (mapClock(a, root) === 0 || mapNeedClock(to, copied)) && copyFields(a, root, to, copied)
  if (!complete) {
    mapFree(to, copied)
    return 0
  }
  if (mapTimed(to, copied) > 0) mapFile(to, copied, clockLatest(a, mapClock(a, root)))
  return copied
}

function copyFields(a: Arena, root: number, to: Arena, copied: number): boolean {
  for (let from = 0; from < ALL_HASHES; ) {
    batch.length = 0
    from = dictScan(a, root + FIELDS, from, COPY_STEP, batch)
    for (let i = 0; i < batch.length; i++) {
      const ref = batch.refs[i]
      view.read(a, ref)
      const deadline = fieldDeadline(a, ref)
      const { start, end, valueStart, valueEnd } = view
      const map = copied + FIELDS
      if (fieldsInsert(to, map, batch.hashes[i], a.u8, start, end, a.u8, valueStart, valueEnd, deadline) === 0) {
        return false
      }
    }
  }
  return true
}
