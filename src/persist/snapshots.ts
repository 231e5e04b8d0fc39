// The snapshot as the server knows it: loads at start, saves when asked, when time or changes say so, and at the end.
// Two rules protect the data: a save that fails leaves the old file as it was, and a file that could not be loaded is
// never written over.

import { existsSync } from 'node:fs'
import { SAVE_IN_PROGRESS } from '../resp/errors.ts'
import type { Clock } from '../store/clock.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { hasCode, removeStaleTemps, renameDurably } from './atomic-file.ts'
import { SnapshotDamaged } from './format.ts'
import { type Kept, loadKept, snapshotFile } from './kept.ts'
import { type Load, runToEnd } from './loading.ts'
import { SaveCancelled } from './save-walk.ts'
import { snapshotFormat } from './snapshot-output.ts'
import { BackgroundSave, type Saved, type SaveMode, saveSync } from './writer.ts'

/** Pause after a failed save before the next one by itself (Redis's CONFIG_BGSAVE_RETRY_DELAY). */
const RETRY_MS = 5000

/** Read anew at each use, so the server may hand in an object whose fields change with CONFIG SET. */
export interface SnapshotSettings {
  readonly path: string
  /** Whether `intervalMs` counts; save points always do. */
  readonly periodic: 'on' | 'off'
  readonly intervalMs: number
  /** Save when so many changes were made and so many seconds have passed since the last save. */
  readonly savePoints: readonly { readonly seconds: number; readonly changes: number }[]
  readonly ignoreDamaged: boolean
  readonly mode: SaveMode
  /** Whether writes are refused after a save failed. */
  readonly stopsWrites: boolean
  /** What a background save waits for each key. */
  readonly microsPerKey: number
}

type Log = (level: 'info' | 'warn', message: string) => void

export class Snapshots {
  /** Unix time in seconds of the last good save; of the start before the first one, as LASTSAVE has it. */
  lastSaveS: number
  lastStatus: 'ok' | 'err' = 'ok'
  /** Why it is 'err'; '' otherwise. */
  lastError = ''
  /** Good saves since the start, and all that were begun in the background. */
  saves = 0
  begun = 0
  /** What load() met; undefined when there was nothing to load. */
  loaded: Kept | undefined
  /** -1 before the first save. */
  lastDurationS = -1
  /** Told how long, in ns, each step of a background save held up the loop. */
  onStep: (elapsedNs: number) => void = () => undefined
  /** Changes that the running background save found. */
  dirtyAtStart = 0
  private readonly keys: Keyspace
  private readonly settings: SnapshotSettings
  private readonly clock: Clock
  private readonly log: Log
  private background: BackgroundSave | undefined
  private isScheduled = false
  private ended: Promise<void> = Promise.resolve()
  /** nowNs of the last good save (or the start), of the last attempt, of the start of the running save. */
  private savedNs: number
  private triedNs = Number.NEGATIVE_INFINITY
  /** The file that could not be loaded. */
  private refusedPath: string | undefined

  constructor(keys: Keyspace, settings: SnapshotSettings, clock: Clock, log: Log) {
    this.keys = keys
    this.settings = settings
    this.clock = clock
    this.log = log
    this.lastSaveS = Math.floor(clock.nowMs() / 1000)
    this.savedNs = clock.nowNs()
  }

  get running(): boolean {
    return this.background !== undefined
  }

  /** Keys that the running save has written, and those that it is to write; 0 when none is running. */
  get progress(): { readonly processed: number; readonly total: number } {
    const { background } = this
    return { processed: background?.processed ?? 0, total: background?.total ?? 0 }
  }

  /** Whether nothing may be written: the last background save failed, and whoever relies on snapshots should learn of it. */
  get refusesWrites(): boolean {
    const { lastStatus, settings } = this
    return (
      lastStatus === 'err' && settings.stopsWrites && (settings.periodic === 'on' || settings.savePoints.length > 0)
    )
  }

  /** Seconds that the running save has taken, -1 when none is running. */
  get currentS(): number {
    return this.background === undefined ? -1 : Math.floor((this.clock.nowNs() - this.triedNs) / 1e9)
  }

  // ---- loading ----------------------------------------------------------------------------------------------------

  /** The file that saves write. */
  private get file(): string {
    return snapshotFile(this.settings.path)
  }

  /**
   * Loads the file into the empty keyspace, at start; undefined when there is none. Throws SnapshotDamaged,
   * SnapshotRefused, as loadRdb or what the file system says: the server must not start then. A damaged snapshot is
   * renamed and passed over when the settings say so.
   */
  *load(): Load<Kept | undefined> {
    const path = this.file
    for (const name of removeStaleTemps(path)) this.log('info', `removed ${name}, left by a process that was killed`)
    this.keys.setNow(this.clock.nowMs())
    try {
      const loaded = yield* loadKept(this.keys, this.settings.path)
      this.loaded = loaded
      this.tell(loaded)
      return loaded
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      if (!(error instanceof SnapshotDamaged && this.settings.ignoreDamaged)) {
        this.refusedPath = path
        throw error
      }
      this.keys.flushAll()
      this.keys.dirty = 0
      this.log('warn', `${error.message}; it is kept as ${this.moveAside(path)}, starting empty`)
      return undefined
    }
  }

  private tell({ keys, expired, path, skipped, newer }: Kept): void {
    this.log('info', `loaded ${keys} keys (${expired} expired) from ${path}`)
    for (const [what, n] of skipped) this.log('warn', `${path}: ${n} times ${what} left out`)
    if (newer !== undefined) {
      this.log('warn', `${newer} is newer than ${path} and was not loaded; without ${path} it will be`)
    }
  }

