// Publish and subscribe. One row of functions serves channels, patterns and shard channels: they differ in their words only.
// Every confirmation is a message of its own, so a command with three channels has three replies.

import type { Channels, Kind } from '../pubsub/channels.ts'
import { Message } from '../pubsub/message.ts'
import { subcommandSyntax } from '../resp/errors.ts'
import { ReplyWriter } from '../resp/writer.ts'
import type { Session } from '../session/session.ts'
import type { Args } from './args.ts'
import type { Command, SessionContext } from './command.ts'
import { helpSubcommand } from './help.ts'

const scratch = new ReplyWriter(4096)

interface Words {
  readonly subscribe: string
  readonly unsubscribe: string
}

const WORDS: Readonly<Record<Kind, Words>> = {
  channel: { subscribe: 'subscribe', unsubscribe: 'unsubscribe' },
  pattern: { subscribe: 'psubscribe', unsubscribe: 'punsubscribe' },
  shard: { subscribe: 'ssubscribe', unsubscribe: 'sunsubscribe' },
}

/** The channels that the client sees. */
const channelsOf = ({ session, services }: SessionContext): Channels<Session> =>
  services.channels.of(session.namespace?.name)

/** What a confirmation tells: shard channels are counted by themselves. */
function countOf({ session }: SessionContext, kind: Kind): number {
  return kind === 'shard' ? session.shardSubscriptions : session.subscriptions
}

/** Sent as a message and not as a reply: it comes whatever CLIENT REPLY says. */
function confirm(ctx: SessionContext, kind: Kind, word: string, name: string | undefined): void {
  scratch.protocol = ctx.reply.protocol
  scratch.push(3)
  scratch.bulkText(word)
  if (name === undefined) scratch.null()
  else scratch.bulkText(name)
  scratch.int(countOf(ctx, kind))
  for (const bytes of scratch.take()) ctx.services.clients.confirm(bytes)
}

/** Notes at the session how much it is subscribed to. */
export function countSubscriptions(ctx: SessionContext): void {
  const { session } = ctx
  const channels = channelsOf(ctx)
  session.channels = channels.countOf(session, 'channel')
  session.patterns = channels.countOf(session, 'pattern')
  session.shardSubscriptions = channels.countOf(session, 'shard')
}

function subscribe(kind: Kind): (ctx: SessionContext, args: Args) => void {
  return (ctx, args) => {
    for (let i = 1; i < args.count; i++) {
      const name = args.text(i)
      ctx.services.channels.open(ctx.session.namespace?.name).subscribe(ctx.session, kind, name)
      countSubscriptions(ctx)
      confirm(ctx, kind, WORDS[kind].subscribe, name)
    }
  }
}

function unsubscribe(kind: Kind): (ctx: SessionContext, args: Args) => void {
  return (ctx, args) => {
    const channels = channelsOf(ctx)
    const word = WORDS[kind].unsubscribe
    const names: string[] = []
    for (let i = 1; i < args.count; i++) names.push(args.text(i))
    if (args.count === 1) names.push(...channels.namesOf(ctx.session, kind))
    for (const name of names) {
      channels.unsubscribe(ctx.session, kind, name)
      countSubscriptions(ctx)
      confirm(ctx, kind, word, name)
    }
    if (names.length === 0) confirm(ctx, kind, word, undefined)
    ctx.services.channels.tidy(ctx.session.namespace?.name)
  }
}

function publish(kind: 'channel' | 'shard'): (ctx: SessionContext, args: Args) => void {
  return (ctx, args) => {
    const { clients } = ctx.services
    const { buf, starts, ends } = args
    let message: Message | undefined
    const receivers = channelsOf(ctx).publish(kind, buf, starts[1], ends[1], (session: Session, pattern) => {
      message ??= new Message(kind === 'shard' ? 'smessage' : 'message', buf, starts[1], ends[1], starts[2], ends[2])
      clients.push(session, message.encoded(session.protocol, pattern))
    })
    ctx.reply.int(receivers)
  }
}

function active(kind: Kind): (ctx: SessionContext, args: Args) => void {
  return (ctx, args) => {
    if (args.count > 3) throw subcommandSyntax(args.text(1), 'pubsub')
    const glob = args.count > 2 ? args.buf.slice(args.starts[2], args.ends[2]) : undefined
    const names = channelsOf(ctx).active(kind, glob)
    ctx.reply.array(names.length)
    for (const name of names) ctx.reply.bulkText(name)
  }
}

function subscribers(kind: Kind): (ctx: SessionContext, args: Args) => void {
  return (ctx, args) => {
    // An array in RESP3 too, as in Redis 7.0.
    ctx.reply.array(2 * (args.count - 2))
    for (let i = 2; i < args.count; i++) {
      const name = args.text(i)
      ctx.reply.bulkText(name)
      ctx.reply.int(channelsOf(ctx).subscribers(kind, name))
    }
  }
}

const PUBSUB = { effect: 'session', group: 'pubsub', since: '2.0.0' } as const
const SUBSCRIBE_FLAGS = ['noscript', 'loading', 'stale', 'pubsub'] as const
const SHARD_CHANNEL = [{ at: 1, last: 0, step: 1, flags: ['not_key'] }] as const
const SHARD_CHANNELS = [{ at: 1, last: -1, step: 1, flags: ['not_key'] }] as const

