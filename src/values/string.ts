// Strings as Redis sees them: which encoding name a text gets. The bytes themselves are kept as they came, integers
// included: GET is then a copy, and INCR rewrites digits in place.

import { isInt64Text } from '../bytes/int64.ts'

export const RAW = 0
export const INT = 1
export const EMBSTR = 8

/** Longest text that Redis keeps in one allocation with its object (OBJ_ENCODING_EMBSTR_SIZE_LIMIT). */
const EMBSTR_LIMIT_BYTES = 44
/** An int64 has at most 20 characters. */
const INT_LIMIT_BYTES = 20

/** The encoding of a value that was set whole (tryObjectEncoding). */
export function encodingOf(buf: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length <= INT_LIMIT_BYTES && length > 0) {
    const c = buf[start]
    if ((c === 45 || (c >= 48 && c <= 57)) && isInt64Text(buf, start, end)) return INT
  }
  return length <= EMBSTR_LIMIT_BYTES ? EMBSTR : RAW
}

/** The encoding of a text that is not tried as an integer (createStringObject). */
export function textEncodingOf(length: number): number {
  return length <= EMBSTR_LIMIT_BYTES ? EMBSTR : RAW
}
