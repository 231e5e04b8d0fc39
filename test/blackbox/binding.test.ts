// Programs that share one server without knowing: each is bound to a namespace by the user name that it logs in with.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { RedisClient } from 'bun'
import { Redis } from 'ioredis'
import { type OurServer, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

let server: OurServer
beforeAll(async () => {
  server = await startServer({ env: { KVNS_REQUIREPASS: 'secret', KVNS_NAMESPACE_FROM_USER: 'yes' } })
})
afterAll(() => server.stop())

const url = (user: string, db = 0): string => `redis://${user}:secret@127.0.0.1:${server.port}/${db}`

test('ioredis: twenty workers with the same keys, queues and channels keep apart, and flush what is theirs', async () => {
  const outside = new Redis(url('default'))
  await outside.set('count', 'outside')
  const work = async (name: string): Promise<void> => {
    const client = new Redis(url(name))
    const waiting = new Redis(url(name))
    const heard: string[] = []
    waiting.on('message', (_channel, text) => heard.push(text))
    const popped = waiting.blpop('jobs', 0)
    for (let i = 0; i < 50; i++) await client.incr('count')
    await client.rpush('jobs', `of ${name}`)
    expect(await popped).toEqual(['jobs', `of ${name}`])
    await waiting.subscribe('done')
    expect(await client.publish('done', name)).toBe(1)
    await waiting.ping()
    expect(heard).toEqual([name])
    expect(await client.get('count')).toBe('50')
    expect(await client.keys('*')).toEqual(['count'])
    expect(await client.dbsize()).toBe(1)
    await client.flushall()
    expect(await client.dbsize()).toBe(0)
    client.disconnect()
    waiting.disconnect()
  }
  await Promise.all(Array.from({ length: 20 }, (_, i) => work(`w${i}`)))
  expect(await outside.keys('*')).toEqual(['count'])
  outside.disconnect()
})

test('ioredis: a connection that is lost comes back to its namespace, database and subscriptions', async () => {
  const outside = new Redis(url('default'))
  const client = new Redis(url('again', 2))
  client.on('error', () => undefined)
  await client.set('k', '1')
  await outside.call('CLIENT', 'KILL', 'ID', String(await client.client('ID')))
  expect(await client.get('k')).toBe('1')
  expect(await client.call('CLIENT', 'NAMESPACE')).toBe('again')
  await outside.select(2)
  expect(await outside.get('again/k')).toBe('1')
  client.disconnect()
  outside.disconnect()
})

test('ioredis: a transaction, a watch and CLIENT NAMESPACE by hand', async () => {
  const [a, b] = [new Redis(url('default')), new Redis(url('default'))]
  expect(await a.call('CLIENT', 'NAMESPACE', 'by-hand')).toBe('OK')
  await a.watch('k')
  await b.set('k', 'not this one')
  expect(await a.multi().set('k', 'mine').get('k').exec()).toEqual([
    [null, 'OK'],
    [null, 'mine'],
  ])
  await a.watch('k')
  await b.set('by-hand/k', 'this one')
  expect(await a.multi().get('k').exec()).toBeNull()
  expect(String(await a.client('LIST'))).not.toContain(`id=${await b.client('ID')} `)
  a.disconnect()
  b.disconnect()
})

test('Bun.RedisClient: the user of the URL is the namespace', async () => {
  const [one, two] = [new RedisClient(url('bun-1')), new RedisClient(url('bun-2'))]
  try {
    await one.set('k', '1')
    expect(await two.get('k')).toBeNull()
    expect(await two.send('KEYS', ['*'])).toEqual([])
    expect(await one.send('MULTI', [])).toBe('OK')
    expect(await one.incr('k')).toBe('QUEUED' as unknown as number)
    expect(await one.send('EXEC', [])).toEqual([2])
    expect(await one.send('INFO', ['keyspace'])).toContain('db0:keys=1,')
  } finally {
    one.close()
    two.close()
  }
})

test('Bun.RedisClient: messages stay in the namespace', async () => {
  const [listener, speaker, stranger] = [
    new RedisClient(url('talk')),
    new RedisClient(url('talk')),
    new RedisClient(url('x')),
  ]
  try {
    const heard = Promise.withResolvers<string>()
    await listener.subscribe('news', text => heard.resolve(text))
    expect(await stranger.publish('news', 'not for you')).toBe(0)
    expect(await speaker.publish('news', 'hello')).toBe(1)
    expect(await heard.promise).toBe('hello')
  } finally {
    for (const client of [listener, speaker, stranger]) client.close()
  }
})
