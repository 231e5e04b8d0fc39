// Kinds of settings whose text has a structure of its own: save points, output buffer limits, addresses, levels, paths.
// As for every kind, what CONFIG GET prints can be set back. Rules and error texts: Redis 7.0.15, config.c and notify.c.
import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { bytesOf } from '../../bytes/units.ts'
import { BadValue, checkedText, integerOf, type Kind, onlyWord, printBytes, someOf } from './kinds.ts'

/** "After so many seconds if at least so many changes were made". */
export interface SavePoint {
  readonly seconds: number
  readonly changes: number
}

/** A client is closed when its unsent replies reach `hardBytes`, or stay above `softBytes` for `softSeconds`; 0 = no limit. */
export interface OutputBufferLimit {
  readonly hardBytes: number
  readonly softBytes: number
  readonly softSeconds: number
}

export interface OutputBufferLimits {
  readonly normal: OutputBufferLimit
  readonly replica: OutputBufferLimit
  readonly pubsub: OutputBufferLimit
}

/** Redis's levels, and the three it lacks at the ends. */
export type LogLevel = 'off' | 'error' | 'warning' | 'notice' | 'verbose' | 'debug' | 'trace'

/** Saves: an empty word means none, and lines add up. */
export function savePoints(): Kind<readonly SavePoint[]> {
  return {
    words: 'many',
    inFile: 'plain',
    repeated: 'adds',
    takes: 'pairs of seconds (from 1) and changes (from 0), or "" for none',
    parse(words, before) {
      if (words.length === 0 || (words.length === 1 && words[0] === '')) return []
      const points: SavePoint[] = []
      for (let i = 0; i < words.length; i += 2) {
        const seconds = countOf(words[i])
        const changes = countOf(words[i + 1])
        if (seconds === undefined || changes === undefined || seconds < 1) throw new BadValue('Invalid save parameters')
        points.push({ seconds, changes })
      }
      return [...(before ?? []), ...points]
    },
    print: points => points.map(point => `${point.seconds} ${point.changes}`).join(' '),
    confLines: points => (points.length === 0 ? ['""'] : points.map(point => `${point.seconds} ${point.changes}`)),
  }
}

const CLIENT_CLASSES: ReadonlyMap<string, keyof OutputBufferLimits> = new Map([
  ['normal', 'normal'],
  ['replica', 'replica'],
  ['slave', 'replica'],
  ['pubsub', 'pubsub'],
])

export const NO_OUTPUT_LIMITS: OutputBufferLimits = {
  normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
  replica: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
  pubsub: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
}

/** Groups of four words; classes that are not named keep what they had. */
export function outputBufferLimits(): Kind<OutputBufferLimits> {
  const line = (limit: OutputBufferLimit, name: string): string =>
    `${name} ${limit.hardBytes} ${limit.softBytes} ${limit.softSeconds}`
  const confLine = (limit: OutputBufferLimit, name: string): string =>
    `${name} ${printBytes(limit.hardBytes)} ${printBytes(limit.softBytes)} ${limit.softSeconds}`
  return {
    words: 'many',
    inFile: 'plain',
    repeated: 'merges',
    takes: 'groups of <normal|replica|pubsub> <hard limit> <soft limit> <soft seconds>',
    parse(words, before) {
      if (words.length % 4 !== 0) throw new BadValue('Wrong number of arguments in buffer limit configuration.')
      const limits = { ...(before ?? NO_OUTPUT_LIMITS) }
      for (let i = 0; i < words.length; i += 4) {
        const name = CLIENT_CLASSES.get((words[i] ?? '').toLowerCase())
        if (name === undefined) throw new BadValue('Invalid client class specified in buffer limit configuration.')
        const hard = bytesOf(words[i + 1] ?? '')
        const soft = bytesOf(words[i + 2] ?? '')
        const softSeconds = countOf(words[i + 3])
        if (hard === undefined || soft === undefined || softSeconds === undefined) {
          throw new BadValue('Error in hard, soft or soft_seconds setting in buffer limit configuration.')
        }
        limits[name] = { hardBytes: Number(hard), softBytes: Number(soft), softSeconds }
      }
      return limits
    },
    // Redis still prints the old name of a replica here, and reads both.
    print: limits =>
      [line(limits.normal, 'normal'), line(limits.replica, 'slave'), line(limits.pubsub, 'pubsub')].join(' '),
    confLines: limits => [
      confLine(limits.normal, 'normal'),
      confLine(limits.replica, 'replica'),
      confLine(limits.pubsub, 'pubsub'),
    ],
  }
}

