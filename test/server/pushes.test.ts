// What reaches a client that is no reply of its own: in which order, to whom, and how much of it is kept.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, Engine } from '../support/engine.ts'
import { bytesOf, type Reply, ReplyReader, request } from '../support/resp.ts'

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

/** The requests in one chunk. */
const chunk = (...requests: readonly string[]): Uint8Array =>
  bytesOf(requests.map(one => request(one.split(' '))).join(''))

/** A client that speaks RESP3 and listens to a channel. */
function listener(channel: string): Client {
  const client = engine.connect()
  client.send(chunk('HELLO 3', `SUBSCRIBE ${channel}`))
  expect(client.replies()).toHaveLength(2)
  return client
}

const message = (channel: string, text: string): Reply => ({ push: ['message', channel, text] }) as unknown as Reply

describe('a client that waits and listens', () => {
  test('hears of what its own request does, and nobody else gets that', () => {
    a.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA')
    const b = engine.connect()
    b.send(chunk('BLPOP l 0'))
    const c = listener('__keyevent@0__:lpop')
    c.send(chunk('RPUSH l x', 'PING'))
    expect(b.replies()).toEqual([['l', 'x']])
    expect(c.replies()).toEqual([1, message('__keyevent@0__:lpop', 'l'), { simple: 'PONG' }])
  })

  test('gets messages that were sent before its wait ended before the reply', () => {
    const b = listener('news')
    b.send(chunk('BLPOP l 0'))
    a.send(chunk('PUBLISH news first', 'RPUSH l x', 'PUBLISH news second'))
    expect(b.replies()).toEqual([message('news', 'first'), ['l', 'x'], message('news', 'second')])
  })

  test('gets them before the reply of a timeout too', () => {
    const b = listener('news')
    b.send(chunk('BLPOP l 1'))
    a.send(chunk('PUBLISH news first', `CLIENT UNBLOCK 2`))
    expect(b.replies()).toEqual([message('news', 'first'), null])
  })
})

describe.each(['OFF', 'SKIP'])('CLIENT REPLY %s', mode => {
  test('covers the reply of a request that waits', () => {
    const b = engine.connect()
    b.send(chunk(`CLIENT REPLY ${mode}`, 'BLPOP l 0'))
    expect(a.call('RPUSH', 'l', 'x')).toBe(1)
    b.send(chunk('CLIENT REPLY ON'))
    expect(b.replies()).toEqual([{ simple: 'OK' }])
    expect(a.call('EXISTS', 'l')).toBe(0)
  })
})

test('CLIENT REPLY ON is answered even where the reply was to be skipped', () => {
  a.send(chunk('CLIENT REPLY SKIP', 'CLIENT REPLY ON', 'PING'))
  expect(a.replies()).toEqual([{ simple: 'OK' }, { simple: 'PONG' }])
})

test('no message comes inside a reply', () => {
  a.call('CONFIG', 'SET', 'notify-keyspace-events', 'Em')
  const b = listener('__keyevent@0__:keymiss')
  b.send(chunk('SUBSCRIBE news', 'MULTI', 'PUBLISH news x', 'PING', 'EXEC', 'MGET k l'))
  const miss = (key: string): Reply => message('__keyevent@0__:keymiss', key)
  expect(b.replies().slice(-5)).toEqual([
    [1, { simple: 'PONG' }],
    message('news', 'x'),
    [null, null],
    miss('k'),
    miss('l'),
  ])
})

test('CLIENT UNBLOCK ends a wait once', () => {
  const b = engine.connect()
  b.send(chunk('BLPOP l 0'))
  a.send(chunk('MULTI', 'CLIENT UNBLOCK 2', 'CLIENT UNBLOCK 2 ERROR', 'EXEC'))
  expect(a.replies().at(-1)).toEqual([1, 0])
  expect(b.replies()).toEqual([null])
})

test('idle clients that listen are not closed', () => {
  a.call('CONFIG', 'SET', 'timeout', '5')
  const b = listener('news')
  engine.advance(60_000)
  engine.server.clients.tick()
  expect(b.closed).toBe(false)
  expect(a.closed).toBe(true)
})

/** A client whose socket takes what `room` says, and tells which buffers it was given. */
class Slow {
  readonly reader = new ReplyReader()
  readonly given: Uint8Array[] = []
  writes = 0
  room = 0
  closed = false
  private readonly handler = engine.server.clients.handler('tcp')
  private readonly socket: Parameters<NonNullable<typeof this.handler.data>>[0]

