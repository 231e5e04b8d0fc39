// Where we answer otherwise than Redis 7.0.15 on purpose, each with its reason. Short, or there is a mistake.

import type { Command } from './wire.ts'

interface Known {
  readonly reason: string
  readonly covers: (command: Command, redis: string, ours: string) => boolean
}

/** Beyond 2^53 ms, which is the year 287396, by no more than a double's own step. */
function roundedDeadline(redis: string, ours: string): boolean {
  const [r, o] = [Number(redis.slice(1)), Number(ours.slice(1))]
  return r > 2 ** 53 / 1000 - 1e12 && Math.abs(r - o) <= Math.max(4096, r / 1e12)
}

const named = (command: Command): string => command.slice(0, 2).join(' ').toLowerCase()

export const KNOWN: readonly Known[] = [
  {
    reason: 'CLIENT SETINFO and CLIENT NO-TOUCH are of Redis 7.2',
    covers: command => /^client (setinfo|no-touch)$/.test(named(command)),
  },
  {
    reason: 'WITHSCORE of ZRANK and ZREVRANK is of Redis 7.2',
    covers: command => /^z(rev)?rank$/i.test(command[0] ?? '') && command.length === 4,
  },
  {
    reason: 'NOVALUES of HSCAN is of Redis 7.4',
    covers: command => /^hscan$/i.test(command[0] ?? '') && command.some(word => /^novalues$/i.test(word)),
  },
  {
    reason: 'SORT of Redis looks at an errno that an earlier number may have left behind',
    covers: (command, redis, ours) =>
      /^sort/i.test(command[0] ?? '') && redis.startsWith('-ERR One or more scores') && /^[*:]/.test(ours),
  },
  {
    reason: 'a deadline is a double: beyond 2^53 ms it is kept rounded',
    covers: (command, redis, ours) =>
      /^p?(ttl|expiretime)$/.test(command[0]?.toLowerCase() ?? '') && roundedDeadline(redis, ours),
  },
  {
    reason: 'a small integer made by COPY is no shared object in Redis; we do not keep where a value came from',
    covers: (command, redis, ours) =>
      named(command) === 'object refcount' && redis === ':1\r\n' && ours === ':2147483647\r\n',
  },
]
