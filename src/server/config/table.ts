// All settings together, and the ways to find one by what a user wrote: CONFIG name, flag, older name or variable.
import { REDIS_ONLY } from './redis-only.ts'
import { type Setting, variableOf } from './setting.ts'
import { type Field, SETTINGS } from './settings.ts'

/** Every setting: ours first, in the order of the help text, then those known to CONFIG only. */
export const ALL: readonly Setting<unknown>[] = [...Object.values(SETTINGS), ...REDIS_ONLY]

const byName = new Map<string, Setting<unknown>>()
const byVariable = new Map<string, Setting<unknown>>()
for (const setting of ALL) {
  for (const name of [setting.name, setting.flag, ...setting.aliases]) {
    byName.set(name, setting)
    byVariable.set(variableOf(name), setting)
  }
}

const fields = new Map<Setting<unknown>, Field>()
for (const field of Object.keys(SETTINGS) as Field[]) fields.set(SETTINGS[field], field)

/** The setting of that CONFIG name, flag (without dashes) or older name, in any case. */
export function settingNamed(name: string): Setting<unknown> | undefined {
  return byName.get(name.toLowerCase())
}

/** The setting of an environment variable such as KVNS_PORT. */
export function settingOfVariable(variable: string): Setting<unknown> | undefined {
  return byVariable.get(variable)
}

/** The field of Config that holds the setting's value; none for those known to CONFIG only. */
export function fieldOf(setting: Setting<unknown>): Field | undefined {
  return fields.get(setting)
}

/** Whether the argument after this name is a secret that logs and MONITOR must not show. */
export function isSensitive(name: string): boolean {
  return settingNamed(name)?.traits.has('sensitive') === true
}
