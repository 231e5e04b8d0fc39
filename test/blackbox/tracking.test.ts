// Client-side caching with real clients over RESP3: what is cached is told to be stale on the same connection, and the pushes
// come between replies without disturbing them.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { RedisClient } from 'bun'
import { Redis } from 'ioredis'
import { type OurServer, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

let server: OurServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** A client that keeps what it reads until it is told to forget it. ioredis passes over these pushes, so they are read off the wire. */
class Cache {
  readonly kept = new Map<string, string | null>()
  private readonly client: Redis

  constructor(client: Redis) {
    this.client = client
    client.stream.on('data', (chunk: Buffer) => {
      for (const [, name = ''] of chunk.toString().matchAll(/>2\r\n\$10\r\ninvalidate\r\n\*1\r\n\$\d+\r\n(.*)\r\n/g)) {
        this.kept.delete(name)
      }
      if (chunk.includes('>2\r\n$10\r\ninvalidate\r\n_\r\n')) this.kept.clear()
    })
  }

  async get(key: string): Promise<string | null> {
    const known = this.kept.get(key)
    if (known !== undefined) return known
    const value = await this.client.get(key)
    this.kept.set(key, value)
    return value
  }
}

test('ioredis: a cache that is told what changes never serves what is stale', async () => {
  const writer = new Redis({ port: server.port })
  const reader = new Redis({ port: server.port, protocol: 3 })
  await reader.ping()
  const cache = new Cache(reader)
  expect(await reader.call('CLIENT', 'TRACKING', 'ON')).toBe('OK')
  for (let round = 0; round < 50; round++) {
    await writer.mset('a', round, 'b', round)
    // A reply on the same connection comes behind what was pushed before it.
    await reader.ping()
    const now = String(round)
    expect(await Promise.all([cache.get('a'), cache.get('b'), cache.get('a')])).toEqual([now, now, now])
    expect(cache.kept.size).toBe(2)
  }
  await writer.pexpire('a', 1)
  while (cache.kept.has('a')) await Bun.sleep(2)
  await writer.flushall()
  await reader.ping()
  expect(cache.kept.size).toBe(0)
  expect(await reader.call('CLIENT', 'TRACKING', 'OFF')).toBe('OK')
  writer.disconnect()
  reader.disconnect()
})

test('Bun.RedisClient: pushes between replies disturb nothing', async () => {
  const url = `redis://127.0.0.1:${server.port}`
  const [reader, writer] = [new RedisClient(url), new RedisClient(url)]
  try {
    expect(await reader.send('CLIENT', ['TRACKING', 'ON', 'BCAST', 'PREFIX', 'k:'])).toBe('OK')
    const replies = await Promise.all(
      Array.from({ length: 500 }, async (_, i) => {
        await writer.set(`k:${i}`, String(i))
        return await reader.get(`k:${i}`)
      }),
    )
    expect(replies).toEqual(Array.from({ length: 500 }, (_, i) => String(i)))
    expect(await reader.send('CLIENT', ['TRACKINGINFO'])).toMatchObject({ prefixes: ['k:'] })
  } finally {
    reader.close()
    writer.close()
  }
})
