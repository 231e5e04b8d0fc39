// `kvns ping`: the health check of the container image. Asks a server on this machine whether it answers.

import { connect } from 'node:net'
import type { Config } from './config/config.ts'

const TIMEOUT_MS = 2000

/** Exit code: 0 when the server answered PING (it is alive, too, when it wants a password or still loads), else 1. */
export function ping(config: Config): Promise<number> {
  const [bound = '127.0.0.1'] = config.bind
  const plain = bound.replace(/^-/, '')
  const host = plain === '0.0.0.0' || plain === '*' ? '127.0.0.1' : plain === '::' || plain === '::*' ? '::1' : plain
  return new Promise(resolve => {
    const socket = connect({ host, port: config.port })
    const done = (code: number, text: string): void => {
      process.stdout.write(`${text}\n`)
      socket.destroy()
      resolve(code)
    }
    socket.setTimeout(TIMEOUT_MS, () => done(1, `no answer from ${host}:${config.port}`))
    socket.on('error', error => done(1, error.message))
    socket.on('connect', () => socket.write('PING\r\n'))
    socket.on('data', data => {
      const text = data.toString('latin1').trim()
      done(/^(\+PONG$|-NOAUTH|-LOADING)/.test(text) ? 0 : 1, text.replace(/^[+-]/, ''))
    })
  })
}
