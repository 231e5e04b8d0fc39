// The four ways in: flags, environment, files and defaults, their precedence, and what refuses to start.
import { describe, expect, test } from 'bun:test'
import { type Environment, type Loaded, loadConfig } from '../../src/server/config/load.ts'
import type { ConfigFiles } from '../../src/server/config/redis-conf.ts'
import { ConfigProblem } from '../../src/server/config/setting.ts'

const CAP_BYTES = 2 * 1024 ** 3

function disk(texts: Record<string, string>): ConfigFiles {
  return {
    read(path) {
      const text = texts[path]
      if (text === undefined) throw new Error('ENOENT: no such file or directory')
      return text
    },
    list: pattern => Object.keys(texts).filter(path => new Bun.Glob(pattern).match(path)),
  }
}

function load(argv: string[], env: Environment = {}, texts: Record<string, string> = {}): Loaded {
  return loadConfig(argv, env, disk(texts), CAP_BYTES)
}

function refusal(argv: string[], env: Environment = {}, texts: Record<string, string> = {}): string {
  try {
    load(argv, env, texts)
    return 'started'
  } catch (error) {
    if (error instanceof ConfigProblem) return error.message
    throw error
  }
}

/** CONFIG GET's text after a start by a redis.conf of the Redis suite with these words behind it. */
function get(name: string, ...argv: string[]): string | undefined {
  return load(['/r.conf', ...argv], {}, { '/r.conf': 'save 900 1\nloglevel verbose\n' }).config.text(name)
}

describe('precedence', () => {
  const yaml = { '/c.yaml': 'port: 1\ntimeout: 1\nhz: 5\n' }

  test('a flag beats a variable, a variable beats the file, the file beats the default', () => {
    const { config } = load(['--config', '/c.yaml', '--port', '3'], { KVNS_PORT: '2', KVNS_TIMEOUT: '2' }, yaml)
    expect([config.port, config.timeoutSeconds, config.hz, config.databases]).toEqual([3, 2, 5, 16])
    expect(['port', 'timeout', 'hz', 'databases'].map(name => config.sourceOf(name))).toEqual([
      'flag',
      'environment',
      'file',
      'default',
    ])
  })

  test('the file may be named by a variable, which a flag beats', () => {
    expect(load([], { KVNS_CONFIG: '/c.yaml' }, yaml).config.port).toBe(1)
    const two = { ...yaml, '/d.yaml': 'port: 9\n' }
    expect(load(['--config=/d.yaml'], { KVNS_CONFIG: '/c.yaml' }, two).config.port).toBe(9)
  })

  test('the defaults of the product', () => {
    const { config, warnings, command } = load([])
    expect([config.port, config.metricsPort, config.bind, config.memoryLimitBytes]).toEqual([
      6480,
      9090,
      ['0.0.0.0'],
      1024 ** 3,
    ])
    expect([warnings, command, config.snapshotPath]).toEqual([[], 'serve', undefined])
  })
})

describe('flags', () => {
  test('a value may follow, be joined with =, or share one argument', () => {
    for (const argv of [['--max-clients', '5'], ['--max-clients=5'], ['--max-clients 5'], ['--maxclients', '5']]) {
      expect(load(argv).config.maxClients).toBe(5)
    }
  })

  test('a list takes all words up to the next flag', () => {
    const argv = '--save 60 1000 --client-output-buffer-limit normal 1 2 3 --host 127.0.0.1 ::1'.split(' ')
    const { config } = load(argv)
    expect(config.savePoints).toEqual([{ seconds: 60, changes: 1000 }])
    expect(config.clientOutputBufferLimits.normal).toEqual({ hardBytes: 1, softBytes: 2, softSeconds: 3 })
    expect(config.bind).toEqual(['127.0.0.1', '::1'])
  })

  test('a value may begin with dashes', () => {
    expect(get('proc-title-template', '--proc-title-template', '--my--title', '--loglevel', 'debug')).toBe(
      '--my--title',
    )
  })

  test('save lines add up after the file, and an empty one clears them', () => {
    expect(get('save', '--save', '100', '100')).toBe('900 1 100 100')
    for (const argv of [['--save', '--hz', '5'], ['--hz', '5', '--save'], ['--save', ''], ['--save=']]) {
      expect(get('save', ...argv)).toBe('')
    }
  })

  test('a save variable starts anew', () => {
    const texts = { '/r.conf': 'save 900 1\nsave 60 5' }
    expect(load(['/r.conf'], {}, texts).config.text('save')).toBe('900 1 60 5')
    expect(load(['/r.conf'], { KVNS_SAVE: '1 1' }, texts).config.text('save')).toBe('1 1')
  })

  test('words before the first flag are a directive, quotes in a flag are read', () => {
    const argv = ['loglevel', 'debug', "--maxmemory '700mb'", '--shutdown-on-sigint', 'nosave force', '--hz', '5']
    expect(['loglevel', 'maxmemory', 'shutdown-on-sigint', 'hz'].map(name => get(name, ...argv))).toEqual([
      'debug',
      '734003200',
      'nosave force',
      '5',
    ])
  })

  test('a switch of ours stands alone', () => {
    const { config } = load(['--ready-json', '--port', '0'])
    expect([config.readyJson, config.port]).toEqual([true, 0])
    expect(load(['--ready-json', 'no']).config.readyJson).toBe(false)
  })

  test('the first word may be a command', () => {
    const asked = ['serve', 'ping', 'help', 'version', '--help', '-v'].map(word => load([word]).command)
    expect(asked).toEqual(['serve', 'ping', 'help', 'version', 'help', 'version'])
    expect(load(['ping', '--port', '7000']).config.port).toBe(7000)
  })
})

