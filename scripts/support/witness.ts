// The honest client: every 10 ms a PING, a SET and a GET on one connection, each second a PING on a new one, all compared
// to the byte and timed. It runs as a process of its own, so that what it measures is the server and not its hostile
// neighbours' event loop. It ends when its input does, and then prints its figures as one line of JSON.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { encode, Peer } from './peer.ts'

const EVERY_MS = 10
const NEW_CONNECTION_MS = 1000
/** Without an answer for so long the server hangs. */
const HANGS_MS = 5000
const MAX_PROBLEMS = 10

export interface Testimony {
  readonly rounds: number
  readonly worstMs: number
  /** When the worst round was, in seconds since the start. */
  readonly worstAtS: number
  readonly medianMs: number
  readonly p99Ms: number
  /** The slowest connect and PING. */
  readonly worstConnectMs: number
  readonly problems: readonly string[]
}

export interface Witness {
  /** Asks it to stop; answers what it saw. */
  end(): Promise<Testimony>
}

/** Starts the honest client against a server on the loopback interface. */
export function startWitness(port: number): Witness {
  const child = spawn(process.execPath, [import.meta.path, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    said += text
  })
  child.stdin.on('error', () => child.stdin.destroy())
  const closed = once(child, 'close')
  return {
    async end() {
      child.stdin.end()
      const late = setTimeout(() => child.kill('SIGKILL'), 2 * HANGS_MS)
      await closed
      clearTimeout(late)
      if (said === '') throw new Error('the honest client ended without a word')
      return JSON.parse(said) as Testimony
    },
  }
}

class Observation {
  readonly problems: string[] = []
  readonly tookMs: number[] = []
  private readonly startedMs = performance.now()
  private worstMs = 0
  private worstAtS = 0
  private worstConnectMs = 0

  wrong(text: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(text)
  }

  round(tookMs: number): void {
    this.tookMs.push(tookMs)
    if (tookMs <= this.worstMs) return
    this.worstMs = tookMs
    this.worstAtS = (performance.now() - this.startedMs) / 1000
  }

  async connect(port: number): Promise<void> {
    const started = performance.now()
    using peer = await Peer.open(port)
    const got = await peer.ask('PING\r\n')
    if (got !== '+PONG\r\n') this.wrong(`new connection: PING answered ${JSON.stringify(got)}`)
    peer.close()
    this.worstConnectMs = Math.max(this.worstConnectMs, performance.now() - started)
  }

  testimony(): Testimony {
    const sorted = this.tookMs.sort((a, b) => a - b)
    const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? 0
    const { worstMs, worstAtS, worstConnectMs, problems } = this
    return { rounds: sorted.length, worstMs, worstAtS, medianMs: at(0.5), p99Ms: at(0.99), worstConnectMs, problems }
  }
}

async function rounds(port: number, seen: Observation, goesOn: () => boolean): Promise<void> {
  using peer = await Peer.open(port)
  let connectedMs = performance.now()
  for (let i = 0; goesOn(); i++) {
    const value = `${i}:${'v'.repeat(i % 200)}`
    const request = `PING\r\n${encode(['SET', 'honest', value])}${encode(['GET', 'honest'])}`
    const expected = `+PONG\r\n+OK\r\n$${value.length}\r\n${value}\r\n`
    const started = performance.now()
    peer.text = ''
    peer.send(request)
    await peer.until(() => peer.closed || peer.text.length >= expected.length, HANGS_MS)
    seen.round(performance.now() - started)
    if (peer.text !== expected) {
      seen.wrong(`round ${i}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(peer.text.slice(0, 300))}`)
      return
    }
    if (started - connectedMs > NEW_CONNECTION_MS) {
      connectedMs = started
      await seen.connect(port)
    }
    await Bun.sleep(EVERY_MS)
  }
}

if (import.meta.main) {
  const seen = new Observation()
  let asked = false
  process.stdin.on('end', () => {
    asked = true
  })
  process.stdin.resume()
  try {
    await rounds(Number(process.argv[2]), seen, () => !asked)
  } catch (error) {
    seen.wrong(String(error))
  }
  process.stdout.write(JSON.stringify(seen.testimony()), () => process.exit(0))
}
