import { describe, expect, test } from 'bun:test'
import { histogramText, SHOWN_BOUNDS } from '../../src/metrics/histograms.ts'
import { type HttpServer, startHttp } from '../../src/server/http.ts'
import { type Running, run } from './running.ts'

interface Scraped {
  /** `name{label="value"}` with the labels sorted -> value. */
  readonly values: Map<string, number>
  readonly types: Map<string, string>
}

const SAMPLE = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g

/** The exposition format, strictly: unknown lines, values that are no numbers and series told twice throw. */
function parse(text: string): Scraped {
  const values = new Map<string, number>()
  const types = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    if (line.startsWith('# TYPE ')) {
      const [name = '', type = ''] = line.slice(7).split(' ')
      if (types.has(name)) throw new Error(`declared twice: ${name}`)
      types.set(name, type)
      continue
    }
    const match = SAMPLE.exec(line)
    const value = Number(match?.[3]?.replace('+Inf', 'Infinity'))
    if (match === null || Number.isNaN(value)) throw new Error(`no sample: ${line}`)
    const labels = [...(match[2] ?? '').matchAll(LABEL)].map(([, name, label]) => `${name}="${label}"`).sort()
    const series = labels.length === 0 ? `${match[1]}` : `${match[1]}{${labels.join(',')}}`
    if (values.has(series)) throw new Error(`told twice: ${series}`)
    values.set(series, value)
  }
  return { values, types }
}

async function withHttp(
  running: Running,
  body: (get: (path: string, init?: RequestInit) => Promise<Response>) => Promise<void>,
) {
  const http: HttpServer = startHttp('127.0.0.1', 0, running.state)
  try {
    await body((path, init) => fetch(`http://127.0.0.1:${http.port}${path}`, init))
  } finally {
    http.stop()
  }
}

/** What a scraper sees after each of the steps; they run one after another on one server. */
async function scrapes(running: Running, ...steps: (() => void)[]): Promise<Scraped[]> {
  const seen: Scraped[] = []
  await withHttp(running, async get => {
    for (const step of steps) {
      step()
      seen.push(parse(await (await get('/metrics')).text()))
    }
  })
  return seen
}

async function scrape(running: Running): Promise<Scraped> {
  const [seen] = await scrapes(running, () => undefined)
  if (seen === undefined) throw new Error('nothing scraped')
  return seen
}

const used = (namespace: string): string => `kvns_memory_used_bytes{namespace="${namespace}"}`
const keysOf = (namespace: string): string => `kvns_keys_total{namespace="${namespace}"}`
const allocated = (namespace: string): string => `kvns_memory_allocated_bytes{namespace="${namespace}"}`

/** Sum of all series of a metric. */
function total({ values }: Scraped, metric: string): number {
  let sum = 0
  for (const [series, value] of values) if (series.startsWith(`${metric}{`)) sum += value
  return sum
}

