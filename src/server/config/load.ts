// From argv, environment and files to a Config: a flag beats a variable, a variable beats the file, the file beats the
// default. What cannot be understood refuses to start with one line; what is only without effect is told in a warning.
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import { Config, type ConfigFile, type ConfigOrigin, type Source } from './config.ts'
import { assignDirective, type Directive } from './directive.ts'
import { groupFlags } from './flags.ts'
import { type ReadSmall, ramCapBytes } from './ram.ts'
import { type ConfigFiles, readRedisConf, readSettings } from './redis-conf.ts'
import { OTHER_DIRECTIVES, REFUSED_DIRECTIVES, RENAME_COMMAND } from './redis-only.ts'
import { ConfigProblem, type Setting, variableOf } from './setting.ts'
import { settingNamed, settingOfVariable } from './table.ts'
import { parseYaml } from './yaml.ts'

export type Command = 'serve' | 'ping' | 'import' | 'export' | 'help' | 'version'

const EXPORT_FORMATS = ['rdb', 'aof', 'json'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export interface Loaded {
  readonly config: Config
  /** One line each, for the log. */
  readonly warnings: readonly string[]
  /** What the first word asks for; flags, variables and files are read for all of them, so `kvns ping --port 1` works. */
  readonly command: Command
  /** The file that import reads or export writes; '' for other commands. */
  readonly file: string
  /** What export writes. */
  readonly format: ExportFormat
  /** Directives of a redis.conf that are no settings, such as rename-command. A warning names those without effect already. */
  readonly others: readonly Directive[]
}

export type Environment = Readonly<Record<string, string | undefined>>

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['serve', 'serve'],
  ['ping', 'ping'],
  ['import', 'import'],
  ['export', 'export'],
  ['help', 'help'],
  ['--help', 'help'],
  ['-h', 'help'],
  ['version', 'version'],
  ['--version', 'version'],
  ['-v', 'version'],
])

/** The one flag that is no setting: where the settings are. */
const FILE_FLAG = 'config'
/** Variables of ours that are no settings. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set([variableOf(FILE_FLAG), 'KVNS_TEST_BINARY'])

/** The file system, and standard input for '-'. */
export const DISK: ConfigFiles = {
  read: path => readFileSync(path === '-' ? 0 : path, 'utf8'),
  list: pattern => [...new Bun.Glob(pattern).scanSync({ onlyFiles: true, absolute: false })].sort(),
}

/**
 * `argv` without the program's name. Throws ConfigProblem when the server must not start.
 * `ramCap` is what the memory limit is drawn down to, in bytes; undefined when unknown.
 */
export function loadConfig(
  argv: readonly string[],
  env: Environment,
  files: ConfigFiles = DISK,
  ramCap: number | undefined = machineCapBytes(files),
): Loaded {
  const command = COMMANDS.get(argv[0] ?? '')
  if (command === 'help' || command === 'version') {
    return { config: new Config(), warnings: [], command, file: '', format: 'rdb', others: [] }
  }
  const operand = command === 'import' || command === 'export' ? fileOperand(command, argv[1]) : ''
  const words = argv.slice((command === undefined ? 0 : 1) + (operand === '' ? 0 : 1))
  const { format, rest } =
    command === 'export' ? formatOperand(operand, words) : { format: 'rdb' as const, rest: words }
  const isPath = rest[0] !== undefined && !rest[0].startsWith('-')
  const flags = groupFlags(isPath ? rest.slice(1) : rest, standsAlone)
  const file = chosenFile(isPath ? rest[0] : undefined, flags.directives.filter(isFileFlag), env.KVNS_CONFIG)
  const loading = new Loading(origin(file, ramCap))
  if (file !== undefined) loading.take(directivesOf(file, files), 'file')
  if (flags.fromStdin) loading.take(readRedisConf('-', files), 'file')
  loading.takeEnvironment(env)
  loading.take(
    flags.directives.filter(directive => !isFileFlag(directive)),
    'flag',
  )
  const { config, others } = loading
  return { config, warnings: loading.warnings(), command: command ?? 'serve', file: operand, format, others }
}

/** Throws ConfigProblem when there is none. */
function fileOperand(command: string, word: string | undefined): string {
  if (word !== undefined && word !== '' && !word.startsWith('-')) return word
  throw new ConfigProblem(`command line: kvns ${command} FILE [--flag value ...]: no file is named`)
}

/** Takes `--format rdb` or `--format json` out of the words; without it the name of the file says. Throws ConfigProblem. */
function formatOperand(
  file: string,
  words: readonly string[],
): { readonly format: ExportFormat; readonly rest: readonly string[] } {
  const at = words.indexOf('--format')
  if (at < 0) return { format: formatNamed(file), rest: words }
  const format = EXPORT_FORMATS.find(known => known === words[at + 1])
  if (format === undefined) throw new ConfigProblem(`command line: '--format': it is rdb, aof or json`)
  return { format, rest: [...words.slice(0, at), ...words.slice(at + 2)] }
}

