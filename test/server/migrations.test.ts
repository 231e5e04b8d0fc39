// MIGRATE against a target that answers what the test wants, when it wants: what becomes of the keys, and that nobody else
// waits. What real servers answer is in test/blackbox/migrate.test.ts.

import { afterAll, describe, expect, test } from 'bun:test'
import type { Socket, TCPSocketListener } from 'bun'
import { type Client, Engine } from '../support/engine.ts'
import type { Reply } from '../support/resp.ts'

const OK = { simple: 'OK' }
const POLLS = 2000

async function until<T>(what: () => T | undefined): Promise<T> {
  for (let i = 0; i < POLLS; i++) {
    const found = what()
    if (found !== undefined) return found
    await Bun.sleep(1)
  }
  throw new Error('it does not come')
}

/** The other server: it takes what it gets, and says what it is told. */
class Target {
  received = ''
  closed = 0
  readonly sockets: Socket<undefined>[] = []
  private readonly listener: TCPSocketListener

  constructor(onData: (socket: Socket<undefined>, target: Target) => void = () => undefined) {
    this.listener = Bun.listen<undefined>({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        open: socket => {
          this.sockets.push(socket)
        },
        data: (socket, chunk) => {
          this.received += Buffer.from(chunk).toString('latin1')
          onData(socket, this)
        },
        close: () => {
          this.closed++
        },
      },
    })
  }

  get port(): string {
    return String(this.listener.port)
  }

  say(text: string): void {
    this.sockets.at(-1)?.write(text)
  }

  /** The request with this word has come. */
  async has(word: string): Promise<void> {
    await until(() => (this.received.includes(word) ? true : undefined))
  }

  [Symbol.dispose](): void {
    this.listener.stop(true)
  }
}

const engine = new Engine({ appendonly: 'no' })
const client = engine.connect()
const other = engine.connect()

afterAll(() => {
  engine.server.migrations.stop()
  expect(engine.bugs).toEqual([])
})

function begin(from: Client, words: readonly string[]): void {
  const bulk = words.map(word => `$${word.length}\r\n${word}\r\n`).join('')
  from.send(Buffer.from(`*${words.length}\r\n${bulk}`, 'latin1'))
}

function replyTo(from: Client): Promise<Reply> {
  return until(() => {
    engine.server.clients.endTurn()
    return from.reader.next() ?? undefined
  })
}

/** A target that says +OK to each request. */
function agreeing(): Target {
  let answered = 0
  return new Target((socket, { received }) => {
    const requests = received.match(/(RESTORE|SELECT|AUTH)\r\n/g)?.length ?? 0
    for (; answered < requests; answered++) socket.write('+OK\r\n')
  })
}

