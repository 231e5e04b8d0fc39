// A disk that is full: here a limit of the size of files, which can be lifted again. Writes are refused and nothing else,
// nothing that was answered is lost, and with appendfsync always the server ends rather than promise what it cannot keep.

import { expect, test } from 'bun:test'
import { ourEnvironment, Server } from '../../scripts/support/server.ts'
import { Wire } from '../differential/wire.ts'
import { PROGRAM } from '../support/server.ts'
import { AofDirectory } from './engines.ts'

const LIMIT_KIB = 256

async function withLimit(directory: AofDirectory, appendfsync: string): Promise<Server> {
  const flags = ['--appendonly', 'yes', '--appendfsync', appendfsync, '--dir', directory.path]
  const limited = ['bash', '-c', `ulimit -S -f ${LIMIT_KIB}; exec "$@"`, 'bash']
  return await Server.start({ name: 'kvns', argv: [...limited, ...PROGRAM, ...flags], env: ourEnvironment() })
}

/** Sets keys until one is refused, or the server is gone; returns how many were answered with OK, and the refusal. */
async function fill(wire: Wire): Promise<{ count: number; refusal: string }> {
  for (let count = 0; count < 1000; count++) {
    const [reply = ''] = await wire.batch([['SET', `key:${count}`, 'v'.repeat(1000)]]).catch(() => ['gone'])
    if (reply !== '+OK\r\n') return { count, refusal: reply }
  }
  throw new Error('nothing was refused')
}

const isPossible = process.platform === 'linux' && Bun.which('prlimit') !== null

test.skipIf(!isPossible).each(['everysec', 'no'])(
  'writes are refused while the disk is full, appendfsync %s',
  async appendfsync => {
    using directory = new AofDirectory()
    const server = await withLimit(directory, appendfsync)
    try {
      const wire = await Wire.open(server.port)
      const { count, refusal } = await fill(wire)
      expect(refusal).toBe('-MISCONF Errors writing to the AOF file: File too large\r\n')
      expect(await wire.batch([['PING'], ['GET', 'key:0'], ['DEL', 'key:0']])).toEqual([
        refusal,
        `$1000\r\n${'v'.repeat(1000)}\r\n`,
        refusal,
      ])
      const [info = ''] = await wire.batch([['INFO', 'persistence']])
      expect(info).toContain('aof_last_write_status:err')
      // What was answered and could not be written is in memory; half a command is nowhere.
      expect(directory.lines.length).toBeLessThanOrEqual(count + 1)
      Bun.spawnSync(['prlimit', '--pid', String(server.pid), '--fsize=unlimited'])
      for (let tries = 0; (await wire.batch([['SET', 'more', '1']]))[0] !== '+OK\r\n'; tries++) {
        if (tries > 100) throw new Error('it never goes on')
        await Bun.sleep(50)
      }
      server.child.kill('SIGKILL')
      using reader = directory.engine()
      expect(reader.connect().call('DBSIZE')).toBe(count + 1)
    } finally {
      await server.stop()
    }
  },
  30_000,
)

test.skipIf(!isPossible)(
  'with appendfsync always the server ends, and has all that it has answered',
  async () => {
    using directory = new AofDirectory()
    const server = await withLimit(directory, 'always')
    try {
      const { count, refusal } = await fill(await Wire.open(server.port))
      expect(refusal).toBe('gone')
      expect(server.log()).toContain("Can't recover from AOF write error when the AOF fsync policy is 'always'")
      using reader = directory.engine()
      expect(Number(reader.connect().call('DBSIZE'))).toBeGreaterThanOrEqual(count)
    } finally {
      await server.stop()
    }
  },
  30_000,
)
