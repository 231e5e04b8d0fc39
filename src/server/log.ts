// The log: pino, JSON lines when nobody watches, readable lines on a terminal. Always written synchronously: in a compiled
// binary pino's worker transports cannot be loaded, and a line that tells why a process died must not be lost with it.

import { openSync } from 'node:fs'
import pino, { type DestinationStream, type Logger } from 'pino'

export type Log = Logger

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

function redisLines(fd: number): DestinationStream {
  const out = pino.destination({ dest: fd, sync: true })
  return {
    write(line: string): void {
      const { level, msg, time } = JSON.parse(line)
      const stamp = new Date(time).toISOString().replace('T', ' ').replace('Z', '')
      out.write(`${process.pid}:M ${stamp} ${MARKS[level] ?? '*'} ${msg}\n`)
    },
  }
}

/** `file` '' is stdout. */
export function openLog(level: string, format: LogFormat, file: string): Log {
  const fd = file === '' ? 1 : openSync(file, 'a', 0o640)
  const options = { level: pinoLevel(level), base: { pid: process.pid } }
  if (format === 'redis') return pino(options, redisLines(fd))
  if (format === 'json') return pino(options, pino.destination({ dest: fd, sync: true }))
  // Loaded here because only a terminal needs it; `require` because a log cannot wait for a promise.
  const pretty = require('pino-pretty') as typeof import('pino-pretty')
  const destination = pino.destination({ dest: fd, sync: true })
  return pino(
    options,
    pretty({ destination, sync: true, ignore: 'pid', colorize: file === '', translateTime: 'SYS:HH:MM:ss.l' }),
  )
}
