// maxmemory-clients: when all clients together take more than that, the largest are closed until they do not. While there
// is no limit nothing is counted. Otherwise each client is counted anew when something of it may have grown, and lies in
// a bucket with those of about its size (powers of two), so that the largest are found without a look at all others.
//
// As in Redis, clients with CLIENT NO-EVICT count, but are not closed.

import type { ClientMemory } from './client-memory.ts'
import type { Connection } from './connection.ts'
import type { ConnectionCounts } from './connection-counts.ts'
import type { Log } from './log.ts'

/** A lower limit would leave no client to raise it again (networking.c getClientEvictionLimit). */
const LEAST_LIMIT_BYTES = 128 << 10
/** Sizes up to 2 ** 15 share the first bucket, those from 2 ** 33 on the last. */
const SMALLEST_LOG = 15
const BUCKETS = 19

const bucketOf = (bytes: number): number =>
  Math.max(0, Math.min(BUCKETS - 1, Math.floor(Math.log2(bytes)) + 1 - SMALLEST_LOG))

export class ClientEviction {
  /** 0: no limit. */
  private limitBytes = 0
  private totalBytes = 0
  /** Bytes of each client when it was last counted. */
  private readonly counted = new Map<Connection, number>()
  /** Those who may be closed, by size. */
  private readonly buckets = Array.from({ length: BUCKETS }, () => new Set<Connection>())
  private readonly memory: ClientMemory
  private readonly counts: ConnectionCounts
  private readonly log: Log

  constructor(memory: ClientMemory, counts: ConnectionCounts, log: Log) {
    this.memory = memory
    this.counts = counts
    this.log = log
  }

  get isOn(): boolean {
    return this.limitBytes > 0
  }

  /** `limitBytes` 0 ends the counting; else these are all clients. Nobody is closed before `evict`. */
  limit(limitBytes: number, connections: Iterable<Connection>): void {
    if (limitBytes === 0) {
      this.limitBytes = 0
      this.totalBytes = 0
      this.counted.clear()
      for (const bucket of this.buckets) bucket.clear()
      return
    }
    const wasOn = this.isOn
    this.limitBytes = Math.max(LEAST_LIMIT_BYTES, limitBytes)
    if (!wasOn) for (const connection of connections) this.count(connection)
  }

  /** Something of the client may have grown or shrunk. */
  count(connection: Connection): void {
    this.forget(connection)
    if (connection.closed) return
    // Redis has made room for the whole word by now; whoever asks for too much goes before it has come.
    const bytes = this.memory.of(connection) + connection.parser.promisedBytes
    this.counted.set(connection, bytes)
    this.totalBytes += bytes
    if (!connection.session.noEvict) this.buckets[bucketOf(bytes)]?.add(connection)
  }

  /** The client is gone. */
  forget(connection: Connection): void {
    const bytes = this.counted.get(connection)
    if (bytes === undefined) return
    this.counted.delete(connection)
    this.totalBytes -= bytes
    this.buckets[bucketOf(bytes)]?.delete(connection)
  }

  /** Closes the largest clients until all together take less than the limit. Not while a command runs. */
  evict(): void {
    if (this.totalBytes < this.limitBytes) return
    for (let i = BUCKETS - 1; i >= 0; i--) {
      for (const connection of this.buckets[i] ?? []) {
        this.evictOne(connection)
        if (this.totalBytes < this.limitBytes) return
      }
    }
  }

  private evictOne(connection: Connection): void {
    const { session } = connection
    this.log.info({ client: session.id, bytes: this.counted.get(connection) }, 'client closed (maxmemory-clients)')
    this.counts.evicted++
    this.forget(connection)
    connection.cut()
  }
}
