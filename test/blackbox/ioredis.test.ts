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

  test('a transaction gives all results; one whose watched key was changed gives null', async () => {
    await client.flushall()
    expect(await client.multi().set('t', 1).incr('t').lpush('t', 'x').get('t').exec()).toEqual([
      [null, 'OK'],
      [null, 2],
      [expect.any(Error), undefined],
      [null, '2'],
    ])
    const other = client.duplicate()
    await client.watch('t', 'ns/t')
    await other.incr('ns/t')
    expect(await client.multi().set('t', 'never').exec()).toBeNull()
    await client.watch('t')
    expect(await client.multi().incr('t').exec()).toEqual([[null, 3]])
    await expect(client.multi().call('SET', 't').exec()).rejects.toThrow('EXECABORT')
    await client.multi({ pipeline: false })
    expect(String(await client.get('t'))).toBe('QUEUED')
    expect(await client.discard()).toBe('OK')
    other.disconnect()
  })

  test('twenty counters that compete with WATCH lose no step', async () => {
    await client.del('counter')
    const workers = Array.from({ length: 20 }, () => client.duplicate())
    const step = async (worker: Redis): Promise<void> => {
      await worker.watch('counter')
      const seen = Number(await worker.get('counter'))
      const done = await worker
        .multi()
        .set('counter', seen + 1)
        .exec()
      if (done === null) await step(worker)
    }
    await Promise.all(workers.map(step))
    expect(await client.get('counter')).toBe('20')
    for (const worker of workers) worker.disconnect()
  })

  test('messages come to each subscription in their order, as bytes too, and on after a reconnection', async () => {
    const sub = client.duplicate()
    sub.on('error', () => undefined)
    const heard: string[] = []
    const raw: Buffer[] = []
    sub.on('message', (channel, text) => heard.push(`${channel} ${text}`))
    sub.on('pmessage', (pattern, channel, text) => heard.push(`${pattern} ${channel} ${text}`))
    sub.on('messageBuffer', (_channel, bytes) => raw.push(bytes))
    expect(await sub.subscribe('news', 'sport')).toBe(2)
    expect(await sub.psubscribe('n*')).toBe(3)
    expect(await client.publish('news', 'one')).toBe(2)
    expect(await client.pipeline().publish('sport', 'two').publish('none', 'three').publish('x', '').exec()).toEqual([
      [null, 1],
      [null, 1],
      [null, 0],
    ])
    expect(await client.publish('sport', Buffer.from([0, 13, 10, 255]))).toBe(1)
    expect(await sub.unsubscribe('sport')).toBe(2)
    expect(heard.slice(0, 4)).toEqual(['news one', 'n* news one', 'sport two', 'n* none three'])
    expect(raw.at(-1)).toEqual(Buffer.from([0, 13, 10, 255]))

    const ready = new Promise(resolve => sub.once('ready', resolve))
    expect(await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1)
    await ready
    while (Number((await client.pubsub('NUMSUB', 'news'))[1]) === 0) await Bun.sleep(5)
    while ((await client.publish('news', 'again')) < 2) await Bun.sleep(5)
    await sub.ping()
    expect(heard.slice(-2)).toEqual(['news again', 'n* news again'])
    expect(await sub.unsubscribe('news')).toBe(1)
    expect(await sub.punsubscribe('n*')).toBe(0)
    expect(await sub.set('now', 'a normal client')).toBe('OK')
    sub.disconnect()
  })

  test('workers that wait on one queue get each job once, in turn, and go on with what they sent meanwhile', async () => {
    await client.flushall()
    const workers = Array.from({ length: 5 }, () => client.duplicate())
    const done: string[] = []
    const work = async (worker: Redis): Promise<void> => {
      for (;;) {
        const [job, count] = await Promise.all([worker.blpop('urgent', 'jobs', 0), worker.incr('count')])
        if (job?.[1] === 'stop') return
        expect(count).toBeGreaterThan(0)
        done.push(String(job?.[1]))
      }
    }
    const all = workers.map(work)
    const jobs = Array.from({ length: 500 }, (_, i) => `job ${i}`)
    for (let i = 0; i < jobs.length; i += 50) await client.rpush('jobs', ...jobs.slice(i, i + 50))
    while ((await client.llen('jobs')) > 0) await Bun.sleep(1)
    await client.lpush('jobs', ...workers.map(() => 'stop'))
    await Promise.all(all)
    expect(done.toSorted()).toEqual(jobs.toSorted())
    expect(await client.get('count')).toBe('505')
    for (const worker of workers) worker.disconnect()
  })

  test('waits end with their timeout, with the other side of a move, and leave nothing when their client goes', async () => {
    await client.flushall()
    const [a, b, c] = [client.duplicate(), client.duplicate(), client.duplicate()]
    expect(await a.blpop('none', 0.05)).toBeNull()
    expect(await a.pipeline().blmove('none', 'x', 'LEFT', 'RIGHT', 0.01).ping().exec()).toEqual([
      [null, null],
      [null, 'PONG'],
    ])
    const moved = a.blmove('from', 'to', 'LEFT', 'RIGHT', 5)
    const taken = b.blpop('to', 5)
    const best = c.bzpopmin('scores', 5)
    while (!/blocked_clients:3\r/.test(await client.info('clients'))) await Bun.sleep(1)
    expect(await client.multi().rpush('from', 'x').zadd('scores', 2, 'm', 1, 'n').exec()).toEqual([
      [null, 1],
      [null, 2],
    ])
    expect(await moved).toBe('x')
    expect(await taken).toEqual(['to', 'x'])
    expect((await best)?.slice(0, 2)).toEqual(['scores', 'n'])
    void a.blpop('lost', 0).catch(() => undefined)
    while (!/blocked_clients:1\r/.test(await client.info('clients'))) await Bun.sleep(1)
    a.disconnect()
    while (!/blocked_clients:0\r/.test(await client.info('clients'))) await Bun.sleep(1)
    expect(await client.rpush('lost', 'x')).toBe(1)
    expect(await client.lrange('lost', 0, -1)).toEqual(['x'])
    b.disconnect()
    c.disconnect()
  })
})

test('a cache beside the server: a subscriber hears of the keys that others have read', async () => {
  const settings = { host: '127.0.0.1', port: server.port, protocol: 2 } as const
  const [cached, listener, other] = [new Redis(settings), new Redis(settings), new Redis(settings)]
  const stale: string[] = []
  listener.on('message', (channel, keys) => stale.push(`${channel} ${keys}`))
  const id = Number(await listener.client('ID'))
  await listener.subscribe('__redis__:invalidate')
  expect(await cached.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)).toBe('OK')
  await cached.mget('user:1', 'app/user:2')
  await other.set('user:1', 'x')
  await other.set('app/user:2', 'x')
  await other.set('app/user:2', 'y')
  while (stale.length < 2) await Bun.sleep(1)
  expect(await other.ping()).toBe('PONG')
  expect(stale).toEqual(['__redis__:invalidate user:1', '__redis__:invalidate app/user:2'])
  for (const client of [cached, listener, other]) client.disconnect()
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
