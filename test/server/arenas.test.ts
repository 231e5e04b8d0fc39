// The arenas are reserved when somebody needs them first: a start has none, and PING is answered without.

import { expect, test } from 'bun:test'
import { Engine } from '../support/engine.ts'
import { bytesOf, request } from '../support/resp.ts'

const OK = { simple: 'OK' }
const PONG = { simple: 'PONG' }
const LARGE = { maxmemory: '8gb' }

test('PING needs no arenas; what comes behind it in the same chunk finds its keys in them', () => {
  using engine = new Engine(LARGE, 1, 'later')
  const { keys } = engine.server
  const client = engine.connect()
  expect(client.call('PING')).toEqual(PONG)
  expect(keys.hasArenas).toBe(false)
  const chunk = [['PING'], ['SET', 'a', '1'], ['SET', 'ns/b', '2'], ['MGET', 'a', 'ns/b', 'c'], ['DBSIZE']]
  client.send(bytesOf(chunk.map(words => request(words)).join('')))
  expect(client.replies()).toEqual([PONG, OK, OK, ['1', '2', null], 2])
  expect([keys.hasArenas, keys.shards.length]).toEqual([true, 16])
})

test('what was allocated before any key is the same number as soon as somebody can ask', () => {
  using engine = new Engine(LARGE, 1, 'later')
  const { keys } = engine.server
  expect(keys.allocatedBytes()).toBe(keys.startupBytes)
  engine.connect().call('EXISTS', 'a')
  expect(keys.allocatedBytes()).toBe(keys.startupBytes)
  engine.connect().call('SET', 'a', '1')
  expect(keys.allocatedBytes()).toBeGreaterThan(keys.startupBytes)
})

test('a load and a save reserve them', () => {
  using engine = new Engine({}, 1, 'later')
  const { keys, snapshots } = engine.server
  snapshots.save()
  expect(keys.hasArenas).toBe(true)
  using other = new Engine({ 'persist-path': engine.config.persistPath }, 1, 'later')
  for (const _ of other.server.snapshots.load());
  expect(other.server.keys.hasArenas).toBe(true)
})
