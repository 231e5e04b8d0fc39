// How COMMAND INFO and COMMAND DOCS tell about a command: its row turned into replies of Redis 7.0's shape
// (server.c addReplyCommandInfo, addReplyCommandDocs).

import type { ReplyWriter } from '../resp/writer.ts'
import { ARGUMENT_DEPRECATED, ARGUMENT_SINCE } from './argument-history.ts'
import { categoriesOf } from './categories.ts'
import type { Command, Flag, KeySpec } from './command.ts'
import { isFixed, legacyRange } from './key-positions.ts'
import { type Argument, parseSyntax } from './syntax.ts'
import type { TableRow } from './table.ts'

/** Flags that Redis shows, in its order; `protected` and `sentinel` are its own business. */
const SHOWN_FLAGS: readonly Flag[] = [
  'denyoom',
  'admin',
  'noscript',
  'blocking',
  'pubsub',
  'loading',
  'stale',
  'skip_monitor',
  'skip_slowlog',
  'fast',
  'no_auth',
  'no_mandatory_keys',
  'no_async_loading',
  'no_multi',
  'allow_busy',
]

const EFFECT_FLAGS: Record<Command['effect'], readonly string[]> = {
  read: ['readonly'],
  write: ['write'],
  session: [],
  server: [],
}

function simpleSet(reply: ReplyWriter, texts: readonly string[]): void {
  reply.set(texts.length)
  for (const text of texts) reply.simple(text)
}

/** A map of texts to what the functions write. */
function writeMap(reply: ReplyWriter, entries: readonly (readonly [name: string, write: () => void])[]): void {
  reply.map(entries.length)
  for (const [name, write] of entries) {
    reply.bulkText(name)
    write()
  }
}

/** One entry of COMMAND INFO. */
export function writeInfo(reply: ReplyWriter, row: TableRow): void {
  const command = row.row
  reply.array(10)
  reply.bulkText(row.fullName)
  reply.int(row.arity)
  const movable = row.keys.every(isFixed) ? [] : ['movablekeys']
  const flags = SHOWN_FLAGS.filter(flag => command.flags.includes(flag))
  simpleSet(reply, [...EFFECT_FLAGS[command.effect], ...flags, ...movable])
  for (const n of legacyRange(row.keys)) reply.int(n)
  simpleSet(
    reply,
    categoriesOf(command).map(name => `@${name}`),
  )
  const tips = command.tips ?? []
  reply.set(tips.length)
  for (const tip of tips) reply.bulkText(tip)
  reply.set(row.keys.length)
  for (const spec of row.keys) writeKeySpec(reply, spec)
  if (row.subcommands === undefined) reply.set(0)
  else {
    reply.array(row.subcommands.length)
    for (const sub of row.subcommands) writeInfo(reply, sub)
  }
}

function writeKeySpec(reply: ReplyWriter, spec: KeySpec): void {
  const { notes } = spec
  writeMap(reply, [
    ...(notes === undefined ? [] : [['notes', () => reply.bulkText(notes)] as const]),
    ['flags', () => writeKeyFlags(reply, spec.flags)],
    ['begin_search', () => writeBegin(reply, spec)],
    ['find_keys', () => writeFind(reply, spec)],
  ])
}

function writeBegin(reply: ReplyWriter, spec: KeySpec): void {
  if (spec.found !== undefined) writeSearch(reply, 'unknown', {})
  else if (spec.after !== undefined) writeSearch(reply, 'keyword', { keyword: spec.after, startfrom: spec.at })
  else writeSearch(reply, 'index', { index: spec.at })
}

function writeFind(reply: ReplyWriter, spec: KeySpec): void {
  if (spec.found !== undefined) writeSearch(reply, 'unknown', {})
  else if (spec.counted === true) writeSearch(reply, 'keynum', { keynumidx: 0, firstkey: 1, keystep: spec.step })
  else writeSearch(reply, 'range', { lastkey: spec.last, keystep: spec.step, limit: 0 })
}

export function writeKeyFlags(reply: ReplyWriter, flags: readonly string[]): void {
  simpleSet(reply, flags)
}

type Search = Readonly<Record<string, number | string>>

