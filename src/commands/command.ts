// What a command is: one row that declares it beside the function that runs it. COMMAND, the gates, the metrics' labels,
// HELP, the README's table and the contract tests are all computed from rows (introspect.ts, table.ts).

import type { Words } from '../bytes/words.ts'
import type { CommandLog } from '../persist/aof/command-log.ts'
import type { ReplyWriter } from '../resp/writer.ts'
import type { Session } from '../session/session.ts'
import type { Waiting } from '../session/waiting.ts'
import type { Watches } from '../session/watches.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { KeyWalk } from '../store/walk.ts'
import type { Args } from './args.ts'
import type { Services } from './services.ts'

export type Effect = 'read' | 'write' | 'session' | 'server'

export type Group =
  | 'string'
  | 'bitmap'
  | 'hyperloglog'
  | 'list'
  | 'hash'
  | 'set'
  | 'sorted-set'
  | 'geo'
  | 'generic'
  | 'transactions'
  | 'pubsub'
  | 'connection'
  | 'server'

/** Redis's flag names where COMMAND INFO shows them; `write` and `readonly` follow from the effect. */
export type Flag =
  | 'denyoom'
  | 'admin'
  | 'fast'
  | 'noscript'
  | 'blocking'
  | 'pubsub'
  | 'loading'
  | 'stale'
  | 'no_auth'
  | 'no_multi'
  | 'no_async_loading'
  | 'allow_busy'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'sentinel'
  | 'protected'
  | 'no_mandatory_keys'

/**
 * Where keys stand among the words: from `at`, every `step`-th, to `last` (0: only one; -1: to the end; n: n words after
 * `at`). How `at` is meant:
 */
export interface KeySpec {
  readonly at: number
  /** Word `at` is a number, and so many keys follow on it. */
  readonly counted?: true
  /** The first key stands after this token (upper case), which is looked for from word `at` on. Without it there is none. */
  readonly after?: string
  /** No number can say it; this finds the words of the request that starts at word `from`. */
  readonly found?: (args: Args, from: number) => readonly number[]
  /** The same, where the other fields say it to clients but not exactly. */
  readonly words?: (args: Args, from: number) => readonly number[] | undefined
  readonly last: number
  readonly step: number
  /** Redis's key flags: RO, RW, OW or RM, then access, update, insert, delete. */
  readonly flags: readonly string[]
  readonly notes?: string
  /** The flags for one request, which starts at word `from`; for specs whose flags depend on options. */
  readonly flagsOf?: (args: Args, from: number) => readonly string[]
}

export interface ReadContext extends SessionContext {
  readonly keys: Pick<
    Keyspace,
    | 'at'
    | 'other'
    | 'db'
    | 'binding'
    | 'nowMs'
    | 'accessClock'
    | 'uses'
    | 'shards'
    | 'read'
    | 'peek'
    | 'peekQuietly'
    | 'peekOther'
    | 'readNamed'
    | 'resetHits'
    | 'respelled'
    | 'saveFirst'
    | 'deadline'
    | 'size'
    | 'namespaceHash'
    | 'valueAllocated'
    | 'limits'
    | 'hasher'
    | 'random'
  >
  readonly walk: KeyWalk
}

export interface WriteContext extends ReadContext {
  readonly keys: Keyspace
  /** Where a command that is `logged` by itself tells what it does; undefined while nothing is logged. */
  readonly log: CommandLog | undefined
}

export interface SessionContext {
  readonly session: Session
  readonly reply: ReplyWriter
  readonly services: Services
  readonly watches: Watches
  /**
   * Runs the requests of a transaction one after the other; replies with an array of their replies. Throws EXECABORT when
   * they need memory and there is none.
   */
  runQueued(requests: readonly Words[], needsMemory: boolean): void
  /** For commands that may wait for a key. */
  readonly waiting: Waiting
  /** proto-max-bulk-len: no string may grow beyond it, in bytes. */
  readonly maxStringBytes: number
}

export type Context = WriteContext

interface Row<E extends Effect, C> {
  /** Lower case. */
  readonly name: string
  /** Arguments after the name, in the notation of Redis's documentation: `key value [NX | XX] [GET] [EX seconds]`. Arity is computed from it. */
  readonly syntax: string
  /** Where Redis's arity is another than the syntax says; a container that has one may stand alone (COMMAND). */
  readonly arity?: number
  readonly effect: E
  readonly group: Group
  readonly since: string
  readonly complexity: string
  /** Requests of at most so many words take constant time or little more, whatever `complexity` says of longer ones. */
  readonly briefWords?: number
  readonly summary: string
  readonly flags: readonly Flag[]
  readonly keys?: readonly KeySpec[]
  /** ACL categories beyond those that follow from effect, flags and group. */
  readonly categories?: readonly string[]
  readonly tips?: readonly string[]
  /** Another name by which it goes (DELETE for DEL). */
  readonly aliases?: readonly string[]
  /** COMMAND DOCS's doc_flags beside `deprecated`. */
  readonly docFlags?: readonly 'syscmd'[]
  /** Replaced by, as COMMAND DOCS says it, since a version. */
  readonly deprecated?: { readonly since: string; readonly replacedBy: string }
  readonly history?: readonly (readonly [version: string, change: string])[]
  /** Numbers of the words that nobody else may see. */
  readonly secrets?: (args: Args, services: Services) => readonly number[]
  /** `runs`: executed at once between MULTI and EXEC instead of being queued. */
  readonly inTransaction?: 'runs'
  /** `allowed`: also for a RESP2 client that is subscribed to something. */
  readonly whileSubscribed?: 'allowed'
  /** `waits`: for the end of CLIENT PAUSE WRITE too, as if it were a write (Redis's hidden flag may_replicate). */
  readonly whilePaused?: 'waits'
  /** Rows of a container command; their names have no prefix. Such a row's own `run` is never called. */
  readonly subcommands?: readonly Command[]
  /**
   * Logs what the command has done, in place of its request, which would not do the same when the append-only file is read
   * again. Called after it ran if it changed something, `changes` times. `itself`: it tells ctx.log while it runs.
   */
  readonly logged?: 'itself' | ((log: CommandLog, ctx: WriteContext, args: Args, changes: number) => void)
  readonly run: (ctx: C, args: Args) => void
}

export type ReadCommand = Row<'read', ReadContext>
export type WriteCommand = Row<'write', WriteContext>
export type SessionCommand = Row<'session', SessionContext>
/** Commands about the server itself; they may do anything. */
export type ServerCommand = Row<'server', Context>
export type Command = ReadCommand | WriteCommand | SessionCommand | ServerCommand
