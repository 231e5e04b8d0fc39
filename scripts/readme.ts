// Writes the generated parts of README.md: what stands between `<!-- NAME -->` and `<!-- /NAME -->` is computed from
// the tables in the code, so the README cannot say anything the program does not do. `npm run readme` rewrites the
// file; the tidy test compares.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '..')

interface Section {
  readonly name: string
  /** The module, relative to the project, and its function that returns the Markdown. */
  readonly module: string
  readonly generator: string
}

const SECTIONS: readonly Section[] = [
  { name: 'commands', module: 'src/commands/reference.ts', generator: 'commandsTable' },
  { name: 'settings', module: 'src/server/config/help.ts', generator: 'settingsTable' },
]

/**
 * The README's text with every generated part brought up to date. A part that the text has no markers for is an error:
 * otherwise deleting a marker would silence the check.
 */
export async function readmeInStep(text: string): Promise<string> {
  let result = text
  for (const section of SECTIONS) {
    if (!existsSync(join(ROOT, section.module))) continue
    const open = `<!-- ${section.name} -->`
    const close = `<!-- /${section.name} -->`
    const start = result.indexOf(open)
    const end = result.indexOf(close)
    if (start < 0 || end < start) throw new Error(`README.md has no ${open} … ${close}`)
    const fresh = await generate(section)
    result = `${result.slice(0, start + open.length)}\n${fresh.trim()}\n${result.slice(end)}`
  }
  return result
}

async function generate(section: Section): Promise<string> {
  const module: Record<string, unknown> = await import(join(ROOT, section.module))
  const generator = module[section.generator]
  if (typeof generator !== 'function') throw new Error(`${section.module} exports no function ${section.generator}`)
  return String(generator())
}

if (import.meta.main) {
  const path = join(ROOT, 'README.md')
  writeFileSync(path, await readmeInStep(readFileSync(path, 'utf8')))
}
