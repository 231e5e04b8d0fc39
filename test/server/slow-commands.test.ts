// SLOWLOG and LATENCY: which commands are told of, and how. The clock moves only when a test says so: DEBUG SLEEP moves it.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { BUCKETS, boundNs, bucketOf } from '../../src/metrics/command-stats.ts'
import { LatencyEvents } from '../../src/metrics/latency-events.ts'
import { latencyAdvice, latencyGraph } from '../../src/server/latency-report.ts'
import { ManualClock } from '../../src/store/clock.ts'
import { Namespace } from '../../src/store/namespace.ts'
import { type Client, Engine, START_MS } from '../support/engine.ts'
import { bytesOf, type Reply, request } from '../support/resp.ts'

/** In ms. The clock's nanoseconds since 1970 are rounded to 256: what is slept must not come out shorter. */
const HALF_MICRO = 0.0005

let engine: Engine
let a: Client

beforeEach(() => {
  engine = new Engine()
  const { services } = engine.server.dispatcher.context
  Object.assign(services, { sleep: (seconds: number) => engine.clock.advance(seconds * 1000 + HALF_MICRO) })
  a = engine.connect()
})
afterEach(() => {
  expect(engine.bugs).toEqual([])
  engine[Symbol.dispose]()
})

type Entry = readonly [id: number, timeS: number, micros: number, words: string[], address: string, name: string]
const entries = (client = a, count = '-1'): Entry[] => client.call('SLOWLOG', 'GET', count) as unknown as Entry[]
const logged = (client = a): string[] => entries(client).map(([, , , words]) => words.join(' '))
const set = (name: string, value: string): Reply => a.call('CONFIG', 'SET', name, value)
const send = (client: Client, ...requests: string[]): void => {
  client.send(bytesOf(requests.map(one => request(one.split(' '))).join('')))
}

function bind(client: Client, name: string): void {
  const id = client.call('CLIENT', 'ID')
  const session = engine.server.clients.list().find(view => view.session.id === id)?.session
  if (session !== undefined) session.namespace = new Namespace(name, engine.server.keys)
}

