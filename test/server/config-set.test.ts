// CONFIG GET and CONFIG SET on a Config: Redis's error texts, all or nothing, and who may change what.
import { describe, expect, test } from 'bun:test'
import { type Asker, Config, type Refusal } from '../../src/server/config/config.ts'
import type { Setting } from '../../src/server/config/setting.ts'
import { isSensitive, settingNamed } from '../../src/server/config/table.ts'

const NEAR: Asker = { isLocal: true, isLoading: false }
const FAR: Asker = { isLocal: false, isLoading: false }

function reply(refusal: Refusal | undefined): string {
  if (refusal === undefined) return 'OK'
  return refusal.kind === 'loading' ? 'LOADING' : `ERR ${refusal.text}`
}

function set(config: Config, ...words: string[]): string {
  const pairs = words.flatMap((name, index) => (index % 2 === 0 ? [[name, words[index + 1] ?? ''] as const] : []))
  return reply(config.set(pairs, NEAR))
}

function allowing(word: string): Config {
  const config = new Config()
  config.assign(rowOf('enable-protected-configs'), [word], 'flag')
  return config
}

function rowOf(name: string): Setting<unknown> {
  const found = settingNamed(name)
  if (found === undefined) throw new Error(`no row ${name}`)
  return found
}

describe('CONFIG GET', () => {
  test('an exact name is answered as it was written, in any case', () => {
    expect(new Config().entries(['MaxClients'])).toEqual([['MaxClients', '10000']])
  })

  test('a pattern finds a setting under its older name as well, and each name once', () => {
    const names = new Config().entries(['*of', 'replicaof', 'REPLICAOF']).map(([name]) => name)
    expect(names).toEqual(['replicaof', 'slaveof'])
  })

  test('older names and flags find the same value', () => {
    const config = new Config()
    expect(config.entries(['list-max-ziplist-size', 'memory-limit'])).toEqual([
      ['list-max-ziplist-size', '-2'],
      ['memory-limit', '1073741824'],
    ])
  })

  test('a hidden setting is found by its name only', () => {
    const config = new Config()
    expect(config.entries(['*']).map(([name]) => name)).not.toContain('key-load-delay')
    expect(config.entries(['key-load-delay'])).toEqual([['key-load-delay', '0']])
  })

  test('what does not exist is left out', () => {
    expect(new Config().entries(['nothing', 'no-such-*'])).toEqual([])
  })
})

