import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { copyWide } from '../../src/bytes/wide-copy.ts'
import { ReplyWriter } from '../../src/resp/writer.ts'

/** Bytes that make up NaN of every kind, infinities, denormals and both zeroes, among others. */
const byte = fc.oneof(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xf0, 0xf7, 0xf8, 0xff), fc.integer({ min: 0, max: 255 }))
const bytes = fc.array(byte, { maxLength: 200 }).map(list => Uint8Array.from(list))
const place = fc.integer({ min: 0, max: 20 })

test('every run of bytes arrives as it was, and nothing beside it changes', () => {
  fc.assert(
    fc.property(bytes, place, place, (text, from, to) => {
      const src = new Uint8Array(300)
      src.set(text, from)
      const dst = new Uint8Array(300).fill(0xaa)
      const end = copyWide(new DataView(dst.buffer), to, new DataView(src.buffer), from, from + text.length)
      const expected = new Uint8Array(300).fill(0xaa)
      expected.set(text, to)
      return end === to + text.length && Buffer.compare(dst, expected) === 0
    }),
    { numRuns: 5000 },
  )
})

test('signalling NaN, quiet NaN and minus NaN keep all their bits', () => {
  for (const top of [0x7ff0, 0x7ff8, 0xfff0, 0xfff8, 0x7fff, 0xffff]) {
    const src = new DataView(new ArrayBuffer(8))
    src.setUint16(6, top, true)
    src.setUint32(0, 0x01020304, true)
    const dst = new DataView(new ArrayBuffer(8))
    copyWide(dst, 0, src, 0, 8)
    expect(new Uint8Array(dst.buffer)).toEqual(new Uint8Array(src.buffer))
  }
})

test('a bulk of a buffer with a view is the bulk of its bytes, also when the reply outgrows its buffer', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, place), { maxLength: 30 }), texts => {
      const plain = new ReplyWriter(64)
      const viewed = new ReplyWriter(64)
      for (const [text, at] of texts) {
        const u8 = new Uint8Array(300)
        u8.set(text, at)
        plain.bulk(u8, at, at + text.length)
        viewed.bulkOf({ u8, view: new DataView(u8.buffer) }, at, at + text.length)
      }
      return Buffer.compare(Buffer.concat(plain.take()), Buffer.concat(viewed.take())) === 0
    }),
  )
})
