// The append-only file as the server knows it: read at start, written as long as `appendonly` says so, made anew when it has
// grown.

import * as fs from 'node:fs'
import type { CommandTable } from '../commands/table.ts'
import { CommandLog } from '../persist/aof/command-log.ts'
import { commandFormat } from '../persist/aof/command-output.ts'
import type { AofPart, BaseFormat, Manifest } from '../persist/aof/manifest.ts'
import { AofWriter } from '../persist/aof/writer.ts'
import { type Load, runToEnd } from '../persist/loading.ts'
import { rdbFormat } from '../persist/rdb/file-output.ts'
import type { SaveFormat } from '../persist/save-output.ts'
import { SaveCancelled } from '../persist/save-walk.ts'
import { BackgroundSave, writeSync } from '../persist/writer.ts'
import { CommandError, REWRITE_IN_PROGRESS } from '../resp/errors.ts'
import type { Clock } from '../store/clock.ts'
import type { Expiry } from '../store/expiry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { AofFiles } from './aof-files.ts'
import { type CutOff, loadAof } from './aof-load.ts'
import type { Config } from './config/config.ts'
import { Journal } from './journal.ts'
import type { Log } from './log.ts'
import { RewriteLimit } from './rewrite-limit.ts'
import type { RunningContext } from './running-context.ts'

export interface AppendOnlyParts {
  readonly config: Config
  readonly keys: Keyspace
  readonly expiry: Expiry
  readonly table: CommandTable
  readonly context: RunningContext
  readonly clock: Clock
  readonly log: Log
  /** The turn of the loop is to end, whether there are replies or not. */
  readonly wantTurnEnd: () => void
  /** What was promised cannot be kept: the server ends. */
  readonly die: (reason: string) => void
}

export class AppendOnly {
  readonly writer: AofWriter
  isLoading = false
  /** Told how long, in ns, each step of a rewrite has held the loop up. */
  onStep: (elapsedNs: number) => void = () => undefined
  /** Good rewrites since the start. */
  rewrites = 0
  failedInARow = 0
  lastRewriteS = -1
  lastRewriteStatus: 'ok' | 'err' = 'ok'
  /** Bytes of all files when the last rewrite ended, or at the start; and of all but the one that is written. */
  baseBytes = 0
  private olderBytes = 0
  private triedNs = Number.NEGATIVE_INFINITY
  /** While `appendonly` was turned on and there is no base yet: what the manifest will be, but for that. */
  private coming: Manifest | undefined
  /** `appendonly` was turned on and could not be followed yet. */
  private isStartWanted = false
  private isScheduled = false
  private running: BackgroundSave | undefined
  private readonly limit = new RewriteLimit()
  /** Rewrites begun since the start. */
  begun = 0
  private readonly files: AofFiles
  private readonly log = new CommandLog()
  private readonly journal: Journal
  private readonly parts: AppendOnlyParts

  constructor(parts: AppendOnlyParts) {
    const { config, clock, log, table, context, keys, expiry } = parts
    this.parts = parts
    this.files = new AofFiles(config, log)
    const settings = {
      get fsync() {
        return config.appendfsync
      },
      get spareRewrites() {
        return config.noAppendfsyncOnRewrite
      },
    }
    this.writer = new AofWriter(this.log, settings, clock, (level, text) => log[level](text))
    this.writer.onHopeless = parts.die
    this.journal = new Journal(this.log, {
      table,
      context,
      keys,
      expiry,
      wake: () => this.wake(),
    })
  }

  /** CONFIG SET aof-timestamp-enabled. */
  noteTimes(): undefined {
    const { config, keys } = this.parts
    this.log.nowS = config.aofTimestampEnabled ? () => Math.floor(keys.nowMs / 1000) : undefined
  }

  private wake(): void {
    this.writer.flushPart()
    this.parts.wantTurnEnd()
  }

  get isOn(): boolean {
    return this.parts.config.appendonly
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.olderBytes + this.writer.fileBytes
  }

  /** What a base is written as that begins now. */
  private get baseFormat(): BaseFormat {
    return this.parts.config.aofUseRdbPreamble ? 'rdb' : 'aof'
  }

  private formatOf(format: BaseFormat): SaveFormat {
    const { config, clock } = this.parts
    const nowMs = clock.nowMs()
    if (format === 'aof') return commandFormat(config.aofTimestampEnabled ? Math.floor(nowMs / 1000) : undefined)
    return rdbFormat({ kind: 'base', nowMs, compression: config.rdbCompression ? 'on' : 'off' })
  }

  // ---- at start ---------------------------------------------------------------------------------------------------

