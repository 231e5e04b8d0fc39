// Memory per key: a known number of keys sent through `redis-cli --pipe`, then the server's resident memory beyond what
// it took empty.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { residentBytes } from './processes.ts'
import type { Server } from './server.ts'

export interface MemoryLoad {
  readonly name: string
  /** The words of the command that makes the i-th key, field or member. */
  readonly command: (i: number) => readonly string[]
}

const VALUE = 'x'.repeat(64)
const digits = (i: number, width: number) => String(i).padStart(width, '0')

export const MEMORY_LOADS: readonly MemoryLoad[] = [
  { name: 'strings, key 16 B, value 64 B', command: i => ['SET', `key:${digits(i, 12)}`, VALUE] },
  { name: 'the same with expiry', command: i => ['SET', `key:${digits(i, 12)}`, VALUE, 'EX', '100000'] },
  { name: 'counters', command: i => ['SET', `cnt:${digits(i, 12)}`, String(i)] },
  { name: 'fields of one hash, 32 B', command: i => ['HSET', 'h', `field:${digits(i, 10)}`, VALUE.slice(32)] },
  {
    name: 'members of one sorted set',
    command: i => ['ZADD', 'z', String((i * 7919) % 1000003), `member:${digits(i, 9)}`],
  },
]

const COMMANDS_PER_WRITE = 2000

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
}

/** Loads `keys` keys and answers the resident bytes each took; NaN when the server refused the load. */
export async function bytesPerKey(server: Server, load: MemoryLoad, keys: number): Promise<number> {
  const before = residentBytes(server.pid)
  const cli = spawn('redis-cli', ['-p', String(server.port), '--pipe'], { stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = once(cli, 'exit')
  // It leaves before the end when the server closes the connection: its exit code tells.
  cli.stdin.on('error', () => cli.stdin.destroy())
  for (let from = 0; from < keys; from += COMMANDS_PER_WRITE) {
    let text = ''
    for (let i = from; i < Math.min(keys, from + COMMANDS_PER_WRITE); i++) text += encode(load.command(i))
    if (!cli.stdin.write(text)) await Promise.race([once(cli.stdin, 'drain'), ended])
  }
  cli.stdin.end()
  const [code] = await ended
  // The server may hand memory back a moment after the last command.
  await Bun.sleep(500)
  return code === 0 ? (residentBytes(server.pid) - before) / keys : Number.NaN
}
