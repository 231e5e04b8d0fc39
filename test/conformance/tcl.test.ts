// The suite's packet protocol: what we read is what Tcl meant, whatever the names of tests contain.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { PacketReader, packet, parseTclList, tclList } from '../../scripts/conformance/tcl.ts'

test('a list that Tcl printed is read as Tcl reads it', () => {
  expect(parseTclList('ok {SET and GET} 12')).toEqual(['ok', 'SET and GET', '12'])
  expect(parseTclList('a\\ b "c d" {e {f} \\} g} {}')).toEqual(['a b', 'c d', 'e {f} \\} g', ''])
  expect(parseTclList('\\x41\\u0042\\103\\n')).toEqual(['ABC\n'])
  expect(parseTclList('  \n ')).toEqual([])
})

test('words survive the way into a list and back', () => {
  const word = fc.string({ unit: fc.constantFrom(...'ab \n\r\t{}[]$";#\\/é'), maxLength: 12 })
  fc.assert(fc.property(fc.array(word), words => expect(parseTclList(tclList(...words))).toEqual(words)))
})

test('packets are the same however the stream is cut, and CR LF counts as one character', () => {
  const sent = [
    ['testing', 'two\nlines'],
    ['ok', 'näme', '3'],
  ]
  const stream = Buffer.concat(
    sent.map(words =>
      Buffer.from(
        Buffer.from(packet(...words))
          .toString('latin1')
          .replaceAll('\n', '\r\n'),
        'latin1',
      ),
    ),
  )
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new PacketReader()
    expect([...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))]).toEqual(sent)
  }
})

test('what is no packet is refused', () => {
  expect(() => new PacketReader().push(Buffer.from('hello\n'))).toThrow('not a packet')
})
