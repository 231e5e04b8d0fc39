// Integers against bigint, and against the texts that Redis's string2ll takes and refuses.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { fromText, toText } from '../../src/bytes/ascii.ts'
import {
  INT64_MAX,
  INT64_MIN,
  INT64_TEXT_BYTES,
  intLength,
  isInt64Text,
  parseInt64,
  parseSafe,
  writeInt,
  writeInt64,
} from '../../src/bytes/int64.ts'

const PADDING = fromText('99')

/** Parses the text with digits before and behind it, which must not be looked at. */
function parsed(text: string): bigint | undefined {
  const buf = Buffer.concat([PADDING, fromText(text), PADDING])
  const end = buf.length - PADDING.length
  const value = parseInt64(buf, PADDING.length, end)
  expect(isInt64Text(buf, PADDING.length, end)).toBe(value !== undefined)
  const safe = parseSafe(buf, PADDING.length, end)
  const isSafe = value !== undefined && Number.isSafeInteger(Number(value))
  expect(Object.is(safe, isSafe ? Number(value) : NaN)).toBe(true)
  return value
}

function written(n: number): string {
  const dst = new Uint8Array(40).fill(0x78)
  const end = writeInt(dst, 3, n)
  expect(end).toBe(3 + intLength(n))
  expect(toText(dst, 0, 3) + toText(dst, end, 40)).toBe('x'.repeat(40 - (end - 3)))
  return toText(dst, 3, end)
}

test('what string2ll refuses is no integer', () => {
  const refused = [
    '',
    '-',
    '+1',
    '-0',
    '00',
    '01',
    '-01',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    '0x1',
    'a',
    '1a',
    '--1',
    '1-',
    '\0',
    '1\0',
  ]
  for (const text of refused) expect([text, parsed(text)]).toEqual([text, undefined])
  for (const text of ['9223372036854775808', '-9223372036854775809', '9999999999999999999', '10000000000000000000'])
    expect([text, parsed(text)]).toEqual([text, undefined])
  expect(parsed('1'.repeat(100))).toBeUndefined()
})

test('the ends of each range are integers', () => {
  const ends = [0n, 9n, 10n, 999999999n, 1000000000n, 2147483647n, 2147483648n, 4294967296n, 999999999999999n]
  for (const end of [...ends, 9007199254740991n, 9007199254740992n, 9007199254740993n, 9999999999999999n, INT64_MAX]) {
    expect(parsed(end.toString())).toBe(end)
    if (end > 0n) expect(parsed((-end).toString())).toBe(-end)
  }
  expect(parsed(INT64_MIN.toString())).toBe(INT64_MIN)
})

test('text is an integer exactly when bigint spells it the same within 64 bits', () => {
  const digits = fc.string({ unit: fc.constantFrom('0', '1', '2', '8', '9'), maxLength: 21 })
  const text = fc.oneof(
    digits,
    digits.map(part => `-${part}`),
    digits.map(part => `9223372036854775${part}`),
    fc.string(),
  )
  fc.assert(
    fc.property(text, candidate => {
      const model = /^(0|-?[1-9][0-9]*)$/.test(candidate) ? BigInt(candidate) : undefined
      const fits = model !== undefined && model >= INT64_MIN && model <= INT64_MAX
      expect(parsed(candidate)).toBe(fits ? model : undefined)
    }),
    { numRuns: 2000 },
  )
})

test('writeInt spells every safe integer as JavaScript does', () => {
  for (let power = 1; power <= 1e15; power *= 10)
    for (const n of [power - 1, power, power + 1, -power, 1 - power, -power - 1]) expect(written(n)).toBe(String(n))
  for (const n of [-0, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53])
    expect(written(n)).toBe(String(n))
  fc.assert(fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer()), n => expect(written(n)).toBe(String(n))))
})

test('a quotient next to a whole number of billions is not rounded up to it', () => {
  for (let high = 1; high < 9007199; high += 997) expect(written(high * 1e9 - 1)).toBe(String(high * 1e9 - 1))
  expect(written(9007199e9 - 1)).toBe('9007198999999999')
})

test('writeInt64 spells every 64-bit integer and needs at most the stated bytes', () => {
  const dst = new Uint8Array(40)
  fc.assert(
    fc.property(fc.bigInt({ min: INT64_MIN, max: INT64_MAX }), n => {
      expect(toText(dst, 2, writeInt64(dst, 2, n))).toBe(n.toString())
    }),
  )
  expect(toText(dst, 0, writeInt64(dst, 0, INT64_MIN))).toBe(INT64_MIN.toString())
  expect(INT64_MIN.toString().length).toBe(INT64_TEXT_BYTES)
})