describe('SLOWLOG', () => {
  test('remembers what took longer than asked for, the newest first, with client and name', () => {
    a.call('CLIENT', 'SETNAME', 'me')
    a.call('PING')
    a.call('DEBUG', 'SLEEP', '0.25')
    a.call('DEBUG', 'SLEEP', '0.009')
    a.call('DEBUG', 'SLEEP', '0.01')
    const [second, first, ...more] = entries()
    expect(more).toEqual([])
    expect(first?.slice(0, 4)).toEqual([0, START_MS / 1000, 250_000, ['DEBUG', 'SLEEP', '0.25']])
    expect(second?.slice(0, 4)).toEqual([1, START_MS / 1000, 10_000, ['DEBUG', 'SLEEP', '0.01']])
    expect(first?.[4]).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(first?.[5]).toBe('me')
    expect(a.call('SLOWLOG', 'LEN')).toBe(2)
  })

  test('nobody looks at every command for that, nor for anything from a millisecond on', () => {
    const { onlookers } = engine.server.dispatcher
    expect(onlookers).toHaveLength(0)
    set('slowlog-log-slower-than', '1000')
    expect(onlookers).toHaveLength(0)
    set('slowlog-log-slower-than', '999')
    expect(onlookers).toHaveLength(1)
    set('slowlog-log-slower-than', '-1')
    expect(onlookers).toHaveLength(0)
  })

  test('a threshold of 0 remembers every command, the one that sets it too and the one that ends it not', () => {
    set('slowlog-log-slower-than', '0')
    send(a, 'PING', 'SET k v', 'NOSUCH', 'LPUSH k v')
    set('slowlog-log-slower-than', '-1')
    expect(a.replies()).toHaveLength(4)
    expect(logged()).toEqual(['LPUSH k v', 'SET k v', 'PING', 'CONFIG SET slowlog-log-slower-than 0'])
  })

  test('keeps as many as slowlog-max-len says', () => {
    set('slowlog-log-slower-than', '0')
    set('slowlog-max-len', '3')
    for (let i = 0; i < 10; i++) a.call('ECHO', String(i))
    expect(entries().map(([id]) => id)).toEqual([11, 10, 9])
    expect(a.call('SLOWLOG', 'LEN')).toBe(3)
    set('slowlog-max-len', '0')
    expect(a.call('SLOWLOG', 'LEN')).toBe(0)
  })

  test('tells ten unless asked for another number', () => {
    set('slowlog-log-slower-than', '0')
    for (let i = 0; i < 20; i++) a.call('PING')
    expect(a.call('SLOWLOG', 'GET')).toHaveLength(10)
    expect(entries(a, '0')).toHaveLength(0)
    expect(entries(a, '12')).toHaveLength(12)
  })

  test('cuts many words and long ones, and tells no secrets', () => {
    set('slowlog-log-slower-than', '0')
    a.call('DEL', ...Array.from({ length: 31 }, (_, i) => String(i)))
    a.call('DEL', ...Array.from({ length: 32 }, (_, i) => String(i)))
    a.call('SET', 'k', 'x'.repeat(129))
    a.call('AUTH', 'secret')
    a.call('CONFIG', 'SET', 'maxclients', '100', 'MASTERAUTH', 'secret', 'nosuch', '1')
    const [config, auth, long, many, few] = entries().map(([, , , words]) => words)
    expect(few).toHaveLength(32)
    expect(many).toHaveLength(32)
    expect(many?.at(-1)).toBe('... (2 more arguments)')
    expect(long?.[2]).toBe(`${'x'.repeat(128)}... (1 more bytes)`)
    expect(auth).toEqual(['AUTH', '(redacted)'])
    expect(config).toEqual(['CONFIG', 'SET', 'maxclients', '100', 'MASTERAUTH', '(redacted)', 'nosuch', '1'])
  })

  test('what EXEC runs is remembered, EXEC is not; time that a client waited does not count', () => {
    send(a, 'MULTI', 'DEBUG SLEEP 0.02', 'PING', 'EXEC')
    expect(a.replies()).toHaveLength(4)
    const b = engine.connect()
    send(b, 'BLPOP l 0')
    engine.advance(10_000)
    a.call('RPUSH', 'l', 'x')
    expect(b.replies()).toEqual([['l', 'x']])
    expect(logged()).toEqual(['DEBUG SLEEP 0.02'])
    set('slowlog-log-slower-than', '0')
    send(b, 'BLPOP l 0')
    a.call('RPUSH', 'l', 'x')
    set('slowlog-log-slower-than', '-1')
    expect(logged().slice(0, 2)).toEqual(['BLPOP l 0', 'RPUSH l x'])
  })

  test('a command of constant time is remembered when it came alone or was long', () => {
    const { keys } = engine.server
    const slow = (ms: number): void => {
      keys.observers.push({ changed: () => engine.clock.advance(ms) } as never)
    }
    slow(20)
    send(a, 'SET k v')
    expect(a.replies()).toHaveLength(1)
    expect(logged()).toEqual(['SET k v'])
    a.send(bytesOf(request(['PING']) + request(['SET', 'k', 'x'.repeat(20_000)]) + request(['PING'])))
    expect(a.replies()).toHaveLength(3)
    expect(entries()[0]?.[3].slice(0, 2)).toEqual(['SET', 'k'])
    expect(entries()).toHaveLength(2)
  })

  test('RESET forgets; a bound client sees and forgets what belongs to its namespace', () => {
    const b = engine.connect()
    bind(b, 'mine')
    set('slowlog-log-slower-than', '0')
    a.call('ECHO', 'a')
    b.call('ECHO', 'b')
    set('slowlog-log-slower-than', '-1')
    expect(logged(b)).toEqual(['ECHO b'])
    expect(b.call('SLOWLOG', 'LEN')).toBe(1)
    b.call('SLOWLOG', 'RESET')
    expect(logged(b)).toEqual([])
    expect(logged()).toEqual(['ECHO a', 'CONFIG SET slowlog-log-slower-than 0'])
    a.call('SLOWLOG', 'RESET')
    expect(a.call('SLOWLOG', 'LEN')).toBe(0)
  })

  test('also while somebody watches with MONITOR', () => {
    const monitor = engine.connect()
    monitor.call('MONITOR')
    a.call('DEBUG', 'SLEEP', '0.02')
    expect(logged()).toEqual(['DEBUG SLEEP 0.02'])
  })
})

