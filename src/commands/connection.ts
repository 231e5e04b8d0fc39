// Commands about the connection itself: who it is, which protocol it speaks, which database it uses.

import { fromText } from '../bytes/ascii.ts'
import {
  AUTH_WITHOUT_PASSWORD,
  CLIENT_NAME,
  HELLO_NOAUTH,
  helloOption,
  NOPROTO,
  PROTOCOL_NOT_AN_INTEGER,
  SYNTAX,
  WRONGPASS,
  wrongArity,
} from '../resp/errors.ts'
import { PONG } from '../resp/writer.ts'
import type { Args } from './args.ts'
import { bindTo } from './client-namespace.ts'
import type { Command, SessionContext } from './command.ts'
import { databaseNumber } from './keys-basic.ts'
import { countSubscriptions } from './pubsub.ts'

const AUTH = fromText('auth')
const SETNAME = fromText('setname')
const DEFAULT_USER = 'default'

function ping(ctx: SessionContext, args: Args): void {
  if (args.count > 2) throw wrongArity('ping')
  if (ctx.session.isSubscribed && ctx.reply.protocol === 2) {
    // Between messages a plain +PONG could not be told from one.
    ctx.reply.array(2)
    ctx.reply.bulkText('pong')
    ctx.reply.bulkText(args.count === 2 ? args.text(1) : '')
    return
  }
  if (args.count === 2) ctx.reply.bulk(args.buf, args.starts[1], args.ends[1])
  else ctx.reply.encoded(PONG)
}

/** Compares every character whatever the first difference is, so that the time tells nothing. */
function sameSecret(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < b.length; i++) difference |= a.charCodeAt(i % Math.max(1, a.length)) ^ b.charCodeAt(i)
  return difference === 0
}

function authenticate(ctx: SessionContext, user: string, password: string): void {
  const { requirePass, namespaceFromUser } = ctx.services.config
  if (user !== DEFAULT_USER && !namespaceFromUser) throw WRONGPASS
  if (requirePass !== '' && !sameSecret(password, requirePass)) throw WRONGPASS
  if (namespaceFromUser) bindTo(ctx, user === DEFAULT_USER ? '' : user)
  ctx.session.authenticated = true
  ctx.session.user = user
}

function auth(ctx: SessionContext, args: Args): void {
  if (args.count > 3) throw SYNTAX
  if (args.count === 2) {
    if (ctx.services.config.requirePass === '') throw AUTH_WITHOUT_PASSWORD
    authenticate(ctx, DEFAULT_USER, args.text(1))
  } else authenticate(ctx, args.text(1), args.text(2))
  ctx.reply.ok()
}

/** The words behind the name: user and password, or more than AUTH takes, which holds a password all the same. */
function authSecrets(args: Args): readonly number[] {
  return Array.from({ length: args.count - 1 }, (_, i) => i + 1)
}

/** User and password, also in a HELLO that fails. */
function helloSecrets(args: Args): readonly number[] {
  const secrets: number[] = []
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, SETNAME)) i++
    else if (args.is(i, AUTH)) {
      for (const word of [i + 1, i + 2]) if (word < args.count) secrets.push(word)
      i += 2
    }
  }
  return secrets
}

/** The name in word `i`, printable and without spaces, as CLIENT LIST needs it. */
export function clientName(args: Args, i: number): string {
  const name = args.text(i)
  if (!/^[!-~]*$/.test(name)) throw CLIENT_NAME
  return name
}

function hello(ctx: SessionContext, args: Args): void {
  const { session, reply, services } = ctx
  const protocol = args.count > 1 ? args.int(1, PROTOCOL_NOT_AN_INTEGER) : session.protocol
  if (protocol !== 2 && protocol !== 3) throw NOPROTO
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, AUTH) && i + 2 < args.count) {
      authenticate(ctx, args.text(i + 1), args.text(i + 2))
      i += 2
    } else if (args.is(i, SETNAME) && i + 1 < args.count) session.name = clientName(args, ++i)
    else throw helloOption(args.text(i))
  }
  if (!session.authenticated) throw HELLO_NOAUTH
  session.protocol = protocol
  reply.protocol = protocol
  reply.map(7)
  reply.bulkText('server')
  reply.bulkText('redis')
  reply.bulkText('version')
  reply.bulkText(services.config.redisVersion)
  reply.bulkText('proto')
  reply.int(protocol)
  reply.bulkText('id')
  reply.int(session.id)
  reply.bulkText('mode')
  reply.bulkText('standalone')
  reply.bulkText('role')
  reply.bulkText('master')
  reply.bulkText('modules')
  reply.array(0)
}

function select(ctx: SessionContext, args: Args): void {
  ctx.session.db = databaseNumber(args, 1, ctx.services.config.databases)
  ctx.reply.ok()
}

function reset(ctx: SessionContext): void {
  ctx.watches.forget(ctx.session)
  ctx.services.tracking.disable(ctx.session)
  ctx.services.channels.forget(ctx.session, ctx.session.namespace?.name)
  countSubscriptions(ctx)
  ctx.services.monitors.remove(ctx.session)
  ctx.session.reset(ctx.services.config.requirePass === '')
  ctx.reply.protocol = 2
  ctx.reply.simple('RESET')
}

const SESSION = { effect: 'session', group: 'connection', complexity: 'O(1)' } as const

export const connectionCommands: readonly Command[] = [
  {
    ...SESSION,
    name: 'ping',
    syntax: '[message]',
    since: '1.0.0',
    summary: 'Answers PONG, or the message.',
    flags: ['fast'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    whileSubscribed: 'allowed',
    run: ping,
  },
  {
    ...SESSION,
    name: 'echo',
    syntax: 'message',
    since: '1.0.0',
    summary: 'Answers the message.',
    flags: ['loading', 'stale', 'fast'],
    run: (ctx: SessionContext, args: Args) => ctx.reply.bulk(args.buf, args.starts[1], args.ends[1]),
  },
  {
    ...SESSION,
    name: 'quit',
    syntax: '',
    arity: -1,
    since: '1.0.0',
    summary: 'Closes the connection after the replies so far.',
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    inTransaction: 'runs',
    whileSubscribed: 'allowed',
    run: (ctx: SessionContext) => {
      ctx.session.closing = true
      ctx.reply.ok()
    },
  },
  {
    ...SESSION,
    name: 'reset',
    syntax: '',
    since: '6.2.0',
    summary: 'Brings the connection back to the state of a new one.',
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    inTransaction: 'runs',
    whileSubscribed: 'allowed',
    run: reset,
  },
  {
    ...SESSION,
    name: 'hello',
    syntax: '[arguments: protover [AUTH <username password>] [SETNAME clientname]]',
    since: '6.0.0',
    summary: 'Chooses the protocol version and tells about the server; can log in and name the connection on the way.',
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    history: [['6.2.0', '`protover` may be left out.']],
    secrets: helloSecrets,
    run: hello,
  },
  {
    ...SESSION,
    name: 'auth',
    syntax: '[username] password',
    since: '1.0.0',
    summary: 'Logs the connection in.',
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    history: [['6.0.0', 'A user name before the password.']],
    secrets: authSecrets,
    run: auth,
  },
  {
    ...SESSION,
    name: 'select',
    syntax: 'index',
    since: '1.0.0',
    summary: 'Chooses the database of the connection.',
    flags: ['loading', 'stale', 'fast'],
    run: select,
  },
]
