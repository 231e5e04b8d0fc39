// MEMORY: what the memory of the server and of its keys is used for.

import { OK, verbatim, where } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const NOT_INTEGER = '-ERR value is not an integer or out of range'
const wrongWords = (name: string) => `-ERR wrong number of arguments for '${name}' command`

/** MEMORY STATS as names and values: a map in RESP3, a flat array in RESP2. */
function factsOf(reply: unknown): unknown[] {
  if (Array.isArray(reply)) return reply
  return (reply as { map: unknown[][] }).map.flat()
}

const stats = (rule: string, holds: (facts: Map<unknown, unknown>, names: unknown[]) => boolean) =>
  where(rule, reply => {
    const facts = factsOf(reply)
    const names = facts.filter((_, i) => i % 2 === 0)
    return holds(new Map(names.map((name, i) => [name, facts[2 * i + 1]])), names)
  })

export const memory: readonly Transcript[] = [
  transcript('MEMORY USAGE counts key and value', [
    ['MEMORY USAGE missing', null],
    ['SET k v', OK],
    ['MEMORY USAGE k', where('small', n => typeof n === 'number' && n > 0 && n < 100)],
    [`SET k ${'x'.repeat(10_000)}`, OK],
    ['MEMORY USAGE k SAMPLES 5', where('more than the value', n => typeof n === 'number' && n > 10_000 && n < 14_000)],
    ['MEMORY USAGE k SAMPLES', '-ERR syntax error'],
    ['MEMORY USAGE k SAMPLES -1', '-ERR syntax error'],
    ['MEMORY USAGE k SAMPLES x', NOT_INTEGER],
    ['MEMORY USAGE k NOPE 1', '-ERR syntax error'],
  ]),
  transcript(
    'MEMORY STATS counts keys and tells of each database that has some',
    [
      ['MEMORY STATS', stats('no keys', facts => facts.get('keys.count') === 0 && !facts.has('db.0'))],
      ['MSET a 1 ns/b 2', OK],
      ['SELECT 3', OK],
      ['SET c 3 EX 100', OK],
      [
        'MEMORY STATS',
        stats('three keys', (facts, names) => {
          const of3 = factsOf(facts.get('db.3'))
          const isAfter = names.indexOf('db.0') === names.indexOf('functions.caches') + 1
          return facts.get('keys.count') === 3 && isAfter && of3[0] === 'overhead.hashtable.main' && Number(of3[3]) > 0
        }),
      ],
      ['MEMORY STATS now', wrongWords('memory|stats')],
    ],
    { modes: ['RESP2', 'RESP3', 'in pieces', 'as lines'] },
  ),
  transcript('MEMORY gives advice, tells how arenas are filled, and gives back what is free', [
    ['MEMORY DOCTOR', verbatim('txt', /holds next to nothing/)],
    ['MEMORY MALLOC-STATS', verbatim('txt', /^arena 0: allocated \d+ /)],
    ['SET k v', OK],
    ['MEMORY PURGE', OK],
    ['GET k', 'v'],
    ['MEMORY PURGE now', wrongWords('memory|purge')],
  ]),
  transcript('MEMORY lists its subcommands', [
    ['MEMORY HELP', where('starts with MEMORY', r => Array.isArray(r) && Bun.inspect(r[0]).includes('MEMORY <sub'))],
    ['memory', wrongWords('memory')],
    ['MEMORY nope', "-ERR unknown subcommand 'nope'. Try MEMORY HELP."],
  ]),
]
