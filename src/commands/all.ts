// The families of commands, in the order of the README's tables.

import { bitfieldCommands } from './bitfield.ts'
import { bitopCommands } from './bitop.ts'
import { bitCommands } from './bits.ts'
import { clientCommands } from './client.ts'
import type { Command } from './command.ts'
import { connectionCommands } from './connection.ts'
import { debugCommands } from './debug.ts'
import { dumpCommands } from './dump.ts'
import { geoCommands } from './geo.ts'
import { geoSearches } from './geo-search.ts'
import { hashExpiry } from './hashes-expiry.ts'
import { hashExtended } from './hashes-extended.ts'
import { hashReads } from './hashes-read.ts'
import { hashWrites } from './hashes-write.ts'
import { hyperLogLogCommands } from './hyperloglog.ts'
import { hyperLogLogDebug } from './hyperloglog-debug.ts'
import { commandFamily } from './introspect.ts'
import { keyCommands } from './keys-basic.ts'
import { expiryCommands } from './keys-expiry.ts'
import { walkCommands } from './keyspace-walk.ts'
import { latencyCommands } from './latency.ts'
import { lcsCommands } from './lcs.ts'
import { listCommands } from './lists.ts'
import { blockingLists } from './lists-blocking.ts'
import { listEnds } from './lists-ends.ts'
import { lolwutCommands } from './lolwut.ts'
import { memoryCommands } from './memory.ts'
import { migrateCommands } from './migrate.ts'
import { moduleCommands } from './module.ts'
import { monitorCommands } from './monitor.ts'
import { namespaceCommands } from './namespaces.ts'
import { objectCommands } from './object.ts'
import { pubsubCommands } from './pubsub.ts'
import { serverCommands } from './server.ts'
import { setCommands } from './sets.ts'
import { setCombinations } from './sets-combine.ts'
import { setDraws } from './sets-random.ts'
import { slowlogCommands } from './slowlog.ts'
import { sortCommands } from './sort.ts'
import { stringChanges } from './strings-change.ts'
import { stringReads } from './strings-read.ts'
import { stringWrites } from './strings-write.ts'
import { CommandTable } from './table.ts'
import { transactionCommands } from './transactions.ts'
import { blockingZsets } from './zset-blocking.ts'
import { zsetChanges } from './zset-change.ts'
import { zsetCombinations } from './zset-combine.ts'
import { zsetPops } from './zset-pop.ts'
import { zsetRanges } from './zset-range.ts'
import { zsetReads } from './zset-read.ts'

const FAMILIES: readonly (readonly Command[])[] = [
  stringReads,
  stringWrites,
  stringChanges,
  setCommands,
  setDraws,
  setCombinations,
  bitCommands,
  bitopCommands,
  bitfieldCommands,
  hyperLogLogCommands,
  hyperLogLogDebug,
  geoCommands,
  geoSearches,
  lcsCommands,
  listEnds,
  listCommands,
  blockingLists,
  zsetChanges,
  zsetReads,
  zsetRanges,
  zsetCombinations,
  zsetPops,
  blockingZsets,
  hashReads,
  hashWrites,
  hashExpiry,
  hashExtended,
  keyCommands,
  dumpCommands,
  migrateCommands,
  expiryCommands,
  walkCommands,
  sortCommands,
  objectCommands,
  memoryCommands,
  transactionCommands,
  pubsubCommands,
  connectionCommands,
  clientCommands,
  serverCommands,
  moduleCommands,
  monitorCommands,
  slowlogCommands,
  latencyCommands,
  lolwutCommands,
  namespaceCommands,
  debugCommands,
]

/** The table of all commands; COMMAND's own family looks into the table that it is part of. */
export function buildTable(): CommandTable {
  const table: CommandTable = new CommandTable([...FAMILIES, commandFamily(() => table)])
  return table
}