describe('environment', () => {
  test('names follow the flags and the CONFIG names; booleans are taken as the Rust program took them', () => {
    const env = { KVNS_MEMORY_LIMIT: '10mb', KVNS_MAXCLIENTS: '3', KVNS_SHARED_VALUES: 'False', KVNS_LOG: 'kvns=debug' }
    const { config, warnings } = load([], env)
    expect([config.memoryLimitBytes, config.maxClients, config.sharedValues, config.logLevel]).toEqual([
      10 * 1024 ** 2,
      3,
      false,
      'debug',
    ])
    expect(warnings).toEqual([])
  })

  test('an unknown KVNS_ variable warns, others are not ours', () => {
    expect(load([], { KVNS_PROT: '1', PORT: 'x', KVNS_TEST_BINARY: 'x' }).warnings).toEqual([
      'unknown variables are ignored: KVNS_PROT',
    ])
  })

  test('a bad value refuses, named by its variable', () => {
    expect(refusal([], { KVNS_PORT: '99999' })).toBe(
      `environment: 'KVNS_PORT "99999"': argument must be between 0 and 65535 inclusive; ` +
        'port takes a whole number from 0 to 65535',
    )
  })
})

describe('redis.conf', () => {
  test('comments, quotes, escapes and case', () => {
    const text = '# a comment\n\n  PORT 7000\r\nrequirepass "a \\"b\\" \\xc3\\xa9"\nlogfile \'\'\nbind 127.0.0.1 -::1\n'
    const { config } = load(['/r.conf'], {}, { '/r.conf': text })
    expect([config.port, config.requirepass, config.bind]).toEqual([7000, 'a "b" é', ['127.0.0.1', '-::1']])
    expect(config.file).toEqual({ path: '/r.conf', format: 'redis.conf' })
  })

  test('without a save line it has the save points of Redis; without a redis.conf there are none', () => {
    expect(load(['/r.conf'], {}, { '/r.conf': 'port 1' }).config.text('save')).toBe('3600 1 300 100 60 10000')
    expect(load(['/r.conf', '--save', ''], {}, { '/r.conf': 'port 1' }).config.text('save')).toBe('')
    expect(get('save')).toBe('900 1')
    expect(load([]).config.text('save')).toBe('')
  })

  test('included files stand in place; a pattern may match nothing', () => {
    const texts = {
      '/r.conf': 'port 1\ninclude /d/*.conf\ninclude /none/*.conf\nhz 7',
      '/d/a.conf': 'port 2\nhz 3',
      '/d/b.conf': 'timeout 9',
    }
    const { config } = load(['/r.conf'], {}, texts)
    expect([config.port, config.hz, config.timeoutSeconds]).toEqual([2, 7, 9])
  })

  test('a file that includes itself is refused', () => {
    expect(refusal(['/r.conf'], {}, { '/r.conf': 'include /r.conf' })).toContain('includes nest deeper than 16')
  })

  test('standard input is read after the file', () => {
    const texts = { '-': 'port 8', '/r.conf': 'port 1\nhz 4' }
    const { config } = load(['/r.conf', '-'], {}, texts)
    expect([config.port, config.hz]).toEqual([8, 4])
    expect(load(['-', '--port', '9'], {}, texts).config.port).toBe(9)
  })

  test('what Redis knows and we have not is told in one warning, and only when it is not the default', () => {
    const text =
      'lazyfree-lazy-expire yes\nactive-expire-effort 2\nslowlog-max-len 128\nrename-command FLUSHALL ""\nlua-time-limit 10'
    const { warnings, others, config } = load(['/r.conf'], {}, { '/r.conf': text })
    expect(warnings).toEqual(['accepted, but without effect here: active-expire-effort, busy-reply-threshold'])
    expect(others.map(({ words }) => words)).toEqual([['FLUSHALL', '']])
    expect(config.text('busy-reply-threshold')).toBe('10')
  })

  test('dir and dbfilename give the path of the snapshot, unless a path was set', () => {
    const texts = { '/r.conf': 'dir /tmp\ndbfilename x.rdb' }
    expect(load(['/r.conf'], {}, texts).config.snapshotPath).toBe('/tmp/x.rdb')
    expect(load(['/r.conf'], { KVNS_PERSIST_PATH: '/p' }, texts).config.snapshotPath).toBe('/p')
    expect(load(['--dir', '/tmp']).config.snapshotPath).toBe('/tmp/dump.rdb')
  })
})

