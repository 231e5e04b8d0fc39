// How a connection looks from outside: its line in CLIENT LIST, and what a socket's addresses are called.

import type { ClientView } from '../commands/services.ts'
import type { Connection } from './connection.ts'

/** What a connection takes by itself, measured with 10,000 idle ones. */
const CONNECTION_BYTES = 1400

/** What the client that is being served has in hand, in bytes. */
export interface InHand {
  readonly requestBytes: number
  readonly replyBufferBytes: number
}

/** All others have nothing. */
export const IDLE: InHand = { requestBytes: 0, replyBufferBytes: 0 }

/** Redis's letters, in its order (networking.c catClientInfoString). */
function flagsOf({ session, isBlocked, unix }: Connection): string {
  const letters = [
    session.isMonitor ? 'O' : '',
    session.isSubscribed ? 'P' : '',
    session.transaction === undefined ? '' : 'x',
    isBlocked ? 'b' : '',
    session.tracker === undefined ? '' : 't',
    session.tracker?.isBroken === true ? 'R' : '',
    session.tracker?.mode === 'bcast' ? 'B' : '',
    session.isSpoilt ? 'd' : '',
    session.closing ? 'c' : '',
    unix ? 'U' : '',
    session.noEvict ? 'e' : '',
  ]
  return letters.join('') || 'N'
}

export function viewOf(connection: Connection, { requestBytes, replyBufferBytes }: InHand): ClientView {
  const { session, parser, queuedBytes, queuedChunks, socket } = connection
  // The request that is being served still lies in what Redis calls the query buffer.
  const queryBytes = Math.max(parser.pendingBytes, requestBytes)
  return {
    session,
    flags: flagsOf(connection),
    queryBytes,
    queryFreeBytes: 0,
    outputBytes: queuedBytes,
    outputChunks: queuedChunks,
    argumentBytes: requestBytes,
    replyBufferBytes,
    totalBytes: CONNECTION_BYTES + queryBytes + queuedBytes + requestBytes,
    fd: Number(Reflect.get(socket, 'fd')),
  }
}

export function addressOf(address: string | undefined, port: number | undefined): string {
  const host = address ?? '?'
  return host.includes(':') ? `[${host}]:${port ?? 0}` : `${host}:${port ?? 0}`
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.'))
}
