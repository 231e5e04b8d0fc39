// Connections bound to twenty namespaces, and some that are bound to none, send random commands to one server. Each
// namespace also has a server of its own, its model, that gets the same commands: every reply must be that of the model, and
// at the end all keys of all databases, with values and deadlines.

import { expect, test } from 'bun:test'
import { agree } from '../differential/compare.ts'
import { Generator } from '../differential/generator.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { bytesOf, request } from '../support/resp.ts'

const NAMESPACES = 20
const COMMANDS = process.env.KVNS_LONG_TESTS === '1' ? 1_000_000 : 40_000
const SEED = 20261126
/** Commands between two moves of the clock. */
const COMMANDS_PER_MOVE = 50

/** About the server and its clients, not about keys; and KEYS of one that is bound to nothing, who sees all of them. */
const OF_SERVER = 'client\\||memory\\||latency\\||slowlog\\||ns\\||hello|reset|auth'
const WHEN_BOUND = new RegExp(`^(?!${OF_SERVER})`)
const WHEN_FREE = new RegExp(`^(?!${OF_SERVER}|flush|swapdb|keys|scan|randomkey|dbsize)`)

/** A connection whose replies are kept as the bytes they came in. */
class Speaker {
  private readonly engine: Engine
  private readonly namespace: string
  private client: Client
  private received = ''

  constructor(engine: Engine, namespace: string) {
    this.engine = engine
    this.namespace = namespace
    this.client = this.connect()
  }

  private connect(): Client {
    const client = this.engine.connect()
    if (this.namespace !== '') client.call('CLIENT', 'NAMESPACE', this.namespace)
    client.reader.feed = bytes => {
      this.received += Buffer.from(bytes).toString('latin1')
    }
    return client
  }

  ask(words: readonly string[]): string {
    this.received = ''
    this.client.send(bytesOf(request(words)))
    return this.received
  }

  /** Ends a wait by going away. */
  comeBack(db: number): void {
    this.client.leave()
    this.client = this.connect()
    this.ask(['SELECT', String(db)])
  }
}

/** A namespace in the server that all share, and a server that has it alone. */
class Pair {
  readonly namespace: string
  readonly model: Engine
  private readonly shared: Speaker
  private readonly alone: Speaker
  private readonly generator: Generator
  private db = 0

  constructor(server: Engine, namespace: string, seed: number) {
    this.namespace = namespace
    this.model = new Engine({}, seed)
    this.shared = new Speaker(server, namespace)
    this.alone = new Speaker(this.model, '')
    this.generator = new Generator(seed, namespace === '' ? WHEN_FREE : WHEN_BOUND)
  }

  /** Sends what comes next to both; returns how many commands. Throws where the replies differ. */
  step(): number {
    const commands = this.generator.next()
    for (const command of commands) this.compare(command)
    return commands.length
  }

  private compare(command: readonly string[]): void {
    const shared = this.shared.ask(command)
    const alone = this.alone.ask(command)
    if (command[0]?.toLowerCase() === 'select' && alone === '+OK\r\n') this.db = Number(command[1])
    if (shared === alone) {
      if (shared !== '') return
      this.shared.comeBack(this.db)
      this.alone.comeBack(this.db)
    } else if (!agree(command, alone, shared)) {
      throw new Error(`${this.namespace}: ${JSON.stringify(command)}\n  alone  ${alone}\n  shared ${shared}`)
    }
  }

  /** Everything there is, as one sees it who is bound to the namespace: digest of all keys, number of keys of each database. */
  finish(server: Engine): void {
    const shared = new Speaker(server, this.namespace === '' ? 'default' : this.namespace)
    const alone = new Speaker(this.model, '')
    expect([this.namespace, shared.ask(['DEBUG', 'DIGEST'])]).toEqual([this.namespace, alone.ask(['DEBUG', 'DIGEST'])])
    expect(shared.ask(['INFO', 'keyspace'])).toBe(alone.ask(['INFO', 'keyspace']))
  }
}

test(`what ${NAMESPACES} namespaces and those outside do stays their own through ${COMMANDS} commands`, () => {
  using server = new Engine()
  const bound = Array.from({ length: NAMESPACES }, (_, i) => new Pair(server, `w${i}`, SEED + i))
  const free = new Pair(server, '', SEED + NAMESPACES)
  const pairs = [...bound, free]
  const order = new Generator(SEED)
  let sent = 0
  while (sent < COMMANDS) {
    for (let i = 0; i < COMMANDS_PER_MOVE; i++) sent += order.pick(pairs).step()
    const moveMs = order.below(40)
    for (const engine of [server, ...pairs.map(pair => pair.model)]) {
      engine.advance(moveMs)
      engine.sweep()
    }
  }
  for (const pair of pairs) pair.finish(server)
  recount(server.server.keys)
  expect(server.bugs).toEqual([])
  for (const { model } of pairs) model[Symbol.dispose]()
}, 600_000)
