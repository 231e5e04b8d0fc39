// Reads a redis.conf: lines of `directive word word`, comments, quotes, and `include` of further files, whose lines stand
// where the include stands (loadServerConfigFromString of Redis 7.0.15). What a directive means is not decided here.
import { type Directive, splitLine } from './directive.ts'
import { ConfigProblem } from './setting.ts'

export interface ConfigFiles {
  /** The text of a file; '-' is standard input. Throws what the file system throws. */
  read(path: string): string
  /** The files that match a pattern, in order. */
  list(pattern: string): string[]
}

/** A file that includes itself would otherwise never end. */
const MAX_INCLUDE_DEPTH = 16

/** The directives of the file and of those it includes, in order. Throws ConfigProblem. */
export function readRedisConf(path: string, files: ConfigFiles): Directive[] {
  return [...linesOf(path, files, 0)]
}

/** The text of a file of settings. Throws ConfigProblem, with the path and the reason. */
export function readSettings(path: string, files: ConfigFiles): string {
  try {
    return files.read(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigProblem(`cannot read the config file ${path}: ${reason}`)
  }
}

function* linesOf(path: string, files: ConfigFiles, depth: number): Generator<Directive> {
  if (depth > MAX_INCLUDE_DEPTH) throw new ConfigProblem(`${path}: includes nest deeper than ${MAX_INCLUDE_DEPTH}`)
  const name = path === '-' ? 'standard input' : path
  for (const [index, raw] of readSettings(path, files).split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const where = `${name} line ${index + 1}`
    const words = splitLine(line)
    if (words === undefined) throw new ConfigProblem(`${where}: '${line}': Unbalanced quotes in configuration line`)
    const [directive = '', ...rest] = words
    const [included] = rest
    if (directive.toLowerCase() !== 'include') yield { name: directive, words: rest, where }
    else if (included === undefined || rest.length !== 1) {
      throw new ConfigProblem(`${where}: '${line}': wrong number of arguments; include takes a file or a pattern`)
    } else {
      // A pattern that matches nothing is no error, so that an empty conf.d can be included.
      const paths = /[*?[]/.test(included) ? files.list(included) : [included]
      for (const one of paths) yield* linesOf(one, files, depth + 1)
    }
  }
}
