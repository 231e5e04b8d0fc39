// The notation in which rows write their arguments, read into a tree. Arity and COMMAND DOCS are computed from it.
//
//   key          a value          KEY          a token, to be written as it is
//   [ a ]        may be left out  < a | b >    one of several      a | b inside [ ] likewise
//   a [a ...]    one or more; `[a b ...]` repeats all of what stands before the dots, `TOKEN a [TOKEN a ...]` the token too
//   [name: a b]  the same with Redis's name for the group; likewise <name: a b>
//   a(type)      a value whose type does not follow from its name; a(type#n) one that belongs to the n-th key spec, from 0
//   [name: KEY]  a token under another name

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block'

export interface Argument {
  readonly name: string
  readonly type: ArgumentType
  readonly token?: string
  readonly optional?: true
  readonly multiple?: true
  /** Each repetition has the token again. */
  readonly multipleToken?: true
  /** Number of the key spec that it belongs to, where that does not follow from the order. */
  readonly keySpec?: number
  readonly arguments?: readonly Argument[]
}

const TYPES: Record<string, ArgumentType> = {
  ttl: 'integer',
  frequency: 'integer',
  seconds: 'integer',
  milliseconds: 'integer',
  count: 'integer',
  numkeys: 'integer',
  limit: 'integer',
  offset: 'integer',
  start: 'integer',
  end: 'integer',
  len: 'integer',
  index: 'integer',
  index1: 'integer',
  index2: 'integer',
  db: 'integer',
  'destination-db': 'integer',
  decrement: 'integer',
  increment: 'integer',
  protover: 'integer',
  cursor: 'integer',
  'client-id': 'integer',
  maxage: 'integer',
  pattern: 'pattern',
  'unix-time-seconds': 'unix-time',
  'unix-time-milliseconds': 'unix-time',
}

function typeOf(name: string): ArgumentType {
  return TYPES[name] ?? (/^(key\d*|newkey|source|destination)$/.test(name) ? 'key' : 'string')
}

