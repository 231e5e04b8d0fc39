// Active defragmentation (store/defrag.ts), with Redis's names. It is on here, and begins earlier than Redis's 100 MB: memory
// that keys gave back is to be seen from outside.

import { bool, integer, LONG_MAX, memory } from './kinds.ts'
import { row } from './setting.ts'

export const DEFRAG_SETTINGS = {
  activeDefrag: row(
    'Memory',
    'activedefrag',
    bool(),
    'yes',
    'Moves keys and values together, so that what was given back leaves whole pages.',
  ),
  defragIgnoreBytes: row(
    'Memory',
    'active-defrag-ignore-bytes',
    memory(1n, LONG_MAX),
    '4194304',
    'Unused bytes between values that are no reason for it.',
  ),
  defragThresholdLower: row(
    'Memory',
    'active-defrag-threshold-lower',
    integer(0n, 1000n),
    '10',
    'Unused bytes in percent of the used ones from which on it works.',
  ),
  defragThresholdUpper: row(
    'Memory',
    'active-defrag-threshold-upper',
    integer(0n, 1000n),
    '100',
    'The same, from which on it works as hard as it may.',
  ),
  defragCycleMin: row(
    'Memory',
    'active-defrag-cycle-min',
    integer(1n, 99n),
    '1',
    'Percent of the time that it takes at the lower threshold.',
  ),
  defragCycleMax: row(
    'Memory',
    'active-defrag-cycle-max',
    integer(1n, 99n),
    '25',
    'The same at the upper one, or while the arenas are above maxmemory.',
  ),
  defragMaxScanFields: row(
    'Memory',
    'active-defrag-max-scan-fields',
    integer(1n, LONG_MAX),
    '1000',
    'Elements moved with their keys; those of larger values have their turn later.',
  ),
} as const
