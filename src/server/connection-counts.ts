// What INFO and metrics count of connections.

export class ConnectionCounts {
  accepted = 0
  rejected = 0
  cutForOutput = 0
  /** Closed because all clients together took more than maxmemory-clients. */
  evicted = 0
  bytesIn = 0
  bytesOut = 0
  reads = 0
  writes = 0
}
