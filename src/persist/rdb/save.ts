// Writes RDB files: version 10, which Redis 7.0 loads; version 12 where hashes have fields that expire.

import { fromText } from '../../bytes/ascii.ts'
import { Crc64 } from '../../bytes/crc.ts'
import type { Arena } from '../../memory/arena.ts'
import { deadlineMs, entryType, isTimed } from '../../store/entry.ts'
import type { Keyspace } from '../../store/keyspace.ts'
import { DB_TIMED, type Shard } from '../../store/shard.ts'
import { KeyBatch, KeyName, KeyWalk } from '../../store/walk.ts'
import { TYPE_HASH } from '../../values/types.ts'
import type { ValueHost } from '../../values/value.ts'
import { AtomicFile } from '../atomic-file.ts'
import { RdbOutput } from './output.ts'
import * as T from './types.ts'
import { rdbTypeOf, rdbVersionOf, writeValue } from './write.ts'

/** Keys met between two looks at the walk. */
const STEP_KEYS = 1024

/** An RDB file in the making; `write` takes the bytes, which are good until it returns. */
export class RdbWriter {
  private readonly out: RdbOutput
  private readonly crc = new Crc64()

  constructor(write: (bytes: Uint8Array) => void, compression: 'on' | 'off') {
    this.out = new RdbOutput((u8, end) => {
      this.crc.update(u8, 0, end)
      write(u8.subarray(0, end))
    })
    this.out.compresses = compression === 'on'
  }

  /** `facts`: names and values of the fields that tell where the file comes from. */
  begin(version: number, facts: Readonly<Record<string, string>>): void {
    const magic = fromText(`REDIS${String(version).padStart(4, '0')}`)
    this.out.bytes(magic, 0, magic.length)
    for (const [name, value] of Object.entries(facts)) {
      this.out.byte(T.OP_AUX)
      this.text(name)
      this.text(value)
    }
  }

  private text(text: string): void {
    const bytes = fromText(text)
    this.out.string(bytes, 0, bytes.length)
  }

  /** The keys that follow are of this database, which has so many, and so many with a deadline. */
  select(db: number, keys: number, timed: number): void {
    this.out.byte(T.OP_SELECTDB)
    this.out.length(db)
    this.out.byte(T.OP_RESIZEDB)
    this.out.length(keys)
    this.out.length(timed)
  }

  /** The key with entry `e` and this name; false when nothing is in it any more. */
  key(host: ValueHost, a: Arena, e: number, name: Pick<KeyName, 'buf' | 'start' | 'end'>): boolean {
    const type = rdbTypeOf(host, a, e)
    if (type < 0) return false
    const { out } = this
    if (isTimed(a, e)) {
      out.byte(T.OP_EXPIRETIME_MS)
      out.int64(deadlineMs(a, e))
    }
    out.byte(type)
    out.string(name.buf, name.start, name.end)
    writeValue(out, type, host, a, e)
    return true
  }

  end(): void {
    const { out, crc } = this
    out.byte(T.OP_EOF)
    out.flush()
    const sum = new Uint8Array(8)
    crc.write(sum, 0)
    out.bytes(sum, 0, sum.length)
    out.flush()
  }
}

/** The version that a file with all keys needs. */
export function rdbVersionFor(keys: Keyspace): number {
  let version = T.RDB_VERSION
  visitKeys(keys, 'all', (shard, _ns, e) => {
    if (entryType(shard.arena, e) === TYPE_HASH)
      version = Math.max(version, rdbVersionOf(rdbTypeOf(keys, shard.arena, e)))
  })
  return version
}

/** Writes all keys to the file at `path`, whole or not at all; returns how many. Throws what the file system says. */
export function saveRdb(keys: Keyspace, path: string, nowMs: number, compression: 'on' | 'off'): number {
  const file = new AtomicFile(path)
  try {
    let at = 0
    const writer = new RdbWriter(bytes => {
      file.writeSync(bytes, at)
      at += bytes.length
    }, compression)
    writer.begin(rdbVersionFor(keys), {
      'redis-ver': '7.0.15',
      'redis-bits': '64',
      ctime: String(Math.floor(nowMs / 1000)),
      'used-mem': String(keys.allocatedBytes()),
      'aof-base': '0',
    })
    const name = new KeyName()
    let written = 0
    for (let db = 0; db < keys.databases; db++) {
      if (keys.size(db) === 0) continue
      writer.select(db, keys.size(db), timedKeys(keys, db))
      visitKeys(keys, db, (shard, ns, e) => {
        name.set(shard, ns, e)
        if (writer.key(keys, shard.arena, e, name)) written++
      })
    }
    writer.end()
    file.commitSync()
    return written
  } catch (error) {
    file.abandon()
    throw error
  }
}

function timedKeys(keys: Keyspace, db: number): number {
  let timed = 0
  for (const shard of keys.shards) timed += shard.arena.i32[(shard.database(db) + DB_TIMED) >> 2]
  return timed
}

type VisitKey = (shard: Shard, ns: number, entry: number) => void

/** Visits the keys of a database, or of all. Nothing may change meanwhile. */
function visitKeys(keys: Keyspace, which: number | 'all', visit: VisitKey): void {
  const walk = new KeyWalk(keys)
  const batch = new KeyBatch()
  const [first, last] = which === 'all' ? [0, keys.databases - 1] : [which, which]
  for (let db = first; db <= last; db++) {
    let cursor = 0
    do {
      batch.clear()
      cursor = walk.step(db, cursor, STEP_KEYS, batch)
      for (let i = 0; i < batch.length; i++) {
        visit(keys.shards[batch.shards[i]] as Shard, batch.namespaces[i], batch.entries[i])
      }
    } while (cursor !== 0)
  }
}
