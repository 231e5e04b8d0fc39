// Two servers, one stream of commands: sends it in batches to both, compares, and reduces what differs to the commands
// that are needed to see it.

import { agree } from './compare.ts'
import { Generator } from './generator.ts'
import { KNOWN } from './known.ts'
import { type Command, Wire } from './wire.ts'

const COMMANDS_PER_ROUND = 4000
const MAX_BATCH = 120
const DATABASES = 16
/** Long enough that a batch is through before. */
const EXPIRY_MS = '20'
/** Commands that are printed of a list. */
const MAX_SHOWN = 30
/** Replays that a reduction may take. */
const MAX_REPLAYS = 3000

export interface Ports {
  readonly redis: number
  readonly ours: number
}

export interface Difference {
  readonly seed: number
  /** The fewest commands found, from empty servers, the last one is answered differently. */
  readonly commands: readonly Command[]
  readonly redis: string
  readonly ours: string
}

interface Pair {
  readonly redis: Wire
  readonly ours: Wire
}

async function connected<T>(ports: Ports, work: (pair: Pair) => Promise<T>): Promise<T> {
  const redis = await Wire.open(ports.redis)
  const ours = await Wire.open(ports.ours)
  try {
    return await work({ redis, ours })
  } finally {
    redis.close()
    ours.close()
  }
}

async function both(pair: Pair, commands: readonly Command[]): Promise<[string[], string[]]> {
  const answer = (wire: Wire): Promise<string[]> =>
    wire.batch(commands).catch(error => [`-${wire === pair.ours ? 'ours' : 'redis'}: ${(error as Error).message}\r\n`])
  return await Promise.all([answer(pair.redis), answer(pair.ours)])
}

function firstDifference(commands: readonly Command[], redis: string[], ours: string[]): number {
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i] ?? []
    const [r = '', o = ''] = [redis[i], ours[i]]
    if (!agree(command, r, o) && !KNOWN.some(known => known.covers(command, r, o))) return i
  }
  return -1
}

/** Commands that show all there is: names, then for each its type, encoding, value and moment of expiry. */
async function compareKeyspaces(pair: Pair): Promise<{ commands: Command[]; redis: string; ours: string } | undefined> {
  for (let db = 0; db < DATABASES; db++) {
    const list: Command[] = [['hello', '2'], ['select', String(db)], ['keys', '*'], ['dbsize']]
    const [redis, ours] = await both(pair, list)
    const at = firstDifference(list, redis, ours)
    if (at >= 0) return { commands: list.slice(0, at + 1), redis: redis[at] ?? '', ours: ours[at] ?? '' }
    const names = namesIn(redis[2] ?? '')
    const looks = names.flatMap((key): Command[] => [
      ['type', key],
      ['object', 'encoding', key],
      ['pexpiretime', key],
      ['get', key],
      ['smembers', key],
      ['lrange', key, '0', '-1'],
      ['zrange', key, '0', '-1', 'WITHSCORES'],
    ])
    const [redisLooks, ourLooks] = await both(pair, looks)
    const found = firstDifference(looks, redisLooks, ourLooks)
    if (found >= 0) {
      const commands = [['select', String(db)], looks[found] ?? []]
      return { commands, redis: redisLooks[found] ?? '', ours: ourLooks[found] ?? '' }
    }
  }
  return undefined
}

/** Keys whose time is over, met by one command each: by then no reply may show them. */
async function meetExpired(pair: Pair, generator: Generator): ReturnType<typeof compareKeyspaces> {
  const meetings: readonly ((key: string) => Command)[] = [
    ...['get', 'exists', 'ttl', 'type', 'del', 'incr', 'persist', 'getdel', 'touch', 'strlen', 'pexpiretime'].map(
      name => (key: string) => [name, key],
    ),
    key => ['set', key, 'x', 'XX'],
    key => ['set', key, 'x', 'NX', 'GET'],
    key => ['setnx', key, 'x'],
    key => ['append', key, 'x'],
    key => ['expire', key, '100'],
    key => ['rename', key, 'other'],
    // Before `lasting` goes: without a source, Redis does not look at the target.
    key => ['copy', 'lasting', key],
    key => ['renamenx', 'lasting', key],
    key => ['move', key, '9'],
    key => ['object', 'encoding', key],
    key => ['msetnx', key, 'x'],
    key => ['getrange', key, '0', '-1'],
  ]
  const makers: readonly ((key: string) => Command[])[] = [
    key => [['set', key, '5', 'PX', EXPIRY_MS]],
    key => [['psetex', key, EXPIRY_MS, '5']],
    key => [
      ['set', key, '5'],
      ['pexpire', key, EXPIRY_MS],
    ],
    key => [
      ['set', key, '5', 'EX', '100'],
      ['getex', key, 'PX', EXPIRY_MS],
    ],
  ]
  const key = (i: number): string => `short:${i}`
  const made = [['set', 'lasting', 'v'], ...meetings.flatMap((_, i) => generator.pick(makers)(key(i)))]
  await both(pair, made)
  await Bun.sleep(Number(EXPIRY_MS) * 2)
  const met = meetings.map((meeting, i) => meeting(key(i)))
  const [redis, ours] = await both(pair, met)
  const at = firstDifference(met, redis, ours)
  if (at < 0) return undefined
  return { commands: [...made, met[at] ?? []], redis: redis[at] ?? '', ours: ours[at] ?? '' }
}

