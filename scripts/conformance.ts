// `npm run conformance`: Redis's own test suite against our executable, test by test. test/conformance/expected.json
// lists what must pass; the run fails when one of those does not. The suite is fetched, never copied into the project.
//   [UNIT…]               only these units (`unit/type/string`); default: all of test/conformance/units.json
//   --mode external|forced|spawn  for units that units.json does not list
//   --update              write what passes now into expected.json (of the units run)
//   --server-cmd 'CMD'    another server; {port} stands for its port. With spawn units it is given a config file
//   --suite DIR           a Redis 7.0.15 source tree that is already here
//   --no-slow             leave out the tests tagged slow (fuzzers)
//   --test-limit SECONDS  silence after which a test counts as hung (120)
//   --reply-limit SECONDS how long a test waits for one reply (10)
//   --summary FILE        write `PASSED FAILED` there
// external: the suite speaks to a server we start. forced: the same, and the tests it would leave out for that reason
// are run as well. spawn: the suite starts servers itself.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Mode } from './conformance/pass.ts'
import { CACHE, fetchSuite, suiteDirectory } from './conformance/suite.ts'
import { runUnit, testId, type UnitResult } from './conformance/unit.ts'
import { installed, refuse } from './support/run.ts'
import { splitCommand } from './support/server.ts'
import { ROOT } from './support/source.ts'

const FOLDER = join(ROOT, 'test/conformance')
const BINARY = join(ROOT, 'dist/kvns')
const OURS = `${BINARY} --port {port} --enable-debug-command yes --enable-protected-configs yes`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mode: { type: 'string', default: 'external' },
    update: { type: 'boolean', default: false },
    'server-cmd': { type: 'string' },
    suite: { type: 'string' },
    'no-slow': { type: 'boolean', default: false },
    'test-limit': { type: 'string', default: '120' },
    'reply-limit': { type: 'string', default: '10' },
    summary: { type: 'string' },
  },
})

function readJson<T>(name: string, otherwise: T): T {
  const path = join(FOLDER, name)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : otherwise
}

function modeOf(text: string): Mode {
  if (text === 'external' || text === 'forced' || text === 'spawn') return text
  return refuse(`conformance: no mode ${text}: external, forced or spawn`)
}

/** Runs a unit; when a test is lost that should pass, once more: a test counts as lost when it fails twice. */
async function runTwiceIfLost(unit: string, mode: Mode, expected: ReadonlySet<string>) {
  const plan = {
    unit,
    mode,
    suite,
    serverArgv: splitCommand(command),
    flags: values['no-slow'] ? ['--tags', '-slow'] : [],
    testLimitSeconds: Number(values['test-limit']),
    replyLimitMs: Number(values['reply-limit']) * 1000,
  }
  const result = await runUnit(plan)
  const passed = passedIds(result)
  if (lostOf(unit, expected, passed).length === 0) return { result, passed }
  for (const id of passedIds(await runUnit(plan))) passed.add(id)
  return { result, passed }
}

function passedIds(result: UnitResult): Set<string> {
  const passed = result.verdicts.filter(verdict => verdict.outcome === 'ok')
  return new Set(passed.map(verdict => testId(result.unit, verdict)))
}

function lostOf(unit: string, expected: ReadonlySet<string>, passed: ReadonlySet<string>): string[] {
  return [...expected].filter(id => id.startsWith(`${unit} :: `) && !passed.has(id))
}

function show(result: UnitResult, passed: number, lost: number): void {
  const count = (outcome: string) => result.verdicts.filter(verdict => verdict.outcome === outcome).length
  const columns = [passed, count('failed'), count('hung'), count('crashed'), lost].map(n => String(n).padStart(6))
  const line = `${result.unit.padEnd(28)}${columns.join('')} ${result.seconds.toFixed(1).padStart(7)}`
  process.stdout.write(`${line}${result.gaveUp === '' ? '' : `  ${result.gaveUp}`}\n`)
}

const command = values['server-cmd'] ?? OURS
if (!installed('tclsh')) refuse('conformance: tclsh is missing (apt-get install tcl)')
if (values['server-cmd'] === undefined && !existsSync(BINARY)) refuse('conformance: no dist/kvns: npm run build')
const source = values.suite === undefined ? fetchSuite() : resolve(values.suite)
// What the suite starts itself gets a config file, so of the command only what stands before its first option.
const suite = suiteDirectory(source, command.split(' --')[0] ?? command)
const units = readJson<Record<string, string>>('units.json', {})
const wanted = positionals.length > 0 ? positionals : Object.keys(units)
const expected = new Set(readJson<string[]>('expected.json', []))

process.stdout.write(
  `${'unit'.padEnd(28)}${['ok', 'fail', 'hung', 'crash', 'lost'].map(c => c.padStart(6)).join('')}     sec\n`,
)
const passed = new Set<string>()
const lost: string[] = []
const problems: string[] = []
for (const unit of wanted) {
  const ran = await runTwiceIfLost(unit, modeOf(units[unit] ?? values.mode), expected)
  const missing = lostOf(unit, expected, ran.passed)
  show(ran.result, ran.passed.size, missing.length)
  for (const id of ran.passed) passed.add(id)
  lost.push(...missing)
  for (const verdict of ran.result.verdicts) {
    const id = testId(unit, verdict)
    if (!ran.passed.has(id)) problems.push(`${verdict.outcome.toUpperCase()} ${id}\n${verdict.message}\n`)
  }
  problems.push(...ran.result.notes.map(note => `NOTE ${unit}\n${note}\n`))
}

mkdirSync(CACHE, { recursive: true })
writeFileSync(join(CACHE, 'problems.txt'), problems.join('\n'))
if (values.update) {
  const others = [...expected].filter(id => !wanted.some(unit => id.startsWith(`${unit} :: `)))
  writeFileSync(join(FOLDER, 'expected.json'), `${JSON.stringify([...others, ...passed].sort(), undefined, 2)}\n`)
}
const failed = values.update ? 0 : lost.length
for (const id of values.update ? [] : lost) process.stdout.write(`LOST ${id}\n`)
if (values.summary !== undefined) writeFileSync(values.summary, `${passed.size} ${failed}\n`)
process.stdout.write(
  `conformance: ${passed.size} passed, ${failed} lost; what else failed: ${join(CACHE, 'problems.txt')}\n`,
)
process.exit(failed > 0 ? 1 : 0)
