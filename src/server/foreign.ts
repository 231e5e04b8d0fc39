// Data that other programs have kept: RDB files, JSON lines and append-only files, told apart by how they begin.

import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type AofPart, loadManifest, MANIFEST_SUFFIX } from '../persist/aof/manifest.ts'
import { loadJson } from '../persist/json-lines.ts'
import type { Load } from '../persist/loading.ts'
import { loadRdb, type RdbLoaded } from '../persist/rdb/load.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { AofUnusable } from './aof-load.ts'
import type { AppendOnly } from './append-only.ts'

/** What commands of an append-only file need to run. */
export interface ForeignHost {
  readonly keys: Keyspace
  readonly appendOnly: AppendOnly
}

export interface ForeignLoaded extends Pick<RdbLoaded, 'keys' | 'expired' | 'empty' | 'skipped'> {
  /** Whether the last command is cut off, and was left out. */
  readonly isCut: boolean
}

/** What is said of a file that was read: its keys, and what was left out. */
export function describeLoaded({ keys, expired, empty, skipped, isCut }: ForeignLoaded): string {
  const left = [...skipped].map(([what, n]) => `${n} times ${what}`)
  if (expired > 0) left.unshift(`${expired} expired`)
  if (empty > 0) left.unshift(`${empty} that held nothing`)
  if (isCut) left.push('a last command that is cut off')
  return `${keys} keys${left.length === 0 ? '' : ` (left out: ${left.join(', ')})`}`
}

const BRACE = 0x7b
const STAR = 0x2a
const HASH = 0x23

/**
 * Loads a file, or the directory of an append-only file, into the empty keyspace. Throws as loadRdb, loadJson and loadAof, or
 * what the file system says.
 */
export function* loadForeign(host: ForeignHost, path: string): Load<ForeignLoaded> {
  if (fs.statSync(path).isDirectory()) return yield* loadManifestFiles(host, path, manifestIn(path))
  if (path.endsWith(MANIFEST_SUFFIX)) return yield* loadManifestFiles(host, dirname(path), basename(path))
  const first = byteAt(path, 0)
  if (first === BRACE) {
    return { keys: yield* loadJson(host.keys, path), expired: 0, empty: 0, skipped: new Map(), isCut: false }
  }
  if (!beginsCommands(first)) {
    const loaded = yield* loadRdb(host.keys, path)
    if (!beginsCommands(byteAt(path, loaded.bytes))) return { ...loaded, isCut: false }
  }
  // An RDB file that commands follow is read again, with them: Redis 6 made such append-only files.
  return yield* loadParts(host, dirname(path), [{ name: basename(path), seq: 1, type: 'i' }])
}

/** A command, or a note of the time. */
function beginsCommands(byte: number | undefined): boolean {
  return byte === STAR || byte === HASH
}

function manifestIn(directory: string): string {
  const names = fs.readdirSync(directory).filter(name => name.endsWith(MANIFEST_SUFFIX))
  const [name] = names
  if (name === undefined) throw new AofUnusable(`${directory} has no manifest of an append-only file`)
  if (names.length > 1) throw new AofUnusable(`${directory} has several manifests, name one: ${names.join(', ')}`)
  return name
}

function* loadManifestFiles(host: ForeignHost, directory: string, name: string): Load<ForeignLoaded> {
  const { data } = loadManifest(directory, name)
  if (data.length === 0) throw new AofUnusable(`${join(directory, name)} names no files`)
  return yield* loadParts(host, directory, data)
}

function* loadParts(
  { keys, appendOnly }: ForeignHost,
  directory: string,
  parts: readonly AofPart[],
): Load<ForeignLoaded> {
  const cut = yield* appendOnly.loadFrom(directory, parts)
  return { keys: keys.keyCount, expired: 0, empty: 0, skipped: new Map(), isCut: cut !== undefined }
}

/** undefined: the file ends before. */
function byteAt(path: string, offset: number): number | undefined {
  const byte = new Uint8Array(1)
  const fd = fs.openSync(path, 'r')
  try {
    return fs.readSync(fd, byte, 0, 1, offset) === 0 ? undefined : byte[0]
  } finally {
    fs.closeSync(fd)
  }
}
