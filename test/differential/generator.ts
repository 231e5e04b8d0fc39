// Random commands from the table's own rows: each argument of a row's syntax gets a value by its kind, and now and then
// the whole is spoiled (a word too many or too few, in the wrong place, a token in another case). The same seed gives the
// same commands. What no two servers could answer alike is left out by name.

import { buildTable } from '../../src/commands/all.ts'
import { type Argument, parseSyntax } from '../../src/commands/syntax.ts'
import { Random } from '../../src/store/random.ts'
import type { Command } from './wire.ts'

/**
 * About the process, its files or other clients, or with replies that are each server's own; transactions and
 * subscriptions, as the judge knows one reply to one command and looks for no rule inside that of EXEC.
 */
const LEFT_OUT =
  /^(shutdown|save|bgsave|bgrewriteaof|lastsave|debug|info|quit|command|command\|.*|config\|.*|client\|(kill|(un)?pause|reply|tracking|caching|namespace)|memory\|(doctor|malloc-stats|purge|stats)|latency\|.*|slowlog\|.*|lolwut|.*\|help|monitor|dump|migrate|ns\|.*|pfselftest|multi|exec|.*subscribe)$/

/** Of Redis 7.4 and 8.0, which 7.0.15 does not know. */
const NEWER = /^(hp?expire(at|time)?|hp?ttl|hpersist|hgetdel|hgetex|hsetex)$/

/** Those that empty much are rare, so that there is something to find. */
const RARE = /^(flushdb|flushall|swapdb|reset|hello|auth|select|client\|.*|keys)$/

const KEYS: readonly string[] = [
  ...['a', 'b', 'c', 'd', 'e', 'f', 'key:1', 'key:2', 'counter', '{tag}1', 'A', '10', '-1'],
  ...['', ' ', '\0', '\r\n', '\xff\xfe\x00', 'ключ', '*', 'h?llo', '[a-c]', '\\', '"q"'],
  ...['list:0', 'set:0', 'hash:0', 'sorted-set:0'],
  'k'.repeat(64),
  'long'.repeat(250),
].map(key => Buffer.from(key).toString('latin1'))

const INTEGERS: readonly string[] = [
  ...['0', '1', '-1', '2', '3', '7', '10', '44', '99', '100', '255', '9999', '10000', '-10000', '65536'],
  ...['2147483647', '2147483648', '-2147483648', '-2147483649', '4294967295', '4294967296'],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993'],
  ...['9223372036854775806', '9223372036854775807', '9223372036854775808', '18446744073709551615'],
  ...['-9223372036854775807', '-9223372036854775808', '-9223372036854775809', '18446744073709551616'],
]
const NO_INTEGERS: readonly string[] = [
  '',
  ' 1',
  '1 ',
  '+1',
  '01',
  '-0',
  '1.0',
  '1e3',
  '0x10',
  'abc',
  '-',
  '--1',
  '1\0',
]
const FLOATS: readonly string[] = [
  ...['0.1', '-0.1', '3.0e3', '1.5', '5.0e-324', '1e17', '1e300', '-1e308', '1e4932', 'inf', '-inf', 'nan', 'Infinity'],
  ...[
    '0.00000000000000001',
    '1.7976931348623157e308',
    '123456789.123456789',
    '.5',
    '5.',
    '1e-20',
    '0x1p3',
    '-0.0',
    '+2',
  ],
]
const PATTERNS: readonly string[] = [
  ...[
    '*',
    'a',
    '?',
    'key:*',
    '[a-c]',
    '[^a]',
    '[a',
    '\\*',
    '\\',
    '',
    '**',
    'k*k',
    '*[*',
    'h\\?llo',
    '[z-a]',
    '*1',
    '[]',
  ],
]
/** Moments that both servers meet alike, whenever they look: long past or far ahead, and beyond all bounds. */
const SECONDS_AT: readonly string[] = ['4102444800', '4102444801', '9999999999', '1', '1000000000', '0', '-1']
const NO_EXPIRIES: readonly string[] = [
  ...['0', '-1', '-100', '9223372036854775807', '9223372036854775', '9223372036854776', '-9223372036854775808'],
  ...['9223370399119966', '9223370399119966000', '1.5', 'x', '', '99999999999999999999', '-9223372036854776'],
]

const FIELD_TYPES = ['u1', 'u2', 'u8', 'i8', 'i5', 'u13', 'i16', 'u32', 'i33', 'u52', 'i53', 'u54', 'u63', 'i63', 'i64']
const NO_FIELD_TYPES = ['u64', 'i65', 'u0', 'I8', 'x', '', 'u', 'u08', 'i-1']

const TOKENS = ['NX', 'XX', 'GT', 'LT', 'EX', 'PX', 'KEEPTTL', 'GET', 'PERSIST', 'REPLACE', 'DB', 'COUNT', 'LEN']