/** Redis's CONFIG_BINDADDR_MAX. */
const MAX_ADDRESSES = 16

/** Addresses to listen on; one that begins with '-' may be missing on this machine. */
export function addresses(): Kind<readonly string[]> {
  return {
    words: 'many',
    inFile: 'plain',
    takes: `up to ${MAX_ADDRESSES} addresses`,
    parse(words) {
      if (words.length > MAX_ADDRESSES) throw new BadValue('Too many bind addresses specified.')
      return words.length === 1 && words[0] === '' ? [] : [...words]
    },
    print: list => list.join(' '),
    confLines: list => [list.length === 0 ? '""' : list.join(' ')],
  }
}

export function percentiles(): Kind<readonly number[]> {
  const bad = 'Invalid latency-tracking-info-percentiles parameters'
  return {
    words: 'many',
    inFile: 'plain',
    takes: 'numbers from 0 to 100, or "" for none',
    parse(words) {
      if (words.length === 1 && words[0] === '') return []
      return words.map(word => {
        if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) throw new BadValue(bad)
        const value = Number(word)
        if (value >= 0 && value <= 100) return value
        throw new BadValue('latency-tracking-info-percentiles parameters should sit between [0.0,100.0]')
      })
    },
    print: list => list.map(printPercentile).join(' '),
    confLines: list => [list.length === 0 ? '""' : list.map(printPercentile).join(' ')],
  }
}

/** Six decimals at most, as C's %f with its trailing zeros cut off. */
const printPercentile = (value: number): string => String(Number(value.toFixed(6)))

/** The scores Redis gives to a master, a replica and a saving child; there is nothing here that would use them. */
export function oomScores(): Kind<readonly number[]> {
  return {
    words: 'many',
    inFile: 'plain',
    takes: 'three numbers from -2000 to 2000',
    parse(words) {
      if (words.length !== 3) throw new BadValue('wrong number of arguments')
      return words.map(word => {
        const value = integerOf(word)
        if (value !== undefined && value >= -2000n && value <= 2000n) return Number(value)
        throw new BadValue('Invalid oom-score-adj-values, elements must be between -2000 and 2000.')
      })
    },
    print: list => list.join(' '),
  }
}

/** Classes in the order Redis prints them; 'A' stands for all of the first group. */
const EVENT_CLASSES = 'g$lshzxetd'
const EVENT_EXTRAS = 'nKEm'