function namesIn(reply: string): string[] {
  const names: string[] = []
  let at = reply.indexOf('\r\n') + 2
  while (at < reply.length) {
    const lineEnd = reply.indexOf('\r\n', at)
    const size = Number(reply.slice(at + 1, lineEnd))
    names.push(reply.slice(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + size + 4
  }
  return names
}

/** Sends everything from empty servers; whether the last reply differs. */
async function lastDiffers(
  ports: Ports,
  commands: readonly Command[],
): Promise<{ redis: string; ours: string } | undefined> {
  return await connected(ports, async pair => {
    await both(pair, [['flushall']])
    const [redis, ours] = await both(pair, commands)
    const at = commands.length - 1
    if (firstDifference(commands.slice(at), redis.slice(at), ours.slice(at)) < 0) return undefined
    return { redis: redis[at] ?? '', ours: ours[at] ?? '' }
  })
}

/** Drops commands before the last, in ever smaller pieces, as long as the last is still answered differently. */
async function reduced(ports: Ports, seed: number, all: readonly Command[], seen: Pick<Difference, 'redis' | 'ours'>) {
  let commands = [...all]
  let shown = seen
  let replays = 0
  let size = commands.length
  while (size >= 1 && replays < MAX_REPLAYS) {
    let dropped = false
    for (let from = commands.length - 1 - size; replays < MAX_REPLAYS; from -= size) {
      const start = Math.max(0, from)
      const rest = [...commands.slice(0, start), ...commands.slice(start + size)]
      if (start + size < commands.length) {
        replays++
        const still = await lastDiffers(ports, rest)
        if (still !== undefined) {
          commands = rest
          shown = still
          dropped = true
        }
      }
      if (from <= 0) break
    }
    if (!dropped || size > 1) size = Math.floor(Math.min(size, commands.length) / 2)
  }
  return { seed, commands, ...shown }
}

/** One stream from empty servers. `protocol` is what the session speaks at its beginning. */
async function round(
  ports: Ports,
  seed: number,
  commands: number,
  protocol: string,
  only: RegExp | undefined,
): Promise<Difference | undefined> {
  const generator = new Generator(seed, only)
  const sent: Command[] = [['hello', protocol]]
  const found = await connected(ports, async pair => {
    await both(pair, [['flushall'], ...sent])
    while (sent.length < commands) {
      const batch: Command[] = []
      const size = 1 + generator.below(MAX_BATCH)
      while (batch.length < size) batch.push(...generator.next())
      const [redis, ours] = await both(pair, batch)
      const at = firstDifference(batch, redis, ours)
      sent.push(...batch.slice(0, at < 0 ? batch.length : at + 1))
      if (at >= 0) return { redis: redis[at] ?? '', ours: ours[at] ?? '' }
    }
    const left = (await meetExpired(pair, generator)) ?? (await compareKeyspaces(pair))
    if (left !== undefined) sent.push(...left.commands)
    return left
  })
  return found === undefined ? undefined : await reduced(ports, seed, sent, { redis: found.redis, ours: found.ours })
}

export interface Campaign {
  readonly commands: number
  readonly seed: number
  /** Names of the commands that come; all by default. */
  readonly only?: RegExp
  /** Told of each difference; return false to stop. */
  readonly onDifference: (difference: Difference) => boolean
  readonly onProgress?: (commands: number) => void
}

/** Rounds until so many commands were sent. The seed of a round is the first one plus the number of the round. */
export async function campaign(ports: Ports, options: Campaign): Promise<void> {
  let sent = 0
  for (let number = 0; sent < options.commands; number++) {
    const size = Math.min(COMMANDS_PER_ROUND, options.commands - sent)
    const difference = await round(ports, options.seed + number, size, number % 2 === 0 ? '2' : '3', options.only)
    sent += size
    options.onProgress?.(sent)
    if (difference !== undefined && !options.onDifference(difference)) return
  }
}

/** For people: the commands in quotes, one a line, long words shortened, then both replies. */
export function describe(difference: Difference): string {
  const short = (text: string): string => {
    const shown = text.length > 300 ? `${text.slice(0, 40)}…(${text.length} bytes)…${text.slice(-20)}` : text
    return JSON.stringify(shown).replace(/[\x7f-\xff]/g, c => `\\x${c.charCodeAt(0).toString(16)}`)
  }
  const last = difference.commands.slice(-MAX_SHOWN)
  const lines = last.map(command => `  ${command.map(short).join(' ')}`)
  const hidden = difference.commands.length - last.length
  if (hidden > 0) lines.unshift(`  (${hidden} commands before that could not be left out; the seed replays them)`)
  return `seed ${difference.seed}\n${lines.join('\n')}\n  redis: ${short(difference.redis)}\n  ours:  ${short(difference.ours)}\n`
}
