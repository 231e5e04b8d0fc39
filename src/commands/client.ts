// CLIENT: the other side of each connection, named, held and let go; client-list.ts lists and closes.

import { fromText } from '../bytes/ascii.ts'
import { CommandError, SYNTAX, subcommandSyntax, TIMEOUT_NEGATIVE, TIMEOUT_NOT_AN_INTEGER } from '../resp/errors.ts'
import type { Args } from './args.ts'
import { info, kill, list } from './client-list.ts'
import { namespace } from './client-namespace.ts'
import { trackingSubcommands } from './client-tracking.ts'
import type { Command, SessionContext } from './command.ts'
import { clientName } from './connection.ts'
import { helpSubcommand } from './help.ts'

const ON = fromText('on')
const OFF = fromText('off')
const WRITE = fromText('write')
const ALL = fromText('all')
const PAUSE_MODE = new CommandError('ERR CLIENT PAUSE mode must be WRITE or ALL')
const REASON = new CommandError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
const TIMEOUT = fromText('timeout')
const ERROR = fromText('error')

function unblock(ctx: SessionContext, args: Args): void {
  if (args.count > 4) throw subcommandSyntax(args.text(1), 'client')
  const { clients } = ctx.services
  const how = args.count === 4 && args.is(3, ERROR) ? 'error' : 'timeout'
  if (how === 'timeout' && args.count === 4 && !args.is(3, TIMEOUT)) throw REASON
  const session = clients.sessionOf(args.int(2))
  const isOver = session !== undefined && ctx.session.sees(session) && clients.unblock(session, how)
  ctx.reply.int(isOver ? 1 : 0)
}

function pause(ctx: SessionContext, args: Args): void {
  if (args.count > 4) throw subcommandSyntax(args.text(1), 'client')
  const kind = args.count === 3 || args.is(3, ALL) ? 'all' : 'write'
  if (kind === 'write' && !args.is(3, WRITE)) throw PAUSE_MODE
  const ms = args.int(2, TIMEOUT_NOT_AN_INTEGER)
  if (ms < 0) throw TIMEOUT_NEGATIVE
  // Redis's 0 is no moment: it ends nothing earlier, but makes a pause that is there stricter.
  ctx.services.clients.pause(ctx.session, kind, ms === 0 ? 0 : ctx.services.nowMs() + ms)
  ctx.reply.ok()
}

function unpause(ctx: SessionContext): void {
  ctx.services.clients.unpause(ctx.session)
  ctx.reply.ok()
}

function setname(ctx: SessionContext, args: Args): void {
  ctx.session.name = clientName(args, 2)
  ctx.reply.ok()
}

function getname(ctx: SessionContext): void {
  if (ctx.session.name === '') ctx.reply.null()
  else ctx.reply.bulkText(ctx.session.name)
}

function setinfo(ctx: SessionContext, args: Args): void {
  const attribute = args.text(2).toLowerCase()
  const value = args.text(3)
  if (attribute !== 'lib-name' && attribute !== 'lib-ver') {
    throw new CommandError(`ERR Unrecognized option '${args.text(2)}'`)
  }
  if (!/^[!-~]*$/.test(value)) {
    throw new CommandError(`ERR ${attribute} cannot contain spaces, newlines or special characters.`)
  }
  if (attribute === 'lib-name') ctx.session.libName = value
  else ctx.session.libVersion = value
  ctx.reply.ok()
}

function replies(ctx: SessionContext, args: Args): void {
  const { session } = ctx
  const mode = args.text(2).toLowerCase()
  if (mode === 'on') {
    session.replies = 'on'
    ctx.reply.ok()
  } else if (mode === 'off') session.replies = 'off'
  else if (mode !== 'skip') throw SYNTAX
  else if (session.replies !== 'off') session.replies = 'skip next'
}

function onOrOff(args: Args, i: number): boolean {
  if (args.is(i, ON)) return true
  if (args.is(i, OFF)) return false
  throw SYNTAX
}

const SUB = {
  effect: 'session',
  group: 'connection',
  complexity: 'O(1)',
  flags: ['noscript', 'loading', 'stale'],
} as const
const ADMIN = {
  effect: 'session',
  group: 'connection',
  complexity: 'O(N) for N clients',
  flags: ['admin', 'noscript', 'loading', 'stale'],
} as const