const pubsubSubcommands: readonly Command[] = [
  {
    ...PUBSUB,
    name: 'channels',
    syntax: '[pattern]',
    since: '2.8.0',
    complexity: 'O(N) for N channels',
    summary: 'Lists the channels with subscribers.',
    flags: ['loading', 'stale', 'pubsub'],
    run: active('channel'),
  },
  {
    ...PUBSUB,
    name: 'numpat',
    syntax: '',
    since: '2.8.0',
    complexity: 'O(1)',
    summary: 'Counts the patterns that somebody is subscribed to.',
    flags: ['loading', 'stale', 'pubsub'],
    run: (ctx: SessionContext) => ctx.reply.int(channelsOf(ctx).size('pattern')),
  },
  {
    ...PUBSUB,
    name: 'numsub',
    syntax: '[channel [channel ...]]',
    since: '2.8.0',
    complexity: 'O(N) for N channels named',
    summary: 'Counts the subscribers of channels.',
    flags: ['loading', 'stale', 'pubsub'],
    run: subscribers('channel'),
  },
  {
    ...PUBSUB,
    name: 'shardchannels',
    syntax: '[pattern]',
    since: '7.0.0',
    complexity: 'O(N) for N shard channels',
    summary: 'Lists the shard channels with subscribers.',
    flags: ['loading', 'stale', 'pubsub'],
    run: active('shard'),
  },
  {
    ...PUBSUB,
    name: 'shardnumsub',
    syntax: '[shardchannel [shardchannel ...]]',
    since: '7.0.0',
    complexity: 'O(N) for N shard channels named',
    summary: 'Counts the subscribers of shard channels.',
    flags: ['loading', 'stale', 'pubsub'],
    run: subscribers('shard'),
  },
]

export const pubsubCommands: readonly Command[] = [
  {
    ...PUBSUB,
    name: 'subscribe',
    syntax: 'channel [channel ...]',
    complexity: 'O(N) for N channels',
    summary: 'Listens to channels.',
    flags: SUBSCRIBE_FLAGS,
    whileSubscribed: 'allowed',
    run: subscribe('channel'),
  },
  {
    ...PUBSUB,
    name: 'psubscribe',
    syntax: '<pattern: pattern> [<pattern: pattern> ...]',
    complexity: 'O(N) for N patterns',
    summary: 'Listens to all channels whose names match patterns.',
    flags: SUBSCRIBE_FLAGS,
    whileSubscribed: 'allowed',
    run: subscribe('pattern'),
  },
  {
    ...PUBSUB,
    name: 'ssubscribe',
    syntax: 'shardchannel [shardchannel ...]',
    since: '7.0.0',
    complexity: 'O(N) for N shard channels',
    summary: 'Listens to shard channels.',
    flags: SUBSCRIBE_FLAGS,
    keys: SHARD_CHANNELS,
    whileSubscribed: 'allowed',
    run: subscribe('shard'),
  },
  {
    ...PUBSUB,
    name: 'unsubscribe',
    syntax: '[channel [channel ...]]',
    complexity: 'O(N) for N channels',
    summary: 'Stops listening to channels, to all without a name.',
    flags: SUBSCRIBE_FLAGS,
    whileSubscribed: 'allowed',
    run: unsubscribe('channel'),
  },
  {
    ...PUBSUB,
    name: 'punsubscribe',
    syntax: '[pattern [pattern ...]]',
    complexity: 'O(N) for N patterns',
    summary: 'Stops listening to patterns, to all without a name.',
    flags: SUBSCRIBE_FLAGS,
    whileSubscribed: 'allowed',
    run: unsubscribe('pattern'),
  },
  {
    ...PUBSUB,
    name: 'sunsubscribe',
    syntax: '[shardchannel [shardchannel ...]]',
    since: '7.0.0',
    complexity: 'O(N) for N shard channels',
    summary: 'Stops listening to shard channels, to all without a name.',
    flags: SUBSCRIBE_FLAGS,
    keys: SHARD_CHANNELS,
    whileSubscribed: 'allowed',
    run: unsubscribe('shard'),
  },
  {
    ...PUBSUB,
    name: 'publish',
    syntax: 'channel message',
    complexity: 'O(N+M) for N subscribers of the channel and M patterns',
    summary: 'Sends a message to a channel; gives how many received it.',
    flags: ['loading', 'stale', 'fast', 'pubsub'],
    whilePaused: 'waits',
    run: publish('channel'),
  },
  {
    ...PUBSUB,
    name: 'spublish',
    syntax: 'shardchannel message',
    since: '7.0.0',
    complexity: 'O(N) for N subscribers of the shard channel',
    summary: 'Sends a message to a shard channel; gives how many received it.',
    flags: ['loading', 'stale', 'fast', 'pubsub'],
    keys: SHARD_CHANNEL,
    whilePaused: 'waits',
    run: publish('shard'),
  },
  {
    ...PUBSUB,
    name: 'pubsub',
    syntax: '',
    since: '2.8.0',
    complexity: 'Depends on subcommand.',
    summary: 'Looks at channels.',
    flags: [],
    subcommands: [...pubsubSubcommands, helpSubcommand('pubsub', pubsubSubcommands, { since: '6.2.0' })],
    run: () => undefined,
  },
]
