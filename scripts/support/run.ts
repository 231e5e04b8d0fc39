// Running other programs from a script: to the end with its time taken, or looked up in the PATH.

import { type StdioOptions, spawnSync } from 'node:child_process'

export interface Ended {
  /** 0 when the program says so; 127 when it could not be started, 124 when it ran out of time. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  readonly timeoutSeconds?: number
  /** `show` lets the program write to our own output; by default it is caught. */
  readonly output?: 'catch' | 'show'
}

/** Runs `argv` to its end. Never throws for what the program does. */
export function run(argv: readonly string[], options: RunOptions = {}): Ended {
  const started = performance.now()
  const [program = '', ...rest] = argv
  const stdio: StdioOptions = options.output === 'show' ? 'inherit' : ['ignore', 'pipe', 'pipe']
  const done = spawnSync(program, rest, {
    stdio,
    encoding: 'utf8',
    env: { ...process.env, ...options.env },
    timeout: (options.timeoutSeconds ?? 600) * 1000,
    maxBuffer: 1 << 28,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const reason = done.error as NodeJS.ErrnoException | undefined
  const code = done.status ?? (reason?.code === 'ETIMEDOUT' ? 124 : reason === undefined ? 128 : 127)
  const seconds = (performance.now() - started) / 1000
  return { code, stdout: done.stdout ?? '', stderr: done.stderr ?? reason?.message ?? '', seconds }
}

/** Whether a program of this name is in the PATH. */
export function installed(program: string): boolean {
  return Bun.which(program) !== null
}

/** Ends the script with one line on stderr. */
export function refuse(message: string, code = 1): never {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}
