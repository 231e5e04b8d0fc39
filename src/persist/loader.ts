// Brings the keys of a snapshot file into a keyspace, in slices (loading.ts). Keys whose deadline has passed are left out;
// access words come back as they were.
//
// Nothing is announced to observers and `dirty` does not move: loading changes nothing that is not on disk.

import { CommandError } from '../resp/errors.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Place } from '../store/place.ts'
import { TYPE_STRING } from '../values/types.ts'
import { ASIDE, FRAME_HEAD_BYTES, GONE, KEY_FIELDS, PART, SnapshotRefused, unpackMap } from './format.ts'
import { FrameReader } from './frame-reader.ts'
import { RECORD_KINDS } from './kinds.ts'
import { type Load, LoadingState, SLICE_BYTES, SLICE_UNITS, within } from './loading.ts'
import { Payload } from './payload.ts'
import { COMPLETE, CUT, type RecordKind } from './record-kind.ts'
import { StringBatch } from './string-batch.ts'
import { expectEncoding, expectSpelling, STRING_RECORD } from './string-record.ts'

/** What the record of a whole string begins with, and its fewest bytes: one each, two for a name and a value of nothing. */
const STRING_HEAD = 0x90 | (KEY_FIELDS + STRING_RECORD.fields)
const SHORTEST_STRING_BYTES = 10

export interface Loaded {
  /** When the save began, ms since the epoch. */
  readonly createdMs: number
  /** Key records that were live. */
  readonly keys: number
  /** Key records whose deadline has passed. */
  readonly expired: number
  readonly bytes: number
}

/**
 * Loads the file into `keys`, on top of what is there. Throws SnapshotDamaged, SnapshotRefused (another version, more
 * databases or more data than fit) or what the file system says; part of the keys are there then.
 */
export function* loadSnapshot(keys: Keyspace, path: string): Load<Loaded> {
  const reader = new FrameReader(path)
  try {
    return yield* within(new LoadingState(keys), new Loader(keys, path, reader).run())
  } catch (error) {
    if (error instanceof CommandError) throw new SnapshotRefused(path, 'its data are more than the memory set aside')
    throw error
  } finally {
    reader.close()
  }
}

/** The key whose record was read last, and how much of its value is still to come. */
class Current {
  readonly place: Place
  /** The kind of the value that misses parts, and where the next one belongs. */
  unfinished: RecordKind | undefined
  from = 0
  /** Why parts that follow are passed over: they belong to an expired key, or to one that the save gave up. */
  skipping: 'no' | 'expired' | 'cut' = 'no'
  skippedKind: RecordKind | undefined

  constructor(keys: Keyspace) {
    this.place = new Place(keys.at.shard)
  }

  get misses(): boolean {
    return this.unfinished !== undefined || this.skipping === 'cut'
  }
}

class Loader {
  private readonly keys: Keyspace
  private readonly path: string
  private readonly reader: FrameReader
  private readonly input: Payload
  private records = 0
  private loaded = 0
  private expired = 0
  /** Keys one after the other, and those that stand between the parts of such a one. */
  private readonly main: Current
  private readonly strings: StringBatch
  private readonly aside: Current

  constructor(keys: Keyspace, path: string, reader: FrameReader) {
    this.keys = keys
    this.path = path
    this.reader = reader
    this.input = new Payload(path)
    this.main = new Current(keys)
    this.strings = new StringBatch(keys, new Place(keys.at.shard))
    this.aside = new Current(keys)
  }

  *run(): Load<Loaded> {
    const { reader, input } = this
    if (!this.frame()) this.failAtEnd('the file ends before its first frame')
    const [createdMs = 0] = this.map(['createdMs', 'databases'])
    for (;;) {
      if (!this.frame()) this.failAtEnd('the file ends without its closing frame')
      if (this.atMap()) break
      while (input.more) {
        this.slice()
        yield { loadedBytes: reader.offset + input.at, totalBytes: reader.size }
      }
    }
    const [records, bytes] = this.map(['records', 'bytes'])
    if (records !== this.records) input.fail(`${this.records} records were read, ${records} were written`)
    if (bytes !== reader.offset - FRAME_HEAD_BYTES) input.fail('the file is not as long as it was')
    if (this.main.misses || this.aside.misses) input.fail('the last value is not complete')
    if (this.frame()) input.fail('something follows the closing frame')
    return { createdMs, keys: this.loaded, expired: this.expired, bytes: reader.size }
  }

