// What commands may ask of the server around them. The server implements it; tests run commands with the real one.

import type { LatencySeries } from '../metrics/latency-events.ts'
import type { SlowLog } from '../metrics/slow-log.ts'
import type { ChannelSpaces } from '../pubsub/spaces.ts'
import type { PauseKind } from '../session/pauses.ts'
import type { Session } from '../session/session.ts'
import type { Policy } from '../store/eviction-policies.ts'
import type { Namespace } from '../store/namespace.ts'
import type { NamespaceRules } from '../store/namespace-rules.ts'
import type { Tracking } from '../tracking/tracking.ts'

/** One line of CLIENT LIST, and what CLIENT KILL filters by. */
export interface ClientView {
  readonly session: Session
  readonly flags: string
  /** `r` while it is read from, `w` while something waits to be written. */
  readonly events: string
  readonly watchedKeys: number
  /** Bytes received and not understood yet, and room behind them. */
  readonly queryBytes: number
  readonly queryFreeBytes: number
  /** Bytes of replies of this turn of the loop, which leave when it ends. */
  readonly replyBytes: number
  /** Bytes of replies that the client has not taken. */
  readonly outputBytes: number
  readonly outputChunks: number
  /** Bytes of the words of the request that is being served, or of one that has not arrived whole. */
  readonly argumentBytes: number
  /** Bytes of the buffer in which replies are put together. */
  readonly replyBufferBytes: number
  /** All memory that the client takes. */
  readonly totalBytes: number
  readonly fd: number
}

/** LATENCY HISTOGRAM of a command. */
export interface CommandHistogram {
  readonly name: string
  readonly calls: number
  /** Upper bounds in microseconds, and how many calls took no longer. */
  readonly below: readonly (readonly [micros: number, calls: number])[]
}

/** A line of MEMORY STATS: a number of bytes or things, a share of them, or what is inside. */
export type MemoryFact = readonly [
  name: string,
  fact:
    | { readonly kind: 'count' | 'share'; readonly value: number }
    | { readonly kind: 'facts'; readonly facts: readonly MemoryFact[] },
]

/** A key on its way to another server. */
export interface MigratingKey {
  /** The word of the request that it stands in. */
  readonly word: number
  readonly name: Uint8Array
  /** In ms, 0 for none. */
  readonly deadline: number
  /** As DUMP answers. */
  readonly payload: Uint8Array
}

/** What MIGRATE asks for; texts are byte strings. */
export interface MigrationOrder {
  readonly host: string
  readonly port: string
  readonly db: string
  /** How long nothing may move. */
  readonly timeoutMs: number
  /** The words of AUTH; none: nobody is to log in. */
  readonly auth: readonly Uint8Array[]
  readonly replace: boolean
  readonly keys: readonly MigratingKey[]
}

/** How it ended. */
export interface Migration {
  readonly keys: readonly MigratingKey[]
  /** Numbers of those that the target has. */
  readonly accepted: readonly number[]
  /** The first error. */
  readonly problem: string | undefined
}

