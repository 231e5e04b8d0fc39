// Transactions: MULTI queues what follows, EXEC runs it as one, WATCH lets it run only if nobody has changed the keys.
// The queueing itself is the dispatcher's: it happens to every command alike.

import type { Words } from '../bytes/words.ts'
import {
  DISCARD_WITHOUT_MULTI,
  EXEC_WITHOUT_MULTI,
  EXECABORT,
  NESTED_MULTI,
  WATCH_INSIDE_MULTI,
} from '../resp/errors.ts'
import { Transaction } from '../session/transaction.ts'
import type { Args } from './args.ts'
import type { Command, Context } from './command.ts'
import { LOOK_MANY } from './key-specs.ts'
import { FLAG_DENYOOM } from './table.ts'

function multi({ session, reply }: Context): void {
  if (session.transaction !== undefined) throw NESTED_MULTI
  session.transaction = new Transaction()
  reply.ok()
}

/** Ends the transaction at hand, whatever becomes of it. */
function leave({ session, watches }: Context): readonly Words[] {
  const requests = session.transaction?.requests ?? []
  session.transaction = undefined
  watches.forget(session)
  return requests
}

function exec(ctx: Context): void {
  const { session, watches, reply } = ctx
  const { transaction } = session
  if (transaction === undefined) throw EXEC_WITHOUT_MULTI
  const spoilt = watches.isSpoilt(session)
  const requests = leave(ctx)
  if (transaction.failed) throw EXECABORT
  if (spoilt) reply.nullArray()
  else ctx.runQueued(requests, (transaction.flags & FLAG_DENYOOM) !== 0)
}

function discard(ctx: Context): void {
  if (ctx.session.transaction === undefined) throw DISCARD_WITHOUT_MULTI
  leave(ctx)
  ctx.reply.ok()
}

function watch(ctx: Context, args: Args): void {
  const { session, watches, reply } = ctx
  if (session.transaction !== undefined) throw WATCH_INSIDE_MULTI
  // A transaction that is spoilt already learns nothing from more keys.
  if (!session.isSpoilt) for (let i = 1; i < args.count; i++) watches.watch(session, args, i)
  reply.ok()
}

const TRANSACTION = { effect: 'server', group: 'transactions' } as const
const QUICK = ['noscript', 'loading', 'stale', 'fast', 'allow_busy'] as const

export const transactionCommands: readonly Command[] = [
  {
    ...TRANSACTION,
    name: 'multi',
    syntax: '',
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Begins a transaction: the commands that follow are queued.',
    flags: QUICK,
    inTransaction: 'runs',
    run: multi,
  },
  {
    ...TRANSACTION,
    name: 'exec',
    syntax: '',
    since: '1.2.0',
    complexity: 'Depends on commands in the transaction',
    summary: 'Runs the queued commands, with nothing in between; nothing if a watched key has changed.',
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    inTransaction: 'runs',
    run: exec,
  },
  {
    ...TRANSACTION,
    name: 'discard',
    syntax: '',
    since: '2.0.0',
    complexity: 'O(N) for N queued commands',
    summary: 'Forgets the queued commands and the watched keys.',
    flags: QUICK,
    inTransaction: 'runs',
    run: discard,
  },
  {
    ...TRANSACTION,
    name: 'watch',
    syntax: 'key [key ...]',
    since: '2.2.0',
    complexity: 'O(1) for every key',
    summary: 'Lets the next transaction run only if these keys do not change before it.',
    flags: QUICK,
    keys: LOOK_MANY,
    inTransaction: 'runs',
    run: watch,
  },
  {
    ...TRANSACTION,
    name: 'unwatch',
    syntax: '',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Forgets all watched keys.',
    flags: QUICK,
    run: ({ session, watches, reply }: Context) => {
      watches.forget(session)
      reply.ok()
    },
  },
]
