// Loads an RDB file of Redis or Valkey into a keyspace, on top of what is there.
//
//   'REDIS' and four digits of version, or 'VALKEY' and three | records | ff | CRC64 of all before, since version 5
//
//   record = fe database | fb sizes | fa name and value | fc, fd deadline, f9, f8 use of the key that follows
//          | type, key, value                                     | f5, f7, f4: functions, modules, slots: passed over
//
// It is loaded in slices (loading.ts), as snapshots are: nothing is announced, keys whose time is over are left out. What
// this server has no type for is passed over and counted, so that its keeper hears of it.

import { toText } from '../../bytes/ascii.ts'
import { CommandError } from '../../resp/errors.ts'
import { idleFor } from '../../store/access.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import { Place } from '../../store/place.ts'
import { encodingOf } from '../../values/string.ts'
import { type Load, LoadingState, SLICE_BYTES, SLICE_UNITS, within } from '../loading.ts'
import { MOST_STRINGS, NEW_ACCESS, StringBatch } from '../string-batch.ts'
import { corrupt, RdbCorrupt, RdbUnsupported } from './errors.ts'
import { RdbFileInput } from './file-input.ts'
import { RdbText } from './input.ts'
import { RdbValueReader, STEP_ELEMENTS } from './read.ts'
import { skipForeign, skipModule } from './skip.ts'
import * as T from './types.ts'

export interface RdbLoaded {
  /** Keys that are there now. */
  readonly keys: number
  /** Those whose time was over, and those that held a collection of nothing. */
  readonly expired: number
  readonly empty: number
  /** What was passed over: how many of each, by name. */
  readonly skipped: ReadonlyMap<string, number>
  readonly bytes: number
}

/**
 * Loads the file at `path`. Throws RdbCorrupt, RdbUnsupported (a newer version, more databases or more data than fit) with the
 * path in their message, or what the file system says; part of the keys are there then.
 */
export function* loadRdb(keys: Keyspace, path: string): Load<RdbLoaded> {
  const input = new RdbFileInput(path)
  try {
    return yield* within(new LoadingState(keys), new RdbLoader(keys, input).run())
  } catch (error) {
    if (error instanceof RdbCorrupt)
      throw new RdbCorrupt(`${path} is damaged before byte ${input.offset}: ${error.message}`)
    if (error instanceof RdbUnsupported) throw new RdbUnsupported(`${path} cannot be loaded: ${error.message}`)
    if (error instanceof CommandError) {
      throw new RdbUnsupported(`${path} cannot be loaded: its data are more than the memory set aside (maxmemory)`)
    }
    throw error
  } finally {
    input.close()
  }
}

class RdbLoader {
  private readonly keys: Keyspace
  private readonly input: RdbFileInput
  private readonly values = new RdbValueReader()
  private readonly place: Place
  private readonly key = new RdbText()
  private readonly strings: StringBatch
  /** Of the strings in the batch: some are not spelled out in the file. */
  private readonly names = Array.from({ length: MOST_STRINGS }, () => new RdbText())
  private readonly texts = Array.from({ length: MOST_STRINGS }, () => new RdbText())
  private readonly text = new RdbText()
  private readonly skipped = new Map<string, number>()
  private isValkey9 = false
  private db = 0
  /** Of the key that follows: ms, 0 for none; -1 for not said. */
  private deadline = 0
  private idleSeconds = -1
  private hits = -1
  private loaded = 0
  private expired = 0
  private empty = 0

  constructor(keys: Keyspace, input: RdbFileInput) {
    this.keys = keys
    this.input = input
    this.place = new Place(keys.at.shard)
    this.strings = new StringBatch(keys, new Place(keys.at.shard))
    input.onRefill = () => this.strings.put()
  }

  /** Reads from the opening bytes to the checksum; what follows is left. */
  *run(): Load<RdbLoaded> {
    const { input, values } = this
    const version = this.readVersion()
    try {
      while (this.slice() === 'more') yield { loadedBytes: input.offset, totalBytes: input.size }
    } finally {
      values.drop()
    }
    if (version >= T.FIRST_SUMMED_VERSION) this.checkSum()
    const { loaded, expired, empty, skipped } = this
    return { keys: loaded, expired, empty, skipped, bytes: input.offset }
  }

  /** Reads some records, or a part of a large value. */
  private slice(): 'more' | 'end' {
    const { input, strings, values } = this
    const stop = input.offset + SLICE_BYTES
    let units = SLICE_UNITS
    values.resume()
    while (units > 0 && input.offset < stop) {
      if (values.isOpen) {
        units -= STEP_ELEMENTS
        this.goOn()
        continue
      }
      units--
      const opcode = input.byte()
      if (opcode === T.RDB_STRING) this.readString()
      else if (opcode < T.FIRST_OPCODE) this.readKey(opcode)
      else if (opcode !== T.OP_EOF) this.record(opcode)
      else {
        strings.put()
        return 'end'
      }
    }
    strings.put()
    values.pause()
    return 'more'
  }

