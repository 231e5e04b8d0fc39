// Lines and words as Redis's sdssplitargs and sdscatrepr have them.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { toText } from '../../src/bytes/ascii.ts'
import { quoteText, splitArguments } from '../../src/bytes/quote.ts'

function words(line: string): string[] | undefined {
  const buf = Buffer.from(`"${line}"`, 'latin1')
  return splitArguments(buf, 1, buf.length - 1)?.map(word => toText(word, 0, word.length))
}

test('spaces of any kind separate words', () => {
  expect(words('')).toEqual([])
  expect(words('  \t\r\n ')).toEqual([])
  expect(words('set  key\tvalue\r\n')).toEqual(['set', 'key', 'value'])
  expect(words('\v\fa b\v\f')).toEqual(['a', 'b\v\f']) // these two end no word
})

test('double quotes know escapes', () => {
  expect(words('"a b" ""')).toEqual(['a b', ''])
  expect(words('"\\n\\r\\t\\b\\a\\\\\\"\\q"')).toEqual(['\n\r\t\b\x07\\"q'])
  expect(words('"\\x41\\xfF\\x0g\\x"')).toEqual(['A\xffx0gx'])
  expect(words('"\\x4"')).toEqual(['x4'])
  expect(words('"it\'s"')).toEqual(["it's"])
})

test('single quotes know only the quote itself', () => {
  expect(words("'a \\n \\' \"b\"'")).toEqual(['a \\n \' "b"'])
  expect(words("''")).toEqual([''])
})

test('a quote may open within a word but must close at its end', () => {
  expect(words('foo"b r" x')).toEqual(['foob r', 'x'])
  for (const line of ['"a', "'a", 'a"', '"a"b', "'a'b", '"a"\'b\'', '"a\\"', '"\\', "'\\'"])
    expect([line, words(line)]).toEqual([line, undefined])
})

test('a NUL ends the line', () => {
  expect(words('a b\0c d')).toEqual(['a', 'b'])
  expect(words('"a\0"')).toBeUndefined()
})

test('words are copies', () => {
  const line = Buffer.from('ab')
  const [word] = splitArguments(line, 0, 2) ?? []
  line[0] = 0x78
  expect(word && toText(word, 0, 2)).toBe('ab')
})

test('quoteText escapes what is not printable', () => {
  const buf = Buffer.from('-a"\\\n\r\t\x07\b\0\x7f\xffz-', 'latin1')
  expect(quoteText(buf, 1, buf.length - 1)).toBe('"a\\"\\\\\\n\\r\\t\\a\\b\\x00\\x7f\\xffz"')
})

test('what quoteText prints, splitArguments reads back', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }), list => {
      const line = Buffer.from(list.map(word => quoteText(word, 0, word.length)).join(' '), 'latin1')
      expect(splitArguments(line, 0, line.length)).toEqual(list)
    }),
  )
})