  /** Reads all files; 'none' when there are none. Throws when they cannot be read: the server must not start then. */
  *load(): Load<'loaded' | 'none'> {
    const { files } = this
    files.prepare()
    const { data } = files.manifest
    const cut = yield* this.loadFrom(files.directory, data)
    if (cut !== undefined) this.cutOff(cut)
    return data.length === 0 ? 'none' : 'loaded'
  }

  /** Loads files of any directory, as loadAof does. */
  *loadFrom(directory: string, parts: readonly AofPart[]): Load<CutOff | undefined> {
    const { config, context, log } = this.parts
    this.isLoading = true
    try {
      const options = { context, takesCut: config.aofLoadTruncated, warn: (text: string) => log.warn(text) }
      return yield* loadAof(directory, parts, options)
    } finally {
      this.isLoading = false
    }
  }

  /** What a crash has left half done goes away: the next command stands behind the last whole one. */
  private cutOff({ name, path, offset }: CutOff): void {
    const { log } = this.parts
    log.warn(`!!! Warning: short read while loading the AOF file ${name}!!!`)
    log.warn(`!!! Truncating the AOF ${name} at offset ${offset} !!!`)
    fs.truncateSync(path, offset)
    log.warn(`AOF ${name} loaded anyway because aof-load-truncated is enabled`)
  }

  /** DEBUG LOADAOF: forgets everything and reads the files again. Throws as load; the keys are gone then. */
  reload(): void {
    const { keys } = this.parts
    this.writer.flush('all')
    this.files.forget()
    keys.flushAll()
    keys.setNow(this.parts.clock.nowMs())
    runToEnd(this.load())
    keys.dirty = 0
  }

  /** Begins to write, at start, behind what was loaded. Throws what the file system says. */
  open(): void {
    const { files } = this
    const { config, keys } = this.parts
    files.makeDirectory()
    let { manifest } = files
    if (manifest.data.length === 0) {
      const format = this.baseFormat
      writeSync(keys, files.nextBase(manifest, format), this.formatOf(format))
      manifest = manifest.withBase(config.appendfilename, format, 0)
    }
    const isNew = manifest.incrs.length === 0
    if (isNew) manifest = manifest.withIncr(config.appendfilename)
    const file = files.append(manifest, isNew ? 'fresh' : 'behind what is there')
    files.save(manifest)
    this.writer.turnTo(file)
    this.olderBytes = files.bytesOf(manifest) - file.bytes
    this.baseBytes = files.baseBytesOf(manifest)
    this.journal.attach()
  }

  /** The end of the server, or of `appendonly`. */
  close(): void {
    this.isStartWanted = false
    this.coming = undefined
    if (this.running !== undefined) {
      this.parts.log.info('Killing AOF child: the rewrite is given up')
      this.running.cancel()
    }
    if (this.journal.isAttached) this.journal.detach()
    this.writer.close()
  }

  // ---- turned on and off ------------------------------------------------------------------------------------------

  /** CONFIG SET appendonly. Returns what went wrong. */
  follow(): string | undefined {
    if (!this.parts.config.appendonly) {
      this.close()
      return undefined
    }
    if (this.journal.isAttached || this.isStartWanted) return undefined
    this.isStartWanted = true
    if (this.isBusy || this.start() === undefined) return undefined
    this.isStartWanted = false
    return 'Unable to turn on AOF. Check server logs.'
  }

  /** `appendonly` was turned on, and what was written since counts for nothing before the first base is there. */
  get isFirstPending(): boolean {
    return this.coming !== undefined
  }

  private get isBusy(): boolean {
    return this.isRewriting || this.parts.keys.saving !== undefined
  }

  /** Begins to write, and a base of this moment: the files count when that is done. Returns what went wrong. */
  private start(): string | undefined {
    try {
      this.files.makeDirectory()
      const coming = this.files.manifest.withIncr(this.parts.config.appendfilename)
      this.writer.turnTo(this.files.append(coming, 'fresh'))
      this.coming = coming
      this.olderBytes = 0
      this.journal.attach()
      this.isStartWanted = false
    } catch (error) {
      return this.fail(error)
    }
    return this.rewrite()
  }

  /** The first base has failed: what was written since is worth nothing, and all of it is tried again. */
  private startAgain(): void {
    const { incrs } = this.coming ?? this.files.manifest
    this.close()
    this.parts.log.info(`Removing the temp incr aof file ${incrs.at(-1)?.name} of a rewrite that failed`)
    if (incrs.length > 0) this.files.remove(incrs.at(-1) as AofPart)
    this.isStartWanted = true
  }

  // ---- made anew --------------------------------------------------------------------------------------------------

  /** About ten times a second. */
  tick(): void {
    this.writer.flush()
    if (this.isBusy || !(this.isStartWanted || this.isScheduled || this.isRewriteDue())) return
    const { clock, log } = this.parts
    if (this.limit.holds(this.failedInARow, clock.nowNs(), text => log.warn(text))) return
    if (this.isStartWanted) this.start()
    else this.rewrite()
  }

