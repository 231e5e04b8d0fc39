// The layers of src/: which folder may import which. Everything else about layers is computed from this table: the
// lint rules in biome.json (the tidy test says what they must be) and the tidy test's own reading of the imports.
// Imports go downwards only; folders of one rank do not know each other.

/** Folders, lowest rank first. Folders in one row stand beside each other. */
const RANKS: readonly (readonly string[])[] = [
  ['bytes'],
  ['memory', 'resp'],
  ['values'],
  ['store'],
  ['session', 'pubsub', 'acl', 'persist', 'metrics', 'scripting'],
  ['tracking'],
  ['commands'],
  ['server'],
]

/** Only these may read requests off the wire; all others see arguments and write replies. */
const PARSER = 'resp/parser.ts'
const PARSER_READERS: readonly string[] = ['resp', 'server']

/** The folders below these run synchronously: a command is atomic because nothing can come between. */
export const ASYNC_FOLDERS: readonly string[] = ['server', 'persist']

/** The only files below `server/` and `persist/` that may ask the machine for time or chance. */
export const TIME_AND_CHANCE: readonly string[] = ['src/store/clock.ts', 'src/store/random.ts']

export const FOLDERS: readonly string[] = RANKS.flat()

/** The folders of src/ that the files of `folder` may import, itself included. */
function visibleFrom(folder: string): readonly string[] {
  const rank = RANKS.findIndex(row => row.includes(folder))
  if (rank < 0) throw new Error(`src/${folder} has no place in scripts/support/layers.ts`)
  return [...RANKS.slice(0, rank).flat(), folder]
}

/** Whether a file of `folder` may import `path` (relative to src/, as in `resp/writer.ts`). */
export function mayImport(folder: string, path: string): boolean {
  const target = path.split('/')[0] ?? ''
  // The version stands in one place.
  if (path === '../package.json') return folder === 'server'
  if (path === PARSER) return PARSER_READERS.includes(folder)
  return visibleFrom(folder).includes(target)
}

/** The `overrides` of biome.json that hold these rules: one row a folder. */
export function layerOverrides(): unknown[] {
  return FOLDERS.map(folder => {
    const visible = visibleFrom(folder)
    const group = FOLDERS.filter(other => !visible.includes(other)).map(other => `**/${other}/**`)
    if (!PARSER_READERS.includes(folder)) group.push(`**/${PARSER}`)
    group.push('**/main.ts')
    const options = { patterns: [{ group, message: `src/${folder} may import only ${visible.join(', ')}.` }] }
    return {
      includes: [`src/${folder}/**`],
      linter: { rules: { style: { noRestrictedImports: { level: 'error', options } } } },
    }
  })
}
