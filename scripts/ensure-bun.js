// Makes sure node_modules/.bin/bun is a working Bun before any npm script uses it.
// The bun package on npm is a stub whose postinstall step puts the real executable in place; npm 12 and `--ignore-scripts`
// leave that step out. This file runs under plain Node, so it needs nothing else to be there.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const windows = process.platform === 'win32'
const bun = join(root, 'node_modules', '.bin', windows ? 'bun.exe' : 'bun')
const installer = join(root, 'node_modules', 'bun', 'install.js')

const works = () => spawnSync(bun, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0

function fail(reason) {
  process.stderr.write(`kvns: ${reason}\n`)
  process.exit(1)
}

if (!works()) {
  if (!existsSync(installer)) fail('Bun is not installed here: run `npm ci` first')
  const done = spawnSync(process.execPath, [installer], { cwd: dirname(installer), encoding: 'utf8', timeout: 120_000 })
  if (!works()) {
    const said = `${done.stderr ?? ''}`.trim().split('\n').at(-1) || 'no message'
    fail(`Bun does not run and node_modules/bun/install.js could not repair it (${said}): run \`npm ci\` again`)
  }
}
