// Loading in slices: each loader stops often, whoever is served in between finds the keyspace as its clients know it, and
// what is there at the end is what was written.

import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { saveJson } from '../../src/persist/json-lines.ts'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { type Load, SLICE_BYTES } from '../../src/persist/loading.ts'
import { saveRdb } from '../../src/persist/rdb/file-output.ts'
import { loadRdb } from '../../src/persist/rdb/load.ts'
import { saveSync } from '../../src/persist/writer.ts'
import { loadForeign } from '../../src/server/foreign.ts'
import type { Keyspace } from '../../src/store/keyspace.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount } from '../support/recount.ts'
import { bytesOf, request } from '../support/resp.ts'

const directory = mkdtempSync(join(tmpdir(), 'kvns-loading-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const many = (n: number, text: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => text(i))
const VALUE = 'v'.repeat(40)
const COMMANDS: readonly (readonly [string, ...string[]])[] = [
  ...many(5000, i => `k${i}`).map((key): [string, string, string] => ['SET', key, `${VALUE}${key}`]),
  ['SET', 'long', 'x'.repeat(1_000_000)],
  ['RPUSH', 'list', ...many(20_000, i => `${VALUE}${i}`)],
  ['SADD', 'set', ...many(20_000, i => `${VALUE}${i}`)],
  ['ZADD', 'zset', ...many(20_000, i => `${i} ${VALUE}${i}`).flatMap(pair => pair.split(' '))],
  ['HSET', 'hash', ...many(20_000, i => `f${i} ${VALUE}${i}`).flatMap(pair => pair.split(' '))],
  ['HSET', 'timed', ...many(3000, i => `f${i} ${VALUE}`).flatMap(pair => pair.split(' '))],
  ['HPEXPIRE', 'timed', '5000', 'FIELDS', '3000', ...many(3000, i => `f${i}`)],
]

const digestOf = (client: Client): unknown => client.call('DEBUG', 'DIGEST')

interface Format {
  readonly name: string
  /** Writes the keys of the server to `path`. */
  readonly write: (engine: Engine, path: string) => void
  readonly load: (engine: Engine, path: string) => Load<unknown>
}

const FORMATS: readonly Format[] = [
  {
    name: 'snapshot',
    write: ({ server }, path) => saveSync(server.keys, path, server.clock),
    load: ({ server }, path) => loadSnapshot(server.keys, path),
  },
  {
    name: 'RDB',
    write: ({ server, clock }, path) => void saveRdb(server.keys, path, clock.nowMs(), 'off'),
    load: ({ server }, path) => loadRdb(server.keys, path),
  },
  {
    name: 'JSON lines',
    write: ({ server }, path) => void saveJson(server.keys, path),
    load: ({ server }, path) => loadForeign(server, path),
  },
  {
    name: 'AOF',
    write: ({ server }, path) => writeAof(path, server.clock.nowMs()),
    load: ({ server }) => server.appendOnly.load(),
  },
]

/** The commands as a server logs them; a part of them as one transaction. */
function writeAof(path: string, nowMs: number): void {
  const pieces = COMMANDS.map(([name, ...rest]) =>
    name === 'HPEXPIRE'
      ? request(['HPEXPIREAT', rest[0] as string, String(nowMs + 5000), ...rest.slice(2)])
      : request([name, ...rest]),
  )
  pieces.splice(1000, 0, request(['MULTI']))
  pieces.splice(4000, 0, request(['EXEC']))
  const files = join(path, '..', 'appendonlydir')
  mkdirSync(files, { recursive: true })
  writeFileSync(join(files, 'appendonly.aof.1.incr.aof'), bytesOf(pieces.join('')))
  writeFileSync(join(files, 'appendonly.aof.manifest'), 'file appendonly.aof.1.incr.aof seq 1 type i\n')
}

function seenByClients({ limitBytes, arrivals, nowMs, db, binding, changing, dirty }: Keyspace): unknown {
  return { limitBytes, arrivals, nowMs, db, binding, changing, dirty }
}

describe.each(FORMATS)('$name', ({ name, write, load }) => {
  const path = join(directory, name.replace(' ', '-'), 'file')
  mkdirSync(join(path, '..'))
  using source = new Engine()
  const client = source.connect()
  for (const command of COMMANDS) client.call(...command)
  write(source, path)
  const written = digestOf(client)

  test('between slices the keyspace is that of its clients, and what is loaded is what was written', () => {
    using engine = new Engine({ dir: join(path, '..'), maxmemory: '100mb' })
    const { keys, dispatcher } = engine.server
    const user = engine.connect()
    user.call('SELECT', '9')
    user.call('PING')
    const { context } = dispatcher
    const { session, log } = context
    const before = seenByClients(keys)
    let slices = 0
    let last = 0
    const loading = load(engine, path)
    for (let step = loading.next(); step.done !== true; step = loading.next()) {
      const { loadedBytes, totalBytes } = step.value
      expect(loadedBytes).toBeGreaterThanOrEqual(last)
      // No slice reads much more than it should, but for the one command or value that is longer.
      expect(loadedBytes - last).toBeLessThan(1_000_000 + 2 * SLICE_BYTES)
      expect(totalBytes).toBeGreaterThanOrEqual(loadedBytes)
      last = loadedBytes
      expect(seenByClients(keys)).toEqual(before)
      expect(context.session).toBe(session)
      expect(context.log).toBe(log)
      expect(context.waiting.isAllowed).toBe(true)
      // Memory that others take meanwhile is not the loader's.
      if (slices++ < 50) {
        user.call('SET', `other${slices}`, 'x'.repeat(3000))
        keys.dirty = 0
      }
    }
    expect(slices).toBeGreaterThan(5)
    recount(keys)
    user.call('FLUSHDB')
    expect(digestOf(user)).toEqual(written)
  })

  test('a load that is given up leaves the keyspace to its clients, and no half a value', () => {
    for (const slices of [1, 5, 12]) {
      using engine = new Engine({ dir: join(path, '..') })
      const { keys } = engine.server
      const before = seenByClients(keys)
      const loading = load(engine, path)
      for (let i = 0; i < slices; i++) loading.next()
      loading.return(undefined)
      expect(seenByClients(keys)).toEqual(before)
      recount(keys)
    }
  })
})
