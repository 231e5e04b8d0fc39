// All settings together, and the ways to find one by what a user wrote: CONFIG name, flag, older name or variable.
import { REDIS_ONLY } from './redis-only.ts'
import { type Setting, variableOf } from './setting.ts'
import { type Field, SETTINGS } from './settings.ts'

/** Every setting: ours first, in the order of the help text, then those known to CONFIG only. */
export const ALL: readonly Setting<unknown>[] = [...Object.values(SETTINGS), ...REDIS_ONLY]

const namesOf = ({ name, flag, aliases }: Setting<unknown>): string[] => [name, flag, ...aliases]
const byName = new Map(ALL.flatMap(setting => namesOf(setting).map(name => [name, setting] as const)))
const fields = new Map<Setting<unknown>, Field>(
  (Object.keys(SETTINGS) as Field[]).map(field => [SETTINGS[field], field] as const),
)

/** The setting of that CONFIG name, flag (without dashes) or older name, in any case. */
export function settingNamed(name: string): Setting<unknown> | undefined {
  return byName.get(name.toLowerCase())
}

/** The setting of an environment variable such as KVNS_PORT. */
export function settingOfVariable(variable: string): Setting<unknown> | undefined {
  const spelled = variable.slice(variableOf('').length).toLowerCase()
  const setting = byName.get(spelled.replaceAll('_', '-')) ?? byName.get(spelled)
  return setting !== undefined && namesOf(setting).some(name => variableOf(name) === variable) ? setting : undefined
}

/** The field of Config that holds the setting's value; none for those known to CONFIG only. */
export function fieldOf(setting: Setting<unknown>): Field | undefined {
  return fields.get(setting)
}

/** Whether the argument after this name is a secret that logs and MONITOR must not show. */
export function isSensitive(name: string): boolean {
  return settingNamed(name)?.traits.has('sensitive') === true
}
