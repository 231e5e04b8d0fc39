// All settings together, and the ways to find one by what a user wrote: CONFIG name, flag, older name or variable.
import { redisOnly } from './redis-only.ts'
import { type Setting, variableOf } from './setting.ts'
import { type Field, SETTINGS } from './settings.ts'

const OURS: readonly Setting<unknown>[] = Object.values(SETTINGS)

/** Every setting: ours first, in the order of the help text, then those known to CONFIG only. */
export const allSettings = (): readonly Setting<unknown>[] => [...OURS, ...redisOnly()]

const namesOf = ({ name, flag, aliases }: Setting<unknown>): string[] => [name, flag, ...aliases]

function byName(settings: readonly Setting<unknown>[]): ReadonlyMap<string, Setting<unknown>> {
  const found = new Map<string, Setting<unknown>>()
  for (const setting of settings) for (const name of namesOf(setting)) found.set(name, setting)
  return found
}

const ours = byName(OURS)
let others: ReadonlyMap<string, Setting<unknown>> | undefined

/** `name` in lower case. */
function named(name: string): Setting<unknown> | undefined {
  const found = ours.get(name)
  if (found !== undefined) return found
  others ??= byName(redisOnly())
  return others.get(name)
}

const fields = new Map<Setting<unknown>, Field>(
  (Object.keys(SETTINGS) as Field[]).map(field => [SETTINGS[field], field] as const),
)

/** The setting of that CONFIG name, flag (without dashes) or older name, in any case. */
export function settingNamed(name: string): Setting<unknown> | undefined {
  return named(name.toLowerCase())
}

/** The setting of an environment variable such as KVNS_PORT. */
export function settingOfVariable(variable: string): Setting<unknown> | undefined {
  const spelled = variable.slice(variableOf('').length).toLowerCase()
  const setting = named(spelled.replaceAll('_', '-')) ?? named(spelled)
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
