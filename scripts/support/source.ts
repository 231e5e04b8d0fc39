// Reading our own source as text, for the tidy test: what is code, what is comment, how long each function is.
// It leans on the formatter: a block's last line stands at the indentation of its first.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const ROOT = join(import.meta.dir, '../..')

export interface SourceFile {
  /** Relative to the project, as in `src/bytes/ascii.ts`. */
  readonly path: string
  readonly text: string
  /** The text with the insides of comments and strings replaced by spaces; line numbers are the same. */
  readonly code: string
}

/** Every TypeScript file under the named folders of the project. */
export function sourceFiles(...folders: string[]): SourceFile[] {
  const found: SourceFile[] = []
  for (const folder of folders) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
      const path = relative(ROOT, join(entry.parentPath, entry.name))
      const text = readFileSync(join(ROOT, path), 'utf8')
      found.push({ path, text, code: codeOnly(text) })
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

// One alternative each: comment to the line's end, block comment, the three quotes, a regular expression after a sign
// that cannot end a value. `${}` inside a template is blanked with it: good enough for finding words.
const NOT_CODE =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|(?<=[=(,:[!&|?{};\n]\s*)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g

/** `text` with comments, strings and regular expressions blanked. */
export function codeOnly(text: string): string {
  return text.replace(NOT_CODE, found => found.replace(/[^\n]/g, ' '))
}

/** The module names a file imports or re-exports, in order. */
export function importsOf(file: SourceFile): string[] {
  const names: string[] = []
  for (const [, statement, dynamic] of file.text.matchAll(
    /^(?:import|export)\b[^'"\n]*(?:\{[^}]*\}[^'"\n]*)?['"]([^'"\n]+)['"]|\bimport\(['"]([^'"\n]+)['"]\)/gm,
  )) {
    names.push(statement ?? dynamic ?? '')
  }
  return names
}

export interface FunctionSize {
  readonly name: string
  readonly line: number
  readonly lines: number
}

const FUNCTION = /^(\s*)(?:export )?(?:async )?function\b\*? ?([\w$]+)?.*[({]$/
const METHOD =
  /^(\s+)(?:(?:static|private|public|protected|override|readonly|async|get|set) )*\*?([\w$#]+)(?:<.*>)?\(.*[({]$/
const ARROW = /^(\s*)(?:export )?(?:const|let) ([\w$]+)\b.*(?:=> \{|\($|= \()$/
const NOT_METHODS = /^(?:if|for|while|switch|catch|return|do|with|super|function)$/

/** The named functions of a file with their length in lines, from signature to closing brace. */
export function functionSizes(file: SourceFile): FunctionSize[] {
  const lines = file.code.split('\n')
  const sizes: FunctionSize[] = []
  for (const [index, line] of lines.entries()) {
    const match = FUNCTION.exec(line) ?? METHOD.exec(line) ?? ARROW.exec(line)
    const name = match?.[2] ?? ''
    if (match === null || NOT_METHODS.test(name)) continue
    const end = blockEnd(lines, index, match[1] ?? '')
    if (end >= 0) sizes.push({ name, line: index + 1, lines: end - index + 1 })
  }
  return sizes
}

/** The line that closes the function whose signature begins at `start`; -1 when it is a call and no function. */
function blockEnd(lines: readonly string[], start: number, indent: string): number {
  for (let at = start + 1; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (!line.startsWith(indent) || line[indent.length] === ' ' || line.trim() === '') continue
    const first = line[indent.length]
    if (first === '}') return at
    if (first === ')' && line.endsWith('{')) continue
    return -1
  }
  return -1
}
