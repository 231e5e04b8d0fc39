// Whatever clients have done, a server that reads the file holds what the one holds that wrote it: commands of all kinds, of
// clients inside and outside of namespaces, with keys and fields that expire meanwhile, met or not, in transactions or not.

import { expect, test } from 'bun:test'
import { cpSync } from 'node:fs'
import { buildTable } from '../../src/commands/all.ts'
import { FLAG_WRITE } from '../../src/commands/table.ts'
import { Random } from '../../src/store/random.ts'
import { Generator } from '../differential/generator.ts'
import type { Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { bytesOf, request } from '../support/resp.ts'
import { AofDirectory, digest } from './engines.ts'

const ROUNDS = Bun.env.KVNS_LONG_TESTS === '1' ? 200 : 12
const COMMANDS_PER_ROUND = 250
const WRITES = new RegExp(
  `^(${buildTable()
    .rows.filter(row => (row.flags & FLAG_WRITE) !== 0 && row.fullName !== 'flushall')
    .map(row => row.fullName.replace('|', '\\|'))
    .join('|')}|get|exists|hgetall|pfcount)$`,
)
const NAMESPACES = ['', '', 'one', 'default']
const KEYS = ['a', 'b', 'c', 'hash:0', 'one/a', 'x/y']

/** Commands whose meaning depends on when they run. */
function timely(random: Random): string[] {
  const one = (words: readonly string[]): string => words[random.below(words.length)] as string
  const key = random.below(2) === 0 ? 'timed' : one(KEYS)
  const field = one(['f', 'g', 'h'])
  const ms = String(random.below(60) - 2)
  const commands: (() => string[])[] = [
    () => ['HSET', key, field, '1', 'other', '2'],
    () => ['HPEXPIRE', key, String(random.below(60)), one(['NX', 'XX', 'GT', 'LT']), 'FIELDS', '2', field, 'other'],
    () => ['HPEXPIRE', key, String(random.below(60)), 'FIELDS', '1', field],
    () => ['HINCRBY', key, field, '1'],
    () => ['HINCRBYFLOAT', key, field, '0.5'],
    () => ['HSETNX', key, field, 'v'],
    () => ['HPERSIST', key, 'FIELDS', '1', field],
    () => ['HGETEX', key, 'PX', String(1 + random.below(50)), 'FIELDS', '2', field, 'other'],
    () => ['HGETEX', key, 'PERSIST', 'FIELDS', '1', field],
    () => ['HSETEX', key, one(['FNX', 'FXX']), 'PX', String(1 + random.below(50)), 'FIELDS', '1', field, 'v'],
    () => ['HSETEX', key, 'KEEPTTL', 'FIELDS', '1', field, 'w'],
    () => ['HGETDEL', key, 'FIELDS', '1', field],
    () => ['HDEL', key, field],
    () => ['SET', key, 'v', 'PX', String(1 + random.below(50))],
    () => ['PEXPIRE', key, ms],
    () => ['PEXPIRE', key, ms, one(['NX', 'XX', 'GT', 'LT'])],
    () => ['GETEX', key, 'PX', String(1 + random.below(50))],
    () => ['INCR', key],
    () => ['RPUSH', key, 'x'],
    () => ['COPY', key, one(KEYS), 'REPLACE'],
    () => ['RENAME', key, one(KEYS)],
    () => ['DEL', key],
  ]
  return (commands[random.below(commands.length)] as () => string[])()
}

class Traffic {
  private readonly engine: Engine
  private readonly random: Random
  private readonly generator: Generator
  private clients: Client[] = []

  constructor(engine: Engine, seed: number) {
    this.engine = engine
    this.random = new Random(seed)
    this.generator = new Generator(seed, WRITES)
    // One namespace has its own mind about deadlines.
    engine.connect().call('NS', 'SET', 'one', 'default-ttl', '30ms')
  }

  private next(): readonly (readonly string[])[] {
    return this.random.below(3) !== 0 ? [timely(this.random)] : this.generator.next()
  }

  /** Clients come, send some commands, and go. */
  round(): void {
    const { engine, random } = this
    for (let n = 0; n < COMMANDS_PER_ROUND; n++) {
      const client = engine.connect()
      const namespace = NAMESPACES[random.below(NAMESPACES.length)] ?? ''
      if (namespace !== '') client.call('CLIENT', 'NAMESPACE', namespace)
      client.call('SELECT', String(random.below(2)))
      const isWhole = random.below(4) === 0
      const commands = Array.from({ length: 1 + random.below(3) }, () => this.next()).flat()
      for (const words of isWhole ? [['MULTI'], ...commands, ['EXEC']] : commands) this.send(client, words.map(String))
      // Those that wait are served by others, or stay a while.
      this.clients.push(client)
      if (this.clients.length > 8) this.clients.shift()?.leave()
      engine.advance(random.below(4))
      if (random.below(5) === 0) engine.sweep()
    }
  }

  private send(client: Client, words: readonly string[]): void {
    client.send(bytesOf(request(words)))
    client.replies()
  }
}

test(`${ROUNDS} rounds of ${COMMANDS_PER_ROUND} clients: who reads the file holds what its writer holds`, () => {
  using directory = new AofDirectory()
  using engine = directory.engine({ appendfsync: 'no' })
  const startMs = engine.clock.nowMs()
  const traffic = new Traffic(engine, 20)
  for (let round = 0; round < ROUNDS; round++) {
    traffic.round()
    using copy = new AofDirectory()
    cpSync(directory.path, copy.path, { recursive: true })
    using reader = copy.engine({ appendfsync: 'no' }, 2 + round)
    reader.advance(engine.clock.nowMs() - startMs)
    for (const one of [engine, reader]) one.sweep()
    recount(reader.server.keys)
    expect([round, digest(reader)]).toEqual([round, digest(engine)])
  }
  expect(engine.bugs).toEqual([])
}, 600_000)
