// From values to RDB version 10, which Redis 7.0 loads: each in the encoding that OBJECT ENCODING names. Hashes with fields
// that expire are the exception: they need version 12.

import type { Arena } from '../../memory/arena.ts'
import { INTSET_HEADER_BYTES, intsetCount, intsetWidth } from '../../memory/intset.ts'
import { packedSkip } from '../../memory/packed.ts'
import { packedCount, packedFirst, packedStop } from '../../memory/packed-block.ts'
import { entryEncoding, entryType, stringLength, stringStart } from '../../store/entry.ts'
import { Hash } from '../../values/hash.ts'
import { namesOf } from '../../values/hash-names.ts'
import { List } from '../../values/list.ts'
import { SetValue } from '../../values/set.ts'
import {
  FORM_INTSET,
  FORM_LISTPACK,
  FORM_SHARED,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STRING,
  TYPE_ZSET,
} from '../../values/types.ts'
import type { Value, ValueHost } from '../../values/value.ts'
import { SortedSet } from '../../values/zset.ts'
import { pairsAreListpack } from '../../values/zset-pairs.ts'
import { INTSET_HEAD_BYTES } from './intset-reader.ts'
import { Listpack } from './listpack.ts'
import type { RdbOutput } from './output.ts'
import * as T from './types.ts'
import { writeFields, writeScored } from './write-parts.ts'

/** Elements of a list share a node up to here, as with Redis's list-max-listpack-size -2. */
const NODE_BYTES = 8192
/** What an element takes beside its text, at most. */
const ELEMENT_BYTES = 10

const list = new List()
const set = new SetValue()
const zset = new SortedSet()
const hash = new Hash()
const listpack = new Listpack()

/** The RDB type of what a key holds. */
export function rdbTypeOf(host: ValueHost, a: Arena, e: number): number {
  const form = entryEncoding(a, e)
  switch (entryType(a, e)) {
    case TYPE_STRING:
      return T.RDB_STRING
    case TYPE_LIST:
      return T.RDB_LIST_QUICKLIST_2
    case TYPE_SET:
      return form === FORM_INTSET ? T.RDB_SET_INTSET : T.RDB_SET
    case TYPE_ZSET:
      return form === FORM_LISTPACK ? T.RDB_ZSET_LISTPACK : T.RDB_ZSET_2
    case TYPE_HASH:
      hash.aim(host, a, a.i32[e >> 2], form)
      if (hash.isTimed) return T.RDB_HASH_TIMED
      return hash.isPacked ? T.RDB_HASH_LISTPACK : T.RDB_HASH
    default:
      throw new Error(`values of type ${entryType(a, e)} cannot be written`)
  }
}

/** Whether there is nothing to write: the time of all fields is over. */
export function isOver(host: ValueHost, a: Arena, e: number): boolean {
  if (entryType(a, e) !== TYPE_HASH) return false
  hash.aim(host, a, a.i32[e >> 2], entryEncoding(a, e))
  return hash.count === 0
}

/** The version of RDB that a value of an RDB type needs. */
export function rdbVersionOf(type: number): number {
  return type === T.RDB_HASH_TIMED ? T.RDB_VERSION_TIMED_FIELDS : T.RDB_VERSION
}

/** Writes what the key with entry `e` holds; `type` from rdbTypeOf, which stands before it (in files: before the key). */
export function writeValue(out: RdbOutput, type: number, host: ValueHost, a: Arena, e: number): void {
  if (type === T.RDB_STRING) {
    const start = stringStart(a, e)
    out.string(a.u8, start, start + stringLength(a, e))
    return
  }
  const root = a.i32[e >> 2]
  const form = entryEncoding(a, e)
  switch (type) {
    case T.RDB_LIST_QUICKLIST_2:
      list.aim(host, a, root, form)
      writeNodes(out)
      return
    case T.RDB_SET_INTSET:
      // Behind the owner's words a block is Redis's intset.
      out.string(
        a.u8,
        root + INTSET_HEADER_BYTES - INTSET_HEAD_BYTES,
        root + INTSET_HEADER_BYTES + intsetCount(a, root) * intsetWidth(a, root),
      )
      return
    case T.RDB_SET:
      set.aim(host, a, root, form)
      writeElements(out, set)
      return
    case T.RDB_ZSET_LISTPACK:
      if (pairsAreListpack(a, root)) writePacked(out, a, root)
      else {
        zset.aim(host, a, root, form)
        writeListpack(out, zset)
      }
      return
    case T.RDB_ZSET_2:
      zset.aim(host, a, root, form)
      out.length(zset.count)
      writeScored(zset, out, 0, zset.count)
      return
    case T.RDB_HASH_LISTPACK:
      if (form === FORM_SHARED) writeShared(out, a, root)
      else writePacked(out, a, root)
      return
    case T.RDB_HASH:
      hash.aim(host, a, root, form)
      out.length(hash.count)
      writeFields(hash, out, 0, hash.count)
      return
    default:
      hash.aim(host, a, root, form)
      writeTimedFields(out)
  }
}

