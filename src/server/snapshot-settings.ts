// What snapshots go by, read anew at each use: CONFIG SET changes it.

import type { Snapshots } from '../persist/snapshots.ts'
import type { Config } from './config/config.ts'

export function snapshotSettings(config: Config): ConstructorParameters<typeof Snapshots>[1] {
  return {
    get path() {
      return config.snapshotPath ?? `${config.dir}/${config.dbfilename}`
    },
    get periodic() {
      return config.persistPath === '' ? 'off' : 'on'
    },
    get intervalMs() {
      return config.persistIntervalSeconds * 1000
    },
    get savePoints() {
      return config.savePoints
    },
    get ignoreDamaged() {
      return config.ignoreDamagedSnapshot
    },
    get mode() {
      return config.sharedValues ? 'sliced' : 'whole'
    },
    get stopsWrites() {
      return config.stopsWritesOnSaveError
    },
    get microsPerKey() {
      return config.keySaveDelayMicros
    },
  }
}
