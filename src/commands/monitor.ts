// MONITOR: a line for each command that the server runs, until RESET or the end of the connection (server/monitors.ts).

import { MONITOR_AND_BLOCKING } from '../resp/errors.ts'
import type { Command, SessionContext } from './command.ts'

function monitor({ session, services, reply, waiting }: SessionContext): void {
  if (!waiting.isAllowed) throw MONITOR_AND_BLOCKING
  // Asked for a second time Redis says nothing.
  if (session.isMonitor) return
  services.monitors.add(session)
  reply.ok()
}

export const monitorCommands: readonly Command[] = [
  {
    name: 'monitor',
    syntax: '',
    effect: 'session',
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1), and for each command of others as much as its words are long',
    summary: 'Shows every command that the server runs, until RESET.',
    flags: ['admin', 'noscript', 'loading', 'stale'],
    run: monitor,
  },
]
