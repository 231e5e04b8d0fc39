// What a setting's text may be: each kind reads words into a value and prints the value as CONFIG GET shows it.
// One invariant holds for every kind: `parse(print(value))` gives the value again, so that CONFIG GET's answer can be
// set back. Rules and error texts are those of Redis 7.0.15's config.c (numericParseString, boolConfigSet, ...).

/** A text that a kind refuses; the message is Redis's, ready to stand after "CONFIG SET failed (...) - ". */

import { bytesOf } from '../../bytes/units.ts'

export class BadValue extends Error {}

export interface Kind<T> {
  /** Whether a directive takes exactly one word, or a list of words that a single text is split into. */
  readonly words: 'one' | 'many'
  /** Completes the sentence "<setting> takes ..." in help texts and in errors at start. */
  readonly takes: string
  /** Words that mean the same at start (flag, environment, file), but not in CONFIG SET, which is strict as Redis is. */
  readonly atStart?: ReadonlyMap<string, string>
  /** `true` when the flag alone, without a word, means yes. */
  readonly isSwitch?: true
  /**
   * What a repeated directive does: `adds` to the lines before it (CONFIG SET starts anew), or `merges` with the value
   * there is (CONFIG SET too). Without this the last one counts.
   */
  readonly repeated?: 'adds' | 'merges'
  /** `plain` when the printed text can stand in a redis.conf as it is. */
  readonly inFile: 'plain' | 'quoted'
  /** `before` is the value to add to or to merge with, as `repeated` says. Throws BadValue. */
  parse(words: readonly string[], before?: T): T
  /** CONFIG GET's text. */
  print(value: T): string
  /** What stands after the name in a rewritten redis.conf, one entry a line, where it is not the printed text. */
  confLines?(value: T): readonly string[]
}

/** Larger numbers saturate here: a double holds no more digits, and no setting means anything up there. */
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER)

export const INT_MAX = 2147483647n
export const INT_MIN = -2147483648n
export const UINT_MAX = 4294967295n
/** LONG_MAX and LLONG_MAX of the 64-bit platforms. */
export const LONG_MAX = 9223372036854775807n

/** The one word of a directive that takes one; otherwise Redis's complaint about the number of words. */
export function onlyWord(words: readonly string[]): string {
  const [word] = words
  if (word === undefined || words.length !== 1) throw new BadValue('wrong number of arguments')
  return word
}

