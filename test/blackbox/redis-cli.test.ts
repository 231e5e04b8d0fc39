// redis-cli against our server, in the modes that people use at a prompt and in scripts.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { endGroup } from '../../scripts/support/processes.ts'
import { installed } from '../../scripts/support/run.ts'
import { request } from '../support/resp.ts'
import { type OurServer, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

const hasCli = installed('redis-cli')
if (!hasCli) process.stderr.write('skipped: no redis-cli (apt-get install redis-tools)\n')

const LIMIT_MS = 10_000

describe.if(hasCli)('redis-cli', () => {
  let server: OurServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.stop())

  /** Runs it with `input`; ends it after `forMs` when it would go on for ever. Gives back what it printed. */
  async function cli(words: readonly string[], input = '', forMs = LIMIT_MS): Promise<string> {
    // Line-buffered, or what it printed is lost when it is ended.
    const argv = ['-oL', 'redis-cli', '-p', String(server.port), ...words]
    const child = spawn('stdbuf', argv, { detached: true })
    let said = ''
    child.stdout.on('data', chunk => {
      said += chunk
    })
    child.stderr.on('data', chunk => {
      said += chunk
    })
    child.stdin.end(input, 'latin1')
    const closed = once(child, 'close')
    const timer = setTimeout(() => endGroup(child), forMs)
    await closed
    clearTimeout(timer)
    return said
  }

  test('commands from standard input, with quotes', async () => {
    await cli(['flushall'])
    const said = await cli([], 'SET a "hello world"\nGET a\nINCR n\nINCR a\nGET none\nKEYS *\n')
    expect(said).toContain('OK\nhello world\n1\nERR value is not an integer or out of range\n\n\n')
    expect(await cli(['--no-raw', 'get', 'a'])).toBe('"hello world"\n')
    expect(await cli(['-3', '--no-raw', 'get', 'none'])).toBe('(nil)\n')
    expect(await cli(['-n', '4', 'dbsize'])).toBe('0\n')
    expect(await cli(['-x', 'set', 'from-stdin'], 'some\nbytes')).toBe('OK\n')
    expect(await cli(['get', 'from-stdin'])).toBe('some\nbytes\n')
  })

  test('--pipe inserts 100,000 keys and counts no error', async () => {
    await cli(['flushall'])
    const commands = Array.from({ length: 100_000 }, (_, i) => request(['SET', `key:${i}`, `value ${i}`]))
    const said = await cli(['--pipe'], commands.join(''))
    expect(said).toContain('errors: 0, replies: 100000')
    expect(await cli(['dbsize'])).toBe('100000\n')
  })

  test('--scan lists every key once, with a pattern those that match', async () => {
    await cli(['flushall'])
    await cli(['--pipe'], Array.from({ length: 3000 }, (_, i) => request(['SET', `key:${i}`, 'x'])).join(''))
    await cli(['set', 'ns/other', 'x'])
    const lines = (await cli(['--scan'])).trim().split('\n')
    expect(lines).toHaveLength(3001)
    expect(new Set(lines).size).toBe(3001)
    expect(await cli(['--scan', '--pattern', 'ns/*'])).toBe('ns/other\n')
  })

  test('--bigkeys and --memkeys name the largest', async () => {
    await cli(['set', 'largest', 'x'.repeat(5000)])
    const big = await cli(['--bigkeys'])
    expect(big).toMatch(/Biggest string found '"largest"' has 5000 bytes/)
    const memory = await cli(['--memkeys'])
    expect(memory).toMatch(/Biggest string found '"largest"' has \d+ bytes/)
  })

  test('--stat and --latency measure until they are ended', async () => {
    const stat = await cli(['--stat', '-i', '0.1'], '', 800)
    expect(stat).toMatch(/keys +mem +clients/)
    expect(stat).toMatch(/\n\d+ +[\d.]+[BKMG] +\d+/)
    expect(await cli(['--latency', '--raw', '-i', '0.2'], '', 1500)).toMatch(/^\d+ \d+ [\d.]+ \d+/)
  })

  test('monitor prints what others do, and client list shows it', async () => {
    const monitor = cli(['monitor'], '', 1500)
    while (!(await cli(['client', 'list'])).includes(' flags=O ')) await Bun.sleep(20)
    await cli(['set', 'k', 'two words'])
    const [, ...lines] = (await monitor).trim().split('\n')
    const seen = lines.map(line => line.replace(/^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] /, ''))
    expect(seen).toContain('"set" "k" "two words"')
    expect(await cli(['client', 'list'])).not.toContain(' flags=O ')
  })

  test('--latency-history prints a line for each stretch of time', async () => {
    const said = await cli(['--latency-history', '--raw', '-i', '0.3'], '', 1500)
    expect(said.trim().split('\n').length).toBeGreaterThan(1)
    expect(said).toMatch(/^\d+ \d+ [\d.]+ \d+\n/)
  })

  test('slowlog get and latency commands print what happened', async () => {
    await cli(['config', 'set', 'slowlog-log-slower-than', '0'])
    await cli(['set', 'k', 'two words'])
    await cli(['config', 'set', 'slowlog-log-slower-than', '-1'])
    const entry = /^1\) 1\) \(integer\) \d+\n +2\) \(integer\) \d{10}\n +3\) \(integer\) \d+\n +4\) 1\) "set"\n/
    expect(await cli(['--no-raw', 'slowlog', 'get', '1'])).toMatch(entry)
    expect(await cli(['latency', 'doctor'])).toMatch(/^Latency is not watched\./)
    expect(await cli(['-3', '--no-raw', 'latency', 'histogram', 'set'])).toMatch(
      /^1# "set" => \n +1# "calls" => \(integer\) \d/,
    )
  })

  test('info, config get and help of the prompt answer', async () => {
    expect(await cli(['info', 'server'])).toContain('redis_version:7.0.15')
    expect(await cli(['config', 'get', 'maxclients'])).toBe('maxclients\n10000\n')
    expect(await cli(['--csv', 'mget', 'none', 'largest'])).toMatch(/^NULL,"x+"\n$/)
  })
})
