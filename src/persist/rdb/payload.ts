// What DUMP answers and RESTORE takes: a value with its type in front, and behind it the version and a checksum.
//
//   u8 type | value | u16 version | u64 CRC64 of all before

import { Crc64 } from '../../bytes/crc.ts'
import type { Arena } from '../../memory/arena.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import type { Place } from '../../store/place.ts'
import type { ValueHost } from '../../values/value.ts'
import { corrupt } from './errors.ts'
import { RdbInput } from './input.ts'
import { RdbOutput } from './output.ts'
import { RdbValueReader } from './read.ts'
import { RDB_VERSION_TIMED_FIELDS } from './types.ts'
import { isOver, rdbTypeOf, rdbVersionOf, writeValue } from './write.ts'

const FOOTER_BYTES = 10

const out = new RdbOutput()
const input = new RdbInput()
const reader = new RdbValueReader()

/** The payload of the key with entry `e`, good until the next call; undefined when nothing is in it any more. */
export function dumpValue(host: ValueHost, a: Arena, e: number, compression: 'on' | 'off'): Uint8Array | undefined {
  if (isOver(host, a, e)) return undefined
  const type = rdbTypeOf(host, a, e)
  out.clear()
  out.compresses = compression === 'on'
  out.byte(type)
  writeValue(out, type, host, a, e)
  out.reserve(FOOTER_BYTES)
  const version = rdbVersionOf(type)
  out.byte(version)
  out.byte(version >> 8)
  const crc = new Crc64()
  crc.update(out.u8, 0, out.at)
  return out.u8.subarray(0, crc.write(out.u8, out.at))
}

/** Whether version and checksum of the payload buf[start, end) are right. */
export function isPayload(buf: Uint8Array, start: number, end: number, checksum: 'checked' | 'skipped'): boolean {
  if (end - start < FOOTER_BYTES) return false
  const footer = end - FOOTER_BYTES
  if ((buf[footer] | (buf[footer + 1] << 8)) > RDB_VERSION_TIMED_FIELDS) return false
  if (checksum === 'skipped') return true
  const crc = new Crc64()
  crc.update(buf, start, footer + 2)
  return crc.matches(buf, footer + 2)
}

/**
 * Builds the value in a payload, in the arena of `p`; the reader that is returned places or drops it. Throws RdbCorrupt,
 * RdbUnsupported or OOM.
 */
export function buildPayload(keys: Keyspace, p: Place, buf: Uint8Array, start: number, end: number): RdbValueReader {
  input.aim(buf, start, end - FOOTER_BYTES)
  if (reader.build(input, input.byte(), keys, p) === 'empty') corrupt('a collection of nothing')
  if (input.at === input.end) return reader
  reader.drop()
  return corrupt('something follows the value')
}
