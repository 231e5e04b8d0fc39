// rename-command of a redis.conf: a command goes by another name, or by none ("" takes it away). Names that we have added to
// a command of Redis's go with the first one: who takes FLUSHALL away does not want CLEAR instead.

import type { CommandTable } from '../commands/table.ts'
import type { Directive } from './config/directive.ts'
import { RENAME_COMMAND } from './config/redis-only.ts'
import { ConfigProblem } from './config/setting.ts'

/** Follows those of the directives that rename. Throws ConfigProblem, in the words of Redis, for what cannot be done. */
export function renameCommands(table: CommandTable, directives: readonly Directive[]): void {
  for (const { name, words, where } of directives) {
    if (name.toLowerCase() !== RENAME_COMMAND) continue
    const [from, to] = words
    if (from === undefined || to === undefined || words.length > 2) {
      throw new ConfigProblem(`${where}: '${name}': wrong number of arguments`)
    }
    if (table.byName(from)?.parent !== undefined || table.byName(from) === undefined) {
      throw new ConfigProblem(`${where}: '${name}': No such command in rename-command`)
    }
    if (to !== '' && table.byName(to) !== undefined) {
      throw new ConfigProblem(`${where}: '${name}': Target command name already exists`)
    }
    table.rename(from, to)
  }
}
