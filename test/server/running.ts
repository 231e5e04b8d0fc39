// A server without its sockets, for tests of what it tells about itself: commands go through the real dispatcher.

import { Args } from '../../src/commands/args.ts'
import { loadConfig } from '../../src/server/config/load.ts'
import type { ServerState, SnapshotFacts } from '../../src/server/info/state.ts'
import { openLog } from '../../src/server/log.ts'
import { Server } from '../../src/server/server.ts'
import { Session } from '../../src/session/session.ts'
import { ManualClock } from '../../src/store/clock.ts'

export const NOW_MS = 1_700_000_000_000

/** The state of a server that the tests may change where no command can. */
export interface Running {
  readonly server: Server
  readonly clock: ManualClock
  readonly state: ServerState
  readonly snapshots: { -readonly [K in keyof SnapshotFacts]: SnapshotFacts[K] }
  /** Runs one command as a chunk of its own and returns the reply's bytes as text, a character a byte. */
  send(...words: string[]): string
  /** Runs commands, each a list of words, as one chunk. */
  pipeline(...commands: string[][]): void
}

export function run(settings: readonly (readonly [string, string])[] = []): Running {
  const flags = settings.flatMap(([name, value]) => [`--${name}`, value])
  const { config } = loadConfig(flags, {})
  const clock = new ManualClock(NOW_MS)
  const server = new Server(
    config,
    openLog('off', () => 'json', ''),
    clock,
  )
  const session = new Session(1, '127.0.0.1:1', '127.0.0.1:2', true, true, NOW_MS)
  const { dispatcher } = server
  const { reply } = dispatcher.context
  const snapshots: Running['snapshots'] = {
    running: false,
    currentS: -1,
    lastSaveS: NOW_MS / 1000,
    lastStatus: 'ok',
    lastError: '',
    progress: { processed: 0, total: 0 },
    lastDurationS: -1,
    saves: 0,
    begun: 0,
    loaded: undefined,
  }
  server.keys.reserveArenas()
  const { keys, expiry, defrag, evictions, stats, labels, namespaces, table, clients, channels, tracking } = server
  const { appendOnly, startedMs } = server
  const execute = (words: readonly string[]): void => {
    const request = new Args()
    request.fill(words.map(word => Buffer.from(word, 'latin1')))
    dispatcher.execute(request)
  }
  return {
    server,
    clock,
    snapshots,
    state: {
      config,
      clock,
      keys,
      expiry,
      defrag,
      evictions,
      stats,
      labels,
      namespaces,
      table,
      clients,
      channels,
      tracking,
      appendOnly,
      migrations: { links: 0 },
      startedMs,
      snapshots,
      port: 6480,
      bugs: 0,
      startLoad: server.startLoad,
    },
    send(...words) {
      dispatcher.begin(session)
      execute(words)
      dispatcher.end()
      return Buffer.concat(reply.take()).toString('latin1')
    },
    pipeline(...commands) {
      dispatcher.begin(session)
      for (const words of commands) execute(words)
      dispatcher.end()
      reply.clear()
    },
  }
}
