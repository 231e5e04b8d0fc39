// Words in quotes, as on Redis's command line: inline requests and configuration are split by `splitArguments`, logs and
// MONITOR are printed by `quoteText`, and what the second prints the first reads back.
//
//   set key "a \"b\" \x00\n"   'it\'s'   plain      double quotes know escapes, single quotes only \'
//
// After sdssplitargs and sdscatrepr of Redis's sds.c.

import { indexOfByte } from './ascii.ts'

const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27
const BACKSLASH = 0x5c
const SPACE = 0x20
const DELETE = 0x7f
const LETTER_X = 0x78

/** The letter after a backslash, and the byte the pair stands for. */
const ESCAPES: readonly (readonly [letter: string, byte: number])[] = [
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['a', 0x07],
  ['b', 0x08],
]

/** The byte that a backslash and a letter stand for. */
function escapedBy(letter: number): number {
  const pair = ESCAPES.find(([written]) => written.charCodeAt(0) === letter)
  return pair === undefined ? letter : pair[1]
}

function quotedByte(byte: number): string {
  const pair = ESCAPES.find(([, escaped]) => escaped === byte)
  if (pair !== undefined) return `\\${pair[0]}`
  if (byte === BACKSLASH || byte === DOUBLE_QUOTE) return `\\${String.fromCharCode(byte)}`
  if (byte >= SPACE && byte < DELETE) return String.fromCharCode(byte)
  return `\\x${byte.toString(16).padStart(2, '0')}`
}

let knownQuotes: readonly string[] | undefined

/** What stands for each byte between quotes; made when somebody quotes first. */
function quotes(): readonly string[] {
  knownQuotes ??= Array.from({ length: 256 }, (_, byte) => quotedByte(byte))
  return knownQuotes
}

/** buf[start, end) in double quotes, with escapes for what is not printable ASCII. */
export function quoteText(buf: Uint8Array, start: number, end: number): string {
  const quoted = quotes()
  let text = '"'
  for (let at = start; at < end; at++) text += quoted[buf[at]]
  return `${text}"`
}

/**
 * What words may take in a QuotedLine before they are quoted, in bytes; each byte may become four. Redis shows all of a
 * word; a few lines of many megabytes would cut those who read them for what they leave unread.
 */
const LINE_BYTES = 256 << 10
/** The space before a word, and its quotes. */
const WORD_OVERHEAD = 3

/**
 * A line of quoted words that is put together as bytes, since words may be long. Very long ones are cut, and say so:
 *
 *   begin "word" "word... (123 more bytes)" CR LF
 */
export class QuotedLine {
  private readonly pieces: Uint8Array[]
  private leftBytes = LINE_BYTES

  constructor(begin: string) {
    this.pieces = [Buffer.from(begin, 'latin1')]
  }

  /** Text that needs no quoting. */
  plain(text: string): void {
    this.pieces.push(Buffer.from(text, 'latin1'))
  }

  /** No word may come any more. */
  get isFull(): boolean {
    return this.leftBytes <= 0
  }

  /** A space and buf[start, end) in quotes. */
  word(buf: Uint8Array, start: number, end: number): void {
    const shownEnd = Math.min(end, start + this.leftBytes)
    this.leftBytes -= shownEnd - start + WORD_OVERHEAD
    const quotedBytes = quotes()
    let length = WORD_OVERHEAD
    for (let at = start; at < shownEnd; at++) length += quotedBytes[buf[at]].length
    const piece = new Uint8Array(length)
    piece[0] = SPACE
    piece[1] = DOUBLE_QUOTE
    let to = 2
    for (let at = start; at < shownEnd; at++) {
      const quoted = quotedBytes[buf[at]]
      for (let i = 0; i < quoted.length; i++) piece[to++] = quoted.charCodeAt(i)
    }
    piece[to] = DOUBLE_QUOTE
    this.pieces.push(shownEnd === end ? piece : piece.subarray(0, to))
    if (shownEnd < end) this.plain(`... (${end - shownEnd} more bytes)"`)
  }

  /** The line with its end. */
  end(): Uint8Array {
    this.plain('\r\n')
    return Buffer.concat(this.pieces)
  }
}

/**
 * The words of the line buf[start, end), in copies of their own. A NUL ends the line, as in C. Undefined when a quote is
 * not closed, or is closed and followed by something else than a space.
 */
export function splitArguments(buf: Uint8Array, start: number, end: number): Uint8Array[] | undefined {
  const nul = indexOfByte(buf, start, end, 0)
  const splitter = new Splitter(buf, nul < 0 ? end : nul, start)
  const words: Uint8Array[] = []
  while (splitter.skipSpace()) {
    const word = splitter.word()
    if (word === undefined) return undefined
    words.push(word)
  }
  return words
}

class Splitter {
  private readonly buf: Uint8Array
  private readonly end: number
  private at: number
  private readonly out: Uint8Array
  private length = 0

  constructor(buf: Uint8Array, end: number, at: number) {
    this.buf = buf
    this.end = end
    this.at = at
    this.out = new Uint8Array(end - at) // no word is longer than its spelling
  }

  /** To the next word; false when there is none. */
  skipSpace(): boolean {
    while (this.at < this.end && isSpace(this.buf[this.at])) this.at++
    return this.at < this.end
  }

  /** A quote may open in the middle of a word, but where it closes the word ends. */
  word(): Uint8Array | undefined {
    this.length = 0
    while (this.at < this.end) {
      const byte = this.buf[this.at++]
      if (endsWord(byte)) break
      if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) {
        const closed = byte === DOUBLE_QUOTE ? this.doubleQuoted() : this.singleQuoted()
        if (!closed || (this.at < this.end && !isSpace(this.buf[this.at]))) return undefined
        break
      }
      this.out[this.length++] = byte
    }
    return this.out.slice(0, this.length)
  }

  /** From behind the opening quote to behind the closing one; false when there is none. */
  private doubleQuoted(): boolean {
    const { buf, end, out } = this
    while (this.at < end) {
      let byte = buf[this.at++]
      if (byte === DOUBLE_QUOTE) return true
      if (byte === BACKSLASH && this.at < end) {
        const high = this.at + 2 < end && buf[this.at] === LETTER_X ? hexDigit(buf[this.at + 1]) : -1
        const low = high < 0 ? -1 : hexDigit(buf[this.at + 2])
        byte = low < 0 ? escapedBy(buf[this.at]) : high * 16 + low
        this.at += low < 0 ? 1 : 3
      }
      out[this.length++] = byte
    }
    return false
  }

  private singleQuoted(): boolean {
    const { buf, end, out } = this
    while (this.at < end) {
      let byte = buf[this.at++]
      if (byte === SINGLE_QUOTE) return true
      if (byte === BACKSLASH && this.at < end && buf[this.at] === SINGLE_QUOTE) byte = buf[this.at++]
      out[this.length++] = byte
    }
    return false
  }
}

/** C's isspace: space, and tab to carriage return. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d)
}

/** Vertical tab and form feed separate words, but do not end one: Redis has it so. */
function endsWord(byte: number): boolean {
  return byte === SPACE || byte === 0x09 || byte === 0x0a || byte === 0x0d
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1
}
