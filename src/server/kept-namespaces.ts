// Properties of namespaces on the disk (persist/namespace-file.ts), beside the snapshot.

import { namespacePath, saveNamespaces } from '../persist/namespace-file.ts'
import { CommandError } from '../resp/errors.ts'
import type { Rule } from '../store/namespace-rules.ts'
import type { Config } from './config/config.ts'

/**
 * Writes them before they are in force; where no snapshot is kept, they live as long as the keys. Throws a CommandError when
 * they cannot be written.
 */
export function keepNamespaces({ snapshotPath }: Pick<Config, 'snapshotPath'>, rules: readonly Rule[]): void {
  if (snapshotPath === undefined) return
  try {
    saveNamespaces(namespacePath(snapshotPath), rules)
  } catch (error) {
    throw new CommandError(`ERR nothing was changed, as it could not be written: ${String(error)}`)
  }
}
