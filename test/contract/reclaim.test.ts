// What FLUSHDB has left is freed in the middle of a command that needs the room: then the bytes that the command's own value
// took must not be mixed up with those that came back.

import { describe, expect, test } from 'bun:test'
import { Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'

const LIMIT_BYTES = 4 << 20
/** Less than what each of the commands takes, so that all of them run into the limit. */
const LEFT_BYTES = 400
const MEMBERS = 200

const range = Array.from({ length: MEMBERS }, (_, i) => i)
const members = range.map(i => `member ${i}`)
const scored = range.flatMap(i => [`${i / 2}`, `member ${i}`])
const placed = range.flatMap(i => [`${i / 10}`, `${i / 10}`, `place ${i}`])
const pairs = range.flatMap(i => [`field ${i}`, `value ${i}`])

const SOURCES: readonly (readonly string[])[] = [
  ['SADD', 'set', ...members],
  ['SADD', 'few', 'member 1'],
  ['ZADD', 'zset', ...scored],
  ['ZADD', 'small', '1', 'one'],
  ['GEOADD', 'geo', ...placed],
  ['HSET', 'hash', ...pairs],
  ['HSETEX', 'timed', 'EX', '100', 'FIELDS', String(MEMBERS), ...pairs],
  ['RPUSH', 'list', ...members],
  ['SET', 'string', 'x'.repeat(10_000)],
]

const COMMANDS = [
  'SUNIONSTORE to set few',
  'SINTERSTORE to set set',
  'SDIFFSTORE to set few',
  'SUNIONSTORE set set few',
  'ZUNIONSTORE to 2 zset set',
  'ZINTERSTORE to 2 zset set',
  'ZDIFFSTORE to 2 zset few',
  'ZRANGESTORE to zset 0 -1',
  'ZRANGESTORE zset zset 0 100',
  'GEOSEARCHSTORE to geo FROMLONLAT 5 5 BYRADIUS 9000 KM',
  'SORT set ALPHA STORE to',
  'SORT zset ALPHA STORE zset',
  'COPY set to',
  'COPY zset to',
  'COPY hash to',
  'COPY timed to',
  'COPY list to',
  'COPY string to',
  'BITOP NOT to string',
  'PFADD to a b c',
  `ZADD zset 5 ${'m'.repeat(900)}`,
  `ZADD small 5 ${'m'.repeat(900)}`,
  `ZADD new 5 ${'m'.repeat(900)}`,
  `ZADD zset 5 ${'m'.repeat(900)} 6 n`,
  `ZINCRBY zset 5 ${'m'.repeat(900)}`,
  `GEOADD geo 5 5 ${'m'.repeat(900)}`,
  `SADD set ${'m'.repeat(900)}`,
  `SADD new ${'m'.repeat(900)}`,
  `SMOVE set new member`,
  `HSET hash field ${'v'.repeat(900)}`,
  `HSETNX hash field ${'v'.repeat(900)}`,
  `HSETEX timed EX 10 FIELDS 1 field ${'v'.repeat(900)}`,
  'HINCRBY hash number 5',
  `RPUSH list ${'v'.repeat(900)}`,
  `LPUSH new ${'v'.repeat(900)}`,
  `LINSERT list BEFORE member ${'v'.repeat(900)}`,
  `LSET list 3 ${'v'.repeat(900)}`,
  'LMOVE list new LEFT RIGHT',
  'RENAME set zset',
]

test('an arena of which each byte was once in use has room for collections', () => {
  using engine = new Engine()
  const client = engine.connect()
  const arena = engine.server.keys.shards[0]?.arena
  if (arena === undefined) throw new Error('a keyspace has a shard')
  arena.free(arena.alloc(arena.freeBytes))
  expect(arena.freeBytes).toBe(0)
  for (const words of SOURCES) expect(client.call(...words)).not.toHaveProperty('error')
  expect(client.call('COPY', 'hash', 'copy')).toBe(1)
  recount(engine.server.keys)
})

describe('the accounts hold when flushed keys are freed in the middle of', () => {
  for (const command of COMMANDS) {
    test(command.length > 60 ? `${command.slice(0, 60)}...` : command, () => {
      using engine = new Engine({ maxmemory: String(LIMIT_BYTES), databases: '2' })
      const { keys } = engine.server
      const client = engine.connect()
      client.call('SELECT', '1')
      for (const words of SOURCES) client.call(...words)
      client.call('SELECT', '0')
      for (let i = 0; keys.allocatedBytes() < LIMIT_BYTES - 9000; i++) client.call('SET', `key ${i}`, 'x'.repeat(8000))
      for (let i = 0; keys.allocatedBytes() < LIMIT_BYTES - LEFT_BYTES; i++)
        client.call('SET', `key ${i}a`, 'x'.repeat(50))
      client.call('FLUSHDB')
      client.call('SELECT', '1')
      expect(String(client.call(...command.split(' ')))).not.toContain('OOM')
      engine.sweep()
      recount(keys)
      expect(engine.bugs).toEqual([])
    })
  }
})
