// A map of byte strings to byte strings: fields and their values, each pair one block, found through a dict. A field may
// have a deadline; then its block starts with one and lies in a heap of deadlines too (deadlines.ts). The map does not look at
// the clock: whoever asks decides what is due.
//
// root, 24 bytes, starts as zeroes              block of a pair, found by ref = offset, plus 1 when it is timed
//    0  dict root (dict.ts), refs of blocks        0  f64 deadline, i32 place in the heap      (only when timed: 12 bytes)
//   16  i32  heap   20  i32  blocks in it          .  length of the field, field bytes
//                                                  .  length of the value, value bytes
//
// A length below 254 is one byte; 254 is followed by two bytes of it, 255 by four, low byte first.
//
//   find           a dict search, one block                 find, replace in the same size class    no allocation
//   insert         + one block                              timed field    16 to 20 bytes more
//   16-byte field, 3-byte value    34.5 bytes               1 M fields of 16 + 64 bytes    98.5 bytes each
//
// A slot is good until the next insert, remove or clear; a ref until its field is changed. Memory is taken first: what
// returns 0 or false has changed nothing.

import { copy, equals } from '../bytes/ascii.ts'
import { Arena } from './arena.ts'
import {
  deadlineOf,
  deadlinesAdd,
  deadlinesChange,
  deadlinesClear,
  deadlinesMoved,
  deadlinesRemove,
  deadlinesReserve,
  TIMED_BYTES,
} from './deadlines.ts'
import {
  DICT_ROOT_BYTES,
  dictClear,
  dictDrain,
  dictFind,
  dictInsert,
  dictNext,
  dictRef,
  dictRemove,
  dictScan,
  dictSetRef,
} from './dict.ts'
import { dictMove, type MoveRef } from './dict-move.ts'
import { PairBatch } from './pair-batch.ts'

export const FIELDS_ROOT_BYTES = DICT_ROOT_BYTES + 8
/** Where a root has the words of its deadlines. */
export const FIELDS_DEADLINES = DICT_ROOT_BYTES

const TIMED = 1
const SHORT = 254
const LONG = 255
const ALL_HASHES = 0x1_0000_0000
/** Pairs freed between two looks at the dict. */
const CLEAR_STEP = 256

const blockOf = (ref: number): number => ref & -8

/** Where the lengths and bytes of a ref's block start. */
const bodyOf = (ref: number): number => ((ref & TIMED) === 0 ? ref : ref - TIMED + TIMED_BYTES)

/** Deadline of a ref in ms, 0 for none. */
export const fieldDeadline = (a: Arena, ref: number): number => ((ref & TIMED) === 0 ? 0 : deadlineOf(a, ref - TIMED))

/** Bytes that a length takes. */
const lengthBytes = (length: number): number => (length < SHORT ? 1 : length < 65536 ? 3 : 5)

function writeLength(u8: Uint8Array, at: number, length: number): number {
  if (length < SHORT) {
    u8[at] = length
    return at + 1
  }
  u8[at] = length < 65536 ? SHORT : LONG
  u8[at + 1] = length
  u8[at + 2] = length >>> 8
  if (length < 65536) return at + 3
  u8[at + 3] = length >>> 16
  u8[at + 4] = length >>> 24
  return at + 5
}

/** A length of which the first byte is SHORT or LONG. */
function readLong(u8: Uint8Array, at: number): number {
  const low = u8[at + 1] | (u8[at + 2] << 8)
  return u8[at] === SHORT ? low : low | (u8[at + 3] << 16) | (u8[at + 4] << 24)
}

/** The parts of one pair, as places in the arena's bytes; used again for every pair. */
export class FieldView {
  start = 0
  end = 0
  valueStart = 0
  valueEnd = 0

