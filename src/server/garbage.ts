// Garbage beside the arenas. The engine takes the reserved bytes of an arena for live heap and would let as much garbage
// pile up before it collects; what piles up are the chunks that Bun makes for every read, and replies that waited for a
// client. Large chunks are freed by hand as soon as they were read: the 25 MB of requests that make 100,000 small hashes left
// 6 to 9 MB resident otherwise. For the others we collect ourselves after so many bytes: young objects only (1 to 2 ms under
// full load), everything (4 to 12 ms, which clients notice) only when resident memory has grown beside the data, and when the
// server is quiet.
// Measured (Bun 1.4.5), full load on 10,000 keys, P=64: without it 384 MB resident after 5 s and growing; with young objects
// alone 90 to 99 MB, flat for half a minute; with everything each fourth time no less. Worst latency while snapshots are
// taken (50 clients, P=1): 13 ms with everything each fourth time, 7 to 12 now.
// Clients that vanish with megabytes of replies waiting, ten at a time: 2.4 GB without, 160 MB with.

import { edenGC, fullGC } from 'bun:jsc'

/** Bytes read, each chunk with its overhead, between two collections. */
const COLLECT_AFTER_BYTES = 16 << 20
/** After so many of them resident memory is looked at, which takes 6 us. */
const LOOK_EVERY = 4
/** What it may grow by, beside the data, before old objects are collected as well. */
const GROWN_BYTES = 32 << 20
/** What a quiet server may hold on to: below it a collection gives nothing back. */
const RESTING_BYTES = 1 << 20
/** Bytes that waited and were let go between two collections of everything: they have outlived some. */
const COLLECT_OLD_AFTER_BYTES = 64 << 20
/**
 * From here on it takes no longer to free a chunk by hand than to collect it (0.6 us; a chunk of 64 KiB costs a third less,
 * because the next one lies in the same, warm memory).
 */
const FREED_BYTES = 16 << 10
/** What a chunk costs beside its bytes: view, buffer object, allocator slack. */
const CHUNK_OVERHEAD_BYTES = 256

/** Runs a collection; it may want to know how long it took. */
type Run = (collect: () => void) => void

export class Garbage {
  private readonly run: Run
  private readonly beside: () => number
  /** The least of that since old objects were collected. */
  private leastBeside = Number.POSITIVE_INFINITY
  private bytes = 0
  private rounds = 0
  private oldBytes = 0
  private bytesAtRest = 0

  /** `beside` tells the resident bytes that are no data. */
  constructor(run: Run, beside: () => number) {
    this.run = run
    this.beside = beside
  }

  /**
   * Takes a chunk that was read and that nobody needs any more. A large one's memory is given up at once: its buffer is handed
   * over to one of no bytes.
   */
  read(chunk: Uint8Array): void {
    const bytes = chunk.length
    // Asking for the buffer of a small one would make it.
    if (bytes < FREED_BYTES || chunk.buffer.byteLength !== bytes) this.young(bytes)
    else {
      ;(chunk.buffer as ArrayBuffer).transfer(0)
      this.young(0)
    }
  }

  /** Notes a chunk that was read, or a buffer as short-lived. */
  young(bytes: number): void {
    this.bytes += bytes + CHUNK_OVERHEAD_BYTES
    if (this.bytes < COLLECT_AFTER_BYTES) return
    this.bytes = 0
    this.run(this.hasGrown() ? fullGC : edenGC)
  }

  private hasGrown(): boolean {
    if (++this.rounds % LOOK_EVERY !== 0) return false
    const beside = this.beside()
    this.leastBeside = Math.min(this.leastBeside, beside)
    if (beside - this.leastBeside < GROWN_BYTES) return false
    this.leastBeside = Number.POSITIVE_INFINITY
    return true
  }

  /** Called now and then: once nobody has sent anything since the last call, what is left over is collected. */
  rest(): void {
    if (this.bytes > RESTING_BYTES && this.bytes === this.bytesAtRest) {
      this.bytes = 0
      this.run(fullGC)
    }
    this.bytesAtRest = this.bytes
  }

  /** Notes bytes that have waited and are let go. */
  old(bytes: number): void {
    this.oldBytes += bytes
    if (this.oldBytes < COLLECT_OLD_AFTER_BYTES) return
    this.oldBytes = 0
    this.bytes = 0
    this.run(fullGC)
  }
}
