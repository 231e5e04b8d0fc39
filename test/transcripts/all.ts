// The families of transcripts. A new family is a file and a line here.

import type { Transcript } from '../support/transcript.ts'
import { binding } from './binding.ts'
import { bitfield } from './bitfield.ts'
import { bits } from './bits.ts'
import { blocking } from './blocking.ts'
import { command } from './command.ts'
import { connection } from './connection.ts'
import { counters } from './counters.ts'
import { databases } from './databases.ts'
import { dump } from './dump.ts'
import { expiry } from './expiry.ts'
import { geo } from './geo.ts'
import { hashes } from './hashes.ts'
import { hashExpiry } from './hashes-expiry.ts'
import { hyperloglog } from './hyperloglog.ts'
import { introspection } from './introspection.ts'
import { keys } from './keys.ts'
import { lcs } from './lcs.ts'
import { lists } from './lists.ts'
import { memory } from './memory.ts'
import { namespaces } from './namespaces.ts'
import { pauses } from './pauses.ts'
import { pubsub } from './pubsub.ts'
import { server } from './server.ts'
import { sets } from './sets.ts'
import { sort } from './sort.ts'
import { strings } from './strings.ts'
import { tracking } from './tracking.ts'
import { transactions } from './transactions.ts'
import { watchers } from './watchers.ts'
import { zsets } from './zsets.ts'

export const TRANSCRIPTS: Readonly<Record<string, readonly Transcript[]>> = {
  strings,
  counters,
  sets,
  sort,
  bits,
  bitfield,
  hyperloglog,
  geo,
  lcs,
  lists,
  blocking,
  zsets,
  hashes,
  hashExpiry,
  dump,
  expiry,
  keys,
  databases,
  binding,
  transactions,
  tracking,
  pubsub,
  connection,
  pauses,
  command,
  introspection,
  server,
  memory,
  watchers,
  namespaces,
}
