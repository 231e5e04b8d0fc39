// CLIENT NAMESPACE, and logging in as a namespace: what binds a connection to one. From then on every key that it names
// lies in that namespace, without a prefix, and it sees nothing else.

import { CommandError, subcommandSyntax } from '../resp/errors.ts'
import { SLASH } from '../store/finder.ts'
import type { Args } from './args.ts'
import type { SessionContext } from './command.ts'

/** Room for any sensible name; each key's displayed name carries it. */
const MAX_NAME_BYTES = 256
const BAD_NAME = new CommandError(`ERR A namespace's name has 1 to ${MAX_NAME_BYTES} bytes and no '/'`)
const WHILE_SUBSCRIBED = new CommandError('ERR The namespace cannot be changed while the client is subscribed')
const WHILE_TRACKING = new CommandError('ERR The namespace cannot be changed while the client tracks keys')

/** Binds the connection to a namespace by its name, a byte string; '' unbinds it. Throws before any change. */
export function bindTo(ctx: SessionContext, name: string): void {
  const { session } = ctx
  if (name === (session.namespace?.name ?? '')) return
  if (session.isSubscribed) throw WHILE_SUBSCRIBED
  if (session.tracker !== undefined) throw WHILE_TRACKING
  if (name === '') {
    session.namespace = undefined
    return
  }
  if (name.length > MAX_NAME_BYTES || name.includes(String.fromCharCode(SLASH))) throw BAD_NAME
  session.namespace = ctx.services.namespace(name)
}

export function namespace(ctx: SessionContext, args: Args): void {
  if (args.count > 3) throw subcommandSyntax(args.text(1), 'client')
  if (args.count === 2) {
    const bound = ctx.session.namespace
    if (bound === undefined) ctx.reply.null()
    else ctx.reply.bulkText(bound.name)
    return
  }
  bindTo(ctx, args.text(2))
  ctx.reply.ok()
}
