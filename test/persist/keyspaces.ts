// What the tests of snapshots share: a keyspace to fill, and all that can be seen of one. Names and values are text with
// one character per byte.

import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { AtomicFile } from '../../src/persist/atomic-file.ts'
import { FileQueue } from '../../src/persist/file-queue.ts'
import type { SaveFormat, SaveOutput } from '../../src/persist/save-output.ts'
import { SaveWalk } from '../../src/persist/save-walk.ts'
import { snapshotFormat } from '../../src/persist/snapshot-output.ts'
import {
  deadlineMs,
  entryEncoding,
  FLAG_OUTSIDE,
  isTimed,
  keyLength,
  stringLength,
  stringStart,
} from '../../src/store/entry.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { NS_ALLOCATED, NS_LOGICAL, NS_NAME_LENGTH, NS_TIMED } from '../../src/store/shard.ts'
import { setString } from '../../src/store/strings.ts'
import { KeyBatch, KeyName, KeyWalk } from '../../src/store/walk.ts'
import { encodingOf } from '../../src/values/string.ts'

export const NOW_MS = 1_700_000_000_000

export function makeKeyspace(seed = 1, shards = 1): Keyspace {
  return new Keyspace({ databases: 16, limitBytes: 1 << 30, seed, nowMs: NOW_MS, shards })
}

export function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

export function set(keys: Keyspace, name: string, value: string, db = 0, deadline = 0): void {
  const buf = latin1(name + value)
  const { at } = keys
  keys.locateIn(at, db, buf, 0, name.length)
  setString(keys, at, buf, name.length, buf.length, encodingOf(buf, name.length, buf.length), deadline)
  keys.commit(at, 'set')
}

/** Sets the access word of a key. */
export function setAccess(keys: Keyspace, name: string, word: number, db = 0): void {
  const buf = latin1(name)
  const e = keys.locateIn(keys.at, db, buf, 0, buf.length)
  keys.at.shard.arena.i32[(e + 8) >> 2] = word
}

export function get(keys: Keyspace, name: string, db = 0): string | undefined {
  const buf = latin1(name)
  const e = keys.locateIn(keys.at, db, buf, 0, buf.length)
  if (e === 0) return undefined
  const a = keys.at.shard.arena
  const start = stringStart(a, e)
  return Buffer.from(a.u8.subarray(start, start + stringLength(a, e))).toString('latin1')
}

export interface Seen {
  readonly value: string
  readonly encoding: number
  readonly deadlineMs: number
  readonly access: number
}

/** Every live key as `db name`. Throws when a namespace's counts are not what its entries add up to. */
export function stateOf(keys: Keyspace): Map<string, Seen> {
  const state = new Map<string, Seen>()
  const walk = new KeyWalk(keys)
  const name = new KeyName()
  const sums = new Map<string, { logical: number; allocated: number; timed: number }>()
  for (let db = 0; db < keys.databases; db++) {
    let cursor = 0
    do {
      const batch = new KeyBatch()
      cursor = walk.step(db, cursor, 100, batch)
      for (let i = 0; i < batch.length; i++) {
        const shard = keys.shards[batch.shards[i] ?? 0]
        if (shard === undefined) throw new Error('a walk left the keyspace')
        const a = shard.arena
        const ns = batch.namespaces[i] ?? 0
        const e = batch.entries[i] ?? 0
        name.set(shard, ns, e)
        const start = stringStart(a, e)
        const timed = isTimed(a, e)
        const length = stringLength(a, e)
        state.set(`${db} ${Buffer.from(name.buf.subarray(name.start, name.end)).toString('latin1')}`, {
          value: Buffer.from(a.u8.subarray(start, start + length)).toString('latin1'),
          encoding: entryEncoding(a, e),
          deadlineMs: timed ? deadlineMs(a, e) : 0,
          access: a.i32[(e + 8) >> 2] ?? 0,
        })
        const sum = sums.get(`${batch.shards[i]} ${ns}`) ?? { logical: 0, allocated: 0, timed: 0 }
        sum.logical += (a.i32[(ns + NS_NAME_LENGTH) >> 2] ?? 0) + keyLength(a, e) + length
        sum.allocated += a.sizeOf(e)
        if (((a.u8[e + 7] ?? 0) & FLAG_OUTSIDE) !== 0) sum.allocated += a.sizeOf(a.i32[e >> 2] ?? 0)
        if (timed) sum.timed++
        sums.set(`${batch.shards[i]} ${ns}`, sum)
      }
    } while (cursor !== 0)
  }
  for (const [record, sum] of sums) {
    const [shard = 0, ns = 0] = record.split(' ').map(Number)
    const a = keys.shards[shard]?.arena
    const counted = {
      logical: a?.f64[(ns + NS_LOGICAL) >> 3],
      allocated: a?.f64[(ns + NS_ALLOCATED) >> 3],
      timed: a?.i32[(ns + NS_TIMED) >> 2],
    }
    if (!Bun.deepEquals(counted, sum)) throw new Error(`counted ${JSON.stringify(counted)}, are ${JSON.stringify(sum)}`)
  }
  return state
}

/** Begins a save to the file, a snapshot unless another format is given. */
export function beginSave(
  keys: Keyspace,
  file: AtomicFile,
  format: SaveFormat = snapshotFormat(keys.nowMs),
): { readonly walk: SaveWalk; readonly queue: FileQueue; readonly output: SaveOutput } {
  const queue = new FileQueue(file)
  const output = format(queue, keys)
  return { walk: new SaveWalk(keys, queue, output), queue, output }
}

/** Runs `body` in a directory of its own. */
export async function inDirectory(body: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = fs.mkdtempSync(join(tmpdir(), 'kvns-persist-'))
  try {
    await body(directory)
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
}

/** A snapshot file with these payloads in its frames, and right checksums. */
export function seal(payloads: readonly Buffer[]): Buffer {
  const opening = Buffer.from('KVNS\0\0\0\x01', 'latin1')
  const pieces: Buffer[] = [opening]
  let chain = crc32(opening)
  for (const payload of payloads) {
    const head = Buffer.alloc(12)
    head.writeUInt32BE(payload.length, 0)
    head.writeUInt32BE(crc32(payload), 4)
    chain = crc32(head.subarray(0, 8), chain)
    head.writeUInt32BE(chain, 8)
    pieces.push(head, payload)
  }
  return Buffer.concat(pieces)
}
