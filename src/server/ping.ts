// `kvns ping`: the health check of the container image. Asks a server on this machine whether it answers.
// With Bun.connect: node:net would be loaded by every start of the server, too, as all of kvns is one module (3 ms).

import type { Config } from './config/config.ts'

const TIMEOUT_MS = 2000

/** Exit code: 0 when the server answered PING (it is alive, too, when it wants a password or still loads), else 1. */
export async function ping(config: Config): Promise<number> {
  const [bound = '127.0.0.1'] = config.bind
  const plain = bound.replace(/^-/, '')
  const host = plain === '0.0.0.0' || plain === '*' ? '127.0.0.1' : plain === '::' || plain === '::*' ? '::1' : plain
  const answer = await firstAnswer(host, config.port)
  process.stdout.write(`${answer.replace(/^[+-]/, '')}\n`)
  return /^(\+PONG$|-NOAUTH|-LOADING)/.test(answer) ? 0 : 1
}

/** What the server answers to PING, or why it does not. */
function firstAnswer(hostname: string, port: number): Promise<string> {
  return new Promise(resolve => {
    const where = `${hostname}:${port}`
    const fail = (_: unknown, error: Error): void => resolve(`${where}: ${error.message}`)
    Bun.connect({
      hostname,
      port,
      socket: {
        open: socket => void socket.write('PING\r\n'),
        data: (_, data) => resolve(data.toString('latin1').trim()),
        close: () => resolve(`${where}: hung up`),
        error: fail,
        connectError: fail,
      },
    }).catch((error: Error) => fail(undefined, error))
    setTimeout(() => resolve(`${where}: no answer`), TIMEOUT_MS)
  })
}
