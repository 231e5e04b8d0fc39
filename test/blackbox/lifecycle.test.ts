// The server as a process: how it starts, refuses to start, saves, stops, and what it tells the shell.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Raw } from '../support/raw.ts'
import { directory, runToEnd, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

/** What docker and systemd leave us is longer; two seconds is what we promise. */
const STOP_MS = 2000

test('port 0 takes a free port and the ready line names it', async () => {
  await using a = await startServer()
  await using b = await startServer()
  expect(a.port).toBeGreaterThan(0)
  expect(a.port).not.toBe(b.port)
  using raw = await Raw.open(a.port)
  await raw.send('PING\r\n').expect('+PONG\r\n')
  expect((await fetch(`http://127.0.0.1:${a.metricsPort}/health`)).status).toBe(200)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} saves and ends within ${STOP_MS} ms though clients are connected; a restart finds the data`, async () => {
    using place = directory()
    const env = { KVNS_PERSIST_PATH: join(place.path, 'snapshot') }
    const first = await startServer({ dir: place.path, env })
    try {
      using idle = await Raw.open(first.port)
      using busy = await Raw.open(first.port)
      await busy.send('SET ns/a 1\r\nSET b 2 EX 1000\r\n').expect('+OK\r\n+OK\r\n')
      first.process.child.kill(signal)
      expect(await first.process.ended(STOP_MS)).toBe(0)
      await idle.untilClosed()
      expect(idle.error).toBeUndefined()
    } finally {
      await first.stop()
    }
    await using second = await startServer({ dir: place.path, env })
    using raw = await Raw.open(second.port)
    await raw.send('GET ns/a\r\nGET b\r\nDBSIZE\r\n').expect('$1\r\n1\r\n$1\r\n2\r\n:2\r\n')
    await raw.send('TTL b\r\n').until('TTL', () => /^:\d+\r\n/.test(raw.text))
    expect(Number(raw.text.slice(1))).toBeGreaterThan(900)
  })
}

test('a signal that is told not to save does not, one that is forced ends although it cannot', async () => {
  using place = directory()
  const path = join(place.path, 'snapshot')
  const env = { KVNS_PERSIST_PATH: path, KVNS_SHUTDOWN_ON_SIGINT: 'nosave', KVNS_SHUTDOWN_ON_SIGTERM: 'save force' }
  const first = await startServer({ dir: place.path, env })
  using raw = await Raw.open(first.port)
  await raw.send('SET a 1\r\n').expect('+OK\r\n')
  first.process.child.kill('SIGINT')
  expect(await first.process.ended(STOP_MS)).toBe(0)
  expect(existsSync(path)).toBe(false)
  await first.stop()
  const second = await startServer({ dir: place.path, env: { ...env, KVNS_PERSIST_PATH: join(place.path, 'gone/x') } })
  using other = await Raw.open(second.port)
  await other.send('SET a 1\r\n').expect('+OK\r\n')
  second.process.child.kill('SIGTERM')
  expect(await second.process.ended(STOP_MS)).toBe(0)
  await second.stop()
})

test('a damaged snapshot refuses to start, naming file and byte; the file stays as it is', async () => {
  using place = directory()
  const path = join(place.path, 'snapshot')
  const env = { KVNS_PERSIST_PATH: path }
  const server = await startServer({ dir: place.path, env })
  using raw = await Raw.open(server.port)
  await raw.send('SET a some-value\r\nSAVE\r\n').expect('+OK\r\n+OK\r\n')
  server.process.child.kill('SIGKILL')
  await server.stop()
  const damaged = readFileSync(path)
  damaged[damaged.length >> 1] ^= 0xff
  writeFileSync(path, damaged)

  const refusal = await startServer({ dir: place.path, env }).catch(error => String(error))
  expect(refusal).toContain(path)
  expect(refusal).toMatch(/byte \d+/)
  expect(readFileSync(path).equals(damaged)).toBe(true)

  await using again = await startServer({ dir: place.path, env, flags: ['--ignore-damaged-snapshot'] })
  using fresh = await Raw.open(again.port)
  await fresh.send('DBSIZE\r\n').expect(':0\r\n')
  const aside = readdirSync(place.path).filter(name => name.startsWith('snapshot') && name !== 'snapshot')
  expect(aside.map(name => readFileSync(join(place.path, name)).equals(damaged))).toEqual([true])
})

test('an unknown flag, a bad value and a taken port refuse to start with a line that names them', async () => {
  const unknown = await runToEnd(['--no-such-flag', '1'])
  expect(unknown.code).toBe(1)
  expect(unknown.stderr).toContain('no-such-flag')
  const bad = await runToEnd(['--port', 'ninety'])
  expect(bad.code).toBe(1)
  expect(bad.stderr).toContain('port')
  await using server = await startServer()
  const taken = await runToEnd(['--host', '127.0.0.1', '--port', String(server.port), '--metrics-port', '0'])
  expect(taken.code).toBe(1)
  expect(taken.stdout + taken.stderr).toContain(String(server.port))
})

test('kvns ping: 0 when the server answers, also for a password; 1 when nobody does', async () => {
  const server = await startServer({ flags: ['--requirepass', 'secret'] })
  const words = ['ping', '--host', '127.0.0.1', '--port', String(server.port)]
  expect((await runToEnd(words)).code).toBe(0)
  await server.stop()
  expect((await runToEnd(words)).code).toBe(1)
})

test('kvns --help and --version go to stdout with exit code 0', async () => {
  const help = await runToEnd(['--help'])
  expect([help.code, help.stderr]).toEqual([0, ''])
  expect(help.stdout).toContain('--persist-path')
  const version = await runToEnd(['--version'])
  expect([version.code, version.stdout]).toEqual([0, expect.stringMatching(/^kvns \d+\.\d+\.\d+\S*\n$/)])
})

test('a redis.conf starts the server as redis-server would', async () => {
  using place = directory()
  const conf = join(place.path, 'redis.conf')
  const socket = join(place.path, 's')
  writeFileSync(
    conf,
    `# a comment\nbind 127.0.0.1\nport 0\nunixsocket ${socket}\nrequirepass "p w"\nmaxclients 7\nsave ""\n` +
      `dir ${place.path}\ndatabases 3\n`,
  )
  await using server = await startServer({ flags: [conf], dir: place.path, env: { KVNS_PORT: '0' } })
  expect(server.process.alive).toBe(true)
  using raw = await Raw.open(socket)
  await raw.send('AUTH "p w"\r\nCONFIG GET maxclients\r\n').expect('+OK\r\n*2\r\n$10\r\nmaxclients\r\n$1\r\n7\r\n')
  await raw.send('SELECT 3\r\n').expect('-ERR DB index is out of range\r\n')
})

