// INFO's sections about what a single server without modules has to say little of: Replication, Modules, Cluster.

import { type Section, sectionOf } from './section.ts'

const NO_ID = '0'.repeat(40)

export const replicationSection = sectionOf('Replication', [
  ['role', 'master'],
  ['connected_slaves', 0],
  ['master_failover_state', 'no-failover'],
  ['master_replid', ({ replicationId }) => replicationId],
  ['master_replid2', NO_ID],
  ['master_repl_offset', 0],
  ['second_repl_offset', -1],
  ['repl_backlog_active', 0],
  ['repl_backlog_size', ({ state }) => state.config.text('repl-backlog-size') ?? 0],
  ['repl_backlog_first_byte_offset', 0],
  ['repl_backlog_histlen', 0],
])

export const modulesSection: Section = {
  title: 'Modules',
  names: ['modules', 'module_list'],
  asked: 'always',
  lines: () => [],
}

export const clusterSection = sectionOf('Cluster', [['cluster_enabled', 0]])
