// Kill -9 at random moments of a process that saves all the time: what is on disk is always one whole generation.
// KVNS_LONG_TESTS=1 kills it 1000 times.

import { expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadSnapshot } from '../../src/persist/loader.ts'
import { runToEnd } from '../../src/persist/loading.ts'
import { get, inDirectory, makeKeyspace } from './keyspaces.ts'
import { KEYS } from './save-loop.ts'

const KILLS = Bun.env.KVNS_LONG_TESTS === '1' ? 1000 : 100
/** A process lives at most this long after its start; longer when that is too short for a single save. */
const MIN_WINDOW_MS = 25
const LIMIT_MS = KILLS === 100 ? 20_000 : 600_000

test(
  'a process killed while it saves leaves a file that loads, with all keys of one save',
  () =>
    inDirectory(async directory => {
      const path = join(directory, 'a')
      const keys = makeKeyspace()
      const stopAt = Date.now() + LIMIT_MS
      const leftBehind = new Set<string>()
      let reached = 0
      let windowMs = MIN_WINDOW_MS
      let kills = 0
      for (; kills < KILLS && Date.now() < stopAt; kills++) {
        const child = Bun.spawn([process.execPath, join(import.meta.dir, 'save-loop.ts'), path], {
          stdout: 'pipe',
          stderr: 'inherit',
        })
        const { value } = await child.stdout.getReader().read()
        expect(Buffer.from(value ?? []).toString()).toBe('begin\n')
        await Bun.sleep(Math.random() * windowMs)
        expect(child.exitCode).toBeNull()
        child.kill('SIGKILL')
        await child.exited
        const names = readdirSync(directory).filter(name => name !== 'a')
        expect(names.length).toBeLessThanOrEqual(1)
        for (const name of names) leftBehind.add(name)
        if (!existsSync(path)) {
          windowMs *= 1.3
          continue
        }
        keys.flushAll()
        runToEnd(loadSnapshot(keys, path))
        expect(keys.size(0)).toBe(KEYS + 1)
        const generation = get(keys, 'k0') ?? ''
        for (let i = 0; i < KEYS; i++)
          if (get(keys, `k${i}`) !== generation) throw new Error(`k${i} is of another save`)
        expect(get(keys, 'large')).toBe(`${generation} `.repeat(20_000))
        expect(Number(generation)).toBeGreaterThanOrEqual(reached)
        windowMs = Number(generation) === reached ? windowMs * 1.3 : Math.max(MIN_WINDOW_MS, windowMs * 0.8)
        reached = Number(generation)
      }
      // Otherwise none was killed in the middle of a save, or before the end of the first one.
      expect(leftBehind.size).toBeGreaterThan(0)
      expect(reached).toBeGreaterThan(kills / 10)
    }),
  LIMIT_MS + 30_000,
)
