// How a connection looks from outside: its line in CLIENT LIST, and what a socket's addresses are called.

import type { ClientView } from '../commands/services.ts'
import type { Connection } from './connection.ts'

/** What of the buffers that all clients share is in use for one of them at this moment, in bytes. */
export interface InHand {
  /** The chunk that the running request came in. */
  readonly chunkBytes: number
  /** The words of that request. */
  readonly wordBytes: number
  /** Replies that have not been handed to the socket. */
  readonly replyBytes: number
  readonly replyBufferBytes: number
}

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

/** `memoryBytes` is what the client takes, what it has in hand apart. */
export function viewOf(connection: Connection, memoryBytes: number, watchedKeys: number, inHand: InHand): ClientView {
  const { session, parser, queuedBytes, queuedChunks, socket } = connection
  const { chunkBytes, wordBytes, replyBytes, replyBufferBytes } = inHand
  return {
    session,
    flags: flagsOf(connection),
    events: `${connection.isPaused ? '' : 'r'}${queuedBytes > 0 ? 'w' : ''}`,
    watchedKeys,
    // The request that is being served still lies in what Redis calls the query buffer.
    queryBytes: Math.max(parser.unreadBytes, chunkBytes),
    queryFreeBytes: parser.freeBytes,
    replyBytes,
    outputBytes: queuedBytes,
    outputChunks: queuedChunks,
    argumentBytes: wordBytes + parser.wordBytes,
    replyBufferBytes,
    totalBytes: memoryBytes + Math.max(0, chunkBytes - parser.bufferBytes),
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
