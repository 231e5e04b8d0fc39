// `npm run build`: the whole program in one executable file, dist/kvns.
//   --target bun-linux-arm64   another machine's (any target of `bun build --compile`); the file is named after it
//   --outfile PATH             somewhere else
// The flags are not taste: bytecode brings the first reply 26 ms earlier, and a JIT that is reluctant at first (until main.ts
// says otherwise) another 4, with 13 ms less of the processor. Without the two no-autoload flags the executable would run a
// bunfig.toml and read a .env from whatever directory it is started in. Never strip the result: the program is appended to
// the ELF file and strip(1) cuts it off.

import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { refuse, run } from './support/run.ts'
import { ROOT } from './support/source.ts'

const { values } = parseArgs({
  options: { target: { type: 'string' }, outfile: { type: 'string' }, entry: { type: 'string' } },
})
const name = values.target === undefined ? 'kvns' : `kvns-${values.target.replace(/^bun-/, '')}`
const outfile = values.outfile ?? join(ROOT, 'dist', name)
mkdirSync(dirname(outfile), { recursive: true })

const argv = [process.execPath, 'build', '--compile', '--bytecode', '--format=esm', '--minify']
argv.push('--compile-jit-policy', '32')
argv.push('--no-compile-autoload-bunfig', '--no-compile-autoload-dotenv')
if (values.target !== undefined) argv.push(`--target=${values.target}`)
argv.push(values.entry ?? join(ROOT, 'src/main.ts'), '--outfile', outfile)

const ended = run(argv, { cwd: ROOT, timeoutSeconds: 300 })
if (ended.code !== 0) refuse(`${ended.stdout}${ended.stderr}`.trim())
const megabytes = statSync(outfile).size / 1e6
process.stdout.write(`${outfile}: ${megabytes.toFixed(1)} MB in ${ended.seconds.toFixed(2)} s\n`)
