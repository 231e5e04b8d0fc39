// Sums as the 80-bit long double of x86-64 makes and prints them: the vectors come from the functions of Redis 7.0.15
// compiled with gcc.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { fromText } from '../../src/bytes/ascii.ts'
import { formatDecimals } from '../../src/bytes/binaryfloat.ts'
import { addDecimal, addExtended, parseExtended } from '../../src/bytes/extended.ts'

const SUMS: readonly (readonly [a: string, b: string, sum: string])[] = [
  ['3.0', '1.1', '4.1'],
  ['10.5', '0.1', '10.6'],
  ['5.0e3', '2.0e2', '5200'],
  ['1', '0.1', '1.1'],
  ['1.5', '-1.5', '0'],
  ['0.1', '0.2', '0.3'],
  ['1234.56', '0.1', '1234.66000000000000003'],
  ['100.1', '0.1', '100.2'],
  ['39.99999999999999', '0.00000000000001', '40'],
  ['-39.9', '0.05', '-39.85'],
  ['40.1', '0.1', '40.2'],
  ['1e10', '0.1', '10000000000.09999999962747097'],
  ['3', '0.00000000000000001', '3.00000000000000001'],
  ['3', '0.000000000000000001', '3'],
  ['-0.000000000000000001', '0', '0'],
  ['123456789012345678', '0.25', '123456789012345678.25'],
  ['18446744073709551615', '1', '18446744073709551616'],
  ['18446744073709551617', '0', '18446744073709551616'],
  ['36893488147419103233', '0', '36893488147419103232'],
  ['9223372036854775807', '1', '9223372036854775808'],
  ['9007199254740991', '1', '9007199254740992'],
  ['9007199254740993', '-9007199254740992', '1'],
  ['0x1p-3', '0x.8', '0.625'],
  ['0x1p16384', '0', 'not-a-float'],
  ['1e4932', '1e4932', 'nan-or-inf'],
  ['inf', '1', 'nan-or-inf'],
  ['inf', '-inf', 'nan-or-inf'],
  ['nan', '1', 'not-a-float'],
  ['1', 'x', 'not-a-float'],
  ['', '', 'not-a-float'],
  ['1e-4950', '0', '0'],
  ['1e-4951', '0', 'not-a-float'],
  ['3.8e-6', '0.0000000000000149011611938476', '0.0000038000000149'],
  ['3.814697265625e-06', '0', '0.00000381469726562'],
  ['1.1444091796875e-05', '0', '0.00001144409179688'],
  [' 1', '1', 'not-a-float'],
  ['05', '+3', '8'],
  ['1e', '1', 'not-a-float'],
  ['-970.26', '8.15', '-962.10999999999999999'],
  ['931.83', '6.61', '938.44'],
  ['1486.86', '3.90', '1490.76000000000000001'],
  ['-812.308', '-6.281', '-818.58900000000000002'],
  ['-73434.21', '-1.81', '-73436.02000000000000313'],
  ['649078.37', '-488218.97', '160859.40000000000000568'],
  ['-5029255.323', '-8.757', '-5029264.07999999999992724'],
  ['-653864767.11', '812973887.52', '159109120.41000000003259629'],
  ['-44760853609.1895', '-548013645773.9711', '-592774499383.16060000658035278'],
  ['-784799935398441.104974', '-400215625542034.291703', '-1185015560940475.396728515625'],
  ['-2.36671276842684656', '1.22330792440268599', '-1.14340484402416057'],
  ['-2.89078666617603137215', '0.92815901396245957117', '-1.9626276522135718'],
  ['-61.741215472803852808', '89.485253888539336338', '27.74403841573548353'],
  ['-364.00474395755131373', '494.99075116372651676', '130.98600720617520302'],
]

function sum(a: string, b: string): string {
  const left = fromText(`1${a}1`)
  const right = fromText(`1${b}1`)
  const result = addDecimal(left, 1, left.length - 1, right, 1, right.length - 1)
  return typeof result === 'string' ? result : result.text
}

/** The same without any short cut. */
function slowSum(a: string, b: string): string {
  const left = parseExtended(fromText(a), 0, a.length)
  const right = parseExtended(fromText(b), 0, b.length)
  if (left === undefined || right === undefined) return 'not-a-float'
  const result = addExtended(left, right)
  return result === undefined ? 'nan-or-inf' : formatDecimals(result)
}

test('sums are to the byte those of Redis', () => {
  for (const [a, b, expected] of SUMS) {
    expect([a, b, sum(a, b)]).toEqual([a, b, expected])
    expect([a, b, slowSum(a, b)]).toEqual([a, b, expected])
  }
})

test('the greatest and the least numbers are finite, the next beyond are not numbers', () => {
  const greatest = sum('0x1.fffffffffffffffep16383', '0')
  expect(greatest.length).toBe(4933)
  expect(BigInt(greatest)).toBe((2n ** 64n - 1n) << 16320n)
  expect(sum('0x1.ffffffffffffffffp16383', '0')).toBe('not-a-float')
  expect(sum(greatest, greatest)).toBe('nan-or-inf')
  expect(sum('0x1p-16445', '0')).toBe('0')
  expect(sum('0x1p-16446', '0')).toBe('not-a-float')
  expect(sum('0x1.8p-16446', '0')).toBe('0')
  expect(sum('1e999999999999999999', '0')).toBe('not-a-float')
  expect(sum(`0.${'0'.repeat(5000)}1e5001`, '0')).toBe('1')
  expect(sum('1'.repeat(5120), '0')).toBe('not-a-float')
})

test('a long sum keeps all its digits', () => {
  expect(sum('1e300', '1').length).toBe(301)
  expect(sum('1e300', '1')).toStartWith('100000000000000000000899732407')
  expect(sum('1e300', '1')).toEndWith('187386105690089424915104006144')
})

const digits = fc.string({ unit: fc.constantFrom('0', '1', '4', '5', '9'), maxLength: 16 })
const whole = fc.integer({ min: 0, max: 50 }).map(String)
const decimal = fc
  .tuple(fc.constantFrom('', '-'), fc.oneof(whole, digits), fc.constantFrom('.', ''), digits)
  .map(parts => parts.join(''))

test('the short ways give what the long way gives', () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      expect(sum(a, b)).toBe(slowSum(a, b))
    }),
    { numRuns: 3000 },
  )
})

test('fractions that are exact in binary add up the short way as the long way', () => {
  const eighths = fc
    .tuple(fc.oneof(fc.integer({ min: -20_000, max: 20_000 }), fc.maxSafeInteger()), fc.integer({ min: 0, max: 16 }))
    .map(([n, power]) => (n / 2 ** power).toFixed(Math.min(power, 15)))
  fc.assert(
    fc.property(eighths, eighths, (a, b) => {
      expect(sum(a, b)).toBe(slowSum(a, b))
    }),
    { numRuns: 3000 },
  )
})

test('small decimals add up as on paper', () => {
  const cents = fc.integer({ min: -2000, max: 2000 })
  fc.assert(
    fc.property(cents, cents, (a, b) => {
      expect(sum((a / 100).toFixed(2), (b / 100).toFixed(2))).toBe(String((a + b) / 100))
    }),
  )
})
