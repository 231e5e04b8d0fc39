// Doubles in text, to the byte as Redis 7.0.15 reads and prints them: scores, coordinates, RESP3 doubles.
// Reading is strtod's grammar on the whole run (string2d of util.c). Printing comes in Redis's three ways:
//
//   formatDouble   %.17g, in replies (addReplyDouble)                3  0.10000000000000001  1e+17  inf  -0
//   formatScore    integers in full (d2string), scores of ZSCAN      3  0.10000000000000001  100000000000000000
//   formatHuman    %.17f less trailing zeros (LD_STR_HUMAN), GEO     3  0.10000000000000001  100000000000000000

import { toText } from './ascii.ts'
import { type FloatFormat, formatDecimals, roundInteger } from './binaryfloat.ts'
import { scanFloat } from './floattext.ts'
import { writeInt } from './int64.ts'

/** The most bytes `writeDouble` produces: sign, 17 digits, point and an exponent like "e-308". */
export const DOUBLE_TEXT_BYTES = 24

const DOUBLE: FloatFormat = { bits: 53, minExponent: -1074, maxExponent: 1024 }

const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39

/** Up to 15 digits and these powers of ten are exact doubles, so one division rounds correctly (Clinger's fast path). */
const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, power) => 10 ** power)

/** d2string prints integers in full up to half of the 64-bit range; as a double that bound is 2^62. */
const FULL_INTEGER_LIMIT = 2 ** 62

/**
 * The double that buf[start, end) spells, or undefined: not a number, NaN, too large, or so small that it would be 0.
 * 5-15 ns for a plain number of up to 15 digits, without allocating.
 */
export function parseDouble(buf: Uint8Array, start: number, end: number): number | undefined {
  let at = start
  const negative = at < end && buf[at] === MINUS
  if (negative) at++
  if (end - at > 16) return parseLongDouble(buf, start, end)
  if (end - at < 1) return parseAnyDouble(buf, start, end)
  // Short integers, which most scores are, need no arithmetic on doubles.
  let whole = 0
  const short = end - at < 10 ? end : at
  while (at < short && buf[at] >= ZERO && buf[at] <= NINE) whole = (whole * 10 + buf[at++] - ZERO) | 0
  if (at === end) return negative ? -whole : whole
  at = negative ? start + 1 : start
  let value = 0
  let digits = 0
  let dotAt = -1
  for (; at < end; at++) {
    const digit = buf[at] - ZERO
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      digits++
    } else if (buf[at] === DOT && dotAt < 0) dotAt = at
    else return parseAnyDouble(buf, start, end)
  }
  if (digits === 0 || digits > 15) return parseLongDouble(buf, start, end)
  if (dotAt >= 0) value /= POWERS_OF_TEN[end - dotAt - 1]
  return negative ? -value : value
}

/** Longest text that cannot become 0 or infinite without an exponent. */
const PLAIN_BYTES = 64

/** Digits with a point among them, as coordinates with all their decimals: JavaScript reads them as C does. */
function parseLongDouble(buf: Uint8Array, start: number, end: number): number | undefined {
  const from = buf[start] === MINUS ? start + 1 : start
  let dots = 0
  for (let at = from; at < end; at++) {
    if (buf[at] === DOT) dots++
    else if (buf[at] < ZERO || buf[at] > NINE) return parseAnyDouble(buf, start, end)
  }
  if (dots > 1 || end - from > PLAIN_BYTES || end - from === dots) return parseAnyDouble(buf, start, end)
  return Number(toText(buf, start, end))
}

function parseAnyDouble(buf: Uint8Array, start: number, end: number): number | undefined {
  const text = scanFloat(buf, start, end)
  if (text === undefined) return undefined
  if (text.kind === 'infinite') return text.negative ? -Infinity : Infinity
  let magnitude = 0
  if (text.digits !== '') {
    magnitude =
      text.kind === 'decimal' ? Number(`${text.digits}e${text.exponent}`) : hexValue(text.digits, text.exponent)
    if (magnitude === 0 || magnitude === Infinity) return undefined
  }
  return text.negative ? -magnitude : magnitude
}

function hexValue(digits: string, exponent: number): number {
  const topBit = 4 * digits.length + exponent
  if (topBit > DOUBLE.maxExponent + 4) return Infinity
  if (topBit < DOUBLE.minExponent - 1) return 0
  const rounded = roundInteger(BigInt(`0x${digits}`), exponent, DOUBLE)
  if (rounded === undefined) return Infinity
  // In two steps: 2^-1074 is a double, but 2^1074 would not be.
  const half = Math.trunc(rounded.exponent / 2)
  return Number(rounded.mantissa) * 2 ** half * 2 ** (rounded.exponent - half)
}

