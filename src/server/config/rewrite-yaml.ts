// The new text of a YAML file of settings. Only the values that differ from what the file says are touched, so style,
// comments and order stay; the result is read back before anybody may write it.
import { Config } from './config.ts'
import { assignDirective } from './directive.ts'
import { isSet, type RewriteScope, SIGNATURE } from './rewrite-redis-conf.ts'
import { ConfigProblem, type Setting } from './setting.ts'
import { allSettings, settingNamed } from './table.ts'
import { parseYaml } from './yaml.ts'

/** A top-level key and the lines of its value, from `first` up to and without `end`. */
interface Block {
  readonly setting: Setting<unknown>
  readonly key: string
  readonly first: number
  readonly end: number
}

/** The text of the file, ending with a line break. Throws ConfigProblem when the file cannot be rewritten this way. */
export function rewriteYaml(old: string, config: Config, scope: RewriteScope, path: string): string {
  const lines = old.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const said = settingsIn(old, path)
  const named = new Set<Setting<unknown>>()
  const result: string[] = []
  let copied = 0
  for (const block of blocksOf(lines)) {
    const { setting } = block
    result.push(...lines.slice(copied, block.first))
    copied = block.end
    if (!named.has(setting)) result.push(...blockLines(block, lines, config, said))
    named.add(setting)
  }
  result.push(...lines.slice(copied))
  const missing = allSettings().filter(setting => !named.has(setting) && (scope === 'all' || isSet(config, setting)))
  if (missing.length > 0 && !result.includes(SIGNATURE)) result.push(SIGNATURE)
  result.push(...missing.map(setting => `${setting.flag}: ${yamlValue(config, setting)}`))
  const text = `${result.join('\n')}\n`
  checkReadBack(text, config, [...named, ...missing], path)
  return text
}

function settingsIn(text: string, path: string): Config {
  const said = new Config()
  for (const directive of parseYaml(text, path)) {
    const setting = settingNamed(directive.name)
    if (setting !== undefined) assignDirective(said, setting, directive, 'file')
  }
  return said
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = []
  for (const [first, line] of lines.entries()) {
    const key = /^(?:([A-Za-z][\w-]*)|"([^"]+)"|'([^']+)')\s*:(?:\s|$)/.exec(line)
    const name = key?.[1] ?? key?.[2] ?? key?.[3]
    const setting = name === undefined ? undefined : settingNamed(name)
    if (name === undefined || setting === undefined) continue
    let end = first + 1
    // A value goes on in lines that are indented, or that are items or the end of a list.
    while (/^(?:\s+[^\s#]|-(?:\s|$)|[\]}])/.test(lines[end] ?? '')) end++
    blocks.push({ setting, key: name, first, end })
  }
  return blocks
}

function blockLines(block: Block, lines: readonly string[], config: Config, said: Config): readonly string[] {
  const { setting, key, first, end } = block
  if (said.textOf(setting) === config.textOf(setting)) return lines.slice(first, end)
  const scalar = /^[^:]+:\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^#"']*?)(\s+#.*)?$/.exec(lines[first] ?? '')
  return [`${key}: ${yamlValue(config, setting)}${scalar?.[1] ?? ''}`]
}

/** A word that YAML could take for something else, or a secret with any bytes, goes in double quotes. */
function yamlValue(config: Config, setting: Setting<unknown>): string {
  const text = config.textOf(setting)
  const plain = setting.kind.inFile === 'plain' && /^[A-Za-z0-9]+(?:[ .-][A-Za-z0-9]+)*$/.test(text)
  return plain ? text : JSON.stringify(text)
}

function checkReadBack(text: string, config: Config, settings: readonly Setting<unknown>[], path: string): void {
  const read = settingsIn(text, path)
  const wrong = settings.find(setting => read.textOf(setting) !== config.textOf(setting))
  if (wrong !== undefined) throw new ConfigProblem(`${wrong.name} cannot be changed in this form of YAML`)
}
