// One unit to its end: a server of its own, passes over it until none gets stuck, a verdict for every test.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { answers, freePort, ourEnvironment, Server } from '../support/server.ts'
import { type Mode, type PassPlan, runPass, type Verdict } from './pass.ts'
import { CACHE } from './suite.ts'

/** After so many tests in which the suite's client got stuck, the rest of the unit is given up. */
const MAX_STUCK = 8

export interface UnitPlan {
  readonly unit: string
  readonly mode: Mode
  readonly suite: string
  readonly serverArgv: readonly string[]
  readonly flags: readonly string[]
  readonly testLimitSeconds: number
  readonly replyLimitMs: number
}

export interface UnitResult {
  readonly unit: string
  readonly verdicts: readonly Verdict[]
  readonly notes: readonly string[]
  readonly seconds: number
  /** Why tests may be missing, or empty. */
  readonly gaveUp: string
}

/** The name of a test in the list of those that must pass. */
export function testId(unit: string, verdict: Verdict): string {
  return `${unit} :: ${verdict.name} :: ${verdict.use}`
}

class Keeper {
  readonly #argv: readonly string[]
  readonly port: number
  #server: Server | undefined

  constructor(argv: readonly string[], port: number) {
    this.#argv = argv
    this.port = port
  }

  async start(): Promise<void> {
    await this.stop()
    const plan = { name: 'conformance', argv: this.#argv, env: ourEnvironment(), port: this.port }
    this.#server = await Server.start(plan)
  }

  /** A server that is silent gets two more seconds; one that is gone or stays silent is replaced. */
  async look(): Promise<'alive' | 'crashed'> {
    const until = performance.now() + 2000
    do {
      if (this.#server?.alive !== true) break
      if (await answers(this.port)) return 'alive'
      await Bun.sleep(100)
    } while (performance.now() < until)
    await this.start()
    return 'crashed'
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#server = undefined
  }
}

export async function runUnit(plan: UnitPlan): Promise<UnitResult> {
  const started = performance.now()
  const logs = join(CACHE, 'logs')
  mkdirSync(logs, { recursive: true })
  const keeper = new Keeper(plan.serverArgv, plan.mode === 'spawn' ? 21_400 : await freePort())
  const first = new Map<string, Verdict>()
  const notes = new Set<string>()
  const skip: string[] = []
  let gaveUp = ''
  try {
    for (;;) {
      if (plan.mode !== 'spawn') await keeper.start()
      const pass: PassPlan = {
        ...plan,
        port: keeper.port,
        skip,
        log: join(logs, `${plan.unit.replaceAll('/', '_')}.log`),
        afterFailure: async () => (plan.mode === 'spawn' ? 'alive' : keeper.look()),
      }
      const result = await runPass(pass)
      for (const note of result.notes) notes.add(note)
      for (const verdict of result.verdicts) {
        const id = testId(plan.unit, verdict)
        if (!first.has(id)) first.set(id, verdict)
      }
      if (result.ended === 'done') break
      if (result.stuck === undefined || skip.includes(result.stuck))
        gaveUp = `the client ${result.ended} outside a test`
      else if (skip.push(result.stuck) > MAX_STUCK) gaveUp = `stuck in more than ${MAX_STUCK} tests`
      if (gaveUp !== '') break
    }
  } catch (error) {
    gaveUp = error instanceof Error ? error.message : String(error)
  } finally {
    await keeper.stop()
  }
  const seconds = (performance.now() - started) / 1000
  return { unit: plan.unit, verdicts: [...first.values()], notes: [...notes], seconds, gaveUp }
}
