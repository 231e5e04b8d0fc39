// Transcripts: what users send and what they get, written once and played in every way a client may send it.
//
//   transcript('a key goes at its deadline', [
//     ['SET k v PX 100', OK],        one request and its reply (expectation.ts); quotes as in redis-cli
//     ['b> GET k', 'v'],             another connection; the first one is `a`
//     ['b> BLPOP l 0', waits],       a request that gets no reply yet
//     ['b <', ['l', 'x']],           the reply when it has come
//     ['+101ms'], ['+2s'],           the clock moves; no key is removed by that, but timeouts end
//     ['sweep'],                     expired keys that nobody touches are removed
//     ['GET k', null],
//   ])
//
// After each play the accounts of every namespace must be those of its entries, and the server must have met no bug.

import { buildTable } from '../../src/commands/all.ts'
import { Args } from '../../src/commands/args.ts'
import { isFixed, keyPositions } from '../../src/commands/key-positions.ts'
import type { TableRow } from '../../src/commands/table.ts'
import { type Client, Engine, type Settings } from './engine.ts'
import { type Expected, isError, matches, type Protocol, pushBefore, shown, waits } from './expectation.ts'
import { namespaceState, recount } from './recount.ts'
import { bytesOf, type Reply, request } from './resp.ts'
import { wordsOf } from './words.ts'

export type Step = readonly [command: string, expected: Expected] | readonly [time: string]

export interface Options {
  readonly settings?: Settings
  /** Play it only in these ways; by default in all. */
  readonly modes?: readonly string[]
  /** Why Redis 7.0.15 answers something else: ours by design, or from a later version. */
  readonly notRedis?: string
}

export interface Transcript extends Options {
  readonly name: string
  readonly steps: readonly Step[]
}

export function transcript(name: string, steps: readonly Step[], options: Options = {}): Transcript {
  return { name, steps, ...options }
}

/** A transcript whose names stand for themselves: it is not played in another namespace. */
export const FIXED_NAMES: Options = {
  modes: ['RESP2', 'RESP3', 'pipelined', 'in pieces', 'byte by byte', 'as lines', 'bound'],
}

/** The same where names with a slash are namespace and key, or connections are counted. */
export const UNBOUND: Options = { modes: ['RESP2', 'RESP3', 'pipelined', 'in pieces', 'byte by byte', 'as lines'] }

/** No words: a reply that an earlier request waited for. */
export interface Request {
  readonly client: string
  readonly words: readonly string[]
  readonly expected: Expected
}

/** A step, read: a request, a move of the clock in ms, or a sweep. */
export type Action = Request | { readonly moveMs: number } | 'sweep'

export function readStep(step: Step): Action {
  const [text, expected] = step
  if (expected === undefined) {
    if (text === 'sweep') return 'sweep'
    const time = /^\+(\d+)(ms|s)$/.exec(text)
    if (time === null) throw new Error(`neither a request with a reply nor a time: ${text}`)
    return { moveMs: Number(time[1]) * (time[2] === 's' ? 1000 : 1) }
  }
  const later = /^([a-z]+) <$/.exec(text)
  if (later !== null) return { client: later[1] ?? 'a', words: [], expected }
  const named = /^([a-z]+)> /.exec(text)
  return { client: named?.[1] ?? 'a', words: wordsOf(text.slice(named?.[0].length ?? 0)), expected }
}

export const TABLE = buildTable()

/** The row that a request is for: of the subcommand when there is one. */
export function rowOf(words: readonly string[]): TableRow | undefined {
  const row = TABLE.byName(words[0] ?? '')
  return row?.subcommands?.find(sub => sub.name === words[1]?.toLowerCase()) ?? row
}

/** The words as a command sees them. */
function argsOf(words: readonly string[]): Args {
  const args = new Args()
  args.buf = Buffer.from(words.join(''), 'latin1')
  args.starts = new Int32Array(words.length)
  args.ends = new Int32Array(words.length)
  args.count = words.length
  let at = 0
  for (const [i, word] of words.entries()) {
    args.starts[i] = at
    at += word.length
    args.ends[i] = at
  }
  return args
}