describe('namespaces', () => {
  test('the classic smoke test shows 6, 6 and 15 bytes', async () => {
    const running = run()
    running.send('SET', 'db1/x', '42')
    running.send('SET', 'db2/x', '99')
    running.send('SET', 'counter', '0')
    running.send('INCR', 'counter')
    const { values, types } = await scrape(running)
    expect(values.get(used('db1'))).toBe(6)
    expect(values.get(used('db2'))).toBe(6)
    expect(values.get(used('default'))).toBe(15)
    expect(values.get('kvns_memory_used_bytes_total')).toBe(27)
    expect(values.get(keysOf('db1'))).toBe(1)
    expect(types.get('kvns_keys_total')).toBe('gauge')
    expect(values.has(keysOf('_other'))).toBe(false)
    expect(values.get('kvns_memory_limit_bytes')).toBe(1 << 30)
  })

  test('quotas and frozen namespaces are told while they are', async () => {
    const running = run()
    const [set, gone] = await scrapes(
      running,
      () => {
        running.send('NS', 'SET', 'a', 'quota', '1mb')
        running.send('NS', 'FREEZE', 'b')
      },
      () => {
        running.send('NS', 'SET', 'a', 'quota', 'none')
        running.send('NS', 'THAW', 'b')
      },
    )
    expect(set?.values.get('kvns_namespace_quota_bytes{namespace="a"}')).toBe(1 << 20)
    expect(set?.values.get('kvns_namespace_frozen{namespace="b"}')).toBe(1)
    expect(set?.values.has('kvns_namespace_frozen{namespace="a"}')).toBe(false)
    expect([...(gone?.values.keys() ?? [])].filter(name => name.startsWith('kvns_namespace'))).toEqual([])
  })

  test('allocated bytes cover entries, values outside and the dict', async () => {
    const running = run()
    running.send('SET', 'big/x', 'v'.repeat(100_000))
    running.send('SET', 'small/x', 'v')
    const { values } = await scrape(running)
    expect(values.get(allocated('big'))).toBeGreaterThan(100_000)
    expect(values.get(allocated('small'))).toBeGreaterThan(20)
    expect(values.get(allocated('small'))).toBeLessThan(200)
    expect(values.has(allocated('_other'))).toBe(false)
  })

  test('a namespace whose last key went shows 0 once and then nothing', async () => {
    const running = run()
    const [before, gone, after, back] = await scrapes(
      running,
      () => running.send('SET', 'n/x', '1'),
      () => running.send('DEL', 'n/x'),
      () => undefined,
      () => running.send('SET', 'n/x', '1'),
    )
    expect(before?.values.get(keysOf('n'))).toBe(1)
    expect(gone?.values.get(keysOf('n'))).toBe(0)
    expect(gone?.values.get(used('n'))).toBe(0)
    expect(gone?.values.get(allocated('n'))).toBe(0)
    expect(after?.values.has(keysOf('n'))).toBe(false)
    expect(back?.values.get(keysOf('n'))).toBe(1)
  })

  test('beyond the cap the rest is summed under _other, and nothing is lost', async () => {
    const running = run([['metrics-max-namespaces', '3']])
    for (let i = 0; i < 10; i++) running.send('SET', `n${i}/key`, 'v')
    running.send('SET', 'plain', 'v')
    const seen = await scrape(running)
    expect(seen.values.get(keysOf('n0'))).toBe(1)
    expect(seen.values.get(keysOf('n2'))).toBe(1)
    expect(seen.values.has(keysOf('n3'))).toBe(false)
    expect(seen.values.get(keysOf('_other'))).toBe(7)
    expect(seen.values.get(used('_other'))).toBe(7 * 6)
    expect(seen.values.get(allocated('_other'))).toBeGreaterThan(7 * 20)
    expect(total(seen, 'kvns_keys_total')).toBe(11)
    expect(total(seen, 'kvns_memory_used_bytes')).toBe(seen.values.get('kvns_memory_used_bytes_total') ?? 0)
    const labels = new Set([...seen.values.keys()].flatMap(series => /namespace="([^"]*)"/.exec(series)?.[1] ?? []))
    expect([...labels].sort()).toEqual(['_other', 'default', 'n0', 'n1', 'n2'])
  })

  test('with a cap of 0 only default and _other are told', async () => {
    const running = run([['metrics-max-namespaces', '0']])
    running.send('SET', 'n/x', '1')
    running.send('SET', 'x', '1')
    const { values } = await scrape(running)
    expect(values.get(keysOf('_other'))).toBe(1)
    expect(values.get(keysOf('default'))).toBe(1)
    expect(values.has(keysOf('n'))).toBe(false)
  })

  test('a label stays with its namespace for life, so churn makes no new ones', async () => {
    const running = run([['metrics-max-namespaces', '2']])
    const all = new Set<string>()
    const steps = Array.from({ length: 8 }, (_, i) => () => {
      running.send('FLUSHALL')
      running.send('SET', `tenant${i}/x`, '1')
    })
    for (const { values } of await scrapes(running, ...steps)) {
      for (const series of values.keys()) if (series.startsWith('kvns_keys_total')) all.add(series)
    }
    expect([...all].sort()).toEqual([keysOf('_other'), keysOf('tenant0'), keysOf('tenant1')])
  })

  test('namespaces that no command named, as after loading a snapshot, get labels too', async () => {
    const running = run()
    const { keys } = running.state
    running.send('SET', 'seen/x', '1')
    // Straight through the store, as the loader does.
    const name = Buffer.from('loaded/x')
    keys.locateIn(keys.at, 0, name, 0, name.length)
    keys.put(keys.at, 0, 0, 0, 0, 0, 0)
    const { values } = await scrape(running)
    expect(values.get(keysOf('loaded'))).toBe(1)
    expect(values.get(keysOf('seen'))).toBe(1)
  })

  test('other databases than 0 carry a label', async () => {
    const running = run()
    running.send('SET', 'n/x', 'abc')
    running.send('COPY', 'n/x', 'n/x', 'DB', '3')
    const { values } = await scrape(running)
    expect(values.get(keysOf('n'))).toBe(1)
    expect(values.get('kvns_keys_total{db="3",namespace="n"}')).toBe(1)
    expect(values.get('kvns_memory_used_bytes{db="3",namespace="n"}')).toBe(5)
  })

  test('names of any bytes keep the format and the sums right', async () => {
    const running = run()
    const names = ['a"b\\c\nd', '\xff', '\xfe', '_other', '', 'é', 'x'.repeat(1000), `${'x'.repeat(999)}y`]
    for (const name of names) running.send('SET', `${name}/k`, 'v')
    const seen = await scrape(running)
    expect(seen.values.get(keysOf('a\\"b\\\\c\\nd'))).toBe(1)
    expect(total(seen, 'kvns_keys_total')).toBe(names.length)
    expect(total(seen, 'kvns_memory_used_bytes')).toBe(running.state.keys.logicalBytes())
    let calls = 0
    for (const [series, value] of seen.values) {
      if (series.startsWith('kvns_command_duration_seconds_count{command="set"')) calls += value
    }
    expect(calls).toBe(names.length)
    expect([...seen.values.keys()].filter(series => series.length > 500)).toEqual([])
  })

  test('a hundred thousand one-key namespaces are told in a bounded number of series', async () => {
    const running = run()
    for (let from = 0; from < 100_000; from += 1000) {
      running.pipeline(...Array.from({ length: 1000 }, (_, i) => ['SET', `user${from + i}/x`, 'v']))
    }
    const seen = await scrape(running)
    expect([...seen.values.keys()].filter(series => series.startsWith('kvns_keys_total'))).toHaveLength(201)
    expect(seen.values.get(keysOf('_other'))).toBe(100_000 - 200)
    expect(total(seen, 'kvns_keys_total')).toBe(100_000)
  })
})

