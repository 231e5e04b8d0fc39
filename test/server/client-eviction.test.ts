// maxmemory-clients: the largest clients go when all together take too much.

import { describe, expect, test } from 'bun:test'
import { type Client, Engine } from '../support/engine.ts'
import { bytesOf } from '../support/resp.ts'

/** Sends the beginning of a request, so that so many bytes of it wait. */
function fill(client: Client, bytes: number): void {
  client.send(bytesOf(`*2\r\n$${bytes}\r\n${'v'.repeat(bytes)}`))
}

function field(engine: Engine, id: number, name: string): string {
  const { server } = engine
  const view = server.clients.list().find(v => v.session.id === id)
  return view === undefined ? '' : String(Reflect.get(view, name))
}

function clients(engine: Engine, sizes: readonly number[]): Client[] {
  return sizes.map(size => {
    const client = engine.connect()
    fill(client, size)
    return client
  })
}

describe('maxmemory-clients', () => {
  test('the largest are closed, until all together take less', () => {
    using engine = new Engine()
    const all = clients(engine, [100_000, 900_000, 300_000, 30_000])
    const admin = engine.connect()
    expect(admin.call('CONFIG', 'SET', 'maxmemory-clients', '450000')).toEqual({ simple: 'OK' })
    expect(all.map(client => client.closed)).toEqual([false, true, false, false])
    admin.call('CONFIG', 'SET', 'maxmemory-clients', '140000')
    expect(all.map(client => client.closed)).toEqual([false, true, true, false])
    expect(String(admin.call('INFO', 'stats'))).toContain('evicted_clients:2\r\n')
    expect(engine.bugs).toEqual([])
  })

  test('those with CLIENT NO-EVICT stay, and count', () => {
    using engine = new Engine({ 'maxmemory-clients': '1mb' })
    const [large, small] = [engine.connect(), engine.connect()]
    large.call('CLIENT', 'NO-EVICT', 'on')
    fill(large, 2 << 20)
    expect([large.closed, small.closed]).toEqual([false, true])
    large.send(bytesOf(`\r\n$1\r\nx\r\n`))
    expect(large.replies()).toHaveLength(1)
    expect(engine.connect().call('PING')).toEqual({ simple: 'PONG' })
  })

  test('what grows meanwhile counts: a transaction, watched keys, subscriptions, what a blocked client sends', () => {
    const growths: readonly ((client: Client) => void)[] = [
      client => client.send(bytesOf(`MULTI\r\n${`SET k ${'v'.repeat(1000)}\r\n`.repeat(400)}`)),
      client => client.send(bytesOf(Array.from({ length: 400 }, (_, i) => `WATCH key${i}\r\n`).join(''))),
      client => client.send(bytesOf(Array.from({ length: 500 }, (_, i) => `PSUBSCRIBE p${i}\r\n`).join(''))),
      client => client.send(bytesOf(`BLPOP k 0\r\n${`SET k ${'v'.repeat(1000)}\r\n`.repeat(400)}`)),
    ]
    for (const grow of growths) {
      using engine = new Engine({ 'maxmemory-clients': '200000' })
      const [client, other] = [engine.connect(), engine.connect()]
      other.call('PING')
      grow(client)
      expect([client.closed, other.closed]).toEqual([true, false])
      expect(other.call('PING')).toEqual({ simple: 'PONG' })
      expect(engine.bugs).toEqual([])
    }
  })

  test('without a limit nobody is closed, and what goes again is not counted', () => {
    using engine = new Engine()
    const [client] = clients(engine, [4 << 20])
    expect(client?.closed).toBe(false)
    engine.connect().call('CONFIG', 'SET', 'maxmemory-clients', '50%')
    expect(client?.closed).toBe(false)
    client?.send(bytesOf('\r\n$1\r\nx\r\n'))
    expect(Number(field(engine, 1, 'totalBytes'))).toBeLessThan(5000)
    engine.connect().call('CONFIG', 'SET', 'maxmemory-clients', '1mb')
    expect(client?.closed).toBe(false)
  })
})

describe('CLIENT LIST tells', () => {
  test('of a request that has not arrived whole the bytes behind its last word, and the room behind them', () => {
    using engine = new Engine()
    const client = engine.connect()
    client.send(bytesOf(`*3\r\n$3\r\nSET\r\n$5\r\nabcde\r\n$1000\r\n${'v'.repeat(600)}`))
    const numbers = ['queryBytes', 'queryFreeBytes', 'argumentBytes'].map(name => Number(field(engine, 1, name)))
    expect(numbers[0]).toBe(600)
    expect(numbers[1]).toBeLessThanOrEqual(1002)
    expect(numbers[2]).toBe(8)
  })

  test('of replies of the same turn that they wait', () => {
    using engine = new Engine()
    const client = engine.connect()
    client.send(bytesOf('ECHO hello\r\nCLIENT INFO\r\n'))
    expect(String(client.replies()[1])).toMatch(/ obl=11 oll=0 omem=0 /)
  })

  test('how many keys a client watches', () => {
    using engine = new Engine()
    const client = engine.connect()
    client.send(bytesOf('WATCH a b a\r\nCLIENT INFO\r\n'))
    expect(String(client.replies()[1])).toMatch(/ watch=2 /)
  })
})
