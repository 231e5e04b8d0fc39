// Blocked clients as connections: what is left of them when they go, and what they send while they wait.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, Engine } from '../support/engine.ts'
import { bytesOf, request } from '../support/resp.ts'

let engine: Engine
let a: Client

beforeEach(() => {
  engine = new Engine()
  a = engine.connect()
})
afterEach(() => {
  expect(engine.bugs).toEqual([])
  engine[Symbol.dispose]()
})

/** A client whose request waits. */
function waiting(...words: readonly string[]): Client {
  const client = engine.connect()
  client.send(bytesOf(request(words)))
  expect(client.replies()).toEqual([])
  return client
}

const count = (): number => engine.server.clients.blocked.waiters.count
const observers = (): number => engine.server.keys.observers.length

describe('a client that goes while it waits', () => {
  test('leaves nothing behind and takes nothing', () => {
    const before = observers()
    const b = waiting('BLPOP', 'l', 'm', '5')
    const c = waiting('BLPOP', 'm', 'l', '0')
    expect(count()).toBe(2)
    b.leave()
    expect(a.call('RPUSH', 'l', 'x')).toBe(1)
    expect(c.replies()).toEqual([['l', 'x']])
    expect(count()).toBe(0)
    expect(observers()).toBe(before)
    engine.advance(10_000)
    expect(a.call('RPUSH', 'l', 'y')).toBe(1)
    expect(a.call('LLEN', 'l')).toBe(1)
  })

  test('is gone when it says that it sends no more', () => {
    const b = waiting('BLPOP', 'l', '0')
    b.finish()
    expect(count()).toBe(0)
    expect(b.closed).toBe(true)
  })

  test('may be sent away by CLIENT KILL', () => {
    const b = waiting('BLPOP', 'l', '0')
    expect(a.call('CLIENT', 'KILL', 'ID', '2')).toBe(1)
    expect(b.closed).toBe(true)
    expect(count()).toBe(0)
  })

  test('is closed with the server', () => {
    const b = waiting('BLPOP', 'l', '1000')
    engine.server.stop(0)
    expect(b.closed).toBe(true)
    expect(count()).toBe(0)
  })
})

describe('what a client sends while it waits', () => {
  test('is served when the wait is over, in its order, whether it came with the request or later', () => {
    const b = engine.connect()
    b.send(bytesOf(request(['BLPOP', 'l', '0']) + request(['SET', 'k', '1']) + request(['INCR', 'k'])))
    b.send(bytesOf(request(['INCR', 'k'])))
    for (const byte of bytesOf(request(['INCR', 'k']))) b.send(new Uint8Array([byte]))
    expect(b.replies()).toEqual([])
    expect(a.call('EXISTS', 'k')).toBe(0)
    expect(a.call('RPUSH', 'l', 'x')).toBe(1)
    expect(b.replies()).toEqual([['l', 'x'], { simple: 'OK' }, 2, 3, 4])
  })

  test('does not lie in the chunk that it came in', () => {
    const b = engine.connect()
    const chunk = bytesOf(request(['BLPOP', 'l', '0']) + request(['SET', 'k', 'value']) + request(['GET', 'k']))
    b.handleReused(chunk)
    a.call('RPUSH', 'l', 'x')
    expect(b.replies()).toEqual([['l', 'x'], { simple: 'OK' }, 'value'])
  })

  test('may make it wait again, and a mistake in it is told in its turn', () => {
    const b = engine.connect()
    b.send(bytesOf(`${request(['BLPOP', 'l', '0'])}${request(['BLPOP', 'm', '0'])}*x\r\n`))
    a.call('RPUSH', 'l', 'x')
    expect(b.replies()).toEqual([['l', 'x']])
    a.call('RPUSH', 'm', 'y')
    expect(b.replies()).toEqual([['m', 'y'], { error: 'ERR Protocol error: invalid multibulk length' }])
    expect(b.closed).toBe(true)
  })

  test('is bounded like any request', () => {
    const b = waiting('BLPOP', 'l', '0')
    a.call('CONFIG', 'SET', 'client-query-buffer-limit', '1048576')
    for (let i = 0; i < 20 && !b.closed; i++) b.send(new Uint8Array(100_000))
    expect(b.closed).toBe(true)
    expect(count()).toBe(0)
  })
})

test('within one chunk a waiter has its reply between those of the client that served it', () => {
  const b = waiting('BLPOP', 'l', '0')
  a.send(bytesOf(request(['SET', 'k', 'v']) + request(['RPUSH', 'l', 'x']) + request(['LLEN', 'l'])))
  expect(a.replies()).toEqual([{ simple: 'OK' }, 1, 0])
  expect(b.replies()).toEqual([['l', 'x']])
})

test('idle clients that wait are not closed', () => {
  a.call('CONFIG', 'SET', 'timeout', '5')
  const b = waiting('BLPOP', 'l', '0')
  engine.advance(60_000)
  engine.server.clients.tick()
  expect(b.closed).toBe(false)
  expect(a.closed).toBe(true)
})

test('a thousand waiters are served in their order', () => {
  const all = Array.from({ length: 1000 }, () => waiting('BLPOP', 'l', 'm', '100'))
  const first = all.map((_, i) => `${i}`)
  expect(a.call('RPUSH', 'l', ...first.slice(0, 500))).toBe(500)
  expect(a.call('RPUSH', 'm', ...first.slice(500))).toBe(500)
  expect(all.map(client => client.replies())).toEqual(first.map((x, i) => [[i < 500 ? 'l' : 'm', x]]))
})