  /** Looks at the pair behind a ref. */
  read(a: Arena, ref: number): void {
    const { u8 } = a
    let at = bodyOf(ref)
    let length = u8[at]
    if (length >= SHORT) {
      length = readLong(u8, at)
      at += length < 65536 ? 3 : 5
    } else at++
    this.start = at
    this.end = at += length
    length = u8[at]
    if (length >= SHORT) {
      length = readLong(u8, at)
      at += length < 65536 ? 3 : 5
    } else at++
    this.valueStart = at
    this.valueEnd = at + length
  }
}

/** The slot of a field, 0 when it is not there. `hash` is that of buf[start, end), an int32. */
export function fieldsFind(a: Arena, root: number, hash: number, buf: Uint8Array, start: number, end: number): number {
  const { u8 } = a
  const length = end - start
  let slot = dictFind(a, root, hash)
  for (; slot !== 0; slot = dictNext(a, root, slot, hash)) {
    let at = bodyOf(dictRef(a, slot))
    const first = u8[at]
    if (first < SHORT) {
      if (first !== length) continue
      at++
    } else {
      if (readLong(u8, at) !== length) continue
      at += lengthBytes(length)
    }
    if (equals(u8, at, at + length, buf, start, end)) return slot
  }
  return 0
}

/** Adds a field that is not there; `deadline` in ms, 0 for none. Returns its slot, 0 when the arena has no room. */
export function fieldsInsert(
  a: Arena,
  root: number,
  hash: number,
  buf: Uint8Array,
  start: number,
  end: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
  deadline: number,
): number {
  const timed = deadline === 0 ? 0 : TIMED
  const head = timed * TIMED_BYTES
  const length = end - start
  const valueLength = valueEnd - valueStart
  const block = a.alloc(head + lengthBytes(length) + length + lengthBytes(valueLength) + valueLength)
  if (block === 0) return 0
  const slot =
    timed !== 0 && !deadlinesReserve(a, root + FIELDS_DEADLINES) ? 0 : dictInsert(a, root, hash, block + timed)
  if (slot === 0) {
    a.free(block)
    return 0
  }
  const { u8 } = a
  const at = copy(u8, writeLength(u8, block + head, length), buf, start, end)
  copy(u8, writeLength(u8, at, valueLength), value, valueStart, valueEnd)
  if (timed !== 0) deadlinesAdd(a, root + FIELDS_DEADLINES, block, deadline)
  return slot
}

/**
 * Gives the field in `slot` another value and deadline (ms, 0 for none). In place when the block's size class stays. The
 * value may lie in the arena, but not in this field's block. False when there is no room.
 */
export function fieldsReplace(
  a: Arena,
  root: number,
  slot: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
  deadline: number,
): boolean {
  const { u8 } = a
  const ref = dictRef(a, slot)
  const timed = deadline === 0 ? 0 : TIMED
  const body = bodyOf(ref)
  const length = u8[body] < SHORT ? u8[body] : readLong(u8, body)
  const fieldBytes = lengthBytes(length) + length
  const valueLength = valueEnd - valueStart
  const need = timed * TIMED_BYTES + fieldBytes + lengthBytes(valueLength) + valueLength
  if ((ref & TIMED) === timed && a.sizeOf(ref - timed) === Arena.goodSize(need)) {
    copy(u8, writeLength(u8, body + fieldBytes, valueLength), value, valueStart, valueEnd)
    if (timed !== 0 && deadlineOf(a, ref - TIMED) !== deadline) {
      deadlinesChange(a, root + FIELDS_DEADLINES, ref - TIMED, deadline)
    }
    return true
  }
  const block = newBlock(a, root, ref, need, timed)
  if (block === 0) return false
  const at = copy(u8, block + timed * TIMED_BYTES, u8, body, body + fieldBytes)
  copy(u8, writeLength(u8, at, valueLength), value, valueStart, valueEnd)
  exchange(a, root, slot, block + timed, deadline)
  return true
}