  /** A rewrite, or the first base, is to begin when what is in its way is over. */
  get isRewriteScheduled(): boolean {
    return this.isScheduled || this.isStartWanted
  }

  private isRewriteDue(): boolean {
    const { config } = this.parts
    const { autoAofRewritePercentage: percentage, autoAofRewriteMinSizeBytes: least } = config
    if (!this.journal.isAttached || percentage === 0 || this.bytes <= least) return false
    const base = Math.max(1, this.baseBytes)
    return (this.bytes * 100) / base - 100 >= percentage
  }

  /** BGREWRITEAOF: begins, or will begin when the save or the transaction that runs is over. Throws REWRITE_IN_PROGRESS. */
  rewriteOnDemand(): 'started' | 'scheduled' {
    if (this.isRewriting) throw REWRITE_IN_PROGRESS
    if (this.isBusy || this.log.isOpen) {
      this.isScheduled = true
      return 'scheduled'
    }
    const problem = this.rewrite()
    if (problem !== undefined) throw new CommandError(`ERR Can't rewrite the append only file: ${problem}`)
    return 'started'
  }

  get isRewriting(): boolean {
    return this.running !== undefined
  }

  /** Seconds that the running rewrite has taken, -1 when none is running. */
  get currentRewriteS(): number {
    return this.isRewriting ? this.sinceTriedS : -1
  }

  private get sinceTriedS(): number {
    return Math.floor((this.parts.clock.nowNs() - this.triedNs) / 1e9)
  }

  /** Begins a rewrite: the base is of this moment, and what comes from here on goes to a new file. Returns what went wrong. */
  private rewrite(): string | undefined {
    const { keys, clock, config } = this.parts
    this.isScheduled = false
    this.triedNs = clock.nowNs()
    try {
      this.files.makeDirectory()
      if (this.journal.isAttached && this.coming === undefined) this.turnOver()
      const format = this.baseFormat
      const path = this.files.nextBase(this.files.manifest, format)
      const save = new BackgroundSave(keys, path, this.formatOf(format), clock, ns => this.onStep(ns))
      save.microsPerKey = config.keySaveDelayMicros
      this.running = save
      this.begun++
      void this.finish(save, format)
      return undefined
    } catch (error) {
      return this.fail(error)
    }
  }

  private async finish(save: BackgroundSave, format: BaseFormat): Promise<void> {
    this.writer.isRewriting = true
    try {
      const { bytes } = await save.run('sliced')
      this.replaceBase(format)
      this.baseBytes = bytes
      this.rewrites++
      this.failedInARow = 0
      this.lastRewriteStatus = 'ok'
      this.lastRewriteS = this.sinceTriedS
      this.parts.log.info('Background AOF rewrite finished successfully')
    } catch (error) {
      if (error instanceof SaveCancelled) this.isScheduled = this.journal.isAttached
      else this.fail(error)
      if (this.coming !== undefined) this.startAgain()
    } finally {
      this.writer.isRewriting = false
      this.running = undefined
    }
  }

  /** The new base is there: with the file that is written it is all that counts. */
  private replaceBase(format: BaseFormat): void {
    const { config } = this.parts
    const manifest = this.coming ?? this.files.manifest
    this.coming = undefined
    const kept = this.journal.isAttached ? 1 : 0
    this.files.save(manifest.withBase(config.appendfilename, format, manifest.incrs.length - kept))
    this.olderBytes = this.files.bytesOf(this.files.manifest) - this.writer.fileBytes
    this.files.removeHistory()
  }

  private fail(error: unknown): string {
    const problem = error instanceof Error ? error.message : String(error)
    this.failedInARow++
    this.lastRewriteStatus = 'err'
    this.lastRewriteS = this.sinceTriedS
    this.parts.log.warn(`the append-only file was not rewritten: ${problem}`)
    return problem
  }

  /** What comes from here on goes to a new file. Throws what the file system says; all goes on as before then. */
  private turnOver(): void {
    this.writer.flush('all')
    if (this.log.size > 0) throw new Error(this.writer.problem ?? 'a command is running')
    const next = this.files.manifest.withIncr(this.parts.config.appendfilename)
    const file = this.files.append(next, 'fresh')
    try {
      this.files.save(next)
    } catch (error) {
      file.close()
      throw error
    }
    this.olderBytes += this.writer.fileBytes
    this.writer.turnTo(file)
  }

  /** CONFIG SET aof-disable-auto-gc. Returns what went wrong. */
  followGc(): string | undefined {
    try {
      this.files.removeHistory()
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}
