// What a client takes of the server's memory, in bytes: CLIENT LIST's tot-mem, and what maxmemory-clients is about.

import type { ChannelSpaces } from '../pubsub/spaces.ts'
import type { Session } from '../session/session.ts'
import { queuedBytes } from '../session/transaction.ts'
import type { Watches } from '../session/watches.ts'
import type { Connection } from './connection.ts'

/** What a connection takes by itself: resident, measured with 9,000 idle ones (1100 in the heap, the rest is Bun's). */
const CONNECTION_BYTES = 2400

export class ClientMemory {
  private readonly watches: Watches
  private readonly channels: ChannelSpaces<Session>

  constructor(watches: Watches, channels: ChannelSpaces<Session>) {
    this.watches = watches
    this.channels = channels
  }

  of(connection: Connection): number {
    const { session, parser } = connection
    let bytes = CONNECTION_BYTES + parser.bufferBytes + connection.queuedBytes + connection.pushedBytes
    for (const request of connection.kept) bytes += queuedBytes(request.count, request.byteLength)
    if (session.transaction !== undefined) bytes += session.transaction.bytes
    if (session.tracker !== undefined) bytes += session.tracker.prefixBytes
    return (
      bytes +
      this.watches.bytesOf(session) +
      (session.isSubscribed ? this.channels.of(session.namespace?.name).bytesOf(session) : 0)
    )
  }
}
