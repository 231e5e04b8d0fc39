// CLIENT LIST, INFO, KILL, PAUSE and UNBLOCK of clients that are bound to namespaces.

import { expect, test } from 'bun:test'
import { Namespace } from '../../src/store/namespace.ts'
import { type Client, Engine } from '../support/engine.ts'

function bound(engine: Engine, name: string): Client {
  const client = engine.connect()
  const { server } = engine
  const newest = server.clients.list().at(-1)?.session
  if (newest !== undefined) newest.namespace = new Namespace(name, server.keys)
  return client
}

const idsOf = (reply: unknown): string[] => [...String(reply).matchAll(/^id=(\d+) /gm)].map(match => match[1] ?? '')

test('a bound client lists, kills and unblocks those of its namespace only', () => {
  using engine = new Engine()
  const [admin, a1, a2, b] = [engine.connect(), bound(engine, 'a'), bound(engine, 'a'), bound(engine, 'b')]
  expect(idsOf(admin.call('CLIENT', 'LIST'))).toEqual(['1', '2', '3', '4'])
  expect(idsOf(a1.call('CLIENT', 'LIST'))).toEqual(['2', '3'])
  expect(idsOf(a1.call('CLIENT', 'LIST', 'ID', '1', '3', '4'))).toEqual(['3'])
  expect(idsOf(b.call('CLIENT', 'INFO'))).toEqual(['4'])
  expect(b.call('CLIENT', 'KILL', 'ID', '2', '3', '4')).toBe(0)
  expect(a1.call('CLIENT', 'KILL', 'TYPE', 'normal')).toBe(1)
  expect([admin.closed, a1.closed, a2.closed, b.closed]).toEqual([false, false, true, false])
})

test('a bound client that pauses holds its namespace only', () => {
  using engine = new Engine()
  const [admin, a, b] = [engine.connect(), bound(engine, 'a'), bound(engine, 'b')]
  a.call('CLIENT', 'PAUSE', '100000')
  a.send(Buffer.from('SET k v\r\n'))
  expect(a.replies()).toEqual([])
  expect([admin, b].map(client => client.call('SET', 'k', 'w'))).toEqual([{ simple: 'OK' }, { simple: 'OK' }])
  b.call('CLIENT', 'UNPAUSE')
  expect(a.replies()).toEqual([])
  admin.call('CLIENT', 'UNPAUSE')
  expect(a.replies()).toEqual([{ simple: 'OK' }])
})
