// INFO's section Persistence: the snapshot under the names that Redis has for its RDB file. There is no fork, so what
// Redis tells about copied pages stays 0.

import { type Field, linesOf, type Reading, type Section, sectionOf } from './section.ts'
import type { LoadFacts } from './state.ts'

const always = sectionOf('Persistence', [
  ['loading', ({ state }) => (state.startLoad.isRunning ? 1 : 0)],
  ['async_loading', 0],
  ['current_cow_peak', 0],
  ['current_cow_size', 0],
  ['current_cow_size_age', 0],
  [
    'current_fork_perc',
    ({ state }) => {
      const { processed, total } = state.snapshots.progress
      return (total === 0 ? 0 : Math.min(100, (100 * processed) / total)).toFixed(2)
    },
  ],
  ['current_save_keys_processed', ({ state }) => state.snapshots.progress.processed],
  ['current_save_keys_total', ({ state }) => state.snapshots.progress.total],
  ['rdb_changes_since_last_save', ({ state }) => state.keys.dirty],
  ['rdb_bgsave_in_progress', ({ state }) => (state.snapshots.running ? 1 : 0)],
  ['rdb_last_save_time', ({ state }) => state.snapshots.lastSaveS],
  ['rdb_last_bgsave_status', ({ state }) => state.snapshots.lastStatus],
  // Ours: a line, whatever the system's message has in it.
  ['rdb_last_bgsave_error', ({ state }) => state.snapshots.lastError.replace(/[\r\n]+/g, ' ') || 'none'],
  ['rdb_last_bgsave_time_sec', ({ state }) => state.snapshots.lastDurationS],
  ['rdb_current_bgsave_time_sec', ({ state }) => state.snapshots.currentS],
  ['rdb_saves', ({ totals }) => totals.saves],
  ['rdb_last_cow_size', 0],
  ['rdb_last_load_keys_expired', ({ state }) => state.snapshots.loaded?.expired ?? 0],
  ['rdb_last_load_keys_loaded', ({ state }) => state.snapshots.loaded?.keys ?? 0],
  ['aof_enabled', ({ state }) => (state.appendOnly.isOn ? 1 : 0)],
  ['aof_rewrite_in_progress', ({ state }) => (state.appendOnly.isRewriting ? 1 : 0)],
  ['aof_rewrite_scheduled', ({ state }) => (state.appendOnly.isRewriteScheduled ? 1 : 0)],
  ['aof_last_rewrite_time_sec', ({ state }) => state.appendOnly.lastRewriteS],
  ['aof_current_rewrite_time_sec', ({ state }) => state.appendOnly.currentRewriteS],
  ['aof_last_bgrewrite_status', ({ state }) => state.appendOnly.lastRewriteStatus],
  ['aof_rewrites', ({ totals }) => totals.rewrites],
  ['aof_rewrites_consecutive_failures', ({ state }) => state.appendOnly.failedInARow],
  ['aof_last_write_status', ({ state }) => (state.appendOnly.writer.problem === undefined ? 'ok' : 'err')],
  ['aof_last_cow_size', 0],
  ['module_fork_in_progress', 0],
  ['module_fork_last_cow_size', 0],
])

/** Shown while there is an append-only file. */
const APPEND_ONLY: readonly Field<Reading>[] = [
  ['aof_current_size', ({ state }) => state.appendOnly.bytes],
  ['aof_base_size', ({ state }) => state.appendOnly.baseBytes],
  ['aof_pending_rewrite', ({ state }) => (state.appendOnly.isRewriteScheduled ? 1 : 0)],
  ['aof_buffer_length', ({ state }) => state.appendOnly.writer.waitingBytes],
  ['aof_pending_bio_fsync', ({ state }) => (state.appendOnly.writer.isSyncing ? 1 : 0)],
  ['aof_delayed_fsync', ({ state }) => state.appendOnly.writer.delayedFsyncs],
]

/** Shown while there is something to load. There is no estimate of the memory that a file takes. */
const LOADING: readonly Field<Reading>[] = [
  ['loading_start_time', ({ state }) => state.startLoad.startedS],
  ['loading_total_bytes', ({ state }) => state.startLoad.totalBytes],
  ['loading_rdb_used_mem', 0],
  ['loading_loaded_bytes', ({ state }) => state.startLoad.loadedBytes],
  ['loading_loaded_perc', ({ state }) => loadedPercent(state.startLoad)],
  ['loading_eta_seconds', ({ state }) => remainingS(state.startLoad)],
]

function loadedPercent({ loadedBytes, totalBytes }: LoadFacts): string {
  return (totalBytes === 0 ? 0 : (100 * loadedBytes) / totalBytes).toFixed(2)
}

/** As Redis guesses it: at the pace so far, and 1 in the first second. */
function remainingS({ elapsedS, loadedBytes, totalBytes }: LoadFacts): number {
  return elapsedS <= 0 ? 1 : Math.floor((elapsedS * (totalBytes - loadedBytes)) / (loadedBytes + 1))
}

export const persistenceSection: Section = {
  ...always,
  lines: reading => [
    ...always.lines(reading),
    ...(reading.state.appendOnly.isOn ? linesOf(APPEND_ONLY, reading) : []),
    ...(reading.state.startLoad.isRunning ? linesOf(LOADING, reading) : []),
  ],
}
