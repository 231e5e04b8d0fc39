// Clients that misbehave or want much: each is bounded, and the others do not notice.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { Raw } from '../support/raw.ts'
import { type OurServer, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

let server: OurServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const MEGABYTE = 1 << 20

async function answersQuickly(port: number): Promise<void> {
  using other = await Raw.open(port)
  const started = performance.now()
  await other.send('PING\r\n').expect('+PONG\r\n')
  expect(performance.now() - started).toBeLessThan(1000)
}

test('a client that never reads is cut at the hard output limit; the others are served meanwhile', async () => {
  await using limited = await startServer({ flags: ['--client-output-buffer-limit', 'normal 8mb 0 0'] })
  using greedy = await Raw.open(limited.port)
  await greedy.send(`SET big ${'x'.repeat(60_000)}\r\n`).expect('+OK\r\n')
  greedy.socket.pause()
  let sent = 0
  while (!greedy.closed && sent < 3000) {
    greedy.send('GET big\r\n'.repeat(20))
    sent += 20
    await Bun.sleep(1)
  }
  await answersQuickly(limited.port)
  using watcher = await Raw.open(limited.port)
  const until = performance.now() + 5000
  for (;;) {
    watcher.text = ''
    await watcher.send('CLIENT LIST\r\n').until('the list', () => watcher.text.endsWith('\r\n'))
    if ([...watcher.text.matchAll(/^(?:\$\d+\r\n)?id=/gm)].length === 1) break
    if (performance.now() > until) throw new Error(`still there:\n${watcher.text}`)
    await Bun.sleep(20)
  }
})

test('without an output limit a client that never reads is not read from either, and gets all when it reads', async () => {
  using slow = await Raw.open(server.port)
  await slow.send(`SET big ${'x'.repeat(60_000)}\r\n`).expect('+OK\r\n')
  slow.socket.pause()
  const times = 3000
  slow.send('GET big\r\n'.repeat(times))
  await Bun.sleep(300)
  await answersQuickly(server.port)
  using watcher = await Raw.open(server.port)
  await watcher.send('CLIENT LIST\r\n').until('the list', () => watcher.text.endsWith('\r\n'))
  const waiting = Math.max(...[...watcher.text.matchAll(/omem=(\d+)/g)].map(match => Number(match[1])))
  expect(waiting).toBeGreaterThan(MEGABYTE)
  expect(waiting).toBeLessThan(80 * MEGABYTE)
  const whole = `$60000\r\n${'x'.repeat(60_000)}\r\n`.length * times
  slow.socket.removeAllListeners('data')
  let got = 0
  slow.socket.on('data', chunk => {
    got += chunk.length
  })
  slow.socket.resume()
  const until = performance.now() + 10_000
  while (got < whole && performance.now() < until) await Bun.sleep(10)
  expect(got).toBe(whole)
})

test('a client that closes its sending side at once still gets every reply', async () => {
  using half = await Raw.open(server.port)
  half.socket.end(`SET h 1\r\n${'GET h\r\n'.repeat(20_000)}`)
  await half.untilClosed()
  expect(half.text).toBe(`+OK\r\n${'$1\r\n1\r\n'.repeat(20_000)}`)
  using big = await Raw.open(server.port)
  await big.send(`SET half ${'y'.repeat(50_000)}\r\n`).expect('+OK\r\n')
  big.socket.end('GET half\r\n'.repeat(400))
  await big.untilClosed()
  expect(big.text.length).toBe(400 * `$50000\r\n${'y'.repeat(50_000)}\r\n`.length)
})

test('a count or length beyond the limits is a protocol error; one within is not believed before it is there', async () => {
  using many = await Raw.open(server.port)
  await many.send('*1000000000\r\n').untilClosed()
  expect(many.text).toBe('-ERR Protocol error: invalid multibulk length\r\n')
  using long = await Raw.open(server.port)
  await long.send('*2\r\n$3\r\nGET\r\n$2000000000\r\n').untilClosed()
  expect(long.text).toBe('-ERR Protocol error: invalid bulk length\r\n')
  const clients = await Promise.all(Array.from({ length: 50 }, () => Raw.open(server.port)))
  for (const client of clients) client.send('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000000\r\nonly this')
  await answersQuickly(server.port)
  using watcher = await Raw.open(server.port)
  await watcher.send('CLIENT LIST\r\n').until('the list', () => watcher.text.endsWith('\r\n'))
  const held = [...watcher.text.matchAll(/tot-mem=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0)
  expect(held).toBeLessThan(16 * MEGABYTE)
  for (const client of clients) client.socket.destroy()
})

test('a value of 100 MB goes in and comes out', async () => {
  const bytes = 100_000_000
  using raw = await Raw.open(server.port)
  raw.send(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${bytes}\r\n`)
  raw.socket.write(Buffer.alloc(bytes, 'ab'))
  await raw.send('\r\n').expect('+OK\r\n')
  raw.socket.removeAllListeners('data')
  let got = 0
  let tail = ''
  const arrived = Promise.withResolvers<void>()
  raw.socket.on('data', (chunk: string) => {
    got += chunk.length
    tail = (tail + chunk).slice(-6)
    if (got >= bytes + `$${bytes}\r\n\r\n`.length) arrived.resolve()
  })
  raw.send('GET big\r\n')
  await arrived.promise
  expect(got).toBe(bytes + `$${bytes}\r\n\r\n`.length)
  expect(tail).toBe('abab\r\n')
  using other = await Raw.open(server.port)
  await other.send('DEL big\r\n').expect(':1\r\n')
})

test('5,000 idle connections cost little and slow nobody down', async () => {
  const before = await residentBytes()
  const idle: Raw[] = []
  try {
    for (let i = 0; i < 50; i++) {
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => Raw.open(server.port)))))
    }
    using raw = await Raw.open(server.port)
    await raw.send('CLIENT LIST\r\n').until('the list', () => raw.text.endsWith('\n\r\n'))
    expect([...raw.text.matchAll(/id=\d+ addr/g)].length).toBeGreaterThanOrEqual(5001)
    await answersQuickly(server.port)
    expect(((await residentBytes()) - before) / 5000).toBeLessThan(20_000)
  } finally {
    for (const client of idle) client.socket.destroy()
  }
})

async function residentBytes(): Promise<number> {
  const status = await Bun.file(`/proc/${server.process.child.pid}/status`).text()
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024
}
