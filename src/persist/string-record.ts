// How a string stands in a record: [..., encoding, value], or [..., encoding, length] and parts.

import { copy } from '../bytes/ascii.ts'
import { isInt64Text } from '../bytes/int64.ts'
import { entryEncoding, stringLength, stringStart } from '../store/entry.ts'
import { makeString } from '../store/strings.ts'
import { EMBSTR, INT, RAW } from '../values/string.ts'
import type { Payload } from './payload.ts'
import { COMPLETE, CUT, type RecordKind } from './record-kind.ts'

const PART_BYTES = 256 << 10

export function expectEncoding(input: Payload, encoding: number): void {
  if (encoding !== RAW && encoding !== EMBSTR && encoding !== INT) input.fail('no such encoding of a string')
}

/** Whether the binary that was read last may be a string of this encoding. */
export function expectSpelling(input: Payload, encoding: number): void {
  if (encoding === INT && !isInt64Text(input.u8, input.start, input.stop))
    input.fail('a value is not the number that it should be')
}

export const STRING_RECORD: RecordKind = {
  fields: 2,
  size: (_host, a, e) => stringLength(a, e),
  whole(out, _host, a, e) {
    const length = stringLength(a, e)
    const start = stringStart(a, e)
    out.uint(entryEncoding(a, e))
    out.binaryHead(length)
    out.bytes(a.u8, start, start + length)
  },
  head(out, _host, a, e) {
    out.uint(entryEncoding(a, e))
    out.uint(stringLength(a, e))
  },
  part(out, _host, a, e, from) {
    const length = stringLength(a, e)
    const to = Math.min(length, from + PART_BYTES)
    const start = stringStart(a, e)
    out.reserve(to - from + 8)
    out.binaryHead(to - from)
    out.bytes(a.u8, start + from, start + to)
    return to === length ? COMPLETE : to
  },
  read(input, keys, p, deadline) {
    const encoding = input.uint()
    expectEncoding(input, encoding)
    if (!input.atBinary) {
      const length = input.uint()
      if (length > input.leftBytes) return CUT
      if (length === 0) input.fail('an empty value has no parts')
      makeString(keys, p, length, encoding, deadline)
      return 0
    }
    input.binary()
    const { u8, start, stop } = input
    expectSpelling(input, encoding)
    const at = makeString(keys, p, stop - start, encoding, deadline)
    copy(p.shard.arena.u8, at, u8, start, stop)
    return COMPLETE
  },
  skip(input) {
    input.uint()
    const whole = input.atBinary
    input.skip()
    return whole ? COMPLETE : 0
  },
  readPart(input, _keys, p, from) {
    const a = p.shard.arena
    const length = stringLength(a, p.entry)
    input.binary()
    const to = from + input.stop - input.start
    if (to > length) input.fail('the parts of a value are longer than it')
    copy(a.u8, stringStart(a, p.entry) + from, input.u8, input.start, input.stop)
    return to === length ? COMPLETE : to
  },
  skipPart(input) {
    input.binary()
  },
}