/** Gives the field in `slot` another deadline (ms, 0 for none) and keeps its value. False when there is no room. */
export function fieldsRetime(a: Arena, root: number, slot: number, deadline: number, view: FieldView): boolean {
  const ref = dictRef(a, slot)
  const timed = deadline === 0 ? 0 : TIMED
  if ((ref & TIMED) === timed) {
    if (timed !== 0) deadlinesChange(a, root + FIELDS_DEADLINES, ref - TIMED, deadline)
    return true
  }
  view.read(a, ref)
  const body = bodyOf(ref)
  const block = newBlock(a, root, ref, timed * TIMED_BYTES + view.valueEnd - body, timed)
  if (block === 0) return false
  copy(a.u8, block + timed * TIMED_BYTES, a.u8, body, view.valueEnd)
  exchange(a, root, slot, block + timed, deadline)
  return true
}

/** A block for a field that has one already, and room in the heap if it is going to need it. 0: no room. */
function newBlock(a: Arena, root: number, ref: number, bytes: number, timed: number): number {
  if (timed !== 0 && (ref & TIMED) === 0 && !deadlinesReserve(a, root + FIELDS_DEADLINES)) return 0
  return a.alloc(bytes)
}

/** Lets the block behind `ref` take the place of the one in `slot`, which is freed. */
function exchange(a: Arena, root: number, slot: number, ref: number, deadline: number): void {
  const old = dictRef(a, slot)
  const heap = root + FIELDS_DEADLINES
  const block = blockOf(ref)
  if ((old & ref & TIMED) !== 0) {
    a.i32.copyWithin(block >> 2, blockOf(old) >> 2, (blockOf(old) + TIMED_BYTES) >> 2)
    deadlinesMoved(a, heap, block)
    if (deadlineOf(a, block) !== deadline) deadlinesChange(a, heap, block, deadline)
  } else if ((ref & TIMED) !== 0) deadlinesAdd(a, heap, block, deadline)
  else if ((old & TIMED) !== 0) deadlinesRemove(a, heap, blockOf(old))
  dictSetRef(a, slot, ref)
  a.free(blockOf(old))
}

/** Takes out the field in `slot`. */
export function fieldsRemove(a: Arena, root: number, slot: number): void {
  const ref = dictRef(a, slot)
  if ((ref & TIMED) !== 0) deadlinesRemove(a, root + FIELDS_DEADLINES, ref - TIMED)
  dictRemove(a, root, slot)
  a.free(blockOf(ref))
}

const freed = new PairBatch()
/** dictScan's places are multiples of this. */
const PLACE = 256

/**
 * Frees about `most` fields of a map that nobody looks at any more, from a place on, 0 at first. Returns the next place, or
 * 0 when there are no more: the root is that of an empty map then.
 */
export function fieldsFree(a: Arena, root: number, from: number, most: number): number {
  freed.length = 0
  const next = dictDrain(a, root, from * PLACE, most, freed)
  for (let i = 0; i < freed.length; i++) a.free(blockOf(freed.refs[i] as number))
  if (next < ALL_HASHES) return next / PLACE
  deadlinesClear(a, root + FIELDS_DEADLINES)
  return 0
}

/** Frees everything; the root is that of an empty map then. */
export function fieldsClear(a: Arena, root: number): void {
  for (let from = 0; from < ALL_HASHES; ) {
    freed.length = 0
    from = dictScan(a, root, from, CLEAR_STEP, freed)
    for (let i = 0; i < freed.length; i++) a.free(blockOf(freed.refs[i] as number))
  }
  dictClear(a, root)
  deadlinesClear(a, root + FIELDS_DEADLINES)
}

const moveField: MoveRef = (a, root, ref) => {
  const timed = ref & TIMED
  const block = a.moved(ref - timed)
  if (timed !== 0 && block !== ref - timed) deadlinesMoved(a, root + FIELDS_DEADLINES, block)
  return block + timed
}

/** Moves some fields out of slabs that are to run empty, as dictMove. */
export function fieldsMove(a: Arena, root: number, position: number): number {
  const heap = (root + FIELDS_DEADLINES) >> 2
  if (position === 0 && a.i32[heap] !== 0) a.i32[heap] = a.moved(a.i32[heap])
  return dictMove(a, root, position, moveField)
}
