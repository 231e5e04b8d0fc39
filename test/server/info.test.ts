import { describe, expect, test } from 'bun:test'
import { BUCKETS, boundNs, bucketOf } from '../../src/metrics/command-stats.ts'
import { memoryAdvice, memoryStats } from '../../src/server/info/memory-report.ts'
import { percentileNs } from '../../src/server/info/percentile.ts'
import { human } from '../../src/server/info/section.ts'
import { Info } from '../../src/server/info.ts'
import { Engine } from '../support/engine.ts'
import redis from './redis-7.0.15-info.json'
import { NOW_MS, run } from './running.ts'

/** INFO's text taken apart: title -> field -> value. Throws on a line that has no place in the form. */
function parse(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  if (text === '') return sections
  for (const block of text.split('\r\n\r\n')) {
    const [head = '', ...lines] = block.split('\r\n').filter(line => line !== '')
    if (!head.startsWith('# ')) throw new Error(`no title: ${head}`)
    const fields = lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const)
    sections.set(head.slice(2), new Map(fields))
  }
  return sections
}

/** redis-server 7.0.15, with keys in database 0. */
const MEMORY_STATS = [
  'peak.allocated',
  'total.allocated',
  'startup.allocated',
  'replication.backlog',
  'clients.slaves',
  'clients.normal',
  'cluster.links',
  'aof.buffer',
  'lua.caches',
  'functions.caches',
  'db.0',
  'overhead.total',
  'keys.count',
  'keys.bytes-per-key',
  'dataset.bytes',
  'dataset.percentage',
  'peak.percentage',
  'allocator.allocated',
  'allocator.active',
  'allocator.resident',
  'allocator-fragmentation.ratio',
  'allocator-fragmentation.bytes',
  'allocator-rss.ratio',
  'allocator-rss.bytes',
  'rss-overhead.ratio',
  'rss-overhead.bytes',
  'fragmentation',
  'fragmentation.bytes',
]

const DEFAULTS = [
  'Server',
  'Clients',
  'Memory',
  'Persistence',
  'Stats',
  'Replication',
  'CPU',
  'Modules',
  'Errorstats',
  'Cluster',
  'Keyspace',
]

function setup(settings: readonly (readonly [string, string])[] = []) {
  const running = run(settings)
  const info = new Info(running.state)
  const field = (section: string, name: string) =>
    parse(info.text([section]))
      .values()
      .next()
      .value?.get(name) ?? `no ${name} in ${section}`
  return { ...running, info, field }
}