export interface Services {
  readonly clients: {
    sessions(): Iterable<Session>
    /** undefined: it is gone. */
    viewOf(session: Session): ClientView | undefined
    sessionOf(id: number): Session | undefined
    /** Closes a client's connection; its own one after the reply. */
    kill(session: Session): void
    /** Sends bytes that are no reply, after what is on its way already; they are kept, not copied. */
    push(session: Session, bytes: Uint8Array): void
    /** The same for the client that is served, in the place of its reply. */
    confirm(bytes: Uint8Array): void
    /**
     * Holds the requests of all whom the client sees through the millisecond `untilMs`, or those that may change data; a
     * pause that is there already is made stricter and longer, never milder or shorter.
     */
    pause(by: Session, kind: PauseKind, untilMs: number): void
    unpause(by: Session): void
    /** Ends the wait of a blocked client as its timeout would, or with an error. False: it does not wait. */
    unblock(session: Session, how: 'timeout' | 'error'): boolean
  }
  /** Who gets a line for each command. */
  readonly monitors: {
    add(session: Session): void
    remove(session: Session): void
  }
  /** Who listens to which channel. */
  readonly channels: ChannelSpaces<Session>
  readonly tracking: Pick<Tracking, 'enable' | 'disable'>
  readonly eviction: {
    policyOf(nsHash: number): Policy
    /** Keys evicted from a namespace; undefined for one that is not counted apart. */
    countIn(namespace: Namespace): number | undefined
  }
  /** What was configured for namespaces. */
  readonly namespaces: NamespaceRules
  readonly config: {
    /** Pairs of name and value whose name matches one of the patterns. */
    get(patterns: readonly string[]): readonly (readonly [name: string, value: string])[]
    /** Sets all or nothing. Throws CommandError with Redis's text. */
    set(pairs: readonly (readonly [name: string, value: string])[], session: Session): void
    /** Writes changed settings, or all of them, into the file that the server was started with. */
    rewrite(which: 'changed' | 'all'): void
    /** Whether a `protected` command may run for this client (enable-debug-command). */
    allowsDebug(session: Session): boolean
    /** Whether the value of this setting is a secret. */
    isSecret(name: string): boolean
    readonly requirePass: string
    /** Whether the name that a client logs in with is the namespace that it is bound to. */
    readonly namespaceFromUser: boolean
    /** Version claimed to clients. */
    readonly redisVersion: string
    readonly databases: number
    /** What the access word is good for under the present policies: OBJECT IDLETIME, OBJECT FREQ, or both. */
    readonly counting: 'recency' | 'frequency' | 'both'
    /** Whether Redis would keep small integers as shared objects. */
    readonly sharesIntegers: boolean
    /** Whether DUMP packs strings (rdbcompression). */
    readonly compression: 'on' | 'off'
  }
  /** How RESTORE meets its payloads; DEBUG SET-SKIP-CHECKSUM-VALIDATION changes it. */
  readonly payloads: { checksum: 'checked' | 'skipped' }
  readonly snapshot: {
    /** Writes now, blocking. Throws CommandError when it cannot. */
    save(): void
    /** After FLUSHALL: the file is to be empty too, if save points are set. */
    saveFlushed(): void
    /** Starts a background save, or notes that it is to start later; what else is in the way says the answer. */
    saveInBackground(when: 'now' | 'later'): 'started' | 'scheduled' | 'running' | 'blocked'
    /** Whether nothing may be written because the last save failed. */
    readonly refusesWrites: boolean
    /** Unix time in seconds of the last good save. */
    readonly lastSaveS: number
    readonly running: boolean
    /** Saves to and loads from the file again, as DEBUG RELOAD does. */
    reload(mode: 'save' | 'nosave', keys: 'forgotten' | 'kept'): void
  }
  /** Reserves the arenas, at the start: nothing may be put into the keyspace before. */
  reserveArenas(): void
  /** Whether the keys are still being loaded, at the start. */
  readonly isLoading: boolean
  readonly appendOnly: {
    /** Makes the append-only file anew, now or when what stands in its way is over. Throws REWRITE_IN_PROGRESS. */
    rewrite(): 'started' | 'scheduled'
    /** Forgets all keys and reads the file again, as DEBUG LOADAOF does. */
    reload(): void
    /** Each write to it waits so long from now on, as DEBUG AOF-FLUSH-SLEEP wants it. */
    sleepBeforeWrites(seconds: number): void
    /** Why nothing can be written to it now; undefined: it can. */
    readonly problem: string | undefined
  }
  readonly migrations: {
    /** Sends keys to another server; the client's request runs again when that has ended. Throws when too much is under way. */
    start(session: Session, order: MigrationOrder): void
    /** How the client's migration has ended, once. */
    take(session: Session): Migration | undefined
    /** The client is gone. */
    cancel(session: Session): void
  }
  /** Wall clock in ms, and in microseconds for TIME. */
  nowMs(): number
  nowMicros(): number
  /** INFO's text for these sections (lower case; none: the default ones), as a client of a namespace sees it. */
  info(sections: readonly string[], namespace?: Namespace): string
  /** The namespace of this name, a byte string. */
  namespace(name: string): Namespace
  resetStatistics(): void
  readonly slowLog: Pick<SlowLog, 'newest' | 'length' | 'reset'>
  readonly latency: {
    readonly events: ReadonlyMap<string, LatencySeries>
    reset(events: readonly string[]): number
    /** Collects garbage, and notes how long that took. */
    collect(work: () => void): void
    /** Undefined for an event that has not occurred. */
    graph(event: string): string | undefined
    advice(): string
    /** Of these commands, or of all. */
    histograms(commands: readonly string[]): readonly CommandHistogram[]
  }
  readonly memory: {
    /** As a client of a namespace sees it. */
    stats(namespace?: Namespace): readonly MemoryFact[]
    advice(): string
    allocatorReport(): string
    /** Gives what is free back to the system. */
    purge(): void
  }
  /** Stops what goes on some times a second, DEBUG PAUSE-CRON. */
  pauseTick(paused: 'on' | 'off'): void
  /** A new master_replid. */
  changeReplicationId(): void
  setActiveExpire(active: 'on' | 'off'): void
  /** Starts the shutdown; throws CommandError when the final save fails and `force` was not given. */
  shutdown(options: { readonly save: 'default' | 'save' | 'nosave'; readonly force: 'force' | 'gentle' }): void
  abortShutdown(): 'aborted' | 'none'
  /** Stops the whole loop, as DEBUG SLEEP does. */
  sleep(seconds: number): void
  log(level: 'debug' | 'info' | 'warn', message: string): void
}
