// A few seconds among hostile clients of every kind: `scripts/abuse.ts` in short. The honest client's patience is longer
// here, because the machine has other tests to run.

import { expect, test } from 'bun:test'
import { type CampaignPlan, runCampaign } from '../../scripts/support/campaign.ts'
import { startServer } from '../support/server.ts'

const PLAN: CampaignPlan = { seconds: 6, seed: 7, idle: 500, lateMs: 1000, keptBytes: 96 << 20 }
const LIMIT_MS = 60_000

test(
  'hostile clients neither stop the server nor slow it down, and leave nothing behind',
  async () => {
    await using server = await startServer({ flags: ['--memory-limit', '256mb'] })
    const { process, port } = server
    const report = await runCampaign(
      {
        port,
        pid: process.child.pid ?? 0,
        get alive() {
          return process.alive
        },
        log: () => process.stdout + process.stderr,
      },
      PLAN,
    )
    expect(report.problems).toEqual([])
    expect(Object.values(report.rounds).every(rounds => rounds > 0)).toBe(true)
    expect(report.honest.rounds).toBeGreaterThan(50)
    expect(report.errorReplies).toBeGreaterThan(0)
  },
  LIMIT_MS,
)
