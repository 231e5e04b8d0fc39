// Redis 7.0.15's own test suite, fetched as Debian's source package into .conformance/ (ignored by git). The machine's
// apt configuration is read, never changed: lists and packages of this fetch live in .conformance/ too.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, refuse, run } from '../support/run.ts'
import { ROOT } from '../support/source.ts'

const VERSION = '7.0.15'
export const CACHE = join(ROOT, '.conformance')

const SOURCES = '/etc/apt/sources.list.d'

/** The security stanzas of the machine's own sources, asking for source packages: Debian's newest 7.0.15 is there. */
function sourceStanzas(): string {
  if (!existsSync(SOURCES)) return ''
  return readdirSync(SOURCES)
    .filter(name => name.endsWith('.sources'))
    .flatMap(name => readFileSync(join(SOURCES, name), 'utf8').split(/\n\s*\n/))
    .filter(stanza => stanza.includes('-security'))
    .map(stanza => stanza.trim().replace(/^Types:.*$/m, 'Types: deb-src'))
    .join('\n\n')
}

/** The directory of the suite, fetched when it is not there yet. Ends the script with a reason when it cannot be had. */
export function fetchSuite(): string {
  const suite = join(CACHE, `redis-${VERSION}`)
  if (existsSync(join(suite, 'tests/test_helper.tcl'))) return suite
  for (const program of ['tclsh', 'apt-get', 'dpkg-source']) {
    if (!installed(program)) refuse(`conformance: ${program} is missing (apt-get install tcl dpkg-dev redis-tools)`)
  }
  const stanzas = sourceStanzas()
  if (stanzas === '')
    refuse(`conformance: no Debian security source in ${SOURCES}; pass --suite DIR with Redis ${VERSION}`)
  mkdirSync(join(CACHE, 'lists/partial'), { recursive: true })
  mkdirSync(join(CACHE, 'cache/archives/partial'), { recursive: true })
  const list = join(CACHE, 'redis.sources')
  writeFileSync(list, `${stanzas}\n`)
  const apt = ['apt-get', '-qq', '-o', `Dir::Etc::sourcelist=${list}`, '-o', 'Dir::Etc::sourceparts=-']
  apt.push('-o', `Dir::State::lists=${join(CACHE, 'lists')}`, '-o', `Dir::Cache=${join(CACHE, 'cache')}`)
  for (const step of [['update'], ['source', 'redis']]) {
    const ended = run([...apt, ...step], { cwd: CACHE, timeoutSeconds: 300 })
    if (ended.code !== 0) refuse(`conformance: apt-get ${step.join(' ')} failed\n${ended.stdout}${ended.stderr}`)
  }
  if (!existsSync(join(suite, 'tests/test_helper.tcl'))) {
    refuse(`conformance: the Debian source package is not Redis ${VERSION}: ${readdirSync(CACHE).join(' ')}`)
  }
  return suite
}

/**
 * A directory like the suite's in which the suite finds what it wants to start: the tools of redis-tools and, as
 * `src/redis-server`, the server under test. The server itself must say ` PID: n` on stdout once it listens, and
 * `Ready to accept connections`: the suite waits for both. Nothing is added to `suite` itself.
 */
export function suiteDirectory(suite: string, command: string): string {
  const top = join(CACHE, 'run')
  rmSync(top, { recursive: true, force: true })
  const src = join(top, 'src')
  mkdirSync(src, { recursive: true })
  for (const name of readdirSync(suite)) {
    if (name !== 'src') symlinkSync(join(suite, name), join(top, name))
  }
  for (const tool of ['redis-cli', 'redis-benchmark', 'redis-check-aof', 'redis-check-rdb']) {
    const real = Bun.which(tool)
    if (real !== null) symlinkSync(real, join(src, tool))
  }
  const quiet = 'KVNS_METRICS_HOST=127.0.0.1 KVNS_METRICS_PORT=0'
  const launcher = `#!/bin/sh\n${quiet} exec ${command} "$@"\n`
  writeFileSync(join(src, 'redis-server'), launcher, { mode: 0o755 })
  return top
}
