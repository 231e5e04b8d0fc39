// The files of the append-only file in its directory. Which of them count is in the manifest (persist/aof/manifest.ts); a step
// that changes that is done when the manifest is on disk, and a crash between two steps leaves the files of before or of after.

import * as fs from 'node:fs'
import { join, resolve } from 'node:path'
import { AppendFile } from '../persist/aof/append-file.ts'
import {
  type AofPart,
  BASE_FORMATS,
  type BaseFormat,
  loadManifest,
  MANIFEST_SUFFIX,
  type Manifest,
} from '../persist/aof/manifest.ts'
import { removeStaleTemps } from '../persist/atomic-file.ts'
import type { Config } from './config/config.ts'
import type { Log } from './log.ts'

export class AofFiles {
  private readonly config: Config
  private readonly log: Log
  /** As it is on disk; undefined before anybody asked. */
  private known: Manifest | undefined

  constructor(config: Config, log: Log) {
    this.config = config
    this.log = log
  }

  get directory(): string {
    return resolve(this.config.dir, this.config.appenddirname)
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  private get manifestName(): string {
    return this.config.appendfilename + MANIFEST_SUFFIX
  }

  get manifest(): Manifest {
    this.known ??= loadManifest(this.directory, this.manifestName)
    return this.known
  }

  /** The manifest is read again when somebody asks. */
  forget(): void {
    this.known = undefined
  }

  save(manifest: Manifest): void {
    manifest.save(this.path(this.manifestName))
    this.known = manifest
  }

  makeDirectory(): void {
    fs.mkdirSync(this.directory, { recursive: true })
  }

  /** Where the base goes that replaces the one of `manifest`. */
  nextBase(manifest: Manifest, format: BaseFormat): string {
    return this.path((manifest.withBase(this.config.appendfilename, format, 0).base as AofPart).name)
  }

  /** Of all files that hold data. */
  bytesOf(manifest: Manifest): number {
    return manifest.data.reduce((sum, { name }) => sum + fs.statSync(this.path(name)).size, 0)
  }

  baseBytesOf({ base }: Manifest): number {
    return base === undefined ? 0 : fs.statSync(this.path(base.name)).size
  }

  /** Opens the last incremental file of `manifest`. */
  append(manifest: Manifest, start: 'fresh' | 'behind what is there'): AppendFile {
    return new AppendFile(this.path((manifest.incrs.at(-1) as AofPart).name), start)
  }

  /** What a process that was killed has left goes, and a file of the time before manifests (Redis 6) becomes the base. */
  prepare(): void {
    this.adoptOldFile()
    for (const format of BASE_FORMATS) removeStaleTemps(this.nextBase(this.manifest, format))
  }

  private adoptOldFile(): void {
    const { config, log } = this
    const old = resolve(config.dir, config.appendfilename)
    const { data } = this.manifest
    // A crash may have come between the manifest and the move.
    const isHalfDone =
      data.length === 1 && data[0]?.name === config.appendfilename && !fs.existsSync(this.path(config.appendfilename))
    if ((data.length > 0 && !isHalfDone) || !fs.existsSync(old) || !fs.statSync(old).isFile()) return
    this.makeDirectory()
    if (!isHalfDone) this.save(this.manifest.withOldFile(config.appendfilename))
    fs.renameSync(old, this.path(config.appendfilename))
    log.info(
      `Successfully migrated an old-style AOF file (${config.appendfilename}) into the AOF directory (${config.appenddirname}).`,
    )
  }

  remove({ name }: AofPart): void {
    fs.rmSync(this.path(name), { force: true })
  }

  /** Files that have been replaced go, unless the settings keep them. Throws what the file system says. */
  removeHistory(): void {
    if (this.config.aofDisableAutoGc || this.manifest.history.length === 0) return
    for (const part of this.manifest.history) this.remove(part)
    this.save(this.manifest.withoutHistory())
  }
}
