// The codec of packed elements: a text or an integer in as few bytes as they need, with a way to walk both ways. Byte for
// byte the elements of Redis's listpack (listpack.c, and antirez/listpack's specification), so that DUMP and RDB copy them.
//
//   element = head | data | back
//
//   head and data                                  holds                          back: length of head and data,
//   0xxxxxxx                                       0 .. 127                       readable from its last byte
//   110xxxxx xxxxxxxx                              13 bit integer                 0xxxxxxx                  below 128
//   f1, 2 bytes, little endian                     16 bit integer                 0xxxxxxx 1xxxxxxx         below 16383
//   f2, 3 bytes   f3, 4 bytes   f4, 8 bytes        24, 32, 64 bit integer         and so on, 5 bytes at most
//   10llllll, bytes                                text below 64 bytes
//   1110llll llllllll, bytes                       text below 4096 bytes
//   f0, 4 bytes of length, little endian, bytes    text
//
// A canonical integer within +-(2^53-1) is always written as an integer, anything else as text: so two elements hold the
// same text exactly when their heads and data are the same bytes. Redis also packs the integers up to 2^63; whoever reads
// listpacks of its making has to turn those into texts.
//
//   "x" 2 bytes + 1   "42" 2   "1000" 3   64 bytes of text 67   skip, back, read: O(1)   write: O(length)

import { copy, equals } from '../bytes/ascii.ts'
import { intLength, parseSafe, writeInt } from '../bytes/int64.ts'

/** An element takes at most this many bytes more than its text. */
export const PACKED_OVERHEAD_BYTES = 10

const INT16 = 0xf1
const INT24 = 0xf2
const INT32 = 0xf3
const INT64 = 0xf4
const TEXT32 = 0xf0
const TWO_32 = 0x1_0000_0000
const NINE = 0x39
/** An element that is an integer. */
const digits = new Uint8Array(10)

/** Bytes of the element for the text buf[start, end), back length included. */
export function packedSize(buf: Uint8Array, start: number, end: number): number {
  const text = end - start
  // No integer begins with a letter: most elements are told from one by their first byte.
  if (text < 64 && text > 0 && buf[start] > NINE) return text + 2
  const n = parseSafe(buf, start, end)
  if (!Number.isNaN(n)) return packedIntSize(n)
  const length = text < 64 ? text + 1 : text < 4096 ? text + 2 : text + 5
  return length + backBytes(length)
}

/** Bytes of the element for a safe integer. */
export function packedIntSize(n: number): number {
  if (n >= -4096 && n <= 4095) return n >= 0 && n <= 127 ? 2 : 3
  if (n >= -8388608 && n <= 8388607) return n >= -32768 && n <= 32767 ? 4 : 5
  return (n | 0) === n ? 6 : 10
}

/** Writes the element for buf[start, end) and returns its end. */
export function packedWrite(u8: Uint8Array, at: number, buf: Uint8Array, start: number, end: number): number {
  const text = end - start
  if (text > 0 && buf[start] > NINE)
    return text < 64 ? writeShortText(u8, at, buf, start, end) : writeLongText(u8, at, buf, start, end)
  const n = parseSafe(buf, start, end)
  if (!Number.isNaN(n)) return packedWriteInt(u8, at, n)
  return text < 64 ? writeShortText(u8, at, buf, start, end) : writeLongText(u8, at, buf, start, end)
}

function writeShortText(u8: Uint8Array, at: number, buf: Uint8Array, start: number, end: number): number {
  u8[at] = 0x80 | (end - start)
  const back = copy(u8, at + 1, buf, start, end)
  u8[back] = end - start + 1
  return back + 1
}

function writeLongText(u8: Uint8Array, at: number, buf: Uint8Array, start: number, end: number): number {
  const text = end - start
  let data = at
  if (text < 4096) {
    u8[data++] = 0xe0 | (text >> 8)
    u8[data++] = text
  } else {
    u8[data] = TEXT32
    u8[data + 1] = text
    u8[data + 2] = text >> 8
    u8[data + 3] = text >> 16
    u8[data + 4] = text >> 24
    data += 5
  }
  const back = copy(u8, data, buf, start, end)
  return writeBack(u8, back, back - at)
}

/** Writes the element for a safe integer and returns its end. */
export function packedWriteInt(u8: Uint8Array, at: number, n: number): number {
  if (n >= -4096 && n <= 4095) {
    if (n >= 0 && n <= 127) {
      u8[at] = n
      u8[at + 1] = 1
      return at + 2
    }
    u8[at] = 0xc0 | ((n >> 8) & 31)
    u8[at + 1] = n
    u8[at + 2] = 2
    return at + 3
  }
  return writeWideInt(u8, at, n)
}

