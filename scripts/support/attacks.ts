// The ways in which a client can misbehave, one function each. Each run is short and bounded; where Redis's answer is
// known, a different one is a finding. Hostile writes go to database 1, which may be emptied at any time; `big` in database 0
// is there to be read.

import { type Chance, mutatedStream } from './hostile-bytes.ts'
import { encode, Peer } from './peer.ts'

export const BIG_KEY = 'big'
export const BIG_BYTES = 60_000

/** A server's answer that is not the right one. */
export class WrongAnswer extends Error {}

export interface Attack {
  readonly name: string
  /** One round; at most about two seconds. Throws WrongAnswer for a finding. */
  readonly run: (port: number, chance: Chance) => Promise<void>
}

const SELECT = encode(['SELECT', '1'])
const GET_BIG = encode(['GET', BIG_KEY])
const BIG_REPLY_BYTES = `$${BIG_BYTES}\r\n`.length + BIG_BYTES + 2

function right(what: string, got: string, expected: string): void {
  if (got === expected) return
  const shown = (text: string): string => `${text.length} bytes ${JSON.stringify(text.slice(0, 200))}`
  throw new WrongAnswer(`${what}: expected ${shown(expected)}, got ${shown(got)}`)
}

async function randomBytes(port: number, chance: Chance): Promise<void> {
  using peer = await Peer.open(port)
  const pieces = 1 + chance.below(6)
  for (let i = 0; i < pieces && !peer.closed; i++) {
    peer.send(chance.bytes(1 + chance.below(1 << chance.below(15))))
    await Bun.sleep(chance.below(5))
  }
  await peer.until(() => peer.closed, 30)
}

async function mutatedRequests(port: number, chance: Chance): Promise<void> {
  using peer = await Peer.open(port)
  const stream = SELECT + mutatedStream(chance, 200)
  const pieceBytes = chance.of([7, 100, 1460, stream.length])
  for (let at = 0; at < stream.length && !peer.closed; at += pieceBytes) {
    peer.send(stream.slice(at, at + pieceBytes))
    if (at % (16 * pieceBytes) === 0) await Bun.sleep(0)
  }
  await peer.until(() => peer.closed, 50)
}

/** What is announced, and Redis 7.0's last word on it. */
const ANNOUNCEMENTS: readonly (readonly [bytes: string, reply: string])[] = [
  ['*1000000000\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
  ['*1048577\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
  ['*99999999999999999999\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
  ['*2\r\n$3\r\nGET\r\n$2000000000\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
  ['*1\r\n$-1\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
  ['*1\r\n$-2147483648\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
  ['*1\r\n:4\r\n', "-ERR Protocol error: expected '$', got ':'\r\n"],
  [`*${'1'.repeat(70_000)}`, '-ERR Protocol error: too big mbulk count string\r\n'],
  [`*1\r\n$${'1'.repeat(70_000)}`, '-ERR Protocol error: too big bulk count string\r\n'],
  ['x'.repeat(70_000), '-ERR Protocol error: too big inline request\r\n'],
  ['SET k "open\r\n', '-ERR Protocol error: unbalanced quotes in request\r\n'],
]

async function announces(port: number, chance: Chance): Promise<void> {
  for (const [bytes, reply] of ANNOUNCEMENTS) {
    using peer = await Peer.open(port)
    const cut = chance.below(bytes.length)
    peer.send(`*-7\r\n*0\r\n\r\nPING\r\n${bytes.slice(0, cut)}`)
    await Bun.sleep(chance.below(3))
    peer.send(bytes.slice(cut))
    await peer.until(() => peer.closed)
    right(`answer to ${JSON.stringify(bytes.slice(0, 40))}`, peer.text, `+PONG\r\n${reply}`)
  }
}

const UNFINISHED: readonly string[] = [
  '*1048576\r\n',
  '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000000\r\n',
  `*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000000\r\n${'half'.repeat(5000)}`,
  '*2\r\n$3\r\nGET\r\n$5\r\nab',
  '*2\r\n$3\r\nGET\r\n$',
  `*1000000\r\n${'$1\r\na\r\n'.repeat(3000)}`,
  'SET k without an end of line',
  '*',
]

async function stopsMidCommand(port: number, chance: Chance): Promise<void> {
  const peers = await Promise.all(Array.from({ length: 20 }, () => Peer.open(port)))
  for (const peer of peers) peer.send(chance.of(UNFINISHED))
  await Bun.sleep(200 + chance.below(1000))
  const open = peers.filter(peer => !peer.closed && peer.receivedBytes === 0)
  for (const peer of peers) chance.below(2) === 0 ? peer.reset() : peer.close()
  if (open.length !== peers.length) throw new WrongAnswer('an unfinished request was answered')
}

async function byteByByte(port: number, chance: Chance): Promise<void> {
  using peer = await Peer.open(port)
  const key = `slow${chance.below(100)}`
  const stream = `${encode(['SELECT', '2'])}${encode(['SET', key, 'one\r\ntwo'])}GET ${key}\r\n${encode(['DEL', key])}${encode(['ECHO', ''])}`
  for (const char of stream) {
    peer.send(char)
    await Bun.sleep(0)
  }
  const expected = '+OK\r\n+OK\r\n$8\r\none\r\ntwo\r\n:1\r\n$0\r\n\r\n'
  await peer.until(() => peer.closed || peer.text.length >= expected.length)
  right('byte by byte', peer.text, expected)
}

async function neverReads(port: number, chance: Chance): Promise<void> {
  using peer = await Peer.open(port)
  peer.stopReading().send(GET_BIG.repeat(500 + chance.below(2500)))
  await Bun.sleep(300 + chance.below(1200))
}

async function readsLate(port: number, chance: Chance): Promise<void> {
  using peer = await Peer.open(port)
  const times = 50 + chance.below(400)
  peer.send(GET_BIG.repeat(times))
  peer.halfClose()
  await peer.until(() => peer.closed)
  if (peer.receivedBytes !== times * BIG_REPLY_BYTES) {
    throw new WrongAnswer(`half closed: ${peer.receivedBytes} bytes of ${times * BIG_REPLY_BYTES}`)
  }
}

async function vanishes(port: number, chance: Chance): Promise<void> {
  const peers = await Promise.all(Array.from({ length: 10 }, () => Peer.open(port)))
  for (const peer of peers) peer.send(GET_BIG.repeat(1 + chance.below(100)) + chance.of(UNFINISHED))
  for (const peer of peers) {
    if (chance.below(2) === 0) await Bun.sleep(chance.below(10))
    peer.reset()
  }
}

async function opensAndCloses(port: number, chance: Chance): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const peers = await Promise.all(Array.from({ length: 50 }, () => Peer.open(port)))
    for (const peer of peers) {
      if (chance.below(2) === 0) peer.send('PING\r\n')
      chance.below(2) === 0 ? peer.reset() : peer.close()
    }
    await Bun.sleep(20)
  }
}

async function quits(port: number): Promise<void> {
  using peer = await Peer.open(port)
  peer.send(`${encode(['QUIT'])}${encode(['SET', 'honest', 'stolen'])}`)
  await peer.until(() => peer.closed)
  right('QUIT with a request behind it', peer.text, '+OK\r\n')
}

export const ATTACKS: readonly Attack[] = [
  randomBytes,
  mutatedRequests,
  announces,
  stopsMidCommand,
  byteByByte,
  neverReads,
  readsLate,
  vanishes,
  opensAndCloses,
  quits,
].map(run => ({ name: run.name, run }))