/** What SORT looks up. */
const LOOK_UPS = ['#', '*', 'key:*', '*->a', 'hash:*->foo', 'hash:*->', 'nosort', '#->a']
/** Groups whose commands mostly meet keys of their own, so that these are of their type more often than not. */
const COLLECTIONS = /^(list|set|hash|sorted-set)$/
const OWN_KEYS = 4
const SORTED = ['list', 'set', 'sorted-set']

/** What members, fields and elements are made of: few enough that collections have some in common. */
const MEMBERS: readonly string[] = [
  ...['a', 'b', 'c', 'foo', 'foobar', 'x'.repeat(64), 'x'.repeat(65), '', '01', '-0', '9223372036854775807'],
  ...['9223372036854775808', '-9223372036854775808', '9007199254740993', '70000', '-70000', '5000000000', '1.5'],
]

/** A negative count is how often they draw: Redis goes on until its memory is full. */
const DRAWS = /^[shz]rand(member|field)$/
const MOST_DRAWS = 1000

function boundDraws(words: string[]): void {
  const asked = Number(words[2])
  if (asked < -MOST_DRAWS && words[2] !== '-9223372036854775808') words[2] = '-7'
}

interface Row {
  readonly words: readonly string[]
  readonly name: string
  readonly group: string
  readonly syntax: readonly Argument[]
}

function rows(only: RegExp): Row[] {
  const { rows: all } = buildTable()
  const usable = all.filter(
    row =>
      row.subcommands === undefined &&
      !LEFT_OUT.test(row.fullName) &&
      !NEWER.test(row.fullName) &&
      only.test(row.fullName),
  )
  return usable.flatMap(row => {
    const { group, syntax } = row.row
    const made = { words: row.fullName.split('|'), name: row.fullName, group, syntax: parseSyntax(syntax) }
    return Array.from({ length: RARE.test(row.fullName) ? 1 : 8 }, () => made)
  })
}

export class Generator {
  private readonly random: Random
  private readonly rows: readonly Row[]
  private row = ''
  private group = ''

  /** `only`: names of the commands that come. */
  constructor(seed: number, only = /./) {
    this.random = new Random(seed)
    this.rows = rows(only)
  }

  /** The next commands: one, or one with those that prepare it. */
  next(): readonly Command[] {
    if (this.chance(0.002)) return [[this.pick(['nosuch', 'GETT', '', 'set\r\nget', 'x'.repeat(200)]), ...this.some()]]
    const row = this.pick(this.rows)
    if (row.name.startsWith('flush') && this.chance(0.7)) return this.next()
    this.row = row.name
    this.group = row.group
    if (row.name === 'spop') return this.spop()
    if (/^b[lrz].*(pop|move|push)/.test(row.name)) return this.blocking(row.name)
    const head = row.words.map(word => this.inSomeCase(word))
    const words = this.spoil([...head, ...this.sequence(row.syntax)], head.length)
    if (DRAWS.test(row.name)) boundDraws(words)
    if (row.name.startsWith('sort')) return this.sort(words)
    // Its time grows with the product of both lengths, so both are made short before.
    if (row.name === 'lcs') return [...words.slice(1, 3).map(key => ['set', key, this.letters()]), words]
    // Of several elements Redis keeps those before the one at which a value proves corrupt; we keep none.
    if (row.name === 'pfadd' && words.length > 3) return [['del', words[1] ?? ''], words]
    // A key may be set with a moment that is past; until it is looked at, DBSIZE may count it or not.
    if (row.name === 'set') return [words, ['exists', words[1] ?? '']]
    return [words]
  }

  /** Nothing that goes on may depend on the server's own table, or on an errno that Redis finds left behind. */
  private sort(words: string[]): readonly Command[] {
    if (words.some(word => /^store$/i.test(word))) {
      if (words.some(word => /^by$/i.test(word))) return this.next()
      words.push('ALPHA')
    }
    // A sorted set is a skiplist afterwards in Redis, and stays a listpack with us.
    return [words, ['zremrangebyrank', words[1] ?? '', '0', '-1']]
  }

  /** Only what leaves nothing to chance: all members, the only one, none. */
  private spop(): readonly Command[] {
    const name = this.inSomeCase('spop')
    const key = this.key()
    return this.pick<readonly Command[]>([
      [[name, key, '1000000']],
      [
        ['del', key],
        ['sadd', key, this.member()],
        [name, key, ...this.pick([[], ['1']])],
      ],
      [[name, key, this.pick(['0', '-1', 'x', '', '9223372036854775808'])]],
      [[name, key, '1', '2']],
    ])
  }