test('rename-command gives a command another name, or none', async () => {
  using place = directory()
  const conf = join(place.path, 'redis.conf')
  const socket = join(place.path, 's')
  const lines = ['port 0', `unixsocket ${socket}`, 'save ""', 'rename-command GET Fetch', 'rename-command flushall ""']
  writeFileSync(conf, lines.join('\n'))
  await using server = await startServer({ flags: [conf], dir: place.path, env: { KVNS_PORT: '0' } })
  expect(server.process.alive).toBe(true)
  using raw = await Raw.open(socket)
  await raw.send('SET k v\r\nFETCH k\r\n').expect('+OK\r\n$1\r\nv\r\n')
  for (const name of ['GET', 'FLUSHALL', 'CLEAR', 'A']) {
    await raw.send(`${name}\r\n`).expect(`-ERR unknown command '${name}', with args beginning with: \r\n`)
  }
  for (const [line, problem] of [
    ['rename-command nope x', 'No such command in rename-command'],
    ['rename-command get SET', 'Target command name already exists'],
    ['rename-command get', 'wrong number of arguments'],
  ] as const) {
    writeFileSync(conf, `port 0\n${line}\n`)
    const ended = await runToEnd([conf])
    expect(ended.code).toBe(1)
    expect(ended.stdout + ended.stderr).toContain(problem)
  }
})