function writeSearch(reply: ReplyWriter, type: string, spec: Search): void {
  writeMap(reply, [
    ['type', () => reply.bulkText(type)],
    ['spec', () => writeMap(reply, searchEntries(reply, spec))],
  ])
}

const searchEntries = (reply: ReplyWriter, spec: Search) =>
  Object.entries(spec).map(
    ([name, n]) => [name, () => (typeof n === 'string' ? reply.bulkText(n) : reply.int(n))] as const,
  )

/** One value of COMMAND DOCS. */
export function writeDocs(reply: ReplyWriter, row: TableRow): void {
  const command = row.row
  const { deprecated, history } = command
  const entries: (readonly [string, () => void])[] = [
    ['summary', () => reply.bulkText(command.summary)],
    ['since', () => reply.bulkText(command.since)],
    ['group', () => reply.bulkText(command.group)],
    ['complexity', () => reply.bulkText(command.complexity)],
  ]
  const docFlags = [...(deprecated === undefined ? [] : ['deprecated']), ...(command.docFlags ?? [])]
  if (docFlags.length > 0) entries.push(['doc_flags', () => simpleSet(reply, docFlags)])
  if (deprecated !== undefined) {
    entries.push(['deprecated_since', () => reply.bulkText(deprecated.since)])
    entries.push(['replaced_by', () => reply.bulkText(deprecated.replacedBy)])
  }
  if (history !== undefined) entries.push(['history', () => writeHistory(reply, history)])
  const args = parseSyntax(command.syntax)
  const within = { command: row.fullName, path: '', keys: { seen: 0, specs: row.keys.length } }
  if (args.length > 0) entries.push(['arguments', () => writeArguments(reply, args, within)])
  const { subcommands } = row
  if (subcommands !== undefined) {
    entries.push([
      'subcommands',
      () =>
        writeMap(
          reply,
          subcommands.map(sub => [sub.fullName, () => writeDocs(reply, sub)]),
        ),
    ])
  }
  writeMap(reply, entries)
}

function writeHistory(reply: ReplyWriter, history: NonNullable<Command['history']>): void {
  reply.set(history.length)
  for (const [version, change] of history) {
    reply.array(2)
    reply.bulkText(version)
    reply.bulkText(change)
  }
}

/** The n-th argument that is a key belongs to the n-th key spec, those left over to the last; or to the one it names. */
interface KeyCount {
  seen: number
  readonly specs: number
}

/** Where an argument stands: in which command, and in which arguments (as argument-history.ts has it). */
interface Within {
  readonly command: string
  readonly path: string
  readonly keys: KeyCount
}

function writeArguments(reply: ReplyWriter, args: readonly Argument[], within: Within): void {
  reply.array(args.length)
  for (const arg of args) writeArgument(reply, arg, within)
}

function writeArgument(reply: ReplyWriter, arg: Argument, { command, path: outer, keys }: Within): void {
  const { token } = arg
  const path = `${outer}${token ?? arg.name}`
  const since = ARGUMENT_SINCE[`${command} ${path}`]
  const deprecated = ARGUMENT_DEPRECATED[`${command} ${path}`]
  const entries: (readonly [string, () => void])[] = [
    ['name', () => reply.bulkText(arg.name)],
    ['type', () => reply.bulkText(arg.type)],
  ]
  if (arg.keySpec !== undefined || (arg.type === 'key' && keys.specs > 0)) {
    const spec = arg.keySpec ?? Math.min(keys.seen++, keys.specs - 1)
    entries.push(['key_spec_index', () => reply.int(spec)])
  }
  if (token !== undefined) entries.push(['token', () => reply.bulkText(token)])
  if (since !== undefined) entries.push(['since', () => reply.bulkText(since)])
  if (deprecated !== undefined) entries.push(['deprecated_since', () => reply.bulkText(deprecated)])
  const flags: string[] = []
  if (arg.optional === true) flags.push('optional')
  if (arg.multiple === true) flags.push('multiple')
  if (arg.multipleToken === true) flags.push('multiple_token')
  if (flags.length > 0) entries.push(['flags', () => simpleSet(reply, flags)])
  const parts = arg.arguments
  const inner = { command, path: `${path}/`, keys }
  if (parts !== undefined) entries.push(['arguments', () => writeArguments(reply, parts, inner)])
  writeMap(reply, entries)
}
