// `npm run check`: everything that must hold before a change is whole, one step after the other, each with its time.
// All steps run even after one has failed, so one look shows everything that is wrong. `--no-tests` leaves out the last.

import { join } from 'node:path'
import { run } from './support/run.ts'
import { ROOT } from './support/source.ts'

const bin = (name: string) => join(ROOT, 'node_modules/.bin', name)

interface Step {
  readonly name: string
  readonly argv: readonly string[]
}

const STEPS: readonly Step[] = [
  { name: 'types', argv: [bin('tsc'), '-p', ROOT] },
  { name: 'format, lint, layers', argv: [bin('biome'), 'check', '--error-on-warnings', ROOT] },
  // knip under Bun: its own shebang asks for Node, whose version is not ours to choose.
  { name: 'dead code', argv: [process.execPath, '--bun', bin('knip')] },
  { name: 'tests', argv: [process.execPath, 'test', '--timeout', '30000', './test', './src'] },
]

const skipTests = process.argv.includes('--no-tests')
const failed: string[] = []
for (const step of STEPS) {
  if (skipTests && step.name === 'tests') continue
  const ended = run(step.argv, { cwd: ROOT, timeoutSeconds: 900 })
  process.stdout.write(`${ended.code === 0 ? 'ok  ' : 'FAIL'} ${step.name} ${ended.seconds.toFixed(1)} s\n`)
  if (ended.code === 0) continue
  failed.push(step.name)
  process.stdout.write(`${ended.stdout}${ended.stderr}\n`)
}
if (failed.length > 0) process.stdout.write(`failed: ${failed.join('; ')}\n`)
process.exit(failed.length > 0 ? 1 : 0)
