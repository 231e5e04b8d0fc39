// Client-side caching as RESP3 clients meet it: who hears of what, when, and what is left behind.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Client, Engine } from '../support/engine.ts'
import { bytesOf, type Push, type Reply, request } from '../support/resp.ts'

let engine: Engine
let a: Client
let writer: Client

/** A client that speaks RESP3. */
function connect(): Client {
  const client = engine.connect()
  client.send(bytesOf(request(['HELLO', '3'])))
  expect(client.replies()).toHaveLength(1)
  return client
}

beforeEach(() => {
  engine = new Engine()
  a = connect()
  writer = connect()
})
afterEach(() => {
  expect(engine.bugs).toEqual([])
  engine[Symbol.dispose]()
})

/** The requests in one chunk; returns all that has arrived then. */
function say(client: Client, ...requests: readonly string[]): Reply[] {
  client.send(bytesOf(requests.map(one => request(one.split(' '))).join('')))
  return client.replies()
}

const OK = { simple: 'OK' }
const invalidate = (...names: readonly string[]): Push => ({ push: ['invalidate', names] })
const EVERYTHING: Push = { push: ['invalidate', null] }
const stat = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(String(textOf(writer)))?.[1])
const textOf = (client: Client): string => (client.call('INFO') as unknown as { verbatim: string }).verbatim
describe('a key that was read', () => {
  beforeEach(() => void say(a, 'CLIENT TRACKING ON'))

  test('is told once, when somebody changes it', () => {
    say(a, 'GET k', 'GET other')
    say(writer, 'SET k 1', 'SET k 2')
    expect(a.replies()).toEqual([invalidate('k')])
    say(writer, 'SET k 3')
    expect(a.replies()).toEqual([])
  })

  test('counts whatever the command answered, and in any command that reads', () => {
    say(writer, 'LPUSH list x')
    say(a, 'GET list', 'MGET m n', 'ZUNION 2 y z', 'OBJECT ENCODING o', 'EXISTS e', 'XREAD')
    say(writer, 'LPUSH list y', 'SET n 1', 'ZADD z 1 m', 'SET o 1', 'SET e 1')
    expect(a.replies()).toEqual(['list', 'n', 'z', 'o', 'e'].map(name => invalidate(name)))
  })

  test('does not count when a command has written it', () => {
    say(a, 'SET k 1', 'GETDEL k', 'APPEND k x')
    say(writer, 'SET k 2')
    expect(a.replies()).toEqual([])
  })

  test('is told behind the reply of the own command that changed it, and before the next', () => {
    say(writer, 'HSET h f 1')
    expect(say(a, 'HGET h f', 'HDEL h f', 'PING')).toEqual(['1', 1, invalidate('h'), { simple: 'PONG' }])
  })

  test('is told behind the replies of a transaction', () => {
    expect(say(a, 'GET k', 'MULTI', 'INCR k', 'GET other', 'EXEC', 'PING').slice(-3)).toEqual([
      [1, null],
      invalidate('k'),
      { simple: 'PONG' },
    ])
    say(writer, 'SET other x')
    expect(a.replies()).toEqual([invalidate('other')])
  })

  test('is told when it expires, met by a command or not', () => {
    say(writer, 'MSET x 1 y 2', 'PEXPIRE y 100', 'SET z 1 PX 100')
    say(a, 'GET y', 'GET z')
    engine.advance(101)
    expect(say(a, 'MGET x y')).toEqual([['1', null], invalidate('y')])
    engine.sweep()
    engine.server.clients.endTurn()
    expect(a.replies()).toEqual([invalidate('z')])
  })

  test('is told in whatever database it changes, as in Redis', () => {
    say(a, 'GET k')
    say(writer, 'SELECT 3', 'SET k 1')
    expect(a.replies()).toEqual([invalidate('k')])
  })

  test('is told to a client that takes no replies', () => {
    say(a, 'GET k', 'CLIENT REPLY OFF')
    say(writer, 'SET k 1')
    expect(a.replies()).toEqual([invalidate('k')])
    expect(say(a, 'GET k', 'SET k 2', 'CLIENT REPLY ON')).toEqual([invalidate('k'), OK])
  })

  test('is told behind the reply to a wait that ends and changes it', () => {
    say(writer, 'RPUSH to a')
    say(a, 'LRANGE to 0 -1', 'BLMOVE from to LEFT LEFT 0')
    say(writer, 'RPUSH from x')
    expect(a.replies()).toEqual(['x', invalidate('to')])
  })

  test('counts when a wait has read it only in the end', () => {
    say(a, 'BZPOPMIN z 0')
    expect(stat('tracking_total_keys')).toBe(0)
  })

  test('does not count as changed when it is missed', () => {
    say(writer, 'CONFIG SET notify-keyspace-events KEmn')
    say(a, 'GET k')
    say(writer, 'GET k')
    expect(a.replies()).toEqual([])
  })

  test.each(['FLUSHALL', 'FLUSHDB', 'FLUSHALL ASYNC'])('goes with all others: %s', flush => {
    say(a, 'GET k')
    say(writer, flush, 'SET k 1')
    expect(a.replies()).toEqual([EVERYTHING])
    expect(say(a, 'MULTI', flush, 'EXEC').slice(-2)).toEqual([[OK], EVERYTHING])
  })
})