/** Numbers of the words that are keys. */
export function keyWords(words: readonly string[]): number[] {
  const row = rowOf(words)
  if (row === undefined) return []
  const found = keyPositions(row.row, argsOf(words), 0)
  if (found !== undefined) return found.map(({ word }) => word)
  // Words are missing: those that are there count.
  const places: number[] = []
  for (const { at, last, step } of row.keys.filter(isFixed)) {
    const end = last < 0 ? words.length + last : at + last
    for (let i = at; i <= end && i < words.length; i += step) places.push(i)
  }
  return places
}

/** How requests leave the client. */
interface Mode {
  readonly name: string
  readonly protocol: Protocol
  /** Keys are named in this namespace; '': as they stand. */
  readonly namespace: string
  /** Every client is bound to this namespace; '': to none. */
  readonly binding: string
  /** Requests that go out together, and the sizes that their bytes are cut into. */
  readonly together: 'one' | 'many'
  readonly pieceBytes: number
  /** How a request is written. */
  readonly write: (words: readonly string[]) => string
}

const PLAIN: Omit<Mode, 'name'> = {
  protocol: 2,
  namespace: '',
  binding: '',
  together: 'one',
  pieceBytes: Number.MAX_SAFE_INTEGER,
  write: request,
}

/** The request as a person at a telnet would write it, every byte that may mean something as \xHH. */
function line(words: readonly string[]): string {
  const escaped = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`
  return `${words.map(word => `"${word.replace(/[^\w]/g, escaped)}"`).join(' ')}\r\n`
}

export const MODES: readonly Mode[] = [
  { ...PLAIN, name: 'RESP2' },
  { ...PLAIN, name: 'RESP3', protocol: 3 },
  { ...PLAIN, name: 'pipelined', together: 'many' },
  { ...PLAIN, name: 'in pieces', protocol: 3, together: 'many', pieceBytes: 7 },
  { ...PLAIN, name: 'byte by byte', pieceBytes: 1 },
  { ...PLAIN, name: 'as lines', write: line },
  { ...PLAIN, name: 'in another namespace', namespace: 'other' },
  { ...PLAIN, name: 'bound', binding: 'bound', together: 'many' },
]

export function modesOf({ modes }: Transcript): readonly Mode[] {
  return modes === undefined ? MODES : MODES.filter(mode => modes.includes(mode.name))
}

/** Plays a transcript. Throws Error where the server does something else. */
export function play(script: Transcript, mode: Mode): void {
  using engine = new Engine(script.settings)
  const player = new Player(engine, mode)
  const actions = script.steps.map(readStep)
  const witness = mode.namespace === '' && mode.binding === '' ? undefined : plantWitness(engine, actions, mode)
  for (const action of actions) player.act(action)
  player.finish()
  if (
    witness !== undefined &&
    !Bun.deepEquals(
      WITNESSES.map(ns => namespaceState(engine.server.keys, ns)),
      witness,
    )
  ) {
    throw new Error('the keys of another namespace have changed')
  }
  recount(engine.server.keys)
  if (engine.server.bugs > 0) throw new Error(engine.bugs.join('\n'))
}

const WITNESSES: readonly string[] = ['witness', 'default']

/**
 * Other namespaces with all the names that the transcript uses, unless it looks at whole databases, of which clients that are
 * bound see only their part. Returns their state, which nothing may change.
 */
function plantWitness(engine: Engine, actions: readonly Action[], mode: Mode): unknown {
  const keys = new Set<string>()
  for (const action of actions) {
    if (typeof action === 'string' || !('words' in action) || action.words.length === 0) continue
    const row = rowOf(action.words)
    if (row === undefined || row.name === 'debug') return undefined
    if (mode.binding === '' && row.row.categories?.includes('keyspace')) return undefined
    for (const i of keyWords(action.words)) keys.add(action.words[i] ?? '')
  }
  if (engine.config.requirepass !== '') return undefined
  const client = engine.connect()
  for (const key of keys) for (const ns of WITNESSES) client.call('SET', `${ns}/${key}`, 'untouched')
  return WITNESSES.map(ns => namespaceState(engine.server.keys, ns))
}

class Player {
  private readonly engine: Engine
  private readonly mode: Mode
  private readonly clients = new Map<string, Client>()
  private readonly protocols = new Map<string, Protocol>()
  private waiting: Request[] = []

  constructor(engine: Engine, mode: Mode) {
    this.engine = engine
    this.mode = mode
  }

  act(action: Action): void {
    if (typeof action === 'string') {
      this.flush()
      this.engine.sweep()
    } else if ('moveMs' in action) {
      this.flush()
      this.engine.advance(action.moveMs)
    } else if (action.words.length === 0) {
      this.flush()
      this.check(action, this.client(action.client).reader.next())
    } else {
      if (this.waiting[0] !== undefined && this.waiting[0].client !== action.client) this.flush()
      this.waiting.push(action)
      if (this.mode.together === 'one') this.flush()
    }
  }

  finish(): void {
    this.flush()
    for (const client of this.clients.values()) {
      if (client.replies().length > 0 || client.reader.left !== '') throw new Error('more replies than requests')
    }
  }

  private client(name: string): Client {
    const known = this.clients.get(name)
    if (known !== undefined) return known
    const made = this.engine.connect()
    this.clients.set(name, made)
    this.protocols.set(name, 2)
    if (this.mode.binding !== '' && this.engine.config.requirepass === '') {
      made.call('CLIENT', 'NAMESPACE', this.mode.binding)
    }
    if (this.mode.protocol === 3 && this.engine.config.requirepass === '') {
      made.call('HELLO', '3')
      this.protocols.set(name, 3)
    }
    return made
  }

  private flush(): void {
    const sent = this.waiting
    this.waiting = []
    const [first] = sent
    if (first === undefined) return
    const client = this.client(first.client)
    const bytes = bytesOf(sent.map(({ words }) => this.mode.write(this.renamed(words))).join(''))
    for (let at = 0; at < bytes.length; at += this.mode.pieceBytes) {
      client.send(bytes.subarray(at, at + this.mode.pieceBytes))
    }
    for (const one of sent) {
      const expected = pushBefore(one.expected)
      if (expected !== undefined) this.check({ ...one, expected }, client.reader.next())
      this.check(one, client.reader.next())
    }
  }

  private check({ client, words, expected }: Request, reply: Reply | undefined): void {
    if (expected === waits && reply === undefined) return
    if (reply === undefined) throw new Error(`${words.join(' ')}: no reply`)
    if (!isError(expected)) this.followProtocol(client, words)
    const seen =
      this.mode.namespace !== '' && (words.length === 0 || showsKeys(words))
        ? stripped(reply, this.mode.namespace)
        : reply
    if (!matches(expected, seen, this.protocols.get(client) ?? 2)) {
      throw new Error(`${words.join(' ')}\n  expected ${shown(expected)}\n  received ${Bun.inspect(reply)}`)
    }
  }

  private followProtocol(client: string, words: readonly string[]): void {
    const name = words[0]?.toUpperCase()
    if (name === 'HELLO' && words[1] !== undefined) this.protocols.set(client, words[1] === '3' ? 3 : 2)
    if (name === 'RESET') this.protocols.set(client, 2)
  }

  private renamed(words: readonly string[]): readonly string[] {
    const { namespace } = this.mode
    if (namespace === '') return words
    const places = [...keyWords(words), ...patternWords(words)]
    return words.map((word, i) => (places.includes(i) ? `${namespace}/${word}` : word))
  }
}

/** Words that are patterns for names of keys. */
function patternWords(words: readonly string[]): number[] {
  const name = words[0]?.toUpperCase()
  if (name === 'KEYS') return [1]
  if (name?.startsWith('SORT'))
    return words.flatMap((word, i) => (/^(by|get)$/i.test(words[i - 1] ?? '') && word !== '#' ? [i] : []))
  if (name !== 'SCAN') return []
  return words.flatMap((word, i) => (i > 2 && words[i - 1]?.toUpperCase() === 'MATCH' && word !== '' ? [i] : []))
}

const showsKeys = (words: readonly string[]): boolean =>
  /^(keys|scan|randomkey|b?[lz]mpop|b[lr]pop|bzpop(min|max))$/i.test(words[0] ?? '')

function stripped(reply: Reply, namespace: string): Reply {
  if (typeof reply === 'string') return reply.startsWith(`${namespace}/`) ? reply.slice(namespace.length + 1) : reply
  return Array.isArray(reply) ? reply.map(item => stripped(item, namespace)) : reply
}
