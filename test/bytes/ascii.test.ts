// Runs of bytes against what Buffer makes of the same bytes.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { compare, copy, equals, equalsIgnoreCase, fromText, indexOfByte, lower, toText } from '../../src/bytes/ascii.ts'

const bytes = fc.uint8Array({ maxLength: 200 })
/** Few different bytes, so that equal runs and common prefixes do occur. */
const similar = fc.array(fc.constantFrom(0, 97, 255), { maxLength: 5 }).map(list => Uint8Array.from(list))

test('only the 26 ASCII letters have a case', () => {
  for (let byte = 0; byte < 256; byte++) {
    const text = String.fromCharCode(byte)
    expect(lower(byte)).toBe(byte < 128 ? text.toLowerCase().charCodeAt(0) : byte)
  }
})

test('a name is recognised in any case, and nothing but the name', () => {
  const buf = fromText('xGeT@')
  expect(equalsIgnoreCase(buf, 1, 4, fromText('get'))).toBe(true)
  expect(equalsIgnoreCase(buf, 1, 5, fromText('get'))).toBe(false)
  expect(equalsIgnoreCase(buf, 1, 4, fromText('set'))).toBe(false)
  expect(equalsIgnoreCase(buf, 4, 5, fromText('`'))).toBe(false) // '@' + 32 is '`', but neither is a letter
  expect(equalsIgnoreCase(buf, 2, 2, fromText(''))).toBe(true)
})

test('equals and compare agree with memcmp order', () => {
  fc.assert(
    fc.property(similar, similar, (a, b) => {
      expect(equals(a, 0, a.length, b, 0, b.length)).toBe(Buffer.compare(a, b) === 0)
      expect(Math.sign(compare(a, 0, a.length, b, 0, b.length))).toBe(Buffer.compare(a, b))
    }),
  )
})

test('compare looks only at its runs', () => {
  expect(compare(fromText('xab'), 1, 3, fromText('abc'), 0, 2)).toBe(0)
  expect(equals(fromText('xab'), 1, 3, fromText('abc'), 0, 2)).toBe(true)
})

test('copy moves short and long runs and touches nothing else', () => {
  fc.assert(
    fc.property(bytes, fc.nat(20), (src, at) => {
      const dst = new Uint8Array(at + src.length + 1).fill(7)
      expect(copy(dst, at, src, 0, src.length)).toBe(at + src.length)
      expect(dst.slice(at, at + src.length)).toEqual(src)
      expect(dst.slice(0, at)).toEqual(new Uint8Array(at).fill(7))
      expect(dst[at + src.length]).toBe(7)
    }),
  )
})

test('indexOfByte finds the first within the run', () => {
  const buf = fromText('a\r\nb\r\n')
  expect(indexOfByte(buf, 0, 6, 13)).toBe(1)
  expect(indexOfByte(buf, 2, 6, 13)).toBe(4)
  expect(indexOfByte(buf, 2, 4, 13)).toBe(-1)
})

test('toText keeps every byte, also of shared memory', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(260), 2)
  for (let i = 0; i < 256; i++) shared[i] = i
  const text = toText(shared, 0, 256)
  for (let i = 0; i < 256; i++) expect(text.charCodeAt(i)).toBe(i)
  expect(toText(shared, 65, 67)).toBe('AB')
})
