// When two replies to the same command count as the same. Byte for byte, but for what depends on the moment, on chance or
// on the order of a table; each such command has its rule here.

import { type Reply, ReplyReader } from '../support/resp.ts'
import type { Command } from './wire.ts'

/** The servers read their clocks at different moments of a batch. */
const CLOCK_MS = 1500

export function parse(bytes: string): Reply {
  const reader = new ReplyReader()
  reader.feed(Buffer.from(bytes, 'latin1'))
  return reader.next() ?? null
}

/** The elements of an array or set, sorted; another reply as it is. */
function sorted(reply: Reply): string {
  const isSet = typeof reply === 'object' && reply !== null && !Array.isArray(reply) && 'set' in reply
  const items = isSet ? reply.set : reply
  return Array.isArray(items) ? JSON.stringify([...items].sort()) : JSON.stringify(reply)
}

type Rule = (redis: Reply, ours: Reply, command: Command) => boolean

const sameSet: Rule = (redis, ours) => sorted(redis) === sorted(ours)

/** Fields with their values, in any order. */
const samePairs: Rule = (redis, ours) => pairsOf(redis) === pairsOf(ours)

function pairsOf(reply: Reply): string {
  if (!Array.isArray(reply)) {
    const isMap = typeof reply === 'object' && reply !== null && 'map' in reply
    return JSON.stringify(isMap && Array.isArray(reply.map) ? [...reply.map].sort() : reply)
  }
  const pairs = Array.from({ length: reply.length / 2 }, (_, i) => [reply[2 * i], reply[2 * i + 1]])
  return JSON.stringify(pairs.sort())
}

const isError = (reply: Reply): boolean => reply !== null && typeof reply === 'object' && 'error' in reply

/** Both null, both an error (not compared), both something of one type. */
const sameKind: Rule = (redis, ours) =>
  redis === null || ours === null
    ? redis === ours
    : typeof redis === typeof ours && isError(redis) === isError(ours) && !isError(redis)

/** Draws: as many of them. */
const sameCount: Rule = (redis, ours, command) =>
  Array.isArray(redis) && Array.isArray(ours) ? redis.length === ours.length : sameKind(redis, ours, command)

const near =
  (tolerance: number): Rule =>
  (redis, ours) => {
    if (typeof redis === 'bigint' || typeof ours === 'bigint') return redis === ours
    if (typeof redis !== 'number' || typeof ours !== 'number') return false
    // -1 and -2 are no times.
    return redis < 0 || ours < 0 ? redis === ours : Math.abs(redis - ours) <= tolerance
  }

/** `cursorAt` is the word with the cursor. */
const scanned =
  (cursorAt: number): Rule =>
  (redis, ours, command) => {
    if (!Array.isArray(redis) || !Array.isArray(ours)) return false
    // A cursor that is not 0 is each server's own.
    if (command[cursorAt] !== '0') return true
    return redis[0] !== '0' || ours[0] !== '0' || sorted(redis[1]) === sorted(ours[1])
  }

/** Sorted by other keys, those of one weight lie as the server's own table has them; with LIMIT others may be seen. */
const arranged: Rule = (redis, ours, command) => {
  const has = (word: string): boolean => command.some(w => w.toLowerCase() === word)
  if (!has('by')) return false
  return has('limit') ? sameCount(redis, ours, command) : sorted(redis) === sorted(ours)
}

/** HELLO but for the number of the connection. */
const greeted: Rule = (redis, ours) =>
  JSON.stringify(redis).replace(/"id",\d+/, '') === JSON.stringify(ours).replace(/"id",\d+/, '')

const RULES: Readonly<Record<string, Rule>> = {
  keys: sameSet,
  scan: scanned(1),
  sscan: scanned(2),
  smembers: sameSet,
  sinter: sameSet,
  sunion: sameSet,
  sdiff: sameSet,
  spop: sameSet,
  sort: arranged,
  sort_ro: arranged,
  srandmember: sameCount,
  zscan: scanned(2),
  zrandmember: sameCount,
  hkeys: sameSet,
  hvals: sameSet,
  hgetall: samePairs,
  hscan: scanned(2),
  hrandfield: sameCount,
  randomkey: sameKind,
  time: sameKind,
  hello: greeted,
  ttl: near(CLOCK_MS / 1000 + 1),
  pttl: near(CLOCK_MS),
  expiretime: near(CLOCK_MS / 1000 + 1),
  pexpiretime: near(CLOCK_MS),
  'object idletime': sameKind,
  'memory usage': sameKind,
  'client id': sameKind,
  'client info': sameKind,
  'client list': sameKind,
}

/** `redis` and `ours` are the bytes of a whole reply each. */
export function agree(command: Command, redis: string, ours: string): boolean {
  if (redis === ours) return true
  const [name = '', sub = ''] = command.map(word => word.toLowerCase())
  const rule = RULES[name] ?? RULES[`${name} ${sub}`]
  if (rule === undefined) return false
  // The same null in another form, or a set for an array, is a difference.
  if (redis[0] !== ours[0]) return false
  return rule(parse(redis), parse(ours), command)
}