function writeWideInt(u8: Uint8Array, at: number, n: number): number {
  u8[at + 1] = n
  u8[at + 2] = n >> 8
  if (n >= -32768 && n <= 32767) {
    u8[at] = INT16
    u8[at + 3] = 3
    return at + 4
  }
  u8[at + 3] = n >> 16
  if (n >= -8388608 && n <= 8388607) {
    u8[at] = INT24
    u8[at + 4] = 4
    return at + 5
  }
  u8[at + 4] = n >> 24
  if ((n | 0) === n) {
    u8[at] = INT32
    u8[at + 5] = 5
    return at + 6
  }
  const high = Math.floor(n / TWO_32)
  u8[at] = INT64
  u8[at + 5] = high
  u8[at + 6] = high >> 8
  u8[at + 7] = high >> 16
  u8[at + 8] = high >> 24
  u8[at + 9] = 9
  return at + 10
}

function backBytes(length: number): number {
  if (length < 128) return 1
  if (length < 16383) return 2
  if (length < 2097151) return 3
  return length < 268435455 ? 4 : 5
}

function writeBack(u8: Uint8Array, at: number, length: number): number {
  const bytes = backBytes(length)
  let rest = length
  for (let i = at + bytes - 1; i > at; i--) {
    u8[i] = 0x80 | (rest & 127)
    rest >>= 7
  }
  u8[at] = rest
  return at + bytes
}

/** Bytes of head and data of the element at `at`. */
function bodyBytes(u8: Uint8Array, at: number): number {
  const head = u8[at]
  if (head < 0x80) return 1
  if (head < 0xc0) return 1 + (head & 63)
  if (head < 0xe0) return 2
  if (head < 0xf0) return 2 + (((head & 15) << 8) | u8[at + 1])
  if (head === TEXT32) return 5 + textBytes32(u8, at)
  return head === INT64 ? 9 : head - INT16 + 3
}

function textBytes32(u8: Uint8Array, at: number): number {
  return u8[at + 1] | (u8[at + 2] << 8) | (u8[at + 3] << 16) | (u8[at + 4] << 24)
}

/** Place of the element after the one at `at`. */
export function packedSkip(u8: Uint8Array, at: number): number {
  const length = bodyBytes(u8, at)
  return at + length + backBytes(length)
}

/** Whether a whole element lies at `at`, before `stop`, its back length right: to be asked of bytes that others made. */
export function packedIsWhole(u8: Uint8Array, at: number, stop: number): boolean {
  if (u8[at] > INT64) return false
  const length = bodyBytes(u8, at)
  if (length <= 0 || length > stop - at) return false
  const back = at + length
  const end = back + backBytes(length)
  if (end > stop) return false
  let rest = length
  for (let i = end - 1; i > back; i--, rest >>= 7) if (u8[i] !== (0x80 | (rest & 127))) return false
  return u8[back] === rest
}

/** Place of the element that ends at `end`. */
export function packedBack(u8: Uint8Array, end: number): number {
  let at = end - 1
  let byte = u8[at]
  let length = byte & 127
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = u8[--at]
    length |= (byte & 127) << shift
  }
  return at - length
}

/** Whether the element at `at` is the text buf[start, end). */
export function packedEquals(u8: Uint8Array, at: number, buf: Uint8Array, start: number, end: number): boolean {
  return packedMatches(u8, at, buf, start, end, parseSafe(buf, start, end))
}

/** As packedEquals for many elements: `n` is parseSafe of the text, worked out once. */
export function packedMatches(
  u8: Uint8Array,
  at: number,
  buf: Uint8Array,
  start: number,
  end: number,
  n: number,
): boolean {
  const head = u8[at]
  if (head < 0x80) return head === n
  if (head < 0xc0) return (head & 63) === end - start && equals(u8, at + 1, at + 1 + (head & 63), buf, start, end)
  if (head >= 0xe0 && head <= TEXT32) {
    const data = head === TEXT32 ? at + 5 : at + 2
    return equals(u8, data, at + bodyBytes(u8, at), buf, start, end)
  }
  return packedInt(u8, at) === n
}

/**
 * The first two bytes of the element for buf[start, end), the second one shifted by 8; `n` is parseSafe of the text. They
 * tell most elements that are not the text from it.
 */
export function packedOpening(buf: Uint8Array, start: number, end: number, n: number): number {
  const text = end - start
  if (!Number.isNaN(n)) {
    packedWriteInt(digits, 0, n)
    return digits[0] | (digits[1] << 8)
  }
  // An element without text goes on with its back length, 1.
  if (text < 64) return 0x80 | text | ((text === 0 ? 1 : buf[start]) << 8)
  return (text < 4096 ? 0xe0 | (text >> 8) : TEXT32) | ((text & 255) << 8)
}

