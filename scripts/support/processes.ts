// What Linux says of a process and all it started: CPU time and resident memory; and ending it with its whole group.
// Only processes that a script started itself, in a group of their own, are ever signalled.

import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ: Linux reports CPU time to programs in hundredths of a second on every architecture we run on. */
const TICKS_PER_SECOND = 100

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** `pid` and its descendants: a launcher may start the real server. */
function tree(pid: number): number[] {
  const found: number[] = []
  const open = [pid]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    found.push(next)
    let threads: string[] = []
    try {
      threads = readdirSync(`/proc/${next}/task`)
    } catch {
      continue
    }
    for (const thread of threads) {
      open.push(...read(`/proc/${next}/task/${thread}/children`).split(' ').filter(Boolean).map(Number))
    }
  }
  return found
}

/** User and system time of the process tree so far, in seconds; steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  let ticks = 0
  for (const each of tree(pid)) {
    // The second field is the program's name in brackets and may hold anything: count from the last bracket.
    const fields = read(`/proc/${each}/stat`).split(') ').at(-1)?.split(' ') ?? []
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  }
  return ticks / TICKS_PER_SECOND
}

/** Resident memory of the process tree, in bytes. */
export function residentBytes(pid: number): number {
  let kib = 0
  for (const each of tree(pid)) kib += Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${each}/status`))?.[1] ?? 0)
  return kib * 1024
}

export function running(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Ends a child that was spawned `detached`, with all it started: asked first, killed after `graceMs`. */
export async function endGroup(child: ChildProcess, graceMs = 3000): Promise<void> {
  if (running(child)) {
    signalGroup(child, 'SIGTERM')
    const until = performance.now() + graceMs
    while (running(child) && performance.now() < until) await Bun.sleep(10)
  }
  signalGroup(child, 'SIGKILL')
  const until = performance.now() + graceMs
  while (running(child) && performance.now() < until) await Bun.sleep(10)
}
