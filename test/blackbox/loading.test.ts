// What clients, watchers and signals meet while the keys are still being loaded. `key-load-delay` makes that last.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endGroup } from '../../scripts/support/processes.ts'
import { Raw } from '../support/raw.ts'
import { directory, Running, startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

const KEYS = 100
const LOADING = '-LOADING Redis is loading the dataset in memory\r\n'
const NEVER = ['--key-load-delay', '1000000']
const A_MOMENT = ['--key-load-delay', '3000']

/** How the keys are kept, by the settings that keep them so; SHUTDOWN SAVE writes a snapshot, SAVE is one. */
const KINDS: readonly { readonly kind: string; readonly flags: readonly string[] }[] = [
  { kind: 'a snapshot', flags: ['--save', '900 1', '--dbfilename', 'kept'] },
  { kind: 'an append-only file', flags: ['--appendonly', 'yes'] },
]

/** Keys in files of that kind in `dir`, and nobody who runs. */
async function kept(dir: string, flags: readonly string[]): Promise<void> {
  const server = await startServer({ dir, flags: ['--dir', dir, ...flags, '--enable-debug-command', 'yes'] })
  using raw = await Raw.open(server.port)
  const sets = Array.from({ length: KEYS }, (_, i) => `SET key:${i} ${i}\r\n`).join('')
  await raw.send(sets).expect('+OK\r\n'.repeat(KEYS))
  server.process.child.kill('SIGTERM')
  expect(await server.process.ended(5000)).toBe(0)
  await server.stop()
}

/** Starts a server that is loading when this is fulfilled. */
async function loading(dir: string, flags: readonly string[]): Promise<{ process: Running; socket: string }> {
  const socket = join(dir, 'socket')
  const words = [
    '--port',
    '0',
    '--metrics-host',
    '127.0.0.1',
    '--metrics-port',
    '0',
    '--ready-json',
    '--dir',
    dir,
    '--unixsocket',
    socket,
  ]
  const process = new Running([...words, '--enable-debug-command', 'yes', ...flags], {}, dir)
  await process.until('listening', () => /loading goes on/.test(process.stdout))
  return { process, socket }
}

function filesIn(dir: string): Map<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return new Map(files.map(({ name, parentPath }) => [name, readFileSync(join(parentPath, name), 'hex')]))
}

for (const { kind, flags } of KINDS) {
  test(`${kind}: commands that need keys are told to wait, others run, and then all keys are there`, async () => {
    using place = directory()
    await kept(place.path, flags)
    const { process, socket } = await loading(place.path, [...flags, ...A_MOMENT])
    try {
      using raw = await Raw.open(socket)
      await raw
        .send('PING\r\nGET key:1\r\nDEBUG RELOAD\r\nECHO there\r\n')
        .expect(`${LOADING.repeat(3)}$5\r\nthere\r\n`)
      await raw.send('MULTI\r\nGET key:1\r\nEXEC\r\n').until('EXEC', () => raw.text.includes('EXECABORT'))
      raw.text = ''
      await raw.send('INFO persistence\r\n').until('INFO', () => raw.text.includes('loading_eta_seconds'))
      expect(raw.text).toContain('\r\nloading:1\r\nasync_loading:0\r\n')
      expect(raw.text).toMatch(/loading_total_bytes:[1-9]/)
      expect(process.stdout).not.toContain('"ready":true')
      await process.until('ready', () => process.stdout.includes('"ready":true'))
      raw.text = ''
      await raw.send(`DBSIZE\r\nGET key:${KEYS - 1}\r\n`).expect(`:${KEYS}\r\n$2\r\n${KEYS - 1}\r\n`)
    } finally {
      await endGroup(process.child)
    }
  })

  for (const end of ['SHUTDOWN', 'SHUTDOWN SAVE', 'SIGTERM', 'SIGINT'] as const) {
    test(`${kind}: ${end} while it is loaded ends the server and leaves the files as they were`, async () => {
      using place = directory()
      await kept(place.path, flags)
      const before = filesIn(place.path)
      const { process, socket } = await loading(place.path, [...flags, ...NEVER])
      try {
        if (end.startsWith('SIG')) process.child.kill(end as NodeJS.Signals)
        else {
          using raw = await Raw.open(socket)
          raw.send(`${end}\r\n`)
          await raw.untilClosed()
        }
        expect(await process.ended(2000)).toBe(0)
        expect(filesIn(place.path)).toEqual(before)
      } finally {
        await endGroup(process.child)
      }
    })
  }
}

test('a key that falls due while it is loaded is not removed before all of the file is read', async () => {
  using place = directory()
  const flags = ['--appendonly', 'yes']
  const server = await startServer({ dir: place.path, flags: ['--dir', place.path, ...flags] })
  using raw = await Raw.open(server.port)
  const sets = Array.from({ length: KEYS }, (_, i) => `SET key:${i} ${i}\r\n`).join('')
  await raw.send(`SET due 1 PX 100\r\nPERSIST due\r\n${sets}`).expect(`+OK\r\n:1\r\n${'+OK\r\n'.repeat(KEYS)}`)
  await server.stop()
  await Bun.sleep(100)
  const { process, socket } = await loading(place.path, [...flags, ...A_MOMENT])
  try {
    using other = await Raw.open(socket)
    await other.send('WATCH due\r\n').expect('+OK\r\n')
    await process.until('ready', () => process.stdout.includes('"ready":true'))
    await other.send('GET due\r\n').expect('$1\r\n1\r\n')
  } finally {
    await endGroup(process.child)
  }
})

test('/ready is 503 and /health is well while keys are loaded', async () => {
  using place = directory()
  await kept(place.path, ['--dbfilename', 'kept', '--save', '900 1'])
  const { process } = await loading(place.path, ['--dbfilename', 'kept', ...NEVER])
  try {
    await process.until('HTTP is open', () => process.stdout.includes('"metricsPort":'))
    const port = /"metricsPort":(\d+)/.exec(process.stdout)?.[1]
    expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(503)
    const health = await fetch(`http://127.0.0.1:${port}/health`)
    expect([health.status, await health.json()]).toEqual([200, { status: 'loading' }])
  } finally {
    await endGroup(process.child)
  }
})
