// What the compiler and the linter cannot hold: layers, synchronous core, injected time, sizes, file heads, README.
// Each test reads the source as text and lists every place that breaks its rule.

import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { readmeInStep } from '../scripts/readme.ts'
import { ASYNC_FOLDERS, FOLDERS, layerOverrides, mayImport, TIME_AND_CHANCE } from '../scripts/support/layers.ts'
import { codeOnly, functionSizes, importsOf, ROOT, type SourceFile, sourceFiles } from '../scripts/support/source.ts'

const MAX_FILE_LINES = 600
const MAX_FUNCTION_LINES = 80

const src = sourceFiles('src')
const all = [...src, ...sourceFiles('test', 'scripts')]

const folderOf = (file: SourceFile) => (file.path.split('/').length > 2 ? (file.path.split('/')[1] ?? '') : '')
const core = src.filter(file => folderOf(file) !== '' && !ASYNC_FOLDERS.includes(folderOf(file)))

/** `path:line` of every match of `pattern` in the code of `files`. */
function places(files: readonly SourceFile[], pattern: RegExp, pick: 'code' | 'text' = 'code'): string[] {
  const found: string[] = []
  for (const file of files) {
    for (const [index, line] of file[pick].split('\n').entries()) {
      if (pattern.test(line)) found.push(`${file.path}:${index + 1}`)
    }
  }
  return found
}

function badImports(file: SourceFile): string[] {
  const folder = folderOf(file)
  if (folder === '') return []
  return importsOf(file)
    .filter(name => name.startsWith('.'))
    .map(name => relative(join(ROOT, 'src'), join(ROOT, dirname(file.path), name)))
    .filter(path => !mayImport(folder, path))
    .map(path => `${file.path} imports ${path}`)
}

describe('layers', () => {
  test('every folder of src has a place in the table', () => {
    expect([...new Set(src.map(folderOf))].filter(folder => folder !== '' && !FOLDERS.includes(folder))).toEqual([])
  })

  test('imports go downwards only, and only server reads requests', () => {
    expect(src.flatMap(badImports)).toEqual([])
  })

  test('the lint rules of biome.json are the ones the table asks for', () => {
    const biome = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'))
    expect(biome.overrides).toEqual(layerOverrides())
  })

  test('product code imports nothing from test/ or scripts/', () => {
    const outside = (name: string) => /^(\.\.\/)+(test|scripts)\//.test(name)
    expect(src.filter(file => importsOf(file).some(outside)).map(file => file.path)).toEqual([])
  })
})

describe('the core', () => {
  test('below server/ and persist/ nothing is asynchronous', () => {
    expect(places(core, /\basync\b|\bawait\b|\bPromise\b|\bsetTimeout\b|\bsetImmediate\b|\bqueueMicrotask\b/)).toEqual(
      [],
    )
  })

  // The modules are compiled into one. A loop in its body that turns often makes the engine compile all of the body: 20 ms
  // of every start and 8 MB. Loops inside of functions are compiled with their function.
  test('no module has a loop outside of its functions', () => {
    expect(places(src, /^(?:for|while|do)\b/)).toEqual([])
  })

  // And whatever one of them imports from the engine every start loads: node:net took 3 ms of it, node:crypto 2.
  test('from the engine nothing is imported that a start can do without', () => {
    const engine = src.flatMap(importsOf).filter(name => /^(?:node|bun)\b/.test(name))
    expect([...new Set(engine)].sort()).toEqual(['bun', 'bun:ffi', 'bun:jsc', 'node:fs', 'node:os', 'node:path'])
  })

  test('time and chance come only from the injected clock and random', () => {
    const files = core.filter(file => !TIME_AND_CHANCE.includes(file.path))
    const machine = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\bBun\.nanoseconds\b|\bhrtime\b/
    expect(places(files, machine)).toEqual([])
  })
})

describe('every file', () => {
  test(`has at most ${MAX_FILE_LINES} lines`, () => {
    const long = all.filter(file => file.text.split('\n').length > MAX_FILE_LINES)
    expect(long.map(file => `${file.path}: ${file.text.split('\n').length}`)).toEqual([])
  })

  test('of src and scripts opens with a comment that says what it is for', () => {
    const bare = all.filter(file => !file.path.startsWith('test/') && !/^(?:#!.*\n)?(?:\/\/ ?\S|\/\*)/.test(file.text))
    expect(bare.map(file => file.path)).toEqual([])
  })

  test('of src carries no `any`, no reminder and no console', () => {
    expect(places(src, /(?:[:<|&,(]|\bas)\s*any\b/)).toEqual([])
    expect(places(src, /\bconsole\./)).toEqual([])
    expect(places(src, /\b(?:TODO|FIXME)\b/, 'text')).toEqual([])
  })
})

test(`a function has at most ${MAX_FUNCTION_LINES} lines`, () => {
  const long = all
    .filter(file => !file.path.startsWith('test/'))
    .flatMap(file => functionSizes(file).map(size => ({ ...size, path: file.path })))
    .filter(size => size.lines > MAX_FUNCTION_LINES)
  expect(long.map(size => `${size.path}:${size.line} ${size.name}: ${size.lines}`)).toEqual([])
})

// Until the table of commands is there, there is nothing to generate the README from.
test.if(existsSync(join(ROOT, 'src/commands/table.ts')))(
  'README.md is in step with the tables in the code',
  async () => {
    const text = readFileSync(join(ROOT, 'README.md'), 'utf8')
    expect(await readmeInStep(text)).toBe(text)
  },
)

describe('the reading itself', () => {
  const file = (text: string): SourceFile => ({ path: 'src/x/y.ts', text, code: codeOnly(text) })

  test('words in comments, strings and regular expressions are not code', () => {
    const text = "const a = 'await' // await\nconst b = /[/]await/ /* await */\nconst c = `await` + d / await / 2"
    expect(codeOnly(text).match(/await/g)).toHaveLength(1)
    expect(codeOnly(text).split('\n')).toHaveLength(3)
  })

  test('functions, methods and arrow functions are measured, calls are not', () => {
    const text = [
      'function one(',
      '  a: number,',
      '): void {',
      '  call(',
      '    a,',
      '  )',
      '  if (a) {',
      '  }',
      '}',
      'class K {',
      '  two(): void {',
      '    one(1)',
      '  }',
      '}',
      'const three = () => {',
      '}',
    ].join('\n')
    expect(functionSizes(file(text)).map(({ name, lines }) => [name, lines])).toEqual([
      ['one', 9],
      ['two', 3],
      ['three', 2],
    ])
  })

  test('imports are found in one line, in several, as types, in export-from and in import()', () => {
    const text =
      "import { a } from './a.ts'\nimport {\n  b,\n} from './b.ts'\nimport type { C } from './c.ts'\nexport { d } from './d.ts'\nconst e = await import('./e.ts')\nimport './f.ts'\n"
    expect(importsOf(file(text))).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts'])
  })

  test('the layer table forbids what it should', () => {
    expect(mayImport('values', 'resp/writer.ts')).toBe(true)
    expect(mayImport('values', 'resp/parser.ts')).toBe(false)
    expect(mayImport('server', 'resp/parser.ts')).toBe(true)
    expect(mayImport('memory', 'values/string.ts')).toBe(false)
    expect(mayImport('memory', 'resp/writer.ts')).toBe(false)
    expect(mayImport('bytes', 'main.ts')).toBe(false)
  })
})
