// HELP of container commands, from their rows, in Redis's shape.

import type { Args } from './args.ts'
import type { Command, SessionContext } from './command.ts'
import { plainSyntax } from './syntax.ts'

/** What the HELP row of a container does not take from its rows. */
export interface HelpFacts {
  readonly since: string
  readonly categories?: readonly string[]
  /** What the container does without a subcommand. */
  readonly alone?: string
}

/** HELP's lines for a container command and its subcommands. */
function helpLines(container: string, rows: readonly Command[], alone: string | undefined): string[] {
  const lines = [`${container.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`]
  if (alone !== undefined) lines.push('(no subcommand)', `    ${alone}`)
  for (const row of rows) {
    lines.push(`${row.name.toUpperCase()} ${plainSyntax(row.syntax)}`.trimEnd(), `    ${row.summary}`)
  }
  lines.push('HELP', '    Prints this help.')
  return lines
}

/** The row of a container's HELP subcommand. */
export function helpSubcommand(container: string, rows: readonly Command[], facts: HelpFacts): Command {
  return {
    name: 'help',
    syntax: '',
    effect: 'session',
    group: rows[0]?.group ?? 'server',
    since: facts.since,
    complexity: 'O(1)',
    summary: 'Lists the subcommands.',
    flags: ['loading', 'stale'],
    categories: facts.categories ?? [],
    run: (ctx: SessionContext, _args: Args): void => {
      const lines = helpLines(container, rows, facts.alone)
      ctx.reply.array(lines.length)
      for (const line of lines) ctx.reply.simple(line)
    },
  }
}
