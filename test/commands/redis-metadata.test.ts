// What COMMAND INFO and COMMAND DOCS tell about each command, beside what Redis 7.0.15 told (recorded facts, no prose).
// A failure names the command and the field of its row to change.

import { afterAll, describe, expect, test } from 'bun:test'
import { buildTable } from '../../src/commands/all.ts'
import { parseSyntax, plainSyntax } from '../../src/commands/syntax.ts'
import { type Client, Engine } from '../support/engine.ts'
import type { Reply } from '../support/resp.ts'
import recorded from './redis-7.0.15-commands.json'

/** Came after 7.0.15, so the recording has nothing to compare. */
const NEWER = new Set([
  'client|namespace',
  'client|no-touch',
  'client|setinfo',
  'hexpire',
  'hpexpire',
  'hexpireat',
  'hpexpireat',
  'httl',
  'hpttl',
  'hexpiretime',
  'hpexpiretime',
  'hpersist',
  'hgetdel',
  'hgetex',
  'hsetex',
  'ns',
  'ns|list',
  'ns|info',
  'ns|set',
  'ns|freeze',
  'ns|thaw',
  'ns|drop',
  'ns|copy',
  'ns|swap',
  'ns|help',
])
/** Arguments that came after 7.0.15 or are ours, by command. */
const NEWER_ARGUMENTS: Record<string, string> = {
  'client|kill': 'maxage',
  hscan: 'novalues',
  lolwut: 'size',
  zrank: 'withscore',
  zrevrank: 'withscore',
}
/** Those that take more words since, with the arity they had. */
const OLDER_ARITY: Record<string, number> = { zrank: 3, zrevrank: 3 }

interface ArgumentFacts {
  readonly name: string
  readonly type: string
  readonly token?: string
  readonly key?: number
  readonly since?: string
  readonly deprecatedSince?: string
  readonly flags?: readonly string[]
  readonly arguments?: readonly ArgumentFacts[]
}

interface Facts {
  readonly arity: number
  readonly flags: readonly string[]
  readonly keys: readonly number[]
  readonly categories: readonly string[]
  readonly tips: readonly string[]
  readonly keySpecs: readonly unknown[]
  readonly group: string
  readonly since: string
  readonly deprecatedSince?: string
  readonly docFlags?: readonly string[]
  readonly history?: readonly string[]
  readonly arguments?: readonly ArgumentFacts[]
}

const redis = recorded as unknown as Record<string, Facts>
const table = buildTable()
const engine = new Engine()
afterAll(() => engine[Symbol.dispose]())
const client = engine.connect()
client.call('HELLO', '3')

/** Array.isArray does not narrow a readonly array. */
const isArray = (reply: Reply): reply is readonly Reply[] => Array.isArray(reply)

/** A reply as plain JavaScript: sets and arrays are arrays, maps objects, simple strings strings. */
function plain(reply: Reply): unknown {
  if (reply === null || typeof reply !== 'object') return reply
  if (isArray(reply)) return reply.map(plain)
  if ('simple' in reply) return reply.simple
  if ('set' in reply) return reply.set.map(plain)
  if ('map' in reply) return Object.fromEntries(reply.map.map(([name, value]) => [String(name), plain(value)]))
  throw new Error(`unexpected reply ${JSON.stringify(reply)}`)
}

type Told = Record<string, unknown>

function specFacts(spec: Told): unknown {
  const begin = spec.begin_search as { type: string; spec: Told }
  const find = spec.find_keys as { type: string; spec: Told }
  const facts: Told = { flags: spec.flags, begin: begin.spec.index }
  if (begin.type === 'keyword') facts.begin = [begin.spec.keyword, begin.spec.startfrom]
  if (begin.type === 'unknown') facts.begin = 'unknown'
  if (find.type === 'range') facts.range = [find.spec.lastkey, find.spec.keystep, find.spec.limit]
  if (find.type === 'keynum') facts.keynum = [find.spec.keynumidx, find.spec.firstkey, find.spec.keystep]
  if (find.type === 'unknown') facts.find = 'unknown'
  return facts
}

function argumentFacts(arg: Told): ArgumentFacts {
  const facts: Told = { name: arg.name, type: arg.type }
  if (arg.token !== undefined) facts.token = arg.token
  if (arg.key_spec_index !== undefined) facts.key = arg.key_spec_index
  if (arg.since !== undefined) facts.since = arg.since
  if (arg.deprecated_since !== undefined) facts.deprecatedSince = arg.deprecated_since
  if (arg.flags !== undefined) facts.flags = arg.flags
  if (arg.arguments !== undefined) facts.arguments = (arg.arguments as Told[]).map(argumentFacts)
  return facts as unknown as ArgumentFacts
}