function writeElements(out: RdbOutput, v: Value): void {
  out.length(v.count)
  v.visit((buf, start, end) => out.string(buf, start, end))
}

function writeListpack(out: RdbOutput, v: Value): void {
  listpack.begin()
  v.visit((buf, start, end) => listpack.add(buf, start, end))
  listpack.finish()
  out.string(listpack.u8, 0, listpack.at)
}

/** The elements of a packed block as they are. */
function writePacked(out: RdbOutput, a: Arena, root: number): void {
  listpack.begin()
  listpack.addPacked(a.u8, packedFirst(root), packedStop(a, root), packedCount(a, root))
  listpack.finish()
  out.string(listpack.u8, 0, listpack.at)
}

/** Names from their block and values from the hash's own, in turn. */
function writeShared(out: RdbOutput, a: Arena, root: number): void {
  const { u8 } = a
  const stop = packedStop(a, root)
  let name = packedFirst(namesOf(a, root))
  listpack.begin()
  for (let value = packedFirst(root); value < stop; ) {
    const nameEnd = packedSkip(u8, name)
    const valueEnd = packedSkip(u8, value)
    listpack.addPacked(u8, name, nameEnd, 1)
    listpack.addPacked(u8, value, valueEnd, 1)
    name = nameEnd
    value = valueEnd
  }
  listpack.finish()
  out.string(listpack.u8, 0, listpack.at)
}

/** Without those whose time is over. */
function writeTimedFields(out: RdbOutput): void {
  const earliest = earliestDeadline()
  out.int64(earliest)
  out.length(hash.count)
  hash.begin()
  while (hash.next()) {
    const deadline = hash.walkDeadline
    out.length(deadline === 0 ? 0 : deadline - earliest + 1)
    const field = hash.fieldText()
    out.string(field.buf, field.start, field.end)
    const value = hash.valueText()
    out.string(value.buf, value.start, value.end)
  }
}

/** Of the fields that are there; 0 when none is timed: the time of those that were is over. */
function earliestDeadline(): number {
  let earliest = 0
  hash.begin()
  while (hash.next()) {
    const deadline = hash.walkDeadline
    if (deadline !== 0 && (earliest === 0 || deadline < earliest)) earliest = deadline
  }
  return earliest
}

/** A list as listpacks. How many there are comes first, so the elements are visited twice. */
function writeNodes(out: RdbOutput): void {
  let nodes = 0
  let bytes = NODE_BYTES
  const startsNode = (length: number): boolean => {
    bytes += length + ELEMENT_BYTES
    if (bytes <= NODE_BYTES) return false
    bytes = length + ELEMENT_BYTES
    return true
  }
  list.visit((_buf, start, end) => {
    if (startsNode(end - start)) nodes++
  })
  out.length(nodes)
  bytes = NODE_BYTES
  listpack.begin()
  list.visit((buf, start, end) => {
    if (startsNode(end - start)) writeNode(out)
    listpack.add(buf, start, end)
  })
  writeNode(out)
}

/** Writes the listpack, unless nothing is in it, and begins the next. */
function writeNode(out: RdbOutput): void {
  if (listpack.count > 0) {
    listpack.finish()
    out.length(T.NODE_PACKED)
    out.string(listpack.u8, 0, listpack.at)
  }
  listpack.begin()
}
