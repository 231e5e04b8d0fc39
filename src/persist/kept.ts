// Where the keys are kept between two runs. Who starts this server in place of redis-server has an RDB file where the snapshot
// is to be. It is loaded as long as there is no snapshot, and never written over: the snapshot stands beside it from then on.

import * as fs from 'node:fs'
import type { Keyspace } from '../store/keyspace.ts'
import { loadSnapshot } from './loader.ts'
import type { Load } from './loading.ts'
import { loadRdb } from './rdb/load.ts'
import { RDB_MAGICS } from './rdb/types.ts'

const SUFFIX = '.kvns'
const MAGIC_BYTES = Math.max(...RDB_MAGICS.map(magic => magic.length))

export interface Kept {
  readonly keys: number
  readonly expired: number
  /** The file that was read. */
  readonly path: string
  /** What it has that there is no place for here, with how many of each. */
  readonly skipped: ReadonlyMap<string, number>
  /** What stands where the snapshot would be otherwise, if it is newer. */
  readonly newer: string | undefined
}

/** The file that a snapshot for `path` is written to. */
export function snapshotFile(path: string): string {
  const beside = path + SUFFIX
  return fs.existsSync(beside) || beginsAsRdb(path) ? beside : path
}

/** Loads what is kept at `path`. Throws as loadSnapshot and loadRdb, with ENOENT when there is nothing. */
export function* loadKept(keys: Keyspace, path: string): Load<Kept> {
  const file = snapshotFile(path)
  if (file !== path && !fs.existsSync(file)) {
    const { keys: count, expired, skipped } = yield* loadRdb(keys, path)
    return { keys: count, expired, path, skipped, newer: undefined }
  }
  const { keys: count, expired } = yield* loadSnapshot(keys, file)
  return { keys: count, expired, path: file, skipped: new Map(), newer: isNewer(path, file) ? path : undefined }
}

function isNewer(path: string, than: string): boolean {
  const times = [path, than].map(file => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) as [number, number]
  return times[0] > times[1]
}

/** False, too, for what cannot be read: whoever does read it says why. */
export function beginsAsRdb(path: string): boolean {
  const start = new Uint8Array(MAGIC_BYTES)
  try {
    const fd = fs.openSync(path, 'r')
    try {
      fs.readSync(fd, start, 0, MAGIC_BYTES, 0)
    } finally {
      fs.closeSync(fd)
    }
  } catch {
    return false
  }
  return RDB_MAGICS.some(magic => magic.every((byte, i) => start[i] === byte))
}
