// What snapshots ask of a type: how its values stand in a record.
//
// A value of more than WHOLE_LIMIT_BYTES is spread over PART records, so that one step of a save and one frame stay small
// whatever a value weighs. `from` is a place in the value that only its kind understands; 0 is the start.

import type { Arena } from '../memory/arena.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'
import { type ValueHost, VISIT_END } from '../values/value.ts'
import type { Frame } from './frame.ts'
import type { Payload } from './payload.ts'

export const WHOLE_LIMIT_BYTES = 32 << 10
/** Returned instead of a place in the value: there is nothing more. */
export const COMPLETE = VISIT_END
/** Returned by read: the rest of the file is too short for all parts, so the save gave this value up. No key was made. */
export const CUT = -2

export interface RecordKind {
  /** Array elements of a record after the KEY_FIELDS. */
  readonly fields: number
  /** Upper bound of the value's bytes in a record. */
  size(host: ValueHost, a: Arena, e: number): number
  /** Writes the fields with the whole value. */
  whole(out: Frame, host: ValueHost, a: Arena, e: number): void
  /** Writes the fields of a value that follows in parts. */
  head(out: Frame, host: ValueHost, a: Arena, e: number): void
  /** Writes the element of one PART record; returns where the next one starts, or COMPLETE. */
  part(out: Frame, host: ValueHost, a: Arena, e: number, from: number): number
  /** Reads the fields and makes the key at `p`. Returns COMPLETE, CUT, or what readPart takes first. Throws OOM. */
  read(input: Payload, keys: Keyspace, p: Place, deadline: number): number
  /** Passes over the fields; COMPLETE, or 0 when parts follow. */
  skip(input: Payload): number
  /** Reads the element of a PART record into the key at `p`; returns as read does. */
  readPart(input: Payload, keys: Keyspace, p: Place, from: number): number
  /** Passes over the element of a PART record. */
  skipPart(input: Payload): void
}
