// ACL categories of a command, as Redis computes them: some follow from its effect, flags and group, the row adds others.

import type { Command, Flag, Group } from './command.ts'

/** All of Redis 7.0's categories, in the order in which it lists them. */
const CATEGORIES: readonly string[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
]

/** The commands of the server belong together in the documentation only. */
const OF_GROUP: Record<Group, readonly string[]> = {
  string: ['string'],
  bitmap: ['bitmap'],
  hyperloglog: ['hyperloglog'],
  list: ['list'],
  hash: ['hash'],
  set: ['set'],
  'sorted-set': ['sortedset'],
  geo: ['geo'],
  generic: ['keyspace'],
  transactions: ['transaction'],
  pubsub: [],
  connection: ['connection'],
  server: [],
}

const OF_FLAG: Partial<Record<Flag, readonly string[]>> = {
  pubsub: ['pubsub'],
  admin: ['admin', 'dangerous'],
  blocking: ['blocking'],
}

/** Without `@`. A container has only what its own flags say: who may run it is decided by its subcommands. */
export function categoriesOf(row: Command): readonly string[] {
  const found = new Set<string>(row.categories)
  // A general command about certain types (SORT) is not one about keys.
  const isOfTypes = row.group === 'generic' && found.has('list')
  if (row.subcommands === undefined && !isOfTypes) for (const name of OF_GROUP[row.group]) found.add(name)
  if (row.effect === 'read' || row.effect === 'write') found.add(row.effect)
  for (const flag of row.flags) for (const name of OF_FLAG[flag] ?? []) found.add(name)
  found.add(row.flags.includes('fast') ? 'fast' : 'slow')
  return CATEGORIES.filter(name => found.has(name))
}
