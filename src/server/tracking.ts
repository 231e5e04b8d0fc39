// Client-side caching, put together from its parts: the sessions it tells, and the commands it looks at while somebody tracks.

import { TrackedReads } from '../commands/tracked-reads.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Tracking } from '../tracking/tracking.ts'
import type { Clients } from './clients.ts'
import type { Dispatcher } from './dispatcher.ts'

interface Parts {
  readonly keys: Keyspace
  /** Both are made later. */
  readonly clients: Clients
  readonly dispatcher: Dispatcher
}

export function makeTracking(parts: Parts): Tracking {
  const tracking: Tracking = new Tracking(parts.keys, {
    current: () => parts.clients.current,
    sessionOf: id => parts.clients.sessionOf(id),
    push: (session, bytes, place) => parts.clients.push(session, bytes, place),
    wantTurnEnd: () => parts.clients.wantTurnEnd(),
    listenToReads(wanted) {
      const { onlookers } = parts.dispatcher
      if (wanted === 'wanted') onlookers.push(reads)
      else onlookers.splice(onlookers.indexOf(reads), 1)
    },
  })
  const reads = new TrackedReads(tracking)
  return tracking
}
