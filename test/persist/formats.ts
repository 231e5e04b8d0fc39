// The kinds of files that a save writes, and how a test reads each of them back.

import { expect } from 'bun:test'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commandFormat } from '../../src/persist/aof/command-output.ts'
import { AtomicFile } from '../../src/persist/atomic-file.ts'
import type { FileQueue } from '../../src/persist/file-queue.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { rdbFormat } from '../../src/persist/rdb/file-output.ts'
import type { SaveFormat } from '../../src/persist/save-output.ts'
import type { SaveWalk } from '../../src/persist/save-walk.ts'
import { snapshotFormat } from '../../src/persist/snapshot-output.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import type { Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { beginSave } from './keyspaces.ts'

interface Format {
  of(nowMs: number): SaveFormat
  load(engine: Engine, path: string): void
}

const rdb = (compression: 'on' | 'off'): Format => ({
  of: nowMs => rdbFormat({ kind: 'base', nowMs, compression }),
  load: loadBase,
})

export const FORMATS = {
  snapshot: { of: snapshotFormat, load: ({ server }, path) => runToEnd(loadSnapshot(server.keys, path)) },
  commands: { of: () => commandFormat(), load: loadBase },
  rdb: rdb('off'),
  'compressed rdb': rdb('on'),
} satisfies Record<string, Format>
export const NAMES = Object.keys(FORMATS) as (keyof typeof FORMATS)[]

/** Reads the file at `path` as the base of an append-only file, in the directory that the server was given. */
function loadBase({ server }: Engine, path: string): void {
  const files = join(dirname(path), 'appendonlydir')
  mkdirSync(files, { recursive: true })
  copyFileSync(path, join(files, 'base'))
  writeFileSync(join(files, 'appendonly.aof.manifest'), 'file base seq 1 type b\n')
  server.appendOnly.reload()
}

/** Saves with `between` called before and after each step; returns the output. */
export function saveWith(
  keys: Keyspace,
  path: string,
  between: (step: number, walk: SaveWalk) => void,
  format: SaveFormat = FORMATS.snapshot.of(keys.nowMs),
): FileQueue {
  const file = new AtomicFile(path)
  const { walk, queue } = beginSave(keys, file, format)
  between(0, walk)
  for (let step = 1; walk.step(); step++) between(step, walk)
  queue.writeAll()
  if (queue.failure === undefined) file.commitSync()
  else file.abandon()
  expect(keys.saving).toBeUndefined()
  return queue
}

/** All keys of all databases as an engine's clients see them. */
export function digestOf(engine: Engine): string {
  const client = engine.connect()
  const digest = JSON.stringify(client.call('DEBUG', 'DIGEST'))
  client.leave()
  return digest
}

/** The digest of what an engine has when it has read the file, at the time `nowMs`. */
export function loadedDigest(target: Engine, path: string, nowMs: number, { load }: Format): string {
  target.server.keys.flushAll()
  target.clock.advance(nowMs - target.clock.nowMs())
  target.server.keys.setNow(nowMs)
  load(target, path)
  recount(target.server.keys)
  return digestOf(target)
}
