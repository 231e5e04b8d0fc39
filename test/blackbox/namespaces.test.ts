// What NS SET and NS FREEZE have said outlives the server however it ends, and a file that does not say it stops the start.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Raw } from '../support/raw.ts'
import { directory, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

const SETTINGS =
  'NS SET a quota 1mb max-keys 1 default-ttl 100\r\n' +
  'NS FREEZE "b \\x00\\xff\\n"\r\n' +
  'NS FREEZE c\r\n' +
  'NS THAW c\r\n' +
  'NS SET d quota 5gb\r\n'

test('properties of namespaces survive a kill -9, and are in force again', async () => {
  using place = directory()
  const path = join(place.path, 'snapshot')
  const env = { KVNS_PERSIST_PATH: path }
  const first = await startServer({ dir: place.path, env })
  using raw = await Raw.open(first.port)
  await raw.send(`SET a/persisted 1\r\nSAVE\r\n${SETTINGS}`).expect('+OK\r\n'.repeat(7))
  first.process.child.kill('SIGKILL')
  await first.stop()
  expect(readFileSync(`${path}.namespaces`, 'latin1').split('\n').slice(1)).toEqual([
    '"a" quota 1048576 max-keys 1 default-ttl-ms 100000 frozen no',
    '"b \\x00\\xff\\n" quota 0 max-keys 0 default-ttl-ms 0 frozen yes',
    '"d" quota 5368709120 max-keys 0 default-ttl-ms 0 frozen no',
    'end 3',
    '',
  ])

  await using second = await startServer({ dir: place.path, env })
  using again = await Raw.open(second.port)
  await again
    .send('TTL a/persisted\r\nSET a/2 1\r\nSET "b \\x00\\xff\\n/k" 1\r\nDEL a/persisted\r\nSET a/2 1\r\nTTL a/2\r\n')
    .expect(
      ":-1\r\n-OOM command not allowed when keys >= 'max-keys' of namespace 'a'.\r\n" +
        "-READONLY namespace 'b ' is frozen.\r\n:1\r\n+OK\r\n:100\r\n",
    )
})

test('a file of properties that is not as it was written stops the start with a line that names it', async () => {
  using place = directory()
  const path = join(place.path, 'snapshot')
  const env = { KVNS_PERSIST_PATH: path }
  const file = `${path}.namespaces`
  for (const [text, reason] of [
    ['"a" quota 1 max-keys 0 default-ttl-ms 0 frozen no\n', 'it ends before its last line'],
    ['"a" quota x max-keys 0 default-ttl-ms 0 frozen no\nend 1\n', 'line 1'],
    ['"a" quota 1 max-keys 0 default-ttl-ms 0 frozen perhaps\nend 1\n', 'line 1'],
    ['"a" quota 1 max-keys 0 frozen no\nend 1\n', 'line 1'],
    ['# nothing\nend 1\n', 'line 2'],
    ['', ''],
  ] as const) {
    writeFileSync(file, text)
    const refusal = await startServer({ dir: place.path, env }).catch(error => String(error))
    expect(refusal).toContain(`${file} is damaged`)
    expect(refusal).toContain(reason)
    expect(readFileSync(file, 'utf8')).toBe(text)
  }
})

test('what cannot be written is not changed', async () => {
  using place = directory()
  const path = join(place.path, 'snapshot')
  await using server = await startServer({ dir: place.path, env: { KVNS_PERSIST_PATH: path } })
  using raw = await Raw.open(server.port)
  mkdirSync(`${path}.namespaces`)
  raw.send('NS FREEZE a\r\n')
  await raw.until('a refusal', () => /^-ERR nothing was changed, .*\r\n/.test(raw.text))
  rmSync(`${path}.namespaces`, { recursive: true })
  using other = await Raw.open(server.port)
  await other.send('SET a/k 1\r\nNS LIST\r\nNS FREEZE a\r\n').expect('+OK\r\n*1\r\n$1\r\na\r\n+OK\r\n')
})