describe('options', () => {
  test('NOLOOP: own changes are not told', () => {
    say(a, 'CLIENT TRACKING ON NOLOOP', 'MGET k l')
    expect(say(a, 'SET k 1')).toEqual([OK])
    say(writer, 'SET k 1', 'SET l 1')
    expect(a.replies()).toEqual([invalidate('l')])
  })

  test('OPTIN: only what CLIENT CACHING YES comes before, be it a transaction', () => {
    say(a, 'CLIENT TRACKING ON OPTIN', 'GET a', 'CLIENT CACHING YES', 'GET b', 'GET c')
    say(a, 'CLIENT CACHING YES', 'MULTI', 'GET d', 'GET e', 'EXEC', 'GET f')
    say(writer, ...['a', 'b', 'c', 'd', 'e', 'f'].map(key => `SET ${key} 1`))
    expect(a.replies()).toEqual(['b', 'd', 'e'].map(name => invalidate(name)))
  })

  test('OPTOUT: all but what CLIENT CACHING NO comes before', () => {
    say(a, 'CLIENT TRACKING ON OPTOUT', 'GET a', 'CLIENT CACHING NO', 'GET b', 'GET c')
    say(writer, 'SET a 1', 'SET b 1', 'SET c 1')
    expect(a.replies()).toEqual([invalidate('a'), invalidate('c')])
  })

  test('BCAST: one message for each prefix when the turn ends, with each key once', () => {
    say(a, 'CLIENT TRACKING ON BCAST PREFIX b: PREFIX a:')
    say(writer, 'SET b:2 x', 'SET a:1 x', 'SET c:1 x', 'SET b:1 x', 'DEL b:2')
    expect(a.replies()).toEqual([invalidate('a:1'), invalidate('b:1', 'b:2')])
    expect(say(a, 'SET a:1 y', 'PING')).toEqual([OK, { simple: 'PONG' }, invalidate('a:1')])
  })

  test('BCAST NOLOOP: what the client changed last is left out, what expired is not', () => {
    say(a, 'CLIENT TRACKING ON BCAST NOLOOP')
    expect(say(a, 'SET k 1')).toEqual([OK])
    say(a, 'SET k 1 PX 1')
    engine.advance(2)
    say(writer, 'GET k')
    expect(a.replies()).toEqual([invalidate('k')])
    say(writer, 'SET l 1')
    expect(a.replies()).toEqual([invalidate('l')])
  })

  test('BCAST: a chunk that changes very many keys does not make one message of them', () => {
    say(a, 'CLIENT TRACKING ON BCAST')
    say(writer, `MSET ${Array.from({ length: 25_000 }, (_, i) => `k${i} x`).join(' ')}`)
    const told = a.replies() as Push[]
    const counts = told.map(({ push }) => (push[1] as string[]).length)
    expect(counts.reduce((a, b) => a + b)).toBe(25_000)
    expect(counts.length).toBe(2)
  })

  test('after other modes BCAST tells nothing of what was read before', () => {
    say(a, 'CLIENT TRACKING ON', 'GET k', 'CLIENT TRACKING OFF', 'CLIENT TRACKING ON BCAST PREFIX x')
    say(writer, 'SET k 1')
    expect(a.replies()).toEqual([])
  })

  test('a client may have a thousand prefixes and no more', () => {
    const prefixes = (n: number): string => Array.from({ length: n }, (_, i) => `PREFIX ${i + 10_000}`).join(' ')
    expect(say(a, `CLIENT TRACKING ON BCAST ${prefixes(1025)}`)).toEqual([
      { error: 'ERR A client can track at most 1024 prefixes of 1048576 bytes together' },
    ])
    expect(say(a, `CLIENT TRACKING ON BCAST PREFIX ${'x'.repeat((1 << 20) + 1)}`)[0]).toHaveProperty('error')
    expect(say(a, `CLIENT TRACKING ON BCAST ${prefixes(1024)}`)).toEqual([OK])
  })
})

