// Hostile clients of every kind against one server for some seconds, while an honest client looks on and the server's
// memory is watched; then all leave, and the server must be as it was: no client, no descriptor, no memory kept.

import { readdirSync } from 'node:fs'
import { ATTACKS, type Attack, BIG_BYTES, BIG_KEY, WrongAnswer } from './attacks.ts'
import { Chance } from './hostile-bytes.ts'
import { encode, Peer } from './peer.ts'
import { residentBytes } from './processes.ts'
import { startWitness, type Testimony } from './witness.ts'

/** Database 1, where hostile writes go, is emptied so often. */
const FLUSH_EVERY_MS = 2000
const SAMPLE_EVERY_MS = 100
/** The server has so long to notice that all have left, and to give memory back. */
const SETTLE_MS = 15_000
const MAX_PROBLEMS = 20
const IDLE_STEP = 100

export interface Target {
  readonly port: number
  readonly pid: number
  readonly alive: boolean
  log(): string
}

export interface CampaignPlan {
  readonly seconds: number
  readonly seed: number
  /** Names of the attacks to run; all without it. */
  readonly only?: readonly string[]
  /** Connections that are held and do nothing. */
  readonly idle: number
  /** The honest client may wait so long at most. */
  readonly lateMs: number
  /** Resident memory may lie so far above that of the start when all have left. */
  readonly keptBytes: number
}

export interface CampaignReport {
  /** Rounds of each attack. */
  readonly rounds: Readonly<Record<string, number>>
  readonly connections: number
  readonly commands: number
  readonly errorReplies: number
  readonly honest: Testimony
  readonly startBytes: number
  /** With the idle connections open and before any attack. */
  readonly idleBytes: number
  readonly peakBytes: number
  readonly endBytes: number
  /** Empty when all went well. */
  readonly problems: readonly string[]
}

class Findings {
  readonly all: string[] = []

  add(text: string): void {
    if (this.all.length < MAX_PROBLEMS && !this.all.includes(text)) this.all.push(text)
  }
}

/** Fields of an INFO reply. */
export function infoFields(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]))
}

