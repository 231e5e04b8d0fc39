// Bun's own client, which speaks RESP3 and pipelines by itself.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { RedisClient } from 'bun'
import { startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

test('Bun.RedisClient: strings, numbers, expiries, nulls and errors', async () => {
  await using server = await startServer()
  const client = new RedisClient(`redis://127.0.0.1:${server.port}`)
  try {
    expect(await client.set('app/a', 'grüße')).toBe('OK')
    expect(await client.get('app/a')).toBe('grüße')
    expect(await client.get('none')).toBeNull()
    expect(await client.exists('app/a')).toBe(true)
    expect(await client.incr('n')).toBe(1)
    expect(await client.decr('n')).toBe(0)
    expect(await client.expire('n', 100)).toBe(1)
    expect(await client.ttl('n')).toBeGreaterThan(98)
    expect(await client.mget('app/a', 'none')).toEqual(['grüße', null])
    expect(await client.del('app/a')).toBe(1)
    await client.set('text', 'x')
    await expect(client.incr('text')).rejects.toThrow('not an integer')
    expect(await client.send('CLIENT', ['INFO'])).toContain('resp=3')
  } finally {
    client.close()
  }
})

test('Bun.RedisClient: 20,000 requests at once answer in order, on a database and with a password of the URL', async () => {
  await using server = await startServer({ env: { KVNS_REQUIREPASS: 'secret' } })
  const client = new RedisClient(`redis://default:secret@127.0.0.1:${server.port}/3`)
  try {
    await Promise.all(Array.from({ length: 10_000 }, (_, i) => client.set(`k${i}`, `v${i}`)))
    const values = await Promise.all(Array.from({ length: 10_000 }, (_, i) => client.get(`k${i}`)))
    expect(values.every((value, i) => value === `v${i}`)).toBe(true)
    expect(await client.send('CLIENT', ['INFO'])).toContain(' db=3 ')
  } finally {
    client.close()
  }
})
