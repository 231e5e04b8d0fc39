// The grammar of a floating point number as C's strtod reads it, and Redis with it: the whole run must be the number.
//
//   [+-] ( digits [.digits] | .digits ) [ e [+-] digits ]          decimal
//   [+-] 0x ( hex [.hex] | .hex ) [ p [+-] digits ]                hexadecimal, p counts powers of two
//   [+-] ( inf | infinity )                                        any letter in any case
//
// No space before or after, and no "nan": string2d and string2ld of Redis's util.c refuse them.

import { lower } from './ascii.ts'

/** value = digits * base ^ exponent, where the base is 10 in kind 'decimal' and 2 in kind 'hex'; no digits mean 0. */
export type FloatText =
  | { readonly kind: 'infinite'; readonly negative: boolean }
  | {
      readonly kind: 'decimal' | 'hex'
      readonly negative: boolean
      readonly digits: string
      readonly exponent: number
    }

/** Redis's buffer for string2ld, less its final NUL. We hold doubles to it as well, so that no text is unbounded. */
export const FLOAT_TEXT_LIMIT_BYTES = 5 * 1024 - 1

/** Exponents are cut off here: far beyond every format, and far from overflowing our own arithmetic. */
const EXPONENT_LIMIT = 1_000_000

const PLUS = 0x2b
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const LETTER_A = 0x61
const LETTER_E = 0x65
const LETTER_I = 0x69
const LETTER_P = 0x70
const LETTER_X = 0x78

/** The parts of the number that buf[start, end) spells, or undefined when it spells none. Allocates. */
export function scanFloat(buf: Uint8Array, start: number, end: number): FloatText | undefined {
  if (end - start > FLOAT_TEXT_LIMIT_BYTES) return undefined
  const negative = buf[start] === MINUS
  const at = start < end && (negative || buf[start] === PLUS) ? start + 1 : start
  if (at >= end) return undefined
  if (lower(buf[at]) === LETTER_I) return isInfinity(buf, at, end) ? { kind: 'infinite', negative } : undefined
  if (end - at > 2 && buf[at] === ZERO && lower(buf[at + 1]) === LETTER_X)
    return scanNumber(buf, at + 2, end, 'hex', negative)
  return scanNumber(buf, at, end, 'decimal', negative)
}

function isInfinity(buf: Uint8Array, start: number, end: number): boolean {
  const name = end - start === 3 ? 'inf' : 'infinity'
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) if (lower(buf[start + i]) !== name.charCodeAt(i)) return false
  return true
}

function scanNumber(
  buf: Uint8Array,
  start: number,
  end: number,
  kind: 'decimal' | 'hex',
  negative: boolean,
): FloatText | undefined {
  const base = kind === 'hex' ? 16 : 10
  let digits = ''
  let seen = 0
  let dotAt = -1
  let at = start
  for (; at < end; at++) {
    if (buf[at] === DOT && dotAt < 0) dotAt = seen
    else if (digitValue(buf[at]) < base) {
      seen++
      if (digits !== '' || buf[at] !== ZERO) digits += String.fromCharCode(buf[at])
    } else break
  }
  if (seen === 0) return undefined
  const written = at === end ? 0 : scanExponent(buf, at, end, kind)
  if (written === undefined) return undefined
  const fraction = dotAt < 0 ? 0 : seen - dotAt
  return { kind, negative, digits, exponent: written - (kind === 'hex' ? 4 * fraction : fraction) }
}

function scanExponent(buf: Uint8Array, at: number, end: number, kind: 'decimal' | 'hex'): number | undefined {
  if (lower(buf[at++]) !== (kind === 'hex' ? LETTER_P : LETTER_E)) return undefined
  const negative = at < end && buf[at] === MINUS
  if (at < end && (negative || buf[at] === PLUS)) at++
  if (at === end) return undefined
  let exponent = 0
  for (; at < end; at++) {
    const digit = digitValue(buf[at])
    if (digit > 9) return undefined
    exponent = Math.min(exponent * 10 + digit, EXPONENT_LIMIT)
  }
  return negative ? -exponent : exponent
}

/** 0 to 15, or 16 for what is no hexadecimal digit. */
function digitValue(byte: number): number {
  if (byte >= ZERO && byte <= ZERO + 9) return byte - ZERO
  const letter = lower(byte) - LETTER_A
  return letter >= 0 && letter < 6 ? 10 + letter : 16
}
