// The victim of the kill test: gives all its keys the number of the next generation, saves, and again, until it is killed.
// It says so on its output before it begins.

import { runToEnd } from '../../src/persist/loading.ts'
import { Snapshots } from '../../src/persist/snapshots.ts'
import { systemClock } from '../../src/store/clock.ts'
import { get, makeKeyspace, set } from './keyspaces.ts'

export const KEYS = 4000

if (import.meta.main) {
  const path = process.argv[2] ?? ''
  const keys = makeKeyspace()
  const snapshots = new Snapshots(
    keys,
    {
      path,
      periodic: 'off',
      intervalMs: 1000,
      savePoints: [],
      ignoreDamaged: false,
      mode: 'sliced',
      stopsWrites: false,
      microsPerKey: 0,
    },
    systemClock,
    () => undefined,
  )
  runToEnd(snapshots.load())
  process.stdout.write('begin\n')
  for (let generation = Number(get(keys, 'k0') ?? 0) + 1; ; generation++) {
    for (let i = 0; i < KEYS; i++) set(keys, `k${i}`, `${generation}`)
    set(keys, 'large', `${generation} `.repeat(20_000))
    if (generation % 3 === 0) snapshots.save()
    else {
      snapshots.saveInBackground('now')
      await snapshots.idle()
    }
    if (snapshots.lastStatus === 'err') process.exit(1)
  }
}
