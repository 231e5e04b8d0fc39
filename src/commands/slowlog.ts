// SLOWLOG: the commands that took long. A bound client reads and forgets those of its namespace.

import { CommandError, subcommandSyntax } from '../resp/errors.ts'
import type { Args } from './args.ts'
import type { Command, Context } from './command.ts'
import { helpSubcommand } from './help.ts'

/** Without a count, so many are told. */
const TOLD = 10
const COUNT = new CommandError('ERR count should be greater than or equal to -1')

function get({ services, session, reply }: Context, args: Args): void {
  if (args.count > 3) throw subcommandSyntax(args.text(1), 'slowlog')
  const count = args.count === 3 ? args.intIn(2, -1, Number.POSITIVE_INFINITY, COUNT) : TOLD
  const entries = services.slowLog.newest(count < 0 ? Number.POSITIVE_INFINITY : count, session.namespace?.name)
  reply.array(entries.length)
  for (const { id, timeS, durationMicros, words, address, name } of entries) {
    reply.array(6)
    reply.int(id)
    reply.int(timeS)
    reply.int(durationMicros)
    reply.array(words.length)
    for (const word of words) reply.bulk(word, 0, word.length)
    reply.bulkText(address)
    reply.bulkText(name)
  }
}

const ADMIN = {
  effect: 'server',
  group: 'server',
  since: '2.2.12',
  syntax: '',
  flags: ['admin', 'loading', 'stale'],
} as const

const subcommands: readonly Command[] = [
  {
    ...ADMIN,
    name: 'get',
    arity: -2,
    syntax: '[count]',
    complexity: 'O(N) for N entries told',
    summary: 'Tells the last commands that took long: number, time, microseconds, words, client and its name.',
    tips: ['request_policy:all_nodes', 'nondeterministic_output'],
    history: [['4.0.0', 'Address and name of the client.']],
    run: get,
  },
  {
    ...ADMIN,
    name: 'len',
    complexity: 'O(1); O(N) for N entries when the connection is bound to a namespace',
    summary: 'Counts the entries.',
    tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
    run: ({ services, session, reply }: Context) => reply.int(services.slowLog.length(session.namespace?.name)),
  },
  {
    ...ADMIN,
    name: 'reset',
    complexity: 'O(N) for N entries',
    summary: 'Forgets all entries.',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    run: ({ services, session, reply }: Context) => {
      services.slowLog.reset(session.namespace?.name)
      reply.ok()
    },
  },
]

export const slowlogCommands: readonly Command[] = [
  {
    name: 'slowlog',
    syntax: '',
    effect: 'session',
    group: 'server',
    since: '2.2.12',
    complexity: 'Depends on subcommand.',
    summary: 'Remembers the commands that took long.',
    flags: [],
    subcommands: [...subcommands, helpSubcommand('slowlog', subcommands, { since: '6.2.0' })],
    run: () => undefined,
  },
]
