// Help and README come from the rows: each setting of ours is in both, with its flag and its default.
import { expect, test } from 'bun:test'
import { helpText, settingsTable } from '../../src/server/config/help.ts'
import { redisOnly } from '../../src/server/config/redis-only.ts'
import { SETTINGS } from '../../src/server/config/settings.ts'

test('help names every setting once, in lines a terminal can show', () => {
  const text = helpText()
  for (const { flag, summary } of Object.values(SETTINGS)) {
    expect(text.split(`  --${flag}`).length).toBeGreaterThan(1)
    expect(text.split(summary).length).toBe(2)
  }
  expect(text).toContain('--max-clients, --maxclients')
})

test('the table names flag, variable and CONFIG name of every setting', () => {
  const table = settingsTable()
  expect(table).toContain('| `--max-clients` | `KVNS_MAX_CLIENTS` | `maxclients` | `10000` |')
  for (const { name } of Object.values(SETTINGS)) expect(table).toContain(`\`${name}\``)
})

test('settings without effect are listed as such', () => {
  const [, idle = ''] = settingsTable().split('### Known to CONFIG only')
  for (const { name, traits } of redisOnly()) expect(idle.includes(`\`${name}\``)).toBe(!traits.has('hidden'))
})
