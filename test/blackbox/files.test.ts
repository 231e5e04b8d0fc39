// The files named at start: what happens when they cannot be written, or are gone at the end.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Raw } from '../support/raw.ts'
import { runToEnd, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

test('the pid file holds the process id and goes with the process', async () => {
  await using server = await startServer({ flags: ['--pidfile', 'pid'] })
  const path = join(server.dir, 'pid')
  // The ready line comes after the file.
  expect(readFileSync(path, 'latin1')).toBe(`${server.process.child.pid}\n`)
  server.process.child.kill('SIGTERM')
  expect(await server.process.ended(2000)).toBe(0)
  expect(existsSync(path)).toBe(false)
})

test('a pid file that cannot be written is a warning, one that is gone at the end is nothing', async () => {
  await using without = await startServer({ flags: ['--pidfile', 'nowhere/pid'] })
  using raw = await Raw.open(without.port)
  await raw.send('PING\r\n').expect('+PONG\r\n')
  // The log is written a moment after the start.
  await without.process.until('warned', () => without.process.stdout.includes('the pid file was not written'))

  await using server = await startServer({ flags: ['--pidfile', 'pid'] })
  rmSync(join(server.dir, 'pid'))
  server.process.child.kill('SIGTERM')
  expect(await server.process.ended(2000)).toBe(0)
  expect(server.process.stdout).not.toContain('not stopping')
})

test('a log file that cannot be opened refuses to start with one line', async () => {
  const { code, stderr } = await runToEnd(['--port', '0', '--metrics-port', '0', '--logfile', 'nowhere/log'])
  expect(code).toBe(1)
  expect(stderr).toStartWith("kvns: can't open the log file: ")
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('with fewer descriptors than maxclients the server takes fewer clients, and says so', async () => {
  await using server = await startServer()
  using raw = await Raw.open(server.port)
  const hard = Number(
    /Max open files\s+(\d+)/.exec(readFileSync(`/proc/${server.process.child.pid}/limits`, 'latin1'))?.[1],
  )
  await raw.send(`CONFIG SET maxclients ${hard}\r\n`).until('a refusal', () => raw.text.includes('try with'))
  expect(raw.text).toContain(`try with ${hard - 32}\r\n`)
})

test('SHUTDOWN SAVE while a background save runs gives that up and saves', async () => {
  await using server = await startServer({
    env: { KVNS_PERSIST_PATH: 'snapshot' },
    flags: ['--enable-debug-command', 'yes'],
  })
  using raw = await Raw.open(server.port)
  await raw.send('DEBUG POPULATE 100000\r\n').expect('+OK\r\n')
  await raw.send('BGSAVE\r\nSHUTDOWN SAVE\r\n').expect('+Background saving started\r\n')
  expect(await server.process.ended(5000)).toBe(0)
  expect(existsSync(join(server.dir, 'snapshot'))).toBe(true)
})