function formatNamed(file: string): ExportFormat {
  if (/\.(jsonl?|ndjson)$/i.test(file)) return 'json'
  return /\.aof$/i.test(file) ? 'aof' : 'rdb'
}

function standsAlone(flag: string): boolean {
  return settingNamed(flag)?.kind.isSwitch === true
}

const isFileFlag = (directive: Directive): boolean => directive.name.toLowerCase() === FILE_FLAG

function onePath(directive: Directive): string {
  const [path] = directive.words
  if (path !== undefined && path !== '' && directive.words.length === 1) return path
  throw new ConfigProblem(`${directive.where}: '${FILE_FLAG}': wrong number of arguments; config takes one YAML file`)
}

function origin(file: ConfigFile | undefined, ramCap: number | undefined): ConfigOrigin {
  return { ...(file === undefined ? {} : { file }), ...(ramCap === undefined ? {} : { ramCapBytes: ramCap }) }
}

/** The file of the command line, or else the one of the variable. Throws ConfigProblem when there are two. */
function chosenFile(
  first: string | undefined,
  flags: readonly Directive[],
  variable: string | undefined,
): ConfigFile | undefined {
  const paths = [...(first === undefined ? [] : [first]), ...flags.map(onePath)]
  const [path = variable, second] = paths
  if (second !== undefined) throw new ConfigProblem(`command line: two config files, ${paths.join(' and ')}`)
  if (path === undefined || path === '') return undefined
  return { path: resolve(path), format: isYaml(path, first) ? 'yaml' : 'redis.conf' }
}

/** The ending decides; a file with another one is a redis.conf if it stands where redis-server has its own. */
function isYaml(path: string, first: string | undefined): boolean {
  return /\.(ya?ml|json)$/i.test(path) || (path !== first && !/\.conf$/i.test(path))
}

function directivesOf(file: ConfigFile, files: ConfigFiles): Directive[] {
  return file.format === 'yaml' ? parseYaml(readSettings(file.path, files), file.path) : readRedisConf(file.path, files)
}

function machineCapBytes(files: ConfigFiles): number | undefined {
  const read: ReadSmall = path => {
    try {
      return files.read(path)
    } catch {
      return undefined
    }
  }
  return ramCapBytes(read, totalmem())
}

/** Collects settings in the order of their precedence, lowest first, and what is to be said about them. */
class Loading {
  readonly config: Config
  readonly others: Directive[] = []
  readonly #idle = new Set<Setting<unknown>>()
  readonly #unknownVariables: string[] = []

  constructor(origin: ConfigOrigin) {
    this.config = new Config(origin)
  }

  take(directives: readonly Directive[], source: Source): void {
    for (const directive of directives) {
      const setting = settingNamed(directive.name)
      if (setting === undefined) this.#takeOther(directive, source)
      else this.#assign(setting, directive, source)
    }
  }

  takeEnvironment(env: Environment): void {
    for (const [variable, text] of Object.entries(env)) {
      if (text === undefined || !variable.startsWith('KVNS_') || OTHER_VARIABLES.has(variable)) continue
      const setting = settingOfVariable(variable)
      if (setting === undefined) this.#unknownVariables.push(variable)
      else this.#assign(setting, { name: variable, words: [text], where: 'environment' }, 'environment')
    }
  }

  #assign(setting: Setting<unknown>, directive: Directive, source: Source): void {
    assignDirective(this.config, setting, directive, source)
    if (setting.group === 'Known to CONFIG only' && !setting.traits.has('either-way')) this.#idle.add(setting)
  }

  #takeOther(directive: Directive, source: Source): void {
    const name = directive.name.toLowerCase()
    const refused = REFUSED_DIRECTIVES.get(name)
    if (refused !== undefined) throw new ConfigProblem(`${directive.where}: '${name}': ${refused}`)
    if (!OTHER_DIRECTIVES.has(name)) {
      const shown = source === 'flag' && /^[a-z]/i.test(name) ? `--${directive.name}` : directive.name
      throw new ConfigProblem(`${directive.where}: '${shown}' is not a setting (Bad directive); kvns --help lists them`)
    }
    this.others.push(directive)
  }

  warnings(): string[] {
    const { config } = this
    const warnings: string[] = []
    const idle = [...this.#idle]
      .filter(setting => config.textOf(setting) !== setting.default)
      .map(setting => setting.name)
    const names = [...idle, ...new Set(this.others.map(directive => directive.name.toLowerCase()))].filter(
      name => name !== RENAME_COMMAND,
    )
    if (names.length > 0) warnings.push(`accepted, but without effect here: ${names.join(', ')}`)
    if (this.#unknownVariables.length > 0) {
      warnings.push(`unknown variables are ignored: ${this.#unknownVariables.join(', ')}`)
    }
    if (config.sourceOf('maxmemory') !== 'default' && config.memoryLimitBytes < config.maxmemoryBytes) {
      const asked = config.maxmemoryBytes
      warnings.push(
        `memory-limit ${asked} is more than 70 % of the memory here and is lowered to ${config.memoryLimitBytes}`,
      )
    }
    return warnings
  }
}
