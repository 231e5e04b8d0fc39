// Binary floating point of any precision in bigint arithmetic: a value is (-1)^negative * mantissa * 2^exponent.
// Everything is exact but the two that round: once, to the nearest and on a tie to the even mantissa, as the
// hardware and glibc do. It serves hexadecimal doubles and the 80-bit `long double` of INCRBYFLOAT.

export interface BinaryFloat {
  readonly negative: boolean
  readonly mantissa: bigint
  readonly exponent: number
}

export interface Rounded {
  readonly mantissa: bigint
  readonly exponent: number
}

/** A floating point format: `bits` of mantissa, all values below 2^maxExponent and multiples of 2^minExponent. */
export interface FloatFormat {
  readonly bits: number
  readonly minExponent: number
  readonly maxExponent: number
}

const DECIMALS = 17
const DECIMALS_SCALE = 10n ** BigInt(DECIMALS)

const MAX_DOUBLE_INTEGER = 2 ** 1023
const float = new Float64Array(1)
const words = new Uint32Array(float.buffer) // little endian: the sign and exponent are in words[1]

/** How many binary digits `value` has; 0 has none. */
export function bitLength(value: bigint): number {
  // As a double the value keeps its length, unless rounding carries it up to the next power of two.
  const approximate = Number(value)
  if (approximate < MAX_DOUBLE_INTEGER) {
    float[0] = approximate
    const length = approximate === 0 ? 0 : (words[1] >>> 20) - 1022
    return length > 53 && value >> BigInt(length - 1) === 0n ? length - 1 : length
  }
  const hex = value.toString(16)
  return 4 * hex.length - Math.clz32(Number.parseInt(hex[0], 16)) + 28
}

/** value * 2^exponent, rounded to the format: undefined when it overflows; mantissa 0 when it underflows. */
export function roundInteger(value: bigint, exponent: number, format: FloatFormat): Rounded | undefined {
  const unit = Math.max(exponent + bitLength(value) - format.bits, format.minExponent)
  return checkOverflow(shiftToEven(value, unit - exponent), unit, format)
}

/** numerator / denominator, both positive, rounded to the format, as above. */
export function roundFraction(numerator: bigint, denominator: bigint, format: FloatFormat): Rounded | undefined {
  // 2^(lead - 1) <= numerator / denominator < 2^lead. The lengths give it up to one, a comparison settles it.
  let lead = bitLength(numerator) - bitLength(denominator) + 1
  if (shifted(numerator, 1 - lead) < shifted(denominator, lead - 1)) lead--
  const unit = Math.max(lead - format.bits, format.minExponent)
  const mantissa = divideToEven(shifted(numerator, -unit), shifted(denominator, unit))
  return checkOverflow(mantissa, unit, format)
}

function checkOverflow(mantissa: bigint, exponent: number, format: FloatFormat): Rounded | undefined {
  const least = format.maxExponent - format.bits
  return exponent >= least && exponent + bitLength(mantissa) > format.maxExponent ? undefined : { mantissa, exponent }
}

/** value * 2^shift for a shift that is not negative, else the value. */
function shifted(value: bigint, shift: number): bigint {
  return shift > 0 ? value << BigInt(shift) : value
}

/** numerator / denominator to the nearest integer, a tie to the even one. */
function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const twiceRest = (numerator - quotient * denominator) << 1n
  const up = twiceRest > denominator || (twiceRest === denominator && (quotient & 1n) === 1n)
  return up ? quotient + 1n : quotient
}

/** value / 2^shift to the nearest integer, a tie to the even one. */
function shiftToEven(value: bigint, shift: number): bigint {
  if (shift <= 0) return value << BigInt(-shift)
  const doubled = value >> BigInt(shift - 1)
  const quotient = doubled >> 1n
  if ((doubled & 1n) === 0n) return quotient
  const tie = doubled << BigInt(shift - 1) === value
  return tie && (quotient & 1n) === 0n ? quotient : quotient + 1n
}

/**
 * The value as C's "%.17Lf" prints it, without trailing zeros after the point: LD_STR_HUMAN of Redis's ld2string. What
 * rounds to nothing is "0", never "-0".
 */
export function formatDecimals(value: BinaryFloat): string {
  const { mantissa, exponent, negative } = value
  const scaled = shiftToEven(mantissa * DECIMALS_SCALE, -exponent)
  if (scaled === 0n) return '0'
  const whole = scaled / DECIMALS_SCALE
  const rest = scaled - whole * DECIMALS_SCALE
  let text = whole.toString()
  if (rest !== 0n) {
    const decimals = rest.toString().padStart(DECIMALS, '0')
    let end = DECIMALS
    while (decimals.charCodeAt(end - 1) === 0x30) end--
    text += `.${decimals.slice(0, end)}`
  }
  return negative ? `-${text}` : text
}
