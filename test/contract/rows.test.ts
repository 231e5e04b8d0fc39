// What holds for every command, whatever it does: computed from its row and, where requests are needed, from the
// transcripts. A new command is covered as soon as it has a row and a transcript.

import { afterAll, describe, expect, test } from 'bun:test'
import type { KeySpec } from '../../src/commands/command.ts'
import { parseSyntax } from '../../src/commands/syntax.ts'
import type { TableRow } from '../../src/commands/table.ts'
import type { ChangeObserver } from '../../src/store/observers.ts'
import { Engine } from '../support/engine.ts'
import { wholeState } from '../support/recount.ts'
import { bytesOf, type Reply } from '../support/resp.ts'
import { keyWords, TABLE } from '../support/transcript.ts'
import { turns } from '../support/turns.ts'
import { TRANSCRIPTS } from '../transcripts/all.ts'

const scripts = Object.values(TRANSCRIPTS).flat()

/** The words that name a row: `['client', 'list']`. */
const nameWords = (row: TableRow): string[] => row.fullName.split('|')

/** A request for a row with so many words in all. */
const ofLength = (row: TableRow, count: number): string[] => [
  ...nameWords(row),
  ...Array.from({ length: Math.max(0, count - nameWords(row).length) }, () => 'x'),
]

const errorOf = (reply: Reply | undefined): string =>
  typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : ''

function arityError(row: TableRow): string {
  const error = `wrong number of arguments for '${row.fullName}' command`
  // An EXEC that cannot be read ends its transaction all the same.
  return row.name === 'exec' ? `EXECABORT Transaction discarded because of: ${error}` : `ERR ${error}`
}

describe('arity', () => {
  const engine = new Engine()
  const client = engine.connect()
  afterAll(() => engine[Symbol.dispose]())
  const least = (row: TableRow): number => Math.abs(row.arity)
  for (const row of TABLE.rows.filter(row => least(row) > nameWords(row).length)) {
    test(`${row.fullName} with a word too few is refused`, () => {
      expect(errorOf(client.call(...ofLength(row, least(row) - 1)))).toBe(arityError(row))
    })
  }
  for (const row of TABLE.rows.filter(({ arity }) => arity > 0)) {
    test(`${row.fullName} with a word too many is refused`, () => {
      expect(errorOf(client.call(...ofLength(row, least(row) + 1)))).toBe(arityError(row))
    })
  }
})

describe('names', () => {
  test('no two commands share a name', () => {
    const names = TABLE.commands.flatMap(({ row }) => [row.name, ...(row.aliases ?? [])])
    expect(names.length).toBe(new Set(names).size)
  })

  test('every name and alias is found in any case', () => {
    for (const row of TABLE.commands) {
      for (const name of [row.name, ...(row.row.aliases ?? [])]) {
        const mixed = [...name].map((c, i) => (i % 2 === 0 ? c.toUpperCase() : c)).join('')
        for (const text of [name, name.toUpperCase(), mixed]) {
          const bytes = bytesOf(text)
          expect(TABLE.lookup(bytes, 0, bytes.length)).toBe(row)
        }
      }
    }
  })

  test('a name with a byte more, a byte less or a bit turned is another one', () => {
    const names = new Set(TABLE.commands.flatMap(({ row }) => [row.name, ...(row.aliases ?? [])]))
    for (const name of names) {
      for (const text of [`${name}x`, name.slice(0, -1), `\x00${name}`, `${name}\x00`, name.replace(/./, '\x0e')]) {
        if (names.has(text)) continue
        const bytes = bytesOf(text)
        expect(TABLE.lookup(bytes, 0, bytes.length)).toBeUndefined()
      }
    }
  })

  test('every container refuses subcommands that it does not have and lists those that it has', () => {
    using engine = new Engine()
    const client = engine.connect()
    for (const row of TABLE.commands.filter(({ subcommands }) => subcommands !== undefined)) {
      const tried = client.call(row.name, 'nothing')
      expect(errorOf(tried)).toBe(`ERR unknown subcommand 'nothing'. Try ${row.name.toUpperCase()} HELP.`)
      const help = Bun.inspect(client.call(row.name, 'HELP'))
      for (const sub of row.subcommands ?? []) expect(help).toContain(sub.name.toUpperCase())
    }
  })
})

/** Shard channels have a key's place and are none. */
const isKey = (spec: KeySpec): boolean => !spec.flags.includes('not_key')

