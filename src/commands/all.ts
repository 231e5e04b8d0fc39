// The families of commands, in the order of the README's tables.

import { clientCommands } from './client.ts'
import type { Command } from './command.ts'
import { connectionCommands } from './connection.ts'
import { debugCommands } from './debug.ts'
import { keyCommands } from './keys-basic.ts'
import { expiryCommands } from './keys-expiry.ts'
import { walkCommands } from './keyspace-walk.ts'
import { lcsCommands } from './lcs.ts'
import { objectCommands } from './object.ts'
import { serverCommands } from './server.ts'
import { stringChanges } from './strings-change.ts'
import { stringReads } from './strings-read.ts'
import { stringWrites } from './strings-write.ts'

export const FAMILIES: readonly (readonly Command[])[] = [
  stringReads,
  stringWrites,
  stringChanges,
  lcsCommands,
  keyCommands,
  expiryCommands,
  walkCommands,
  objectCommands,
  connectionCommands,
  clientCommands,
  serverCommands,
  debugCommands,
]
