// Decimal integers in bytes, by Redis's rules (string2ll and ll2string of util.c).
// Only the canonical spelling is an integer: no '+', no space, no leading zero, no "-0", and within a signed 64-bit word.
// So text -> integer -> text gives the same bytes, which is what lets a value be stored as a number unseen.
//
// Nearly every integer fits a double exactly: `parseSafe` and `writeInt` serve those without allocating; what is larger
// (beyond 2^53-1) goes the slow way over bigint.
//
//   -9223372036854775808 ......... int64, bigint ......... 9223372036854775807     20 bytes at most
//              -9007199254740991 .. safe, number .. 9007199254740991               17 bytes at most
//
//   parseSafe 1..16 digits    5-19 ns          writeInt 1..16 digits    5-30 ns

export const INT64_MAX = 9223372036854775807n
export const INT64_MIN = -9223372036854775808n

/** The most bytes `writeInt` and `writeInt64` produce: a sign and 19 digits. */
export const INT64_TEXT_BYTES = 20

const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const INT32_MIN = -2147483648
const BILLION = 1000000000

/** The digits of 2^63-1; its negative twin ends in 8. */
const MAX_DIGITS = new TextEncoder().encode('9223372036854775807')

/**
 * The value of buf[start, end) when it is a canonical integer of magnitude up to 2^53-1, else NaN: then either it is no
 * integer or a large one, and `parseInt64` can tell.
 */
export function parseSafe(buf: Uint8Array, start: number, end: number): number {
  let at = start
  if (at >= end) return NaN
  const negative = buf[at] === MINUS
  if (negative) at++
  const digits = end - at
  if (digits < 1 || digits > 16) return NaN
  const first = buf[at++] - ZERO
  // A leading zero is only right in "0" itself, and "-0" is not an integer.
  if (first < 1 || first > 9) return first === 0 && digits === 1 && !negative ? 0 : NaN
  let value = first
  const smallEnd = digits > 9 ? at + 8 : end // nine digits stay below 2^30: int32 arithmetic
  while (at < smallEnd) {
    const digit = buf[at++] - ZERO
    if (digit < 0 || digit > 9) return NaN
    value = (Math.imul(value, 10) + digit) | 0
  }
  if (at === end) return negative ? -value : value
  return parseLonger(buf, at, end, value, negative ? -1 : 1)
}

/** Digits 10 to 16 on top of the first nine. Rounding is monotone, so a sum beyond 2^53-1 cannot land below it. */
function parseLonger(buf: Uint8Array, at: number, end: number, value: number, sign: number): number {
  while (at < end) {
    const digit = buf[at++] - ZERO
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return value > Number.MAX_SAFE_INTEGER ? NaN : sign * value
}

/** Whether buf[start, end) is an integer by the rules above. */
export function isInt64Text(buf: Uint8Array, start: number, end: number): boolean {
  let at = start
  if (at >= end) return false
  const negative = buf[at] === MINUS
  if (negative) at++
  const digits = end - at
  if (digits < 1 || digits > MAX_DIGITS.length) return false
  if (buf[at] === ZERO) return digits === 1 && !negative
  for (let i = at; i < end; i++) if (buf[i] < ZERO || buf[i] > NINE) return false
  if (digits < MAX_DIGITS.length) return true
  for (let i = 0; i < digits; i++) {
    const difference = buf[at + i] - MAX_DIGITS[i]
    if (difference !== 0) return difference < 0 || (negative && i === digits - 1 && difference === 1)
  }
  return true
}

/** The value of buf[start, end), or undefined when it is not an integer. Allocates: for what `parseSafe` refused. */
export function parseInt64(buf: Uint8Array, start: number, end: number): bigint | undefined {
  const safe = parseSafe(buf, start, end)
  if (!Number.isNaN(safe)) return BigInt(safe)
  if (!isInt64Text(buf, start, end)) return undefined
  const negative = buf[start] === MINUS
  const split = end - 9
  let high = 0
  for (let at = negative ? start + 1 : start; at < split; at++) high = high * 10 + (buf[at] - ZERO)
  let low = 0
  for (let at = split; at < end; at++) low = low * 10 + (buf[at] - ZERO)
  const magnitude = BigInt(high) * 1000000000n + BigInt(low)
  return negative ? -magnitude : magnitude
}

/** How many bytes `writeInt` makes of `n`, a safe integer. */
export function intLength(n: number): number {
  if (n < 0) return 1 + digitCount(-n)
  return digitCount(n)
}

function digitCount(n: number): number {
  if (n >= BILLION) return n >= 1e15 ? 16 : 9 + int32DigitCount(Math.floor(n / BILLION))
  return int32DigitCount(n)
}

function int32DigitCount(n: number): number {
  if (n < 10000) return n < 100 ? (n < 10 ? 1 : 2) : n < 1000 ? 3 : 4
  if (n < 1000000) return n < 100000 ? 5 : 6
  if (n < 100000000) return n < 10000000 ? 7 : 8
  return n < BILLION ? 9 : 10
}

/** Writes `n`, a safe integer, in decimal at `at`, and returns the end. Needs room for `intLength(n)` bytes. */
export function writeInt(dst: Uint8Array, at: number, n: number): number {
  if ((n | 0) === n && n !== INT32_MIN) {
    if (n < 0) {
      dst[at++] = MINUS
      n = -n
    }
    n |= 0 // -0 becomes 0, and the compiler learns it is an int32
    if (n < 10) {
      dst[at] = ZERO + n
      return at + 1
    }
    const end = at + int32DigitCount(n)
    writeDigits(dst, end, n)
    return end
  }
  return writeLong(dst, at, n)
}

/** Above 2^31 in two int32 halves; the quotient is below 2^24, so its floor is exact. */
function writeLong(dst: Uint8Array, at: number, n: number): number {
  if (n < 0) {
    dst[at++] = MINUS
    n = -n
  }
  const high = Math.floor(n / BILLION) | 0
  const split = at + int32DigitCount(high)
  writeDigits(dst, split, high)
  let low = (n - high * BILLION) | 0
  for (let i = split + 8; i >= split; i--) {
    const quotient = (low / 10) | 0
    dst[i] = ZERO + low - Math.imul(quotient, 10)
    low = quotient
  }
  return split + 9
}

/** Writes the digits of n > 0, an int32, so that they end at `end`. Faster than two digits a step from a table. */
function writeDigits(dst: Uint8Array, end: number, n: number): void {
  while (n > 0) {
    const quotient = (n / 10) | 0
    dst[--end] = ZERO + n - Math.imul(quotient, 10)
    n = quotient
  }
}

/** Like `writeInt` for any 64-bit integer. Allocates. */
export function writeInt64(dst: Uint8Array, at: number, n: bigint): number {
  const safe = Number(n)
  if (Number.isSafeInteger(safe)) return writeInt(dst, at, safe)
  const text = n.toString()
  for (let i = 0; i < text.length; i++) dst[at++] = text.charCodeAt(i)
  return at
}
