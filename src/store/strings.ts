// The verbs of string values: set whole, set to a number, change length. Where the bytes lie (in the entry or in a block
// of their own, see entry.ts) is known only here and in entry.ts.

import { copy } from '../bytes/ascii.ts'
import { intLength, writeInt } from '../bytes/int64.ts'
import { Arena } from '../memory/arena.ts'
import { STRING_TOO_LONG, WRONGTYPE } from '../resp/errors.ts'
import { INT, RAW } from '../values/string.ts'
import { TYPE_STRING } from '../values/types.ts'
import {
  entryType,
  FLAG_OUTSIDE,
  INLINE_LIMIT_BYTES,
  isTimed,
  keyLength,
  OUTSIDE_HEADER_BYTES,
  overheadBytes,
  stringLength,
  stringStart,
} from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { Place } from './place.ts'

/** Room that a growing string gets on top: its own size, at most this (sds's SDS_MAX_PREALLOC). */
const PREALLOCATED_BYTES = 1 << 20

/** WRONGTYPE unless the key at `p` is a string or does not exist. */
export function expectString(p: Place): void {
  if (p.entry !== 0 && entryType(p.shard.arena, p.entry) !== TYPE_STRING) throw WRONGTYPE
}

/**
 * SET: the value at `p` becomes buf[start, end) with this encoding and deadline (ms, 0 for none), whatever was there.
 * Throws OOM before any change. The source may not lie in the entry itself.
 */
export function setString(
  keys: Keyspace,
  p: Place,
  buf: Uint8Array,
  start: number,
  end: number,
  encoding: number,
  deadline: number,
): void {
  copy(p.shard.arena.u8, makeString(keys, p, end - start, encoding, deadline), buf, start, end)
}

/** As setString with room for `length` bytes that the caller then writes; returns where. */
export function makeString(keys: Keyspace, p: Place, length: number, encoding: number, deadline: number): number {
  const a = p.shard.arena
  const kind = (TYPE_STRING << 4) | encoding
  const e = p.entry
  // A string over one of the same length, both without deadline, is the common case: nothing but the bytes changes.
  if (
    e !== 0 &&
    deadline === 0 &&
    a.i32[e >> 2] === length &&
    a.u8[e + 7] === keys.savedMark &&
    a.u8[e + 6] >> 4 === TYPE_STRING
  ) {
    a.u8[e + 6] = kind
    return stringStart(a, e)
  }
  const keyBytes = p.keyEnd - p.keyStart
  if (overheadBytes(keyBytes, deadline) + length <= INLINE_LIMIT_BYTES) {
    return stringStart(a, keys.put(p, kind, length, 0, length, deadline, length))
  }
  const block = allocateString(keys, a, length)
  setBlock(keys, p, block, encoding, deadline)
  return block + OUTSIDE_HEADER_BYTES
}

/**
 * A block for a long string that is not yet a key's value: its bytes lie behind OUTSIDE_HEADER_BYTES and are undefined.
 * For a value that is made while others are still read: setBlock gives it to a key of the same arena. Throws OOM.
 */
export function allocateString(keys: Keyspace, a: Arena, length: number): number {
  const block = keys.allocate(a, OUTSIDE_HEADER_BYTES + length)
  a.i32[block >> 2] = length
  return block
}

/** The value at `p` becomes the string in `block`, as setString. When that throws OOM, the block is free again. */
export function setBlock(keys: Keyspace, p: Place, block: number, encoding: number, deadline: number): void {
  const a = p.shard.arena
  try {
    keys.put(p, (TYPE_STRING << 4) | encoding, block, FLAG_OUTSIDE, 0, deadline, a.i32[block >> 2])
  } catch (error) {
    a.free(block)
    throw error
  }
  keys.account(p.ns, a, 0, a.sizeOf(block))
}