  /** A command that would wait gets a first key that is there, so that it does not. */
  private blocking(name: string): readonly Command[] {
    const key = this.key()
    const keys = [key, ...Array.from({ length: this.below(3) }, () => this.key())]
    const timeout = this.chance(0.9)
      ? this.pick(['0', '0.01', '1', '1e3'])
      : this.pick(['x', '', '-1', '-0.1', 'nan', 'inf'])
    const side = (): string => this.inSomeCase(this.pick(name.startsWith('bz') ? ['MIN', 'MAX'] : ['LEFT', 'RIGHT']))
    const fill = name.startsWith('bz')
      ? ['zadd', key, String(this.below(9)), this.value()]
      : ['rpush', key, this.value()]
    const count = this.chance(0.5) ? [] : [this.inSomeCase('COUNT'), this.byName('count')]
    const head = this.inSomeCase(name)
    if (name === 'brpoplpush') return [fill, [head, key, this.key(), timeout]]
    if (name === 'blmove') return [fill, [head, key, this.key(), side(), side(), timeout]]
    if (name.includes('mpop')) return [fill, [head, timeout, String(keys.length), ...keys, side(), ...count]]
    return [fill, [head, ...keys, timeout]]
  }

  chance(likelihood: number): boolean {
    return this.random.fraction() < likelihood
  }

