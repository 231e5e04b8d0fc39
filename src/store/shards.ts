// How many shards a keyspace has, and what stands in for them until their arenas are reserved. That is put off at a start:
// the engine counts reserved bytes as used and collects garbage over them, which takes 10 ms with 8 GiB.

import { MAX_ARENA_BYTES } from '../memory/arena.ts'
import { Shard } from './shard.ts'

/** Room above the limit, so that an uneven spread of keys over shards is no false OOM. */
const ARENA_SLACK = 2
/** A SCAN cursor has five bits for the shard. */
const MAX_SHARDS = 32
/** Enough for the tables of an arena, and for what a shard notes of each database. */
const STAND_IN_BYTES = 1 << 20
const STAND_IN_DATABASE_BYTES = 128

/** A power of two, from the bytes that the arenas may hand out together. */
export function shardCount(limitBytes: number): number {
  let count = 1
  while (count < MAX_SHARDS && count * MAX_ARENA_BYTES < limitBytes * ARENA_SLACK) count *= 2
  return count
}

/** Throws when the system has no such room. */
export function makeShards(count: number, databases: number, nowMs: number): Shard[] {
  try {
    return Array.from({ length: count }, () => new Shard(MAX_ARENA_BYTES, databases, nowMs))
  } catch (error) {
    throw new Error(`cannot reserve ${count * MAX_ARENA_BYTES} bytes of addresses: ${String(error)}`)
  }
}

/** A shard for a keyspace that is empty and stays so: all look-ups in it find nothing. */
export const standIn = (databases: number, nowMs: number): Shard =>
  new Shard(STAND_IN_BYTES + databases * STAND_IN_DATABASE_BYTES, databases, nowMs)
