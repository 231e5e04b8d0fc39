// Texts of doubles as glibc reads and prints them: the vectors come from the functions of Redis 7.0.15 compiled with gcc.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { fromText, toText } from '../../src/bytes/ascii.ts'
import {
  DOUBLE_TEXT_BYTES,
  formatDouble,
  formatHuman,
  formatScore,
  parseDouble,
  writeDouble,
} from '../../src/bytes/double.ts'

/** Text, the bits it reads as, and how %.17g, d2string and the human form print them. */
const READ: readonly (readonly [text: string, bits: string, general: string, score: string, human: string])[] = [
  ['0', '0000000000000000', '0', '0', '0'],
  ['-0', '8000000000000000', '-0', '-0', '0'],
  ['1', '3ff0000000000000', '1', '1', '1'],
  ['-1', 'bff0000000000000', '-1', '-1', '-1'],
  ['3', '4008000000000000', '3', '3', '3'],
  ['+5', '4014000000000000', '5', '5', '5'],
  ['.5', '3fe0000000000000', '0.5', '0.5', '0.5'],
  ['5.', '4014000000000000', '5', '5', '5'],
  ['0.1', '3fb999999999999a', '0.10000000000000001', '0.10000000000000001', '0.10000000000000001'],
  ['0.3', '3fd3333333333333', '0.29999999999999999', '0.29999999999999999', '0.29999999999999999'],
  ['123.456', '405edd2f1a9fbe77', '123.456', '123.456', '123.45600000000000307'],
  ['1e17', '4376345785d8a000', '1e+17', '100000000000000000', '100000000000000000'],
  ['1e16', '4341c37937e08000', '10000000000000000', '10000000000000000', '10000000000000000'],
  ['1e-4', '3f1a36e2eb1c432d', '0.0001', '0.0001', '0.0001'],
  ['1e-5', '3ee4f8b588e368f1', '1.0000000000000001e-05', '1.0000000000000001e-05', '0.00001'],
  ['0.00012345', '3f202e4b6ce5dc68', '0.00012344999999999999', '0.00012344999999999999', '0.00012345'],
  ['1e22', '4480f0cf064dd592', '1e+22', '1e+22', '10000000000000000000000'],
  [
    '1e100',
    '54b249ad2594c37d',
    '1e+100',
    '1e+100',
    '10000000000000000159028911097599180468360808563945281389781327557747838772170381060813469985856815104',
  ],
  ['4611686018427387904', '43d0000000000000', '4.6116860184273879e+18', '4611686018427387904', '4611686018427387904'],
  [
    '9223372036854775807',
    '43e0000000000000',
    '9.2233720368547758e+18',
    '9.2233720368547758e+18',
    '9223372036854775808',
  ],
  ['72057594037927945', '4370000000000001', '72057594037927952', '72057594037927952', '72057594037927952'],
  ['9007199254740993', '4340000000000000', '9007199254740992', '9007199254740992', '9007199254740992'],
  ['100000000000000.125', '42d6bcc41e900008', '100000000000000.12', '100000000000000.12', '100000000000000.125'],
  ['100000000000000.375', '42d6bcc41e900018', '100000000000000.38', '100000000000000.38', '100000000000000.375'],
  [
    '0.000009179115295410156250',
    '3ee3400000000000',
    '9.1791152954101562e-06',
    '9.1791152954101562e-06',
    '0.00000917911529541',
  ],
  ['3.814697265625e-06', '3ed0000000000000', '3.814697265625e-06', '3.814697265625e-06', '0.00000381469726562'],
  ['1.1444091796875e-05', '3ee8000000000000', '1.1444091796875e-05', '1.1444091796875e-05', '0.00001144409179688'],
  ['5e-324', '0000000000000001', '4.9406564584124654e-324', '4.9406564584124654e-324', '0'],
  ['2.2250738585072014e-308', '0010000000000000', '2.2250738585072014e-308', '2.2250738585072014e-308', '0'],
  ['0x1p-1074', '0000000000000001', '4.9406564584124654e-324', '4.9406564584124654e-324', '0'],
  ['0x1.8p1', '4008000000000000', '3', '3', '3'],
  ['0X.8P+1', '3ff0000000000000', '1', '1', '1'],
  ['0x1.8p-1075', '0000000000000001', '4.9406564584124654e-324', '4.9406564584124654e-324', '0'],
  ['inf', '7ff0000000000000', 'inf', 'inf', 'inf'],
  ['-INF', 'fff0000000000000', '-inf', '-inf', '-inf'],
  ['+Infinity', '7ff0000000000000', 'inf', 'inf', 'inf'],
  ['0e-400', '0000000000000000', '0', '0', '0'],
]

