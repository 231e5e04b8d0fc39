// Clients that send nonsense: whatever the bytes, the server answers with whole replies, closes the connection at the worst,
// and never meets a bug of its own.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { bytesOf, request } from '../support/resp.ts'
import { readStep } from '../support/transcript.ts'
import { TRANSCRIPTS } from '../transcripts/all.ts'

/** Requests to begin with. Those that stop the server or its clients, open ports or take long are left out. */
const REQUESTS: readonly string[] = Object.values(TRANSCRIPTS)
  .flat()
  .flatMap(script => script.steps.map(readStep))
  .flatMap(action => (typeof action !== 'string' && 'words' in action ? [action.words] : []))
  .filter(words => !/^(shutdown|config|debug|save|bgsave|bgrewriteaof|client pause)\b/i.test(words.join(' ')))
  .filter(words => words.join('').length < 500)
  .map(request)

/** No command may take much: the limits are the smallest that can be set. */
const SMALL = { maxmemory: '20mb', 'proto-max-bulk-len': '1mb', 'enable-debug-command': 'no' }

type Change = readonly [kind: number, at: number, byte: number]

/** Bytes turned, left out, doubled and put in, at places between 0 and 1. */
function mutated(bytes: Uint8Array, changes: readonly Change[]): Uint8Array {
  let text = Buffer.from(bytes).toString('latin1')
  for (const [kind, at, byte] of changes) {
    const i = Math.floor(at * text.length)
    const c = String.fromCharCode(byte)
    const [before, here, after] = [text.slice(0, i), text.slice(i, i + 1), text.slice(i + 1)]
    text = before + [c, '', here + here, c + here][kind % 4] + after
  }
  return bytesOf(text)
}

function withstands(chunks: readonly Uint8Array[]): void {
  using engine = new Engine(SMALL)
  const client = engine.connect()
  for (const chunk of chunks) client.send(chunk)
  client.replies()
  expect(engine.bugs).toEqual([])
  expect(engine.server.bugs).toBe(0)
  if (client.closed) expect(client.reader.left).toBe('')
  recount(engine.server.keys)
  expect(engine.connect().call('ECHO', 'still here')).toBe('still here')
}

const change = fc.tuple(fc.nat(3), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255))

describe('the server withstands', () => {
  test('random bytes', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), withstands), { numRuns: 200 })
  })

  test('random lines', () => {
    const line = fc.stringMatching(/^[ -~]{0,40}\r?\n$/).map(bytesOf)
    fc.assert(fc.property(fc.array(line, { maxLength: 10 }), withstands), { numRuns: 200 })
  })

  test('requests with bytes turned, lost, doubled and put in', () => {
    const requests = fc.array(fc.constantFrom(...REQUESTS), { minLength: 1, maxLength: 12 })
    const run = (all: readonly string[], changes: readonly Change[], pieceBytes: number): void => {
      const bytes = mutated(bytesOf(all.join('')), changes)
      const chunks: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += pieceBytes) chunks.push(bytes.subarray(at, at + pieceBytes))
      withstands(chunks)
    }
    fc.assert(fc.property(requests, fc.array(change, { maxLength: 4 }), fc.constantFrom(3, 50, 5000), run), {
      numRuns: 500,
    })
  })

  test('commands with words that are not theirs', () => {
    const names = [...new Set(REQUESTS.map(text => text.split('\r\n')[2] ?? ''))]
    const word = fc.oneof(
      fc.constantFrom('k', 'ns/k', '', '0', '-1', '9223372036854775807', '-9223372036854775808', '1e400', 'nan'),
      fc.constantFrom(
        'EX',
        'PX',
        'NX',
        'GET',
        'KEEPTTL',
        'MATCH',
        'COUNT',
        'TYPE',
        'ID',
        'DB',
        'REPLACE',
        'LEN',
        'IDX',
      ),
      fc.uint8Array({ maxLength: 8 }).map(bytes => Buffer.from(bytes).toString('latin1')),
    )
    const words = fc.tuple(fc.constantFrom(...names), fc.array(word, { maxLength: 6 }))
    const run = (all: readonly (readonly [string, readonly string[]])[]): void =>
      withstands(all.map(([name, rest]) => bytesOf(request([name, ...rest]))))
    fc.assert(fc.property(fc.array(words, { maxLength: 30 }), run), { numRuns: 300 })
  })
})
