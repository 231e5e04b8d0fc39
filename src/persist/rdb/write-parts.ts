// Values, some elements at a time. RDB has no parts, so these follow each other without anything in between, and the number
// of elements comes first. That is why all types stand there element after element: a list in listpacks would have to be
// looked at whole before, to find out how many there will be.

import { parseDouble } from '../../bytes/double.ts'
import { parseSafe } from '../../bytes/int64.ts'
import type { Arena } from '../../memory/arena.ts'
import { entryEncoding, entryType, stringLength, stringStart } from '../../store/entry.ts'
import { Hash } from '../../values/hash.ts'
import { mapFirstDeadline } from '../../values/hash-map.ts'
import { List } from '../../values/list.ts'
import { SetValue } from '../../values/set.ts'
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STRING, TYPE_ZSET } from '../../values/types.ts'
import { type Value, type ValueHost, VISIT_END, type Visit } from '../../values/value.ts'
import { SortedSet } from '../../values/zset.ts'
import { type ChangedKey, elementsOfPart } from '../save-output.ts'
import type { RdbOutput } from './output.ts'
import * as T from './types.ts'

const STRING_PART_BYTES = 256 << 10

const list = new List()
const set = new SetValue()
const zset = new SortedSet()
const hash = new Hash()

interface Elements {
  readonly view: Value
  rdbType(): number
  /** Writes about `wanted` elements from a place on; returns the next one or VISIT_END. */
  write(out: RdbOutput, from: number, wanted: number): number
}

const ELEMENTS: Readonly<Record<number, Elements>> = {
  [TYPE_LIST]: { view: list, rdbType: () => T.RDB_LIST, write: (...at) => writeTexts(list, ...at) },
  [TYPE_SET]: { view: set, rdbType: () => T.RDB_SET, write: (...at) => writeTexts(set, ...at) },
  [TYPE_ZSET]: { view: zset, rdbType: () => T.RDB_ZSET_2, write: (...at) => writeScored(zset, ...at) },
  [TYPE_HASH]: {
    view: hash,
    rdbType: () => (hash.isTimed ? T.RDB_HASH_TIMED : T.RDB_HASH),
    write: (...at) => (hash.isTimed ? writeTimedFields(...at) : writeFields(hash, ...at)),
  },
}

function elementsOf(host: ValueHost, a: Arena, e: number): Elements {
  const elements = ELEMENTS[entryType(a, e)]
  if (elements === undefined) throw new Error(`values of type ${entryType(a, e)} have no elements`)
  elements.view.aim(host, a, a.i32[e >> 2], entryEncoding(a, e))
  return elements
}

/** The RDB type of the value with entry `e`, when it is written by writeLength and writePart. */
export function partsTypeOf(host: ValueHost, a: Arena, e: number): number {
  return entryType(a, e) === TYPE_STRING ? T.RDB_STRING : elementsOf(host, a, e).rdbType()
}

/** Writes what stands before the parts of a value. */
export function writeLength(out: RdbOutput, host: ValueHost, a: Arena, e: number): void {
  if (entryType(a, e) === TYPE_STRING) {
    out.length(stringLength(a, e))
    return
  }
  const { view } = elementsOf(host, a, e)
  if (view === hash && hash.isTimed) out.int64(mapFirstDeadline(a, hash.root))
  out.length(view.stored)
}

/** Writes a part of a value, from a place on, 0 at first; returns the next one or VISIT_END. */
export function writePart(out: RdbOutput, host: ValueHost, a: Arena, e: number, from: number): number {
  if (entryType(a, e) === TYPE_STRING) return writeStringPart(out, a, e, from)
  const elements = elementsOf(host, a, e)
  return elements.write(out, from, elementsOfPart(elements.view))
}

function writeStringPart(out: RdbOutput, a: Arena, e: number, from: number): number {
  const start = stringStart(a, e)
  const length = stringLength(a, e)
  const to = Math.min(length, from + STRING_PART_BYTES)
  out.bytes(a.u8, start + from, start + to)
  return to === length ? VISIT_END : to
}

function writeTexts(v: Value, out: RdbOutput, from: number, wanted: number): number {
  return v.visitFrom(from, wanted, (buf, start, end) => out.string(buf, start, end))
}

/** Largest score first, as Redis does, for whom that is the fastest to load. A place is the number of members before it. */
export function writeScored(v: SortedSet, out: RdbOutput, from: number, wanted: number): number {
  const { count } = v
  const stop = Math.min(count, from + wanted)
  v.seek(count - 1 - from, from - stop)
  for (let i = from; i < stop; i++) {
    out.string(v.buf, v.start, v.end)
    out.double(v.score)
    v.previous()
  }
  return stop === count ? VISIT_END : stop
}

/** Of a hash without timed fields. */
export function writeFields(v: Hash, out: RdbOutput, from: number, wanted: number): number {
  return v.visitFrom(from, wanted, untimedField(out))
}

/** Due fields are written, too. */
function writeTimedFields(out: RdbOutput, from: number, wanted: number): number {
  return hash.visitFrom(from, wanted, timedField(out, mapFirstDeadline(hash.a, hash.root)))
}

/** The deadline stands before its field, and counts from the earliest, plus one; 0 for none. */
function timedField(out: RdbOutput, earliest: number): Visit {
  const texts: Uint8Array[] = []
  return (buf, start, end) => {
    if (texts.length < 2) {
      texts.push(buf.slice(start, end))
      return
    }
    out.length(start === end ? 0 : parseSafe(buf, start, end) - earliest + 1)
    for (const text of texts.splice(0)) out.string(text, 0, text.length)
  }
}

/** A field whose third visit, that of its deadline, has nothing to say. */
function untimedField(out: RdbOutput): Visit {
  let visits = 0
  return (buf, start, end) => {
    if (visits++ % hash.width !== 2) out.string(buf, start, end)
  }
}

function scoredMember(out: RdbOutput): Visit {
  let visits = 0
  return (buf, start, end) => {
    if (visits++ % zset.width === 0) out.string(buf, start, end)
    else out.double(parseDouble(buf, start, end) ?? 0)
  }
}

// ---- keys that have changed -------------------------------------------------------------------------------------

/** The RDB type of a key that has changed. */
export function changedTypeOf({ type, firstFieldDeadline }: ChangedKey): number {
  if (type === TYPE_HASH) return firstFieldDeadline !== 0 ? T.RDB_HASH_TIMED : T.RDB_HASH
  return type === TYPE_ZSET ? T.RDB_ZSET_2 : type === TYPE_SET ? T.RDB_SET : T.RDB_LIST
}

/** Writes the next elements of a key that has changed; false when those were the last. */
export function writeMore(out: RdbOutput, key: ChangedKey): boolean {
  return key.rest.next(elementsOfPart(key.rest), visitOf(out, key))
}

function visitOf(out: RdbOutput, { type, firstFieldDeadline }: ChangedKey): Visit {
  if (type === TYPE_HASH) return firstFieldDeadline !== 0 ? timedField(out, firstFieldDeadline) : untimedField(out)
  if (type === TYPE_ZSET) return scoredMember(out)
  return (buf, start, end) => out.string(buf, start, end)
}
