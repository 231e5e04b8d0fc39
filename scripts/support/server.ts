// A Redis-speaking server started for a script: on a free loopback port, in a directory of its own, in a process group of
// its own, gone when the script is done.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endGroup, running } from './processes.ts'

/** A TCP port of the loopback interface that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((done, fail) => probe.once('error', fail).listen(0, '127.0.0.1', done))
  const address = probe.address()
  await new Promise(done => probe.close(done))
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return address.port
}

/**
 * Sends raw bytes and gives back what comes until `replies` lines have arrived or `timeoutMs` is over.
 * `undefined` when nobody accepts the connection.
 */
export function ask(port: number, text: string, replies = 1, timeoutMs = 2000): Promise<string | undefined> {
  return new Promise(done => {
    let got = ''
    let connected = false
    const socket = createConnection({ host: '127.0.0.1', port })
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      done(connected ? got : undefined)
    }
    const timer = setTimeout(finish, timeoutMs)
    socket.setEncoding('latin1')
    socket.on('connect', () => {
      connected = true
      socket.write(text, 'latin1')
    })
    socket.on('data', chunk => {
      got += chunk
      if (got.split('\r\n').length > replies) finish()
    })
    socket.on('error', finish)
    socket.on('close', finish)
  })
}

/** Whether a server at `port` answers PING; an error reply (a password is set) is an answer too. */
export async function answers(port: number): Promise<boolean> {
  return /^(\+|-(?!LOADING))/.test((await ask(port, 'PING\r\n')) ?? '')
}

export interface ServerPlan {
  readonly name: string
  /** `{port}` and `{dir}` stand for the server's own, here and in `env`. */
  readonly argv: readonly string[]
  readonly env?: Record<string, string>
  readonly port?: number
}

export class Server {
  readonly name: string
  readonly port: number
  readonly dir: string
  readonly child: ChildProcess

  private constructor(name: string, port: number, dir: string, child: ChildProcess) {
    this.name = name
    this.port = port
    this.dir = dir
    this.child = child
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get alive(): boolean {
    return running(this.child)
  }

  /** Starts the server and waits until it answers. Throws with the end of its log when it does not within 30 s. */
  static async start(plan: ServerPlan): Promise<Server> {
    const port = plan.port ?? (await freePort())
    const dir = mkdtempSync(join(tmpdir(), `kvns-${plan.name}-`))
    const fill = (text: string) => text.replaceAll('{port}', String(port)).replaceAll('{dir}', dir)
    const env: Record<string, string | undefined> = { ...process.env }
    for (const [name, value] of Object.entries(plan.env ?? {})) env[name] = fill(value)
    const [program = '', ...rest] = plan.argv.map(fill)
    const log = openSync(join(dir, 'log'), 'a')
    const child = spawn(program, rest, { env, cwd: dir, detached: true, stdio: ['ignore', log, log] })
    closeSync(log)
    let failure = ''
    child.on('error', error => {
      failure = error.message
    })
    const server = new Server(plan.name, port, dir, child)
    const until = performance.now() + 30_000
    while (failure === '' && performance.now() < until) {
      if (await answers(port)) return server
      if (!server.alive) break
      await Bun.sleep(5)
    }
    const said = failure || server.log().trim().split('\n').slice(-5).join('\n')
    await server.stop()
    throw new Error(`${plan.name} (${plan.argv.join(' ')}) did not answer PING:\n${said}`)
  }

  log(): string {
    return readFileSync(join(this.dir, 'log'), 'utf8')
  }

  async stop(): Promise<void> {
    await endGroup(this.child)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** The environment that makes our server quiet, local and on the port asked for, whatever the caller's own says. */
export function ourEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    KVNS_HOST: '127.0.0.1',
    KVNS_PORT: '{port}',
    KVNS_METRICS_HOST: '127.0.0.1',
    KVNS_METRICS_PORT: '0',
    KVNS_LOG: 'warn',
    ...extra,
  }
}

/** A command line as a shell would split it: blanks, single and double quotes. */
export function splitCommand(line: string): string[] {
  const words: string[] = []
  for (const [, single, double, plain] of line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)) {
    words.push(single ?? double ?? plain ?? '')
  }
  return words
}
