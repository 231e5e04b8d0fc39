// When the log goes to the file and the file to disk. The log is written once for all commands of a turn of the loop, before
// their replies leave; `appendfsync` says what else happens before that:
//
//   always      one fdatasync: no reply leaves before its data is on disk. What cannot be written ends the server, since
//               its clients have been promised otherwise and nothing can be taken back.
//   everysec    a fdatasync beside the loop, once a second. A write would wait for it in the kernel, so it is put off
//               meanwhile, for two seconds at most.
//   no          the system decides.
//
// When a write fails under the last two, what is to be written is kept, and no more is taken on until it has been (`problem`).

import type { Clock } from '../../store/clock.ts'
import type { AppendFile } from './append-file.ts'
import type { CommandLog } from './command-log.ts'

export type FsyncPolicy = 'always' | 'everysec' | 'no'

/** Read anew at each use: CONFIG SET changes them. */
export interface WriterSettings {
  readonly fsync: FsyncPolicy
  /** no-appendfsync-on-rewrite: a rewrite has the disk for itself. */
  readonly spareRewrites: boolean
}

const SECOND_NS = 1e9
const MOST_POSTPONED_NS = 2 * SECOND_NS
/** More than this is not kept in memory while a fdatasync lasts. */
const MOST_POSTPONED_BYTES = 64 << 20
/** What comes to more within a turn of the loop, a long transaction say, is written in parts. */
export const PART_BYTES = 4 << 20
const TOLD_EVERY_NS = 30 * SECOND_NS

type Tell = (level: 'info' | 'warn', message: string) => void

export class AofWriter {
  /** Why the last write, or the last fdatasync, has failed; undefined: it has not. */
  problem: string | undefined
  delayedFsyncs = 0
  isRewriting = false
  /** DEBUG AOF-FLUSH-SLEEP: how long each write waits. */
  sleepMs = 0
  /** Called when the server may not go on: it has promised what it cannot keep. */
  onHopeless: (reason: string) => void = () => undefined
  /** Told of the ns that a write, or a fdatasync of `always`, has taken. */
  onTook: (event: 'aof-write' | 'aof-fsync-always', elapsedNs: number) => void = () => undefined
  private readonly log: CommandLog
  private readonly settings: WriterSettings
  private readonly clock: Clock
  private readonly tell: Tell
  private file: AppendFile | undefined
  /** Bytes of the file that are on disk for certain. */
  private syncedBytes = 0
  private syncedNs = 0
  private syncing: Promise<void> | undefined
  private postponedNs = 0
  private toldNs = Number.NEGATIVE_INFINITY

  constructor(log: CommandLog, settings: WriterSettings, clock: Clock, tell: Tell) {
    this.log = log
    this.settings = settings
    this.clock = clock
    this.tell = tell
  }

  /** Bytes that wait to be written. */
  get waitingBytes(): number {
    return this.log.size
  }

  get fileBytes(): number {
    return this.file?.bytes ?? 0
  }

  get isSyncing(): boolean {
    return this.syncing !== undefined
  }

  /** What comes from here on goes to this file. The one before is put to disk beside the loop, and closed. */
  turnTo(file: AppendFile | undefined): void {
    this.finish()
    this.file = file
    this.log.restart()
    this.problem = undefined
    this.syncedBytes = file?.bytes ?? 0
    this.syncedNs = this.clock.nowNs()
  }

  private finish(): void {
    const { file, syncing, tell } = this
    if (file === undefined) return
    const close = (): void => file.close()
    const putAway = (): Promise<void> => {
      return file
        .sync()
        .catch(error => tell('warn', `Can't fsync the old AOF file: ${String(error)}`))
        .then(close)
    }
    if (syncing === undefined) void putAway()
    else void syncing.then(putAway)
    this.syncing = undefined
  }

  /** The end of the server: all that was logged is on disk afterwards, or the log says why not. */
  close(): void {
    const { file } = this
    if (file === undefined) return
    try {
      this.write(file)
      file.syncNow()
    } catch (error) {
      this.tell('warn', `the last changes may be missing in the AOF file: ${String(error)}`)
    }
    this.file = undefined
  }

