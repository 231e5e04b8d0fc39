// How many clients the operating system lets us have. A server that runs out of descriptors can neither accept nor save:
// it would spin on connections that it cannot take. So maxclients stays below the limit, as in Redis (adjustOpenFilesLimit).

import { readFileSync } from 'node:fs'

/** Descriptors for listeners, log, snapshot and the runtime itself (CONFIG_MIN_RESERVED_FDS). */
const RESERVED = 32

/** The most clients that the process's limit of open files allows, at least 1; Infinity where the limit cannot be read. */
export function mostClients(): number {
  const open = /^Max open files\s+(\d+)/m.exec(limitsText())?.[1]
  return open === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Number(open) - RESERVED)
}

/** Linux's table of this process's limits, '' elsewhere. The engine has raised the soft limit to the hard one already. */
function limitsText(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1')
  } catch {
    return ''
  }
}
