// `kvns import`, `kvns export` and --restore-from, as a shell runs them.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, run } from '../../scripts/support/run.ts'
import { Server } from '../../scripts/support/server.ts'
import { Raw } from '../support/raw.ts'
import { directory, runToEnd, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

/** Two keys, ns/a with 1 and b with a list of x, as redis-server 7.0.15 writes them; no checksum. */
const RDB = Buffer.from('52454449533030313000046e732f61c00112016201020a0a0000000100817802ffff0000000000000000', 'hex')

test('an RDB file becomes a snapshot, a snapshot an RDB file', async () => {
  using place = directory()
  const [rdb, snapshot, out] = ['in.rdb', 'snapshot', 'out.rdb'].map(name => join(place.path, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(rdb, RDB)
  const imported = await runToEnd(['import', rdb, '--persist-path', snapshot])
  expect(imported).toEqual({ code: 0, stdout: `imported 2 keys from ${rdb}; ${snapshot} has 2 keys now\n`, stderr: '' })
  const exported = await runToEnd(['export', out, '--persist-path', snapshot])
  expect(exported).toEqual({ code: 0, stdout: `exported 2 keys from ${snapshot} to ${out}\n`, stderr: '' })
  await using server = await startServer({ flags: ['--persist-path', snapshot] })
  using raw = await Raw.open(server.port)
  await raw.send('GET ns/a\r\nLRANGE b 0 -1\r\n').expect('$1\r\n1\r\n*1\r\n$1\r\nx\r\n')
  expect(readFileSync(out, 'latin1').slice(0, 9)).toBe('REDIS0010')
})

test('a snapshot becomes JSON lines, and those a snapshot', async () => {
  using place = directory()
  const [rdb, snapshot, json, other] = ['in.rdb', 'snapshot', 'out', 'other'].map(name =>
    join(place.path, name),
  ) as string[]
  writeFileSync(rdb ?? '', RDB)
  const words = [
    ['import', rdb, '--persist-path', snapshot],
    ['export', json, '--format', 'json', '--persist-path', snapshot],
    ['import', json, '--persist-path', other],
  ] as string[][]
  for (const each of words) expect(await runToEnd(each)).toMatchObject({ code: 0, stderr: '' })
  const lines = readFileSync(json ?? '', 'utf8')
    .trim()
    .split('\n')
  expect(lines.sort()).toEqual([
    '{"db":0,"key":"b","type":"list","value":["x"]}',
    '{"db":0,"key":"ns/a","type":"string","value":"1"}',
  ])
  const wrong = await runToEnd(['export', json ?? '', '--format', 'xml', '--persist-path', snapshot ?? ''])
  expect(wrong).toMatchObject({ code: 1, stderr: "kvns: command line: '--format': it is rdb, aof or json\n" })
})

test('a file that is damaged is named, and nothing is written', async () => {
  using place = directory()
  const [rdb, snapshot] = ['in.rdb', 'snapshot'].map(name => join(place.path, name)) as [string, string]
  writeFileSync(rdb, RDB.subarray(0, 30))
  const ended = await runToEnd(['import', rdb, '--persist-path', snapshot])
  expect(ended.code).toBe(1)
  expect(ended.stderr).toMatch(/^kvns: .*in\.rdb is damaged before byte \d+: the file ends too early\n$/)
  expect(existsSync(snapshot)).toBe(false)
  const nowhere = await runToEnd(['import', rdb])
  expect(nowhere.code).toBe(1)
  expect(nowhere.stderr).toContain('--persist-path')
})

test('--restore-from loads a file while there is no snapshot, and never over one', async () => {
  using place = directory()
  const [rdb, snapshot] = ['in.rdb', 'snapshot'].map(name => join(place.path, name)) as [string, string]
  writeFileSync(rdb, RDB)
  const flags = ['--restore-from', rdb, '--persist-path', snapshot]
  const first = await startServer({ flags })
  try {
    using raw = await Raw.open(first.port)
    await raw.send('GET ns/a\r\nDEL ns/a\r\n').expect('$1\r\n1\r\n:1\r\n')
    first.process.child.kill('SIGTERM')
    expect(await first.process.ended(5000)).toBe(0)
  } finally {
    await first.stop()
  }
  await using second = await startServer({ flags })
  using raw = await Raw.open(second.port)
  await raw.send('GET ns/a\r\nLLEN b\r\n').expect('$-1\r\n:1\r\n')
})

test("Redis's dump.rdb is loaded where the snapshot would be, never written over, and the snapshot beside it comes first", async () => {
  using place = directory()
  const [rdb, conf] = ['dump.rdb', 'redis.conf'].map(name => join(place.path, name)) as [string, string]
  writeFileSync(rdb, RDB)
  writeFileSync(conf, `dir ${place.path}\nport 0\nunixsocket ${join(place.path, 'socket')}\nsave 900 1\n`)
  const start = () => startServer({ dir: place.path, flags: [conf] })
  const first = await start()
  try {
    using raw = await Raw.open(join(place.path, 'socket'))
    await raw.send('GET ns/a\r\nSET ns/a new\r\nSAVE\r\n').expect('$1\r\n1\r\n+OK\r\n+OK\r\n')
    first.process.child.kill('SIGTERM')
    expect(await first.process.ended(5000)).toBe(0)
  } finally {
    await first.stop()
  }
  expect(readFileSync(rdb).equals(RDB)).toBe(true)
  expect(existsSync(`${rdb}.kvns`)).toBe(true)
  for (const isThere of [true, false]) {
    if (!isThere) rmSync(rdb)
    const next = await start()
    try {
      using raw = await Raw.open(join(place.path, 'socket'))
      await raw.send('GET ns/a\r\nLLEN b\r\n').expect('$3\r\nnew\r\n:1\r\n')
    } finally {
      await next.stop()
    }
  }
})

const request = (...words: string[]): string =>
  `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
const COMMANDS = [
  request('SELECT', '0'),
  request('RPUSH', 'list', 'a', 'b'),
  request('FLUSHALL'),
  request('RPUSH', 'list', 'c'),
  request('MULTI'),
  request('SET', 'ns/a', '2'),
  request('SET', 'gone', '1'),
  request('EXEC'),
  request('DEL', 'gone'),
].join('')

/** Every form of an append-only file with the keys list and ns/a, by what is named on the command line. */
const AOFS: readonly { readonly what: string; readonly write: (dir: string) => string }[] = [
  {
    what: 'one file',
    write: dir => {
      writeFileSync(join(dir, 'old.aof'), COMMANDS)
      return join(dir, 'old.aof')
    },
  },
  { what: 'a directory', write: dir => writeParts(dir) },
  { what: 'a manifest', write: dir => join(writeParts(dir), 'x.aof.manifest') },
  {
    what: 'an RDB file that commands follow',
    write: dir => {
      writeFileSync(join(dir, 'mixed'), Buffer.concat([RDB, Buffer.from(COMMANDS)]))
      return join(dir, 'mixed')
    },
  },
]

function writeParts(dir: string): string {
  const files = join(dir, 'parts')
  mkdirSync(files)
  writeFileSync(join(files, 'x.aof.1.base.rdb'), RDB)
  writeFileSync(join(files, 'x.aof.1.incr.aof'), COMMANDS)
  writeFileSync(
    join(files, 'x.aof.manifest'),
    'file x.aof.1.base.rdb seq 1 type b\nfile x.aof.1.incr.aof seq 1 type i\n',
  )
  return files
}

for (const { what, write } of AOFS) {
  test(`an append-only file is imported: ${what}; what it says is done where nothing is yet`, async () => {
    using place = directory()
    const [snapshot, json] = ['snapshot', 'out.json'].map(name => join(place.path, name)) as [string, string]
    writeFileSync(
      json,
      '{"db":0,"key":"list","type":"list","value":["old"]}\n{"db":0,"key":"kept","type":"string","value":"1"}\n',
    )
    // With save points a FLUSHALL empties the file, but not one of the past.
    const words = ['--persist-path', snapshot, '--save', '900 1']
    expect(await runToEnd(['import', json, ...words])).toMatchObject({ code: 0 })
    const file = write(place.path)
    const imported = await runToEnd(['import', file, ...words])
    expect(imported).toEqual({
      code: 0,
      stdout: `imported 2 keys from ${file}; ${snapshot} has 3 keys now\n`,
      stderr: '',
    })
    expect(readdirSync(place.path).filter(name => name.includes('import'))).toEqual([])
    await using server = await startServer({ flags: ['--persist-path', snapshot] })
    using raw = await Raw.open(server.port)
    await raw.send('GET ns/a\r\nLRANGE list 0 -1\r\nGET kept\r\n').expect('$1\r\n2\r\n*1\r\n$1\r\nc\r\n$1\r\n1\r\n')
  })
}

test('a last command that is cut off is left out and told of; damage is refused, and the files stay as they are', async () => {
  using place = directory()
  const [aof, snapshot] = ['a.aof', 'snapshot'].map(name => join(place.path, name)) as [string, string]
  const cutShort = COMMANDS + request('SET', 'k', 'v').slice(0, -4)
  writeFileSync(aof, cutShort)
  const words = ['import', aof, '--persist-path', snapshot]
  const refused = await runToEnd([...words, '--aof-load-truncated', 'no'])
  expect([refused.code, existsSync(snapshot)]).toEqual([1, false])
  expect(refused.stderr).toContain(`Unexpected end of file reading the append only file ${aof}`)
  const cut = await runToEnd(words)
  expect(cut.stdout).toContain('imported 2 keys (left out: a last command that is cut off) from')
  expect(readFileSync(aof, 'latin1')).toBe(cutShort)
  writeFileSync(aof, `${COMMANDS}*x\r\n${COMMANDS}`)
  const damaged = await runToEnd(words)
  expect([damaged.code, damaged.stderr]).toEqual([
    1,
    expect.stringContaining(`Bad file format reading the append only file ${aof}`),
  ])
  const nothing = await runToEnd(['import', place.path, '--persist-path', snapshot])
  expect(nothing).toMatchObject({ code: 1, stderr: `kvns: ${place.path} has no manifest of an append-only file\n` })
})

test('a snapshot becomes one append-only file, which redis-server and redis-check-aof take', async () => {
  using place = directory()
  const [rdb, snapshot, out] = ['in.rdb', 'snapshot', 'appendonly.aof'].map(name => join(place.path, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(rdb, RDB)
  expect(await runToEnd(['import', rdb, '--persist-path', snapshot])).toMatchObject({ code: 0 })
  expect(await runToEnd(['export', out, '--format', 'aof', '--persist-path', snapshot])).toEqual({
    code: 0,
    stdout: `exported 2 keys from ${snapshot} to ${out}\n`,
    stderr: '',
  })
  expect(readFileSync(out, 'latin1')).toContain(request('SET', 'ns/a', '1'))
  if (!installed('redis-server')) return
  expect(run(['redis-check-aof', out], { cwd: place.path, timeoutSeconds: 30 })).toMatchObject({ code: 0 })
  const redis = await Server.start({
    name: 'redis',
    argv: ['redis-server', '--port', '{port}', '--bind', '127.0.0.1', '--dir', place.path, '--appendonly', 'yes'],
  })
  try {
    using raw = await Raw.open(redis.port)
    await raw.send('GET ns/a\r\nLRANGE b 0 -1\r\nDBSIZE\r\n').expect('$1\r\n1\r\n*1\r\n$1\r\nx\r\n:2\r\n')
  } finally {
    await redis.stop()
  }
})
