// `bun scripts/abuse.ts`: a server among hostile clients. Exit code 1 when it crashes, answers wrongly or late, meets a bug
// of its own, or keeps memory, clients or descriptors after all have left.
//   --seconds N        how long (600)
//   --seed S           settles what the hostile clients send (the clock)
//   --idle N           connections that do nothing meanwhile (2000)
//   --only a,b         only these attacks (scripts/support/attacks.ts)
//   --server-cmd CMD   another server instead of dist/kvns ({port} and {dir} stand for its own)

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type CampaignReport, runCampaign } from './support/campaign.ts'
import { refuse } from './support/run.ts'
import { ourEnvironment, Server, splitCommand } from './support/server.ts'
import { ROOT } from './support/source.ts'

const BINARY = join(ROOT, 'dist/kvns')
const LATE_MS = 200
/** Beyond the start when all have left: the engine's heap, grown once, is given back only in part. */
const KEPT_BYTES = 64 << 20
const DATA_LIMIT_BYTES = 256 << 20

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    idle: { type: 'string', default: '2000' },
    only: { type: 'string' },
    'server-cmd': { type: 'string' },
  },
})

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

function summary(report: CampaignReport): string {
  const { honest } = report
  const rounds = Object.entries(report.rounds).map(([name, count]) => `  ${name.padEnd(16)} ${count} rounds`)
  return [
    ...rounds,
    `connections ${report.connections}, commands ${report.commands}, error replies ${report.errorReplies}`,
    `honest client: ${honest.rounds} rounds, median ${honest.medianMs.toFixed(2)} ms, 99 % ${honest.p99Ms.toFixed(1)} ms, ` +
      `worst ${honest.worstMs.toFixed(1)} ms at ${honest.worstAtS.toFixed(1)} s, connect ${honest.worstConnectMs.toFixed(1)} ms`,
    `resident: start ${megabytes(report.startBytes)}, with ${values.idle} idle clients ${megabytes(report.idleBytes)}, ` +
      `peak ${megabytes(report.peakBytes)}, end ${megabytes(report.endBytes)} (allowed: start + ${megabytes(KEPT_BYTES)})`,
    ...report.problems.map(problem => `PROBLEM ${problem}`),
  ].join('\n')
}

if (values['server-cmd'] === undefined && !existsSync(BINARY)) refuse('abuse: no dist/kvns: npm run build')
const server = await Server.start({
  name: 'abused',
  argv: splitCommand(values['server-cmd'] ?? BINARY),
  env: ourEnvironment({ KVNS_MEMORY_LIMIT: String(DATA_LIMIT_BYTES) }),
})
let failed = true
try {
  const report = await runCampaign(server, {
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    idle: Number(values.idle),
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    lateMs: LATE_MS,
    keptBytes: KEPT_BYTES,
  })
  process.stdout.write(`${summary(report)}\n`)
  failed = report.problems.length > 0
} finally {
  await server.stop()
}
process.stdout.write(`abuse: ${values.seconds} s, seed ${values.seed}: ${failed ? 'FAILED' : 'passed'}\n`)
process.exit(failed ? 1 : 0)
