// What a client has queued since MULTI. The requests are copies of their own: the network's bytes are gone by EXEC.

import type { Words } from '../bytes/words.ts'

/** What a queued request takes beside its words and their places, measured with 200,000 of them. */
const REQUEST_BYTES = 430
/** Where a word starts and ends. */
const WORD_BYTES = 8

/** Memory that a request takes whose words have so many bytes. */
export function queuedBytes(words: number, bytes: number): number {
  return REQUEST_BYTES + words * WORD_BYTES + bytes
}

export class Transaction {
  readonly requests: Words[] = []
  /** Bytes that the queued requests take. */
  bytes = 0
  /** A request was refused while it was to be queued: EXEC will run nothing. */
  failed = false
  /** What one or another of the queued commands is: flag bits of their rows. */
  flags = 0

  add(request: Words, flags: number): void {
    this.requests.push(request)
    this.flags |= flags
    this.bytes += queuedBytes(request.count, request.buf.length)
  }
}
