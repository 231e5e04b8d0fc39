// COMMAND: what the server can do, told from the rows of its own table. The table holds these rows too, so the family is
// built with a function that gives the table once it is there.

import { fromText } from '../bytes/ascii.ts'
import { globMatchesIgnoreCase } from '../bytes/glob.ts'
import { CommandError, GETKEYS_ARITY, GETKEYS_COMMAND, NO_KEY_ARGUMENTS, SYNTAX } from '../resp/errors.ts'
import type { Args } from './args.ts'
import { categoriesOf } from './categories.ts'
import type { Command, SessionContext } from './command.ts'
import { writeDocs, writeInfo, writeKeyFlags } from './describe.ts'
import { helpSubcommand } from './help.ts'
import { keyPositions } from './key-positions.ts'
import type { CommandTable, TableRow } from './table.ts'

const FILTERBY = fromText('filterby')
const INVALID_ARGUMENTS = new CommandError('ERR Invalid arguments specified for command')
/** The request that GETKEYS looks at starts here. */
const INNER = 2

type Filter = (row: TableRow) => boolean

/** What FILTERBY may ask for. There are no modules. */
const FILTERS: ReadonlyMap<string, (value: string) => Filter> = new Map([
  ['module', () => () => false],
  ['aclcat', category => row => categoriesOf(row.row).includes(category.toLowerCase())],
  ['pattern', byPattern],
])

function byPattern(pattern: string): Filter {
  const glob = fromText(pattern)
  return row => {
    const name = fromText(row.fullName)
    return globMatchesIgnoreCase(glob, 0, glob.length, name, 0, name.length)
  }
}

function filterOf(args: Args): Filter {
  if (args.count === 2) return () => true
  const make = args.count === 5 && args.is(2, FILTERBY) ? FILTERS.get(args.text(3).toLowerCase()) : undefined
  if (make === undefined) throw SYNTAX
  return make(args.text(4))
}

function list(ctx: SessionContext, args: Args, table: CommandTable): void {
  const shown = table.rows.filter(filterOf(args))
  ctx.reply.array(shown.length)
  for (const row of shown) ctx.reply.bulkText(row.fullName)
}

function infoOfAll(ctx: SessionContext, table: CommandTable): void {
  ctx.reply.array(table.commands.length)
  for (const row of table.commands) writeInfo(ctx.reply, row)
}

function info(ctx: SessionContext, args: Args, table: CommandTable): void {
  if (args.count === 2) {
    infoOfAll(ctx, table)
    return
  }
  ctx.reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) {
    const row = table.byName(args.text(i))
    if (row === undefined) ctx.reply.null()
    else writeInfo(ctx.reply, row)
  }
}

function docs(ctx: SessionContext, args: Args, table: CommandTable): void {
  const rows: TableRow[] = args.count === 2 ? [...table.commands] : []
  for (let i = 2; i < args.count; i++) {
    const row = table.byName(args.text(i))
    if (row !== undefined) rows.push(row)
  }
  ctx.reply.map(rows.length)
  for (const row of rows) {
    ctx.reply.bulkText(row.fullName)
    writeDocs(ctx.reply, row)
  }
}

/** The row of the request inside this one; undefined when there is none. */
function innerRow(args: Args, table: CommandTable): TableRow | undefined {
  const top = table.lookup(args.buf, args.starts[INNER], args.ends[INNER])
  if (top?.subcommands === undefined || args.count === INNER + 1) return top
  return table.sub(top, args.buf, args.starts[INNER + 1], args.ends[INNER + 1])
}

function getkeys(ctx: SessionContext, args: Args, table: CommandTable, show: 'names' | 'flags'): void {
  const row = innerRow(args, table)
  if (row === undefined) throw GETKEYS_COMMAND
  if (row.keys.length === 0) throw NO_KEY_ARGUMENTS
  const words = args.count - INNER
  if (row.arity > 0 ? words !== row.arity : words < -row.arity) throw GETKEYS_ARITY
  const keys = keyPositions(row.row, args, INNER)
  if (keys === undefined && !row.row.flags.includes('no_mandatory_keys')) throw INVALID_ARGUMENTS
  const shown = keys ?? []
  ctx.reply.array(shown.length)
  for (const { word, flags } of shown) {
    if (show === 'flags') ctx.reply.array(2)
    ctx.reply.bulk(args.buf, args.starts[word], args.ends[word])
    if (show === 'flags') writeKeyFlags(ctx.reply, flags)
  }
}

const ABOUT = {
  effect: 'session',
  group: 'server',
  since: '2.8.13',
  complexity: 'O(N) for N commands told about',
  flags: ['loading', 'stale'],
  categories: ['connection'],
} as const
const UNORDERED = ['nondeterministic_output_order'] as const

function subcommandsOf(table: () => CommandTable): readonly Command[] {
  return [
    {
      ...ABOUT,
      name: 'count',
      syntax: '',
      complexity: 'O(1)',
      summary: 'Counts the commands.',
      run: (ctx: SessionContext) => ctx.reply.int(table().commands.length),
    },
    {
      ...ABOUT,
      name: 'docs',
      syntax: '[command-name [command-name ...]]',
      since: '7.0.0',
      summary: 'Explains commands: summary, arguments, cost, history.',
      tips: UNORDERED,
      run: (ctx: SessionContext, args: Args) => docs(ctx, args, table()),
    },
    {
      ...ABOUT,
      name: 'getkeys',
      syntax: 'command [arg ...]',
      arity: -4,
      complexity: 'O(N) for N arguments',
      summary: 'Picks the keys out of a whole command.',
      run: (ctx: SessionContext, args: Args) => getkeys(ctx, args, table(), 'names'),
    },
    {
      ...ABOUT,
      name: 'getkeysandflags',
      syntax: 'command [arg ...]',
      since: '7.0.0',
      arity: -4,
      complexity: 'O(N) for N arguments',
      summary: 'Picks the keys out of a whole command and tells what it does to each.',
      run: (ctx: SessionContext, args: Args) => getkeys(ctx, args, table(), 'flags'),
    },
    {
      ...ABOUT,
      name: 'info',
      syntax: '[command-name [command-name ...]]',
      summary: 'Tells what clients need to know of commands: arity, flags, where the keys are.',
      tips: UNORDERED,
      history: [['7.0.0', 'Without names it tells about all commands.']],
      run: (ctx: SessionContext, args: Args) => info(ctx, args, table()),
    },
    {
      ...ABOUT,
      name: 'list',
      syntax: '[FILTERBY <filterby: MODULE module-name | ACLCAT category | PATTERN pattern>]',
      since: '7.0.0',
      summary: 'Names the commands and subcommands, all of them or those of an ACL category or matching a pattern.',
      tips: UNORDERED,
      run: (ctx: SessionContext, args: Args) => list(ctx, args, table()),
    },
  ]
}

/** COMMAND and its subcommands. `table` is asked when a command runs, not before. */
export function commandFamily(table: () => CommandTable): readonly Command[] {
  const subcommands = subcommandsOf(table)
  const alone = 'Tells about all commands, as COMMAND INFO does.'
  return [
    {
      ...ABOUT,
      name: 'command',
      syntax: '',
      arity: -1,
      summary: 'Tells about the commands of this server.',
      tips: UNORDERED,
      subcommands: [
        ...subcommands,
        helpSubcommand('command', subcommands, { since: '5.0.0', categories: ABOUT.categories, alone }),
      ],
      run: (ctx: SessionContext) => infoOfAll(ctx, table()),
    },
  ]
}
