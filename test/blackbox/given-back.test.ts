// Memory that keys gave back is given back: after nine tenths of the keys have been deleted at random, the process takes less
// than half of what it took, without being told to, within seconds.

import { expect, test } from 'bun:test'
import { Chance } from '../../scripts/support/hostile-bytes.ts'
import { encode, Peer } from '../../scripts/support/peer.ts'
import { residentBytes } from '../../scripts/support/processes.ts'
import { startServer } from '../support/server.ts'

const KEYS = 50_000
const KEYS_AT_ONCE = 500
const MOST_WAIT_MS = 30_000
const LOOK_MS = 250
const LIMIT_MS = 90_000
const filling = 'f'.repeat(8192)

/** A key of any type, of 100 bytes to 8 KiB. */
function writeOf(key: number, chance: Chance): string[] {
  const bytes = Math.floor(2 ** (7 + chance.below(600) / 100))
  const width = 30 + chance.below(200)
  const elements = Array.from({ length: Math.ceil(bytes / width) }, (_, i) => `${i}${filling.slice(0, width)}`)
  switch (chance.below(6)) {
    case 0:
      return ['RPUSH', `k${key}`, ...elements]
    case 1:
      return ['HSET', `k${key}`, ...elements.flatMap(element => [element, element.slice(0, 20)])]
    case 2:
      return ['ZADD', `k${key}`, ...elements.flatMap((element, i) => [String(i), element])]
    case 3:
      return ['SADD', `k${key}`, ...elements]
    case 4:
      return ['SET', `k${key}`, filling.slice(0, bytes), 'EX', '100000']
    default:
      return ['SET', `k${key}`, filling.slice(0, bytes)]
  }
}

test(
  'resident memory falls below half when nine tenths of the keys are gone, and the keys that stay are what they were',
  async () => {
    await using server = await startServer({ flags: ['--memory-limit', '1gb', '--enable-debug-command', 'yes'] })
    const pid = server.process.child.pid ?? 0
    const chance = new Chance(9)
    using peer = await Peer.open(server.port)
    for (let from = 0; from < KEYS; from += KEYS_AT_ONCE) {
      let requests = ''
      for (let i = from; i < from + KEYS_AT_ONCE; i++) requests += encode(writeOf(i, chance))
      await peer.ask(requests, KEYS_AT_ONCE)
    }
    const before = residentBytes(pid)
    const gone = Array.from({ length: KEYS }, (_, i) => `k${i}`).filter(() => chance.below(10) !== 0)
    for (let from = 0; from < gone.length; from += KEYS_AT_ONCE) {
      await peer.ask(encode(['DEL', ...gone.slice(from, from + KEYS_AT_ONCE)]), 1)
    }
    const digest = await peer.ask(encode(['DEBUG', 'DIGEST']), 1)
    expect(digest).toMatch(/^\+[0-9a-f]{40}/)
    let waitedMs = 0
    for (; waitedMs < MOST_WAIT_MS && residentBytes(pid) >= before / 2; waitedMs += LOOK_MS) await Bun.sleep(LOOK_MS)
    expect(residentBytes(pid)).toBeLessThan(before / 2)
    expect(await peer.ask(encode(['DEBUG', 'DIGEST']), 1)).toBe(digest)
  },
  LIMIT_MS,
)
