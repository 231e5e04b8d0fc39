// Which clients there are: CLIENT LIST, INFO and KILL. A client that is bound to a namespace knows of those of the same
// namespace only.

import { fromText } from '../bytes/ascii.ts'
import { CommandError, NO_SUCH_CLIENT, SYNTAX } from '../resp/errors.ts'
import type { Session } from '../session/session.ts'
import type { Args } from './args.ts'
import type { SessionContext } from './command.ts'
import type { ClientView } from './services.ts'

const TYPE = fromText('type')
const ID = fromText('id')
const INVALID_ID = new CommandError('ERR Invalid client ID')
const ID_NOT_POSITIVE = new CommandError('ERR client-id should be greater than 0')
const MAXAGE_NO_INTEGER = new CommandError('ERR maxage is not an integer or out of range')
const MAXAGE_NOT_POSITIVE = new CommandError('ERR maxage should be greater than 0')
const TYPES: readonly string[] = ['normal', 'master', 'slave', 'replica', 'pubsub']

const secondsSince = (ms: number, nowMs: number): number =>
  Math.max(0, Math.floor(nowMs / 1000) - Math.floor(ms / 1000))

/**
 * A client's line. Fields and order are Redis's; but `watch` of 7.4 stands behind those of 7.0, and not after `multi`, so
 * that nobody who knows 7.0 meets something else than before.
 */
function lineOf(view: ClientView, nowMs: number): string {
  const s = view.session
  return (
    `id=${s.id} addr=${s.address} laddr=${s.localAddress} fd=${view.fd} name=${s.name} ` +
    `age=${secondsSince(s.createdMs, nowMs)} idle=${secondsSince(s.activeMs, nowMs)} flags=${view.flags} db=${s.db} ` +
    `sub=${s.channels} psub=${s.patterns} ssub=${s.shardSubscriptions} multi=${s.transaction?.requests.length ?? -1} ` +
    `qbuf=${view.queryBytes} qbuf-free=${view.queryFreeBytes} argv-mem=${view.argumentBytes} multi-mem=${s.transaction?.bytes ?? 0} ` +
    `rbs=${view.replyBufferBytes} rbp=0 obl=${view.replyBytes} oll=${view.outputChunks} omem=${view.outputBytes} ` +
    `tot-mem=${view.totalBytes} events=${view.events} cmd=${s.lastCommand || 'NULL'} user=${s.user} ` +
    `redir=${s.tracker?.redirect ?? -1} resp=${s.protocol} watch=${view.watchedKeys} lib-name=${s.libName} lib-ver=${s.libVersion}\n`
  )
}

function typeIn(args: Args, i: number): string {
  const type = args.text(i).toLowerCase()
  if (!TYPES.includes(type)) throw new CommandError(`ERR Unknown client type '${args.text(i)}'`)
  return type
}

/** There are normal clients and subscribers; replication comes later. */
const hasType = (s: Session, type: string): boolean => type === (s.isSubscribed ? 'pubsub' : 'normal')

function writeLines({ reply, services }: SessionContext, sessions: readonly Session[]): void {
  let text = ''
  for (const session of sessions) {
    const view = services.clients.viewOf(session)
    if (view !== undefined) text += lineOf(view, services.nowMs())
  }
  reply.verbatim('txt', text)
}

const knownTo = (ctx: SessionContext): Session[] =>
  [...ctx.services.clients.sessions()].filter(other => ctx.session.sees(other))

export function list(ctx: SessionContext, args: Args): void {
  if (args.count === 2) writeLines(ctx, knownTo(ctx))
  else if (args.count === 4 && args.is(2, TYPE)) {
    const type = typeIn(args, 3)
    writeLines(
      ctx,
      knownTo(ctx).filter(s => hasType(s, type)),
    )
  } else if (args.count > 3 && args.is(2, ID)) {
    const wanted: Session[] = []
    for (let i = 3; i < args.count; i++) {
      const session = ctx.services.clients.sessionOf(args.int(i, INVALID_ID))
      if (session !== undefined && ctx.session.sees(session)) wanted.push(session)
    }
    writeLines(ctx, wanted)
  } else throw SYNTAX
}

export function info(ctx: SessionContext): void {
  writeLines(ctx, [ctx.session])
}

/** What CLIENT KILL's options ask for; each option given must hold. */
interface KillFilter {
  ids?: ReadonlySet<number>
  addr?: string
  laddr?: string
  user?: string
  type?: string
  maxAgeS?: number
  skipMe: 'yes' | 'no'
}

/** Each reads what stands behind its name, from word `i` on, and returns where it ends. */
const KILL_OPTIONS: Readonly<Record<string, (filter: KillFilter, args: Args, i: number) => number>> = {
  id(filter, args, i) {
    const ids = new Set<number>()
    let at = i
    do ids.add(args.intIn(at++, 1, Number.MAX_SAFE_INTEGER, ID_NOT_POSITIVE))
    while (at < args.count && !Number.isNaN(args.safe(at)))
    filter.ids = ids
    return at
  },
  type(filter, args, i) {
    filter.type = typeIn(args, i)
    return i + 1
  },
  addr(filter, args, i) {
    filter.addr = args.text(i)
    return i + 1
  },
  laddr(filter, args, i) {
    filter.laddr = args.text(i)
    return i + 1
  },
  user(filter, args, i) {
    filter.user = args.text(i)
    if (filter.user !== 'default') throw new CommandError(`ERR No such user '${filter.user}'`)
    return i + 1
  },
  maxage(filter, args, i) {
    filter.maxAgeS = args.int(i, MAXAGE_NO_INTEGER)
    if (filter.maxAgeS <= 0) throw MAXAGE_NOT_POSITIVE
    return i + 1
  },
  skipme(filter, args, i) {
    const skip = args.text(i).toLowerCase()
    if (skip !== 'yes' && skip !== 'no') throw SYNTAX
    filter.skipMe = skip
    return i + 1
  },
}

function killFilter(args: Args): KillFilter {
  const filter: KillFilter = { skipMe: 'yes' }
  let i = 2
  while (i < args.count) {
    const name = args.text(i).toLowerCase()
    const option = Object.hasOwn(KILL_OPTIONS, name) ? KILL_OPTIONS[name] : undefined
    if (option === undefined || i + 1 === args.count) throw SYNTAX
    i = option(filter, args, i + 1)
  }
  return filter
}

function passes(filter: KillFilter, s: Session, own: Session, nowMs: number): boolean {
  if (filter.ids !== undefined && !filter.ids.has(s.id)) return false
  if (filter.addr !== undefined && s.address !== filter.addr) return false
  if (filter.laddr !== undefined && s.localAddress !== filter.laddr) return false
  if (filter.user !== undefined && s.user !== filter.user) return false
  if (filter.type !== undefined && !hasType(s, filter.type)) return false
  if (filter.maxAgeS !== undefined && secondsSince(s.createdMs, nowMs) < filter.maxAgeS) return false
  return s !== own || filter.skipMe === 'no'
}

export function kill(ctx: SessionContext, args: Args): void {
  const { clients, nowMs } = ctx.services
  const oldForm = args.count === 3
  const filter: KillFilter = oldForm ? { addr: args.text(2), skipMe: 'no' } : killFilter(args)
  const victims = knownTo(ctx).filter(s => passes(filter, s, ctx.session, nowMs()))
  if (oldForm && victims.length === 0) throw NO_SUCH_CLIENT
  for (const session of victims) {
    if (session === ctx.session) session.closing = true
    else clients.kill(session)
  }
  if (oldForm) ctx.reply.ok()
  else ctx.reply.int(victims.length)
}