const subcommands: readonly Command[] = [
  {
    ...SUB,
    name: 'id',
    syntax: '',
    since: '5.0.0',
    summary: 'Tells the number of this connection.',
    run: (ctx: SessionContext) => ctx.reply.int(ctx.session.id),
  },
  {
    ...SUB,
    name: 'info',
    syntax: '',
    since: '6.2.0',
    summary: 'Describes this connection.',
    tips: ['nondeterministic_output'],
    run: info,
  },
  {
    ...ADMIN,
    name: 'list',
    syntax: '[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID <id: client-id [client-id ...]>]',
    since: '2.4.0',
    summary: 'Describes the open connections, one a line.',
    tips: ['nondeterministic_output'],
    history: [
      ['2.8.12', 'Field `id`.'],
      ['5.0.0', 'Option `TYPE`.'],
      ['6.0.0', 'Field `user`.'],
      ['6.2.0', 'Option `ID`; fields `laddr`, `argv-mem`, `tot-mem` and `redir`.'],
      ['7.0.0', 'Fields `resp`, `multi-mem`, `rbs` and `rbp`.'],
      ['7.0.3', 'Field `ssub`.'],
    ],
    run: list,
  },
  {
    ...ADMIN,
    name: 'kill',
    arity: -3,
    syntax:
      '<filter: ip:port | <new-format: [ID client-id] | [TYPE <normal_master_slave_pubsub: NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME yes/no] | [MAXAGE maxage]> ...>',
    since: '2.4.0',
    summary: 'Closes connections by address, number, type, user or age.',
    history: [
      ['2.8.12', 'Filters by name and value.'],
      ['2.8.12', 'Filter `ID`.'],
      ['3.2.0', 'Type `master`.'],
      ['5.0.0', 'Type `replica`; `slave` still goes.'],
      ['6.2.0', 'Filter `LADDR`.'],
    ],
    run: kill,
  },
  {
    ...ADMIN,
    name: 'unblock',
    arity: -3,
    syntax: 'client-id [timeout_error: TIMEOUT | ERROR]',
    since: '5.0.0',
    complexity: 'O(N) for N clients and the keys that the one waits for',
    summary: 'Ends the wait of a blocked connection, as its timeout would or with an error.',
    run: unblock,
  },
  {
    ...ADMIN,
    effect: 'server',
    name: 'pause',
    arity: -3,
    syntax: 'timeout(integer) [mode: WRITE | ALL]',
    since: '2.9.50',
    complexity: 'O(1)',
    summary: 'Holds the requests of all clients, or only writes, for so many milliseconds.',
    history: [['6.2.0', 'Option `WRITE`.']],
    run: pause,
  },
  {
    ...ADMIN,
    effect: 'server',
    name: 'unpause',
    syntax: '',
    since: '6.2.0',
    complexity: 'O(N) for N paused clients',
    summary: 'Ends a pause.',
    run: unpause,
  },
  {
    ...SUB,
    name: 'reply',
    syntax: '<on_off_skip: ON | OFF | SKIP>',
    since: '3.2.0',
    summary: 'Turns the replies to this connection off or on, or skips one.',
    run: replies,
  },
  {
    ...SUB,
    name: 'setname',
    syntax: 'connection-name',
    since: '2.6.9',
    summary: 'Names this connection.',
    run: setname,
  },
  { ...SUB, name: 'getname', syntax: '', since: '2.6.9', summary: 'Tells the name of this connection.', run: getname },
  {
    ...SUB,
    name: 'setinfo',
    syntax: '<LIB-NAME libname | LIB-VER libver>',
    since: '7.2.0',
    summary: 'Notes name or version of the client library for CLIENT LIST.',
    run: setinfo,
  },
  {
    ...SUB,
    name: 'namespace',
    syntax: '[namespace]',
    since: '7.0.15',
    summary: 'Binds this connection to a namespace, "" unbinds it; without a name, tells which it is bound to.',
    run: namespace,
  },
  {
    ...SUB,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    name: 'no-evict',
    syntax: '<enabled: ON | OFF>',
    since: '7.0.0',
    summary: 'Keeps this connection from being closed when clients take too much memory.',
    run: (ctx: SessionContext, args: Args) => {
      ctx.session.noEvict = onOrOff(args, 2)
      ctx.reply.ok()
    },
  },
  {
    ...SUB,
    name: 'no-touch',
    syntax: '<enabled: ON | OFF>',
    since: '7.2.0',
    summary: 'Lets the commands of this connection leave access times alone.',
    run: (ctx: SessionContext, args: Args) => {
      ctx.session.noTouch = onOrOff(args, 2)
      ctx.reply.ok()
    },
  },
  ...trackingSubcommands,
]

export const clientCommands: readonly Command[] = [
  {
    name: 'client',
    syntax: '',
    effect: 'session',
    group: 'connection',
    since: '2.4.0',
    complexity: 'Depends on subcommand.',
    summary: 'Looks at and after the connections.',
    flags: [],
    subcommands: [...subcommands, helpSubcommand('client', subcommands, { since: '5.0.0' })],
    run: () => undefined,
  },
]
