// ioredis, as applications use it, over RESP2 and RESP3.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Redis } from 'ioredis'
import { type OurServer, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

let server: OurServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

describe.each([2, 3] as const)('ioredis, RESP%d', protocol => {
  let client: Redis
  beforeAll(() => {
    client = new Redis({ host: '127.0.0.1', port: server.port, protocol, connectionName: `test-${protocol}` })
  })
  afterAll(async () => {
    expect(await client.quit()).toBe('OK')
  })

  test('the connection has the name and the protocol asked for', async () => {
    expect(await client.client('GETNAME')).toBe(`test-${protocol}`)
    expect(String(await client.client('INFO'))).toContain(`resp=${protocol}`)
  })

  test('strings, numbers, expiries and missing keys come back as JavaScript values', async () => {
    await client.flushall()
    expect(await client.set('app/a', 'grüße', 'EX', 100)).toBe('OK')
    expect(await client.get('app/a')).toBe('grüße')
    expect(await client.ttl('app/a')).toBeGreaterThan(98)
    expect(await client.get('app/none')).toBeNull()
    expect(await client.set('app/a', 'x', 'NX')).toBeNull()
    expect(await client.incrby('n', 41)).toBe(41)
    expect(await client.incrbyfloat('n', 0.5)).toBe('41.5')
    expect(await client.mget('app/a', 'none', 'n')).toEqual(['grüße', null, '41.5'])
    expect(await client.exists('app/a', 'n', 'none')).toBe(2)
    expect(await client.del('app/a', 'n')).toBe(2)
  })

  test('buffers come back byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await client.set(bytes, bytes)
    expect(await client.getBuffer(bytes)).toEqual(bytes)
    await client.set('big', Buffer.alloc(3_000_000, 7))
    expect(await client.strlen('big')).toBe(3_000_000)
    expect((await client.getBuffer('big'))?.every(byte => byte === 7)).toBe(true)
  })

  test('errors reject with the text of the server', async () => {
    await client.set('text', 'x')
    await expect(client.incr('text')).rejects.toThrow('ERR value is not an integer or out of range')
    await expect(client.call('NOSUCH', 'a')).rejects.toThrow(
      "ERR unknown command 'NOSUCH', with args beginning with: 'a' ",
    )
  })

  test('a pipeline of 10,000 commands answers in order', async () => {
    const pipeline = client.pipeline()
    for (let i = 0; i < 5000; i++) pipeline.set(`p:${i}`, i).get(`p:${i}`)
    const replies = (await pipeline.exec()) ?? []
    expect(replies).toHaveLength(10_000)
    for (let i = 0; i < 5000; i++) expect(replies[2 * i + 1]).toEqual([null, String(i)])
  })

  test('a scan stream finds each key once', async () => {
    await client.flushall()
    const names = Array.from({ length: 2500 }, (_, i) => `scan:${i}`)
    await client.mset(names.flatMap(name => [name, '1']))
    await client.set('other', '1')
    const found: string[] = []
    for await (const keys of client.scanStream({ match: 'scan:*', count: 100 })) found.push(...(keys as string[]))
    expect(found.sort()).toEqual(names.sort())
  })

  test('select, a second connection and a reconnection keep the database', async () => {
    const other = client.duplicate({ db: 5 })
    // The request after KILL may find the connection closed already; ioredis sends it again.
    other.on('error', () => undefined)
    await other.set('only-here', '1')
    expect(await client.get('only-here')).toBeNull()
    await other.call('CLIENT', 'KILL', 'SKIPME', 'no', 'ID', String(await other.client('ID')))
    expect(await other.get('only-here')).toBe('1')
    other.disconnect()
  })
})

test('a wrong password is refused, the right one is not', async () => {
  await using closed = await startServer({ env: { KVNS_REQUIREPASS: 'secret' } })
  const settings = { host: '127.0.0.1', port: closed.port, retryStrategy: () => null, maxRetriesPerRequest: 0 }
  const good = new Redis({ ...settings, password: 'secret' })
  expect(await good.ping()).toBe('PONG')
  good.disconnect()
  const bad = new Redis({ ...settings, password: 'wrong', lazyConnect: true })
  const said: string[] = []
  bad.on('error', error => said.push(String(error)))
  await bad.connect().then(
    () => bad.ping().catch(error => said.push(String(error))),
    error => said.push(String(error)),
  )
  bad.disconnect()
  expect(said.join()).toMatch(/WRONGPASS|NOAUTH/)
})
