// How the value of each type stands in a record: one row a type. Writing a type to snapshots and reading it back is a row
// here and nothing else.
//
// A value of more than WHOLE_LIMIT_BYTES is spread over PART records, so that one step of a save and one frame stay small
// whatever a value weighs. `from` is a place in the value that only its row understands; 0 is the start.

import { copy } from '../bytes/ascii.ts'
import { isInt64Text } from '../bytes/int64.ts'
import type { Arena } from '../memory/arena.ts'
import { entryEncoding, stringLength, stringStart, TYPE_STRING } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'
import { makeString } from '../store/strings.ts'
import { EMBSTR, INT, RAW } from '../values/string.ts'
import type { Frame } from './frame.ts'
import type { Payload } from './payload.ts'

export const WHOLE_LIMIT_BYTES = 32 << 10
const PART_BYTES = 256 << 10
/** Returned instead of a place in the value: there is nothing more. */
export const COMPLETE = -1
/** Returned by read: the rest of the file is too short for all parts, so the save gave this value up. No key was made. */
export const CUT = -2

export interface RecordKind {
  /** Array elements of a record after the KEY_FIELDS. */
  readonly fields: number
  /** Upper bound of the value's bytes in a record. */
  size(a: Arena, e: number): number
  /** Writes the fields with the whole value. */
  whole(out: Frame, a: Arena, e: number): void
  /** Writes the fields of a value that follows in parts. */
  head(out: Frame, a: Arena, e: number): void
  /** Writes the element of one PART record; returns where the next one starts, or COMPLETE. */
  part(out: Frame, a: Arena, e: number, from: number): number
  /** Reads the fields and makes the key at `p`. Returns COMPLETE, CUT, or where the first part belongs. Throws OOM. */
  read(input: Payload, keys: Keyspace, p: Place, deadline: number): number
  /** Passes over the fields; COMPLETE, or 0 when parts follow. */
  skip(input: Payload): number
  /** Reads the element of a PART record into the key at `p`; returns as read does. */
  readPart(input: Payload, p: Place, from: number): number
}

/** [..., encoding, value], or [..., encoding, length] and parts. */
const STRING: RecordKind = {
  fields: 2,
  size: stringLength,
  whole(out, a, e) {
    const length = stringLength(a, e)
    const start = stringStart(a, e)
    out.uint(entryEncoding(a, e))
    out.binaryHead(length)
    out.bytes(a.u8, start, start + length)
  },
  head(out, a, e) {
    out.uint(entryEncoding(a, e))
    out.uint(stringLength(a, e))
  },
  part(out, a, e, from) {
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
    if (encoding !== RAW && encoding !== EMBSTR && encoding !== INT) input.fail('no such encoding of a string')
    if (!input.atBinary) {
      const length = input.uint()
      if (length > input.leftBytes) return CUT
      if (length === 0) input.fail('an empty value has no parts')
      makeString(keys, p, length, encoding, deadline)
      return 0
    }
    input.binary()
    const { u8, start, stop } = input
    if (encoding === INT && !isInt64Text(u8, start, stop)) input.fail('a value is not the number that it should be')
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
  readPart(input, p, from) {
    const a = p.shard.arena
    const length = stringLength(a, p.entry)
    input.binary()
    const to = from + input.stop - input.start
    if (to > length) input.fail('the parts of a value are longer than it')
    copy(a.u8, stringStart(a, p.entry) + from, input.u8, input.start, input.stop)
    return to === length ? COMPLETE : to
  },
}

/** By type number of store/entry.ts. */
export const RECORD_KINDS: readonly (RecordKind | undefined)[] = Object.assign([], { [TYPE_STRING]: STRING })
