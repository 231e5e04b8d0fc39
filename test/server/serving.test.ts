// What one client's chunk does and does not do to the replies, to later requests and to the time of everybody else.

import { describe, expect, test } from 'bun:test'
import { type Client, Engine } from '../support/engine.ts'
import { bytesOf, request } from '../support/resp.ts'

const OK = { simple: 'OK' }
const GARBAGE = '*1\r\n!\r\n'

test('what is wrong behind a QUIT in the same chunk is never looked at', () => {
  using engine = new Engine()
  const client = engine.connect()
  client.send(bytesOf(`${request(['PING'])}${request(['QUIT'])}${GARBAGE}`))
  expect(client.replies()).toEqual([{ simple: 'PONG' }, OK])
  expect(client.closed).toBe(true)
})

test('a client that kills itself gets no protocol error for what stands behind', () => {
  using engine = new Engine()
  const client = engine.connect()
  client.send(bytesOf(`${request(['CLIENT', 'KILL', 'ID', '1', 'SKIPME', 'no'])}${GARBAGE}`))
  expect(client.replies()).toEqual([1])
})

test('a cursor of a million digits is refused at once', () => {
  using engine = new Engine()
  const client = engine.connect()
  const start = performance.now()
  for (let i = 0; i < 20; i++) {
    expect(client.call('SCAN', '9'.repeat(1_000_000))).toEqual({ error: 'ERR invalid cursor' })
  }
  expect(performance.now() - start).toBeLessThan(5000)
})

test('a cursor may have a sign and leading zeroes; one that was never given out stands for the end', () => {
  using engine = new Engine()
  const client = engine.connect()
  client.call('SET', 'k', 'v')
  for (const start of ['0', '+0', '-0', '0'.repeat(30), '']) expect(client.call('SCAN', start)).toEqual(['0', ['k']])
  for (const end of ['-1', '18446744073709551615', '9007199254740992']) {
    expect(client.call('SCAN', end)).toEqual(['0', []])
  }
  for (const bad of ['-', '+', '--1', '1 ', ' 1', '18446744073709551616', '-18446744073709551616', '1'.repeat(21)]) {
    expect(client.call('SCAN', bad)).toEqual({ error: 'ERR invalid cursor' })
  }
})

test('the latest deadline there is reads back as an int64', () => {
  using engine = new Engine()
  const client = engine.connect()
  client.call('SET', 'k', 'v')
  expect(client.call('PEXPIREAT', 'k', '9223372036854775807')).toBe(1)
  client.send(bytesOf(request(['PEXPIRETIME', 'k'])))
  expect(client.replies().map(String)).toEqual(['9223372036854775807'])
})

test('a client that half-closes in the turn of its last request still gets the replies', () => {
  using engine = new Engine()
  const { clients } = engine.server
  const handler = clients.handler('tcp')
  const events: string[] = []
  const socket = {
    data: undefined,
    remoteAddress: '127.0.0.1',
    localAddress: '127.0.0.1',
    write: (bytes: Uint8Array, from: number, count: number) => {
      events.push(Buffer.from(bytes.subarray(from, from + count)).toString('latin1'))
      return count
    },
    end: () => events.push('end'),
    setKeepAlive: () => true,
  } as unknown as Parameters<NonNullable<typeof handler.data>>[0]
  handler.open?.(socket)
  handler.data?.(socket, Buffer.from('PING\r\n'))
  handler.end?.(socket)
  expect(events).toEqual([])
  clients.endTurn()
  expect(events).toEqual(['+PONG\r\n', 'end'])
})

describe('memory of a chunk that was read', () => {
  const PINGS = request(['PING']).repeat(2000)
  const read = (client: Client, text: string): Uint8Array<ArrayBuffer> => {
    const chunk = new Uint8Array(bytesOf(text))
    client.read(chunk)
    return chunk
  }

  test('is freed at once when all of its requests have run, also when one is cut at its end', () => {
    using engine = new Engine()
    const client = engine.connect()
    expect(read(client, PINGS).buffer.detached).toBe(true)
    const cut = request(['SET', 'k', 'value'])
    expect(read(client, PINGS + cut.slice(0, 20)).buffer.detached).toBe(true)
    client.send(bytesOf(cut.slice(20)))
    expect(client.replies().length).toBe(4001)
    expect(client.call('GET', 'k')).toBe('value')
  })

  test('stays while a request in it waits, and what stands behind that is answered later', () => {
    using engine = new Engine()
    const client = engine.connect()
    expect(read(client, request(['BLPOP', 'l', '0']) + PINGS).buffer.detached).toBe(false)
    engine.connect().call('RPUSH', 'l', 'x')
    expect(client.replies().length).toBe(2001)
  })
})