  below(bound: number): number {
    return this.random.below(bound)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)] as T
  }

  private some(): string[] {
    return Array.from({ length: this.below(4) }, () => this.value())
  }

  private letters(): string {
    return Array.from({ length: this.below(40) }, () => this.pick(['a', 'b', 'c', '\xff'])).join('')
  }

  private inSomeCase(word: string): string {
    if (this.chance(0.6)) return word.toLowerCase()
    return this.chance(0.5) ? word.toUpperCase() : word.replace(/./g, c => (this.chance(0.5) ? c.toUpperCase() : c))
  }

  /** A wrong number of words, words exchanged, a token of another command. `from`: words of the name. */
  private spoil(words: string[], from: number): string[] {
    if (this.chance(0.93)) return words
    const at = from + this.below(words.length - from + 1)
    const other = words[from + this.below(Math.max(1, words.length - from))]
    const spoiled = [
      () => words.splice(at, 1),
      () => words.splice(at),
      () => words.splice(at, 0, this.inSomeCase(this.pick(TOKENS))),
      () => words.splice(at, 0, this.value()),
      () => words.splice(at, 0, other ?? ''),
    ]
    this.pick(spoiled)()
    return words
  }

  private sequence(args: readonly Argument[]): string[] {
    return args.flatMap(arg => this.argument(arg))
  }

  private argument(arg: Argument): string[] {
    if (arg.optional === true && this.chance(0.55)) return []
    let times = arg.multiple === true ? 1 + this.below(4) : 1
    const words: string[] = []
    for (let first = times; times > 0; times--) {
      if (arg.token !== undefined && (times === first || arg.multipleToken === true))
        words.push(this.inSomeCase(arg.token))
      if (arg.type === 'oneof') words.push(...this.argument(this.pick(arg.arguments ?? [])))
      else if (arg.type === 'block') words.push(...this.sequence(arg.arguments ?? []))
      else if (arg.type !== 'pure-token') words.push(this.plain(arg))
    }
    return words
  }

  private plain(arg: Argument): string {
    switch (arg.type) {
      case 'key':
        if (this.row.startsWith('sort') && this.chance(0.7)) return `${this.pick(SORTED)}:${this.below(OWN_KEYS)}`
        return this.key()
      case 'pattern':
        if (this.row.startsWith('sort') && this.chance(0.6)) return this.pick(LOOK_UPS)
        return this.pick(PATTERNS)
      case 'unix-time':
        return this.moment(arg.name)
      default:
        return this.byName(arg.name)
    }
  }

  private key(): string {
    if (this.group === 'geo' && this.chance(0.8)) return `sorted-set:${this.below(OWN_KEYS)}`
    if (COLLECTIONS.test(this.group) && this.chance(0.8)) return `${this.group}:${this.below(OWN_KEYS)}`
    return this.pick(KEYS)
  }

  private member(): string {
    const kind = this.below(10)
    if (kind < 5) return String(this.below(30))
    return kind < 9 ? this.pick(MEMBERS) : this.value()
  }

  private byName(name: string): string {
    if (this.group === 'list' && this.chance(0.9)) return this.ofList(name)
    switch (name) {
      case 'member':
      case 'field':
        return this.member()
      case 'member1':
      case 'member2':
        return this.member()
      case 'longitude':
      case 'latitude':
        return this.degrees()
      case 'radius':
      case 'width':
      case 'height':
        return this.chance(0.95) ? this.pick(['0', '1', '150.5', '5000', '200000', '30000000']) : this.value()
      case 'numkeys':
        return this.chance(0.85) ? String(1 + this.below(3)) : this.pick([...INTEGERS, ...NO_INTEGERS])
      case 'limit':
        return this.number()
      case 'seconds':
        return this.duration(1)
      case 'milliseconds':
        return this.duration(1000)
      case 'index':
      case 'index1':
      case 'index2':
      case 'db':
      case 'destination-db':
        return this.chance(0.9) ? String(this.below(4)) : this.pick([...INTEGERS, ...NO_INTEGERS])
      case 'protover':
        return this.pick(['2', '2', '2', '3', '3', '1', '4', 'x', '-1'])
      case 'cursor':
        return this.chance(0.9) ? '0' : this.pick(['', 'x', '-1', '+0', '0x', ' 0', '18446744073709551616'])
      case 'count':
        return this.chance(0.9) ? '1000000' : this.pick([...INTEGERS, ...NO_INTEGERS])
      case 'offset':
        if (this.row.startsWith('bitfield') && this.chance(0.2)) return `#${this.below(9)}`
        return this.chance(0.9)
          ? String(this.below(200))
          : this.pick(['-1', '536870912', '9223372036854775807', 'x', ''])
      case 'bit':
        return this.chance(0.95) ? String(this.below(2)) : this.pick(['2', '-1', 'x', '', '9223372036854775808'])
      case 'operation':
        return this.chance(0.97) ? this.pick(['AND', 'or', 'Xor', 'NOT']) : this.pick(['NAND', ''])
      case 'element':
        return this.chance(0.5) ? String(this.below(5000)) : this.value()
      case 'subcommand':
        return this.chance(0.97) ? this.pick(['GETREG', 'decode', 'ENCODING', 'ToDense']) : this.value()
      case 'encoding':
        return this.chance(0.98) ? this.pick(FIELD_TYPES) : this.pick(NO_FIELD_TYPES)
      case 'type':
        return this.pick(['string', 'STRING', 'list', 'set', 'zset', 'hash', 'x', ''])
      case 'password':
      case 'username':
        return this.pick(['default', 'x', ''])
      default:
        return /^(start|end|increment|decrement|len|client-id|samples)$/.test(name) ? this.number() : this.value()
    }
  }

  /** Few different elements, so that they are found, and indexes about the lengths of lists. */
  private ofList(name: string): string {
    switch (name) {
      case 'element':
      case 'pivot':
        if (this.chance(0.1)) return this.value()
        return this.pick(['a', 'b', 'cc', '1', '-5', '300', '70000', '9007199254740993', 'x'.repeat(70), ''])
      case 'numkeys':
        return String(1 + this.below(2))
      case 'count':
      case 'index':
      case 'start':
      case 'stop':
      case 'rank':
      case 'num-matches':
      case 'len':
        return String(this.chance(0.8) ? this.below(12) - 4 : this.below(200) - 100)
      default:
        return this.value()
    }
  }

  /** Few different ones, so that places meet; now and then beyond the map. */
  private degrees(): string {
    if (this.chance(0.8)) return String(this.below(40) / 8)
    return this.pick([
      '-180',
      '180',
      '-85.05112878',
      '85.05112878',
      '0.0000001',
      '-60',
      '86',
      '181',
      'x',
      'inf',
      '-0.0',
    ])
  }

  private number(): string {
    if (/^h?incrbyfloat$/.test(this.row) && this.chance(0.6)) return this.pick(FLOATS)
    if (this.chance(0.5)) return String(this.below(50) - 25)
    return this.chance(0.9) ? this.pick(INTEGERS) : this.pick(NO_INTEGERS)
  }

  /** Far apart from each other, as GT and LT would else depend on the millisecond. */
  private duration(unit: number): string {
    if (this.chance(0.12)) return this.pick(NO_EXPIRIES)
    return String((1000 + this.below(2_000_000_000)) * unit)
  }

  private moment(name: string): string {
    if (this.chance(0.12)) return this.pick(NO_EXPIRIES)
    const at = this.pick(SECONDS_AT)
    return name.endsWith('milliseconds') ? `${at}000` : at
  }

  private value(): string {
    const kind = this.below(100)
    if (kind < 35) return this.pick(INTEGERS)
    if (kind < 42) return this.pick(NO_INTEGERS)
    if (kind < 55) return this.pick(FLOATS)
    if (kind < 60) return ''
    if (kind < 75)
      return this.pick(['value', 'hello world', '\0\xff\r\n', 'x'.repeat(44), 'x'.repeat(45), 'x'.repeat(20)])
    if (kind < 95) return this.letters()
    if (kind < 99) return 'y'.repeat(this.below(300))
    if (this.chance(0.9)) return 'z'.repeat(10_240)
    return this.chance(0.2) ? 'w'.repeat(1 << 20) : 'v'.repeat(70_000)
  }
}