  /** Reads some records of the frame at hand, which has some. */
  private slice(): void {
    const { input } = this
    const stop = Math.min(input.end, input.at + SLICE_BYTES)
    for (let left = SLICE_UNITS; left > 0 && input.at < stop; left--) {
      if (this.takeString()) continue
      this.strings.put()
      this.record()
    }
    this.strings.put()
  }

  /** Takes the record at hand, if it is what most are: a whole string that is not due. False: nothing was read. */
  private takeString(): boolean {
    const { keys, main, strings } = this
    const input: Payload = this.input
    const { u8, at } = input
    if (u8[at] !== STRING_HEAD || u8[at + 1] !== TYPE_STRING || input.end - at < SHORTEST_STRING_BYTES) return false
    input.at = at + 2
    const db = input.uint()
    if (db < keys.databases && main.unfinished === undefined) {
      input.binary()
      strings.name(db, u8, input.start, input.stop)
      const deadline = input.deadline()
      const access = input.uint()
      const encoding = input.uint()
      if ((deadline === 0 || deadline >= keys.nowMs) && input.atBinary) {
        expectEncoding(input, encoding)
        input.binary()
        expectSpelling(input, encoding)
        strings.add(u8, input.start, input.stop, encoding, deadline, access)
        main.skipping = 'no'
        this.records++
        this.loaded++
        return true
      }
    }
    input.at = at
    return false
  }

  private frame(): boolean {
    const { reader } = this
    if (!reader.next()) return false
    this.input.set(reader.u8, reader.length, reader.offset, reader.size - reader.offset)
    return true
  }

  private failAtEnd(reason: string): never {
    this.input.set(this.reader.u8, 0, this.reader.size, 0)
    this.input.fail(reason)
  }

  private atMap(): boolean {
    const { input } = this
    return input.more && input.u8[0] >>> 4 === 8
  }

  private map(names: readonly string[]): readonly number[] {
    const { input } = this
    const numbers = this.atMap() ? unpackMap(input.u8.subarray(0, input.end), names) : undefined
    return numbers ?? input.fail('the map of a frame is wrong')
  }

  private record(): void {
    const { input } = this
    const fields = input.array()
    const word = input.uint()
    const current = (word & ASIDE) === 0 ? this.main : this.aside
    const type = word & ~ASIDE
    if (type === PART) {
      if (fields !== 2) input.fail('a part has other fields')
      this.part(current)
      return
    }
    this.records++
    if (current.unfinished !== undefined) {
      this.keys.reslot(current.place)
      this.keys.drop(current.place)
    }
    current.unfinished = undefined
    current.skipping = 'no'
    if (type === GONE && fields === 3) this.gone(current.place)
    else this.key(current, fields, type)
  }

  private key(current: Current, fields: number, type: number): void {
    const { keys } = this
    const { place } = current
    const input: Payload = this.input
    const kind = type < RECORD_KINDS.length ? RECORD_KINDS[type] : undefined
    if (kind === undefined || fields !== KEY_FIELDS + kind.fields) input.fail('no such type of record')
    current.skippedKind = kind
    this.locate(place)
    const deadline = input.deadline()
    const access = input.uint()
    if (deadline !== 0 && deadline < keys.nowMs) {
      if (place.entry !== 0) keys.drop(place)
      this.expired++
      if (kind.skip(input) !== COMPLETE) current.skipping = 'expired'
      return
    }
    current.from = kind.read(input, keys, place, deadline)
    if (current.from === CUT) {
      if (place.entry !== 0) keys.drop(place)
      current.skipping = 'cut'
      return
    }
    if (current.from !== COMPLETE) current.unfinished = kind
    place.shard.arena.i32[(place.entry + 8) >> 2] = access
    this.loaded++
  }

  /** Reads a database and a name, and aims the place at the key. */
  private locate(place: Place): void {
    const { input, keys } = this
    const db = input.uint()
    if (db >= keys.databases) {
      throw new SnapshotRefused(this.path, `it has keys in database ${db}, this server has ${keys.databases} databases`)
    }
    input.binary()
    keys.locateShown(place, db, input.u8, input.start, input.stop)
  }

  private part(current: Current): void {
    const input: Payload = this.input
    if (current.skipping !== 'no') {
      current.skippedKind?.skipPart(input)
      return
    }
    if (current.unfinished === undefined) input.fail('a part without a value')
    current.from = current.unfinished.readPart(input, this.keys, current.place, current.from)
    if (current.from === COMPLETE) current.unfinished = undefined
  }

  private gone(place: Place): void {
    this.locate(place)
    if (place.entry !== 0) this.keys.drop(place)
  }
}