  constructor() {
    const close = (): void => {
      this.closed = true
      this.handler.close?.(this.socket)
    }
    this.socket = {
      data: undefined,
      remoteAddress: '127.0.0.1',
      localAddress: '127.0.0.1',
      write: (bytes: Uint8Array, from: number, count: number) => {
        this.writes++
        this.given.push(bytes)
        const taken = Math.min(count, this.room)
        this.room -= taken
        this.reader.feed(bytes.subarray(from, from + taken))
        return taken
      },
      end: close,
      close,
      pause: () => undefined,
      resume: () => undefined,
      setKeepAlive: () => true,
    } as unknown as typeof this.socket
    this.handler.open?.(this.socket)
  }

  send(bytes: Uint8Array): void {
    this.handler.data?.(this.socket, Buffer.from(bytes))
    engine.server.clients.endTurn()
  }

  drain(room: number): void {
    this.room = room
    this.handler.drain?.(this.socket)
  }

  get kept(): number {
    return this.socket.data.queuedBytes
  }
}

function slow(): Slow {
  const client = new Slow()
  client.room = 1000
  client.send(chunk('SUBSCRIBE news'))
  client.reader.next()
  return client
}

describe('a subscriber that does not read', () => {
  test('holds no copy of a message, whatever part of it the socket has taken', () => {
    const all = [slow(), slow(), slow()]
    for (const [i, one] of all.entries()) one.room = 10 * i
    expect(a.call('PUBLISH', 'news', 'x'.repeat(100_000))).toBe(3)
    for (const one of all) one.drain(20)
    expect(new Set(all.map(one => one.given.at(-1)?.buffer)).size).toBe(1)
    for (const one of all) one.drain(200_000)
    for (const one of all) expect(one.reader.next()).toEqual(['message', 'news', 'x'.repeat(100_000)])
  })

  test('holds no copies of short messages that were to be sent together', () => {
    const all = [slow(), slow()]
    for (const one of all) one.room = 50
    a.send(chunk('PUBLISH news one', 'PUBLISH news two', 'PUBLISH news three'))
    for (const one of all) {
      one.drain(one.kept - 10)
      one.drain(1)
    }
    expect(new Set(all.map(one => one.given.at(-1)?.buffer)).size).toBe(1)
    for (const one of all) one.drain(1000)
    for (const one of all) {
      for (const text of ['one', 'two', 'three']) expect(one.reader.next()).toEqual(['message', 'news', text])
      expect(one.kept).toBe(0)
    }
  })

  test('gets many short messages in few writes when it reads again', () => {
    const one = slow()
    one.room = 0
    for (let i = 0; i < 100; i++) a.send(chunk(...Array.from({ length: 100 }, (_, j) => `PUBLISH news ${100 * i + j}`)))
    one.writes = 0
    one.drain(1 << 30)
    expect(one.writes).toBeLessThan(20)
    for (let i = 0; i < 10_000; i++) expect(one.reader.next()).toEqual(['message', 'news', String(i)])
  })

  test('that never reads keeps no more than the limit, and nothing once it is cut', () => {
    const one = slow()
    one.room = 0
    a.call('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1000000 300000 10')
    let most = 0
    const publish = (): void => {
      a.send(chunk(...Array.from({ length: 100 }, (_, i) => `PUBLISH news ${i}`)))
      most = Math.max(most, one.kept)
    }
    for (let i = 0; i < 90; i++) publish()
    expect([one.closed, most > 300_000]).toEqual([false, true])
    engine.server.clients.tick()
    engine.advance(11_000)
    engine.server.clients.tick()
    expect([one.closed, one.kept]).toEqual([true, 0])
    const other = slow()
    other.room = 0
    for (let i = 0; i < 1000 && !other.closed; i++) publish()
    expect([other.closed, other.kept]).toEqual([true, 0])
  })

  test('is cut at the hard limit, within one request too, and others go on', () => {
    const one = slow()
    const b = listener('other')
    const text = 'x'.repeat(100_000)
    for (let i = 0; i < 20; i++) one.send(chunk(`PSUBSCRIBE ${'n*'.padEnd(2 + i, '*')}`))
    a.call('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1000000 0 0')
    a.send(chunk('MULTI', `PUBLISH news ${text}`, `PUBLISH news ${text}`, 'PUBLISH other x', 'PING', 'EXEC'))
    expect(one.closed).toBe(true)
    expect(b.replies()).toEqual([message('other', 'x')])
    expect(a.replies().at(-1)).toEqual([21, 21, 1, { simple: 'PONG' }])
    expect(a.call('PUBLISH', 'news', 'x')).toBe(0)
  })
})
