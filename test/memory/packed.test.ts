import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { fromText, toText } from '../../src/bytes/ascii.ts'
import { parseSafe } from '../../src/bytes/int64.ts'
import {
  PACKED_OVERHEAD_BYTES,
  PackedElement,
  packedBack,
  packedEquals,
  packedFind,
  packedInt,
  packedIntSize,
  packedSize,
  packedSkip,
  packedTextBytes,
  packedTextLength,
  packedWrite,
  packedWriteInt,
} from '../../src/memory/packed.ts'

function encoded(text: string): Uint8Array {
  const buf = Buffer.from(text, 'latin1')
  const out = new Uint8Array(buf.length + PACKED_OVERHEAD_BYTES)
  return out.slice(0, packedWrite(out, 0, buf, 0, buf.length))
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Texts whose lengths and values lie around the borders of the encodings. */
const texts = fc.oneof(
  fc.integer({ min: -70000, max: 70000 }).map(String),
  fc.maxSafeInteger().map(String),
  fc.constantFrom('', '-0', '00', '+1', '9007199254740991', '9007199254740992', '-9007199254740991', '1.5'),
  fc
    .tuple(fc.constantFrom(0, 1, 60, 63, 64, 65, 125, 126, 127, 128, 4094, 4095, 4096, 16370, 16382), fc.nat(255))
    .map(([length, char]) => String.fromCharCode(char).repeat(length)),
)

describe('packed elements', () => {
  test('are the bytes that DUMP of Redis 7.0.15 shows', () => {
    expect(hex(encoded('0'))).toBe('0001')
    expect(hex(encoded('127'))).toBe('7f01')
    expect(hex(encoded('128'))).toBe('c08002')
    expect(hex(encoded('-1'))).toBe('dfff02')
    expect(hex(encoded('-4096'))).toBe('d00002')
    expect(hex(encoded('4095'))).toBe('cfff02')
    expect(hex(encoded('4096'))).toBe('f1001003')
    expect(hex(encoded('-32768'))).toBe('f1008003')
    expect(hex(encoded('32768'))).toBe('f200800004')
    expect(hex(encoded('-8388609'))).toBe('f3ffff7fff05')
    expect(hex(encoded('2147483648'))).toBe('f4000000800000000009')
    expect(hex(encoded('-2147483649'))).toBe('f4ffffff7fffffffff09')
    expect(hex(encoded(''))).toBe('8001')
    expect(hex(encoded('a'))).toBe('816102')
    expect(hex(encoded('a'.repeat(64)))).toBe(`e040${'61'.repeat(64)}42`)
    expect(hex(encoded('a'.repeat(126)))).toBe(`e07e${'61'.repeat(126)}0180`)
    expect(hex(encoded('a'.repeat(4096)))).toBe(`f000100000${'61'.repeat(4096)}2085`)
  })

  test('read back as what was written, walk both ways, and have the size that was announced', () => {
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 20 }), list => {
        const u8 = new Uint8Array(list.reduce((sum, text) => sum + text.length + PACKED_OVERHEAD_BYTES, 8))
        const places: number[] = []
        let at = 8
        for (const text of list) {
          const buf = Buffer.from(text, 'latin1')
          places.push(at)
          const next = packedWrite(u8, at, buf, 0, buf.length)
          expect(next - at).toBe(packedSize(buf, 0, buf.length))
          at = next
        }
        const element = new PackedElement()
        for (let i = 0; i < list.length; i++) {
          const text = list[i] as string
          const place = places[i] as number
          const buf = Buffer.from(text, 'latin1')
          element.read(u8, place)
          expect(element.next).toBe(places[i + 1] ?? at)
          expect(packedSkip(u8, place)).toBe(element.next)
          expect(packedBack(u8, element.next)).toBe(place)
          expect(element.textLength).toBe(text.length)
          expect(packedTextLength(u8, place)).toBe(text.length)
          const out = new Uint8Array(text.length)
          expect(element.writeText(out, 0)).toBe(text.length)
          expect(toText(out, 0, out.length)).toBe(text)
          expect(element.isInt).toBe(!Number.isNaN(parseSafe(buf, 0, buf.length)))
          expect(packedInt(u8, place)).toBe(parseSafe(buf, 0, buf.length))
        }
        expect(packedTextBytes(u8, 8, at)).toBe(list.reduce((sum, text) => sum + text.length, 0))
        const wanted = fromText(list[list.length - 1] ?? 'none')
        const found = packedFind(u8, 8, at, wanted, 0, wanted.length, 0)
        for (let i = 0; i < list.length; i++) {
          expect(packedEquals(u8, places[i] as number, wanted, 0, wanted.length)).toBe(
            Buffer.from(list[i] as string, 'latin1').equals(wanted),
          )
        }
        const index = list.findIndex(text => Buffer.from(text, 'latin1').equals(wanted))
        expect(found).toBe(places[index] ?? 0)
      }),
    )
  })

  test('integers are written as their texts are', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -9000, max: 9000 })), n => {
        const u8 = new Uint8Array(PACKED_OVERHEAD_BYTES)
        const end = packedWriteInt(u8, 0, n)
        expect(end).toBe(packedIntSize(n))
        expect(hex(u8.slice(0, end))).toBe(hex(encoded(String(n))))
      }),
    )
  })

  test('a search that skips looks at every second element', () => {
    const u8 = new Uint8Array(64)
    let at = 0
    for (const text of ['a', 'b', 'b', 'c']) at = packedWrite(u8, at, fromText(text), 0, 1)
    expect(packedFind(u8, 0, at, fromText('b'), 0, 1, 1)).toBe(6)
    expect(packedFind(u8, 0, at, fromText('c'), 0, 1, 1)).toBe(0)
  })
})