  private moveAside(path: string): string {
    let ms = this.clock.nowMs()
    while (existsSync(`${path}.damaged-${ms}`)) ms++
    const aside = `${path}.damaged-${ms}`
    renameDurably(path, aside)
    return aside
  }

  /**
   * DEBUG RELOAD: saves (or not), forgets everything (or has it replaced by what the file has), loads. Throws as save and
   * load; the keys are gone when loading fails.
   */
  reload(mode: 'save' | 'nosave', existing: 'forgotten' | 'kept'): void {
    this.background?.cancel()
    if (mode === 'save') this.saveNow()
    if (existing === 'forgotten') this.keys.flushAll()
    this.keys.setNow(this.clock.nowMs())
    try {
      runToEnd(loadKept(this.keys, this.settings.path))
    } catch (error) {
      // Half a value may be there.
      this.keys.flushAll()
      throw error
    }
    this.keys.dirty = 0
  }

  // ---- saving -----------------------------------------------------------------------------------------------------

  /** SAVE: writes now, the loop stands still. Throws SAVE_IN_PROGRESS or what the file system says. */
  save(): void {
    if (this.background !== undefined) throw SAVE_IN_PROGRESS
    this.saveNow()
  }

  /**
   * BGSAVE. A failure is logged and shows in lastStatus. While somebody else walks the keys (a rewrite of the AOF) a save
   * that may wait is begun by a later tick.
   */
  saveInBackground(when: 'now' | 'later'): 'started' | 'scheduled' | 'running' | 'blocked' {
    if (this.background !== undefined) return 'running'
    if (this.keys.saving !== undefined) {
      if (when === 'now') return 'blocked'
      this.isScheduled = true
      return 'scheduled'
    }
    this.isScheduled = false
    const dirty = this.begin()
    try {
      this.assertWritable()
      const { keys, clock, file } = this
      const format = snapshotFormat(clock.nowMs())
      this.background = new BackgroundSave(keys, file, format, clock, ns => this.onStep(ns))
      this.background.microsPerKey = this.settings.microsPerKey
      this.begun++
      this.ended = this.follow(this.background, dirty)
    } catch (error) {
      this.fail(error)
    }
    return 'started'
  }

  /** Called about ten times a second: starts a background save when one is due. Nothing changed, nothing written. */
  tick(): void {
    if (this.keys.saving !== undefined) return
    if (this.isScheduled) this.saveInBackground('now')
    if (this.background !== undefined || this.keys.dirty === 0) return
    if (this.lastStatus === 'err' && this.clock.nowNs() - this.triedNs < RETRY_MS * 1e6) return
    if (this.isDue() && this.file !== this.refusedPath) this.saveInBackground('now')
  }

  /** The end of the server: gives up a running background save and saves, always or if something changed. Throws as save. */
  saveAtEnd(when: 'changed' | 'always'): void {
    this.background?.cancel()
    if (when === 'always' || this.keys.dirty > 0) this.saveNow()
  }

  /**
   * FLUSHALL: where save points are set the file is made empty too, as Redis does, so that a crash does not bring the keys
   * back. A failure is logged.
   */
  saveFlushed(): void {
    if (this.settings.savePoints.length === 0) return
    this.background?.cancel()
    try {
      this.saveNow()
    } catch {
      // saveNow has told of it.
    }
  }

  /** Fulfilled when no background save is running. */
  idle(): Promise<void> {
    return this.ended
  }

  private isDue(): boolean {
    const { settings } = this
    const passedMs = (this.clock.nowNs() - this.savedNs) / 1e6
    if (settings.periodic === 'on' && passedMs >= settings.intervalMs) return true
    return settings.savePoints.some(({ seconds, changes }) => {
      return this.keys.dirty >= changes && passedMs > seconds * 1000
    })
  }

  private saveNow(): void {
    const dirty = this.begin()
    this.keys.saving?.abandon()
    try {
      this.assertWritable()
      this.succeed(saveSync(this.keys, this.file, this.clock), dirty)
    } catch (error) {
      // Whoever asked is told. As in Redis only saves that nobody waits for stop writes when they fail.
      this.complain(error)
      throw error
    }
  }

  private async follow(background: BackgroundSave, dirty: number): Promise<void> {
    try {
      this.succeed(await background.run(this.settings.mode), dirty)
    } catch (error) {
      if (!(error instanceof SaveCancelled)) this.fail(error)
    } finally {
      if (this.background === background) this.background = undefined
    }
  }

  private assertWritable(): void {
    const path = this.file
    if (path === this.refusedPath) throw new Error(`${path} could not be loaded and is not written over`)
  }

  /** Returns the changes that the save which begins now finds. */
  private begin(): number {
    this.triedNs = this.clock.nowNs()
    this.dirtyAtStart = this.keys.dirty
    return this.dirtyAtStart
  }

  private succeed(saved: Saved, dirty: number): void {
    const nowNs = this.clock.nowNs()
    // What changed since the save began may be missing in the file.
    this.keys.dirty = Math.max(0, this.keys.dirty - dirty)
    this.savedNs = nowNs
    this.lastSaveS = Math.floor(this.clock.nowMs() / 1000)
    this.saves++
    this.lastStatus = 'ok'
    this.lastError = ''
    this.lastDurationS = Math.floor((nowNs - this.triedNs) / 1e9)
    this.log('info', `saved ${saved.records} keys, ${saved.bytes} bytes`)
  }

  private fail(error: unknown): void {
    this.lastStatus = 'err'
    this.lastError = this.complain(error)
  }

  /** Logs the reason and returns it. */
  private complain(error: unknown): string {
    const reason = error instanceof Error ? error.message : String(error)
    this.log('warn', `the snapshot was not saved: ${reason}`)
    return reason
  }
}
