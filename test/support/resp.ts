// Reads replies as a client does: bytes in, values out, RESP2 and RESP3. Strict on purpose: whatever is no reply throws, so
// that every test also checks the framing. Text is Latin-1, a character for each byte.

export interface Simple {
  readonly simple: string
}
export interface Failure {
  readonly error: string
}
export interface Double {
  readonly double: string
}
export interface Bool {
  readonly bool: boolean
}
export interface BigNumber {
  readonly bigNumber: string
}
export interface Verbatim {
  readonly format: string
  readonly verbatim: string
}
export interface Pairs {
  readonly map: readonly (readonly [Reply, Reply])[]
}
export interface Members {
  readonly set: readonly Reply[]
}
export interface Push {
  readonly push: readonly Reply[]
}
export interface Attributed {
  readonly attributes: readonly (readonly [Reply, Reply])[]
  readonly reply: Reply
}

/** Bulk strings are strings, integers numbers or, beyond 2^53, bigints; arrays are arrays. */
export type Reply =
  | string
  | number
  | bigint
  | null
  | readonly Reply[]
  | Simple
  | Failure
  | Double
  | Bool
  | BigNumber
  | Verbatim
  | Pairs
  | Members
  | Push
  | Attributed

/** The replies of one connection, from bytes that may be cut anywhere. */
export class ReplyReader {
  private text = ''
  private at = 0

  feed(bytes: Uint8Array): void {
    this.text = this.text.slice(this.at) + Buffer.from(bytes).toString('latin1')
    this.at = 0
  }

  /** Bytes that belong to no whole reply yet. */
  get left(): string {
    return this.text.slice(this.at)
  }

  /** The next reply, undefined while it is not whole. Throws Error for what is none. */
  next(): Reply | undefined {
    const start = this.at
    if (start === this.text.length) return undefined
    try {
      return this.one()
    } catch (error) {
      if (error !== CUT) throw error
      this.at = start
      return undefined
    }
  }

  private line(): string {
    const end = this.text.indexOf('\r\n', this.at)
    if (end < 0) throw CUT
    const line = this.text.slice(this.at, end)
    if (/[\r\n]/.test(line)) throw new Error(`a line with half a line end: ${JSON.stringify(line)}`)
    this.at = end + 2
    return line
  }

  private body(bytes: number): string {
    const end = this.at + bytes
    if (this.text.length < end + 2) throw CUT
    if (!this.text.startsWith('\r\n', end)) throw new Error('a bulk that does not end where it says')
    const body = this.text.slice(this.at, end)
    this.at = end + 2
    return body
  }

  private many(line: string, least: number): Reply[] {
    return Array.from({ length: length(line, least) }, () => this.one())
  }

  private pairs(line: string): [Reply, Reply][] {
    return Array.from({ length: length(line, 0) }, () => [this.one(), this.one()])
  }

  private one(): Reply {
    const line = this.line()
    const rest = line.slice(1)
    switch (line[0]) {
      case '+':
        return { simple: rest }
      case '-':
        if (!/^[A-Z]+ ./.test(rest)) throw new Error(`an error without a code: ${line}`)
        return { error: rest }
      case ':':
        return integer(rest)
      case '$':
        return rest === '-1' ? null : this.body(length(rest, 0))
      case '*':
        return rest === '-1' ? null : this.many(rest, 0)
      case '_':
        return null
      case '%':
        return { map: this.pairs(rest) }
      case '~':
        return { set: this.many(rest, 0) }
      case '>':
        return { push: this.many(rest, 1) }
      case '|':
        return { attributes: this.pairs(rest), reply: this.one() }
      case ',':
        return { double: rest }
      case '#':
        if (rest !== 't' && rest !== 'f') throw new Error(`no boolean: ${line}`)
        return { bool: rest === 't' }
      case '(':
        return { bigNumber: rest }
      case '=': {
        const text = this.body(length(rest, 4))
        if (text[3] !== ':') throw new Error('a verbatim text without a format')
        return { format: text.slice(0, 3), verbatim: text.slice(4) }
      }
      default:
        throw new Error(`no reply: ${JSON.stringify(line.slice(0, 80))}`)
    }
  }
}

const CUT = new Error('cut')

function length(text: string, least: number): number {
  if (!/^\d+$/.test(text) || Number(text) < least) throw new Error(`no length: ${JSON.stringify(text)}`)
  return Number(text)
}

function integer(text: string): number | bigint {
  if (!/^-?\d+$/.test(text)) throw new Error(`no integer: ${JSON.stringify(text)}`)
  const n = Number(text)
  return Number.isSafeInteger(n) ? n : BigInt(text)
}

export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** A request: an array of bulk strings. */
export function request(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
}
