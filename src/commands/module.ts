// MODULE: this server loads none. Clients and tools ask which there are before they use what modules add.

import type { Command, Context } from './command.ts'
import { helpSubcommand } from './help.ts'

const ABOUT = { effect: 'server', group: 'server', since: '4.0.0', syntax: '' } as const

const subcommands: readonly Command[] = [
  {
    ...ABOUT,
    name: 'list',
    flags: ['admin', 'noscript'],
    complexity: 'O(1)',
    summary: 'Names the modules that are loaded: none.',
    tips: ['nondeterministic_output_order'],
    run: (ctx: Context) => ctx.reply.array(0),
  },
]

export const moduleCommands: readonly Command[] = [
  {
    ...ABOUT,
    name: 'module',
    effect: 'session',
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Tells about modules.',
    subcommands: [...subcommands, helpSubcommand('module', subcommands, { since: '5.0.0' })],
    run: () => undefined,
  },
]
