// MIGRATE between servers of ours, and with redis-server in both directions where there is one: every type arrives as it was.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { installed } from '../../scripts/support/run.ts'
import { Server } from '../../scripts/support/server.ts'
import { startServer } from '../support/server.ts'

setDefaultTimeout(60_000)

const FILL: readonly (readonly [key: string, ...command: (string | Buffer)[]])[] = [
  ['string', 'set', 'string', Buffer.from([0, 255, 13, 10])],
  ['number', 'set', 'number', '12345'],
  ['long', 'set', 'long', 'x'.repeat(5 << 20)],
  ['list', 'rpush', 'list', 'a', '1', 'a'],
  ['intset', 'sadd', 'intset', '1', '2', '70000'],
  ['set', 'sadd', 'set', ...Array.from({ length: 3000 }, (_, i) => `member ${i}`)],
  ['hash', 'hset', 'hash', 'f', 'v', 'g', '1'],
  ['zset', 'zadd', 'zset', '1.5', 'a', '-inf', 'b'],
]
const KEYS = FILL.map(([key]) => key)

async function answer(client: Redis, ...words: readonly (string | Buffer | number)[]): Promise<unknown> {
  const [name = '', ...rest] = words
  return await client
    .callBuffer(String(name), ...rest.map(word => (typeof word === 'number' ? String(word) : word)))
    .then(
      reply => (Buffer.isBuffer(reply) ? reply.toString('latin1') : reply),
      (error: Error) => error.message,
    )
}

/** Moves all of it from one to the other, and back. */
async function moves(from: number, to: number): Promise<void> {
  const [here, there] = [new Redis(from), new Redis(to)]
  try {
    for (const [, ...command] of FILL) await answer(here, ...command)
    await here.pexpire('list', 500_000)
    const dumps = async (client: Redis): Promise<unknown> =>
      Promise.all(KEYS.map(async key => [key, await client.type(key), await answer(client, 'object', 'encoding', key)]))
    const before = await dumps(here)
    expect(await answer(here, 'migrate', '127.0.0.1', to, 'string', 0, 5000)).toBe('OK')
    expect(await there.getBuffer('string')).toEqual(Buffer.from([0, 255, 13, 10]))
    expect(await here.exists('string')).toBe(0)
    expect(await answer(here, 'migrate', '127.0.0.1', to, 'string', 0, 5000)).toBe('NOKEY')
    expect(await answer(here, 'migrate', '127.0.0.1', to, '', 0, 5000, 'KEYS', ...KEYS)).toBe('OK')
    expect([await here.dbsize(), await there.dbsize()]).toEqual([0, KEYS.length])
    expect(await dumps(there)).toEqual(before)
    expect(await there.strlen('long')).toBe(5 << 20)
    expect(await answer(there, 'zscore', 'zset', 'a')).toBe('1.5')
    const ttl = await there.pttl('list')
    expect([ttl > 400_000, ttl <= 500_000, await there.ttl('hash')]).toEqual([true, true, -1])
    expect(await answer(there, 'migrate', '127.0.0.1', from, '', 3, 5000, 'COPY', 'KEYS', 'hash', 'none')).toBe('OK')
    await here.select(3)
    expect(await here.hgetall('hash')).toEqual({ f: 'v', g: '1' })
    expect(await answer(there, 'migrate', '127.0.0.1', from, 'hash', 3, 5000)).toBe(
      'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
    )
    expect(await there.exists('hash')).toBe(1)
    expect(await answer(there, 'migrate', '127.0.0.1', from, 'hash', 3, 5000, 'REPLACE')).toBe('OK')
    expect(await there.exists('hash')).toBe(0)
    expect(await answer(there, 'migrate', '127.0.0.1', from, 'zset', 99, 5000)).toBe(
      'ERR Target instance replied with error: ERR DB index is out of range',
    )
  } finally {
    here.disconnect()
    there.disconnect()
  }
}

test('keys move between two of ours, namespaces and all, and the append-only file says that they are gone', async () => {
  await using first = await startServer({ flags: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  await using second = await startServer({ flags: ['--requirepass', 'secret'] })
  const [here, there] = [new Redis(first.port), new Redis(second.port, { password: 'secret' })]
  try {
    await here.set('app/k', 'v')
    await here.set('plain', 'w')
    const target = ['127.0.0.1', second.port] as const
    expect(await answer(here, 'migrate', ...target, 'app/k', 0, 5000)).toBe(
      'ERR Target instance replied with error: NOAUTH Authentication required.',
    )
    expect(await answer(here, 'migrate', ...target, 'app/k', 0, 5000, 'AUTH', 'wrong')).toContain('WRONGPASS')
    expect(await answer(here, 'migrate', ...target, 'app/k', 0, 5000, 'AUTH', 'secret')).toBe('OK')
    expect(await answer(here, 'migrate', ...target, 'plain', 0, 5000, 'AUTH2', 'default', 'secret')).toBe('OK')
    expect([await there.get('app/k'), await there.get('plain')]).toEqual(['v', 'w'])
    const folder = join(first.dir, 'appendonlydir')
    const log = readdirSync(folder)
      .filter(name => name.endsWith('.aof'))
      .map(name => readFileSync(join(folder, name), 'latin1'))
      .join('')
    expect(log).toContain('*2\r\n$3\r\nDEL\r\n$5\r\napp/k\r\n')
    expect(log).not.toContain('MIGRATE')
  } finally {
    here.disconnect()
    there.disconnect()
  }
  await using third = await startServer()
  await using fourth = await startServer()
  await moves(third.port, fourth.port)
})

test.skipIf(!installed('redis-server'))('keys move to redis-server and back', async () => {
  await using ours = await startServer()
  for (const direction of ['there', 'back']) {
    const redis = await Server.start({
      name: 'redis',
      argv: ['redis-server', '--port', '{port}', '--bind', '127.0.0.1', '--save', '', '--maxmemory', '500mb'],
    })
    try {
      if (direction === 'there') await moves(ours.port, redis.port)
      else {
        const client = new Redis(ours.port)
        await client.flushall()
        client.disconnect()
        await moves(redis.port, ours.port)
      }
    } finally {
      await redis.stop()
    }
  }
})
