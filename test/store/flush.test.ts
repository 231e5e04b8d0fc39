// FLUSHDB over several shards is all or nothing, also where a shard has no room for the record that takes over.

import { expect, test } from 'bun:test'
import type { Shard } from '../../src/store/shard.ts'
import { type Client, Engine } from '../support/engine.ts'
import { recount, wholeState } from '../support/recount.ts'

const OOM = { error: 'OOM command not allowed when no arena has room for its data.' }

function filled(): { engine: Engine; client: Client; last: Shard } {
  const engine = new Engine({ maxmemory: '3gb' })
  const client = engine.connect()
  for (const db of ['1', '0']) {
    client.call('SELECT', db)
    for (let i = 0; i < 100; i++) client.call('MSET', `k${i}`, 'v', `ns/k${i}`, 'v')
  }
  const { shards } = engine.server.keys
  expect(shards.length).toBeGreaterThan(1)
  return { engine, client, last: shards.at(-1) as Shard }
}

for (const [name, bind, words] of [
  ['FLUSHDB', '', ['FLUSHDB']],
  ['FLUSHDB of a bound client', 'ns', ['FLUSHDB']],
  ['FLUSHALL of a bound client', 'ns', ['FLUSHALL']],
] as const) {
  test(`${name} changes nothing when the last shard has no room`, () => {
    const { engine, client, last } = filled()
    const { keys } = engine.server
    client.call('CLIENT', 'NAMESPACE', bind)
    const before = wholeState(keys)
    const allocated = keys.allocatedBytes()
    const make = last.newDatabase.bind(last)
    last.newDatabase = () => 0
    expect(client.call(...words)).toEqual(OOM)
    expect(wholeState(keys)).toEqual(before)
    expect(keys.allocatedBytes()).toBe(allocated)
    recount(keys)
    last.newDatabase = make
    expect(client.call(...words)).toEqual({ simple: 'OK' })
    expect(client.call('DBSIZE')).toBe(0)
    engine.sweep()
    recount(keys)
    expect(engine.bugs).toEqual([])
  })
}

test('what waits to be freed makes room for a flush', () => {
  const { engine, client, last } = filled()
  const { keys } = engine.server
  client.call('SELECT', '1')
  client.call('SET', 'more', '1')
  client.call('SELECT', '0')
  client.call('FLUSHDB')
  client.call('SET', 'again', '1')
  for (let i = 0; i < 50; i++) client.call('SET', `again${i}`, '1')
  const make = last.newDatabase.bind(last)
  last.newDatabase = () => (engine.server.expiry.pending === 0 ? make() : 0)
  expect(client.call('FLUSHDB')).toEqual({ simple: 'OK' })
  last.newDatabase = make
  expect(client.call('DBSIZE')).toBe(0)
  engine.sweep()
  recount(keys)
})
