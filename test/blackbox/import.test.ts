// `kvns import`, `kvns export` and --restore-from, as a shell runs them.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  expect(wrong).toMatchObject({ code: 1, stderr: "kvns: command line: '--format': it is rdb or json\n" })
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
