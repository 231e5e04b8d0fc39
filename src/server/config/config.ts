// The configuration in force: one plain field for each row of settings.ts, typed and cheap to read, and CONFIG GET and
// SET over all of them. CONFIG SET is all or nothing: every value is parsed before the first one changes, and when a
// listener cannot apply a change, all values go back (configSetCommand of Redis 7.0.15, with its error texts).
import { join } from 'node:path'
import { globMatchesIgnoreCase } from '../../bytes/glob.ts'
import { BadValue, parseText } from './kinds.ts'
import type { Setting } from './setting.ts'
import { type Field, SETTINGS, type Values } from './settings.ts'
import { allSettings, fieldOf, settingNamed } from './table.ts'

export type Source = 'default' | 'file' | 'environment' | 'flag' | 'config-set'

/** The file the server was started with; the path is absolute. */
export interface ConfigFile {
  readonly path: string
  readonly format: 'redis.conf' | 'yaml'
}

export interface ConfigOrigin {
  readonly file?: ConfigFile
  /** 70 % of the machine's or the container's memory, in bytes; absent when it cannot be found out. */
  readonly ramCapBytes?: number
}

/** Who asks for a change and when: some settings may not be set by everybody and not always. */
export interface Asker {
  readonly isLocal: boolean
  readonly isLoading: boolean
}

/** Why CONFIG SET changed nothing: answered as -LOADING, or as -ERR with the text. */
export type Refusal = { readonly kind: 'loading' } | { readonly kind: 'error'; readonly text: string }

/** Brings a change into effect; a text says why it cannot be done, and takes all changes back. */
type Apply = () => string | undefined

interface Change {
  readonly name: string
  readonly setting: Setting<unknown>
  readonly value: unknown
}

/** The limit when 0 was asked for and the memory of the machine is unknown. */
const DEFAULT_LIMIT_BYTES = 1024 ** 3

/** What holds for who starts us with a redis.conf in which nothing is said of it. */
const REDIS_DEFAULTS = new Map<Setting<unknown>, string>([
  [SETTINGS.savePoints, '3600 1 300 100 60 10000'],
  [SETTINGS.bind, '* -::*'],
  [SETTINGS.protectedMode, 'yes'],
])

/** Gives Config the fields of all rows without naming each a second time. */
const Fields = class {} as new () => Readonly<Values>

export class Config extends Fields {
  /** The limit of the data in force, in bytes: `maxmemoryBytes`, but at most 70 % of RAM, and that for 0. */
  memoryLimitBytes = 0
  readonly file: ConfigFile | undefined
  readonly ramCapBytes: number | undefined
  readonly #values = new Map<Setting<unknown>, unknown>()
  readonly #sources = new Map<Setting<unknown>, Source>()
  readonly #listeners: { readonly fields: readonly Field[]; readonly apply: Apply }[] = []

  /** All settings at their defaults; loadConfig fills in the rest. */
  constructor(origin: ConfigOrigin = {}) {
    super()
    this.file = origin.file
    this.ramCapBytes = origin.ramCapBytes
    for (const setting of Object.values(SETTINGS)) this.#put(setting, this.valueIn(setting), 'default')
  }

  /** The snapshot's file, if one is kept: persist-path, or dir/dbfilename for who starts us as redis-server. */
  get snapshotPath(): string | undefined {
    if (this.persistPath !== '') return this.persistPath
    const asRedis =
      this.file?.format === 'redis.conf' ||
      this.sourceOf('dir') !== 'default' ||
      this.sourceOf('dbfilename') !== 'default'
    return asRedis && this.dbfilename !== '' ? join(this.dir, this.dbfilename) : undefined
  }

  /** CONFIG GET's text of a setting, by any of its names; undefined when there is none. */
  text(name: string): string | undefined {
    const setting = settingNamed(name)
    return setting === undefined ? undefined : this.textOf(setting)
  }

  textOf(setting: Setting<unknown>): string {
    return setting.kind.print(this.valueIn(setting))
  }

  /** The parsed value. Defaults are parsed when somebody asks: two thirds of the settings are never read. */
  valueIn(setting: Setting<unknown>): unknown {
    return this.#values.has(setting) ? this.#values.get(setting) : parseText(setting.kind, this.defaultOf(setting))
  }

  /** The text of what holds when nobody says anything. */
  defaultOf(setting: Setting<unknown>): string {
    const asRedis = this.file?.format === 'redis.conf' ? REDIS_DEFAULTS.get(setting) : undefined
    return asRedis ?? setting.default
  }

  /** Where the value of the setting comes from. Throws a RangeError for a name that does not exist. */
  sourceOf(name: string): Source {
    const setting = settingNamed(name)
    if (setting === undefined) throw new RangeError(`no setting ${name}`)
    return this.sourceIn(setting)
  }

  sourceIn(setting: Setting<unknown>): Source {
    return this.#sources.get(setting) ?? 'default'
  }

  /**
   * One directive at start. `words` are what stands after the name. Throws BadValue.
   * Lines of a kind that adds up continue those of the file and of the flags, as in redis-server, where flags are
   * lines after the file's last; a variable starts anew.
   */
  assign(setting: Setting<unknown>, words: readonly string[], source: Source): void {
    const { kind } = setting
    const given = kind.isSwitch === true && words.length === 0 ? ['yes'] : words
    const same = given.map(word => kind.atStart?.get(word.toLowerCase()) ?? word)
    const earlier = this.sourceIn(setting)
    const continues = source !== 'environment' && (earlier === 'file' || earlier === 'flag')
    const before = kind.repeated === 'merges' || continues ? this.valueIn(setting) : undefined
    this.#put(setting, kind.parse(same, before), source)
  }

