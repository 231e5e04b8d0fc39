// The files of an append-only file, read as text.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The commands in RESP bytes, each a list of words; annotations are left out. */
export function commandsIn(bytes: Buffer): string[][] {
  const commands: string[][] = []
  let at = 0
  const line = (): string => {
    const end = bytes.indexOf('\r\n', at)
    const text = bytes.toString('latin1', at, end)
    at = end + 2
    return text
  }
  while (at < bytes.length) {
    const head = line()
    if (head.startsWith('#')) continue
    const words: string[] = []
    for (let left = Number(head.slice(1)); left > 0; left--) {
      const length = Number(line().slice(1))
      words.push(bytes.toString('latin1', at, at + length))
      at += length + 2
    }
    commands.push(words)
  }
  return commands
}

/** The commands of all incremental files in a directory, one line each, the name in capitals. */
export function logged(directory: string): string[] {
  if (!existsSync(directory)) return []
  const names = readdirSync(directory).filter(name => name.endsWith('.incr.aof'))
  return names.flatMap(name => commandsIn(readFileSync(join(directory, name)))).map(shown)
}

export function shown([name = '', ...rest]: readonly string[]): string {
  return [name.toUpperCase(), ...rest].join(' ')
}
