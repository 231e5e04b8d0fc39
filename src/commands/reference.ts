// The README's tables of commands, one a group, computed from the rows.

import { buildTable } from './all.ts'
import type { Group } from './command.ts'
import { plainSyntax } from './syntax.ts'
import type { TableRow } from './table.ts'

/** Groups in the README's order, with their headings. */
const HEADINGS: Readonly<Record<Group, string>> = {
  string: 'Strings',
  list: 'Lists',
  hash: 'Hashes',
  set: 'Sets',
  'sorted-set': 'Sorted sets',
  bitmap: 'Bits',
  hyperloglog: 'HyperLogLog',
  geo: 'Places on earth',
  generic: 'Keys',
  transactions: 'Transactions',
  pubsub: 'Publish and subscribe',
  connection: 'Connection',
  server: 'Server',
}

/** In a table's cell a bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|')

function line(row: TableRow): string {
  const { syntax, aliases, since, summary } = row.row
  const name = row.fullName.replace('|', ' ').toUpperCase()
  const other = aliases === undefined ? '' : ` (also ${aliases.map(a => `\`${a.toUpperCase()}\``).join(', ')})`
  const words = plainSyntax(syntax)
  return `| \`${name}\` | ${words === '' ? '' : `\`${cell(words)}\``} | ${cell(summary)}${other} | ${since} |`
}

/** Markdown: command, syntax, summary and the version of Redis that brought it; HELP of containers is left out. */
export function commandsTable(): string {
  const rows = buildTable()
    .rows.filter(row => row.name !== 'help' && (row.subcommands === undefined || row.row.arity !== undefined))
    .toSorted((a, b) => (a.fullName < b.fullName ? -1 : 1))
  const tables: string[] = []
  for (const [group, heading] of Object.entries(HEADINGS)) {
    const lines = rows.filter(row => row.row.group === group).map(line)
    if (lines.length === 0) continue
    tables.push(
      [
        `#### ${heading}`,
        '',
        '| command | arguments | what it does | since Redis |',
        '| --- | --- | --- | --- |',
        ...lines,
      ].join('\n'),
    )
  }
  return tables.join('\n\n')
}
