// Builds the container image around dist/kvns and uses it as a user would, hardened: no root, no capabilities, read-only
// root. Works without a registry: the base is made from Debian packages, nothing is pulled.
//   --binary FILE     another executable than dist/kvns
//   --summary FILE    write `PASSED FAILED` there
// Where podman cannot be had the test says so and is skipped; with CI=true that is a failure.

import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { HARDENED, Podman } from './container/podman.ts'
import { type Ended, installed, refuse } from './support/run.ts'
import { answers, ask, freePort } from './support/server.ts'
import { ROOT } from './support/source.ts'

const BASE = 'localhost/kvns-base'
const IMAGE = 'localhost/kvns'
const VOLUME = 'kvns-data'
const MAX_IMAGE_BYTES = 180e6
const MAX_STOP_SECONDS = 5
const START_LIMIT_MS = 10_000
const USER = 65_532
/** Some platforms choose a user id of their own, always with group 0. */
const STRANGE_USER = 123_456

const { values } = parseArgs({ options: { binary: { type: 'string' }, summary: { type: 'string' } } })
const binary = resolve(values.binary ?? join(ROOT, 'dist/kvns'))

const missing = ['podman', 'runc', 'mmdebstrap'].filter(program => !installed(program))
if (process.getuid?.() !== 0) missing.push('root')
if (missing.length > 0) {
  const line = `container test skipped: it needs ${missing.join(', ')}`
  if (process.env.CI === 'true') refuse(line)
  process.stdout.write(`${line}\n`)
  process.exit(0)
}
if (!existsSync(binary)) refuse(`container test: no ${binary}: npm run build`)

let passed = 0
let failed = 0

function check(rule: string, holds: boolean, seen: unknown = ''): boolean {
  process.stdout.write(`${holds ? 'ok  ' : 'FAIL'} ${rule}${holds ? '' : `: ${String(seen).trim()}`}\n`)
  if (holds) passed++
  else failed++
  return holds
}

const said = (ended: Ended) => `exit ${ended.code} ${ended.stdout}${ended.stderr}`
const bulk = (...words: string[]) => `*${words.length}\r\n${words.map(w => `$${w.length}\r\n${w}\r\n`).join('')}`

/** The image from the Containerfile, around the very file that was built and tested. */
function build(podman: Podman): boolean {
  const context = podman.directory('context')
  for (const name of ['Containerfile', 'packaging']) cpSync(join(ROOT, name), join(context, name), { recursive: true })
  mkdirSync(join(context, 'dist'))
  copyFileSync(binary, join(context, 'dist/kvns'))
  const base = podman.makeBase(BASE)
  if (!check('a base image is made from Debian packages', base.code === 0, said(base))) return false
  const options = ['--quiet', '--pull=never', '--target=prebuilt', `--build-arg=BASE=${BASE}`, '--tag', IMAGE]
  const built = podman.run('build', ...options, '--file', join(context, 'Containerfile'), context)
  return check('the image builds', built.code === 0, said(built))
}

interface ImageFacts {
  readonly Size: number
  readonly Healthcheck?: { readonly Test: readonly string[] }
  readonly Config: { readonly User: string; readonly Volumes?: object; readonly ExposedPorts?: object }
}

/** What the image says of itself. Returns its health check's command. */
function inspect(podman: Podman): readonly string[] {
  const [facts] = JSON.parse(podman.run('image', 'inspect', IMAGE).stdout) as ImageFacts[]
  if (facts === undefined) throw new Error('podman image inspect said nothing')
  check(`the image is smaller than ${MAX_IMAGE_BYTES / 1e6} MB`, facts.Size < MAX_IMAGE_BYTES, facts.Size)
  check('it does not run as root', facts.Config.User === `${USER}:${USER}`, facts.Config.User)
  check('/data is a volume', Object.keys(facts.Config.Volumes ?? {}).includes('/data'))
  const ports = Object.keys(facts.Config.ExposedPorts ?? {})
    .sort()
    .join(' ')
  check('the ports of RESP and HTTP are named', ports === '6480/tcp 9090/tcp', ports)
  const test = facts.Healthcheck?.Test ?? []
  check('it has a health check without a shell', test[0] === 'CMD', test.join(' '))
  const shell = podman.run('run', '--rm', ...HARDENED, '--entrypoint=/bin/sh', IMAGE, '-c', 'true')
  check('there is no shell in it', shell.code === 127, said(shell))
  return test.slice(1)
}

