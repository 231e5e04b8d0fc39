// Keys as an RDB file: version 10, which Redis 7.0 loads; version 12 where hashes have fields that expire, which shows only
// while the keys are written, so the number in the first bytes is put right at the end.
//
//   'REDIS0010' | facts | records | ff | CRC64          records = fe database | fb sizes | key | key | ... | fe database | ...
//
// Nothing may stand between the parts of a value. A key that is about to change meanwhile is encoded into a piece of its own,
// which is held until the value is complete. A piece names its database, so it may go anywhere between two keys.

import { fromText } from '../../bytes/ascii.ts'
import { Crc64, crc64Moved } from '../../bytes/crc.ts'
import { deadlineMs, entryType, isTimed, stringLength } from '../../store/entry.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import { displayBytes, isShownWithNamespace } from '../../store/names.ts'
import type { Place } from '../../store/place.ts'
import { DB_TIMED } from '../../store/shard.ts'
import { TYPE_STRING } from '../../values/types.ts'
import { type FileQueue, FULL_BYTES } from '../file-queue.ts'
import { kindOf } from '../kinds.ts'
import { WHOLE_LIMIT_BYTES } from '../record-kind.ts'
import { type ChangedKey, type SaveFormat, type SaveOutput, type Standing, WRITTEN } from '../save-output.ts'
import { writeSync } from '../writer.ts'
import { RdbOutput } from './output.ts'
import * as T from './types.ts'
import { rdbTypeOf, writeValue } from './write.ts'
import { changedTypeOf, partsTypeOf, writeLength, writeMore, writePart } from './write-parts.ts'

/** A longer text is not compressed where requests wait: 0.3 ms. */
const MOST_COMPRESSED_BYTES = 64 << 10
/** A held piece is complete when it has reached this, and this is how much is held at most. */
const PIECE_BYTES = 64 << 10
const MOST_HELD_BYTES = 64 << 20

export interface RdbFileOptions {
  readonly compression: 'on' | 'off'
  /** Whether the file is the base of an append-only file. */
  readonly kind: 'export' | 'base'
  readonly nowMs: number
}

interface Piece {
  readonly bytes: Uint8Array
  /** The database that it ends with. */
  readonly db: number
}

interface DatabaseSize {
  readonly keys: number
  readonly timed: number
}

class RdbFileOutput implements SaveOutput {
  readonly order = 'down'
  private readonly keys: Keyspace
  private readonly queue: FileQueue
  private readonly options: RdbFileOptions
  private readonly crc = new Crc64()
  private readonly out: RdbOutput
  /** The first bytes of `out` are in the checksum. */
  private summed = 0
  /** The database of the last key; -1: none yet. */
  private db = -1
  /** What is held: pieces, and the one that is being filled. */
  private readonly pieces: Piece[] = []
  private readonly piece = new RdbOutput()
  private pieceDb = -1
  private heldBytes = 0
  /** As they were at the beginning; taken away when a database was told of. */
  private readonly sizes = new Map<number, DatabaseSize>()
  private version = T.RDB_VERSION

  constructor(queue: FileQueue, keys: Keyspace, options: RdbFileOptions) {
    this.queue = queue
    this.keys = keys
    this.options = options
    this.out = new RdbOutput((u8, end) => this.drain(u8, end))
    for (const out of [this.out, this.piece]) {
      out.compresses = options.compression === 'on'
      if (options.kind === 'base') out.mostCompressedBytes = MOST_COMPRESSED_BYTES
    }
    for (let db = 0; db < keys.databases; db++) {
      let timed = 0
      for (const shard of keys.shards) timed += shard.arena.i32[(shard.database(db) + DB_TIMED) >> 2]
      this.sizes.set(db, { keys: keys.size(db), timed })
    }
    this.open()
  }

  /** Where the file comes from. */
  private open(): void {
    const { out, keys, options } = this
    const magic = magicOf(this.version)
    out.bytes(magic, 0, magic.length)
    const facts = {
      'redis-ver': '7.0.15',
      'redis-bits': '64',
      ctime: String(Math.floor(options.nowMs / 1000)),
      'used-mem': String(keys.allocatedBytes()),
      'aof-base': options.kind === 'base' ? '1' : '0',
    }
    for (const [name, value] of Object.entries(facts)) {
      out.byte(T.OP_AUX)
      for (const text of [fromText(name), fromText(value)]) out.string(text, 0, text.length)
    }
  }

  get bytes(): number {
    return this.queue.bytes + this.out.at + this.heldBytes + this.piece.at
  }

  // ---- keys -------------------------------------------------------------------------------------------------------

  key(p: Place, standing: Standing): number {
    const out = standing === 'alone' ? this.out : this.piece
    const a = p.shard.arena
    const { entry: e } = p
    this.select(out, p.db, standing)
    writeDeadline(out, isTimed(a, e) ? deadlineMs(a, e) : 0)
    const whole = rdbTypeOf(this.keys, a, e)
    if (whole === T.RDB_HASH_TIMED) this.version = T.RDB_VERSION_TIMED_FIELDS
    // Hashes with timed fields always: written whole they would lack the fields whose time is over by now.
    const inParts = whole === T.RDB_HASH_TIMED || this.isLarge(p)
    const type = inParts ? partsTypeOf(this.keys, a, e) : whole
    out.byte(type)
    writeName(out, p)
    if (inParts) writeLength(out, this.keys, a, e)
    else writeValue(out, type, this.keys, a, e)
    this.settle(standing)
    return inParts ? 0 : WRITTEN
  }

