// A server that nobody talks to: it wakes up little more often than its tick, and is at its work at once when somebody does.

import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { encode, Peer } from '../../scripts/support/peer.ts'
import { startServer } from '../support/server.ts'

/** The compiler is still at work on what has just run, and the engine collects once a second. */
const SETTLED_MS = 5000
const WATCHED_MS = 2000
/** Ten ticks a second, and what the engine itself does. A server that looks for expired keys all the time wakes 45 times. */
const MOST_A_SECOND = 30
/** A key is gone so soon after its time. */
const MOST_LATE_MS = 100
const LIFETIME_MS = 20

/** How often the main thread has gone to sleep. */
function sleeps(pid: number): number {
  const status = readFileSync(`/proc/${pid}/task/${pid}/status`, 'utf8')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])
}

test.skipIf(process.platform !== 'linux')('an idle server sleeps', async () => {
  await using server = await startServer({ flags: [] })
  const pid = server.process.child.pid ?? 0
  await Bun.sleep(SETTLED_MS)
  const before = sleeps(pid)
  await Bun.sleep(WATCHED_MS)
  expect((sleeps(pid) - before) / (WATCHED_MS / 1000)).toBeLessThan(MOST_A_SECOND)
})

test('a key that comes after a rest is gone at its time, also when nobody says anything more', async () => {
  await using server = await startServer({ flags: ['--notify-keyspace-events', 'Ex'] })
  using listener = await Peer.open(server.port)
  using writer = await Peer.open(server.port)
  await listener.ask(encode(['SUBSCRIBE', '__keyevent@0__:expired']), 1)
  const late: number[] = []
  for (let i = 0; i < 8; i++) {
    // Each time at another moment between two ticks.
    await Bun.sleep(500 + 13 * i)
    const due = performance.now() + LIFETIME_MS
    await writer.ask(encode(['SET', `k${i}`, 'v', 'PX', String(LIFETIME_MS)]), 1)
    await listener.ask('', 1)
    late.push(performance.now() - due)
  }
  // The quickest half: the machine may be busy with other things.
  late.sort((a, b) => a - b)
  expect(late[3]).toBeLessThan(MOST_LATE_MS)
})
