// How every collection stands in a record: its elements as the view visits them, `width` binaries each. One row for all
// types, so a new type has snapshots as soon as it can visit and restore its elements.
//
//   whole   [..., [binary, binary, ...]]
//   head    [..., number of visits], and then PART records [PART, [binary, ...]]

import type { Arena } from '../memory/arena.ts'
import { buildValue, makeValue, openAt, replaceValue, settleValue } from '../store/collections.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Place } from '../store/place.ts'
import { RestoredElement, type Value, type ValueHost, VISIT_END, type Visit } from '../values/value.ts'
import type { Frame } from './frame.ts'
import type { Payload } from './payload.ts'
import { COMPLETE, CUT, type RecordKind } from './record-kind.ts'
import { elementsOfPart } from './save-output.ts'

/** Head of a binary. */
const HEAD_BYTES = 5
/** A score or an integer as text is longer than the bytes it counts for. */
const NUMBER_BYTES = 24

/** Fields of a record after the KEY_FIELDS. */
export const COLLECTION_FIELDS = 1

export class CollectionRecord implements RecordKind {
  readonly fields = COLLECTION_FIELDS
  private readonly element = new RestoredElement()
  private readonly view: Value

  /** The view is the record's own: a save reads values while commands are at work with theirs. */
  constructor(view: Value) {
    this.view = view
  }

  size(host: ValueHost, a: Arena, e: number): number {
    const v = this.aim(host, a, e)
    return v.logical + v.stored * v.width * (HEAD_BYTES + NUMBER_BYTES)
  }

  whole(out: Frame, host: ValueHost, a: Arena, e: number): void {
    const v = this.aim(host, a, e)
    out.arrayHead(v.stored * v.width)
    v.visit((buf, start, end) => write(out, buf, start, end))
  }

  head(out: Frame, host: ValueHost, a: Arena, e: number): void {
    const v = this.aim(host, a, e)
    out.uint(v.stored * v.width)
  }

  part(out: Frame, host: ValueHost, a: Arena, e: number, from: number): number {
    const v = this.aim(host, a, e)
    let next = VISIT_END
    writeVisits(out, visit => {
      next = v.visitFrom(from, elementsOfPart(v), visit)
    })
    return next === VISIT_END ? COMPLETE : next
  }

  read(input: Payload, keys: Keyspace, p: Place, deadline: number): number {
    const v = this.view
    if (!input.atArray) {
      const visits = input.uint()
      // A binary takes two bytes at least.
      if (visits * 2 > input.leftBytes) return CUT
      if (visits === 0 || visits % v.width !== 0) input.fail('a value of no elements has no parts')
      if (p.entry !== 0) keys.drop(p)
      makeValue(keys, p, v, deadline)
      settleValue(keys, p, v)
      return visits
    }
    const visits = input.arrayHead()
    if (visits === 0 || visits % v.width !== 0) input.fail('a value with half an element')
    buildValue(keys, p, v)
    this.restore(input, v, visits)
    replaceValue(keys, p, v, deadline)
    return COMPLETE
  }

  skip(input: Payload): number {
    if (!input.atArray) {
      input.uint()
      return 0
    }
    this.skipPart(input)
    return COMPLETE
  }

  /** `left` is the number of visits still to come. */
  readPart(input: Payload, keys: Keyspace, p: Place, left: number): number {
    const v = this.view
    openAt(keys, p, v)
    if (!input.atArray) input.fail('a part of a collection is not an array')
    const visits = input.arrayHead()
    if (visits > left || visits % v.width !== 0) input.fail('the parts of a value are more than it has')
    this.restore(input, v, visits)
    settleValue(keys, p, v)
    return visits === left ? COMPLETE : left - visits
  }

  skipPart(input: Payload): void {
    if (!input.atArray) input.fail('a part of a collection is not an array')
    for (let n = input.arrayHead(); n > 0; n--) input.binary()
  }

  private restore(input: Payload, v: Value, visits: number): void {
    const { element } = this
    element.buf = input.u8
    for (let i = 0; i < visits; i += v.width) {
      for (let w = 0; w < v.width; w++) {
        input.binary()
        element.starts[w] = input.start
        element.ends[w] = input.stop
      }
      if (!v.restore(element)) input.fail('an element of a value is not what it should be')
    }
  }

  private aim(host: ValueHost, a: Arena, e: number): Value {
    const v = this.view
    v.aim(host, a, a.i32[e >> 2], a.u8[e + 6] & 15)
    return v
  }
}

/** Writes the element of one PART record, as `show` visits the elements; returns how many visits there were. */
export function writeVisits(out: Frame, show: (visit: Visit) => void): number {
  const head = out.at
  let visits = 0
  // Their number is known afterwards: a head of five bytes has room for any.
  out.longArrayHead(0)
  show((buf, start, end) => {
    visits++
    write(out, buf, start, end)
  })
  out.patchArrayHead(head, visits)
  return visits
}

function write(out: Frame, buf: Uint8Array, start: number, end: number): void {
  out.reserve(end - start + HEAD_BYTES)
  out.binaryHead(end - start)
  out.bytes(buf, start, end)
}
