// LATENCY: what held the server up and for how long, and how long commands take.

import { CommandError } from '../resp/errors.ts'
import type { Args } from './args.ts'
import type { Command, Context } from './command.ts'
import { helpSubcommand } from './help.ts'

/** The words from the third on. */
function names(args: Args): string[] {
  const words: string[] = []
  for (let i = 2; i < args.count; i++) words.push(args.text(i))
  return words
}

function history({ services, reply }: Context, args: Args): void {
  const samples = services.latency.events.get(args.text(2))?.samples ?? []
  reply.array(samples.length)
  for (const { timeS, ms } of samples) {
    reply.array(2)
    reply.int(timeS)
    reply.int(ms)
  }
}

function latest({ services, reply }: Context): void {
  const { events } = services.latency
  reply.array(events.size)
  for (const [event, { samples, mostMs }] of events) {
    const last = samples.at(-1)
    reply.array(4)
    reply.bulkText(event)
    reply.int(last?.timeS ?? 0)
    reply.int(last?.ms ?? 0)
    reply.int(mostMs)
  }
}

function graph({ services, reply }: Context, args: Args): void {
  const drawn = services.latency.graph(args.text(2))
  if (drawn === undefined) throw new CommandError(`ERR No samples available for event '${args.text(2)}'`)
  reply.verbatim('txt', drawn)
}

function histogram({ services, reply }: Context, args: Args): void {
  const histograms = services.latency.histograms(names(args))
  reply.map(histograms.length)
  for (const { name, calls, below } of histograms) {
    reply.bulkText(name)
    reply.map(2)
    reply.bulkText('calls')
    reply.int(calls)
    reply.bulkText('histogram_usec')
    reply.map(below.length)
    for (const [micros, count] of below) {
      reply.int(micros)
      reply.int(count)
    }
  }
}

const ADMIN = {
  effect: 'server',
  group: 'server',
  since: '2.8.13',
  complexity: 'O(1)',
  flags: ['admin', 'noscript', 'loading', 'stale'],
} as const
const TOLD_BY_EACH = ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'] as const

const subcommands: readonly Command[] = [
  {
    ...ADMIN,
    name: 'doctor',
    syntax: '',
    summary: 'Says in words what held the server up, and what may help.',
    tips: TOLD_BY_EACH,
    run: ({ services, reply }: Context) => reply.verbatim('txt', services.latency.advice()),
  },
  {
    ...ADMIN,
    name: 'graph',
    syntax: 'event',
    summary: 'Draws the samples of an event.',
    tips: TOLD_BY_EACH,
    run: graph,
  },
  {
    ...ADMIN,
    name: 'history',
    syntax: 'event',
    summary: 'Tells the samples of an event: when, and how many milliseconds.',
    tips: TOLD_BY_EACH,
    run: history,
  },
  {
    ...ADMIN,
    name: 'latest',
    syntax: '',
    summary: 'Tells the last sample of each event, and its longest.',
    tips: TOLD_BY_EACH,
    run: latest,
  },
  {
    ...ADMIN,
    name: 'reset',
    syntax: '[event [event ...]]',
    summary: 'Forgets the samples of some events, or all.',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    run: ({ services, reply }: Context, args: Args) => reply.int(services.latency.reset(names(args))),
  },
  {
    ...ADMIN,
    name: 'histogram',
    syntax: '[command [command ...]]',
    since: '7.0.0',
    complexity: 'O(N) for N commands',
    summary: 'Tells how many calls of commands took how many microseconds at most.',
    tips: TOLD_BY_EACH,
    run: histogram,
  },
]

export const latencyCommands: readonly Command[] = [
  {
    name: 'latency',
    syntax: '',
    effect: 'session',
    group: 'server',
    since: '2.8.13',
    complexity: 'Depends on subcommand.',
    summary: 'Looks for what holds the server up.',
    flags: [],
    subcommands: [...subcommands, helpSubcommand('latency', subcommands, { since: '2.8.13' })],
    run: () => undefined,
  },
]
