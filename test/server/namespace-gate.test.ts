// Quotas beside the server's own limit, and what clients that are bound to a namespace may do to others.

import { expect, test } from 'bun:test'
import { Namespace } from '../../src/store/namespace.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import type { Reply } from '../support/resp.ts'

const MIB = 1 << 20

/** The text of an error; '' for any other reply. */
function refusal(reply: Reply): string {
  return typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : ''
}

/** Writes values of 1 KiB until one is refused; returns how many went in, and why the last did not. */
function fill(client: Client, prefix: string, most: number): readonly [count: number, why: string] {
  for (let i = 0; i < most; i++) {
    const why = refusal(client.call('SET', `${prefix}${i}`, 'v'.repeat(1024)))
    if (why !== '') return [i, why]
  }
  return [most, '']
}

test('a quota takes memory from nobody, and what is being freed makes room below the limit only', () => {
  using engine = new Engine()
  const { keys } = engine.server
  const client = engine.connect()
  client.call('SET', 'stays', '1')
  client.call('SELECT', '1')
  fill(client, 'b/', 4000)
  client.call('NS', 'SET', 'a', 'quota', '2mb')
  // Full: only what FLUSHDB leaves to be freed is room.
  keys.limitBytes = keys.allocatedBytes()
  expect(fill(client, 'b/more', 10)[1]).toContain("used memory > 'maxmemory'.")
  client.call('FLUSHDB')
  const [count, why] = fill(client, 'a/', 4000)
  expect(why).toBe("OOM command not allowed when used memory > 'maxmemory' of namespace 'a'.")
  expect(count).toBeGreaterThan(1700)
  expect(count).toBeLessThan(2000)
  expect(fill(client, 'b/', 500)).toEqual([500, ''])
  while (keys.onPressure());
  recount(keys)
  expect(engine.bugs).toEqual([])
})

test('where the limit of the server is the tighter one, its own error is answered', () => {
  using engine = new Engine()
  const { keys } = engine.server
  const client = engine.connect()
  client.call('NS', 'SET', 'a', 'quota', '100mb')
  keys.limitBytes = keys.allocatedBytes() + MIB
  expect(fill(client, 'a/', 2000)[1]).toBe("OOM command not allowed when used memory > 'maxmemory'.")
  const { limitBytes, onPressure } = keys
  client.call('NS', 'SET', 'a', 'quota', '1kb')
  client.call('SET', 'a/x', '1')
  expect([keys.limitBytes === limitBytes, keys.onPressure === onPressure]).toEqual([true, true])
})

test('a client that is bound to a namespace has to do with that one only', () => {
  using engine = new Engine()
  const { server } = engine
  const free = engine.connect()
  free.call('MSET', 'a/1', '1', 'b/1', '1')
  const bound = engine.connect()
  for (const { session } of server.clients.list()) {
    if (session.commands === 0) session.namespace = new Namespace('a', server.keys)
  }
  expect(bound.call('NS', 'LIST')).toEqual(['a'])
  expect(JSON.stringify(bound.call('NS', 'INFO'))).toContain('"name","a","keys",1')
  for (const words of [
    ['INFO', 'b'],
    ['SET', 'b', 'quota', '1mb'],
    ['FREEZE', 'b'],
    ['THAW', 'b'],
    ['DROP', 'b'],
    ['COPY', 'a', 'b'],
    ['COPY', 'b', 'a'],
    ['SWAP', 'a', 'b'],
  ]) {
    expect(refusal(bound.call('NS', ...words))).toBe("NOPERM this client is bound to namespace 'a'")
  }
  expect(free.call('NS', 'LIST', 'b')).toEqual(['b'])
  expect(bound.call('NS', 'DROP', 'a')).toBe(1)
})
