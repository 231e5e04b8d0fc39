// Memory before a write: room is made for what the request brings, or it is refused. What it will take is estimated from
// its words; what it takes beyond that the keyspace checks at each allocation (budget.ts `fit`).

import type { Args } from '../commands/args.ts'
import { FLAG_DENYOOM, type TableRow } from '../commands/table.ts'
import { OOM } from '../resp/errors.ts'
import type { Eviction } from '../store/eviction.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Writers } from './writers.ts'

/** What an element takes beside its bytes: its place in a table or tree, headers, rounding. */
const ELEMENT_BYTES = 64
/** The arena rounds blocks up by an eighth at most. */
const ROUNDING = 1.125
/** For what grows now and then: a segment of the table of keys, the chunks and tables of collections. */
const GROWTH_BYTES = 1024
const COLLECTION_GROWTH_BYTES = 17 << 10

/** Below this much room every write is checked against the limit by itself; above, no millisecond of commands can reach it. */
const TIGHT_BYTES = 128 << 20

export class MemoryGate {
  private readonly keys: Keyspace
  private readonly eviction: Eviction
  private readonly writers: Writers
  private tight = true
  /** When that was looked at, in ms; -1: it has to be looked at again. */
  private measuredMs = -1

  constructor(keys: Keyspace, eviction: Eviction, writers: Writers) {
    this.keys = keys
    this.eviction = eviction
    this.writers = writers
  }

  /** Flags of commands that are checked before they run. All arenas are added up once in a millisecond only. */
  get gatedFlags(): number {
    const { keys } = this
    if (keys.nowMs !== this.measuredMs) {
      this.measuredMs = keys.nowMs
      this.tight = this.eviction.markBytes - keys.allocatedBytes() < TIGHT_BYTES
    }
    return this.tight ? FLAG_DENYOOM : 0
  }

  /** Limit or settings may be others now. */
  forget(): void {
    this.measuredMs = -1
  }

  /** Throws OOM when memory is above the limit and stays there. */
  check(row: TableRow, args: Args, isQueued: boolean): void {
    // What is queued takes memory whatever the command, but not yet.
    if (!isQueued && (row.flags & FLAG_DENYOOM) === 0) return
    const isThere = isQueued ? this.eviction.makeRoom(0) : this.makeRoom(row, args)
    if (!isThere) throw OOM
  }

  /** For a request that runs whatever the memory, as those of EXEC do. */
  prepare(row: TableRow, args: Args): void {
    if ((row.flags & FLAG_DENYOOM) !== 0) this.makeRoom(row, args)
  }

  private makeRoom(row: TableRow, args: Args): boolean {
    const { keys, eviction } = this
    const bytes = neededBytes(row, args)
    if (keys.allocatedBytes() + bytes <= eviction.markBytes) return true
    if (eviction.isCommon) return eviction.makeRoom(bytes)
    const writers = this.writers.of(row, args)
    let isThere = writers.size === 0 && eviction.makeRoom(bytes)
    // A write in several namespaces takes from the first one that can give.
    for (const writer of writers.values()) isThere = isThere || eviction.makeRoomFor(writer, bytes)
    return isThere
  }
}

/** What a write may take at most, about. */
export function neededBytes({ row }: TableRow, args: Args): number {
  const growth = row.group === 'string' ? GROWTH_BYTES : COLLECTION_GROWTH_BYTES
  return Math.ceil(args.byteLength * ROUNDING) + args.count * ELEMENT_BYTES + growth
}
