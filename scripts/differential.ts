// `bun scripts/differential.ts`: the same random commands to Debian's redis-server and to ours, every reply compared.
//   --commands N   how many (1000000)
//   --seed S       where the sequence of rounds begins (the clock); a round is replayed with the seed it printed
//   --only R       only commands whose names match a regular expression (Redis's GET is get, CLIENT LIST client|list)
//   --differences N  stop after so many different ones (10)
// KVNS_TEST_BINARY names the executable under test; without it the sources are run. Exit code 1 when they differ.

import { parseArgs } from 'node:util'
import { campaign, type Difference, describe } from '../test/differential/campaign.ts'
import { besideRedis } from '../test/differential/servers.ts'
import { installed, refuse } from './support/run.ts'

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    only: { type: 'string', default: '.' },
    differences: { type: 'string', default: '10' },
  },
})

if (!installed('redis-server')) refuse('differential: redis-server is missing (apt-get install redis-server)')

/** One cause is told once: the command and what both say of it, without numbers. */
const told = new Set<string>()
const signature = (d: Difference): string =>
  `${d.commands.at(-1)?.[0]?.toLowerCase()} ${d.redis.slice(0, 30)} ${d.ours.slice(0, 30)}`.replace(/\d+/g, '#')

const started = performance.now()
let compared = 0
await besideRedis(ports =>
  campaign(ports, {
    commands: Number(values.commands),
    seed: Number(values.seed),
    only: new RegExp(values.only),
    onProgress: commands => {
      compared = commands
    },
    onDifference: difference => {
      if (!told.has(signature(difference))) process.stdout.write(`\n${describe(difference)}`)
      told.add(signature(difference))
      return told.size < Number(values.differences)
    },
  }),
)
const seconds = (performance.now() - started) / 1000
process.stdout.write(
  `differential: ${compared} commands, seed ${values.seed}, ${seconds.toFixed(0)} s, ${told.size} differences\n`,
)
process.exit(told.size > 0 ? 1 : 0)
