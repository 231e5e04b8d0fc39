// Patterns: what Redis's stringmatchlen answers, and a plain recursive reading of the same grammar.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { globMatches, globMatchesIgnoreCase, literalPrefix } from '../../src/bytes/glob.ts'

/** Pattern, text, match, match whatever the case. Taken from the function of Redis 7.0.15 compiled with gcc. */
const MATCHES: readonly (readonly [pattern: string, text: string, match: boolean, matchIgnoringCase: boolean])[] = [
  ['a*', 'a', true, true],
  ['*', '', false, false],
  ['', '', true, true],
  ['**', '', false, false],
  ['*', 'a', true, true],
  ['a?c', 'abc', true, true],
  ['a?c', 'ac', false, false],
  ['[abc]', 'b', true, true],
  ['[^a]', 'a', false, false],
  ['[^a]', 'b', true, true],
  ['[a-c]', 'b', true, true],
  ['[c-a]', 'b', true, true],
  ['[a-]', 'a', true, true],
  ['[a-]', '-', false, false],
  ['[a-]', ']', true, true],
  ['[a-', '-', true, true],
  ['[abc', 'c', true, true],
  ['[', 'a', false, false],
  ['[', '[', false, false],
  ['[^', 'a', true, true],
  ['[]a]', 'a', false, false],
  ['[^]', 'a', true, true],
  ['[\\]]', ']', true, true],
  ['[\\', '\\', true, true],
  ['\\*', '*', true, true],
  ['\\*', 'a', false, false],
  ['\\', '\\', true, true],
  ['a\\', 'a\\', true, true],
  ['a\\', 'a', false, false],
  ['\\a', 'a', true, true],
  ['*a*b*c', 'xaxbxc', true, true],
  ['*a*b*c', 'xaxbxcx', false, false],
  ['a**', 'a', true, true],
  ['a*b', 'a', false, false],
  ['A*', 'abc', false, true],
  ['[A-C]x', 'bX', false, true],
  ['[\\A]', 'a', false, false],
  ['[Z-a]', 'q', false, false],
  ['[Z-a]', '_', true, false],
  ['[\x01-\xff]', 'a', false, false],
  ['[\x01-\xff]', '\x00', true, true],
  ['[\x7f-\x81]', '\x80', false, false],
  ['ns/*', 'ns/k', true, true],
  ['ns/*', 'ns/', true, true],
  ['h[ae]llo*', 'hallo world', true, true],
  ['*?', 'a', true, true],
  ['?*?', 'a', false, false],
]

function matches(pattern: string, text: string): boolean {
  const p = Buffer.from(`?${pattern}*`, 'latin1')
  const t = Buffer.from(`a${text}a`, 'latin1')
  return globMatches(p, 1, p.length - 1, t, 1, t.length - 1)
}

function matchesIgnoringCase(pattern: string, text: string): boolean {
  const p = Buffer.from(`?${pattern}*`, 'latin1')
  const t = Buffer.from(`a${text}a`, 'latin1')
  return globMatchesIgnoreCase(p, 1, p.length - 1, t, 1, t.length - 1)
}

test('patterns match what they match in Redis', () => {
  for (const [pattern, text, match, ignoringCase] of MATCHES)
    expect([pattern, text, matches(pattern, text), matchesIgnoringCase(pattern, text)]).toEqual([
      pattern,
      text,
      match,
      ignoringCase,
    ])
})

test('a range compares bytes as signed', () => {
  expect(matches('[\x80-\xff]', '\x90')).toBe(true)
  expect(matches('[a-\xff]', '\x00')).toBe(true)
  expect(matches('[a-\xff]', 'z')).toBe(false)
})

/** The grammar as a regular expression; only for the part of it where both mean the same. */
function asRegExp(pattern: string): RegExp {
  const source = pattern.replace(/[*?.]/g, char => (char === '*' ? '[^]*' : char === '?' ? '[^]' : '\\.'))
  return new RegExp(`^${source}$`)
}

test('stars, marks and classes agree with a regular expression', () => {
  const element = fc.constantFrom('*', '?', 'a', 'b', '.', '[ab]', '[^a]', '[a-b]')
  const pattern = fc.array(element, { maxLength: 8 }).map(parts => parts.join(''))
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.'), minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      expect(matches(p, t)).toBe(asRegExp(p).test(t))
    }),
    { numRuns: 3000 },
  )
})

test('ignoring case is matching both in lower case, where there are no classes', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'A', 'b', 'B', '*', '?', '@', '`'), maxLength: 8 })
  fc.assert(
    fc.property(part, part, (p, t) => {
      expect(matchesIgnoringCase(p, t)).toBe(matches(p.toLowerCase(), t.toLowerCase()))
    }),
    { numRuns: 1000 },
  )
})

test('any bytes are a pattern, and matching ends within its own runs', () => {
  const bytes = fc.uint8Array({ maxLength: 12 })
  fc.assert(
    fc.property(bytes, bytes, (p, t) => {
      const alone = globMatches(p, 0, p.length, t, 0, t.length)
      const text = Buffer.from(t).toString('latin1')
      expect(matches(Buffer.from(p).toString('latin1'), text)).toBe(alone)
    }),
  )
})

test('more than 1000 stars match nothing, the one at the end not counted', () => {
  expect(matches('*a'.repeat(1000), 'a'.repeat(1000))).toBe(true)
  expect(matches(`${'*a'.repeat(1000)}*`, 'a'.repeat(1001))).toBe(true)
  expect(matches('*a'.repeat(1001), 'a'.repeat(1001))).toBe(false)
})

test('many stars take no exponential time', () => {
  expect(matches(`${'*a'.repeat(900)}b`, 'a'.repeat(20000))).toBe(false)
  expect(matches(`${'a*'.repeat(900)}b`, 'a'.repeat(20000))).toBe(false)
}, 2000)

test('the literal prefix ends at the first special byte', () => {
  const p = Buffer.from('xns/k*')
  expect(literalPrefix(p, 1, 6)).toBe(4)
  expect(literalPrefix(p, 1, 3)).toBe(2)
  for (const special of ['*', '?', '[', '\\']) expect(literalPrefix(Buffer.from(`ab${special}c`), 0, 4)).toBe(2)
  expect(literalPrefix(p, 0, 0)).toBe(0)
})
