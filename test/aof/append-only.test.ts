// The append-only file of a running server: made anew while clients write, turned on and off, and what happens when it
// cannot be written.

import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Generator } from '../differential/generator.ts'
import { type Client, Engine } from '../support/engine.ts'
import { bytesOf, request } from '../support/resp.ts'
import { AofDirectory, digest } from './engines.ts'

const WRITES =
  /^(set|incr|append|setrange|[lr]push|[lr]pop|lset|sadd|srem|spop|zadd|zrem|hset|hdel|hincrby|del|expire|pexpire|rename|copy|move|setbit|pfadd)$/

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 5000) throw new Error(`it never came: ${what}`)
    await Bun.sleep(1)
  }
}

function info(client: Client, field: string): string | undefined {
  return new RegExp(`^${field}:(.*)$`, 'm').exec(String(client.call('INFO', 'persistence')))?.[1]?.trim()
}

/** Some megabytes, so that a rewrite comes in several parts although the clock stands still. */
function fill(client: Client): void {
  for (let i = 0; i < 3000; i++) client.send(bytesOf(request(['SET', `w${i % 3}/key:${i}`, 'v'.repeat(i)])))
  for (const key of ['list', 'w1/list']) {
    for (let i = 0; i < 30; i++) client.call('RPUSH', key, ...Array.from({ length: 100 }, (_, k) => `e${i * 100 + k}`))
  }
  const pairs = Array.from({ length: 2000 }, (_, i) => [`f${i}`, `v${i}`]).flat()
  client.call('HSET', 'hash', ...pairs)
  client.call('HPEXPIRE', 'hash', '100000', 'FIELDS', '2', 'f1', 'f2')
  client.call('ZADD', 'zset', ...pairs.map((word, i) => (i % 2 === 0 ? String(i / 3) : word)))
  client.call('SADD', 'set', ...pairs)
  client.call('PEXPIRE', 'set', '100000')
  client.replies()
}

for (const [preamble, format, what] of [
  ['yes', 'rdb', 'an RDB file'],
  ['no', 'aof', 'commands'],
] as const) {
  test(`a rewrite as ${what} is of one moment, whatever clients do meanwhile, and holds them up in small steps only`, async () => {
    using directory = new AofDirectory()
    using engine = directory.engine({ 'aof-use-rdb-preamble': preamble })
    const client = engine.connect()
    fill(client)
    for (let rewrite = 1; rewrite <= 8; rewrite++) {
      const generator = new Generator(rewrite, WRITES)
      expect(client.call('BGREWRITEAOF')).toEqual({ simple: 'Background append only file rewriting started' })
      expect(client.call('BGREWRITEAOF')).toEqual({
        error: 'ERR Background append only file rewriting already in progress',
      })
      expect(info(client, 'aof_rewrite_in_progress')).toBe('1')
      const other = engine.connect()
      await until('the end of the rewrite', () => {
        for (const words of generator.next()) other.send(bytesOf(request(words.map(String))))
        for (const key of ['list', 'w1/list']) other.send(bytesOf(request(['RPUSH', key, 'x'])))
        other.send(bytesOf(request(['HDEL', 'hash', `f${rewrite}`])))
        if (rewrite % 4 === 0) other.send(bytesOf(request(['NS', 'SWAP', 'w1', 'w2'])))
        if (rewrite === 7) other.send(bytesOf(request(['SWAPDB', '0', '1'])))
        return info(client, 'aof_rewrite_in_progress') === '0'
      })
      expect(info(client, 'aof_last_bgrewrite_status')).toBe('ok')
      expect(readdirSync(directory.files).toSorted()).toEqual([
        `appendonly.aof.${rewrite + 1}.base.${format}`,
        `appendonly.aof.${rewrite + 1}.incr.aof`,
        'appendonly.aof.manifest',
      ])
      using again = directory.engine()
      expect(digest(again)).toBe(digest(engine))
    }
    expect(engine.bugs).toEqual([])
  }, 60_000)
}

