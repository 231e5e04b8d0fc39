// MONITOR: which commands are shown, in what form and order, and to whom. Recorded from Redis 7.0.15 where it has an answer.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Namespace } from '../../src/store/namespace.ts'
import { type Client, Engine } from '../support/engine.ts'
import { bytesOf, type Reply, request } from '../support/resp.ts'

let engine: Engine
let monitor: Client
let a: Client

beforeEach(() => {
  engine = new Engine()
  a = engine.connect()
  monitor = engine.connect()
  monitor.call('MONITOR')
})
afterEach(() => {
  expect(engine.bugs).toEqual([])
  engine[Symbol.dispose]()
})

/** What came to a monitor, without the moments. */
function lines(client = monitor): string[] {
  return client.replies().map(reply => {
    if (reply === null || typeof reply !== 'object' || !('simple' in reply)) return Bun.inspect(reply)
    return reply.simple.replace(/^\d{10}\.\d{6} /, '').replace(/127\.0\.0\.1:\d+/, 'ADDRESS')
  })
}

const shown = (...words: string[]): string => `[0 ADDRESS] ${words.map(word => `"${word}"`).join(' ')}`
const simple = (text: string): Reply => ({ simple: text })

function bind(client: Client, name: string): void {
  const id = client.call('CLIENT', 'ID')
  const session = engine.server.clients.list().find(view => view.session.id === id)?.session
  if (session !== undefined) session.namespace = new Namespace(name, engine.server.keys)
}

describe('what is shown', () => {
  test('the words as they came, quoted as on the command line', () => {
    a.call('sEt', 'k "1"', 'a\\b\x00\r\n\t\xff')
    expect(lines()).toEqual(['[0 ADDRESS] "sEt" "k \\"1\\"" "a\\\\b\\x00\\r\\n\\t\\xff"'])
  })

  test('moment, database after the command, and address', () => {
    a.call('SELECT', '3')
    const [line] = monitor.replies() as { simple: string }[]
    expect(line?.simple).toMatch(/^\d{10}\.\d{6} \[3 127\.0\.0\.1:\d+\] "SELECT" "3"$/)
  })

  test('a client of a unix socket by its path', () => {
    const list = engine.server.clients.list()
    for (const { session } of list) if (!session.isMonitor) Object.assign(session, { address: '/tmp/kvns.sock:0' })
    a.call('PING')
    expect(lines()).toEqual(['[0 unix:/tmp/kvns.sock] "PING"'])
  })

  test('administration is not, nor what is refused before it runs; what fails is', () => {
    for (const words of [
      ['CONFIG', 'GET', 'port'],
      ['CLIENT', 'LIST'],
      ['SLOWLOG', 'LEN'],
      ['DEBUG', 'SLEEP', '0'],
    ]) {
      a.call(...words)
    }
    a.call('GET')
    a.call('NOSUCH')
    a.call('SET', 'k', 'v')
    a.call('LPUSH', 'k', 'v')
    a.call('CLIENT', 'GETNAME')
    expect(lines()).toEqual([shown('SET', 'k', 'v'), shown('LPUSH', 'k', 'v'), shown('CLIENT', 'GETNAME')])
  })

  test('passwords are not, also of requests that fail', () => {
    a.call('AUTH', 'secret')
    a.call('AUTH', 'me', 'secret')
    a.call('AUTH', 'a', 'secret', 'word')
    a.call('HELLO', '2', 'AUTH', 'me', 'secret', 'SETNAME', 'auth')
    a.call('HELLO', '2', 'SETNAME', 'auth', 'auth', 'secret')
    expect(lines()).toEqual([
      shown('AUTH', '(redacted)'),
      shown('AUTH', '(redacted)', '(redacted)'),
      shown('AUTH', '(redacted)', '(redacted)', '(redacted)'),
      shown('HELLO', '2', 'AUTH', '(redacted)', '(redacted)', 'SETNAME', 'auth'),
      shown('HELLO', '2', 'SETNAME', 'auth', 'auth', '(redacted)'),
    ])
  })

  test('a transaction when it runs, between MULTI and EXEC', () => {
    for (const words of [['MULTI'], ['SET', 'k', 'v'], ['BLPOP', 'none', '0'], ['EXEC']]) a.call(...words)
    expect(lines()).toEqual([shown('MULTI'), shown('SET', 'k', 'v'), shown('BLPOP', 'none', '0'), shown('EXEC')])
    for (const words of [['MULTI'], ['NOSUCH'], ['EXEC']]) a.call(...words)
    expect(lines()).toEqual([shown('MULTI'), shown('EXEC')])
    for (const words of [['MULTI'], ['EXEC', 'x']]) a.call(...words)
    expect(lines()).toEqual([shown('MULTI'), shown('EXEC', 'x')])
  })

  test('a command that waits when it came, and not again when it is served', () => {
    a.send(bytesOf(request(['BLPOP', 'l', '0'])))
    expect(lines()).toEqual([shown('BLPOP', 'l', '0')])
    engine.connect().call('RPUSH', 'l', 'x')
    expect(lines()).toEqual([shown('RPUSH', 'l', 'x')])
    expect(a.replies()).toEqual([['l', 'x']])
  })

  test('very many words are cut, and say so', () => {
    a.call('DEL', ...Array.from({ length: 100_000 }, () => 'k'))
    const [line] = lines()
    expect(line).toMatch(/^\[0 ADDRESS\] "DEL" ("k" ){60000,}"\.\.\. \(\d+ more arguments\)"$/)
  })

  test('very long words are cut, and say so', () => {
    a.call('SET', 'k', 'x'.repeat(300 << 10))
    const [line] = lines()
    expect(line).toMatch(/^\[0 ADDRESS\] "SET" "k" "x{262000,262144}\.\.\. \(\d+ more bytes\)"$/)
  })
})

