// What a crash can leave behind, and what it cannot: a file that ends anywhere is cut after its last whole command or
// transaction, everything else is refused with the file and the offset.

import { expect, test } from 'bun:test'
import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../support/engine.ts'
import { AofDirectory, digest } from './engines.ts'
import { logged } from './files.ts'

const FIRST = 'appendonly.aof.1.incr.aof'

/** A directory whose file has these bytes; `load` reads it and says what there is. */
class Made extends AofDirectory {
  readonly file = join(this.files, FIRST)

  constructor(bytes: string) {
    super()
    this.engine()[Symbol.dispose]()
    writeFileSync(this.file, bytes, 'latin1')
  }

  load(settings: Settings = {}): string {
    using engine = this.engine(settings)
    expect(engine.bugs).toEqual([])
    return digest(engine)
  }
}

const command = (...words: string[]): string =>
  `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

test('a file that is cut at any byte is read up to its last whole command or transaction', () => {
  const parts = [
    command('SELECT', '0') + command('SET', 'a', '1'),
    command('INCR', 'a'),
    command('MULTI') + command('INCR', 'a') + command('RPUSH', 'l', 'x') + command('EXEC'),
    command('SET', 'binary', '\r\n*3\r\n$3'),
    `#TS:1700000000\r\n${command('INCR', 'a')}`,
  ]
  const ends = parts.map((_, i) => parts.slice(0, i + 1).join('').length)
  const states = [0, ...ends].map(end => {
    using made = new Made(parts.join('').slice(0, end))
    return made.load()
  })
  expect(new Set(states).size).toBe(states.length)
  for (let cut = 0; cut <= (ends.at(-1) ?? 0); cut++) {
    using made = new Made(parts.join('').slice(0, cut))
    const whole = ends.filter(end => end <= cut).length
    expect([cut, made.load()]).toEqual([cut, states[whole] as string])
    if (cut % 8 !== 0) continue
    // It was cut there, and what is written next is read after it.
    expect(made.load({ 'aof-load-truncated': 'no' })).toBe(states[whole] as string)
    appendFileSync(made.file, command('SET', 'more', '1'))
    expect(logged(made.files).at(-1)).toBe('SET more 1')
    made.load({ 'aof-load-truncated': 'no' })
  }
}, 60_000)

test('a file that is cut is refused where aof-load-truncated says so, and is left as it is', () => {
  using made = new Made(command('SET', 'a', '1') + command('SET', 'b', '2').slice(0, -1))
  const before = readFileSync(made.file)
  expect(() => made.load({ 'aof-load-truncated': 'no' })).toThrow(/Unexpected end of file .*incr\.aof after offset 27/)
  expect(readFileSync(made.file)).toEqual(before)
})

test.each([
  ['!!!'],
  ['*x\r\n'],
  ['*0\r\n'],
  ['*-1\r\n'],
  ['*1\r\nGET'],
  ['*1\r\n$-1\r\n'],
  ['*2\r\n$3\r\nDEL\r\n:1\r\n'],
  ['*2\r\n$3\r\nDEL\r\n$1\r\nab\r\n'],
  [`*1\r\n$${'1'.repeat(20)}\r\n`],
  ['*'.padEnd(3000, '1')],
])('%j is no command: the server refuses to start, and says where', bytes => {
  using made = new Made(command('SET', 'a', '1') + bytes + command('SET', 'b', '1'))
  expect(() => made.load()).toThrow(/Bad file format .*appendonly\.aof\.1\.incr\.aof at offset 27/)
})

test('a command that nobody knows, or that changes no data, is refused', () => {
  for (const words of [['NOSUCH', 'x'], ['SHUTDOWN'], ['CONFIG', 'SET', 'maxmemory', '1']]) {
    using made = new Made(command('SET', 'a', '1') + command(...words))
    expect(() => made.load()).toThrow(/cannot be loaded: .* at offset 27/)
  }
})

test('only the last file may be cut, and all files must be there', () => {
  using made = new Made(command('SET', 'a', '1'))
  const manifest = join(made.files, 'appendonly.aof.manifest')
  writeFileSync(join(made.files, 'second'), command('SET', 'b', '1'))
  appendFileSync(manifest, 'file second seq 2 type i\n')
  made.load()
  truncateSync(made.file, statSync(made.file).size - 3)
  expect(() => made.load()).toThrow(/truncated file is not the last file/)
  rmSync(made.file)
  expect(() => made.load()).toThrow(/incr.aof doesn't exist/)
})

test.each([
  ['', /empty AOF manifest/],
  ['file a seq 1 type b', /too long line/],
  ['file a seq 1\n', /Invalid AOF manifest file format, at line 1/],
  ['file a seq 1 type i\nfile b seq 1 type i\n', /non-monotonic sequence number, at line 2/],
  ['file a seq 1 type b\nfile b seq 2 type b\n', /duplicate base file/],
  ['file a/b seq 1 type b\n', /just a filename/],
  ['file a seq 1 type x\n', /Unknown AOF file type/],
  [`file ${'a'.repeat(1100)} seq 1 type b\n`, /too long line/],
])('the manifest %j is refused', (text, reason) => {
  using made = new Made('')
  writeFileSync(join(made.files, 'appendonly.aof.manifest'), text)
  expect(() => made.load()).toThrow(reason)
})

test('a manifest may have comments, other words and names in quotes', () => {
  using made = new Made('')
  writeFileSync(join(made.files, 'a b'), command('SET', 'a', '1'))
  writeFileSync(
    join(made.files, 'appendonly.aof.manifest'),
    '# ours\nFILE "a b" SEQ 1 TYPE i later 7\nfile old seq 1 type h\n',
  )
  made.load()
  const text = readFileSync(join(made.files, 'appendonly.aof.manifest'), 'latin1')
  expect(text).toBe('file old seq 1 type h\nfile "a b" seq 1 type i\n')
})