/** A whole number as string2ll takes it: no sign but '-', no leading zero. */
export function integerOf(text: string): bigint | undefined {
  return /^(?:0|-?[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined
}

/** The shortest redis.conf form of a number of bytes: whole gb, mb or kb where it is one. */
export function printBytes(bytes: number): string {
  for (const [unit, size] of [
    ['gb', 1024 ** 3],
    ['mb', 1024 ** 2],
    ['kb', 1024],
  ] as const) {
    if (bytes !== 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(bytes)
}

function inRange(value: bigint, min: bigint, max: bigint): number {
  if (value < min || value > max) throw new BadValue(`argument must be between ${min} and ${max} inclusive`)
  if (value > LARGEST) return Number.MAX_SAFE_INTEGER
  return value < -LARGEST ? -Number.MAX_SAFE_INTEGER : Number(value)
}

const YES_NO = new Map([
  ['true', 'yes'],
  ['on', 'yes'],
  ['1', 'yes'],
  ['false', 'no'],
  ['off', 'no'],
  ['0', 'no'],
])

function parseBool(words: readonly string[]): boolean {
  const word = onlyWord(words).toLowerCase()
  if (word !== 'yes' && word !== 'no') throw new BadValue("argument must be 'yes' or 'no'")
  return word === 'yes'
}

const printBool = (value: boolean): string => (value ? 'yes' : 'no')

export function bool(): Kind<boolean> {
  return { words: 'one', takes: 'yes or no', atStart: YES_NO, inFile: 'plain', parse: parseBool, print: printBool }
}

/** A yes/no setting of ours whose flag may stand alone. */
export function switchedOn(): Kind<boolean> {
  return { ...bool(), takes: 'yes or no (the flag alone means yes)', isSwitch: true }
}

/** A yes/no setting that exists, but whose one side cannot be had; `why` is what the refusal says. */
export function onlyNo(why: string): Kind<boolean> {
  return {
    ...bool(),
    takes: 'only no',
    parse(words) {
      if (parseBool(words)) throw new BadValue(why)
      return false
    },
  }
}

export function integer(min: bigint, max: bigint): Kind<number> {
  return {
    words: 'one',
    inFile: 'plain',
    takes: `a whole number from ${min} to ${max}`,
    parse(words) {
      const value = integerOf(onlyWord(words))
      if (value === undefined) throw new BadValue("argument couldn't be parsed into an integer")
      return inRange(value, min, max)
    },
    print: String,
  }
}

/** A number that is accepted outside its useful range and then drawn into it: Redis does so with `hz`. */
export function clampedInteger(min: bigint, max: bigint, least: number, most: number): Kind<number> {
  const wide = integer(min, max)
  return {
    ...wide,
    takes: `a whole number from ${least} to ${most}`,
    parse: words => Math.min(most, Math.max(least, wide.parse(words))),
  }
}

export function octal(min: number, max: number): Kind<number> {
  return {
    words: 'one',
    inFile: 'plain',
    takes: `an octal number from ${min.toString(8)} to ${max.toString(8)}`,
    parse(words) {
      const word = onlyWord(words)
      if (!/^[0-7]{1,12}$/.test(word)) throw new BadValue("argument couldn't be parsed as an octal number")
      const value = Number.parseInt(word, 8)
      if (value >= min && value <= max) return value
      throw new BadValue(`argument must be between ${min.toString(8)} and ${max.toString(8)} inclusive`)
    },
    print: value => value.toString(8),
  }
}

/** A number of bytes. */
export function memory(min: bigint, max: bigint): Kind<number> {
  return {
    words: 'one',
    inFile: 'plain',
    takes: 'a number of bytes, with k, kb, m, mb, g or gb after it if you like',
    parse(words) {
      const value = bytesOf(onlyWord(words))
      if (value === undefined) throw new BadValue('argument must be a memory value')
      return inRange(value, min, max)
    },
    print: String,
    confLines: value => [printBytes(value)],
  }
}

/** A number of bytes, or a percentage, which is kept as a negative number as in Redis. */
export function memoryOrPercent(maxPercent: number): Kind<number> {
  const plain = memory(0n, LONG_MAX)
  return {
    ...plain,
    takes: `${plain.takes}, or a percentage up to ${maxPercent}%`,
    parse(words) {
      const word = onlyWord(words)
      const percent = word.endsWith('%') ? integerOf(word.slice(0, -1)) : undefined
      if (percent !== undefined && percent >= 0n) {
        if (percent > BigInt(maxPercent)) {
          throw new BadValue(`percentage argument must be less or equal to ${maxPercent}`)
        }
        return percent === 0n ? 0 : -Number(percent)
      }
      if (bytesOf(word) === undefined) throw new BadValue('argument must be a memory or percent value')
      return plain.parse(words)
    },
    print: value => (value < 0 ? `${-value}%` : String(value)),
    confLines: value => [value < 0 ? `${-value}%` : printBytes(value)],
  }
}

function notOneOf(names: readonly string[]): BadValue {
  return new BadValue(`argument(s) must be one of the following: ${names.join(', ')}`)
}

/** One of a few words, in any case. `same` gives the name that a synonym is kept under. */
export function oneOf<const N extends string>(names: readonly N[], same: Readonly<Record<string, N>> = {}): Kind<N> {
  return {
    words: 'one',
    inFile: 'plain',
    takes: `one of ${names.join(', ')}`,
    parse(words) {
      const word = words.length === 1 ? words[0]?.toLowerCase() : undefined
      const found = names.find(name => name === word)
      if (word === undefined || found === undefined) throw notOneOf(names)
      return same[word] ?? found
    },
    print: value => value,
  }
}

/** Several of a few words; the first name stands for "none of them". Kept in the table's order. */
export function someOf<const N extends string>(none: N, names: readonly N[]): Kind<readonly N[]> {
  return {
    words: 'many',
    inFile: 'plain',
    takes: `${none}, or some of ${names.join(', ')}`,
    parse(words) {
      const given = words.map(word => word.toLowerCase())
      const known = (word: string): boolean => word === none || names.some(name => name === word)
      if (given.length === 0 || !given.every(known)) throw notOneOf([none, ...names])
      return names.filter(name => given.includes(name))
    },
    print: value => (value.length === 0 ? none : value.join(' ')),
  }
}

export function text(takes: string): Kind<string> {
  return { words: 'one', takes, inFile: 'quoted', parse: onlyWord, print: value => value }
}

/** A text with a rule: `problem` says in Redis's words what is wrong with it, or nothing. */
export function checkedText(takes: string, problem: (value: string) => string | undefined): Kind<string> {
  return {
    ...text(takes),
    parse(words) {
      const value = onlyWord(words)
      const wrong = problem(value)
      if (wrong !== undefined) throw new BadValue(wrong)
      return value
    },
  }
}

/** Reads a value given as one text, as CONFIG SET gets it. Throws BadValue. */
export function parseText<T>(kind: Kind<T>, given: string, before?: T): T {
  if (kind.words === 'one') return kind.parse([given], before)
  return kind.parse(given === '' ? [] : given.split(' '), before)
}
