// What hostile clients send: random bytes, and requests of every command in the table with bytes turned, lost and put in
// and lengths that lie. All of it follows from a seed.

import { buildTable } from '../../src/commands/all.ts'
import { encode } from './peer.ts'

/** Numbers that look random and follow from a seed (mulberry32, by Tommy Ettinger, public domain). */
export class Chance {
  private state: number

  constructor(seed: number) {
    this.state = seed | 0
  }

  /** An integer in [0, n). */
  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T
  }

  bytes(n: number): Uint8Array {
    const made = new Uint8Array(n)
    for (let i = 0; i < n; i++) made[i] = this.below(256)
    return made
  }
}

/**
 * Commands that a hostile client may not send here: they stop, pause or reconfigure the server, drop what the honest
 * client wrote or send it away, end the stream, leave database 1, write files, or take long by their nature.
 */
const SPARED: ReadonlySet<string> = new Set(
  (
    'shutdown debug config client acl auth hello select reset quit swapdb flushall flushdb save bgsave bgrewriteaof ' +
    'replicaof slaveof failover cluster module monitor sync psync script function eval evalsha lcs'
  ).split(' '),
)

/** Full names as words: `['get']`, `['object', 'encoding']`. */
const COMMANDS: readonly (readonly string[])[] = buildTable()
  .rows.map(row => row.fullName.split('|'))
  .filter(([name = '']) => !SPARED.has(name))

const WORDS: readonly string[] = [
  ...Array.from({ length: 20 }, (_, i) => `k${i}`),
  ...['ns/a', 'ns/b', '/', 'a/b/c', '', '0', '1', '-1', '7', '100', '1000', '3.5', '1e400', 'nan', '(1', '+inf'],
  ...['9223372036854775807', '-9223372036854775808', '18446744073709551616', 'EX', 'PX', 'NX', 'XX', 'GET'],
  ...['KEEPTTL', 'MATCH', 'COUNT', 'TYPE', 'REPLACE', 'DB', 'BYTE', 'BIT', 'u8', 'i63', '*', 'a*', '[', '\\', '\r\n'],
  ...['\0', '\xff\xfe', 'x'.repeat(300)],
]

const LENGTHS: readonly string[] = [
  ...['-1', '-2', '0', '1', '2', '5', '63', '1048577', '1000000000', '2000000000', '4294967296', '536870913'],
  ...['99999999999999999999', '', ' 1', '01', '+1', '1e3', '0x10', '\0'],
]

function someRequest(chance: Chance): string {
  const words = [...chance.of(COMMANDS)]
  const more = chance.below(5)
  for (let i = 0; i < more; i++) words.push(chance.of(WORDS))
  return encode(words)
}

/** One change of a byte string. Every kind leaves most of the stream as it was. */
const CHANGES: readonly ((text: string, at: number, chance: Chance) => string)[] = [
  function turnBit(text, at, chance) {
    const turned = text.charCodeAt(at) ^ (1 << chance.below(8))
    return text.slice(0, at) + String.fromCharCode(turned) + text.slice(at + 1)
  },
  function cutOut(text, at, chance) {
    return text.slice(0, at) + text.slice(at + 1 + chance.below(20))
  },
  function putIn(text, at, chance) {
    return text.slice(0, at) + String.fromCharCode(chance.below(256)) + text.slice(at)
  },
  function truncate(text, at) {
    return text.slice(0, at)
  },
  function repeat(text, at, chance) {
    const piece = text.slice(at, at + 1 + chance.below(60))
    return text.slice(0, at) + piece + text.slice(at)
  },
  function lieAboutLength(text, at, chance) {
    const marker = text.slice(at).search(/[*$]\d/)
    if (marker < 0) return text
    const from = at + marker + 1
    return text.slice(0, from) + chance.of(LENGTHS) + text.slice(from).replace(/^\d+/, '')
  },
]

/** One request in so many is changed: most changes are the stream's end, and what comes before must have its turn. */
const CHANGED_ONE_IN = 30

/** A stream of some requests, a few of them changed somewhere. */
export function mutatedStream(chance: Chance, requests: number): string {
  let stream = ''
  for (let i = 0; i < requests; i++) {
    let text = someRequest(chance)
    if (chance.below(CHANGED_ONE_IN) === 0) text = chance.of(CHANGES)(text, chance.below(text.length), chance)
    stream += text
  }
  return stream
}
