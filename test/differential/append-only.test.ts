// The append-only files of one server are read by the other, whatever their base is, and redis-check-aof finds them right.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, run } from '../../scripts/support/run.ts'
import { ourEnvironment, Server } from '../../scripts/support/server.ts'
import { directory, PROGRAM } from '../support/server.ts'
import { type Command, Wire } from './wire.ts'

setDefaultTimeout(60_000)

const REDIS = ['redis-server', '--port', '{port}', '--bind', '127.0.0.1', '--save', '']
const WRITES: readonly Command[] = [
  ['SET', 'ns/k', 'v', 'PX', '10000000'],
  ['RPUSH', 'list', ...Array.from({ length: 500 }, (_, i) => `e${i}`)],
  ['SADD', 'numbers', '1', '2', '70000'],
  ['ZADD', 'zset', '1.5', 'a', 'inf', 'b'],
  ['HSET', 'hash', 'f', 'x'.repeat(80)],
  ['SELECT', '3'],
  ['SET', 'elsewhere', '12'],
  ['SELECT', '0'],
]
const LATER: readonly Command[] = [
  ['INCR', 'counter'],
  ['LPOP', 'list'],
  ['MULTI'],
  ['SADD', 'numbers', 'x'],
  ['DEL', 'zset'],
  ['EXEC'],
]

async function started(argv: readonly string[], dir: string, preamble: string): Promise<Server> {
  const flags = [
    '--dir',
    dir,
    '--appendonly',
    'yes',
    '--aof-use-rdb-preamble',
    preamble,
    '--enable-debug-command',
    'yes',
  ]
  const env = argv === PROGRAM ? ourEnvironment() : {}
  return await Server.start({ name: 'aof', argv: [...argv, ...flags], env })
}

const READS: readonly Command[] = [
  ['DBSIZE'],
  ['GET', 'ns/k'],
  ['PEXPIRETIME', 'ns/k'],
  ['LLEN', 'list'],
  ['LRANGE', 'list', '-1', '-1'],
  ['SORT', 'numbers', 'ALPHA'],
  ['EXISTS', 'zset'],
  ['HGETALL', 'hash'],
  ['GET', 'counter'],
  ['SELECT', '3'],
  ['DBSIZE'],
  ['GET', 'elsewhere'],
]

/** What the server holds, after `work`; it is stopped then. */
async function held(server: Server, work: (wire: Wire) => Promise<void> = async () => undefined): Promise<string[]> {
  try {
    const wire = await Wire.open(server.port)
    await work(wire)
    const replies = await wire.batch([...READS])
    wire.close()
    return replies
  } finally {
    await server.stop()
  }
}

for (const [preamble, base] of [
  ['yes', 'appendonly.aof.2.base.rdb'],
  ['no', 'appendonly.aof.2.base.aof'],
] as const) {
  for (const [writer, reader, whose] of [
    [PROGRAM, REDIS, 'ours by redis-server'],
    [REDIS, PROGRAM, "redis-server's by ours"],
  ] as const) {
    test.if(installed('redis-server'))(`aof-use-rdb-preamble ${preamble}: ${whose}`, async () => {
      using place = directory()
      const files = join(place.path, 'appendonlydir')
      const written = await held(await started(writer, place.path, preamble), async wire => {
        await wire.batch([...WRITES, ['BGREWRITEAOF']])
        for (let i = 0; i < 200 && !existsSync(join(files, base)); i++) await Bun.sleep(20)
        await wire.batch([...LATER])
      })
      const manifest = join(files, 'appendonly.aof.manifest')
      expect(readFileSync(manifest, 'utf8')).toContain(`file ${base} seq 2 type b\n`)
      const checked = run(['redis-check-aof', manifest], { cwd: place.path, timeoutSeconds: 30 })
      expect([checked.code, checked.stdout]).toEqual([
        0,
        expect.stringContaining('All AOF files and manifest are valid'),
      ])
      expect(await held(await started(reader, place.path, preamble))).toEqual(written)
    })
  }
}