describe('LATENCY', () => {
  test('remembers the longest of a second, of what is long enough', () => {
    const startS = START_MS / 1000
    set('latency-monitor-threshold', '100')
    for (const seconds of ['0.3', '0.09', '0.4', '0.5']) {
      a.call('DEBUG', 'SLEEP', seconds)
    }
    expect(a.call('LATENCY', 'HISTORY', 'command')).toEqual([
      [startS, 400],
      [startS + 1, 500],
    ])
    expect(a.call('LATENCY', 'LATEST')).toEqual([['command', startS + 1, 500, 500]])
    expect(a.call('LATENCY', 'HISTORY', 'nosuch')).toEqual([])
    expect(a.call('LATENCY', 'RESET', 'nosuch', 'COMMAND')).toBe(1)
    expect(a.call('LATENCY', 'LATEST')).toEqual([])
  })

  test('a stall of many small commands is one of fast commands, and nobody is blamed in SLOWLOG', () => {
    set('latency-monitor-threshold', '10')
    const { keys } = engine.server
    keys.observers.push({ changed: () => engine.clock.advance(1) } as never)
    send(a, ...Array.from({ length: 40 }, () => 'SET k v'))
    expect(a.replies()).toHaveLength(40)
    expect((a.call('LATENCY', 'LATEST') as Reply[][]).map(([event]) => event)).toEqual(['fast-command'])
    expect(logged()).toEqual([])
  })

  test('keeps 160 samples of an event', () => {
    const clock = new ManualClock(START_MS)
    const events = new LatencyEvents(clock)
    events.thresholdNs = 1e6
    for (let i = 0; i < 200; i++) {
      events.add('command', (i + 1) * 1e6)
      clock.advance(1000)
    }
    expect(events.all.get('command')?.samples).toHaveLength(160)
    expect(events.all.get('command')?.samples[0]?.ms).toBe(41)
    expect(events.all.get('command')?.mostMs).toBe(200)
  })

  test('GRAPH draws what Redis draws', () => {
    const nowMs = 1_795_658_191_000
    const nowS = nowMs / 1000
    const samples = [
      { timeS: nowS - 3700, ms: 300 },
      { timeS: nowS - 70, ms: 150 },
      { timeS: nowS - 15, ms: 230 },
    ]
    expect(latencyGraph('command', { samples, mostMs: 400 }, nowMs).split('\n')).toEqual([
      'command - high 300 ms, low 150 ms (all time high 400 ms)',
      '-'.repeat(80),
      '#  ',
      '| _',
      '| |',
      '|_|',
      '   ',
      '111',
      'hm5',
      '  s',
      '',
    ])
  })

  test('DOCTOR says that nothing is watched, that nothing was, or what was and what may help', () => {
    const facts = { events: new Map(), thresholdMs: 0, slowerThanMicros: 10_000, nowMs: START_MS }
    expect(latencyAdvice(facts)).toContain('latency-monitor-threshold')
    expect(latencyAdvice({ ...facts, thresholdMs: 5 })).toBe('Nothing has taken 5 ms or longer.\n')
    const samples = [10, 30].map((ms, i) => ({ timeS: START_MS / 1000 - 20 + i, ms }))
    const events = new Map([['command', { samples, mostMs: 99 }]])
    const told = latencyAdvice({ ...facts, thresholdMs: 5, events })
    expect(told).toContain('1. command: 2 times, every 10.00 s; mean 20 ms, mean deviation 10 ms, longest ever 99 ms.')
    expect(told).toContain('CONFIG SET slowlog-log-slower-than 5000')
  })

  test('HISTOGRAM counts calls below powers of two, by command, subcommands by their own', () => {
    a.call('CONFIG', 'RESETSTAT')
    a.call('SET', 'k', 'v')
    a.call('SET', 'k', 'v')
    a.call('CLIENT', 'ID')
    a.call('CLIENT', 'LIST')
    a.call('HELLO', '3')
    const told = (...names: string[]): unknown => (a.call('LATENCY', 'HISTOGRAM', ...names) as { map: unknown }).map
    const once = (name: string, calls: number): unknown => [
      name,
      {
        map: [
          ['calls', calls],
          ['histogram_usec', { map: [[1, calls]] }],
        ],
      },
    ]
    expect(told('set', 'nosuch')).toEqual([once('set', 2)])
    expect(told('client')).toEqual([once('client|id', 1), once('client|list', 1)])
    expect(told('CLIENT|id')).toEqual([once('client|id', 1)])
    expect(told('get')).toEqual([])
    a.call('DEBUG', 'SLEEP', '0.2')
    a.call('DEBUG', 'SLEEP', '100')
    a.call('DEBUG', 'SLEEP', '1.5')
    expect(JSON.stringify(told('debug'))).toContain('[[270532,1],[1082130,3]]')
    set('latency-tracking', 'no')
    expect(told()).toEqual([])
  })
})

test('a bucket holds what is longer than the bound before it and no longer than its own', () => {
  expect([0, 1, 1032, 1033, 2064, 2065].map(bucketOf)).toEqual([0, 0, 0, 1, 1, 2])
  for (let b = 0; b < BUCKETS - 1; b++) {
    expect([bucketOf(boundNs(b)), bucketOf(boundNs(b) + 1)]).toEqual([b, b + 1])
  }
  expect([bucketOf(1e13), bucketOf(Number.MAX_SAFE_INTEGER)]).toEqual([BUCKETS - 1, BUCKETS - 1])
})