describe('MIGRATE', () => {
  test('holds up nobody else, and removes a key when the target has it', async () => {
    using target = new Target()
    client.call('SET', 'k', 'v', 'PX', '5000')
    begin(client, ['MIGRATE', '127.0.0.1', target.port, 'k', '3', '1000'])
    await target.has('RESTORE')
    expect(other.call('GET', 'k')).toBe('v')
    expect(String(other.call('INFO', 'clients'))).toContain('blocked_clients:1')
    expect(String(other.call('INFO', 'stats'))).toContain('migrate_cached_sockets:1')
    expect(target.received).toStartWith(
      '*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*4\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$4\r\n5000\r\n',
    )
    target.say('+OK\r\n+O')
    await Bun.sleep(5)
    expect(other.call('EXISTS', 'k')).toBe(1)
    target.say('K\r\n')
    expect(await replyTo(client)).toEqual(OK)
    expect(other.call('EXISTS', 'k')).toBe(0)
  })

  test('leaves a key that changed meanwhile, and says so', async () => {
    const changes: readonly (readonly string[])[] = [
      ['APPEND', 'k', '!'],
      ['EXPIRE', 'k', '100'],
      ['DEL', 'k'],
      ['FLUSHALL'],
    ]
    for (const change of changes) {
      using target = new Target()
      client.call('MSET', 'k', 'v', 'same', 's')
      begin(client, ['MIGRATE', '127.0.0.1', target.port, '', '0', '1000', 'KEYS', 'k', 'same', 'none'])
      await target.has('same')
      other.call(...change)
      if (change[0] === 'FLUSHALL') other.call('SET', 'k', 'new')
      const left = other.call('GET', 'k')
      target.say('+OK\r\n+OK\r\n+OK\r\n')
      expect(await replyTo(client)).toEqual({
        error: 'ERR what changed while it was migrated stays here as well; migrate it again with REPLACE',
      })
      expect([change, other.call('GET', 'k'), other.call('EXISTS', 'same')]).toEqual([change, left, 0])
      other.call('DEL', 'k')
    }
  })

  test('does not mind a change that was taken back, and copies what it was', async () => {
    using target = new Target()
    client.call('RPUSH', 'l', 'a', 'b')
    begin(client, ['MIGRATE', '127.0.0.1', target.port, 'l', '0', '1000'])
    await target.has('RESTORE')
    other.call('RPUSH', 'l', 'c')
    other.call('RPOP', 'l')
    target.say('+OK\r\n+OK\r\n')
    expect(await replyTo(client)).toEqual(OK)
    expect(other.call('EXISTS', 'l')).toBe(0)
    client.call('SET', 'k', 'v')
    begin(client, ['MIGRATE', '127.0.0.1', target.port, 'k', '0', '1000', 'COPY'])
    await target.has('$1\r\nk\r\n')
    other.call('SET', 'k', 'w')
    target.say('+OK\r\n')
    expect(await replyTo(client)).toEqual(OK)
    expect(other.call('GET', 'k')).toBe('w')
  })

  test('removes only what was accepted, and nothing after a database or password that is refused', async () => {
    using target = new Target()
    client.call('MSET', 'a', '1', 'b', '2', 'c', '3')
    begin(client, ['MIGRATE', '127.0.0.1', target.port, '', '0', '1000', 'KEYS', 'a', 'b', 'c'])
    await target.has('$1\r\nc\r\n')
    target.say('+OK\r\n+OK\r\n-BUSYKEY Target key name already exists.\r\n+OK\r\n')
    expect(await replyTo(client)).toEqual({
      error: 'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
    })
    expect(other.call('EXISTS', 'a', 'b', 'c')).toBe(1)
    begin(client, ['MIGRATE', '127.0.0.1', target.port, 'b', '0', '1000', 'AUTH2', 'u', 'p'])
    await target.has('AUTH')
    target.say('-WRONGPASS no\r\n-ERR DB index is out of range\r\n+OK\r\n')
    expect(await replyTo(client)).toEqual({ error: 'ERR Target instance replied with error: WRONGPASS no' })
    expect(other.call('EXISTS', 'b')).toBe(1)
  })

  test('gives up when nothing moves for as long as it was told', async () => {
    using target = new Target()
    client.call('SET', 'k', 'v')
    begin(client, ['MIGRATE', '127.0.0.1', target.port, 'k', '0', '30'])
    expect(await replyTo(client)).toEqual({ error: 'IOERR error or timeout reading to target instance' })
    expect(other.call('GET', 'k')).toBe('v')
    expect(target.sockets.length).toBe(1)
    await until(() => target.closed || undefined)
    // What does not fit into the buffers of the system is not even sent.
    client.call('SET', 'big', 'x'.repeat(16 << 20))
    client.call('CONFIG', 'SET', 'rdbcompression', 'no')
    using deaf = new Target(socket => socket.pause())
    begin(client, ['MIGRATE', '127.0.0.1', deaf.port, 'big', '0', '50'])
    expect(await replyTo(client)).toEqual({ error: 'IOERR error or timeout writing to target instance' })
    expect(other.call('STRLEN', 'big')).toBe(16 << 20)
  })

  test('says when there is no connection', async () => {
    client.call('SET', 'k', 'v')
    const unreachable = 'IOERR error or timeout connecting to the client'
    const refused = 'IOERR error or timeout writing to target instance'
    for (const [host, port, error] of [
      ['127.0.0.1', '1', refused],
      ['127.0.0.1', '1x', refused],
      ['127.0.0.1', 'x', unreachable],
      ['127.0.0.1', '99999999', unreachable],
      ['', '6379x', unreachable],
      ['no.such.host.invalid', '1', unreachable],
    ] as const) {
      begin(client, ['MIGRATE', host, port, 'k', '0', '500'])
      expect([host, port, await replyTo(client)]).toEqual([host, port, { error }])
    }
    expect(other.call('GET', 'k')).toBe('v')
  })

  test('uses a connection again, and another one when that was closed', async () => {
    using target = agreeing()
    for (const key of ['a', 'b']) {
      client.call('SET', key, '1')
      begin(client, ['MIGRATE', '127.0.0.1', target.port, key, '5', '1000'])
      expect(await replyTo(client)).toEqual(OK)
    }
    expect([target.sockets.length, target.received.match(/SELECT/g)?.length]).toEqual([1, 1])
    // Gone without a word: the first write meets nobody.
    target.sockets[0]?.terminate()
    client.call('SET', 'c', '1')
    begin(client, ['MIGRATE', '127.0.0.1', target.port, 'c', '5', '1000'])
    expect(await replyTo(client)).toEqual(OK)
    expect(target.sockets.length).toBe(2)
    // Others with other credentials do not get it.
    client.call('SET', 'd', '1')
    begin(client, ['MIGRATE', '127.0.0.1', target.port, 'd', '5', '1000', 'AUTH', 'p'])
    expect(await replyTo(client)).toEqual(OK)
    expect(target.sockets.length).toBe(3)
    engine.clock.advance(10_001)
    engine.server.migrations.tick()
    expect(engine.server.migrations.links).toBe(0)
  })

  test('ends with its client, whose keys stay', async () => {
    for (const end of ['leave', 'finish'] as const) {
      using target = new Target()
      const short = engine.connect()
      const id = String(short.call('CLIENT', 'ID'))
      short.call('SET', 'k', 'v')
      begin(short, ['MIGRATE', '127.0.0.1', target.port, 'k', '0', '60000'])
      await target.has('RESTORE')
      expect(other.call('CLIENT', 'UNBLOCK', id)).toBe(0)
      short[end]()
      await until(() => target.closed || undefined)
      expect(other.call('GET', 'k')).toBe('v')
      expect(String(other.call('INFO', 'clients'))).toContain('blocked_clients:0')
    }
  })

  test('takes what is no answer for none', async () => {
    for (const answer of ['+OK\r\n+OK\r\n+OK\r\n', 'x'.repeat(70_000), '$5\r\n+OK\r\n']) {
      using target = new Target()
      client.call('SET', 'k', 'v')
      begin(client, ['MIGRATE', '127.0.0.1', target.port, 'k', '0', '200'])
      await target.has('RESTORE')
      target.say(answer)
      await replyTo(client)
      await Bun.sleep(5)
      expect(other.call('PING')).toEqual({ simple: 'PONG' })
    }
  })

  test('waits for the end of a pause before it removes anything', async () => {
    using target = new Target()
    client.call('SET', 'k', 'v')
    begin(client, ['MIGRATE', '127.0.0.1', target.port, 'k', '0', '1000'])
    await target.has('RESTORE')
    other.call('CLIENT', 'PAUSE', '10000', 'WRITE')
    target.say('+OK\r\n+OK\r\n')
    await Bun.sleep(10)
    expect(other.call('EXISTS', 'k')).toBe(1)
    other.call('CLIENT', 'UNPAUSE')
    expect(await replyTo(client)).toEqual(OK)
    expect(other.call('EXISTS', 'k')).toBe(0)
  })
})
