// Brings what append-only files say into the keyspace, one file after the other. Only the last one may end in the middle of a
// command: that is what a crash leaves behind.

import * as fs from 'node:fs'
import { join } from 'node:path'
import { buildTable } from '../commands/all.ts'
import type { AofPart } from '../persist/aof/manifest.ts'
import { AofReader } from '../persist/aof/reader.ts'
import type { Load } from '../persist/loading.ts'
import { type Ending, Replay } from './replay.ts'
import type { RunningContext } from './running-context.ts'

/** The files are not what they should be; nothing is to begin with them. */
export class AofUnusable extends Error {}

/** Where a file ends that ends too early. */
export interface CutOff {
  readonly name: string
  readonly path: string
  readonly offset: number
}

export interface AofLoadOptions {
  readonly context: RunningContext
  /** Whether the last command may be cut off (aof-load-truncated). */
  readonly takesCut: boolean
  readonly warn: (text: string) => void
}

/**
 * Loads files of a directory, in this order; how far it has come is told of all of them together. Returns where the last one is
 * cut off, if it is. Throws AofUnusable, as loadRdb, or what the file system says.
 */
export function* loadAof(
  directory: string,
  parts: readonly AofPart[],
  options: AofLoadOptions,
): Load<CutOff | undefined> {
  const paths = parts.map(({ name }) => join(directory, name))
  const sizes = paths.map(path => fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0)
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0)
  let before = 0
  for (const [index, { name }] of parts.entries()) {
    yield { loadedBytes: before, totalBytes }
    const path = paths[index] as string
    const load = loadFile(path, name, options)
    let step = load.next()
    for (; step.done !== true; step = load.next()) {
      yield { loadedBytes: before + step.value.loadedBytes, totalBytes }
    }
    const isLast = index === parts.length - 1
    const problem = problemOf(step.value, path, isLast, options.takesCut)
    if (problem !== undefined) throw new AofUnusable(problem)
    if (step.value.kind === 'cut') return { name, path, offset: step.value.offset }
    before += sizes[index] ?? 0
  }
  return undefined
}

function* loadFile(path: string, name: string, { context, warn }: AofLoadOptions): Load<Ending> {
  if (!fs.existsSync(path)) {
    throw new AofUnusable(`The append log file ${path} doesn't exist: No such file or directory`)
  }
  const reader = new AofReader(path)
  try {
    const replay = new Replay(buildTable(), context)
    const ending = yield* replay.run(reader, path)
    if (replay.failed > 0) warn(`${replay.failed} commands of ${name} failed, the first with: ${replay.firstError}`)
    return ending
  } finally {
    reader.close()
  }
}

function problemOf(ending: Ending, path: string, isLast: boolean, takesCut: boolean): string | undefined {
  if (ending.kind === 'whole' || (ending.kind === 'cut' && isLast && takesCut)) return undefined
  const { offset } = ending
  if (ending.kind === 'refused')
    return `the append only file ${path} cannot be loaded: ${ending.reason}, at offset ${offset}`
  if (ending.kind === 'damaged') {
    return `Bad file format reading the append only file ${path} at offset ${offset}: make a backup of your AOF file, then use redis-check-aof --fix`
  }
  if (!isLast) return `Fatal error: the truncated file is not the last file: ${path} ends after offset ${offset}`
  return `Unexpected end of file reading the append only file ${path} after offset ${offset}. You can: 1) Make a backup of your AOF file, then use redis-check-aof --fix. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.`
}
