// A directive is one setting as somebody wrote it, wherever: a line of a redis.conf, a flag, a variable, a YAML key. All
// four ways in end here, and so does every complaint about a value: one line that names the setting and what it takes.
import { quoteText, splitArguments } from '../../bytes/quote.ts'
import type { Config, Source } from './config.ts'
import { BadValue } from './kinds.ts'
import { ConfigProblem, type Setting } from './setting.ts'

export interface Directive {
  /** As written, without dashes. */
  readonly name: string
  readonly words: readonly string[]
  /** Where it stands, as a complaint begins: "redis.conf line 3", "command line". */
  readonly where: string
}

/** The words of a line with redis.conf's quotes and escapes; undefined when a quote is not closed. */
export function splitLine(line: string): string[] | undefined {
  const bytes = Buffer.from(line)
  return splitArguments(bytes, 0, bytes.length)?.map(word => Buffer.from(word).toString())
}

/** A word in double quotes, so that splitLine reads it back. */
export function quoted(word: string): string {
  const bytes = Buffer.from(word)
  return quoteText(bytes, 0, bytes.length)
}

/**
 * Gives the directive's words to its setting. A list of words may also come as one word with spaces, as in
 * `--save "60 1000"`. Throws ConfigProblem.
 */
export function assignDirective(config: Config, setting: Setting<unknown>, directive: Directive, source: Source): void {
  const [only] = directive.words
  const isList = setting.kind.words === 'many' && directive.words.length === 1 && only !== undefined && only !== ''
  const words = isList ? splitLine(only) : directive.words
  try {
    if (words === undefined) throw new BadValue('Unbalanced quotes in configuration line')
    config.assign(setting, words, source)
  } catch (error) {
    if (error instanceof BadValue) throw problemWith(directive, setting, error.message)
    throw error
  }
}

function problemWith(directive: Directive, setting: Setting<unknown>, reason: string): ConfigProblem {
  const shown = setting.traits.has('sensitive') ? ['(not shown)'] : directive.words.map(quoted)
  const line = [directive.name, ...shown].join(' ')
  return new ConfigProblem(`${directive.where}: '${line}': ${reason}; ${setting.name} takes ${setting.kind.takes}`)
}