async function start(podman: Podman, name: string, port: number, ...more: readonly string[]): Promise<boolean> {
  const environment = [`KVNS_PORT=${port}`, 'KVNS_HOST=127.0.0.1', 'KVNS_METRICS_HOST=127.0.0.1', 'KVNS_METRICS_PORT=0']
  const env = environment.flatMap(setting => ['--env', setting])
  const volume = `--volume=${VOLUME}:/data`
  const ran = podman.run(
    'run',
    '--detach',
    '--name',
    name,
    '--no-healthcheck',
    ...HARDENED,
    volume,
    ...env,
    ...more,
    IMAGE,
  )
  if (ran.code !== 0) return check(`${name} container starts`, false, said(ran))
  const until = performance.now() + START_LIMIT_MS
  while (!(await answers(port)) && performance.now() < until) await Bun.sleep(20)
  const up = await answers(port)
  return check(`${name} container answers PING`, up, up ? '' : said(podman.run('logs', name)))
}

function stop(podman: Podman, name: string): void {
  const stopped = podman.run('stop', '--time', String(MAX_STOP_SECONDS * 2), name)
  const code = podman.run('inspect', '--format={{.State.ExitCode}}', name).stdout.trim()
  const inTime = stopped.seconds < MAX_STOP_SECONDS
  const rule = `${name} container stops within ${MAX_STOP_SECONDS} s with exit code 0`
  check(
    rule,
    inTime && code === '0',
    `${stopped.seconds.toFixed(1)} s, exit code ${code}\n${said(podman.run('logs', name))}`,
  )
}

function userOf(podman: Podman, name: string): string {
  const pid = podman.run('inspect', '--format={{.State.Pid}}', name).stdout.trim()
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : ''
  const field = (label: string) => new RegExp(`^${label}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '?'
  return `uid ${field('Uid')}, capabilities ${field('CapEff')}`
}

async function use(podman: Podman, healthCheck: readonly string[]): Promise<void> {
  const port = await freePort()
  if (!(await start(podman, 'first', port))) return
  const user = userOf(podman, 'first')
  check('it runs without root and without capabilities', user === `uid ${USER}, capabilities 0000000000000000`, user)
  check('SET is answered with OK', (await ask(port, bulk('SET', 'box/key', 'kept'))) === '+OK\r\n')
  const healthy = podman.run('exec', 'first', ...healthCheck)
  check('the health check says healthy', healthCheck.length > 0 && healthy.code === 0, said(healthy))
  const elsewhere = podman.run('exec', '--env', `KVNS_PORT=${await freePort()}`, 'first', ...healthCheck)
  check('the health check fails where nobody listens', healthCheck.length > 0 && elsewhere.code !== 0, said(elsewhere))
  stop(podman, 'first')
  const again = await freePort()
  if (!(await start(podman, 'second', again, `--user=${STRANGE_USER}:0`))) return
  const kept = (await ask(again, bulk('GET', 'box/key'), 2)) ?? 'no answer'
  check('the data is there after a restart, under another user id', kept === '$4\r\nkept\r\n', kept)
  stop(podman, 'second')
}

const podman = new Podman()
try {
  if (build(podman)) await use(podman, inspect(podman))
} catch (error) {
  check('the test runs to its end', false, error instanceof Error ? error.stack : error)
} finally {
  podman.close()
}
if (values.summary !== undefined) writeFileSync(values.summary, `${passed} ${failed}\n`)
process.stdout.write(`container: ${passed} passed, ${failed} failed\n`)
process.exit(failed > 0 ? 1 : 0)
