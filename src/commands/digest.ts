// Fingerprints for DEBUG DIGEST and DEBUG DIGEST-VALUE: equal for equal data, whatever form the data are kept in and in
// whatever order a table without order gives them.

import { deadlineMs, entryEncoding, entryType, isTimed, stringLength, stringStart } from '../store/entry.ts'
import type { Shard } from '../store/shard.ts'
import { KeyBatch, KeyName } from '../store/walk.ts'
import type { Value, ValueHost } from '../values/value.ts'
import { VIEWS } from '../values/views.ts'
import type { Context } from './command.ts'

export const DIGEST_BYTES = 20
const WALK_STEP = 1024

/** The engine's own: loading node:crypto would take 2 ms of every start. */
const sha1 = (): Bun.CryptoHasher => new Bun.CryptoHasher('sha1')

function mix(sum: Buffer, one: Buffer): void {
  for (let b = 0; b < DIGEST_BYTES; b++) sum[b] ^= one[b]
}

/** Elements in order are hashed one after the other; others by themselves, `width` visits each, and combined. */
function digestCollection(v: Value): Buffer {
  const sum = Buffer.alloc(DIGEST_BYTES)
  let hash = sha1()
  let visits = 0
  v.visit((buf, start, end) => {
    hash.update(`${end - start}:`).update(buf.subarray(start, end))
    if (v.order === 'given' || ++visits % v.width !== 0) return
    mix(sum, hash.digest())
    hash = sha1()
  })
  if (v.order === 'given') mix(sum, hash.digest())
  return sum
}

/** A fingerprint of what a key holds: type, elements and whether it has a deadline. */
export function digestValue(host: ValueHost, shard: Shard, e: number): Buffer {
  const a = shard.arena
  const type = entryType(a, e)
  const hash = sha1().update(Uint8Array.of(type))
  const view = VIEWS[type]
  if (view === undefined) {
    const start = stringStart(a, e)
    hash.update(a.u8.subarray(start, start + stringLength(a, e)))
  } else {
    view.aim(host, a, a.i32[e >> 2], entryEncoding(a, e))
    hash.update(digestCollection(view))
  }
  if (isTimed(a, e)) hash.update('!!expire!!')
  return hash.digest()
}

/** The fingerprints of all keys that the client sees, in all databases, combined so that their order does not matter. */
export function digestAll({ keys, walk }: Context): Buffer {
  const sum = Buffer.alloc(DIGEST_BYTES)
  const batch = new KeyBatch()
  const name = new KeyName()
  for (let db = 0; db < keys.databases; db++) {
    let cursor = 0
    do {
      batch.clear()
      cursor = walk.step(db, cursor, WALK_STEP, batch, keys.binding)
      for (let i = 0; i < batch.length; i++) {
        const shard = keys.shards[batch.shards[i]] as Shard
        const e = batch.entries[i] as number
        if (keys.binding === undefined) name.set(shard, batch.namespaces[i], e)
        else name.setLocal(shard, e)
        const hash = sha1().update(`${db}:`).update(name.buf.subarray(name.start, name.end))
        hash.update(digestValue(keys, shard, e))
        if (isTimed(shard.arena, e)) hash.update(String(deadlineMs(shard.arena, e)))
        mix(sum, hash.digest())
      }
    } while (cursor !== 0)
  }
  return sum
}
