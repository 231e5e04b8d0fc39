// HELP of container commands, from their rows, in Redis's shape.

import type { Args } from './args.ts'
import type { Command, SessionContext } from './command.ts'

/** HELP's lines for a container command and its subcommands. */
export function helpLines(container: string, rows: readonly Command[]): string[] {
  const lines = [`${container.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`]
  for (const row of rows) lines.push(`${row.name.toUpperCase()} ${row.syntax}`.trimEnd(), `    ${row.summary}`)
  lines.push('HELP', '    Prints this help.')
  return lines
}

/** The row of a container's HELP subcommand. */
export function helpSubcommand(container: string, rows: readonly Command[]): Command {
  return {
    name: 'help',
    syntax: '',
    effect: 'session',
    group: rows[0]?.group ?? 'server',
    since: rows[0]?.since ?? '1.0.0',
    complexity: 'O(1)',
    summary: 'Lists the subcommands.',
    flags: ['loading', 'stale'],
    run: (ctx: SessionContext, _args: Args): void => {
      const lines = helpLines(container, rows)
      ctx.reply.array(lines.length)
      for (const line of lines) ctx.reply.simple(line)
    },
  }
}
