// In which namespaces a request may write, and which keys there: what eviction and quotas go by.

import type { Args } from '../commands/args.ts'
import { keyPositions } from '../commands/key-positions.ts'
import type { TableRow } from '../commands/table.ts'
import type { Writer } from '../store/eviction.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Namespace } from '../store/namespace.ts'
import { Place } from '../store/place.ts'

class Writing implements Writer {
  readonly namespace: Namespace
  readonly hashes = new Set<number>()
  bytes = 0

  constructor(namespace: Namespace) {
    this.namespace = namespace
  }
}

export class Writers {
  private readonly keys: Keyspace
  private readonly place: Place

  constructor(keys: Keyspace) {
    this.keys = keys
    this.place = new Place(keys.at.shard)
  }

  /** By the hash of the namespace's name. */
  of(row: TableRow, args: Args): ReadonlyMap<number, Writer> {
    const { keys, place } = this
    const writers = new Map<number, Writing>()
    for (const { word, flags } of keyPositions(row.row, args, 0) ?? []) {
      if (flags[0] === 'RO') continue
      const entry = keys.find(place, args, word)
      const writer = writers.get(place.nsHash) ?? new Writing(namespaceOf(keys, place))
      writers.set(place.nsHash, writer)
      if (entry !== 0 && !writer.hashes.has(place.hash)) writer.bytes += bytesAt(keys, place)
      writer.hashes.add(place.hash)
    }
    return writers
  }
}

function namespaceOf(keys: Keyspace, { nsHash, nsBuf, nsStart, nsEnd }: Place): Namespace {
  const name = nsHash === 0 ? 'default' : Buffer.from(nsBuf.subarray(nsStart, nsEnd)).toString('latin1')
  return new Namespace(name, keys)
}

const bytesAt = (keys: Keyspace, { shard, entry }: Place): number =>
  shard.arena.sizeOf(entry) + keys.valueAllocated(shard.arena, entry)
