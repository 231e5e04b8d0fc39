// Protected mode: without a password, clients of other machines are sent away.

import { expect, test } from 'bun:test'
import { Engine } from '../support/engine.ts'

const ELSEWHERE = '192.0.2.7'
const OK = { simple: 'OK' }

test('a client from elsewhere is refused until there is a password, or the mode is off', () => {
  using engine = new Engine({ 'protected-mode': 'yes' })
  const here = engine.connect()
  const refused = engine.connect(ELSEWHERE)
  expect(refused.closed).toBe(true)
  expect(refused.reader.next()).toEqual({ error: expect.stringMatching(/^DENIED /) })
  expect(here.call('INFO', 'stats')).toMatch(/rejected_connections:1\r/)

  expect(here.call('CONFIG', 'SET', 'requirepass', 'secret')).toEqual(OK)
  expect(engine.connect(ELSEWHERE).call('AUTH', 'secret')).toEqual(OK)
  expect(here.call('CONFIG', 'SET', 'requirepass', '')).toEqual(OK)
  expect(engine.connect(ELSEWHERE).closed).toBe(true)
  expect(here.call('CONFIG', 'SET', 'protected-mode', 'no')).toEqual(OK)
  expect(engine.connect(ELSEWHERE).call('PING')).toEqual({ simple: 'PONG' })
})

test('it is off where nobody asked for it', () => {
  using engine = new Engine()
  expect(engine.connect(ELSEWHERE).call('PING')).toEqual({ simple: 'PONG' })
})
