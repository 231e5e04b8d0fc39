// Data that other programs have kept, and data for them: `kvns import`, `kvns export` and --restore-from. The first two work
// on the snapshot of a server that is not running.

import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { SnapshotDamaged, SnapshotRefused } from '../persist/format.ts'
import { JsonLineWrong, loadJson, saveJson } from '../persist/json-lines.ts'
import { loadKept, snapshotFile } from '../persist/kept.ts'
import { type Load, runToEnd } from '../persist/loading.ts'
import { RdbCorrupt, RdbUnsupported } from '../persist/rdb/errors.ts'
import { saveRdb } from '../persist/rdb/file-output.ts'
import { loadRdb, type RdbLoaded } from '../persist/rdb/load.ts'
import { saveSync } from '../persist/writer.ts'
import { systemClock } from '../store/clock.ts'
import { Keyspace } from '../store/keyspace.ts'
import { seedFromSystem } from '../store/random.ts'
import type { Config } from './config/config.ts'
import type { ExportFormat } from './config/load.ts'
import { ConfigProblem } from './config/setting.ts'
import { progressLine } from './progress.ts'

type ForeignLoaded = Pick<RdbLoaded, 'keys' | 'expired' | 'empty' | 'skipped'>

/** What is said of a file that was read: its keys, and what was left out. */
export function describeLoaded({ keys, expired, empty, skipped }: ForeignLoaded): string {
  const left = [...skipped].map(([what, n]) => `${n} times ${what}`)
  if (expired > 0) left.unshift(`${expired} expired`)
  if (empty > 0) left.unshift(`${empty} that held nothing`)
  return `${keys} keys${left.length === 0 ? '' : ` (left out: ${left.join(', ')})`}`
}

/** Loads an RDB file, or JSON lines. Throws an error of PROBLEMS. */
export function* loadForeign(keys: Keyspace, file: string): Load<ForeignLoaded> {
  if (!beginsLikeJson(file)) return yield* loadRdb(keys, file)
  return { keys: yield* loadJson(keys, file), expired: 0, empty: 0, skipped: new Map() }
}

function beginsLikeJson(file: string): boolean {
  const first = Buffer.alloc(1)
  const fd = openSync(file, 'r')
  try {
    readSync(fd, first, 0, 1, 0)
  } finally {
    closeSync(fd)
  }
  return first[0] === 0x7b
}

/** `kvns import FILE`: adds the keys of an RDB file or of JSON lines to the snapshot, which need not be there. Returns the exit code. */
export function importFile(config: Config, foreign: string): number {
  return told(() => {
    const path = snapshotPath(config)
    const keys = emptyKeyspace(config)
    if (existsSync(snapshotFile(path)) || existsSync(path)) runToEnd(loadKept(keys, path))
    const line = progressLine(`reading ${foreign}`)
    const loaded = runToEnd(loadForeign(keys, foreign), line.show)
    line.end()
    const file = snapshotFile(path)
    saveSync(keys, file, systemClock)
    return `imported ${describeLoaded(loaded)} from ${foreign}; ${file} has ${keys.keyCount} keys now`
  })
}

/** `kvns export FILE`: writes the keys of the snapshot to a file. Returns the exit code. */
export function exportFile(config: Config, file: string, format: ExportFormat): number {
  return told(() => {
    const path = snapshotPath(config)
    const keys = emptyKeyspace(config)
    runToEnd(loadKept(keys, path))
    const written =
      format === 'json'
        ? saveJson(keys, file)
        : saveRdb(keys, file, systemClock.nowMs(), config.rdbCompression ? 'on' : 'off')
    return `exported ${written} keys from ${path} to ${file}`
  })
}

function snapshotPath(config: Config): string {
  if (config.snapshotPath !== undefined) return config.snapshotPath
  throw new ConfigProblem('which snapshot? Name it with --persist-path, or --dir and --dbfilename')
}

function emptyKeyspace({ databases, memoryLimitBytes }: Config): Keyspace {
  return new Keyspace({
    databases,
    limitBytes: memoryLimitBytes,
    seed: seedFromSystem(),
    nowMs: systemClock.nowMs(),
  })
}

/** Does the work and prints what it says, or what is wrong with the files. */
function told(work: () => string): number {
  try {
    process.stdout.write(`${work()}\n`)
    return 0
  } catch (error) {
    if (!isProblem(error)) throw error
    process.stderr.write(`kvns: ${error.message}\n`)
    return 1
  }
}

const PROBLEMS = [JsonLineWrong, ConfigProblem, RdbCorrupt, RdbUnsupported, SnapshotDamaged, SnapshotRefused]

function isProblem(error: unknown): error is Error {
  return PROBLEMS.some(problem => error instanceof problem) || (error instanceof Error && 'code' in error)
}