describe('redirection', () => {
  let id: number
  let b: Client

  beforeEach(() => {
    b = connect()
    id = b.call('CLIENT', 'ID') as number
    say(a, `CLIENT TRACKING ON REDIRECT ${id}`, 'GET k')
  })

  test('another client hears, in its own protocol', () => {
    say(writer, 'SET k 1')
    expect([a.replies(), b.replies()]).toEqual([[], [invalidate('k')]])
    say(b, 'HELLO 2', 'SUBSCRIBE news')
    say(a, 'GET k')
    say(writer, 'SET k 1')
    expect(b.replies()).toEqual([['message', '__redis__:invalidate', ['k']]])
    say(b, 'UNSUBSCRIBE')
    say(a, 'GET k')
    say(writer, 'SET k 1', 'FLUSHALL')
    expect(b.replies()).toEqual([])
  })

  test('is seen in CLIENT LIST', () => {
    expect(Bun.inspect(a.call('CLIENT', 'INFO'))).toMatch(new RegExp(`flags=t .*redir=${id} `))
  })

  test('to one that is gone is told to the client itself, each time', () => {
    b.leave()
    say(writer, 'SET k 1')
    expect(a.replies()).toEqual([{ push: ['tracking-redir-broken', id] }])
    expect(Bun.inspect(a.call('CLIENT', 'INFO'))).toContain('flags=tR ')
    expect(Bun.inspect(a.call('CLIENT', 'TRACKINGINFO'))).toContain('broken_redirect')
    say(a, 'CLIENT TRACKING ON')
    expect(Bun.inspect(a.call('CLIENT', 'INFO'))).toContain('flags=t ')
  })
})

describe('the table', () => {
  test('keeps to tracking-table-max-keys and tells what it gives up', () => {
    say(a, 'CLIENT TRACKING ON', `MGET ${Array.from({ length: 250 }, (_, i) => `k${i}`).join(' ')}`)
    expect(stat('tracking_total_keys')).toBe(250)
    say(writer, 'CONFIG SET tracking-table-max-keys 1')
    for (let i = 0; i < 3; i++) engine.server.tracking.tick()
    engine.server.clients.endTurn()
    expect(a.replies()).toHaveLength(249)
    expect(stat('tracking_total_keys')).toBe(1)
    say(a, 'GET x')
    expect(a.replies()).toEqual([])
    expect(stat('tracking_total_items')).toBe(1)
  })

  test('gives up keys, and tells, where its memory ends', () => {
    using small = new Engine({ maxmemory: String(4 << 20), 'tracking-table-max-keys': '0' })
    const client = small.connect()
    client.call('HELLO', '3')
    client.call('CLIENT', 'TRACKING', 'ON')
    const long = 'k'.repeat(100_000)
    for (let i = 0; i < 60; i++) client.call('GET', long + i)
    expect(small.server.tracking.trackedKeys).toBeLessThan(45)
    expect(client.call('PING')).toMatchObject({ push: ['invalidate', [expect.any(String)]] })
    expect(small.bugs).toEqual([])
  })

  test('forgets clients that are gone', () => {
    const b = connect()
    say(a, 'CLIENT TRACKING ON', 'MGET k l')
    say(b, 'CLIENT TRACKING ON', 'MGET l m n')
    expect([stat('tracking_total_keys'), stat('tracking_total_items')]).toEqual([4, 5])
    b.leave()
    engine.server.tracking.tick()
    expect([stat('tracking_total_keys'), stat('tracking_total_items')]).toEqual([2, 2])
    say(writer, 'SET l 1')
    expect(a.replies()).toEqual([invalidate('l')])
  })

  test.each(['CLIENT TRACKING OFF', 'RESET', 'QUIT'])('and nobody listens any more when the last one is: %s', end => {
    const b = connect()
    const { keys, dispatcher } = engine.server
    say(a, 'CLIENT TRACKING ON', 'GET k')
    say(b, 'CLIENT TRACKING ON BCAST PREFIX x PREFIX y')
    expect([keys.observers.length, dispatcher.onlookers.length]).toEqual([1, 1])
    expect(stat('tracking_clients')).toBe(2)
    expect(stat('tracking_total_prefixes')).toBe(2)
    say(a, end)
    expect([keys.observers.length, dispatcher.onlookers.length]).toEqual([1, 0])
    expect(stat('tracking_total_keys')).toBe(0)
    say(b, end)
    expect([keys.observers.length, stat('tracking_clients'), stat('tracking_total_prefixes')]).toEqual([0, 0, 0])
  })
})