export function keyspaceEvents(): Kind<string> {
  const all = EVENT_CLASSES + EVENT_EXTRAS
  return {
    words: 'one',
    inFile: 'quoted',
    takes: 'letters of Ag$lshzxeKEtmdn, or "" for none',
    parse(words) {
      const given = onlyWord(words).replaceAll('A', EVENT_CLASSES)
      if ([...given].some(letter => !all.includes(letter))) {
        throw new BadValue("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
      }
      return [...all]
        .filter(letter => given.includes(letter))
        .join('')
        .replace(EVENT_CLASSES, 'A')
    },
    print: value => value,
  }
}

const LOG_WORDS: ReadonlyMap<string, LogLevel> = new Map([
  ['off', 'off'],
  ['none', 'off'],
  ['error', 'error'],
  ['warn', 'warning'],
  ['warning', 'warning'],
  ['info', 'notice'],
  ['notice', 'notice'],
  ['verbose', 'verbose'],
  ['debug', 'debug'],
  ['trace', 'trace'],
])

/**
 * A level, or a filter as the Rust program took it: "info,kvns=debug". Of a filter, the last part that speaks of
 * everything or of kvns counts; parts about other targets name code that is not here.
 */
export function logLevel(): Kind<LogLevel> {
  return {
    words: 'one',
    inFile: 'plain',
    takes: 'debug, verbose, notice or warning, also trace, info, warn, error, off, or a filter such as kvns=debug',
    parse(words) {
      let level: LogLevel | undefined
      for (const part of onlyWord(words).split(',')) {
        const [first = '', second] = part.trim().split('=')
        const asked = LOG_WORDS.get((second ?? first).toLowerCase())
        if (asked === undefined) {
          throw new BadValue('argument(s) must be one of the following: debug, verbose, notice, warning')
        }
        if (second === undefined || /^kvns\b/.test(first)) level = asked
      }
      return level ?? 'notice'
    },
    print: level => level,
  }
}

/** A port; 0 takes any free one, and 'off' (or nothing) means not to listen at all: undefined. */
export function portOrOff(): Kind<number | undefined> {
  return {
    words: 'one',
    inFile: 'plain',
    takes: 'a port from 0 to 65535 (0 = any free one), or off',
    parse(words) {
      const word = onlyWord(words).toLowerCase()
      if (word === '' || word === 'off') return undefined
      const port = integerOf(word)
      if (port === undefined) throw new BadValue("argument couldn't be parsed into an integer")
      if (port < 0n || port > 65535n) throw new BadValue('argument must be between 0 and 65535 inclusive')
      return Number(port)
    },
    print: port => (port === undefined ? 'off' : String(port)),
  }
}

/** A directory that exists, kept as its absolute path. */
export function directory(): Kind<string> {
  return {
    words: 'one',
    inFile: 'quoted',
    takes: 'a directory that exists',
    parse(words) {
      const path = resolve(onlyWord(words))
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined) throw new BadValue('No such file or directory')
      if (!found.isDirectory()) throw new BadValue('Not a directory')
      return path
    },
    print: path => path,
  }
}

/** A file name without a path. `name` and `noun` complete Redis's sentence about it. */
export function fileName(name: string, noun: 'filename' | 'dirname', empty: 'allowed' | 'refused'): Kind<string> {
  return checkedText(`a ${noun}, not a path`, value => {
    if (value === '') return empty === 'refused' ? `${name} can't be empty` : undefined
    return basename(value) === value && !value.includes('\\') ? undefined : `${name} can't be a path, just a ${noun}`
  })
}

const TITLE_WORDS = ['title', 'listen-addr', 'server-mode', 'port', 'tls-port', 'unixsocket', 'config-file']

export function titleTemplate(): Kind<string> {
  return checkedText(`a text with ${TITLE_WORDS.map(word => `{${word}}`).join(' ')}`, value => {
    const rest = value.replace(/\{([^{}]*)\}/g, (whole, word) => (TITLE_WORDS.includes(word) ? '' : whole))
    const wrong = value.trim() === '' || /[{}]/.test(rest)
    return wrong ? 'template format is invalid or contains unknown variables' : undefined
  })
}

/** A version like 7.0.15. */
export function version(): Kind<string> {
  return checkedText('a version such as 7.0.15', value =>
    /^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(value) ? undefined : 'argument must be a version such as 7.0.15',
  )
}

export function hostName(): Kind<string> {
  return checkedText('a host name', value => {
    // 256 is Redis's NET_HOST_STR_LEN, the end of the C string included.
    if (value.length >= 256) return 'Hostnames must be less than 256 characters'
    return /^[A-Za-z0-9.-]*$/.test(value)
      ? undefined
      : 'Hostnames may only contain alphanumeric characters, hyphens or dots'
  })
}

/** A setting that must stay empty until what it stands for is built; `why` is what the refusal says. */
export function onlyEmpty(why: string): Kind<string> {
  return checkedText('only ""', value => (value === '' ? undefined : why))
}

/** A number from 0 that a double holds; nothing for anything else. */
function countOf(word: string | undefined): number | undefined {
  const value = word === undefined ? undefined : integerOf(word)
  return value === undefined || value < 0n ? undefined : Math.min(Number(value), Number.MAX_SAFE_INTEGER)
}

/** How to shut down; `save` and `nosave` exclude each other. */
export function shutdownWords(): Kind<readonly string[]> {
  const words = someOf('default', ['save', 'nosave', 'now', 'force'])
  return {
    ...words,
    parse(given) {
      const value = words.parse(given)
      if (value.includes('save') && value.includes('nosave')) {
        throw new BadValue("shutdown options SAVE and NOSAVE can't be used simultaneously")
      }
      return value
    },
  }
}