/** Sets the value at `p` to a safe integer's digits, keeping the deadline. */
export function setInteger(keys: Keyspace, p: Place, n: number): void {
  const length = intLength(n)
  const a = p.shard.arena
  if (p.entry !== 0 && a.i32[p.entry >> 2] === length && (a.u8[p.entry + 7] & FLAG_OUTSIDE) === 0) {
    keys.saveFirst(p)
    a.u8[p.entry + 6] = (TYPE_STRING << 4) | INT
    writeInt(a.u8, stringStart(a, p.entry), n)
    return
  }
  writeInt(a.u8, makeString(keys, p, length, INT, p.entry === 0 ? 0 : keys.deadline(p)), n)
}

/**
 * Changes the length of the string at `p`, keeping its first bytes and its deadline; the encoding becomes raw. New
 * bytes are undefined. Returns where the value starts. Throws OOM before any change.
 */
export function resizeString(keys: Keyspace, p: Place, length: number): number {
  keys.saveFirst(p)
  const a = p.shard.arena
  const e = p.entry
  const before = stringLength(a, e)
  const inline = overheadBytes(keyLength(a, e), isTimed(a, e) ? 1 : 0) + length
  if ((a.u8[e + 7] & FLAG_OUTSIDE) !== 0) growOutside(keys, p, length)
  else if (inline <= INLINE_LIMIT_BYTES) {
    if (a.sizeOf(e) === Arena.goodSize(inline)) a.i32[e >> 2] = length
    else keys.reshape(p, keys.deadline(p), length, 0, length)
  } else {
    const block = keys.allocate(a, OUTSIDE_HEADER_BYTES + withSlack(length))
    a.i32[block >> 2] = length
    const from = stringStart(a, e)
    copy(a.u8, block + OUTSIDE_HEADER_BYTES, a.u8, from, from + Math.min(before, length))
    try {
      keys.reshape(p, keys.deadline(p), block, FLAG_OUTSIDE, 0)
    } catch (error) {
      a.free(block)
      throw error
    }
    keys.account(p.ns, a, 0, a.sizeOf(block))
  }
  a.u8[p.entry + 6] = (TYPE_STRING << 4) | RAW
  keys.account(p.ns, a, length - before, 0)
  return stringStart(a, p.entry)
}

/** Where the bytes of the string at `p` start, for those who change some of them where they are. */
export function editString(keys: Pick<Keyspace, 'saveFirst'>, p: Place): number {
  keys.saveFirst(p)
  return stringStart(p.shard.arena, p.entry)
}

function withSlack(length: number): number {
  return length + Math.min(length, PREALLOCATED_BYTES)
}

function growOutside(keys: Keyspace, p: Place, length: number): void {
  const a = p.shard.arena
  const block = a.i32[p.entry >> 2]
  const before = a.i32[block >> 2]
  const capacity = a.sizeOf(block)
  if (OUTSIDE_HEADER_BYTES + length > capacity) {
    const wanted = OUTSIDE_HEADER_BYTES + withSlack(length)
    if (keys.allocatedBytes() + wanted - capacity <= keys.limitBytes && a.extend(block, wanted)) {
      keys.account(p.ns, a, 0, a.sizeOf(block) - capacity)
    } else {
      const larger = keys.allocate(a, wanted)
      copy(
        a.u8,
        larger + OUTSIDE_HEADER_BYTES,
        a.u8,
        block + OUTSIDE_HEADER_BYTES,
        block + OUTSIDE_HEADER_BYTES + before,
      )
      keys.account(p.ns, a, 0, a.sizeOf(larger) - capacity)
      a.free(block)
      a.i32[p.entry >> 2] = larger
    }
  }
  a.i32[a.i32[p.entry >> 2] >> 2] = length
}

/** Redis's checkStringLength: a string may not grow beyond proto-max-bulk-len. */
export function checkStringLength(bytes: number, limitBytes: number): void {
  if (bytes > limitBytes) throw STRING_TOO_LONG
}
