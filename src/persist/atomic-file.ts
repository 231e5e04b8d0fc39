// A file that is replaced as a whole or not at all. Its bytes go to a temp file beside it, which is put to disk, renamed
// over the old one, and the rename put to disk: whenever the machine stops, the name leads to a whole file, old or new.
// (The order of these calls: A. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.)

import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { seedFromSystem } from '../store/random.ts'

const { O_WRONLY, O_CREAT, O_NOFOLLOW = 0 } = fs.constants
const FRESH = O_WRONLY | O_CREAT | O_NOFOLLOW

/** Path of the temp file: `<path>.tmp.<process id>.<random>`. */
const TEMP_NAME = /^\.tmp\.(\d+)\.[0-9a-f]{8}$/

export class AtomicFile {
  private readonly path: string
  private readonly temp: string
  /** -1 until something is written. */
  private fd = -1
  private opening: Promise<void> | undefined

  constructor(path: string) {
    this.path = path
    this.temp = `${path}.tmp.${process.pid}.${(seedFromSystem() >>> 0).toString(16).padStart(8, '0')}`
  }

  // ---- writing: the first write makes the temp file, and the directories above it ------------------------------------

  /** Writes `bytes` to where `at` says in the file. Throws what the file system says. */
  writeSync(bytes: Uint8Array, at: number): void {
    const fd = this.openSync()
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, at + done)
    }
  }

  /** The same beside the loop. `bytes` may be used again when the promise is fulfilled. */
  async write(bytes: Uint8Array, at: number): Promise<void> {
    this.opening ??= this.fd === -1 ? this.open() : undefined
    if (this.fd === -1) await this.opening
    for (let done = 0; done < bytes.length; ) {
      const from = done
      done += await beside<number>(end => fs.write(this.fd, bytes, from, bytes.length - from, at + from, end))
    }
  }

  private openSync(): number {
    if (this.fd === -1) {
      fs.mkdirSync(dirname(this.path), { recursive: true })
      this.fd = fs.openSync(this.temp, FRESH, 0o644)
    }
    return this.fd
  }

  private async open(): Promise<void> {
    await beside(done => fs.mkdir(dirname(this.path), { recursive: true }, done))
    const fd = await beside<number>(done => fs.open(this.temp, FRESH, 0o644, done))
    // A write that could not wait may have opened it meanwhile.
    if (this.fd === -1) this.fd = fd
    else await beside(done => fs.close(fd, done))
  }

  // ---- the end ----------------------------------------------------------------------------------------------------

  /** Puts everything to disk, under the real name. */
  commitSync(): void {
    fs.fdatasyncSync(this.openSync())
    this.close()
    fs.renameSync(this.temp, this.path)
    syncDirectory(dirname(this.path))
  }

  /**
   * As commitSync, without stopping the loop: each of these calls may wait for the disk. `wanted` is asked right before the
   * rename, which is not done if it says no; who does not want the file any more after that calls withdraw().
   */
  async commit(wanted: () => boolean): Promise<'committed' | 'unwanted'> {
    await beside(done => fs.fdatasync(this.fd, done))
    // A rename that frees the blocks of a large old file takes long: held open, they are freed by close.
    const old = await beside<number>(done => fs.open(this.path, 'r', done)).catch(() => -1)
    try {
      if (!wanted()) return 'unwanted'
      await beside(done => fs.rename(this.temp, this.path, done))
    } finally {
      if (old !== -1) await beside(done => fs.close(old, done))
    }
    const { fd } = this
    this.fd = -1
    await beside(done => fs.close(fd, done))
    await syncDirectoryBeside(dirname(this.path))
    return 'committed'
  }

  get isThere(): boolean {
    return fs.existsSync(this.temp)
  }

  /** From here on the file does not replace the old one: a rename that is on its way finds nothing, or has been done. */
  withdraw(): void {
    try {
      fs.unlinkSync(this.temp)
    } catch {
      // There is none yet, or not any more; what cannot be removed is tried again at the next start (removeStaleTemps).
    }
  }

  /** Takes the temp file away. No write may be on its way. */
  abandon(): void {
    this.close()
    this.withdraw()
  }

  private close(): void {
    if (this.fd !== -1) fs.closeSync(this.fd)
    this.fd = -1
  }
}

type Done<T> = (error: Error | null, result?: T) => void

/**
 * A call that another thread does. Not promisify: what that makes of fs.write takes as long as the write itself on this thread
 * (60 us for 512 KiB, instead of 3), and its first use several milliseconds.
 */
export function beside<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error === null) resolve(result as T)
      else reject(error)
    })
  })
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

/** On Windows a directory cannot be opened, and a rename is durable without that. */
const HAS_DIRECTORIES = process.platform !== 'win32'

function syncDirectory(path: string): void {
  if (!HAS_DIRECTORIES) return
  const directory = fs.openSync(path, 'r')
  try {
    fs.fsyncSync(directory)
  } finally {
    fs.closeSync(directory)
  }
}

async function syncDirectoryBeside(path: string): Promise<void> {
  if (!HAS_DIRECTORIES) return
  const directory = await beside<number>(done => fs.open(path, 'r', done))
  await beside(done => fs.fsync(directory, done)).finally(() => beside(done => fs.close(directory, done)))
}
