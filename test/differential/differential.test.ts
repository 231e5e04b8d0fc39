// A short run of scripts/differential.ts, and that its judge is strict where it should be.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { installed } from '../../scripts/support/run.ts'
import { campaign, describe as shown } from './campaign.ts'
import { agree } from './compare.ts'
import { Generator } from './generator.ts'
import { besideRedis } from './servers.ts'
import { replyEnd } from './wire.ts'

setDefaultTimeout(30_000)

const COMMANDS = 20_000
const hasRedis = installed('redis-server')
if (!hasRedis) process.stderr.write('skipped: no redis-server to compare with (apt-get install redis-server)\n')

test.if(hasRedis)(`${COMMANDS} random commands get from us what Redis 7.0 answers`, async () => {
  const differences: string[] = []
  const seed = Number(Bun.env.KVNS_SEED ?? Math.floor(Math.random() * 2 ** 31))
  await besideRedis(ports =>
    campaign(ports, {
      commands: COMMANDS,
      seed,
      onDifference: difference => differences.push(shown(difference)) < 3,
    }),
  )
  expect(differences.join('\n')).toBe('')
})

test('a seed gives the same commands each time', () => {
  const [a, b] = [new Generator(7), new Generator(7)]
  for (let i = 0; i < 1000; i++) expect(a.next()).toEqual(b.next())
})

test('another value, another type, a null for nothing and a time far off are differences', () => {
  expect(agree(['get', 'a'], '$1\r\nx\r\n', '$1\r\ny\r\n')).toBe(false)
  expect(agree(['keys', '*'], '*1\r\n$1\r\nx\r\n', '*1\r\n$1\r\ny\r\n')).toBe(false)
  expect(agree(['keys', '*'], '*1\r\n$1\r\nx\r\n', '*2\r\n$1\r\nx\r\n$1\r\nx\r\n')).toBe(false)
  expect(agree(['randomkey'], '$-1\r\n', '$1\r\ny\r\n')).toBe(false)
  expect(agree(['randomkey'], '_\r\n', '$-1\r\n')).toBe(false)
  expect(agree(['ttl', 'a'], ':-1\r\n', ':0\r\n')).toBe(false)
  expect(agree(['ttl', 'a'], ':100\r\n', ':200\r\n')).toBe(false)
  expect(agree(['time'], '-ERR a\r\n', '-ERR b\r\n')).toBe(false)
  expect(agree(['scan', '0'], '*2\r\n$1\r\n0\r\n*0\r\n', '*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n')).toBe(false)
})

test('order, clocks and chance are none', () => {
  expect(agree(['keys', '*'], '*2\r\n$1\r\nx\r\n$1\r\ny\r\n', '*2\r\n$1\r\ny\r\n$1\r\nx\r\n')).toBe(true)
  expect(agree(['PTTL', 'a'], ':1000\r\n', ':990\r\n')).toBe(true)
  expect(agree(['RandomKey'], '$1\r\nx\r\n', '$1\r\ny\r\n')).toBe(true)
  const greeting = (id: number) => `*2\r\n$2\r\nid\r\n:${id}\r\n`
  expect(agree(['hello'], greeting(4), greeting(9))).toBe(true)
})

test('the end of a reply is found wherever the bytes are cut', () => {
  const whole = Buffer.from('*3\r\n$2\r\n\r\n\r\n%1\r\n:1\r\n_\r\n=5\r\ntxt:a\r\n+OK\r\n')
  const end = whole.length - 5
  for (let cut = 0; cut < end; cut++) expect(replyEnd(whole.subarray(0, cut), 0)).toBe(-1)
  expect(replyEnd(whole, 0)).toBe(end)
  expect(replyEnd(whole, end)).toBe(whole.length)
})
