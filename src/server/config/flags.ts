// Groups the words of the command line into directives, as redis-server does: a flag takes all words up to the next flag,
// and the first of them even when it begins with "--". `--flag=value` and flags that stand alone are ours.
import { type Directive, splitLine } from './directive.ts'
import { ConfigProblem } from './setting.ts'

export interface Flags {
  readonly directives: readonly Directive[]
  /** A lone "-" stood first or last: read a redis.conf from standard input. */
  readonly fromStdin: boolean
}

const WHERE = 'command line'

/** `standsAlone` tells whether a flag needs no word. Throws ConfigProblem. */
export function groupFlags(argv: readonly string[], standsAlone: (flag: string) => boolean): Flags {
  const lines: string[][] = []
  let fromStdin = false
  /** The last flag still waits for its first word, which may look like a flag. */
  let waits = false
  for (const [index, word] of argv.entries()) {
    const last = index === argv.length - 1
    const line = lines.at(-1)
    if (word === '-' && (index === 0 || last)) {
      fromStdin = true
    } else if (!waits && word.startsWith('--')) {
      const started = flagWords(word)
      lines.push(started)
      const [name = ''] = started
      waits = started.length === 1 && !standsAlone(name)
      // `--save --port 1`: an empty list is what a script makes that has no save points.
      if (waits && name.toLowerCase() === 'save' && (last || argv[index + 1]?.startsWith('--') === true)) {
        started.push('')
        waits = false
      }
    } else {
      waits = false
      if (line === undefined) lines.push([word])
      else line.push(word)
    }
  }
  return { directives: lines.map(([name = '', ...words]) => ({ name, words, where: WHERE })), fromStdin }
}

/** A flag may carry its words: "--port=1", or in one argument "--port 1". */
function flagWords(word: string): string[] {
  const [, name, value] = /^--([^\s=]+)=(.*)$/s.exec(word) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  const words = splitLine(word.slice(2))
  if (words === undefined) throw new ConfigProblem(`${WHERE}: '${word}': Unbalanced quotes in configuration line`)
  return words.length === 0 ? [''] : words
}