  private isLarge({ shard: { arena: a }, entry: e }: Place): boolean {
    if (entryType(a, e) === TYPE_STRING) return stringLength(a, e) > this.out.mostCompressedBytes
    return kindOf(a, e).size(this.keys, a, e) > WHOLE_LIMIT_BYTES
  }

  part(p: Place, from: number, standing: Standing): number {
    const out = standing === 'alone' ? this.out : this.piece
    const next = writePart(out, this.keys, p.shard.arena, p.entry, from)
    if (standing === 'alone' || next === WRITTEN) this.settle(standing)
    return next
  }

  begin(key: ChangedKey): void {
    const { out } = this
    const { place, deadline, rest, firstFieldDeadline } = key
    this.select(out, place.db, 'alone')
    writeDeadline(out, deadline)
    if (firstFieldDeadline !== 0) this.version = T.RDB_VERSION_TIMED_FIELDS
    out.byte(changedTypeOf(key))
    writeName(out, place)
    if (firstFieldDeadline !== 0) out.int64(firstFieldDeadline)
    out.length(rest.stored)
    this.settle('alone')
  }

  more(key: ChangedKey): boolean {
    const isMore = writeMore(this.out, key)
    this.settle('alone')
    return isMore
  }

  /** The keys that follow are of this database. */
  private select(out: RdbOutput, db: number, standing: Standing): void {
    if (db === (standing === 'alone' ? this.db : this.pieceDb)) return
    if (standing === 'alone') this.db = db
    else this.pieceDb = db
    out.byte(T.OP_SELECTDB)
    out.length(db)
    const size = this.sizes.get(db)
    if (size === undefined) return
    this.sizes.delete(db)
    out.byte(T.OP_RESIZEDB)
    out.length(size.keys)
    out.length(size.timed)
  }

  /** Something was written: sums it up and hands it over, or completes the piece. */
  private settle(standing: Standing): void {
    const { out } = this
    if (standing === 'between') {
      if (this.piece.at >= PIECE_BYTES) this.cutPiece()
      return
    }
    this.sum(out.u8, out.at)
    if (out.at >= FULL_BYTES) out.flush()
  }

  // ---- what is held -----------------------------------------------------------------------------------------------

  get held(): 'nothing' | 'some' | 'too much' {
    const bytes = this.heldBytes + this.piece.at
    if (bytes > MOST_HELD_BYTES) return 'too much'
    return bytes > 0 ? 'some' : 'nothing'
  }

  private cutPiece(): void {
    const { piece } = this
    this.pieces.push({ bytes: piece.u8.slice(0, piece.at), db: this.pieceDb })
    this.heldBytes += piece.at
    piece.clear()
    this.pieceDb = -1
  }

  release(): void {
    if (this.pieces.length === 0) this.cutPiece()
    const next = this.pieces.shift()
    if (next === undefined) return
    this.out.bytes(next.bytes, 0, next.bytes.length)
    this.heldBytes -= next.bytes.length
    this.db = next.db
    this.settle('alone')
  }

  // ---- the file ---------------------------------------------------------------------------------------------------

  private sum(u8: Uint8Array, end: number): void {
    this.crc.update(u8, this.summed, end)
    this.summed = end
  }

  private drain(u8: Uint8Array, end: number): Uint8Array {
    this.sum(u8, end)
    this.summed = 0
    return this.queue.put(u8, end)
  }

  end(): void {
    const { out, crc } = this
    out.byte(T.OP_EOF)
    this.sum(out.u8, out.at)
    if (this.version !== T.RDB_VERSION) this.correct()
    out.reserve(8)
    out.at = this.summed = crc.write(out.u8, out.at)
    out.flush()
  }

  /** Puts another version in the first bytes, and what that does to the checksum of all that came behind them. */
  private correct(): void {
    const { queue, crc, out } = this
    const magic = magicOf(this.version)
    const change = new Crc64()
    change.update(
      magicOf(T.RDB_VERSION).map((byte, i) => byte ^ (magic[i] as number)),
      0,
      magic.length,
    )
    const behind = queue.bytes + out.at - magic.length
    crc.mix(crc64Moved(change, behind))
    if (queue.bytes > 0) queue.patch(magic, 0)
    else out.u8.set(magic)
  }
}

function magicOf(version: number): Uint8Array {
  return fromText(`REDIS${String(version).padStart(4, '0')}`)
}

function writeDeadline(out: RdbOutput, deadline: number): void {
  if (deadline === 0) return
  out.byte(T.OP_EXPIRETIME_MS)
  out.int64(deadline)
}

function writeName(out: RdbOutput, p: Place): void {
  const { buf, keyStart, keyEnd } = p
  if (!isShownWithNamespace(p.nsHash, buf, keyStart, keyEnd)) {
    out.string(buf, keyStart, keyEnd)
    return
  }
  const name = displayBytes(p)
  out.string(name, 0, name.length)
}

export function rdbFormat(options: RdbFileOptions): SaveFormat {
  return (queue, keys) => new RdbFileOutput(queue, keys, options)
}

/** Writes all keys to the file at `path`, whole or not at all; returns how many. Throws what the file system says. */
export function saveRdb(keys: Keyspace, path: string, nowMs: number, compression: 'on' | 'off'): number {
  return writeSync(keys, path, rdbFormat({ kind: 'export', nowMs, compression })).records
}
