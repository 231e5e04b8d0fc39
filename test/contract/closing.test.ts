// How connections end: who closes them, what is still answered, and what is not run any more.

import { describe, expect, test } from 'bun:test'
import { Engine } from '../support/engine.ts'
import { bytesOf, type Reply, request } from '../support/resp.ts'

const OK: Reply = { simple: 'OK' }

function sendAll(engine: Engine, ...requests: readonly (readonly string[])[]) {
  const client = engine.connect()
  client.send(bytesOf(requests.map(request).join('')))
  return client
}

describe('a connection ends', () => {
  test('with QUIT, after the replies so far, and nothing behind it is run', () => {
    using engine = new Engine()
    const client = sendAll(engine, ['SET', 'k', 'v'], ['QUIT'], ['SET', 'k', 'w'])
    expect(client.replies()).toEqual([OK, OK])
    expect(client.closed).toBe(true)
    expect(engine.connect().call('GET', 'k')).toBe('v')
  })

  test('with CLIENT KILL of itself, after its reply', () => {
    using engine = new Engine()
    const client = sendAll(engine, ['CLIENT', 'KILL', 'ID', '1', 'SKIPME', 'no'], ['SET', 'k', 'v'])
    expect(client.replies()).toEqual([1])
    expect(client.closed).toBe(true)
    expect(engine.connect().call('GET', 'k')).toBeNull()
  })

  test('with CLIENT KILL of another, at once', () => {
    using engine = new Engine()
    const [victim, killer] = [engine.connect(), engine.connect()]
    const address = /addr=(\S+)/.exec(String(victim.call('CLIENT', 'INFO')))?.[1] ?? ''
    expect(killer.call('CLIENT', 'KILL', address)).toEqual(OK)
    expect([victim.closed, killer.closed]).toEqual([true, false])
    expect(String(killer.call('CLIENT', 'LIST')).trim().split('\n')).toHaveLength(1)
  })

  test('with a protocol error, after the replies to what was right before it', () => {
    using engine = new Engine()
    const client = engine.connect()
    client.send(bytesOf(`${request(['SET', 'k', 'v'])}*1\r\n!\r\n${request(['SET', 'k', 'w'])}`))
    expect(client.replies()).toEqual([OK, { error: "ERR Protocol error: expected '$', got '!'" }])
    expect(client.closed).toBe(true)
    expect(engine.connect().call('GET', 'k')).toBe('v')
  })

  test('with SHUTDOWN, for everybody and without a reply', () => {
    using engine = new Engine()
    const codes: number[] = []
    engine.server.onStopped = code => codes.push(code)
    const [one, two] = [engine.connect(), engine.connect()]
    one.send(bytesOf(request(['SHUTDOWN', 'NOSAVE'])))
    expect(codes).toEqual([0])
    expect(one.replies()).toEqual([])
    expect([one.closed, two.closed]).toEqual([true, true])
  })

  test('before it begins when there are too many', () => {
    using engine = new Engine({ maxclients: '2' })
    const [, , third] = [engine.connect(), engine.connect(), engine.connect()]
    expect(third.replies()).toEqual([{ error: 'ERR max number of clients reached' }])
    expect(third.closed).toBe(true)
  })

  test('after timeout seconds without a request', () => {
    using engine = new Engine({ timeout: '10' })
    const [idle, busy] = [engine.connect(), engine.connect()]
    engine.clock.advance(9000)
    busy.call('PING')
    engine.clock.advance(2000)
    engine.server.clients.tick()
    expect([idle.closed, busy.closed]).toEqual([true, false])
  })

  test('and is forgotten', () => {
    using engine = new Engine()
    for (let i = 0; i < 100; i++) engine.connect().call('QUIT')
    expect(engine.server.clients.count).toBe(0)
  })
})
