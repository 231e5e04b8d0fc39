// The catalogue: shape of every text, and the functions against what Redis 7.0.15 answers.

import { describe, expect, test } from 'bun:test'
import * as errors from '../../src/resp/errors.ts'

const constants = Object.entries(errors).filter(([, value]) => value instanceof errors.CommandError) as [
  string,
  errors.CommandError,
][]

describe('the constants', () => {
  test('each is a code in capitals, a space, a sentence in one line', () => {
    expect(constants.length).toBeGreaterThan(100)
    for (const [name, error] of constants) expect(`${name}: ${error.reply}`).toMatch(/^\w+: [A-Z]+ [^\r\n]+[^ \r\n]$/)
  })

  test('no text stands there twice', () => {
    const replies = constants.map(([, error]) => error.reply)
    expect(replies.filter((reply, i) => replies.indexOf(reply) !== i)).toEqual([])
  })

  test('they cannot be changed', () => {
    expect(() => Object.assign(errors.WRONGTYPE, { reply: '' })).toThrow(TypeError)
  })

  test('the code is the first word', () => {
    expect(errors.WRONGTYPE.code).toBe('WRONGTYPE')
    expect(errors.SYNTAX.code).toBe('ERR')
  })
})

describe('unknown commands', () => {
  test('are quoted with the arguments they came with, each followed by a space', () => {
    expect(errors.unknownCommand('foo', ['a', 'b']).reply).toBe(
      "ERR unknown command 'foo', with args beginning with: 'a' 'b' ",
    )
    expect(errors.unknownCommand('foo', []).reply).toBe("ERR unknown command 'foo', with args beginning with: ")
  })

  test('show 128 bytes of the name', () => {
    expect(errors.unknownCommand('n'.repeat(300), []).reply).toContain(`'${'n'.repeat(128)}',`)
  })

  test('show arguments until 128 bytes are reached, quotes and spaces counted', () => {
    const shown = (args: string[]) => errors.unknownCommand('c', args).reply.split('with: ')[1]
    expect(shown(['a'.repeat(300), 'b'])).toBe(`'${'a'.repeat(128)}' `)
    expect(shown(['a'.repeat(100), 'b'.repeat(100), 'c'])).toBe(`'${'a'.repeat(100)}' '${'b'.repeat(25)}' `)
    expect(shown(['a'.repeat(124), 'b'.repeat(9), 'c'])).toBe(`'${'a'.repeat(124)}' '${'b'}' `)
    expect(shown(['a'.repeat(125), 'b'])).toBe(`'${'a'.repeat(125)}' `)
  })

  test('end a word at a NUL, as C does', () => {
    expect(errors.unknownCommand('fo\0o', ['a\0b']).reply).toBe(
      "ERR unknown command 'fo', with args beginning with: 'a' ",
    )
  })

  test('read no more arguments than they show', () => {
    let read = 0
    function* endless(): Generator<string> {
      for (;;) {
        read++
        yield 'x'
      }
    }
    errors.unknownCommand('c', endless())
    expect(read).toBe(32)
  })
})

test('texts with arguments are worded as in Redis', () => {
  const table: [errors.CommandError, string][] = [
    [errors.wrongArity('config|set'), "ERR wrong number of arguments for 'config|set' command"],
    [errors.unknownSubcommand('foo', 'client'), "ERR unknown subcommand 'foo'. Try CLIENT HELP."],
    [
      errors.subcommandSyntax('foo', 'debug'),
      "ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP.",
    ],
    [errors.invalidExpire('set'), "ERR invalid expire time in 'set' command"],
    [errors.notInRange(-1, 2n ** 63n - 1n), 'ERR value is out of range, value must between -1 and 9223372036854775807'],
    [errors.noPermission('acl|list'), "NOPERM this user has no permissions to run the 'acl|list' command"],
    [
      errors.transactionDiscarded(errors.OOM.reply),
      "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.",
    ],
    [
      errors.transactionDiscarded(errors.wrongArity('exec').reply),
      "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
    ],
    [
      errors.configSetFailed('maxmemory', 'argument must be a memory value'),
      "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value",
    ],
    [errors.configSetFailed('dir', ''), "ERR CONFIG SET failed (possibly related to argument 'dir')"],
    [
      errors.noSuchGroupToRead('s', 'g'),
      "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
    ],
    [errors.invalidPosition(181, -90.5), 'ERR invalid longitude,latitude pair 181.000000,-90.500000'],
  ]
  for (const [error, reply] of table) expect(error.reply).toBe(reply)
})