/** All INFO says, asked on a connection of its own. */
export async function askInfo(port: number): Promise<ReadonlyMap<string, string>> {
  using peer = await Peer.open(port)
  peer.send('INFO everything\r\n')
  await peer.until(() => {
    const [, bytes] = /^\$(\d+)\r\n/.exec(peer.text) ?? []
    return peer.closed || (bytes !== undefined && peer.text.length >= Number(bytes) + bytes.length + 5)
  })
  peer.close()
  return infoFields(peer.text)
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Waits until `holds`, at most SETTLE_MS. */
async function settles(holds: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + SETTLE_MS
  while (!(await holds())) {
    if (performance.now() > until) return false
    await Bun.sleep(SAMPLE_EVERY_MS)
  }
  return true
}

/** Runs one attack again and again until the time is over. */
async function lane(
  target: Target,
  attack: Attack,
  chance: Chance,
  endMs: number,
  findings: Findings,
): Promise<number> {
  let rounds = 0
  while (performance.now() < endMs && target.alive) {
    try {
      await attack.run(target.port, chance)
    } catch (error) {
      if (error instanceof WrongAnswer) findings.add(`${attack.name}: ${error.message}`)
      else if (target.alive) findings.add(`${attack.name}: ${String(error)}`)
      await Bun.sleep(SAMPLE_EVERY_MS)
    }
    rounds++
  }
  return rounds
}

async function openIdle(port: number, count: number): Promise<Peer[]> {
  const idle: Peer[] = []
  while (idle.length < count) {
    const step = Math.min(IDLE_STEP, count - idle.length)
    idle.push(...(await Promise.all(Array.from({ length: step }, () => Peer.open(port)))))
  }
  return idle
}

/** Empties database 1 until the time is over and writes down the most memory seen. */
async function watch(target: Target, endMs: number): Promise<number> {
  using peer = await Peer.open(target.port)
  await peer.ask(encode(['SELECT', '1']))
  let peakBytes = 0
  let flushedMs = 0
  while (performance.now() < endMs && target.alive) {
    peakBytes = Math.max(peakBytes, residentBytes(target.pid))
    if (performance.now() - flushedMs > FLUSH_EVERY_MS) {
      flushedMs = performance.now()
      await peer.ask(encode(['FLUSHDB', 'ASYNC']))
    }
    await Bun.sleep(SAMPLE_EVERY_MS)
  }
  peer.close()
  return peakBytes
}

/** All have left: what does the server still hold? Answers its resident bytes. */
async function afterwards(
  target: Target,
  before: { readonly bytes: number; readonly descriptors: number },
  plan: CampaignPlan,
  findings: Findings,
): Promise<number> {
  using peer = await Peer.open(target.port)
  await peer.ask(encode(['FLUSHALL', 'ASYNC']))
  let clients = ''
  const alone = await settles(async () => {
    clients = (await askInfo(target.port)).get('connected_clients') ?? ''
    return clients === '2'
  })
  if (!alone) findings.add(`${clients} clients connected after all have left (2 are ours)`)
  // One descriptor is the connection that asks; the rest may differ by a few that the engine opens for itself.
  if (!(await settles(async () => descriptors(target.pid) <= before.descriptors + 8))) {
    findings.add(`${descriptors(target.pid)} descriptors open, ${before.descriptors} before`)
  }
  const most = before.bytes + plan.keptBytes
  if (!(await settles(async () => residentBytes(target.pid) <= most))) {
    findings.add(`${residentBytes(target.pid)} bytes resident after all have left, ${before.bytes} before`)
  }
  peer.close()
  return residentBytes(target.pid)
}

function judge(target: Target, info: ReadonlyMap<string, string>, honest: Testimony, plan: CampaignPlan): string[] {
  const found = honest.problems.map(text => `honest client: ${text}`)
  const slowestMs = Math.max(honest.worstMs, honest.worstConnectMs)
  if (slowestMs > plan.lateMs) found.push(`the honest client waited ${slowestMs.toFixed(0)} ms`)
  const bugs = info.get('unexpected_error_replies')
  if (bugs !== '0') found.push(`unexpected_error_replies: ${bugs}`)
  const lines = target
    .log()
    .split('\n')
    .filter(line => /"level":[56]0/.test(line))
  found.push(...lines.slice(0, 5).map(line => `log: ${line.slice(0, 1500)}`))
  return found
}

/** Throws only when the server cannot be reached in the first place. */
export async function runCampaign(target: Target, plan: CampaignPlan): Promise<CampaignReport> {
  const findings = new Findings()
  const before = { bytes: residentBytes(target.pid), descriptors: descriptors(target.pid) }
  const atStart = await askInfo(target.port)
  using setup = await Peer.open(target.port)
  await setup.ask(encode(['SET', BIG_KEY, 'b'.repeat(BIG_BYTES)]))
  setup.close()
  const idle = await openIdle(target.port, plan.idle)
  const idleBytes = residentBytes(target.pid)
  const witness = startWitness(target.port)
  const endMs = performance.now() + plan.seconds * 1000
  const watching = watch(target, endMs)
  const attacks = ATTACKS.filter(({ name }) => plan.only?.includes(name) ?? true)
  const lanes = attacks.map((attack, i) => lane(target, attack, new Chance(plan.seed + i), endMs, findings))
  const rounds = await Promise.all(lanes)
  const peakBytes = await watching
  const honest = await witness.end()
  if (idle.some(peer => peer.closed)) findings.add('an idle connection was closed')
  for (const peer of idle) peer.close()
  const info = target.alive ? await askInfo(target.port) : new Map<string, string>()
  if (!target.alive) findings.add('the server died')
  const endBytes = target.alive ? await afterwards(target, before, plan, findings) : 0
  const since = (field: string): number => Number(info.get(field) ?? 0) - Number(atStart.get(field) ?? 0)
  return {
    rounds: Object.fromEntries(attacks.map((attack, i) => [attack.name, rounds[i] ?? 0])),
    connections: since('total_connections_received'),
    commands: since('total_commands_processed'),
    errorReplies: since('total_error_replies'),
    honest,
    startBytes: before.bytes,
    idleBytes,
    peakBytes,
    endBytes,
    problems: [...judge(target, info, honest, plan), ...findings.all],
  }
}