describe('a monitor', () => {
  test('is told OK once; its own commands are shown behind their replies, in RESP3 as in RESP2', () => {
    monitor.send(bytesOf(request(['MONITOR'])))
    expect(monitor.replies()).toEqual([])
    monitor.send(bytesOf(request(['PING'])))
    expect(lines()).toEqual(['PONG', shown('PING')])
    monitor.send(bytesOf(request(['HELLO', '3'])))
    expect(lines().at(-1)).toBe(shown('HELLO', '3'))
    a.call('PING')
    expect(lines()).toEqual([shown('PING')])
  })

  test('may not use keys, and queues no such command', () => {
    const refused = { error: "ERR Replica can't interact with the keyspace" }
    for (const words of [['GET', 'k'], ['SET', 'k', 'v'], ['FLUSHALL'], ['PUBLISH', 'c', 'm']]) {
      expect(monitor.call(...words)).toEqual(refused)
    }
    monitor.call('MULTI')
    expect(monitor.replies()).toHaveLength(1)
    expect(monitor.call('GET', 'k')).toEqual(refused)
    expect(Bun.inspect(monitor.call('EXEC'))).toContain('EXECABORT')
  })

  test('has the flag O, and is of the type normal', () => {
    expect(Bun.inspect(a.call('CLIENT', 'LIST', 'TYPE', 'NORMAL'))).toMatch(/ flags=O .* cmd=monitor /)
  })

  test('cannot be made in a transaction', () => {
    for (const words of [['MULTI'], ['MONITOR']]) a.call(...words)
    expect(a.call('EXEC')).toEqual([{ error: "ERR MONITOR isn't allowed for DENY BLOCKING client" }])
  })

  test('is one no more after RESET, QUIT or CLIENT KILL, and then nobody looks at commands', () => {
    const { onlookers } = engine.server.dispatcher
    expect(onlookers).toHaveLength(1)
    expect(monitor.call('RESET')).toEqual(simple('RESET'))
    expect(onlookers).toHaveLength(0)
    monitor.call('SET', 'k', 'v')
    expect(monitor.replies()).toEqual([])
    monitor.call('MONITOR')
    monitor.call('QUIT')
    expect(onlookers).toHaveLength(0)
    const other = engine.connect()
    const id = other.call('CLIENT', 'ID')
    other.call('MONITOR')
    a.call('CLIENT', 'KILL', 'ID', String(id))
    expect(other.closed).toBe(true)
    expect(onlookers).toHaveLength(0)
  })

  test('is not disconnected for being idle', () => {
    a.call('CONFIG', 'SET', 'timeout', '1')
    engine.advance(5000)
    engine.server.clients.tick()
    expect([monitor.closed, a.closed]).toEqual([false, true])
  })

  test('that silences its replies gets no lines', () => {
    monitor.send(bytesOf(request(['CLIENT', 'REPLY', 'OFF'])))
    a.call('PING')
    expect(monitor.replies()).toEqual([])
  })

  test('bound to a namespace sees the commands of its namespace only', () => {
    const b = engine.connect()
    bind(b, 'mine')
    const bound = engine.connect()
    bind(bound, 'mine')
    bound.call('MONITOR')
    lines()
    a.call('PING')
    b.call('ECHO', 'x')
    expect(lines()).toEqual([shown('PING'), shown('ECHO', 'x')])
    expect(lines(bound)).toEqual([shown('ECHO', 'x')])
  })
})