  /** Runs `apply` after CONFIG SET changed one of the fields, once for a command; it must not throw. */
  onChange(fields: readonly Field[], apply: Apply): void {
    this.#listeners.push({ fields, apply })
  }

  /**
   * CONFIG GET: names and texts for all patterns, each name once. An exact name is answered as it was written, in any
   * case; a pattern finds names and older names, but nothing hidden.
   */
  entries(patterns: readonly string[]): [name: string, text: string][] {
    const found = new Map<string, [string, string]>()
    for (const pattern of patterns) {
      const exact = /[[*?]/.test(pattern) ? undefined : pattern
      for (const [name, setting] of exact === undefined ? matching(pattern) : named(exact)) {
        const key = name.toLowerCase()
        if (!found.has(key)) found.set(key, [name, this.textOf(setting)])
      }
    }
    return [...found.values()]
  }

  /** CONFIG SET: all pairs of name and text, or none and the reason. */
  set(pairs: readonly (readonly [name: string, text: string])[], asker: Asker): Refusal | undefined {
    const settings: Setting<unknown>[] = []
    for (const [name, text] of pairs) {
      const setting = settingNamed(name)
      if (setting === undefined) return refuse(`Unknown option or number of arguments for CONFIG SET - '${name}'`)
      const reason = this.#forbidden(setting, text, asker)
      if (reason === 'loading') return { kind: 'loading' }
      if (reason !== undefined) return failed(name, reason)
      if (settings.includes(setting)) return failed(name, 'duplicate parameter')
      settings.push(setting)
    }
    const changes: Change[] = []
    for (const [index, setting] of settings.entries()) {
      const [name = '', text = ''] = pairs[index] ?? []
      try {
        const value = this.#parse(setting, text)
        if (setting.kind.print(value) !== this.textOf(setting))
          changes.push({ name: name.toLowerCase(), setting, value })
      } catch (error) {
        if (error instanceof BadValue) return failed(name.toLowerCase(), error.message)
        throw error
      }
    }
    return this.#apply(changes)
  }

  #parse(setting: Setting<unknown>, text: string): unknown {
    return parseText(setting.kind, text, setting.kind.repeated === 'merges' ? this.valueIn(setting) : undefined)
  }

  /** Why this asker may not set this now. A setting of ours that counts at start only may be "set" to what it is. */
  #forbidden(setting: Setting<unknown>, text: string, asker: Asker): string | undefined {
    const { traits } = setting
    if (traits.has('immutable')) return "can't set immutable config"
    if (setting.hot === 'start' && text !== this.textOf(setting)) return "can't set immutable config"
    const allowed = this.enableProtectedConfigs
    if (traits.has('protected') && allowed !== 'yes' && !(allowed === 'local' && asker.isLocal)) {
      return "can't set protected config"
    }
    return asker.isLoading && traits.has('not-while-loading') ? 'loading' : undefined
  }

  #apply(changes: readonly Change[]): Refusal | undefined {
    const before = changes.map(({ setting }) => ({
      setting,
      value: this.valueIn(setting),
      source: this.sourceIn(setting),
    }))
    for (const { setting, value } of changes) this.#put(setting, value, 'config-set')
    const applied = new Set<Apply>()
    for (const { name, setting } of changes) {
      for (const apply of this.#listenersOf(setting)) {
        if (applied.has(apply)) continue
        applied.add(apply)
        const problem = apply()
        if (problem === undefined) continue
        for (const old of before) this.#put(old.setting, old.value, old.source)
        for (const again of applied) again()
        return failed(name, problem)
      }
    }
    return undefined
  }

  #listenersOf(setting: Setting<unknown>): Apply[] {
    const field = fieldOf(setting)
    if (field === undefined) return []
    return this.#listeners.filter(listener => listener.fields.includes(field)).map(listener => listener.apply)
  }

  #put(setting: Setting<unknown>, value: unknown, source: Source): void {
    this.#values.set(setting, value)
    this.#sources.set(setting, source)
    const field = fieldOf(setting)
    if (field !== undefined) (this as unknown as Record<Field, unknown>)[field] = value
    if (setting === SETTINGS.maxmemoryBytes) this.memoryLimitBytes = this.#limitBytes()
  }

  /** What all clients together may take, in bytes; 0 = no limit. */
  get clientsLimitBytes(): number {
    const { maxmemoryClients, memoryLimitBytes } = this
    return maxmemoryClients < 0 ? Math.floor((memoryLimitBytes * -maxmemoryClients) / 100) : maxmemoryClients
  }

  #limitBytes(): number {
    const cap = this.ramCapBytes
    if (this.maxmemoryBytes === 0) return cap ?? DEFAULT_LIMIT_BYTES
    // A default that nobody asked for is not drawn down: it is small, and memory is not taken before it is used.
    if (cap === undefined || this.sourceOf('maxmemory') === 'default') return this.maxmemoryBytes
    return Math.min(this.maxmemoryBytes, cap)
  }
}

function named(name: string): [string, Setting<unknown>][] {
  const setting = settingNamed(name)
  return setting === undefined ? [] : [[name, setting]]
}

function* matching(pattern: string): Generator<[string, Setting<unknown>]> {
  const wanted = Buffer.from(pattern)
  for (const setting of allSettings()) {
    if (setting.traits.has('hidden')) continue
    for (const name of [setting.name, ...setting.aliases]) {
      const bytes = Buffer.from(name)
      if (globMatchesIgnoreCase(wanted, 0, wanted.length, bytes, 0, bytes.length)) yield [name, setting]
    }
  }
}

function refuse(text: string): Refusal {
  return { kind: 'error', text }
}

function failed(name: string, reason: string): Refusal {
  return refuse(`CONFIG SET failed (possibly related to argument '${name}') - ${reason}`)
}