/** `n` as C's "%.17g" prints it; infinities are "inf" and "-inf". 50-100 ns for what needs no exponent. */
export function formatDouble(n: number): string {
  if (Number.isSafeInteger(n)) return n === 0 && 1 / n < 0 ? '-0' : String(n)
  const magnitude = Math.abs(n)
  // Exact in 15 digits, so no shorter text can mean it: the usual halves and quarters.
  if (magnitude < 1e7 && Number.isInteger(n * 256)) return String(n)
  if (!Number.isFinite(n)) return infiniteText(n)
  const fixed = magnitude >= 1e-4 && magnitude < 1e17
  const text = evenTie(n, fixed) ?? (fixed ? n.toPrecision(17) : n.toExponential(16))
  if (fixed) return trimZeros(text)
  const e = text.indexOf('e')
  // C writes at least two digits of the exponent.
  return `${trimZeros(text.slice(0, e))}${text.slice(e, e + 2)}${text.slice(e + 2).padStart(2, '0')}`
}

/** `n` as Redis's d2string prints it: integers below 2^62 in full, the rest as `formatDouble`. */
export function formatScore(n: number): string {
  if (Math.abs(n) >= 1e17 && Math.abs(n) <= FULL_INTEGER_LIMIT) return BigInt(n).toString()
  return formatDouble(n)
}

/** `n` with up to 17 decimals and no exponent, however large: Redis's addReplyHumanLongDouble of a double. */
export function formatHuman(n: number): string {
  if (Number.isSafeInteger(n)) return String(n)
  if (!Number.isFinite(n)) return infiniteText(n)
  // A tie has exactly 18 binary places: there, C takes the even digit and toFixed the larger one.
  const places18 = Math.abs(n) * 2 ** 18
  if (Math.abs(n) < 1e21 && !(Number.isInteger(places18) && places18 % 2 === 1)) {
    const text = trimZeros(n.toFixed(17))
    return text === '-0' ? '0' : text
  }
  const [mantissa, exponent] = split(Math.abs(n))
  return formatDecimals({ negative: n < 0, mantissa, exponent })
}

/** Writes what `formatDouble` says at `at`, up to DOUBLE_TEXT_BYTES, and returns the end. Integers do not allocate. */
export function writeDouble(dst: Uint8Array, at: number, n: number): number {
  if (Number.isSafeInteger(n) && (n !== 0 || 1 / n > 0)) return writeInt(dst, at, n)
  const text = formatDouble(n)
  for (let i = 0; i < text.length; i++) dst[at++] = text.charCodeAt(i)
  return at
}

function infiniteText(n: number): string {
  if (Number.isNaN(n)) return 'nan'
  return n < 0 ? '-inf' : 'inf'
}

/**
 * Where `n` lies half-way between two texts of 17 digits, the one that ends in an even digit, else undefined: toPrecision
 * takes the larger one, C the even one. A tie has exactly 18 digits d ending in 5, so it is d / 10^places with as many
 * binary places as decimal ones: n * 2^places is odd. Then d >= 10^17 is a multiple of 5^places, and d / 5^places has to
 * fit 53 bits: from 2 to 25 places.
 */
function evenTie(n: number, fixed: boolean): string | undefined {
  if (!Number.isInteger(n * 2 ** 25)) return undefined
  const text = fixed ? n.toPrecision(18) : n.toExponential(17)
  const end = fixed ? text.length : text.indexOf('e')
  const places = fixed ? end - 1 - text.indexOf('.') : 17 - Number(text.slice(end + 1))
  if (text[end - 1] !== '5' || places > 25 || Math.abs(n * 2 ** places) % 2 !== 1) return undefined
  return (text.charCodeAt(end - 2) & 1) === 0 ? text.slice(0, end - 1) + text.slice(end) : undefined
}

function trimZeros(text: string): string {
  if (!text.includes('.')) return text
  let end = text.length
  while (text.charCodeAt(end - 1) === ZERO) end--
  if (text.charCodeAt(end - 1) === DOT) end--
  return text.slice(0, end)
}

/** magnitude = mantissa * 2^exponent, exactly. */
function split(magnitude: number): [mantissa: bigint, exponent: number] {
  const words = new DataView(new ArrayBuffer(8))
  words.setFloat64(0, magnitude)
  const bits = words.getBigUint64(0)
  const biased = Number(bits >> 52n)
  const fraction = bits & ((1n << 52n) - 1n)
  return biased === 0 ? [fraction, DOUBLE.minExponent] : [fraction | (1n << 52n), biased - 1075]
}
