// The log: pino, JSON lines when nobody watches, readable lines on a terminal. Always written synchronously: in a compiled
// binary pino's worker transports cannot be loaded, and a line that tells why a process died must not be lost with it.
// pino itself is loaded a moment after the start, when the first clients have been served: it would make them wait.

import { openSync } from 'node:fs'
import type { DestinationStream, Logger, LoggerOptions } from 'pino'
import { systemClock } from '../store/clock.ts'

type Line = readonly [text: string] | readonly [fields: object, text: string]
type Way = 'debug' | 'info' | 'warn' | 'error' | 'fatal'

export interface Log extends Record<Way, (...line: Line) => void> {
  /** One of pino's. */
  level: string
}

/** Our levels, Redis's among them, as pino's. */
const LEVELS: Record<string, string> = {
  off: 'silent',
  error: 'error',
  warning: 'warn',
  notice: 'info',
  verbose: 'debug',
  debug: 'debug',
  trace: 'trace',
}

export type LogFormat = 'json' | 'readable' | 'redis'

export const pinoLevel = (level: string): string => LEVELS[level] ?? 'info'

/** Lines as redis-server writes them, for who started us with a redis.conf and reads its log. */
const MARKS: Record<number, string> = { 10: '.', 20: '.', 30: '*', 40: '#', 50: '#', 60: '#' }

/** So long after the first line pino is loaded, and when so many lines wait for it. */
const LOADED_AFTER_MS = 30
const MOST_WAITING = 64

const loadPino = (): typeof import('pino') => require('pino') as typeof import('pino')

function redisLines(fd: number): DestinationStream {
  const out = loadPino().destination({ dest: fd, sync: true })
  return {
    write(line: string): void {
      const { level, msg, time } = JSON.parse(line)
      const stamp = new Date(time).toISOString().replace('T', ' ').replace('Z', '')
      out.write(`${process.pid}:M ${stamp} ${MARKS[level] ?? '*'} ${msg}\n`)
    },
  }
}

function loggerOn(fd: number, format: LogFormat, color: boolean, options: LoggerOptions): Logger {
  const pino = loadPino()
  if (format === 'redis') return pino(options, redisLines(fd))
  const destination = pino.destination({ dest: fd, sync: true })
  if (format === 'json') return pino(options, destination)
  // Only a terminal needs it.
  const pretty = require('pino-pretty') as typeof import('pino-pretty')
  const readable = { sync: true, ignore: 'pid', colorize: color, translateTime: 'SYS:HH:MM:ss.l' }
  return pino(options, pretty({ destination, ...readable }))
}

/** Keeps lines, each with its time, until pino is there. Whatever ends the process, they are written before. */
class LateLog implements Log {
  #level: string
  #logger: Logger | undefined
  #atMs = 0
  readonly #load: (options: LoggerOptions) => Logger
  readonly #waiting: { readonly way: Way; readonly line: Line; readonly atMs: number }[] = []
  readonly debug = this.#logs('debug')
  readonly info = this.#logs('info')
  readonly warn = this.#logs('warn')
  readonly error = this.#logs('error')
  readonly fatal = this.#logs('fatal')

  constructor(level: string, load: (options: LoggerOptions) => Logger) {
    this.#level = level
    this.#load = load
  }

  get level(): string {
    return this.#level
  }

  set level(level: string) {
    this.#level = level
    if (this.#logger !== undefined) this.#logger.level = level
  }

  #logs(way: Way): (...line: Line) => void {
    return (...line) => {
      const atMs = systemClock.nowMs()
      if (this.#logger !== undefined) this.#write(this.#logger, way, line, atMs)
      else if (this.#level !== 'silent') this.#keep(way, line, atMs)
    }
  }

  #keep(way: Way, line: Line, atMs: number): void {
    const count = this.#waiting.push({ way, line, atMs })
    if (count === 1) {
      setTimeout(() => this.#open(), LOADED_AFTER_MS).unref()
      process.once('exit', () => this.#open())
    }
    if (count === MOST_WAITING) this.#open()
  }

  #write(logger: Logger, way: Way, line: Line, atMs: number): void {
    this.#atMs = atMs
    if (line.length === 1) logger[way](line[0])
    else logger[way](line[0], line[1])
  }

  #open(): void {
    if (this.#logger !== undefined) return
    const logger = this.#load({
      level: this.#level,
      base: { pid: process.pid },
      timestamp: () => `,"time":${this.#atMs}`,
    })
    this.#logger = logger
    for (const { way, line, atMs } of this.#waiting.splice(0)) this.#write(logger, way, line, atMs)
  }
}

/** `file` '' is stdout. The format is asked for with pino: finding out whether stdout is a terminal takes 3 ms. */
export function openLog(level: string, format: () => LogFormat, file: string): Log {
  const fd = file === '' ? 1 : openSync(file, 'a', 0o640)
  return new LateLog(pinoLevel(level), options => loggerOn(fd, format(), file === '', options))
}
