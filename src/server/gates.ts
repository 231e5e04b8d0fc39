// What a command must pass before it runs: who may use it, in which state of the connection, and whether there is memory.

import type { Args } from '../commands/args.ts'
import type { Context } from '../commands/command.ts'
import {
  FLAG_LOADING,
  FLAG_NO_AUTH,
  FLAG_NO_MULTI,
  FLAG_PROTECTED,
  FLAG_READONLY,
  FLAG_UNQUEUED,
  FLAG_WAITS_FOR_WRITE,
  FLAG_WHILE_SUBSCRIBED,
  FLAG_WRITE,
  type TableRow,
} from '../commands/table.ts'
import {
  appendFailed,
  CommandError,
  LOADING,
  MISCONF,
  MONITOR_AND_KEYS,
  NOAUTH,
  NOT_IN_TRANSACTION,
  onlyWhileSubscribed,
} from '../resp/errors.ts'
import type { Session } from '../session/session.ts'
import type { MemoryGate } from './memory-gate.ts'
import type { NamespaceGate } from './namespace-gate.ts'

const DEBUG_REFUSED = new CommandError(
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a ' +
    'local connection, otherwise you need to set this option in the configuration file, and then restart the server.',
)

/** What gates look at beside the request. */
export interface GateHost {
  readonly context: Context
  readonly namespaces: NamespaceGate
  readonly memory: MemoryGate
}

type Gate = (row: TableRow, session: Session, host: GateHost, args: Args) => void

/** Refuses by throwing, before the command has run. In Redis's order. */
export const GATES: readonly Gate[] = [
  function reserved(row, _session, { context }) {
    // Whoever waits for a server to come up sends PING first, and is to be answered at once.
    if (row.name !== 'ping') context.services.reserveArenas()
  },
  function allowedHere(row, session, { context }) {
    if ((row.flags & FLAG_PROTECTED) !== 0 && !context.services.config.allowsDebug(session)) throw DEBUG_REFUSED
  },
  function loggedIn(row, session, { context }) {
    if (session.authenticated || (row.flags & FLAG_NO_AUTH) !== 0) return
    if (context.services.config.requirePass !== '') throw NOAUTH
  },
  function allowedInTransaction(row, session) {
    if (session.transaction !== undefined && (row.flags & FLAG_NO_MULTI) !== 0) throw NOT_IN_TRANSACTION
  },
  function loaded(row, _session, { context }) {
    // Redis asks this last, but evicts nothing before that while it loads.
    if (context.services.isLoading && (row.flags & FLAG_LOADING) === 0) throw LOADING
  },
  function belowLimit(row, session, { context, memory }, args) {
    context.keys.db = session.db
    memory.check(row, args, session.transaction !== undefined && (row.flags & FLAG_UNQUEUED) === 0)
  },
  function storable(row, session, { context }) {
    // PING too, so that who looks after the server hears of it.
    const queued = row.name === 'exec' ? (session.transaction?.flags ?? 0) : 0
    if (((row.flags | queued) & FLAG_WRITE) === 0 && row.name !== 'ping') return
    const { snapshot, appendOnly } = context.services
    if (snapshot.refusesWrites) throw MISCONF
    if (appendOnly.problem !== undefined) throw appendFailed(appendOnly.problem)
  },
  function withinNamespaces(row, _session, { namespaces }, args) {
    namespaces.check(row, args)
  },
  function onlyWatching(row, session) {
    if (session.isMonitor && (row.flags & (FLAG_READONLY | FLAG_WAITS_FOR_WRITE)) !== 0) throw MONITOR_AND_KEYS
  },
  function notListening(row, session) {
    if (session.protocol === 3 || !session.isSubscribed || (row.flags & FLAG_WHILE_SUBSCRIBED) !== 0) return
    throw onlyWhileSubscribed(row.fullName)
  },
]