describe('sections', () => {
  test('without arguments the default ones come, in the order of Redis', () => {
    const { info } = setup()
    expect([...parse(info.text([])).keys()]).toEqual(DEFAULTS)
    expect([...parse(info.text(['default'])).keys()]).toEqual(DEFAULTS)
  })

  test('all and everything add the by-command ones, each once however often it is named; everything, namespaces', () => {
    const { info } = setup()
    const all = Object.keys(redis)
    const everything = [...all, 'Namespaces']
    for (const names of [['all'], ['everything'], ['cpu', 'all', 'cpu'], ['default', 'everything']]) {
      const text = info.text(names)
      expect([...parse(text).keys()]).toEqual(names.includes('everything') ? everything : all)
      expect(text.match(/# CPU\r\n/g)).toHaveLength(1)
    }
  })

  test('several are answered in the order of the table, unknown ones by nothing', () => {
    const { info } = setup()
    expect([...parse(info.text(['keyspace', 'nonesuch', 'cpu'])).keys()]).toEqual(['CPU', 'Keyspace'])
    expect(info.text(['sentinel'])).toBe('')
    expect(info.text(['modules'])).toBe('# Modules\r\n')
    expect(info.text(['module_list'])).toBe('# Modules\r\n')
  })

  test('a blank line stands between sections, and every line ends with CR LF', () => {
    const { info } = setup()
    const text = info.text(['modules', 'cluster'])
    expect(text).toBe('# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n')
    expect(info.text(['all']).replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  })

  test("every field of Redis's sections is there, in Redis's order", () => {
    const { info } = setup()
    const ours = parse(info.text(['all']))
    for (const [title, names] of Object.entries(redis)) {
      const mine = [...(ours.get(title)?.keys() ?? [])]
      expect(mine.filter(name => new Set<string>(names).has(name))).toEqual(names)
    }
  })

  test('no field is empty (but the file that was not given), undefined or not a number', () => {
    const { info } = setup()
    for (const fields of parse(info.text(['all'])).values()) {
      for (const [name, value] of fields) {
        if (name !== 'config_file') expect(`${name}:${value}`).toMatch(/:[^ ]/)
        expect(`${name}:${value}`).not.toMatch(/undefined|NaN|Infinity|null/)
      }
    }
  })
})

describe('server and clients', () => {
  test('version, names, port and process are those of this server', () => {
    const { field } = setup()
    expect(field('server', 'redis_version')).toBe('7.0.15')
    expect(field('server', 'server_name')).toBe('kvns')
    expect(field('server', 'kvns_version')).toMatch(/^\d+\.\d+\.\d+/)
    expect(field('server', 'tcp_port')).toBe('6480')
    expect(field('server', 'process_id')).toBe(String(process.pid))
    expect(field('clients', 'maxclients')).toBe('10000')
  })

  test('run_id and master_replid are 40 hex digits, different from each other and from start to start', () => {
    const a = setup()
    const b = setup()
    const ids = [a, b].flatMap(({ field }) => [field('server', 'run_id'), field('replication', 'master_replid')])
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{40}$/)
    expect(new Set(ids).size).toBe(4)
    expect(a.info.runId).toBe(ids[0] ?? '')
  })

  test('DEBUG CHANGE-REPL-ID begins a new history of writes in the same run', () => {
    const { field, info } = setup()
    const [run, history] = [field('server', 'run_id'), field('replication', 'master_replid')]
    info.changeReplicationId()
    expect(field('server', 'run_id')).toBe(run)
    expect(field('replication', 'master_replid')).not.toBe(history)
  })

  test('uptime follows the clock', () => {
    const { field, clock } = setup()
    expect(field('server', 'uptime_in_seconds')).toBe('0')
    clock.advance(2 * 86_400_000 + 5_999)
    expect(field('server', 'uptime_in_seconds')).toBe('172805')
    expect(field('server', 'uptime_in_days')).toBe('2')
    expect(field('server', 'server_time_usec')).toBe(String((NOW_MS + 2 * 86_400_000 + 5_999) * 1000))
  })
})

describe('memory', () => {
  test('used_memory minus what is not limited is what the arenas have handed out', () => {
    const { field, send, state } = setup()
    send('SET', 'k', 'v'.repeat(100_000))
    const used = Number(field('memory', 'used_memory'))
    expect(used - Number(field('memory', 'mem_not_counted_for_evict'))).toBe(state.keys.allocatedBytes())
    expect(field('memory', 'maxmemory')).toBe(String(1 << 30))
    expect(field('memory', 'maxmemory_policy')).toBe('noeviction')
    expect(field('memory', 'mem_allocator')).toBe('kvns-arena')
  })

  test('the data is used memory beyond the empty server and the overhead of keys', () => {
    const { field, send } = setup()
    const before = Number(field('memory', 'used_memory_dataset'))
    send('SET', 'k', 'v'.repeat(1_000_000))
    const grown = Number(field('memory', 'used_memory_dataset')) - before
    expect(grown).toBeGreaterThan(990_000)
    expect(grown).toBeLessThan(1_200_000)
  })

  test('the peak stays when memory is freed, also when nobody asked at the time', () => {
    const { field, send, info } = setup()
    send('SET', 'k', 'v'.repeat(1_000_000))
    info.tick()
    send('DEL', 'k')
    expect(Number(field('memory', 'used_memory_peak'))).toBeGreaterThan(1_000_000)
    expect(Number(field('memory', 'used_memory'))).toBeLessThan(1_000_000)
  })

  test("MEMORY STATS has Redis's names in its order, and the numbers of INFO", () => {
    const { info, send, field } = setup()
    send('SET', 'k', 'v'.repeat(1_000_000))
    const facts = memoryStats(info.memory())
    expect(facts.map(([name]) => name)).toEqual(MEMORY_STATS)
    const number = (name: string) => facts.find(fact => fact[0] === name)?.[1]
    expect(number('dataset.bytes')).toEqual({ kind: 'count', value: Number(field('memory', 'used_memory_dataset')) })
    expect(number('keys.bytes-per-key')).toMatchObject({ kind: 'count' })
  })

  test('advice names what is conspicuous, and only that', () => {
    const { info } = setup()
    const calm = {
      ...info.memory(),
      ...{ usedBytes: 50e6, peakBytes: 50e6, arenaBytes: 50e6, activeBytes: 50e6, clientBytes: 1000, clients: 3 },
    }
    expect(memoryAdvice(calm)).toBe('I can find no problem with the memory of this server.\n')
    expect(memoryAdvice({ ...calm, peakBytes: 100e6 })).toMatch(/^[^*]+\n\n \* Peak: [^*]+$/)
    expect(memoryAdvice({ ...calm, activeBytes: 90e6 })).toMatch(/^[^*]+\n\n \* Fragmentation: [^*]+$/)
    expect(memoryAdvice({ ...calm, clientBytes: 9e6 })).toMatch(/^[^*]+\n\n \* Clients: [^*]+$/)
    expect(memoryAdvice({ ...calm, limitBytes: 51e6 })).toMatch(/^[^*]+\n\n \* Limit: [^*]+$/)
  })

  test('sizes for people read as those of Redis', () => {
    const sizes = [0, 1023, 1024, 940_976, 12_132_352, 1 << 30, 25_276_510_208, 2 ** 40]
    expect(sizes.map(human)).toEqual(['0B', '1023B', '1.00K', '918.92K', '11.57M', '1.00G', '23.54G', '1.00T'])
  })
})

describe('persistence', () => {
  test('the snapshot shows under the names of the RDB file', () => {
    const { field, send, snapshots } = setup()
    send('SET', 'a', '1')
    send('SET', 'b', '1')
    expect(field('persistence', 'rdb_changes_since_last_save')).toBe('2')
    expect(field('persistence', 'rdb_last_save_time')).toBe(String(NOW_MS / 1000))
    expect(field('persistence', 'rdb_last_bgsave_status')).toBe('ok')
    expect(field('persistence', 'rdb_bgsave_in_progress')).toBe('0')
    Object.assign(snapshots, {
      running: true,
      currentS: 3,
      lastStatus: 'err',
      saves: 2,
      loaded: { keys: 5, expired: 1 },
    })
    expect(field('persistence', 'rdb_bgsave_in_progress')).toBe('1')
    expect(field('persistence', 'rdb_current_bgsave_time_sec')).toBe('3')
    expect(field('persistence', 'rdb_last_bgsave_status')).toBe('err')
    expect(field('persistence', 'rdb_saves')).toBe('2')
    expect(field('persistence', 'rdb_last_load_keys_loaded')).toBe('5')
    expect(field('persistence', 'rdb_last_load_keys_expired')).toBe('1')
  })

  test('loading is 1 until the snapshot is loaded', () => {
    const { field, server } = setup()
    expect(field('persistence', 'loading')).toBe('0')
    Object.assign(server.startLoad, {
      isRunning: true,
      startedS: NOW_MS / 1000 - 3,
      loadedBytes: 249,
      totalBytes: 1000,
    })
    expect(field('persistence', 'loading')).toBe('1')
    expect(field('persistence', 'loading_start_time')).toBe(String(NOW_MS / 1000 - 3))
    expect(field('persistence', 'loading_loaded_perc')).toBe('24.90')
    expect(field('persistence', 'loading_eta_seconds')).toBe('9')
  })
})

describe('stats', () => {
  test('commands, hits, misses and expired keys are counted', () => {
    const { field, send, clock } = setup()
    send('SET', 'k', 'v', 'PX', '10')
    send('GET', 'k')
    send('GET', 'none')
    clock.advance(11)
    send('GET', 'k')
    expect(field('stats', 'total_commands_processed')).toBe('4')
    expect(field('stats', 'keyspace_hits')).toBe('1')
    expect(field('stats', 'keyspace_misses')).toBe('2')
    expect(field('stats', 'expired_keys')).toBe('1')
    expect(field('stats', 'evicted_keys')).toBe('0')
  })

  test('what a FLUSHDB leaves to be freed later is shown until it is, then as freed; CONFIG RESETSTAT forgets that', () => {
    const { field, send, server, info } = setup()
    for (let i = 0; i < 100; i++) send('SET', `k${i}`, 'v')
    // A shard with no other database would be emptied at once.
    for (let i = 0; i < 100; i++) send('COPY', `k${i}`, `k${i}`, 'DB', '1')
    send('FLUSHDB')
    expect(field('memory', 'lazyfree_pending_objects')).toBe('100')
    while (server.expiry.slice());
    expect(field('memory', 'lazyfree_pending_objects')).toBe('0')
    expect(field('memory', 'lazyfreed_objects')).toBe('100')
    send('FLUSHALL')
    expect(field('memory', 'lazyfreed_objects')).toBe('200')
    info.resetStatistics()
    expect(field('memory', 'lazyfreed_objects')).toBe('0')
  })

  test('failed logins are counted', () => {
    const { field, send } = setup([['requirepass', 'secret']])
    send('AUTH', 'wrong')
    send('AUTH', 'secret')
    expect(field('stats', 'acl_access_denied_auth')).toBe('1')
  })

  test('CONFIG RESETSTAT takes back what goes on per second', () => {
    const { field, send, info, clock } = setup()
    for (let i = 0; i < 160; i++) send('PING')
    clock.advance(100)
    info.tick()
    info.resetStatistics()
    expect(field('stats', 'instantaneous_ops_per_sec')).toBe('0')
  })

  test('rejected connections are not among the received ones', () => {
    const { field, server } = setup()
    Object.assign(server.clients.counts, { accepted: 5, rejected: 2, bytesIn: 10, bytesOut: 20 })
    expect(field('stats', 'total_connections_received')).toBe('3')
    expect(field('stats', 'rejected_connections')).toBe('2')
    expect(field('stats', 'total_net_input_bytes')).toBe('10')
    expect(field('stats', 'total_net_output_bytes')).toBe('20')
  })

  test('the rates are means of the last 1.6 seconds and fade', () => {
    const { field, send, info, clock, server } = setup()
    for (let i = 0; i < 160; i++) send('PING')
    Object.assign(server.clients.counts, { bytesIn: 16_384 })
    clock.advance(100)
    info.tick()
    expect(field('stats', 'instantaneous_ops_per_sec')).toBe('100')
    expect(field('stats', 'instantaneous_input_kbps')).toBe('10.00')
    for (let i = 0; i < 16; i++) {
      clock.advance(100)
      info.tick()
    }
    expect(field('stats', 'instantaneous_ops_per_sec')).toBe('0')
    expect(field('stats', 'instantaneous_input_kbps')).toBe('0.00')
  })
})

describe('commandstats and errorstats', () => {
  test('each command that ran has a line, subcommands under container|name', () => {
    const { info, send } = setup()
    send('SET', 'k', 'v')
    send('SET', 'k', 'w')
    send('CONFIG', 'GET', 'port')
    const stats = parse(info.text(['commandstats'])).get('Commandstats')
    expect([...(stats?.keys() ?? [])].sort()).toEqual(['cmdstat_config|get', 'cmdstat_set'])
    expect(stats?.get('cmdstat_set')).toMatch(
      /^calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=0,failed_calls=0$/,
    )
  })

  test('commands of the same chunk that ran before INFO are in it', () => {
    const { info, pipeline, server } = setup()
    let text = ''
    const services = server.dispatcher.context.services as { info: (sections: readonly string[]) => string }
    services.info = sections => {
      text = info.text(sections)
      return text
    }
    pipeline(['SET', 'k', 'v'], ['GET', 'k'], ['INFO', 'commandstats'])
    expect(text).toContain('cmdstat_set:calls=1')
    expect(text).toContain('cmdstat_get:calls=1')
  })

  test('a wrong number of arguments is a rejected call, an error of the command a failed one', () => {
    const { field, send } = setup()
    send('SET', 'k')
    expect(field('commandstats', 'cmdstat_set')).toMatch(/^calls=0,.*,rejected_calls=1,failed_calls=0$/)
    send('SET', 'k', 'abc')
    send('INCR', 'k')
    expect(field('commandstats', 'cmdstat_incr')).toMatch(/^calls=1,.*,rejected_calls=0,failed_calls=1$/)
    send('NONESUCH')
    expect(field('errorstats', 'errorstat_ERR')).toBe('count=3')
    expect(field('stats', 'total_error_replies')).toBe('3')
  })

  test('CONFIG RESETSTAT starts INFO anew and leaves the counters of /metrics alone', () => {
    const { field, info, send, state } = setup()
    send('SET', 'k', 'v')
    send('GET', 'k')
    send('GET', 'none')
    send('NONESUCH')
    info.resetStatistics()
    for (const name of ['total_commands_processed', 'total_error_replies', 'keyspace_hits', 'keyspace_misses']) {
      expect(field('stats', name)).toBe('0')
    }
    expect(info.text(['commandstats', 'errorstats', 'latencystats'])).toBe(
      '# Commandstats\r\n\r\n# Errorstats\r\n\r\n# Latencystats\r\n',
    )
    expect(state.stats.total).toBe(3)
    send('SET', 'k', 'v')
    expect(field('commandstats', 'cmdstat_set')).toMatch(/^calls=1,/)
    expect(field('stats', 'total_commands_processed')).toBe('1')
  })
})

describe('latencystats', () => {
  test('percentiles are the configured ones, and gone while tracking is off', () => {
    const { field, info, send, state } = setup()
    send('SET', 'k', 'v')
    expect(field('latencystats', 'latency_percentiles_usec_set')).toMatch(/^p50=[\d.]+,p99=[\d.]+,p99.9=[\d.]+$/)
    const asker = { isLocal: true, isLoading: false }
    state.config.set([['latency-tracking-info-percentiles', '0.0 50.0 100.0']], asker)
    expect(field('latencystats', 'latency_percentiles_usec_set')).toMatch(/^p0=[\d.]+,p50=[\d.]+,p100=[\d.]+$/)
    state.config.set([['latency-tracking', 'no']], asker)
    expect(info.text(['latencystats'])).toBe('# Latencystats\r\n')
  })

  test('calls in one bucket give their mean, exactly', () => {
    const counts = histogram([[51_000_000, 1]])
    for (const percentile of [0, 50, 99.9, 100]) expect(percentileNs(counts, 0, percentile)).toBe(51_000_000)
  })

  test('in several buckets a percentile lies in the bucket of its call and never falls as it rises', () => {
    const counts = histogram([
      [10_000, 90],
      [300_000, 9],
      [30_000_000_000, 1],
    ])
    expect(bucketOf(percentileNs(counts, 0, 50))).toBe(bucketOf(10_000))
    expect(bucketOf(percentileNs(counts, 0, 95))).toBe(bucketOf(300_000))
    expect(percentileNs(counts, 0, 100)).toBe(boundNs(BUCKETS - 2))
    let last = 0
    for (let percentile = 0; percentile <= 100; percentile++) {
      const value = percentileNs(counts, 0, percentile)
      expect(value).toBeGreaterThanOrEqual(last)
      last = value
    }
  })

  test('without calls there is no time', () => {
    expect(percentileNs(histogram([]), 0, 50)).toBe(0)
  })
})

/** A histogram with so many calls of so many ns. */
function histogram(calls: readonly (readonly [ns: number, count: number])[]): Float64Array {
  const counts = new Float64Array(BUCKETS + 1)
  for (const [ns, count] of calls) {
    const b = bucketOf(ns)
    counts[b] = (counts[b] ?? 0) + count
    counts[BUCKETS] = (counts[BUCKETS] ?? 0) + ns * count
  }
  return counts
}

describe('keyspace', () => {
  test('databases with keys have a line: keys, timed keys and their mean time to live', () => {
    const { info, send, clock } = setup()
    send('SET', 'a', '1')
    send('SET', 'ns/b', '1', 'PX', '1000')
    send('SET', 'ns/c', '1', 'PX', '3000')
    send('COPY', 'a', 'a', 'DB', '7')
    clock.advance(500)
    expect(info.text(['keyspace'])).toBe(
      '# Keyspace\r\ndb0:keys=3,expires=2,avg_ttl=1500\r\ndb7:keys=1,expires=0,avg_ttl=0\r\n',
    )
  })
})

describe('namespaces', () => {
  test('each has a line with the keys of all databases, and what is allocated for all of them adds up', () => {
    const { info, send, state } = setup()
    send('SET', 'a', '1')
    send('SET', 'ns/b', 'four', 'EX', '9')
    send('COPY', 'ns/b', 'ns/b', 'DB', '7')
    const lines = parse(info.text(['namespaces'])).get('Namespaces')
    expect([...(lines?.keys() ?? [])]).toEqual(['ns_default', 'ns_ns'])
    expect(lines?.get('ns_default')).toMatch(/^keys=1,expires=0,used=9,allocated=\d+$/)
    expect(lines?.get('ns_ns')).toMatch(/^keys=2,expires=2,used=14,allocated=\d+$/)
    const allocated = [...(lines?.values() ?? [])].map(line => Number(/allocated=(\d+)/.exec(line)?.[1]))
    const rest = state.keys.allocatedBytes() - state.keys.startupBytes - allocated.reduce((sum, n) => sum + n, 0)
    // What is left are the records of namespaces and the dicts that list them.
    expect(rest).toBeGreaterThanOrEqual(0)
    expect(rest).toBeLessThan(2000)
  })

  test('names that would break the line are written as in a URL; those beyond the cap are summed', () => {
    const { info, send } = setup([['metrics-max-namespaces', '2']])
    send('SET', 'a:b,c=d#\r\n%/k', '1')
    send('SET', 'k\xc3\xa4se/k', '1')
    for (let i = 0; i < 5; i++) send('SET', `more${i}/k`, '1', 'EX', '9')
    const lines = parse(info.text(['namespaces'])).get('Namespaces')
    expect([...(lines?.keys() ?? [])]).toEqual(['ns_a%3Ab%2Cc%3Dd%23%0D%0A%25', 'ns_k\xc3\xa4se', 'ns__other'])
    expect(lines?.get('ns__other')).toMatch(/^keys=5,expires=5,used=35,allocated=[1-9]\d*$/)
  })

  test('a namespace whose last key goes has no line', () => {
    const { info, send } = setup()
    send('SET', 'ns/k', '1')
    expect(info.text(['namespaces'])).toContain('ns_ns:')
    send('DEL', 'ns/k')
    expect(info.text(['namespaces'])).toBe('# Namespaces\r\n')
  })
})

test('a bound client is told of its own namespace only: INFO namespaces and MEMORY STATS', () => {
  using engine = new Engine()
  const [outside, bound] = [engine.connect(), engine.connect()]
  outside.call('MSET', 'a/1', 'x', 'b/1', 'x', 'b/2', 'x', 'c', 'x')
  bound.call('CLIENT', 'NAMESPACE', 'b')
  expect(bound.call('INFO', 'namespaces')).toMatch(/^# Namespaces\r\nns_b:keys=2,expires=0,used=6,allocated=\d+\r\n$/)
  const keys = (reply: unknown) => /"keys.count",(\d+)/.exec(JSON.stringify(reply))?.[1]
  expect(keys(bound.call('MEMORY', 'STATS'))).toBe('2')
  expect(keys(outside.call('MEMORY', 'STATS'))).toBe('4')
  bound.call('FLUSHALL')
  expect(bound.call('INFO', 'namespaces')).toBe('# Namespaces\r\n')
  expect(keys(bound.call('MEMORY', 'STATS'))).toBe('0')
  expect(keys(outside.call('MEMORY', 'STATS'))).toBe('2')
})