describe('commands', () => {
  test('counts by status, unknown commands under one name', async () => {
    const running = run()
    running.send('SET', 'k', 'abc')
    running.send('INCR', 'k')
    running.send('SET', 'k')
    running.send('NONESUCH')
    running.send('ALSONOT')
    const { values, types } = await scrape(running)
    const count = (command: string, status: string) =>
      values.get(`kvns_commands_total{command="${command}",status="${status}"}`)
    expect(types.get('kvns_commands_total')).toBe('counter')
    expect(count('set', 'ok')).toBe(1)
    expect(count('set', 'rejected')).toBe(1)
    expect(count('incr', 'error')).toBe(1)
    expect(count('incr', 'ok')).toBeUndefined()
    expect(count('unknown', 'rejected')).toBe(2)
    expect(values.get('kvns_commands_in_flight')).toBe(0)
  })

  test('durations are a real histogram: buckets rise to the count, for each command and namespace that ran', async () => {
    const running = run()
    running.send('SET', 'n/k', 'v')
    running.send('SET', 'n/k', 'v')
    running.send('SET', 'k', 'v')
    running.send('PING')
    const { values, types } = await scrape(running)
    const name = 'kvns_command_duration_seconds'
    expect(types.get(name)).toBe('histogram')
    let last = 0
    for (const le of SHOWN_BOUNDS) {
      const value = values.get(`${name}_bucket{command="set",le="${le}",namespace="n"}`) ?? -1
      expect(value).toBeGreaterThanOrEqual(last)
      last = value
    }
    expect(last).toBe(2)
    expect(values.get(`${name}_count{command="set",namespace="n"}`)).toBe(2)
    expect(values.get(`${name}_count{command="set",namespace="default"}`)).toBe(1)
    expect(values.get(`${name}_count{command="ping",namespace=""}`)).toBe(1)
    expect(values.get(`${name}_count{command="get",namespace="n"}`)).toBeUndefined()
  })

  test('counts and sums come from the counters as they are', () => {
    const { state } = run()
    const { stats } = state
    stats.begin(0)
    stats.note(0, 1)
    stats.settle(30_000)
    stats.note(0, 1)
    stats.settle(3_000_030_000)
    const { values } = parse([...histogramText(stats, ['first'], state.labels.names)].join(''))
    const of = (le: string) =>
      values.get(`kvns_command_duration_seconds_bucket{command="first",le="${le}",namespace="default"}`)
    expect([of('0.000016512'), of('0.000033024'), of('2.164260864'), of('+Inf')]).toEqual([0, 1, 1, 2])
    expect(values.get('kvns_command_duration_seconds_sum{command="first",namespace="default"}')).toBe(3.00003)
  })
})