  private readVersion(): number {
    const { input } = this
    input.need(9)
    const [, maker, digits] = /^(REDIS|VALKEY)(\d{3,4})$/.exec(toText(input.u8, input.at, input.at + 9)) ?? []
    if (digits === undefined) return corrupt('this is no RDB file')
    input.at += 9
    const version = Number(digits)
    // Valkey counts on from 80.
    const isKnown =
      maker === 'VALKEY' ? version === T.VALKEY_VERSION : version >= 1 && version <= T.RDB_VERSION_TIMED_FIELDS
    this.isValkey9 = maker === 'VALKEY'
    if (isKnown) return version
    throw new RdbUnsupported(`it is of version ${digits}, versions up to ${T.RDB_VERSION_TIMED_FIELDS} are read`)
  }

  private checkSum(): void {
    const { input } = this
    input.need(8)
    const { u8, at } = input
    // All zero: the writer was told not to sum (rdbchecksum no).
    let isSummed = false
    for (let i = 0; i < 8; i++) if (u8[at + i] !== 0) isSummed = true
    if (isSummed && !input.sum().matches(u8, at)) corrupt('the checksum is wrong')
    input.at = at + 8
  }

  private record(opcode: number): void {
    const { input, text } = this
    switch (opcode) {
      case T.OP_SELECTDB:
        this.selectDatabase(input.length())
        return
      case T.OP_EXPIRETIME:
        this.deadline = (input.int32() >>> 0) * 1000
        return
      case T.OP_EXPIRETIME_MS:
        this.deadline = input.int64()
        return
      case T.OP_FREQ:
        this.hits = input.byte()
        return
      case T.OP_IDLE:
        this.idleSeconds = input.length()
        return
      case T.OP_RESIZEDB:
        input.length()
        input.length()
        return
      case T.OP_AUX:
        input.string(text)
        input.string(text)
        return
      case T.OP_FUNCTION2:
        input.string(text)
        this.skip('a function library')
        return
      case T.OP_MODULE_AUX:
        for (let i = 0; i < 3; i++) input.length()
        skipModule(input, text)
        this.skip('data of a module')
        return
      case T.OP_SLOT_INFO:
        for (let i = 0; i < 3; i++) input.length()
        return
      default:
        corrupt(`no such kind of record: ${opcode}`)
    }
  }

  private selectDatabase(db: number): void {
    const { databases } = this.keys
    if (db >= databases) throw new RdbUnsupported(`it has keys in database ${db}, here are ${databases} databases`)
    this.strings.put()
    this.db = db
  }

  private skip(what: string): void {
    this.skipped.set(what, (this.skipped.get(what) ?? 0) + 1)
  }

  /** Reads name and value of a string, which are put when there are some of them. */
  private readString(): void {
    const { input, strings, deadline, keys } = this
    if (strings.isFull) strings.put()
    const name = this.names[strings.length] as RdbText
    const text = this.texts[strings.length] as RdbText
    input.string(name)
    input.held = name
    input.string(text)
    input.held = undefined
    if (deadline !== 0 && deadline < keys.nowMs) this.expired++
    else {
      const { buf, start, end } = text
      strings.name(this.db, name.buf, name.start, name.end)
      strings.add(
        buf,
        start,
        end,
        encodingOf(buf, start, end),
        deadline,
        this.isUseKnown ? this.usedAsSaid() : NEW_ACCESS,
      )
      this.loaded++
    }
    this.end()
  }

  private readKey(type: number): void {
    const { input, key, keys, place, values } = this
    this.strings.put()
    input.string(key)
    // The value may be longer than the piece that the key is in.
    key.detach()
    if (this.isValkey9 && type === T.RDB_HASH_TIMED_RC) {
      throw new RdbUnsupported('it has hashes with fields that expire in the way of Valkey 9')
    }
    const foreign = T.FOREIGN_TYPES[type]
    if (foreign !== undefined) {
      skipForeign(input, type, this.text)
      this.skip(foreign)
    } else {
      keys.locateShown(place, this.db, key.buf, key.start, key.end)
      values.begin(input, type, keys, place)
      this.goOn()
      return
    }
    this.end()
  }

  /** Reads some of the value of the key at hand; when it is whole it becomes the key's. */
  private goOn(): void {
    const state = this.values.step(this.input)
    if (state === 'more') return
    if (state === 'empty') this.empty++
    else this.put()
    this.end()
  }

  /** What was said of a key does not hold for the next one. */
  private end(): void {
    this.deadline = 0
    this.idleSeconds = -1
    this.hits = -1
  }

  private put(): void {
    const { keys, place, values, deadline } = this
    if (deadline !== 0 && deadline < keys.nowMs) {
      values.drop()
      this.expired++
      return
    }
    values.place(keys, place, deadline)
    this.loaded++
    if (this.isUseKnown) place.shard.arena.i32[(place.entry + 8) >> 2] = this.usedAsSaid()
  }

  /** Whether the file says how the key at hand was used. */
  private get isUseKnown(): boolean {
    return this.idleSeconds >= 0 || this.hits >= 0
  }

  /** The access word of a key that was used so. */
  private usedAsSaid(): number {
    const { keys, idleSeconds, hits } = this
    const word = keys.uses.fresh(keys.accessClock)
    const idle = idleSeconds < 0 ? word : idleFor(word, idleSeconds)
    return hits < 0 ? idle : keys.uses.withFrequency(idle, hits)
  }
}
