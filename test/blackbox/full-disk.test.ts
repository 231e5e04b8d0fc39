// Snapshots that cannot be written, as a user meets them: a file system that is full (a small tmpfs; where the tests may not
// mount one, that test is left out), a directory that takes no files. The old file stays, the reason is told, writes are
// refused as configured, reads go on, and all is well again once there is room.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Raw } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

setDefaultTimeout(60_000)

const SMALL = '-o size=2m'

function mount(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'kvns-full-'))
  if (spawnSync('mount', ['-t', 'tmpfs', ...SMALL.split(' '), 'none', directory]).status === 0) return directory
  rmdirSync(directory)
  return undefined
}

const directory = mount()

function unmount(): void {
  if (directory === undefined) return
  spawnSync('umount', ['-l', directory])
  rmdirSync(directory)
}

const MISCONF = "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."

/** Waits until INFO says so of the last background save. */
async function until(raw: Raw, line: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    raw.text = ''
    await raw.send('INFO persistence\r\n').until('INFO', () => raw.text.includes('module_fork_last_cow_size:0\r\n'))
    if (raw.text.includes('rdb_bgsave_in_progress:0') && raw.text.includes(line)) break
    await Bun.sleep(20)
  }
  expect(raw.text).toContain(line)
}

async function ask(raw: Raw, words: string): Promise<string> {
  raw.text = ''
  await raw.send(`${words}\r\n`).until('a reply', () => raw.text.endsWith('\r\n'))
  return raw.text
}

test.skipIf(directory === undefined)(
  'on a full disk writes stop, the old file stays, and room makes it good',
  async () => {
    try {
      const path = join(directory ?? '', 'snapshot')
      await using server = await startServer({
        env: { KVNS_PERSIST_PATH: path },
        flags: ['--enable-debug-command', 'yes'],
      })
      using raw = await Raw.open(server.port)
      await ask(raw, 'SET before 1')
      expect(await ask(raw, 'SAVE')).toBe('+OK\r\n')
      const old = readFileSync(path)
      await ask(raw, 'DEBUG POPULATE 60000 fill 100')
      await ask(raw, 'BGSAVE')
      await until(raw, 'rdb_last_bgsave_status:err')
      expect(raw.text).toMatch(/rdb_last_bgsave_error:ENOSPC/)
      expect(server.process.stdout).toContain('the snapshot was not saved: ENOSPC')
      expect(readFileSync(path)).toEqual(old)
      expect(readdirSync(directory ?? '')).toEqual(
        ['snapshot', 'snapshot.namespaces'].slice(0, readdirSync(directory ?? '').length),
      )
      expect(await ask(raw, 'SET after 1')).toStartWith(MISCONF)
      expect(await ask(raw, 'PING')).toStartWith(MISCONF)
      expect(await ask(raw, 'GET before')).toBe('$1\r\n1\r\n')
      expect(await ask(raw, 'MULTI')).toBe('+OK\r\n')
      expect(await ask(raw, 'SET after 1')).toStartWith(MISCONF)
      expect(await ask(raw, 'EXEC')).toStartWith('-EXECABORT')
      expect(await ask(raw, 'SAVE')).toStartWith('-ERR')
      expect(await ask(raw, 'CONFIG SET stop-writes-on-bgsave-error no')).toBe('+OK\r\n')
      expect(await ask(raw, 'SET after 1')).toBe('+OK\r\n')
      expect(await ask(raw, 'CONFIG SET stop-writes-on-bgsave-error yes')).toBe('+OK\r\n')
      spawnSync('mount', ['-o', 'remount,size=64m', directory ?? ''])
      await ask(raw, 'BGSAVE')
      await until(raw, 'rdb_last_bgsave_status:ok')
      expect(raw.text).toContain('rdb_last_bgsave_error:none\r\n')
      expect(await ask(raw, 'SET after 2')).toBe('+OK\r\n')
      expect(readFileSync(path).length).toBeGreaterThan(4 << 20)
    } finally {
      unmount()
    }
  },
)

test('where no file can be made a snapshot is an error with its reason, and service goes on', async () => {
  await using server = await startServer({ env: { KVNS_PERSIST_PATH: '/proc/kvns/snapshot' } })
  using raw = await Raw.open(server.port)
  await ask(raw, 'SET k 1')
  // Who saves by hand is told; writes stop when a save in the background fails.
  expect(await ask(raw, 'SAVE')).toStartWith('-ERR')
  expect(await ask(raw, 'SET k 1')).toBe('+OK\r\n')
  await ask(raw, 'BGSAVE')
  await until(raw, 'rdb_last_bgsave_status:err')
  expect(raw.text).toMatch(/rdb_last_bgsave_error:E[A-Z]+: /)
  expect(await ask(raw, 'SET k 2')).toStartWith(MISCONF)
  expect(await ask(raw, 'GET k')).toBe('$1\r\n1\r\n')
  await ask(raw, 'CONFIG SET stop-writes-on-bgsave-error no')
  expect(await ask(raw, 'SET k 2')).toBe('+OK\r\n')
})
