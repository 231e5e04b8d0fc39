// Our server as users start it: a process of its own on free ports, ready when it says so in JSON, gone after the test.
// KVNS_TEST_BINARY names the executable under test; without it the sources are run.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endGroup, running } from '../../scripts/support/processes.ts'

const ROOT = join(import.meta.dir, '../..')
const READY_MS = 10_000

/** The words that start our program, without options. */
export const PROGRAM: readonly string[] = Bun.env.KVNS_TEST_BINARY
  ? [Bun.env.KVNS_TEST_BINARY]
  : [process.execPath, join(ROOT, 'src/main.ts')]

const QUIET: Readonly<Record<string, string>> = {
  KVNS_HOST: '127.0.0.1',
  KVNS_PORT: '0',
  KVNS_METRICS_HOST: '127.0.0.1',
  KVNS_METRICS_PORT: '0',
  KVNS_LOG: 'warn',
}

/** The caller's environment without settings of ours. */
function environment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !name.startsWith('KVNS_')) own[name] = value
  }
  return { ...own, ...extra }
}

/** A process of ours and what it has said so far. */
export class Running {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''

  constructor(words: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    const [program = '', ...rest] = [...PROGRAM, ...words]
    this.child = spawn(program, rest, {
      cwd,
      detached: true,
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', chunk => {
      this.stdout += chunk
    })
    this.child.stderr?.on('data', chunk => {
      this.stderr += chunk
    })
  }

  get alive(): boolean {
    return running(this.child)
  }

  /** Waits for the end; returns the exit code (-1: killed by a signal). Throws when it lasts longer than `limitMs`. */
  async ended(limitMs: number): Promise<number> {
    if (this.alive) {
      const late = AbortSignal.timeout(limitMs)
      await once(this.child, 'exit', { signal: late }).catch(() => {
        throw new Error(`still running after ${limitMs} ms\n${this.stdout}${this.stderr}`)
      })
    }
    return this.child.exitCode ?? -1
  }

  /** Waits until `holds`, looking every few milliseconds. */
  async until(what: string, holds: () => boolean, limitMs = READY_MS): Promise<void> {
    const end = performance.now() + limitMs
    while (!holds()) {
      if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}\n${this.stdout}${this.stderr}`)
      await Bun.sleep(5)
    }
  }
}

export interface OurServer extends AsyncDisposable {
  readonly process: Running
  readonly port: number
  readonly metricsPort: number
  readonly dir: string
  stop(): Promise<void>
}

export interface ServerOptions {
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** A directory that outlives the server; otherwise it gets one of its own. */
  readonly dir?: string
}

/** A directory for one test, removed at its end. */
export function directory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'kvns-test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Runs our program to its end with these words; nothing but them is set. */
export async function runToEnd(
  words: readonly string[],
  limitMs = READY_MS,
): Promise<{ code: number; stdout: string; stderr: string }> {
  using place = directory()
  const started = new Running(words, {}, place.path)
  try {
    const code = await started.ended(limitMs)
    await Bun.sleep(10)
    return { code, stdout: started.stdout, stderr: started.stderr }
  } finally {
    await endGroup(started.child)
  }
}

/** Starts the server and waits for its ready line. Throws with what it said when that does not come in time. */
export async function startServer(options: ServerOptions = {}): Promise<OurServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'kvns-test-'))
  const started = new Running([...(options.flags ?? []), '--ready-json'], { ...QUIET, ...options.env }, dir)
  const stop = async (): Promise<void> => {
    await endGroup(started.child)
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true })
  }
  try {
    await started.until('ready', () => /^\{"ready":true.*\}$/m.test(started.stdout) || !started.alive)
    const line = /^\{"ready":true.*\}$/m.exec(started.stdout)?.[0]
    if (line === undefined) throw new Error(`ended before it was ready:\n${started.stdout}${started.stderr}`)
    const { port, metricsPort } = JSON.parse(line) as { port: number; metricsPort: number }
    return { process: started, port, metricsPort, dir, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}
