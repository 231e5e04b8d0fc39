// `kvns import` and `kvns export`: data of other programs into the snapshot of a server that is not running, and out of it. The
// work is done by a server that never listens.

import { existsSync, rmSync } from 'node:fs'
import { commandFormat } from '../persist/aof/command-output.ts'
import { ManifestDamaged } from '../persist/aof/manifest.ts'
import { SnapshotDamaged, SnapshotRefused } from '../persist/format.ts'
import { JsonLineWrong, saveJson } from '../persist/json-lines.ts'
import { loadKept, snapshotFile } from '../persist/kept.ts'
import { runToEnd } from '../persist/loading.ts'
import { RdbCorrupt, RdbUnsupported } from '../persist/rdb/errors.ts'
import { saveRdb } from '../persist/rdb/file-output.ts'
import { loadRdb } from '../persist/rdb/load.ts'
import { saveSync, writeSync } from '../persist/writer.ts'
import { systemClock } from '../store/clock.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { AofUnusable } from './aof-load.ts'
import type { Config } from './config/config.ts'
import type { ExportFormat } from './config/load.ts'
import { ConfigProblem } from './config/setting.ts'
import { describeLoaded, loadForeign } from './foreign.ts'
import { openLog } from './log.ts'
import { progressLine } from './progress.ts'
import { Server } from './server.ts'

/** `kvns import FILE`: adds the keys of a file to the snapshot, which need not be there. Returns the exit code. */
export function importFile(config: Config, foreign: string): number {
  return told(() => {
    const path = snapshotPath(config)
    const server = new Server(
      config,
      openLog('warn', () => 'readable', ''),
    )
    const { keys } = server
    const line = progressLine(`reading ${foreign}`)
    const loaded = runToEnd(loadForeign(server, foreign), line.show)
    line.end()
    const file = snapshotFile(path)
    if (existsSync(file) || existsSync(path)) putOnTop(keys, path, file)
    saveSync(keys, file, systemClock)
    return `imported ${describeLoaded(loaded)} from ${foreign}; ${file} has ${keys.keyCount} keys now`
  })
}

/**
 * Loads what is kept, and over it the keys that are there now. They wait in a file meanwhile: what an append-only file says may
 * only be done where nothing is yet.
 */
function putOnTop(keys: Keyspace, path: string, file: string): void {
  const aside = `${file}.import-${process.pid}`
  try {
    saveRdb(keys, aside, systemClock.nowMs(), 'off')
    keys.flushAll()
    runToEnd(loadKept(keys, path))
    runToEnd(loadRdb(keys, aside))
  } finally {
    rmSync(aside, { force: true })
  }
}

/** By format: writes all keys to a file, and returns how many. */
const WRITE: Readonly<Record<ExportFormat, (keys: Keyspace, file: string, config: Config) => number>> = {
  aof: (keys, file) => writeSync(keys, file, commandFormat()).records,
  json: (keys, file) => saveJson(keys, file),
  rdb: (keys, file, config) => saveRdb(keys, file, systemClock.nowMs(), config.rdbCompression ? 'on' : 'off'),
}

/** `kvns export FILE`: writes the keys of the snapshot to a file. Returns the exit code. */
export function exportFile(config: Config, file: string, format: ExportFormat): number {
  return told(() => {
    const path = snapshotPath(config)
    const { keys } = new Server(
      config,
      openLog('warn', () => 'readable', ''),
    )
    const { path: kept } = runToEnd(loadKept(keys, path))
    return `exported ${WRITE[format](keys, file, config)} keys from ${kept} to ${file}`
  })
}

function snapshotPath(config: Config): string {
  if (config.snapshotPath !== undefined) return config.snapshotPath
  throw new ConfigProblem('which snapshot? Name it with --persist-path, or --dir and --dbfilename')
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

const PROBLEMS = [
  AofUnusable,
  ConfigProblem,
  JsonLineWrong,
  ManifestDamaged,
  RdbCorrupt,
  RdbUnsupported,
  SnapshotDamaged,
  SnapshotRefused,
]

function isProblem(error: unknown): error is Error {
  return PROBLEMS.some(problem => error instanceof problem) || (error instanceof Error && 'code' in error)
}