describe('namespaces', () => {
  test('an unbound client hears of names by which it can address the keys', () => {
    say(a, 'CLIENT TRACKING ON', 'MGET ns/k default/l default/a/b')
    say(writer, 'SET ns/k 1', 'SET l 1', 'SET default/a/b 1', 'SET other/k 1')
    expect(a.replies()).toEqual([invalidate('ns/k'), invalidate('l'), invalidate('default/a/b')])
  })

  const bound = (name: string): Client => {
    const client = connect()
    expect(say(client, `CLIENT NAMESPACE ${name}`)).toEqual([OK])
    return client
  }

  test.each(['ns', 'default'])('one that is bound to %s hears of its own keys only, by its own names', name => {
    say(a, 'CLIENT TRACKING ON BCAST PREFIX user:')
    const b = bound(name)
    const c = bound(name)
    say(b, 'CLIENT TRACKING ON BCAST PREFIX user:')
    say(c, 'CLIENT TRACKING ON', 'MGET user:1 a/b else/user:2')
    say(writer, `SET ${name}/user:1 x`, 'SET else/user:2 x', 'SET user x', `SET ${name}/a/b x`)
    expect(b.replies()).toEqual([invalidate('user:1')])
    expect(c.replies()).toEqual([invalidate('user:1'), invalidate('a/b')])
    expect(a.replies()).toEqual(name === 'default' ? [invalidate('user:1')] : [])
    say(c, 'SET user:3 x')
    expect(b.replies()).toEqual([invalidate('user:3')])
  })

  test.each(['FLUSHDB', 'FLUSHALL'])(
    'a flush of one namespace is told to its own and to those who see all: %s',
    flush => {
      const b = bound('ours')
      const c = bound('theirs')
      for (const client of [a, b, c]) say(client, 'CLIENT TRACKING ON', 'GET k')
      expect(say(bound('ours'), flush)).toEqual([OK])
      expect([a.replies(), b.replies(), c.replies()]).toEqual([[EVERYTHING], [EVERYTHING], []])
      say(writer, 'SET theirs/k 1', 'FLUSHALL')
      expect([a.replies(), b.replies(), c.replies()]).toEqual([
        [EVERYTHING],
        [EVERYTHING],
        [invalidate('k'), EVERYTHING],
      ])
    },
  )

  test('nobody redirects into a namespace that is not his', () => {
    const id = bound('ns').call('CLIENT', 'ID')
    const none = { error: 'ERR The client ID you want redirect to does not exist' }
    expect(say(a, `CLIENT TRACKING ON REDIRECT ${id}`)).toEqual([none])
    expect(say(bound('other'), `CLIENT TRACKING ON REDIRECT ${id}`)).toEqual([none])
    expect(say(bound('ns'), `CLIENT TRACKING ON REDIRECT ${id}`)).toEqual([OK])
  })

  test('who tracks stays where he is', () => {
    say(a, 'CLIENT TRACKING ON')
    expect(say(a, 'CLIENT NAMESPACE ns')).toEqual([
      { error: 'ERR The namespace cannot be changed while the client tracks keys' },
    ])
    expect(say(a, 'CLIENT TRACKING OFF', 'CLIENT NAMESPACE ns')).toEqual([OK, OK])
  })
})