test('with requirepass nothing is answered before AUTH', async () => {
  await using server = await startServer({ env: { KVNS_REQUIREPASS: 'secret' } })
  using raw = await Raw.open(server.port)
  await raw.send('GET a\r\n').expect('-NOAUTH Authentication required.\r\n')
  await raw.send('AUTH wrong\r\n').expect('-WRONGPASS invalid username-password pair or user is disabled.\r\n')
  await raw.send('AUTH secret\r\nGET a\r\n').expect('+OK\r\n$-1\r\n')
  await raw.send('RESET\r\nGET a\r\n').expect('+RESET\r\n-NOAUTH Authentication required.\r\n')
})

test('a client beyond maxclients is told and closed; when another goes there is room again', async () => {
  await using server = await startServer({ flags: ['--max-clients', '3'] })
  const clients = await Promise.all([1, 2, 3].map(() => Raw.open(server.port)))
  for (const client of clients) await client.send('PING\r\n').expect('+PONG\r\n')
  using fourth = await Raw.open(server.port)
  await fourth.expect('-ERR max number of clients reached\r\n')
  fourth.socket.end()
  await fourth.untilClosed()
  clients[0]?.socket.destroy()
  const until = performance.now() + 2000
  for (let answered = false; !answered; ) {
    if (performance.now() > until) throw new Error('no room again')
    using next = await Raw.open(server.port)
    await next.send('PING\r\n').until('an answer', () => next.text !== '' || next.closed)
    answered = next.text === '+PONG\r\n'
  }
  for (const client of clients) client.socket.destroy()
})

test('timeout closes clients that are silent, not those that speak', async () => {
  await using server = await startServer({ flags: ['--timeout', '1'] })
  using idle = await Raw.open(server.port)
  using busy = await Raw.open(server.port)
  const talk = setInterval(() => busy.send('PING\r\n'), 200)
  try {
    await idle.untilClosed(4000)
    expect(busy.closed).toBe(false)
  } finally {
    clearInterval(talk)
  }
})

test('CLIENT KILL ends the connection of another client in order, without a reset', async () => {
  await using server = await startServer()
  using victim = await Raw.open(server.port)
  using killer = await Raw.open(server.port)
  await victim.send('CLIENT ID\r\n').expect(':1\r\n')
  await killer.send('CLIENT KILL ID 1\r\n').expect(':1\r\n')
  await victim.untilClosed()
  expect(victim.error).toBeUndefined()
})

test('a Unix socket serves beside TCP, replaces one left behind and is gone after the end', async () => {
  using place = directory()
  const path = join(place.path, 'socket')
  const killed = await startServer({ dir: place.path, flags: ['--unixsocket', path] })
  killed.process.child.kill('SIGKILL')
  await killed.process.ended(STOP_MS)
  expect(existsSync(path)).toBe(true)
  const server = await startServer({ dir: place.path, flags: ['--unixsocket', path, '--unixsocketperm', '700'] })
  using unix = await Raw.open(path)
  using tcp = await Raw.open(server.port)
  await unix.send('SET a 1\r\n').expect('+OK\r\n')
  await tcp.send('GET a\r\n').expect('$1\r\n1\r\n')
  await server.stop()
  expect(existsSync(path)).toBe(false)
})

test('SHUTDOWN NOSAVE ends with code 0 and writes nothing', async () => {
  using place = directory()
  const path = join(place.path, 'snapshot')
  const server = await startServer({ dir: place.path, env: { KVNS_PERSIST_PATH: path } })
  using raw = await Raw.open(server.port)
  await raw.send('SET a 1\r\nSHUTDOWN NOSAVE\r\n').untilClosed()
  expect(raw.text).toBe('+OK\r\n')
  expect(await server.process.ended(STOP_MS)).toBe(0)
  expect(existsSync(path)).toBe(false)
  await server.stop()
})
