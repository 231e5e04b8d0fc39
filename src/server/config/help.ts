// What the table says to people: the text of `kvns --help` and the settings section of the README.
import { redisOnly } from './redis-only.ts'
import { type Group, type Setting, variableOf } from './setting.ts'
import { SETTINGS } from './settings.ts'

/** The text for `kvns --help`, with a line break at its end. */
export function helpText(): string {
  const head = [
    'kvns: a Redis-compatible, namespaced, in-memory server',
    '',
    'usage: kvns [redis.conf] [--flag value ...]     start the server',
    '       kvns --config file.yaml [--flag value]   the same with a YAML file',
    '       kvns -                                   the same with a redis.conf from standard input',
    '       kvns ping [--host address] [--port n]    exit 0 when the server there answers',
    '       kvns import FILE --persist-path PATH     add keys of RDB, JSON or append-only files to it',
    '       kvns export FILE --persist-path PATH     write the keys of a snapshot [--format rdb|aof|json]',
    '       kvns --help | --version',
    '',
    'Every flag is also a variable (--max-clients = KVNS_MAX_CLIENTS) and a key of the file. A flag beats a variable, a',
    'variable beats the file. Parameters of Redis that are not listed are accepted as well, but have no effect yet.',
  ]
  const width = Math.max(...Object.values(SETTINGS).map(setting => label(setting).length))
  const groups = [...byGroup()].flatMap(([group, settings]) => [
    '',
    `${group}:`,
    ...settings.map(setting => `  ${label(setting).padEnd(width)}  ${setting.summary} [${shownDefault(setting)}]`),
  ])
  return `${[...head, ...groups].join('\n')}\n`
}

/** The settings in Markdown: a table for each group, then the names known to CONFIG only. */
export function settingsTable(): string {
  const lines: string[] = []
  for (const [group, settings] of byGroup()) {
    lines.push(
      `### ${group}`,
      '',
      '| Flag | Variable | CONFIG | Default | Takes | Changes | |',
      '|---|---|---|---|---|---|---|',
    )
    lines.push(...settings.map(markdownRow), '')
  }
  lines.push('### Known to CONFIG only, without effect yet', '')
  lines.push(
    'Their values are checked, kept and given back; a start with another value than the default is warned about.',
    '',
  )
  const shown = redisOnly().filter(setting => !setting.traits.has('hidden'))
  const isAlways = (setting: Setting<unknown>): boolean => setting.traits.has('either-way')
  lines.push(namesOf(shown.filter(setting => !isAlways(setting))), '')
  lines.push(`What these are for is so whatever they say, and nobody is warned: ${namesOf(shown.filter(isAlways))}`)
  return `${lines.join('\n')}\n`
}

const namesOf = (settings: readonly Setting<unknown>[]): string =>
  `${settings
    .map(({ name }) => `\`${name}\``)
    .sort()
    .join(', ')}.`

function byGroup(): Map<Group, Setting<unknown>[]> {
  const all: readonly Setting<unknown>[] = Object.values(SETTINGS)
  return Map.groupBy(all, setting => setting.group)
}

function label(setting: Setting<unknown>): string {
  return setting.flag === setting.name ? `--${setting.flag}` : `--${setting.flag}, --${setting.name}`
}

function shownDefault(setting: Setting<unknown>): string {
  return setting.default === '' ? 'none' : setting.default
}

function markdownRow(setting: Setting<unknown>): string {
  const cells = [
    `\`--${setting.flag}\``,
    `\`${variableOf(setting.flag)}\``,
    `\`${setting.name}\``,
    setting.default === '' ? '' : `\`${setting.default}\``,
    setting.kind.takes,
    setting.hot === 'live' ? 'while running' : 'at start',
    setting.summary,
  ]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`
}
