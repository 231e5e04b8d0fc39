// One pass over one unit: starts the suite's test client, plays its test server over the packet protocol, and notes what
// becomes of every test. A client that falls silent for too long is ended; the caller then runs the unit again without
// the test it hung in.

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { endGroup } from '../support/processes.ts'
import { ROOT } from '../support/source.ts'
import { PacketReader, packet, tclList } from './tcl.ts'

export type Mode = 'external' | 'forced' | 'spawn'
type Outcome = 'ok' | 'failed' | 'hung' | 'crashed'

export interface Verdict {
  readonly name: string
  /** The suite uses some names more than once in a unit: this is the n-th, from 1. */
  readonly use: number
  readonly outcome: Outcome
  readonly message: string
}

export interface PassPlan {
  readonly unit: string
  readonly mode: Mode
  /** The directory that holds tests/test_helper.tcl. */
  readonly suite: string
  /** The server's port; in spawn mode the first of the ports the suite may use. */
  readonly port: number
  readonly skip: readonly string[]
  readonly flags: readonly string[]
  readonly log: string
  readonly testLimitSeconds: number
  readonly replyLimitMs: number
  /** Asked after every failed test: is the server still there? Starts it again when it is not. */
  readonly afterFailure: () => Promise<'alive' | 'crashed'>
}

export interface PassResult {
  readonly verdicts: readonly Verdict[]
  readonly notes: readonly string[]
  /** The test in which the client hung or died, if it did. */
  readonly stuck: string | undefined
  readonly ended: 'done' | 'hung' | 'died'
}

const PRELUDE = join(ROOT, 'test/conformance/prelude.tcl')
const PORTS_TO_SPAWN_ON = 400

class Pass {
  readonly #plan: PassPlan
  readonly #uses = new Map<string, number>()
  readonly #open: string[] = []
  readonly verdicts: Verdict[] = []
  readonly notes: string[] = []
  #stage: 'start' | 'prelude' | 'unit' = 'start'
  #heardAtMs = performance.now()
  ended: PassResult['ended'] | undefined

  constructor(plan: PassPlan) {
    this.#plan = plan
  }

  get running(): string | undefined {
    return this.#open.at(-1)
  }

  get silentSeconds(): number {
    return (performance.now() - this.#heardAtMs) / 1000
  }

  #use(name: string): number {
    const use = (this.#uses.get(name) ?? 0) + 1
    this.#uses.set(name, use)
    return use
  }

  add(name: string, outcome: Outcome, message: string): void {
    const at = this.#open.lastIndexOf(name)
    if (at >= 0) this.#open.splice(at, 1)
    this.verdicts.push({ name, use: this.#use(name), outcome, message: message.slice(0, 4000) })
  }

  async take(socket: Socket, [status = '', data = '']: string[]): Promise<void> {
    this.#heardAtMs = performance.now()
    if (status === 'ready') this.#send(socket, 'prelude', tclList('source', PRELUDE))
    else if (status === 'done') this.#next(socket)
    else if (status === 'testing') this.#open.push(data)
    else if (status === 'ok') this.add(data, 'ok', '')
    else if (status === 'err') await this.#failed(data)
    else if (status === 'skip') this.#use(data)
    else if (status === 'ignore') this.#use(data.replace(/: (?:Tag: |Not supported |large memory ).*$/s, ''))
    else if (status === 'note') this.notes.push(data)
    else if (status === 'exception') {
      this.notes.push(data)
      this.ended = 'died'
    }
  }

  #send(socket: Socket, stage: 'prelude' | 'unit', code: string): void {
    this.#stage = stage
    socket.write(packet('run_code', tclList(this.#plan.unit, `tests/${this.#plan.unit}.tcl`, code)))
  }

  #next(socket: Socket): void {
    if (this.#stage === 'unit') this.ended = 'done'
    else this.#send(socket, 'unit', tclList('::kvns::unit', `tests/${this.#plan.unit}.tcl`))
  }

  /** The suite says `NAME in FILE`, newline, what went wrong. Without a test's name it is about the unit. */
  async #failed(data: string): Promise<void> {
    const name = this.#open.findLast(open => data.startsWith(`${open} in `))
    if (name === undefined) {
      this.notes.push(data)
      return
    }
    const state = await this.#plan.afterFailure()
    this.#heardAtMs = performance.now()
    this.add(name, state === 'alive' ? 'failed' : 'crashed', data.slice(data.indexOf('\n') + 1))
  }
}

function commandLine(plan: PassPlan, clientPort: number): string[] {
  const argv = ['tests/test_helper.tcl', '--durable']
  if (plan.mode === 'spawn') {
    argv.push('--clients', '1', '--baseport', String(plan.port), '--portcount', String(PORTS_TO_SPAWN_ON))
  } else argv.push('--host', '127.0.0.1', '--port', String(plan.port))
  // A name that begins with a slash would be read as a pattern.
  for (const name of plan.skip) argv.push('--skiptest', name.startsWith('/') ? `/^${RegExp.escape(name)}$` : name)
  return [...argv, ...plan.flags, '--client', String(clientPort)]
}

/** Runs the unit once, from a new test client. */
export async function runPass(plan: PassPlan): Promise<PassResult> {
  const pass = new Pass(plan)
  // Packets are taken strictly one after the other, also while one of them waits for the server to come back.
  let queue = Promise.resolve()
  const listener = createServer(socket => {
    const reader = new PacketReader()
    socket.on('data', chunk => {
      for (const words of reader.push(Buffer.from(chunk))) queue = queue.then(() => pass.take(socket, words))
    })
    socket.on('error', error => pass.notes.push(error.message))
    socket.on('close', () => {
      queue = queue.then(() => {
        pass.ended ??= 'died'
      })
    })
  })
  await new Promise<void>(done => listener.listen(0, 'localhost', done))
  const address = listener.address()
  const clientPort = address === null || typeof address === 'string' ? 0 : address.port
  const log = openSync(plan.log, 'a')
  const env = { ...process.env, LC_ALL: 'C.UTF-8', KVNS_MODE: plan.mode, KVNS_REPLY_MS: String(plan.replyLimitMs) }
  const client = spawn('tclsh', commandLine(plan, clientPort), {
    cwd: plan.suite,
    env,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  client.on('exit', () => {
    queue = queue.then(() => {
      pass.ended ??= 'died'
    })
  })
  client.on('error', error => pass.notes.push(error.message))
  while (pass.ended === undefined) {
    await Bun.sleep(20)
    if (pass.silentSeconds > plan.testLimitSeconds) pass.ended ??= 'hung'
  }
  await endGroup(client)
  await queue
  listener.close()
  const stuck = pass.ended === 'done' ? undefined : pass.running
  if (stuck !== undefined) {
    pass.add(stuck, 'hung', pass.ended === 'hung' ? `no end within ${plan.testLimitSeconds} s` : 'the test client died')
  }
  return { verdicts: pass.verdicts, notes: pass.notes, stuck, ended: pass.ended }
}