test('FLUSHALL and SAVE end a rewrite, and it begins again by itself', async () => {
  using directory = new AofDirectory()
  using engine = directory.engine()
  const client = engine.connect()
  for (const command of [['FLUSHALL'], ['SAVE']]) {
    fill(client)
    client.call('BGREWRITEAOF')
    client.call(...command)
    client.call('SET', 'after', command[0] ?? '')
    await until('the end of the first try', () => info(client, 'aof_rewrite_in_progress') === '0')
    expect(info(client, 'aof_rewrite_scheduled')).toBe('1')
    engine.server.appendOnly.tick()
    await until('the end of the second', () => info(client, 'aof_rewrite_in_progress') === '0')
    expect(info(client, 'aof_rewrite_scheduled')).toBe('0')
    using reader = directory.engine()
    expect(digest(reader)).toBe(digest(engine))
  }
})

test('it is made anew by itself when it has grown by so many percent', async () => {
  using directory = new AofDirectory()
  using engine = directory.engine({ 'auto-aof-rewrite-percentage': '100', 'auto-aof-rewrite-min-size': '100kb' })
  const client = engine.connect()
  const { appendOnly } = engine.server
  for (let i = 0; i < 50; i++) client.call('SET', 'k', 'x'.repeat(1000))
  appendOnly.tick()
  expect(appendOnly.isRewriting).toBe(false)
  for (let i = 0; i < 60; i++) client.call('SET', 'k', 'x'.repeat(1000))
  appendOnly.tick()
  expect(appendOnly.isRewriting).toBe(true)
  await until('the end of the rewrite', () => !appendOnly.isRewriting)
  expect(Number(info(client, 'aof_base_size'))).toBeLessThan(2000)
  expect(info(client, 'aof_current_size')).toBe(info(client, 'aof_base_size'))
})

test('CONFIG SET appendonly turns it on with all that is there, and off', async () => {
  using directory = new AofDirectory()
  using engine = new Engine({ dir: directory.path })
  const client = engine.connect()
  fill(client)
  expect(info(client, 'aof_enabled')).toBe('0')
  expect(client.call('CONFIG', 'SET', 'appendonly', 'yes')).toEqual({ simple: 'OK' })
  client.call('SET', 'during', '1')
  expect(existsSync(join(directory.files, 'appendonly.aof.manifest'))).toBe(false)
  expect(client.call('SHUTDOWN')).toEqual({ error: 'ERR Errors trying to SHUTDOWN. Check logs.' })
  await until('the first base', () => !engine.server.appendOnly.isRewriting)
  client.call('SET', 'after', '1')
  expect(info(client, 'aof_enabled')).toBe('1')
  using reader = directory.engine()
  expect(digest(reader)).toBe(digest(engine))
  expect(client.call('CONFIG', 'SET', 'appendonly', 'no')).toEqual({ simple: 'OK' })
  const before = directory.lines
  client.call('SET', 'unlogged', '1')
  expect(directory.lines).toEqual(before)
  client.call('CONFIG', 'SET', 'appendonly', 'yes')
  await until('the first base', () => !engine.server.appendOnly.isRewriting)
  using third = directory.engine()
  expect(digest(third)).toBe(digest(engine))
  expect(client.call('DEBUG', 'LOADAOF')).toEqual({ simple: 'OK' })
  expect(digest(third)).toBe(digest(engine))
})

test('BGREWRITEAOF without an append-only file makes a base alone', async () => {
  using directory = new AofDirectory()
  using engine = new Engine({ dir: directory.path })
  const client = engine.connect()
  client.call('SET', 'k', 'v')
  client.call('BGREWRITEAOF')
  await until('the base', () => !engine.server.appendOnly.isRewriting)
  expect(readFileSync(join(directory.files, 'appendonly.aof.manifest'), 'utf8')).toBe(
    'file appendonly.aof.1.base.rdb seq 1 type b\n',
  )
  expect(readFileSync(join(directory.files, 'appendonly.aof.1.base.rdb'), 'latin1').slice(0, 9)).toBe('REDIS0010')
})

test('files that have been replaced are kept while aof-disable-auto-gc says so', async () => {
  using directory = new AofDirectory()
  using engine = directory.engine({ 'aof-disable-auto-gc': 'yes' })
  const client = engine.connect()
  client.call('BGREWRITEAOF')
  await until('the rewrite', () => !engine.server.appendOnly.isRewriting)
  expect(readdirSync(directory.files).length).toBe(5)
  client.call('CONFIG', 'SET', 'aof-disable-auto-gc', 'no')
  expect(readdirSync(directory.files).toSorted()).toEqual([
    'appendonly.aof.2.base.rdb',
    'appendonly.aof.2.incr.aof',
    'appendonly.aof.manifest',
  ])
  expect(readFileSync(join(directory.files, 'appendonly.aof.manifest'), 'utf8')).not.toContain('type h')
})