function without(name: string | undefined, args: readonly ArgumentFacts[]): readonly ArgumentFacts[] {
  return args
    .filter(arg => arg.name !== name)
    .map(arg => (arg.arguments === undefined ? arg : { ...arg, arguments: without(name, arg.arguments) }))
}

/** What the server tells about a command, in the recording's shape. */
function told(name: string, asker: Client): Facts {
  const [info] = plain(asker.call('COMMAND', 'INFO', name)) as unknown[][]
  const docs = (plain(asker.call('COMMAND', 'DOCS', name)) as Record<string, Told>)[name]
  if (info === undefined || docs === undefined) throw new Error(`COMMAND tells nothing about ${name}`)
  const [, arity, flags, first, last, step, categories, tips, specs] = info
  const facts: Told = {
    arity: OLDER_ARITY[name] ?? arity,
    flags: (flags as string[]).toSorted(),
    keys: [first, last, step],
    categories: (categories as string[]).map(category => category.slice(1)).toSorted(),
    tips: (tips as string[]).toSorted(),
    keySpecs: (specs as Told[]).map(specFacts),
    group: docs.group,
    since: docs.since,
  }
  if (docs.deprecated_since !== undefined) facts.deprecatedSince = docs.deprecated_since
  if (docs.doc_flags !== undefined) facts.docFlags = docs.doc_flags
  if (docs.history !== undefined) facts.history = (docs.history as string[][]).map(([version]) => version)
  if (docs.arguments !== undefined) {
    facts.arguments = without(NEWER_ARGUMENTS[name], (docs.arguments as Told[]).map(argumentFacts))
  }
  return facts as unknown as Facts
}

describe('a command says of itself what Redis 7.0.15 says', () => {
  for (const { fullName } of table.rows.filter(row => !NEWER.has(row.fullName))) {
    test(fullName, () => {
      const facts = redis[fullName]
      if (facts === undefined) throw new Error(`Redis 7.0.15 has no ${fullName}: name it among the newer ones`)
      // Where Redis documents no arguments, ours are welcome; the number of words is compared as the arity.
      const documented = facts.arguments === undefined ? ['arguments'] : []
      const ours = told(fullName, client) as unknown as Told
      for (const field of documented) delete ours[field]
      expect(ours).toEqual(facts as unknown as Told)
    })
  }
})

describe('the notation of rows', () => {
  test('is readable in every row', () => {
    const bad = table.rows.filter(row => row.row.syntax !== '' && parseSyntax(row.row.syntax).length === 0)
    expect(bad.map(row => row.fullName)).toEqual([])
  })

  test('gives a value its type, its token and its repetition', () => {
    expect(parseSyntax('key [PREFIX prefix [PREFIX prefix ...]] [BY amount(double)]')).toEqual([
      { name: 'key', type: 'key' },
      { name: 'prefix', type: 'string', token: 'PREFIX', multiple: true, multipleToken: true, optional: true },
      { name: 'amount', type: 'double', token: 'BY', optional: true },
    ])
  })

  test('names groups as Redis does, or after their parts', () => {
    const on = { name: 'on', type: 'pure-token', token: 'ON' } as const
    const off = { name: 'off', type: 'pure-token', token: 'OFF' } as const
    expect(parseSyntax('<ON | OFF>')).toEqual([{ name: 'on_off', type: 'oneof', arguments: [on, off] }])
    expect(parseSyntax('[mode: ON | OFF]')).toEqual([
      { name: 'mode', type: 'oneof', optional: true, arguments: [on, off] },
    ])
    expect(parseSyntax('<pair: a b>')).toEqual([
      {
        name: 'pair',
        type: 'block',
        arguments: [
          { name: 'a', type: 'string' },
          { name: 'b', type: 'string' },
        ],
      },
    ])
  })

  test('names a token and the key spec of a value where they do not follow', () => {
    expect(parseSyntax('[order: ASC] [BY pattern(pattern#1)]')).toEqual([
      { name: 'order', type: 'pure-token', token: 'ASC', optional: true },
      { name: 'pattern', type: 'pattern', keySpec: 1, token: 'BY', optional: true },
    ])
    expect(plainSyntax('[order: ASC] [BY pattern(pattern#1)]')).toBe('[ASC] [BY pattern]')
  })

  test('is shown to people without names of groups, types and idle brackets', () => {
    expect(plainSyntax('key [when: NX | XX] [AUTH <user password>] by(double) ip:port')).toBe(
      'key [NX | XX] [AUTH user password] by ip:port',
    )
  })

  test('a bracket that is never closed is a mistake', () => {
    expect(() => parseSyntax('key [NX | XX')).toThrow('] is missing')
  })
})