const REFUSED = [
  '0x1p-1075',
  '0x1.fffffffffffff8p1023',
  'nan',
  '1e309',
  '1e-400',
  '1e',
  '1e+',
  '0x',
  '0x.',
  '1..2',
  '.',
  '-',
  '+',
  '1_0',
  '1e5.5',
  'infinit',
  '1p3',
  '',
  ' 1',
  '1 ',
  '1\x00',
  '\x091',
]

function parsed(text: string): number | undefined {
  const buf = fromText(`5${text}5`)
  return parseDouble(buf, 1, buf.length - 1)
}

function bitsOf(n: number | undefined): string {
  if (n === undefined) return 'refused'
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, n)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}

function written(n: number): string {
  const dst = new Uint8Array(DOUBLE_TEXT_BYTES + 2)
  return toText(dst, 1, writeDouble(dst, 1, n))
}

test('doubles are read and printed to the bit and byte as Redis does', () => {
  for (const [text, bits, general, score, human] of READ) {
    const n = parsed(text)
    expect([text, bitsOf(n)]).toEqual([text, bits])
    if (n === undefined) continue
    expect([text, formatDouble(n), formatScore(n), formatHuman(n)]).toEqual([text, general, score, human])
    expect(written(n)).toBe(general)
  }
})

test('what is not wholly a number, or overflows, or vanishes, is refused', () => {
  for (const text of REFUSED) expect([text, parsed(text)]).toEqual([text, undefined])
  expect(parsed('1'.repeat(6000))).toBeUndefined()
})

test('a double survives its own text', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), n => {
      expect(Object.is(parsed(formatDouble(n)), n)).toBe(true)
      expect(written(n)).toBe(formatDouble(n))
      expect(Object.is(parsed(formatScore(n)), n)).toBe(true)
    }),
  )
})

test('short decimals and long ones are read as JavaScript reads them', () => {
  const digits = fc.string({ unit: fc.constantFrom('0', '1', '5', '9'), minLength: 1, maxLength: 19 })
  const exponent = fc.oneof(
    fc.constant(''),
    fc.integer({ min: -40, max: 40 }).map(n => `e${n}`),
  )
  fc.assert(
    fc.property(fc.constantFrom('', '-', '+'), digits, digits, exponent, (sign, whole, rest, power) => {
      for (const text of [`${sign}${whole}${power}`, `${sign}${whole}.${rest}${power}`, `${sign}.${rest}${power}`])
        expect(Object.is(parsed(text), Number(text))).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

test('dyadic fractions, where rounding may tie, print the even digit', () => {
  // Exact digits by bigint: n = odd / 2^places, so n * 10^places is an integer.
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 30 }),
      fc.integer({ min: 1, max: 2 ** 22 }),
      fc.integer({ min: 1, max: 40 }),
      (a, b, places) => {
        const numerator = a * 2 ** 22 + b
        const n = numerator / 2 ** places
        const exact = (BigInt(numerator) * 5n ** BigInt(places)).toString()
        expect(formatDouble(n).replace(/e.*/, '').replace('.', '').replace(/^0+/, '').replace(/0+$/, '')).toBe(
          roundedDigits(exact, 17).replace(/0+$/, ''),
        )
      },
    ),
    { numRuns: 2000 },
  )
})

/** The first `count` digits of the decimal text, rounded to the nearest and a tie to even. */
function roundedDigits(exact: string, count: number): string {
  if (exact.length <= count) return exact
  const unit = 10n ** BigInt(exact.length - count)
  const quotient = BigInt(exact) / unit
  const twice = 2n * (BigInt(exact) % unit)
  return (twice > unit || (twice === unit && quotient % 2n === 1n) ? quotient + 1n : quotient).toString()
}

test('not a number prints as nan', () => {
  expect(formatDouble(NaN)).toBe('nan')
  expect(formatHuman(NaN)).toBe('nan')
})