/** The integer that the element at `at` is, NaN for a text. */
export function packedInt(u8: Uint8Array, at: number): number {
  const head = u8[at]
  if (head < 0x80) return head
  if (head < 0xc0) return NaN
  if (head < 0xe0) return ((((head & 31) << 8) | u8[at + 1]) << 19) >> 19
  switch (head) {
    case INT16:
      return ((u8[at + 1] | (u8[at + 2] << 8)) << 16) >> 16
    case INT24:
      return ((u8[at + 1] | (u8[at + 2] << 8) | (u8[at + 3] << 16)) << 8) >> 8
    case INT32:
      return textBytes32(u8, at)
    case INT64: {
      const high = u8[at + 5] | (u8[at + 6] << 8) | (u8[at + 7] << 16) | (u8[at + 8] << 24)
      return high * TWO_32 + (textBytes32(u8, at) >>> 0)
    }
    default:
      return NaN
  }
}

/**
 * Place of the first element in [at, stop) that is the text buf[start, end), 0 when there is none. Between the elements
 * compared `skip` others are passed over: 1 looks at the fields only in a row of fields and values.
 */
export function packedFind(
  u8: Uint8Array,
  at: number,
  stop: number,
  buf: Uint8Array,
  start: number,
  end: number,
  skip: number,
): number {
  const n = parseSafe(buf, start, end)
  const length = end - start
  if (Number.isNaN(n) && length > 0 && length < 64) return findShortText(u8, at, stop, buf, start, end, skip)
  while (at < stop) {
    if (packedMatches(u8, at, buf, start, end, n)) return at
    at = packedSkip(u8, at)
    for (let i = 0; i < skip; i++) at = packedSkip(u8, at)
  }
  return 0
}

/** Only elements with this text's head and last byte are compared: names differ at their ends rather than at their starts. */
function findShortText(
  u8: Uint8Array,
  at: number,
  stop: number,
  buf: Uint8Array,
  start: number,
  end: number,
  skip: number,
): number {
  const length = end - start
  const head = 0x80 | length
  const last = buf[end - 1]
  while (at < stop) {
    if (u8[at] === head && u8[at + length] === last && equals(u8, at + 1, at + 1 + length, buf, start, end)) return at
    at = skipMostlyShort(u8, at)
    for (let i = 0; i < skip; i++) at = skipMostlyShort(u8, at)
  }
  return 0
}

function skipMostlyShort(u8: Uint8Array, at: number): number {
  const head = u8[at]
  return head >= 0x80 && head < 0xc0 ? at + (head & 63) + 2 : packedSkip(u8, at)
}

/** Bytes of the element at `at` as text. */
export function packedTextLength(u8: Uint8Array, at: number): number {
  const head = u8[at]
  if (head < 0x80) return head < 10 ? 1 : head < 100 ? 2 : 3
  if (head < 0xc0) return head & 63
  if (head >= 0xe0 && head < 0xf0) return ((head & 15) << 8) | u8[at + 1]
  return head === TEXT32 ? textBytes32(u8, at) : intLength(packedInt(u8, at))
}

/** The same of all elements in [at, stop). */
export function packedTextBytes(u8: Uint8Array, at: number, stop: number): number {
  let sum = 0
  for (; at < stop; at = packedSkip(u8, at)) sum += packedTextLength(u8, at)
  return sum
}

/** An element looked at: either an integer or the bytes buf[start, end). One object is used for many. */
export class PackedElement {
  isInt = false
  int = 0
  buf: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  /** Place of the element after it. */
  next = 0

  read(u8: Uint8Array, at: number): void {
    const head = u8[at]
    this.buf = u8
    if (head >= 0x80 && head < 0xc0) {
      this.isInt = false
      this.start = at + 1
      this.end = at + 1 + (head & 63)
      this.next = this.end + 1
      return
    }
    const length = bodyBytes(u8, at)
    this.next = at + length + backBytes(length)
    this.isInt = head < 0x80 || (head >= 0xc0 && head < 0xe0) || head > TEXT32
    if (this.isInt) this.int = packedInt(u8, at)
    else {
      this.start = head === TEXT32 ? at + 5 : at + 2
      this.end = at + length
    }
  }

  /** Bytes of the element as text. */
  get textLength(): number {
    return this.isInt ? intLength(this.int) : this.end - this.start
  }

  /** Writes the element as text and returns its end. Needs `textLength` bytes of room. */
  writeText(dst: Uint8Array, at: number): number {
    return this.isInt ? writeInt(dst, at, this.int) : copy(dst, at, this.buf, this.start, this.end)
  }
}
