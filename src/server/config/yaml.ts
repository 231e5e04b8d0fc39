// Reads a YAML file of settings: one mapping from names to values. A list stands for several words
// (`save: [60 1000, 3600 1]`), true and false for yes and no.
import type { Directive } from './directive.ts'
import { ConfigProblem } from './setting.ts'

/** The directives of a YAML text; `path` is for complaints. Throws ConfigProblem. */
export function parseYaml(text: string, path: string): Directive[] {
  const root = parse(text, path)
  if (root === undefined || root === null) return []
  if (typeof root !== 'object' || Array.isArray(root)) {
    throw new ConfigProblem(`${path}: a config file is a mapping of settings, such as "port: 6480"`)
  }
  return Object.entries(root).map(([name, value]) => ({
    name,
    words: wordsOf(value, `${path}: '${name}'`),
    where: path,
  }))
}

function parse(text: string, path: string): unknown {
  try {
    return Bun.YAML.parse(text)
  } catch (error) {
    throw new ConfigProblem(`${path} is not YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function wordsOf(value: unknown, where: string): string[] {
  if (Array.isArray(value)) return [value.map(item => wordOf(item, where)).join(' ')]
  return [wordOf(value, where)]
}

function wordOf(value: unknown, where: string): string {
  if (value === null) return ''
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new ConfigProblem(`${where}: takes one value or a list of values, not a mapping`)
}
