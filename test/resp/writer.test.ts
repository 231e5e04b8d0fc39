// The writer against RESP as written by hand, in both versions, and its buffers against a plain string.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { BASE_BUFFER_BYTES, MAX_BUFFER_BYTES } from '../../src/resp/reply-buffer.ts'
import { OK, OWN_CHUNK_BYTES, ReplyWriter } from '../../src/resp/writer.ts'
import { latin1 } from './stream.ts'

/** All that was written, one char per byte, through the chunks and the buffer as a connection sees them. */
function written(writer: ReplyWriter): string {
  const parts = [...writer.chunks, writer.buf.subarray(0, writer.length)]
  const text = Buffer.concat(parts).toString('latin1')
  expect(writer.size).toBe(text.length)
  return text
}

function spelled(protocol: 2 | 3, reply: (writer: ReplyWriter) => void): string {
  const writer = new ReplyWriter()
  writer.protocol = protocol
  reply(writer)
  return written(writer)
}

describe('spelling', () => {
  const bytes = latin1('..hello..')
  const table: [name: string, reply: (writer: ReplyWriter) => void, resp2: string, resp3: string][] = [
    ['ok', w => w.ok(), '+OK\r\n', '+OK\r\n'],
    ['simple', w => w.simple('PONG'), '+PONG\r\n', '+PONG\r\n'],
    ['error', w => w.error('ERR no'), '-ERR no\r\n', '-ERR no\r\n'],
    ['int', w => w.int(-9007199254740991), ':-9007199254740991\r\n', ':-9007199254740991\r\n'],
    ['int of one digit', w => w.int(7), ':7\r\n', ':7\r\n'],
    ['int64', w => w.int64(-(2n ** 63n)), ':-9223372036854775808\r\n', ':-9223372036854775808\r\n'],
    ['bulk', w => w.bulk(bytes, 2, 7), '$5\r\nhello\r\n', '$5\r\nhello\r\n'],
    ['empty bulk', w => w.bulk(bytes, 2, 2), '$0\r\n\r\n', '$0\r\n\r\n'],
    ['bulkText keeps line ends', w => w.bulkText('a\r\nb'), '$4\r\na\r\nb\r\n', '$4\r\na\r\nb\r\n'],
    ['bulkText is one byte a char', w => w.bulkText('\xff\0\u0100'), '$3\r\n\xff\0?\r\n', '$3\r\n\xff\0?\r\n'],
    ['bulkInt', w => w.bulkInt(-120), '$4\r\n-120\r\n', '$4\r\n-120\r\n'],
    ['null', w => w.null(), '$-1\r\n', '_\r\n'],
    ['nullArray', w => w.nullArray(), '*-1\r\n', '_\r\n'],
    ['array', w => w.array(3), '*3\r\n', '*3\r\n'],
    ['map', w => w.map(3), '*6\r\n', '%3\r\n'],
    ['set', w => w.set(3), '*3\r\n', '~3\r\n'],
    ['push', w => w.push(3), '*3\r\n', '>3\r\n'],
    ['double', w => w.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
    ['double with 17 digits', w => w.double(0.1), '$19\r\n0.10000000000000001\r\n', ',0.10000000000000001\r\n'],
    ['whole double', w => w.double(-30), '$3\r\n-30\r\n', ',-30\r\n'],
    ['minus zero', w => w.double(-0), '$2\r\n-0\r\n', ',-0\r\n'],
    ['large double', w => w.double(1e300), '$23\r\n1.0000000000000001e+300\r\n', ',1.0000000000000001e+300\r\n'],
    ['infinity', w => w.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
    ['true', w => w.bool(true), ':1\r\n', '#t\r\n'],
    ['false', w => w.bool(false), ':0\r\n', '#f\r\n'],
    ['bigNumber', w => w.bigNumber('-123'), '$4\r\n-123\r\n', '(-123\r\n'],
    ['verbatim', w => w.verbatim('txt', 'a\nb'), '$3\r\na\nb\r\n', '=7\r\ntxt:a\nb\r\n'],
    ['encoded', w => w.encoded(OK), '+OK\r\n', '+OK\r\n'],
  ]

  test.each(table)('%s', (_, reply, resp2, resp3) => {
    expect(spelled(2, reply)).toBe(resp2)
    expect(spelled(3, reply)).toBe(resp3)
  })

  test('attributes exist in RESP3; in RESP2 they throw and write nothing', () => {
    expect(spelled(3, w => w.attribute(1))).toBe('|1\r\n')
    expect(spelled(2, w => expect(() => w.attribute(1)).toThrow('RESP3'))).toBe('')
  })

  test('no text of a line can begin a second reply', () => {
    // The low byte of U+010D is a CR and that of U+010A an LF.
    const text = 'a\r\n:1\n\u010d\u010a'
    for (const protocol of [2, 3] as const) {
      expect(spelled(protocol, w => w.error(text))).toBe('-a  :1 ??\r\n')
      expect(spelled(protocol, w => w.simple(text))).toBe('+a  :1 ??\r\n')
    }
  })
})

describe('replies of unknown length', () => {
  test('headers are put before what was written since a mark', () => {
    for (const [protocol, expected] of [
      [2, ':0\r\n*2\r\n:1\r\n*4\r\n:2\r\n:3\r\n*2\r\n:4\r\n:5\r\n*0\r\n'],
      [3, ':0\r\n*2\r\n:1\r\n%2\r\n:2\r\n:3\r\n~2\r\n:4\r\n:5\r\n*0\r\n'],
    ] as const) {
      const reply = (w: ReplyWriter) => {
        w.int(0)
        const outer = w.mark()
        w.int(1)
        const map = w.mark()
        w.int(2)
        w.int(3)
        const set = w.mark()
        w.int(4)
        w.int(5)
        w.setFrom(set, 2)
        w.mapFrom(map, 2)
        w.arrayFrom(outer, 2)
        w.arrayFrom(w.mark(), 0)
      }
      expect(spelled(protocol, reply)).toBe(expected)
    }
  })

  test('rewind drops what a command wrote before it failed', () => {
    const writer = new ReplyWriter()
    writer.int(1)
    const mark = writer.mark()
    writer.array(2)
    writer.int(2)
    writer.rewind(mark)
    writer.error('ERR no')
    expect(written(writer)).toBe(':1\r\n-ERR no\r\n')
  })
})

describe('buffers', () => {
  const source = new Uint8Array(3 * MAX_BUFFER_BYTES)
  for (let i = 0; i < source.length; i++) source[i] = (i * 7 + (i >> 8)) & 0xff
  const sourceText = Buffer.from(source).toString('latin1')

  type Step =
    | { kind: 'bulk'; start: number; length: number }
    | { kind: 'text'; length: number }
    | { kind: 'int'; n: number }
    | { kind: 'mark' | 'rewind' | 'arrayFrom' | 'clear' | 'take' }
  const length = fc.oneof(
    { arbitrary: fc.nat(200), weight: 6 },
    { arbitrary: fc.nat(70_000), weight: 3 },
    { arbitrary: fc.integer({ min: OWN_CHUNK_BYTES - 3, max: OWN_CHUNK_BYTES + 3 }), weight: 1 },
    { arbitrary: fc.nat(MAX_BUFFER_BYTES + 100), weight: 1 },
  )
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constant('bulk'), start: fc.nat(MAX_BUFFER_BYTES), length }),
    fc.record({ kind: fc.constant('text'), length }),
    fc.record({ kind: fc.constant('int'), n: fc.maxSafeInteger() }),
    fc.record({ kind: fc.constantFrom('mark', 'rewind', 'arrayFrom', 'clear', 'take') }),
  )

  /** Does one step to the writer and says what all that is written since the last clear must be. */
  function apply(writer: ReplyWriter, step: Step, text: string, marks: number[]): string {
    switch (step.kind) {
      case 'bulk': {
        const end = step.start + step.length
        writer.bulk(source, step.start, end)
        return `${text}$${step.length}\r\n${sourceText.slice(step.start, end)}\r\n`
      }
      case 'text':
        writer.bulkText(sourceText.slice(0, step.length))
        return `${text}$${step.length}\r\n${sourceText.slice(0, step.length)}\r\n`
      case 'int':
        writer.int(step.n)
        return `${text}:${step.n}\r\n`
      case 'mark':
        marks.push(writer.mark())
        return text
      case 'rewind': {
        const mark = marks.pop() ?? 0
        writer.rewind(mark)
        return text.slice(0, mark)
      }
      case 'arrayFrom': {
        const mark = marks.pop() ?? 0
        writer.arrayFrom(mark, 12)
        return `${text.slice(0, mark)}*12\r\n${text.slice(mark)}`
      }
      case 'clear':
        marks.length = 0
        writer.clear()
        return ''
      case 'take':
        marks.length = 0
        expect(Buffer.concat(writer.take()).equals(Buffer.from(text, 'latin1'))).toBeTrue()
        return ''
    }
  }

  test('whatever is written, rewound and taken, the bytes are those of a plain string', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const writer = new ReplyWriter()
        const marks: number[] = []
        let text = ''
        for (const step of steps) {
          text = apply(writer, step, text, marks)
          expect(writer.size).toBe(text.length)
          expect(writer.buf.length).toBeLessThanOrEqual(MAX_BUFFER_BYTES + 200)
        }
        expect(written(writer) === text).toBeTrue()
      }),
      { numRuns: 60 },
    )
  })

  test('chunks are the taker’s: later replies do not change them', () => {
    const writer = new ReplyWriter()
    for (let i = 0; i < 30; i++) writer.bulk(source, 0, 100_000)
    writer.bulk(source, 0, 300_000)
    const taken = writer.take()
    const before = Buffer.concat(taken)
    expect(before.length).toBe(30 * (9 + 100_000 + 2) + 9 + 300_000 + 2)
    expect(writer.size).toBe(0)
    for (let i = 0; i < 40; i++) writer.bulk(source, 50, 100_050)
    expect(Buffer.concat(taken).equals(before)).toBeTrue()
  })

  test('a bulk is copied: its source may change at once', () => {
    const writer = new ReplyWriter()
    const value = new Uint8Array(OWN_CHUNK_BYTES + 1).fill(0x61)
    writer.bulk(value, 0, value.length)
    writer.bulk(value, 0, 3)
    value.fill(0x62)
    expect(written(writer)).not.toContain('b')
  })

  test('short replies use the same buffer for ever', () => {
    const writer = new ReplyWriter()
    const buffer = writer.buf
    for (let i = 0; i < 1000; i++) {
      writer.bulk(source, 0, 60_000)
      writer.clear()
    }
    expect(writer.buf).toBe(buffer)
    expect(buffer.length).toBe(BASE_BUFFER_BYTES)
  })

  test('after a large reply the writer returns to its base buffer', () => {
    const writer = new ReplyWriter()
    const base = writer.buf
    for (let i = 0; i < 100; i++) writer.bulk(source, 0, 200_000)
    expect(writer.chunks.length).toBeGreaterThan(0)
    writer.clear()
    for (let i = 0; i < 20; i++) {
      writer.ok()
      writer.clear()
    }
    expect(writer.chunks).toEqual([])
    expect(writer.buf).toBe(base)
  })

  test('a long reply is never held twice: chunks are filled at least half', () => {
    const writer = new ReplyWriter()
    for (let i = 0; i < 100_000; i++) writer.bulk(source, i, i + 100)
    const capacity = writer.chunks.reduce((sum, chunk) => sum + chunk.buffer.byteLength, 0)
    expect(capacity).toBeLessThan(2 * writer.size)
    expect(writer.chunks.length).toBeLessThan(20)
  })

  test('a recorder may be small', () => {
    const writer = new ReplyWriter(64)
    writer.bulkText('x'.repeat(1000))
    expect(written(writer)).toBe(`$1000\r\n${'x'.repeat(1000)}\r\n`)
  })
})