describe('rows', () => {
  test('every syntax can be read and every key has a place in it', () => {
    for (const row of TABLE.rows) {
      expect(() => parseSyntax(row.row.syntax)).not.toThrow()
      // Of PFMERGE, Redis takes one key alone, and says where the others would be.
      const words = Math.abs(row.arity) + (row.row.arity === undefined ? 0 : 1)
      for (const { at } of row.keys.filter(spec => spec.after === undefined && isKey(spec)))
        expect(at).toBeLessThan(words)
    }
  })

  test('every row says what it does in a sentence', () => {
    for (const { row } of TABLE.rows) expect(row.summary).toMatch(/^\S.*\.$/)
  })

  test('commands on keys are reads or writes, and those that take memory are refused when it is full', () => {
    for (const row of TABLE.rows.filter(({ keys }) => keys.some(isKey))) {
      // WATCH looks, but not for its reply.
      if (row.name !== 'watch') expect(row.row.effect).toMatch(/^(read|write)$/)
    }
    for (const { row } of TABLE.rows) if (row.flags.includes('denyoom')) expect(row.effect).toBe('write')
  })
})

/** Counts what the keyspace announces, removals by time apart: a key, or a hash with the last of its fields. */
class Listener implements ChangeObserver {
  changes = 0
  expired = 0
  private event = ''

  changed(_place: unknown, event: string): void {
    if (event === 'expired' || event === 'hexpired') this.expired++
    else if (event !== 'keymiss' && (event !== 'del' || this.event !== 'hexpired')) this.changes++
    this.event = event
  }

  flushed(): void {
    this.changes++
  }
}

/** Reads that keep in the value what they worked out, as in Redis: it means the same afterwards. */
const KEEPS_A_COUNT: readonly string[] = ['pfcount']
/** Leaves a small sorted set in the form of large ones, and tells nobody, as in Redis. */
const CHANGES_FORMS: readonly string[] = ['sort']

describe('changes', () => {
  for (const script of scripts) {
    test(`reads change nothing, writes announce what they change: ${script.name}`, () => {
      const listener = new Listener()
      const played = turns(script, {}, engine => engine.server.keys.observers.push(listener))
      for (const { engine, words, row, send } of played) {
        const { keys } = engine.server
        const before = { state: wholeState(keys), dirty: keys.dirty, ...listener }
        send()
        if (row === undefined || row.row.effect === 'server') continue
        const announced = listener.changes - before.changes
        const expired = listener.expired - before.expired
        const changed = !Bun.deepEquals(wholeState(keys), before.state)
        const what = words.join(' ').slice(0, 100)
        if (row.row.effect !== 'write' && announced > 0 && !KEEPS_A_COUNT.includes(row.name))
          throw new Error(`${what} announces a change`)
        if (changed && announced + expired === 0 && !CHANGES_FORMS.includes(row.name))
          throw new Error(`${what} changes in silence`)
        if (announced === 0 && keys.dirty !== before.dirty) throw new Error(`${what} counts as a change`)
        if (announced > 0 && row.name !== 'flushdb' && row.name !== 'flushall' && keys.dirty === before.dirty) {
          throw new Error(`${what} is not counted as a change`)
        }
      }
    })
  }
})

describe('gates', () => {
  const quiet = scripts.filter(({ settings }) => settings === undefined)

  test('above the limit every command that may take memory is refused, and no other', () => {
    for (const script of quiet) {
      for (const { words, row, send } of turns(script, { maxmemory: '1' })) {
        if (row === undefined || row.row.effect === 'server') continue
        const reply = errorOf(send())
        if (reply === arityError(row)) continue
        const refused = reply === "OOM command not allowed when used memory > 'maxmemory'."
        if (refused !== row.row.flags.includes('denyoom')) throw new Error(`${words.join(' ')}: ${reply}`)
      }
    }
  })

  test('without a login only the commands that need none run, and nothing changes', () => {
    for (const script of quiet) {
      for (const { words, row, send, engine } of turns(script, { requirepass: 'hidden' })) {
        const answer = send()
        if (row === undefined || answer === undefined || engine.config.requirepass !== 'hidden') continue
        const reply = errorOf(answer)
        if (reply === arityError(row) || /unknown subcommand|: unauthenticated /.test(reply)) continue
        if ((reply === 'NOAUTH Authentication required.') === row.row.flags.includes('no_auth')) {
          throw new Error(`${words.join(' ')}: ${reply}`)
        }
        expect(wholeState(engine.server.keys)).toEqual([])
      }
    }
  })
})

test('the words that are keys are the ones that end up as keys', () => {
  expect(keyWords(['MSET', 'a', '1', 'b', '2'])).toEqual([1, 3])
  expect(keyWords(['DEL', 'a', 'b'])).toEqual([1, 2])
  expect(keyWords(['RENAME', 'a', 'b'])).toEqual([1, 2])
  expect(keyWords(['OBJECT', 'ENCODING', 'a'])).toEqual([2])
  expect(keyWords(['LCS', 'a', 'b', 'LEN'])).toEqual([1, 2])
})
