// A file that is replaced as a whole or not at all. Its bytes go to a temp file beside it, which is put to disk, renamed
// over the old one, and the rename put to disk: whenever the machine stops, the name leads to a whole file, old or new.
// (The order of these calls: A. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.)

import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { seedFromSystem } from '../store/random.ts'

const writeAsync = promisify(fs.write)
const fdatasyncAsync = promisify(fs.fdatasync)
const fsyncAsync = promisify(fs.fsync)
const closeAsync = promisify(fs.close)

/** Path of the temp file: `<path>.tmp.<process id>.<random>`. */
const TEMP_NAME = /^\.tmp\.(\d+)\.[0-9a-f]{8}$/

export class AtomicFile {
  private readonly path: string
  private readonly temp: string
  private readonly fd: number
  private open = true

  /** Makes the temp file, and the directories above it. Throws what the file system says. */
  constructor(path: string) {
    fs.mkdirSync(dirname(path), { recursive: true })
    this.path = path
    this.temp = `${path}.tmp.${process.pid}.${(seedFromSystem() >>> 0).toString(16).padStart(8, '0')}`
    this.fd = fs.openSync(this.temp, 'wx', 0o644)
  }

  /** Writes `bytes` to where `at` says in the file. */
  writeSync(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(this.fd, bytes, done, bytes.length - done, at + done)
    }
  }

  /** `bytes` may be used again when the promise is fulfilled. */
  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await writeAsync(this.fd, bytes, done, bytes.length - done, at + done)
      done += bytesWritten
    }
  }

  /** Puts everything to disk, under the real name. */
  commitSync(): void {
    fs.fdatasyncSync(this.fd)
    this.close()
    fs.renameSync(this.temp, this.path)
    syncDirectory(dirname(this.path))
  }

  /** As commitSync, without stopping the loop; `wanted` is asked right before the rename, which is not done if it says no. */
  async commit(wanted: () => boolean): Promise<'committed' | 'unwanted'> {
    await fdatasyncAsync(this.fd)
    if (!wanted()) return 'unwanted'
    this.close()
    // A rename that frees the blocks of a large old file takes long: held open, they are freed by close, off the loop.
    const old = openIfThere(this.path)
    try {
      fs.renameSync(this.temp, this.path)
    } finally {
      if (old !== -1) await closeAsync(old)
    }
    const directory = openDirectory(dirname(this.path))
    if (directory !== -1) await fsyncAsync(directory).finally(() => fs.closeSync(directory))
    return 'committed'
  }

  /** Takes the temp file away. */
  abandon(): void {
    this.close()
    fs.rmSync(this.temp, { force: true })
  }

  private close(): void {
    if (this.open) fs.closeSync(this.fd)
    this.open = false
  }
}

/** Removes what processes that were killed while they wrote `path` left behind. Returns the names of the files. */
export function removeStaleTemps(path: string): string[] {
  const directory = dirname(path)
  if (!fs.existsSync(directory)) return []
  const removed: string[] = []
  for (const name of fs.readdirSync(directory)) {
    if (!name.startsWith(basename(path))) continue
    const owner = TEMP_NAME.exec(name.slice(basename(path).length))?.[1]
    if (owner === undefined || isAlive(Number(owner))) continue
    fs.rmSync(join(directory, name), { force: true })
    removed.push(name)
  }
  return removed
}

/** Renames a file, and puts the rename to disk. */
export function renameDurably(from: string, to: string): void {
  fs.renameSync(from, to)
  syncDirectory(dirname(to))
}

/** Our own id counts as dead: at start nothing is being written, and in a container every start has the same id. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === code
}

function openIfThere(path: string): number {
  try {
    return fs.openSync(path, 'r')
  } catch {
    return -1
  }
}

/** -1 on Windows, where a directory cannot be opened and a rename is durable without it. */
function openDirectory(path: string): number {
  return process.platform === 'win32' ? -1 : fs.openSync(path, 'r')
}

function syncDirectory(path: string): void {
  const directory = openDirectory(path)
  if (directory === -1) return
  try {
    fs.fsyncSync(directory)
  } finally {
    fs.closeSync(directory)
  }
}
