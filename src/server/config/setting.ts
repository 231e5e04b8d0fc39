// One row declares a setting: its names, what it takes, its default and what it is for. Everything else about settings
// (flags, environment, files, CONFIG, help, README) is computed from these rows.
import type { Kind } from './kinds.ts'

export type Group =
  | 'Network'
  | 'Limits of a client'
  | 'Memory'
  | 'Persistence'
  | 'Keys and expiry'
  | 'Collections'
  | 'Log and metrics'
  | 'Process'
  | 'Known to CONFIG only'

/** What CONFIG does differently with a few settings; Redis has the same marks. */
export type Trait =
  /** Redis allows it to be set only at start, and so answers CONFIG SET with an error even for the same value. */
  | 'immutable'
  /** CONFIG SET needs enable-protected-configs. */
  | 'protected'
  /** CONFIG SET is refused while the data set is loading. */
  | 'not-while-loading'
  /** CONFIG GET shows it by its exact name only. */
  | 'hidden'
  /** A secret: not to be logged. */
  | 'sensitive'
  /** Known to CONFIG only, and what it asks for is so whatever its value: nobody needs a warning. */
  | 'either-way'

export interface Setting<T> {
  /** The CONFIG name: Redis's where Redis has it. Also a flag, a file key and, after KVNS_, a variable. */
  readonly name: string
  /** The flag without its dashes, shown in help; the name works as well. */
  readonly flag: string
  /** Redis's older names: CONFIG GET with a pattern shows them as settings of their own. */
  readonly aliases: readonly string[]
  readonly kind: Kind<T>
  /** In the kind's printed form. */
  readonly default: string
  /** `live`: CONFIG SET changes it while the server runs. `start`: it counts at start only. */
  readonly hot: 'live' | 'start'
  readonly group: Group
  readonly traits: ReadonlySet<Trait>
  /** One sentence for help and README, with units. */
  readonly summary: string
}

interface RowOptions {
  readonly flag?: string
  readonly aliases?: readonly string[]
  readonly hot?: 'live' | 'start'
  readonly traits?: readonly Trait[]
}

/** Makes a row; `options` holds what most rows do not need. */
export function row<T>(
  group: Group,
  name: string,
  kind: Kind<T>,
  fallback: string,
  summary: string,
  options: RowOptions = {},
): Setting<T> {
  const traits = new Set(options.traits ?? [])
  return {
    name,
    flag: options.flag ?? name,
    aliases: options.aliases ?? [],
    kind,
    default: fallback,
    hot: traits.has('immutable') ? 'start' : (options.hot ?? 'live'),
    group,
    traits,
    summary,
  }
}

/** KVNS_MAX_CLIENTS for max-clients. */
export function variableOf(flag: string): string {
  return `KVNS_${flag.toUpperCase().replaceAll('-', '_')}`
}

/** The start is refused: one line that names the setting and what it accepts. */
export class ConfigProblem extends Error {}