  // ---- writing ----------------------------------------------------------------------------------------------------

  /**
   * The turn ends, and its replies are about to leave; called now and then without one, too. `all`: whether a fdatasync
   * lasts or not.
   */
  flush(what: 'all' | 'what may be' = 'what may be'): void {
    const { file, log } = this
    if (file === undefined) {
      log.clear()
      return
    }
    if (log.size > 0 && log.isWhole) {
      if (what !== 'all' && this.mustWait()) return
      if (!this.tryToWrite(file)) return
    }
    if (file.bytes !== this.syncedBytes) this.syncAsWished(file)
  }

  /** A transaction that is still running has logged so much that some of it should go. */
  flushPart(): void {
    const { file, log } = this
    if (file !== undefined && log.size > PART_BYTES && log.isWhole && this.problem === undefined) this.tryToWrite(file)
  }

  private mustWait(): boolean {
    if (this.settings.fsync !== 'everysec' || this.syncing === undefined) return false
    const nowNs = this.clock.nowNs()
    if (this.postponedNs === 0) this.postponedNs = nowNs
    if (nowNs - this.postponedNs < MOST_POSTPONED_NS && this.log.size < MOST_POSTPONED_BYTES) return true
    this.delayedFsyncs++
    this.tell(
      'info',
      'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down the server.',
    )
    return false
  }

  private tryToWrite(file: AppendFile): boolean {
    try {
      this.write(file)
    } catch (error) {
      this.fail('write', error)
      return false
    }
    if (this.problem !== undefined) this.tell('warn', 'AOF write error looks solved, the server can write again.')
    this.problem = undefined
    return true
  }

  private write(file: AppendFile): void {
    const { log } = this
    this.postponedNs = 0
    const startNs = this.clock.nowNs()
    if (this.sleepMs > 0) Bun.sleepSync(this.sleepMs)
    file.write(log.buf, log.size)
    log.clear()
    this.onTook('aof-write', this.clock.nowNs() - startNs)
  }

  private fail(what: 'write' | 'fsync', error: unknown): void {
    const reason = sentenceOf(error)
    if (this.settings.fsync === 'always') {
      const kind = what === 'write' ? 'write error' : 'fsync error'
      this.onHopeless(`Can't recover from AOF ${kind} when the AOF fsync policy is 'always': ${reason}. Exiting...`)
      return
    }
    this.problem = reason
    const nowNs = this.clock.nowNs()
    if (nowNs - this.toldNs < TOLD_EVERY_NS) return
    this.toldNs = nowNs
    this.tell('warn', `Error writing to the AOF file: ${reason}`)
  }

  // ---- to disk ----------------------------------------------------------------------------------------------------

  private syncAsWished(file: AppendFile): void {
    const { settings } = this
    if (settings.spareRewrites && this.isRewriting) return
    if (settings.fsync === 'always') this.syncNow(file)
    else if (settings.fsync === 'everysec' && this.syncing === undefined) {
      if (this.clock.nowNs() - this.syncedNs >= SECOND_NS) this.syncBeside(file)
    }
  }

  private syncNow(file: AppendFile): void {
    const startNs = this.clock.nowNs()
    try {
      file.syncNow()
    } catch (error) {
      this.fail('fsync', error)
      return
    }
    this.syncedBytes = file.bytes
    this.syncedNs = this.clock.nowNs()
    this.onTook('aof-fsync-always', this.syncedNs - startNs)
  }

  private syncBeside(file: AppendFile): void {
    const { bytes } = file
    this.syncedNs = this.clock.nowNs()
    const syncing = file
      .sync()
      .then(() => {
        if (this.syncing === syncing) this.syncedBytes = bytes
      })
      .catch(error => {
        if (this.syncing === syncing) this.fail('fsync', error)
      })
      .finally(() => {
        if (this.syncing === syncing) this.syncing = undefined
      })
    this.syncing = syncing
  }
}

/** The system's sentence alone: `No space left on device`, of `ENOSPC: no space left on device, write`. */
function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const sentence = /^[A-Z0-9]+: ([^,]+)/.exec(text)?.[1] ?? text
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}