test('rewrites whose file is taken away fail; after the third in a row they wait, but for those that are asked for', async () => {
  using directory = new AofDirectory()
  const settings = {
    'auto-aof-rewrite-percentage': '1',
    'auto-aof-rewrite-min-size': '1',
    'rdb-key-save-delay': '1000000',
  }
  using engine = directory.engine(settings)
  const client = engine.connect()
  const { appendOnly } = engine.server
  client.call('SET', 'k', 'v')
  const failing = async (): Promise<void> => {
    for (const name of readdirSync(directory.files)) if (name.includes('.tmp.')) rmSync(join(directory.files, name))
    await until('the failure', () => !appendOnly.isRewriting)
  }
  for (let i = 1; i <= 3; i++) {
    appendOnly.tick()
    expect(appendOnly.isRewriting).toBe(true)
    await failing()
    expect([info(client, 'aof_last_bgrewrite_status'), info(client, 'aof_rewrites_consecutive_failures')]).toEqual([
      'err',
      String(i),
    ])
  }
  // A minute, then two.
  for (const minutes of [1, 2]) {
    appendOnly.tick()
    engine.advance(minutes * 60_000 - 1)
    appendOnly.tick()
    expect(appendOnly.isRewriting).toBe(false)
    engine.advance(1)
    appendOnly.tick()
    expect(appendOnly.isRewriting).toBe(true)
    await failing()
  }
  client.call('CONFIG', 'SET', 'rdb-key-save-delay', '0')
  client.call('BGREWRITEAOF')
  await until('the rewrite', () => !appendOnly.isRewriting)
  expect(info(client, 'aof_last_bgrewrite_status')).toBe('ok')
  expect(readdirSync(directory.files).toSorted()).toHaveLength(3)
})

test('a directory that cannot be made is an error, and nothing is on', () => {
  using directory = new AofDirectory()
  using engine = new Engine({ dir: directory.path })
  writeFileSync(directory.files, 'in the way')
  const client = engine.connect()
  expect(client.call('CONFIG', 'SET', 'appendonly', 'yes')).toEqual({
    error:
      "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs.",
  })
  expect(client.call('CONFIG', 'GET', 'appendonly')).toEqual(['appendonly', 'no'])
  expect(client.call('SET', 'k', 'v')).toEqual({ simple: 'OK' })
})

test('a file of the time before manifests becomes the base', () => {
  using directory = new AofDirectory()
  writeFileSync(join(directory.path, 'appendonly.aof'), '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n')
  using engine = directory.engine()
  expect(engine.connect().call('GET', 'k')).toBe('v')
  expect(existsSync(join(directory.path, 'appendonly.aof'))).toBe(false)
  expect(readFileSync(join(directory.files, 'appendonly.aof.manifest'), 'utf8')).toBe(
    'file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
  )
})

test('aof-timestamp-enabled notes each second once, and who reads it passes it over', async () => {
  using directory = new AofDirectory()
  using engine = directory.engine({ 'aof-timestamp-enabled': 'yes' })
  const client = engine.connect()
  for (const ms of [0, 1, 1500]) {
    engine.advance(ms)
    client.call('SET', 'k', String(ms))
  }
  const text = readFileSync(join(directory.files, 'appendonly.aof.1.incr.aof'), 'latin1')
  expect(text.match(/^#TS:\d+\r$/gm)).toEqual(['#TS:1700000000\r', '#TS:1700000001\r'])
  client.call('CONFIG', 'SET', 'aof-use-rdb-preamble', 'no')
  client.call('BGREWRITEAOF')
  await until('the rewrite', () => !engine.server.appendOnly.isRewriting)
  expect(readFileSync(join(directory.files, 'appendonly.aof.2.base.aof'), 'latin1')).toStartWith('#TS:1700000001\r\n*')
  using reader = directory.engine()
  expect(reader.connect().call('GET', 'k')).toBe('1500')
})
