// Nanoseconds of processor time that a command costs on its road through the server, without sockets: chunks of requests
// go to the handler that Bun would call, replies to a socket that takes everything. For comparing two states of the code
// where the kernel's share would drown the difference; the bench tells what users see.
//
// What it tells is the quickest tenth of many short pieces, so that other programs on the machine blur it less.
//
//   bun scripts/road.ts [--keys 100000] [--pipeline 64] [--seconds 1.5] [--only set,get] [-- any settings of the server]

import { parseArgs } from 'node:util'
import type { Socket } from 'bun'
import { loadConfig } from '../src/server/config/load.ts'
import type { Connection } from '../src/server/connection.ts'
import { openLog } from '../src/server/log.ts'
import { Server } from '../src/server/server.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    keys: { type: 'string', default: '100000' },
    pipeline: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '1.5' },
    only: { type: 'string', default: '' },
  },
})
const keys = Number(values.keys)
const pipeline = Number(values.pipeline)
const CONNECTIONS = 50
/** Turns of the loop that are timed together: a few milliseconds. */
const PIECE_TURNS = 4
const VALUE = 'x'.repeat(64)

const name = (prefix: string): string => `${prefix}${String(Math.floor(Math.random() * keys)).padStart(12, '0')}`

const LOADS: Record<string, () => string[]> = {
  ping: () => ['PING'],
  set: () => ['SET', name('key:'), VALUE],
  get: () => ['GET', name('key:')],
  incr: () => ['INCR', name('counter:')],
  mset: () => ['MSET', ...Array.from({ length: 10 }, () => [name('key:'), VALUE]).flat()],
  lpush: () => ['LPUSH', 'mylist', VALUE],
  lpop: () => ['LPOP', 'mylist'],
  rpush: () => ['RPUSH', 'mylist', VALUE],
  rpop: () => ['RPOP', 'mylist'],
  sadd: () => ['SADD', 'myset', name('element:')],
  hset: () => ['HSET', 'myhash', name('element:'), VALUE],
  hget: () => ['HGET', 'myhash', name('element:')],
  zadd: () => ['ZADD', 'myzset', String(Math.floor(Math.random() * keys)), name('element:')],
  zincrby: () => ['ZINCRBY', 'myzset', '3', name('element:')],
  zscore: () => ['ZSCORE', 'myzset', name('element:')],
  zrank: () => ['ZRANK', 'myzset', name('element:')],
  zrangebyscore_10: () => [
    'ZRANGEBYSCORE',
    'myzset',
    String(Math.floor(Math.random() * keys)),
    'inf',
    'LIMIT',
    '0',
    '10',
  ],
  zpopmin: () => ['ZPOPMIN', 'myzset'],
  spop: () => ['SPOP', 'myset'],
  lpush2: () => ['LPUSH', 'mylist', VALUE],
  lrange_100: () => ['LRANGE', 'mylist', '0', '99'],
  lrange_600: () => ['LRANGE', 'mylist', '0', '599'],
}

function chunkOf(load: () => string[]): Uint8Array {
  let text = ''
  for (let i = 0; i < pipeline; i++) {
    const words = load()
    text += `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
  }
  return Buffer.from(text, 'latin1')
}

const { config } = loadConfig(['--port', '0', ...positionals], {})
const server = new Server(
  config,
  openLog('off', () => 'json', ''),
)
if (config.appendonly) server.appendOnly.open()
const handler = server.clients.handler('tcp')
let replied = 0
const sockets = Array.from({ length: CONNECTIONS }, (_, i) => {
  const socket = {
    data: undefined as Connection | undefined,
    remoteAddress: '127.0.0.1',
    remotePort: 40_000 + i,
    localAddress: '127.0.0.1',
    localPort: 6480,
    write(_bytes: Uint8Array, _at: number, length: number): number {
      replied += length
      return length
    },
    setKeepAlive: () => true,
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
    close: () => undefined,
    terminate: () => undefined,
  } as unknown as Socket<Connection>
  handler.open?.(socket)
  return socket
})

const round = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * Nanoseconds a command; of all pieces of the time that is measured, those of the quickest tenth. Each piece has chunks of
 * its own: a request that comes again would find what it has left, and have less to do.
 */
async function measure(load: () => string[]): Promise<number> {
  const piece = async (): Promise<NodeJS.CpuUsage> => {
    const chunks = Array.from({ length: PIECE_TURNS * CONNECTIONS }, () => chunkOf(load) as unknown as Buffer)
    const before = process.cpuUsage()
    for (let at = 0; at < chunks.length; ) {
      for (const socket of sockets) handler.data?.(socket, chunks[at++] as Buffer)
      await round()
    }
    return process.cpuUsage(before)
  }
  const until = (seconds: number): number => performance.now() + seconds * 1000
  for (const end = until(Number(values.seconds)); performance.now() < end; ) await piece()
  const pieces: number[] = []
  for (const end = until(Number(values.seconds)); performance.now() < end; ) {
    const used = await piece()
    pieces.push(((used.user + used.system) * 1000) / (PIECE_TURNS * CONNECTIONS * pipeline))
  }
  pieces.sort((a, b) => a - b)
  return pieces[Math.floor(pieces.length / 10)] as number
}

for (const [load, words] of Object.entries(LOADS)) {
  if (values.only !== '' && !values.only.split(',').includes(load)) continue
  const ns = await measure(words)
  process.stdout.write(`${load.padEnd(12)} ${ns.toFixed(0)} ns\n`)
}
process.exit(replied > 0 ? 0 : 1)