describe('CONFIG SET', () => {
  test('changes the field that the server reads', () => {
    const config = new Config()
    expect(set(config, 'maxclients', '7', 'TIMEOUT', '3')).toBe('OK')
    expect([config.maxClients, config.timeoutSeconds, config.sourceOf('timeout')]).toEqual([7, 3, 'config-set'])
  })

  test('every value that CONFIG GET * shows can be set again and stays the same', () => {
    const config = new Config()
    const before = config.entries(['*'])
    for (const [name, text] of before) {
      const answer = set(config, name, text)
      const immutable = rowOf(name).traits.has('immutable')
      const isProtected = rowOf(name).traits.has('protected')
      if (immutable) expect(answer).toEndWith("can't set immutable config")
      else if (isProtected) expect(answer).toEndWith("can't set protected config")
      else expect(answer).toBe('OK')
    }
    expect(config.entries(['*'])).toEqual(before)
  })

  test('an unknown name changes nothing, whatever stands beside it', () => {
    const config = new Config()
    expect(set(config, 'timeout', '5', 'foo', '1')).toBe(
      "ERR Unknown option or number of arguments for CONFIG SET - 'foo'",
    )
    expect(config.timeoutSeconds).toBe(0)
  })

  test('a bad value changes nothing and is named as Redis names it', () => {
    const config = new Config()
    const answer = set(config, 'maxmemory', '10000001', 'maxmemory-clients', '200%', 'client-query-buffer-limit', 'x')
    expect(answer).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - " +
        'percentage argument must be less or equal to 100',
    )
    expect(config.text('maxmemory')).toBe('1073741824')
  })

  test('one setting twice is refused, also under two names', () => {
    const config = new Config()
    expect(set(config, 'maxmemory', '1', 'maxmemory', '2')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter",
    )
    expect(set(config, 'maxmemory', '1', 'memory-limit', '2')).toEndWith('duplicate parameter')
  })

  test('a setting that counts at start only is refused', () => {
    const text = "ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable config"
    expect(set(new Config(), 'daemonize', 'yes')).toBe(text)
    expect(set(new Config(), 'persist-path', '/x')).toEndWith("can't set immutable config")
  })

  test('a protected setting needs enable-protected-configs: yes for all, local for the same machine', () => {
    const pairs = [['dbfilename', 'x.rdb']] as const
    const answers = ['no', 'local', 'yes'].map(word =>
      [NEAR, FAR].map(asker => reply(allowing(word).set(pairs, asker))),
    )
    const no = "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config"
    expect(answers).toEqual([
      [no, no],
      ['OK', no],
      ['OK', 'OK'],
    ])
  })

  test('dir must exist, and cannot be changed while loading', () => {
    const config = allowing('yes')
    expect(set(config, 'dir', '/no/such/folder')).toEndWith("argument 'dir') - No such file or directory")
    expect(set(config, 'dir', '/etc/passwd')).toEndWith("argument 'dir') - Not a directory")
    expect(reply(config.set([['dir', '/tmp']], { isLocal: true, isLoading: true }))).toBe('LOADING')
    expect(set(config, 'dir', '/tmp')).toBe('OK')
    expect(config.dir).toBe('/tmp')
  })

  test('what is not built yet cannot be switched on', () => {
    expect(set(new Config(), 'tls-port', '1')).toEndWith("'tls-port') - TLS comes later")
  })

  test('save replaces its points, buffer limits keep the other classes', () => {
    const config = new Config()
    set(config, 'save', '900 1')
    set(config, 'save', '60 5', 'client-output-buffer-limit', 'normal 1kb 0 0')
    expect(config.savePoints).toEqual([{ seconds: 60, changes: 5 }])
    expect(config.text('client-output-buffer-limit')).toStartWith('normal 1024 0 0 slave 268435456')
  })

  test('a listener hears of its fields once a command, and not when nothing changed', () => {
    const config = new Config()
    const heard: number[] = []
    config.onChange(['maxClients', 'timeoutSeconds'], () => void heard.push(config.maxClients))
    set(config, 'maxclients', '5', 'timeout', '5')
    set(config, 'maxclients', '5')
    set(config, 'hz', '50')
    expect(heard).toEqual([5])
  })

  test('when a change cannot be applied, all values go back and are applied again', () => {
    const config = new Config()
    const seen: number[] = []
    config.onChange(['maxClients'], () => void seen.push(config.maxClients))
    config.onChange(['port'], () => (config.port === 1 ? 'Unable to listen on this port.' : undefined))
    expect(set(config, 'maxclients', '5', 'port', '1', 'hz', '20')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port.",
    )
    expect([config.maxClients, config.port, config.hz, config.sourceOf('port')]).toEqual([10000, 6480, 10, 'default'])
    expect(seen).toEqual([5, 10000])
  })

  test('passwords are known as secrets', () => {
    expect(['requirepass', 'MASTERAUTH', 'port', 'nothing'].map(isSensitive)).toEqual([true, true, false, false])
  })
})

describe('the memory limit in force', () => {
  const config = () => new Config({ ramCapBytes: 5000 })
  const asked = (text: string): number => {
    const one = config()
    set(one, 'maxmemory', text)
    return one.memoryLimitBytes
  }

  test('is what was asked for, at most the cap, and the cap for 0', () => {
    expect([asked('4999'), asked('5001'), asked('0')]).toEqual([4999, 5000, 5000])
  })

  test('CONFIG GET still says what was asked for', () => {
    const one = config()
    set(one, 'maxmemory', '0')
    expect(one.text('maxmemory')).toBe('0')
  })

  test('the default is not drawn down, and stands in for 0 when the memory is unknown', () => {
    const unknown = new Config()
    set(unknown, 'maxmemory', '0')
    expect([config().memoryLimitBytes, unknown.memoryLimitBytes]).toEqual([1024 ** 3, 1024 ** 3])
  })
})
