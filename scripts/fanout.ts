// Messages to many subscribers, beside redis-server in one run: deliveries a second and the server's processor time for
// each. And what idle connections cost: memory for each, and what SET costs beside them.
//
//   bun scripts/fanout.ts [--subscribers 1000] [--patterns 100] [--messages 2000] [--pipeline 16] [--idle 10000]
//                         [--rounds 3] [--server-cmd 'CMD with {port}']
//
// The subscribers live in this process, which counts bytes only; it needs a core of its own.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Socket } from 'bun'
import { cpuSeconds } from './support/processes.ts'
import { installed, refuse } from './support/run.ts'
import { ourEnvironment, Server, splitCommand } from './support/server.ts'
import { ROOT } from './support/source.ts'

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '1000' },
    patterns: { type: 'string', default: '100' },
    messages: { type: 'string', default: '2000' },
    pipeline: { type: 'string', default: '16' },
    idle: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    'server-cmd': { type: 'string' },
  },
})
const subscribers = Number(values.subscribers)
const patterns = Number(values.patterns)
const pipeline = Number(values.pipeline)
const PAYLOAD = 'x'.repeat(64)
const STALLED_MS = 10_000

let received = 0
/** Wakes the one who waits for bytes. */
let arrived: () => void = () => undefined

async function connect(port: number): Promise<Socket<undefined>> {
  return await Bun.connect<undefined>({
    hostname: '127.0.0.1',
    port,
    socket: {
      data(_socket, chunk) {
        received += chunk.length
        arrived()
      },
      error: (_socket, error) => {
        throw error
      },
    },
  })
}

async function untilReceived(bytes: number): Promise<void> {
  let before = -1
  while (received < bytes) {
    if (received === before) throw new Error(`${received} of ${bytes} bytes came`)
    before = received
    const more = Promise.withResolvers<void>()
    arrived = () => {
      if (received >= bytes) more.resolve()
    }
    const timer = setTimeout(more.resolve, STALLED_MS)
    await more.promise
    clearTimeout(timer)
  }
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`
const words = (...all: readonly string[]): string => `*${all.length}\r\n${all.map(bulk).join('')}`

interface Fanout {
  readonly perSecond: number
  readonly cpuNs: number
}

/** Publishes with `pipeline` requests under way at a time, so that nobody's buffers grow. */
async function fanout(server: Server): Promise<Fanout> {
  const listeners: Socket<undefined>[] = []
  received = 0
  let expected = 0
  for (let i = 0; i < subscribers + patterns; i++) {
    const socket = await connect(server.port)
    const isPattern = i >= subscribers
    const name = isPattern ? `ch*${'?'.repeat(i % 3)}*` : 'channel'
    const command = isPattern ? 'psubscribe' : 'subscribe'
    socket.write(words(command, name))
    expected += `*3\r\n${bulk(command)}${bulk(name)}:1\r\n`.length
    listeners.push(socket)
  }
  await untilReceived(expected)
  const publisher = await connect(server.port)
  const one = words('message', 'channel', PAYLOAD).length
  let perMessage = one * subscribers
  for (let i = subscribers; i < subscribers + patterns; i++) {
    perMessage += words('pmessage', `ch*${'?'.repeat(i % 3)}*`, 'channel', PAYLOAD).length
  }
  const reply = `:${subscribers + patterns}\r\n`.length
  const rounds = Math.ceil(Number(values.messages) / pipeline)
  const request = words('publish', 'channel', PAYLOAD).repeat(pipeline)
  const cpuBefore = cpuSeconds(server.pid)
  const start = performance.now()
  received = 0
  for (let i = 1; i <= rounds; i++) {
    publisher.write(request)
    await untilReceived(i * pipeline * (perMessage + reply))
  }
  const deliveries = rounds * pipeline * (subscribers + patterns)
  const seconds = (performance.now() - start) / 1000
  const cpuNs = ((cpuSeconds(server.pid) - cpuBefore) * 1e9) / deliveries
  for (const socket of [publisher, ...listeners]) socket.end()
  return { perSecond: deliveries / seconds, cpuNs }
}

const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024

/** Processor time of a SET, ns, one after the other on each of 50 connections. */
async function costOfSet(server: Server): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => connect(server.port)))
  const before = cpuSeconds(server.pid)
  const turns = 2000
  for (let turn = 1; turn <= turns; turn++) {
    received = 0
    for (const [i, socket] of sockets.entries()) socket.write(words('set', `key:${turn % 100}:${i}`, PAYLOAD))
    await untilReceived(5 * sockets.length)
  }
  const cost = ((cpuSeconds(server.pid) - before) * 1e9) / (turns * sockets.length)
  for (const socket of sockets) socket.end()
  return cost
}

interface Idle {
  readonly bytesEach: number
  readonly setAloneNs: number
  readonly setBesideNs: number
}

async function idle(server: Server): Promise<Idle> {
  await costOfSet(server)
  const setAloneNs = await costOfSet(server)
  const before = residentBytes(server.pid)
  const sockets: Socket<undefined>[] = []
  const count = Number(values.idle)
  for (let i = 0; i < count; i++) {
    const socket = await connect(server.port)
    received = 0
    socket.write(words('ping'))
    await untilReceived(7)
    sockets.push(socket)
  }
  await Bun.sleep(1500)
  const bytesEach = (residentBytes(server.pid) - before) / count
  const setBesideNs = await costOfSet(server)
  for (const socket of sockets) socket.end()
  return { bytesEach, setAloneNs, setBesideNs }
}

const OURS = values['server-cmd'] ?? join(ROOT, 'dist/kvns')
if (!installed('redis-server')) refuse('redis-server is needed beside ours')
const start = async (which: 'ours' | 'redis'): Promise<Server> =>
  which === 'redis'
    ? await Server.start({
        name: 'redis',
        argv: ['redis-server', '--port', '{port}', '--save', '', '--maxclients', '20000'],
      })
    : await Server.start({ name: 'kvns', argv: splitCommand(OURS), env: ourEnvironment({ KVNS_MAX_CLIENTS: '20000' }) })

const print = (line: string): boolean => process.stdout.write(`${line}\n`)
for (let round = 1; round <= Number(values.rounds); round++) {
  const seen: Record<string, Fanout> = {}
  for (const which of ['redis', 'ours'] as const) {
    const server = await start(which)
    await fanout(server)
    seen[which] = await fanout(server)
    await server.stop()
  }
  const { redis, ours } = seen as { redis: Fanout; ours: Fanout }
  print(
    `round ${round}: deliveries/s redis ${Math.round(redis.perSecond)} ours ${Math.round(ours.perSecond)}` +
      ` x${(ours.perSecond / redis.perSecond).toFixed(2)}; ns each redis ${Math.round(redis.cpuNs)}` +
      ` ours ${Math.round(ours.cpuNs)} x${(redis.cpuNs / ours.cpuNs).toFixed(2)}`,
  )
}
if (Number(values.idle) > 0) {
  for (const which of ['redis', 'ours'] as const) {
    const server = await start(which)
    const { bytesEach, setAloneNs, setBesideNs } = await idle(server)
    print(
      `${which}: ${values.idle} idle connections, ${Math.round(bytesEach)} bytes each;` +
        ` SET ${Math.round(setAloneNs)} ns alone, ${Math.round(setBesideNs)} ns beside them`,
    )
    await server.stop()
  }
}