describe('totals', () => {
  test('connections, expired keys and uptime', async () => {
    const running = run()
    Object.assign(running.server.clients.counts, { accepted: 7, rejected: 3 })
    running.send('SET', 'k', 'v', 'PX', '10')
    running.clock.advance(1500)
    running.send('GET', 'k')
    const { values, types } = await scrape(running)
    expect(values.get('kvns_connections_total')).toBe(4)
    expect(values.get('kvns_connections_current')).toBe(0)
    expect(values.get('kvns_connections_blocked')).toBe(0)
    expect(values.get('kvns_expired_keys_total')).toBe(1)
    expect(values.get('kvns_uptime_seconds')).toBe(1.5)
    expect(types.get('kvns_expired_keys_total')).toBe('counter')
  })

  test('the process metrics are there, without those that are never true', async () => {
    const { types } = await scrape(run())
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds']) {
      expect(types.has(name)).toBe(true)
    }
    expect([...types.keys()].filter(name => /gc_duration|heap_space|process_heap/.test(name))).toEqual([])
  })

  test('two scrapes at the same time both get everything', async () => {
    const running = run()
    running.send('SET', 'n/x', '1')
    await withHttp(running, async get => {
      const texts = await Promise.all([get('/metrics'), get('/metrics')].map(async r => (await r).text()))
      for (const text of texts) expect(parse(text).values.get(keysOf('n'))).toBe(1)
    })
  })
})

describe('http', () => {
  test('/metrics says what format it is', async () => {
    await withHttp(run(), async get => {
      const response = await get('/metrics')
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    })
  })

  test('/ready is 503 until the snapshot is loaded', async () => {
    const running = run()
    await withHttp(running, async get => {
      running.server.startLoad.isRunning = true
      const before = await get('/ready')
      expect(before.status).toBe(503)
      expect(await before.json()).toEqual({ status: 'loading' })
      expect((await get('/health')).status).toBe(200)
      running.server.startLoad.isRunning = false
      const after = await get('/ready')
      expect(after.status).toBe(200)
      expect(await after.json()).toEqual({ status: 'ready' })
    })
  })

  test('/health names every reason', async () => {
    const running = run()
    await withHttp(running, async get => {
      const well = await get('/health')
      expect(well.status).toBe(200)
      expect(await well.json()).toEqual({ status: 'ok' })
      running.snapshots.lastStatus = 'err'
      running.state.keys.limitBytes = 1
      const ill = await get('/health')
      expect(ill.status).toBe(503)
      expect(await ill.json()).toEqual({
        status: 'failing',
        reasons: ['the last snapshot failed', 'memory is over the limit'],
      })
    })
  })

  test('other paths are 404, other methods 405, HEAD has no body', async () => {
    await withHttp(run(), async get => {
      expect((await get('/')).status).toBe(404)
      expect((await get('/metrics/x')).status).toBe(404)
      const post = await get('/metrics', { method: 'POST', body: 'x' })
      expect(post.status).toBe(405)
      expect(post.headers.get('allow')).toBe('GET, HEAD')
      const head = await get('/metrics', { method: 'HEAD' })
      expect(head.status).toBe(200)
      expect(await head.text()).toBe('')
    })
  })

  test('a port in use refuses with one clear line', () => {
    // Not a second Bun.serve: under `bun test` that takes over the first one's port without a word.
    const other = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
    try {
      expect(() => startHttp('127.0.0.1', other.port, run().state)).toThrow(
        `metrics cannot be served on 127.0.0.1:${other.port}: the port is in use (see --metrics-host, --metrics-port)`,
      )
    } finally {
      other.stop(true)
    }
  })

  test('after stop() nobody listens', async () => {
    const http = startHttp('127.0.0.1', 0, run().state)
    http.stop()
    expect(fetch(`http://127.0.0.1:${http.port}/ready`)).rejects.toThrow()
  })
})
