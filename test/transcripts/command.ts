// COMMAND: what the server says about its own commands.

import { any, map, OK, set, simple, sorted, where } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const list = (rule: string, holds: (length: number) => boolean) =>
  where(rule, reply => Array.isArray(reply) && holds(reply.length))

/** A flag, a category: statuses, in a set. */
const statuses = (...names: readonly string[]) => set(names.map(simple))

const NONE = set([])

/** The key specification of a command with one key, its first argument. */
const AT_1 = set([
  map([
    ['flags', statuses('RO', 'access')],
    [
      'begin_search',
      map([
        ['type', 'index'],
        ['spec', map([['index', 1]])],
      ]),
    ],
    [
      'find_keys',
      map([
        ['type', 'range'],
        [
          'spec',
          map([
            ['lastkey', 0],
            ['keystep', 1],
            ['limit', 0],
          ]),
        ],
      ]),
    ],
  ]),
])

export const command: readonly Transcript[] = [
  transcript('COMMAND lists all commands, COUNT counts them', [
    ['COMMAND', list('many', length => length > 50)],
    ['COMMAND COUNT', where('many', n => typeof n === 'number' && n > 50)],
    ['COMMAND COUNT x', "-ERR wrong number of arguments for 'command|count' command"],
  ]),
  transcript('COMMAND INFO describes commands, null for what is none', [
    [
      'COMMAND INFO get nothing',
      [
        ['get', 2, statuses('readonly', 'fast'), 1, 1, 1, statuses('@read', '@string', '@fast'), NONE, AT_1, NONE],
        null,
      ],
    ],
    ['COMMAND INFO GET', [list('ten things', length => length === 10)]],
    ['COMMAND INFO', list('all', length => length > 50)],
    ['COMMAND INFO client|id', [['client|id', 2, any, 0, 0, 0, any, any, NONE, NONE]]],
    ['COMMAND INFO object', [['object', -2, any, 0, 0, 0, any, any, any, list('subcommands', n => n === 5)]]],
  ]),
  transcript('COMMAND DOCS tells how commands are used', [
    ['COMMAND DOCS nothing', map([])],
    ['COMMAND DOCS get', where('names get', reply => Bun.inspect(reply).includes('"summary"'))],
    ['COMMAND DOCS', any],
  ]),
  transcript(
    'COMMAND LIST filters',
    [
      ['COMMAND LIST', list('many', length => length > 50)],
      ['COMMAND LIST FILTERBY PATTERN get*', sorted('get', 'getbit', 'getdel', 'getex', 'getrange', 'getset')],
      ['COMMAND LIST FILTERBY PATTERN GETD*', ['getdel']],
      ['COMMAND LIST FILTERBY ACLCAT nope', []],
      ['COMMAND LIST FILTERBY ACLCAT string', list('some', length => length > 15)],
      ['COMMAND LIST FILTERBY MODULE nope', []],
      ['COMMAND LIST FILTERBY NOPE x', '-ERR syntax error'],
      ['COMMAND LIST nope', '-ERR syntax error'],
      ['COMMAND LIST FILTERBY PATTERN', '-ERR syntax error'],
    ],
    { notRedis: 'it has more commands' },
  ),
  transcript('COMMAND GETKEYS finds the keys of a request', [
    ['COMMAND GETKEYS GET a', ['a']],
    ['COMMAND GETKEYS MSET a 1 b 2', ['a', 'b']],
    ['COMMAND GETKEYS RENAME a b', ['a', 'b']],
    ['COMMAND GETKEYS DEL a b c', ['a', 'b', 'c']],
    ['COMMAND GETKEYS OBJECT ENCODING a', ['a']],
    ['COMMAND GETKEYS LCS a b LEN', ['a', 'b']],
    ['COMMAND GETKEYSANDFLAGS GET a', [['a', statuses('RO', 'access')]]],
    ['COMMAND GETKEYSANDFLAGS SET a b', [['a', statuses('OW', 'update')]]],
    ['COMMAND GETKEYSANDFLAGS SET a b GET', [['a', statuses('RW', 'access', 'update')]]],
    ['COMMAND GETKEYS PING x', '-ERR The command has no key arguments'],
    ['COMMAND GETKEYS nothing a', '-ERR Invalid command specified'],
    ['COMMAND GETKEYS RENAME a', '-ERR Invalid number of arguments specified for command'],
    ['COMMAND GETKEYS GET', "-ERR wrong number of arguments for 'command|getkeys' command"],
    ['COMMAND HELP', list('help', length => length > 5)],
    ['COMMAND nothing', "-ERR unknown subcommand 'nothing'. Try COMMAND HELP."],
    ['SET a GET', OK],
  ]),
]
