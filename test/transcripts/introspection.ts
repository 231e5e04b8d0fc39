// COMMAND, asked what is easily got wrong: names in any case, full names of subcommands, filters, the keys of a request and
// what happens to them. That the facts of every row are Redis's is checked in test/commands/redis-metadata.test.ts.

import { any, map, set, simple, sorted, where } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const statuses = (...names: readonly string[]) => set(names.map(simple))

/** Names in any order, at least these. */
const naming = (...names: readonly string[]) =>
  where(`names ${names.join(', ')}`, reply => Array.isArray(reply) && names.every(name => reply.includes(name)))

const EXPIRE_DOCS = map([
  ['summary', any],
  ['since', '1.0.0'],
  ['group', 'generic'],
  ['complexity', any],
  ['history', set([['7.0.0', any]])],
  [
    'arguments',
    [
      map([
        ['name', 'key'],
        ['type', 'key'],
        ['key_spec_index', 0],
      ]),
      map([
        ['name', 'seconds'],
        ['type', 'integer'],
      ]),
      any,
    ],
  ],
])

export const introspection: readonly Transcript[] = [
  transcript('MODULE LIST tells that there are no modules', [
    ['MODULE LIST', []],
    ['MODULE LIST x', "-ERR wrong number of arguments for 'module|list' command"],
    ['MODULE HELP', where('a line for LIST', lines => Array.isArray(lines) && Bun.inspect(lines[1]).includes('LIST'))],
    ['MODULE foo', "-ERR unknown subcommand 'foo'. Try MODULE HELP."],
  ]),

  transcript('COMMAND INFO knows subcommands by their full names only', [
    ['COMMAND INFO get|key config|get|key get| |get', [null, null, null, null]],
    ['COMMAND INFO CONFIG|Get', [['config|get', -3, any, 0, 0, 0, any, any, any, any]]],
  ]),

  transcript('COMMAND INFO gives sets, also empty ones', [
    ['COMMAND INFO Strlen', [['strlen', 2, statuses('readonly', 'fast'), 1, 1, 1, any, set([]), set([any]), set([])]]],
    ['COMMAND INFO config|resetstat', [['config|resetstat', 2, any, 0, 0, 0, any, set([]), set([]), set([])]]],
  ]),

  transcript('COMMAND DOCS leaves out what does not exist or says nothing', [
    ['COMMAND DOCS nope', map([])],
    ['COMMAND DOCS nope EXPIRE', map([['expire', EXPIRE_DOCS]])],
  ]),

  transcript('COMMAND LIST filters by pattern and category in any case', [
    ['COMMAND LIST filterby PATTERN SET', ['set']],
    ['COMMAND LIST FILTERBY PATTERN config|*re*', sorted('config|resetstat', 'config|rewrite')],
    [
      'COMMAND LIST FILTERBY PATTERN config*',
      sorted('config', 'config|get', 'config|set', 'config|resetstat', 'config|rewrite', 'config|help'),
    ],
    ['COMMAND LIST FILTERBY aclcat Connection', naming('ping', 'client|list', 'command|docs')],
  ]),

  transcript('COMMAND LIST takes no word that merely happens to be known to the language', [
    ['COMMAND LIST FILTERBY constructor x', '-ERR syntax error'],
    ['COMMAND LIST FILTERBY __proto__ x', '-ERR syntax error'],
    ['DEBUG PROTOCOL constructor', /^-ERR Wrong protocol type name/],
    ['DEBUG constructor', /^-ERR unknown subcommand/i],
    ['CONFIG SET client-output-buffer-limit "constructor 0 0 0"', /^-ERR CONFIG SET failed/],
  ]),

  transcript('COMMAND GETKEYS takes repeated keys, odd pairs and options as they stand', [
    ['COMMAND GETKEYS mset k1 v1 k2', ['k1', 'k2']],
    ['COMMAND GETKEYS del a b a', ['a', 'b', 'a']],
    ['COMMAND GETKEYS lcs a b IDX', ['a', 'b']],
    ['COMMAND GETKEYS memory usage key', ['key']],
  ]),

  transcript('COMMAND GETKEYSANDFLAGS tells what this request does to each key', [
    ['COMMAND GETKEYSANDFLAGS set k v', [['k', statuses('OW', 'update')]]],
    ['COMMAND GETKEYSANDFLAGS set k v NX get', [['k', statuses('RW', 'access', 'update')]]],
    [
      'COMMAND GETKEYSANDFLAGS copy a b',
      [
        ['a', statuses('RO', 'access')],
        ['b', statuses('OW', 'update')],
      ],
    ],
  ]),

  transcript('COMMAND GETKEYS refuses what has no keys or is no request', [
    ['COMMAND GETKEYS nope key', '-ERR Invalid command specified'],
    ['COMMAND GETKEYS config nope', '-ERR Invalid command specified'],
    ['COMMAND GETKEYS ping x', '-ERR The command has no key arguments'],
    ['COMMAND GETKEYS config get x', '-ERR The command has no key arguments'],
    ['COMMAND GETKEYS get a b', '-ERR Invalid number of arguments specified for command'],
    ['COMMAND GETKEYSANDFLAGS mset a', '-ERR Invalid number of arguments specified for command'],
    ['COMMAND GETKEYSANDFLAGS get', "-ERR wrong number of arguments for 'command|getkeysandflags' command"],
  ]),
]