/** A value from its word: `increment`, `increment(double)`, `pattern(pattern#1)`. */
function argumentOf(word: string): Argument {
  const [, name, type, spec] = /^(.+)\(([^#]+)(?:#(\d))?\)$/.exec(word) ?? []
  if (name === undefined) return { name: word, type: typeOf(word) }
  const arg: Argument = { name, type: type as ArgumentType }
  return spec === undefined ? arg : { ...arg, keySpec: Number(spec) }
}

/** `""` stands for a word without bytes. */
const isToken = (word: string): boolean => /^([A-Z][A-Z0-9-]*|"")$/.test(word)

/** Reads the notation. Throws Error when it is none: that is a mistake in a row. */
export function parseSyntax(text: string): readonly Argument[] {
  return fold(new Reader(text).sequence(''))
}

class Reader {
  private readonly words: readonly string[]
  private at = 0

  constructor(text: string) {
    this.words = text.match(/[[\]<>|]|\.\.\.|[^\s[\]<>|]+/g) ?? []
  }

  /** Arguments up to a closing bracket; alternatives become one argument of type oneof. */
  sequence(close: string): readonly Argument[] {
    const label = close === '' ? undefined : this.label()
    const alternatives: Argument[][] = [[]]
    for (;;) {
      const word = this.words[this.at]
      if (word === undefined) {
        if (close !== '') throw new Error(`syntax: ${close} is missing`)
        break
      }
      if (word === close) {
        this.at++
        break
      }
      const current = alternatives.at(-1) as Argument[]
      if (word === '|') {
        this.at++
        alternatives.push([])
      } else if (word === '...') {
        this.at++
        repeatLast(current)
      } else current.push(this.one(current))
    }
    const [only, ...others] = alternatives
    if (only === undefined || others.length === 0) {
      return label === undefined ? (only ?? []) : [named(label, fold(only ?? []))]
    }
    const choices = alternatives.map(asOne)
    return [{ name: label ?? choices.map(c => c.name).join('_'), type: 'oneof', arguments: choices }]
  }

  private label(): string | undefined {
    const word = this.words[this.at]
    if (word === undefined || !word.endsWith(':')) return undefined
    this.at++
    return word.slice(0, -1)
  }

  private one(before: readonly Argument[]): Argument {
    const word = this.words[this.at++] as string
    if (word === '[') return this.optional(before)
    if (word === '<') return asOne(this.sequence('>') as Argument[])
    if (!isToken(word)) return argumentOf(word)
    const next = this.words[this.at]
    if (next !== undefined && !/^[[\]<>|]$|^\.\.\.$/.test(next) && !isToken(next)) {
      this.at++
      return { ...argumentOf(next), token: word }
    }
    if (next === '<') {
      this.at++
      return { ...asOne(this.sequence('>') as Argument[]), token: word }
    }
    return { name: word.toLowerCase(), type: 'pure-token', token: word === '""' ? '' : word }
  }

  /** `[a ...]` right after `a` only says that a repeats. */
  private optional(before: readonly Argument[]): Argument {
    const inner = this.sequence(']')
    const arg = asOne(inner as Argument[])
    const repeated = inner.length > 0 && inner.every(a => a.multiple === true || inner.length > 1)
    if (repeated && arg.multiple === true && sameTail(before, inner)) return { ...arg, name: REPEAT }
    return { ...arg, optional: true }
  }
}

function named(name: string, args: readonly Argument[]): Argument {
  const [first] = args
  if (first?.type === 'pure-token' && args.length === 1) return { ...first, name }
  return { name, type: 'block', arguments: args }
}

/** Marks an argument that stands for the repetition of what is before it; folded away by fold(). */
const REPEAT = '\0repeat'

function repeatLast(current: Argument[]): void {
  const all = current.splice(0)
  current.push({ ...asOne(all), multiple: true })
}

function asOne(args: readonly Argument[]): Argument {
  const folded = fold(args)
  const [first] = folded
  if (first !== undefined && folded.length === 1) return first
  return { name: folded.map(a => a.name).join('_'), type: 'block', arguments: folded }
}

function sameTail(before: readonly Argument[], inner: readonly Argument[]): boolean {
  const [arg] = inner
  if (arg === undefined) return false
  const parts = arg.token === undefined ? arg.arguments : undefined
  const names = arg.type === 'block' && parts !== undefined ? parts.map(a => a.name) : [arg.name]
  const tail = before.slice(-names.length).map(a => a.name)
  return tail.length === names.length && tail.every((n, i) => n === names[i])
}

/** Turns `a` followed by its repetition into one argument that may come several times. */
function fold(args: readonly Argument[]): readonly Argument[] {
  const out: Argument[] = []
  for (const arg of args) {
    if (arg.name !== REPEAT) {
      out.push(arg)
      continue
    }
    const size = arg.type === 'block' && arg.token === undefined ? (arg.arguments?.length ?? 1) : 1
    const repeated: Argument = { ...asOne(out.splice(-size)), multiple: true }
    out.push(arg.token === undefined ? repeated : { ...repeated, multipleToken: true })
  }
  return out
}

/** The notation as people read it: without names of groups, types and the brackets that only group. */
export function plainSyntax(syntax: string): string {
  return syntax
    .replace(/[\w-]+: /g, '')
    .replace(/\([\w#-]+\)/g, '')
    .replace(/<([^<>|]*)>/g, '$1')
}

/** Fewest words that the arguments take, and whether there may be more. */
function extent(args: readonly Argument[]): { least: number; open: boolean } {
  let least = 0
  let open = false
  for (const arg of args) {
    const own = arg.token !== undefined ? 1 : 0
    let inner = { least: arg.type === 'pure-token' ? 0 : 1, open: false }
    if (arg.type === 'block') inner = extent(arg.arguments ?? [])
    if (arg.type === 'oneof') {
      const all = (arg.arguments ?? []).map(a => extent([a]))
      const shortest = Math.min(...all.map(e => e.least))
      inner = { least: shortest, open: all.some(e => e.open || e.least !== shortest) }
    }
    if (arg.optional === true) open = true
    else least += own + inner.least
    if (arg.multiple === true || inner.open) open = true
  }
  return { least, open }
}

/** COMMAND's arity: the number of words, name included; negative when it is only the fewest. */
export function arityOf(syntax: string, nameWords: number): number {
  const { least, open } = extent(parseSyntax(syntax))
  return open ? -(nameWords + least) : nameWords + least
}
