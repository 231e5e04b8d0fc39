// DUMP and RESTORE beside redis-server: what one dumps the other restores, every type in every encoding, and it is the same.
// So it is with the files of both.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { installed } from '../../scripts/support/run.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { saveRdb } from '../../src/persist/rdb/file-output.ts'
import { loadRdb } from '../../src/persist/rdb/load.ts'
import { Engine } from '../support/engine.ts'
import { besideRedis } from './servers.ts'
import { type Command, Wire } from './wire.ts'

setDefaultTimeout(60_000)

const LONG = 'abcdefghij'.repeat(30)
const RANDOM = Array.from({ length: 300 }, (_, i) => String.fromCharCode((i * 7919 + ((i * i) % 251)) % 256)).join('')
const INT64S = ['9223372036854775807', '-9223372036854775808', '9007199254740993', '-9007199254740993']
const INTEGERS = ['0', '1', '-1', '127', '128', '-128', '4095', '-4096', '4096', '32767', '-32768', '32768', '8388607']
const WIDER = ['-8388608', '8388608', '2147483647', '-2147483648', '2147483648', '4294967296', '9007199254740991']
const NUMBERS = [...INTEGERS, ...WIDER, ...INT64S]
const TEXTS = ['', 'a', '01', '-0', ' 1', '1.5', 'x'.repeat(63), 'x'.repeat(64), 'é'.repeat(20), '\0\r\n', RANDOM, LONG]
const many = (n: number, text: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => text(i))
const pairs = (n: number, text: (i: number) => string): string[] =>
  many(n, text).flatMap((one, i) => [one, text(i + 1)])

/** Each makes one key. */
const KEYS: readonly (readonly string[])[] = [
  ...[...NUMBERS, ...TEXTS, 'z'.repeat(100_000), RANDOM.repeat(200)].map((text): string[] => ['SET', text]),
  ['APPEND', '12'],
  ['RPUSH', 'one'],
  ['RPUSH', ...NUMBERS, ...TEXTS],
  ['RPUSH', ...many(5000, i => `element:${i % 700}`)],
  ['RPUSH', 'y'.repeat(200_000), 'a', RANDOM.repeat(100), 'b'],
  ['SADD', '7'],
  ['SADD', ...INTEGERS],
  ['SADD', ...INTEGERS, '70000'],
  ['SADD', ...NUMBERS],
  ['SADD', ...many(600, String)],
  ['SADD', ...NUMBERS, ...TEXTS],
  ['SADD', ...many(3000, i => `member:${i}`)],
  ['ZADD', '1', 'a'],
  ['ZADD', '1', 'a', '2.5', 'b', 'inf', 'c', '-inf', 'd', '1e300', 'e', '5e-324', 'f', '-0.1', '17', '3', ''],
  ['ZADD', ...NUMBERS.flatMap((text, i) => [String(i / 3), text])],
  ['ZADD', ...many(2000, i => String((i * 7919) % 3001)).flatMap((score, i) => [score, `m${i}`])],
  ['ZADD', '3', LONG, '-0', 'zero'],
  ['HSET', 'f', 'v'],
  ['HSET', ...NUMBERS.flatMap((text, i) => [text, NUMBERS[NUMBERS.length - 1 - i] ?? ''])],
  ['HSET', '', '', 'a', 'x'.repeat(64)],
  ['HSET', 'a', LONG, 'b', RANDOM],
  ['HSET', ...pairs(2000, i => `field:${i}`)],
  ['GEOADD', '13.361389', '38.115556', 'Palermo'],
  ['PFADD', ...many(60, String)],
]

const named = KEYS.map(([name = '', ...words], i): Command => [name, `key:${i}`, ...words])

/** The bytes of a bulk reply. */
function bulk(reply: string): string {
  return reply.slice(reply.indexOf('\r\n') + 2, -2)
}

async function dumpAll(wire: Wire): Promise<string[]> {
  return (await wire.batch(named.map(([, key = '']) => ['DUMP', key]))).map(bulk)
}

async function facts(wire: Wire, key: (i: number) => string): Promise<string[]> {
  const words = KEYS.flatMap((_, i): Command[] => [
    ['DEBUG', 'DIGEST-VALUE', key(i)],
    ['TYPE', key(i)],
    ['OBJECT', 'ENCODING', key(i)],
  ])
  return wire.batch(words)
}

/** What `from` dumps `to` restores beside its own keys, and cannot tell from them. */
async function carryOver(from: Wire, to: Wire): Promise<void> {
  const dumps = await dumpAll(from)
  const restored = await to.batch(dumps.map((dump, i): Command => ['RESTORE', `copy:${i}`, '0', dump]))
  expect(restored).toEqual(dumps.map(() => '+OK\r\n'))
  expect(await facts(to, i => `copy:${i}`)).toEqual(await facts(to, i => `key:${i}`))
  await to.batch(dumps.map((_, i): Command => ['DEL', `copy:${i}`]))
}

test.if(installed('redis-server'))('what one server dumps the other restores', async () => {
  await besideRedis(async ports => {
    const redis = await Wire.open(ports.redis)
    const ours = await Wire.open(ports.ours)
    for (const compression of ['yes', 'no']) {
      for (const wire of [redis, ours]) {
        await wire.batch([['FLUSHALL'], ['CONFIG', 'SET', 'rdbcompression', compression], ...named])
      }
      await carryOver(redis, ours)
      await carryOver(ours, redis)
      await carryOver(ours, ours)
    }
    redis.close()
    ours.close()
  })
})

test.if(installed('redis-server'))('the RDB file of one server is loaded by the other', async () => {
  await besideRedis(async ports => {
    const redis = await Wire.open(ports.redis)
    await redis.batch([...named, ['SELECT', '2'], ['SET', 'ns/k', 'v', 'PX', '1000000'], ['SAVE']])
    const [directory = '', digest] = await redis.batch([
      ['CONFIG', 'GET', 'dir'],
      ['DEBUG', 'DIGEST'],
    ])
    const path = join(directory.split('\r\n')[4] ?? '', 'dump.rdb')
    using engine = new Engine()
    expect(runToEnd(loadRdb(engine.server.keys, path)).keys).toBe(named.length + 1)
    saveRdb(engine.server.keys, path, engine.clock.nowMs(), 'on')
    expect(
      await redis.batch([
        ['DEBUG', 'RELOAD', 'NOSAVE'],
        ['DEBUG', 'DIGEST'],
      ]),
    ).toEqual(['+OK\r\n', digest ?? ''])
    redis.close()
  })
})
