// What a client has queued since MULTI. The requests are copies of their own: the network's bytes are gone by EXEC.

import type { Words } from '../bytes/words.ts'

export class Transaction {
  readonly requests: Words[] = []
  /** Bytes of the queued requests. */
  bytes = 0
  /** A request was refused while it was to be queued: EXEC will run nothing. */
  failed = false
  /** One of the queued commands may need memory. */
  needsMemory = false

  add(request: Words): void {
    this.requests.push(request)
    this.bytes += request.buf.length
  }
}