describe('YAML', () => {
  test('scalars, lists, booleans and nothing', () => {
    const text =
      'save: [60 1000, 3600 1]\nlatency-tracking: false\nbind: [127.0.0.1, "::1"]\nlogfile:\nmemory-limit: 1000000\n'
    const { config } = load(['--config', '/c.yaml'], {}, { '/c.yaml': text })
    expect([config.text('save'), config.latencyTracking, config.bind, config.logfile, config.maxmemoryBytes]).toEqual([
      '60 1000 3600 1',
      false,
      ['127.0.0.1', '::1'],
      '',
      1000000,
    ])
  })

  test('an empty file is no setting at all', () => {
    expect(load(['--config', '/c.yaml'], {}, { '/c.yaml': '' }).config.port).toBe(6480)
  })

  test('broken YAML, a list and a nested mapping are refused', () => {
    const refused = (text: string): string => refusal(['--config', '/c.yaml'], {}, { '/c.yaml': text })
    expect(refused('port: [')).toStartWith('/c.yaml is not YAML: ')
    expect(refused('- a')).toContain('is a mapping of settings')
    expect(refused('port:\n  a: 1')).toBe("/c.yaml: 'port': takes one value or a list of values, not a mapping")
    expect(refused('prot: 1')).toStartWith("/c.yaml: 'prot' is not a setting")
  })
})

describe('refused at start, in one line', () => {
  const cases: readonly (readonly [argv: string[], part: string])[] = [
    [['--prot', '1'], "command line: '--prot' is not a setting (Bad directive); kvns --help lists them"],
    [['--port'], "'port': wrong number of arguments"],
    [['--port', '6379', '6380'], `'port "6379" "6380"': wrong number of arguments`],
    [['--port', '--loglevel', 'verbose'], `'port "--loglevel" "verbose"': wrong number of arguments`],
    [['--port', '--bla', '--loglevel', 'verbose'], `'port "--bla"': argument couldn't be parsed into an integer`],
    [['--logfile', '--x', '--loglevel', '--bla'], `'loglevel "--bla"': argument(s) must be one of the following`],
    [['--shutdown-on-sigint'], "'shutdown-on-sigint': argument(s) must be one of the following"],
    [['--replicaof', '--127.0.0.1', 'abc'], `'replicaof "--127.0.0.1" "abc"': Invalid master port`],
    [['--replicaof', '127.0.0.1', '6379'], 'replication comes later'],
    [['--sharded-mode', 'on'], 'several threads come later'],
    [['--daemonize', 'yes'], 'run it under a service manager instead'],
    [['--aclfile', 'users.acl'], 'access control lists come later'],
    [['--user', 'alice', 'on'], "'user': access control lists come later"],
    [['--persist-interval', '0'], 'argument must be between 1 and'],
    [['-p', '1'], "'-p' is not a setting"],
    [['/missing.conf'], 'cannot read the config file /missing.conf: ENOENT'],
    [['/a.conf', '--config', '/b.yaml'], 'two config files, /a.conf and /b.yaml'],
    [['--pidfile', '"x'], 'started'],
    [['--pidfile "x'], 'Unbalanced quotes in configuration line'],
  ]
  for (const [argv, part] of cases) {
    test(argv.join(' '), () => {
      const line = refusal(argv)
      expect(line).toContain(part)
      expect(line).not.toContain('\n')
    })
  }

  test('a password is not shown', () => {
    expect(refusal(['--requirepass', 'secret', 'two'])).not.toContain('secret')
  })
})

test('a memory limit above the cap is lowered, with a warning', () => {
  const { config, warnings } = load(['--memory-limit', '4gb'])
  expect(config.memoryLimitBytes).toBe(CAP_BYTES)
  expect(warnings).toEqual([
    `memory-limit 4294967296 is more than 70 % of the memory here and is lowered to ${CAP_BYTES}`,
  ])
  expect(load(['--memory-limit', '0']).warnings).toEqual([])
})
