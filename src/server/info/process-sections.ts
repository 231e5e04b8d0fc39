// INFO's sections about the process: Server, Clients, CPU.

import { machine, release, type } from 'node:os'
import { VERSION } from '../version.ts'
import { type Field, linesOf, type Reading, type Section, sectionOf } from './section.ts'

const SECOND_MS = 1000
const DAY_S = 86400
/** Seconds of the clock that OBJECT IDLETIME goes by (Redis's LRU_CLOCK_MAX). */
const LRU_CLOCK_SECONDS = 2 ** 24

const uptimeSeconds = ({ state, nowMs }: Reading): number =>
  Math.max(0, Math.floor((nowMs - state.startedMs) / SECOND_MS))

export const serverSection = sectionOf('Server', [
  ['redis_version', ({ state }) => state.config.redisVersion],
  ['server_name', 'kvns'],
  ['kvns_version', VERSION],
  ['redis_git_sha1', '00000000'],
  ['redis_git_dirty', 0],
  ['redis_build_id', 0],
  ['redis_mode', 'standalone'],
  ['os', `${type()} ${release()} ${machine()}`],
  ['arch_bits', 64],
  ['monotonic_clock', 'performance.now'],
  ['multiplexing_api', process.platform === 'linux' ? 'epoll' : process.platform === 'darwin' ? 'kqueue' : 'iocp'],
  ['atomicvar_api', 'none'],
  ['gcc_version', '0.0.0'],
  ['process_id', () => process.pid],
  ['process_supervised', 'no'],
  ['run_id', ({ runId }) => runId],
  ['tcp_port', ({ state }) => state.port],
  ['server_time_usec', ({ nowMs }) => Math.floor(nowMs * 1000)],
  ['uptime_in_seconds', uptimeSeconds],
  ['uptime_in_days', reading => Math.floor(uptimeSeconds(reading) / DAY_S)],
  ['hz', ({ state }) => state.config.hz],
  ['configured_hz', ({ state }) => state.config.hz],
  ['lru_clock', ({ nowMs }) => Math.floor(nowMs / SECOND_MS) % LRU_CLOCK_SECONDS],
  ['executable', () => process.execPath],
  ['config_file', ({ state }) => state.config.file?.path ?? ''],
  ['io_threads_active', 0],
])

interface ClientFigures {
  readonly reading: Reading
  readonly maxQueryBytes: number
  readonly maxOutputBytes: number
}

const CLIENT_FIELDS: readonly Field<ClientFigures>[] = [
  ['connected_clients', ({ reading }) => reading.state.clients.count],
  ['cluster_connections', 0],
  ['maxclients', ({ reading }) => reading.state.config.maxClients],
  ['client_recent_max_input_buffer', ({ maxQueryBytes }) => maxQueryBytes],
  ['client_recent_max_output_buffer', ({ maxOutputBytes }) => maxOutputBytes],
  ['blocked_clients', ({ reading }) => reading.state.clients.blockedCount],
  ['tracking_clients', ({ reading }) => reading.state.tracking.clients],
  ['clients_in_timeout_table', ({ reading }) => reading.state.clients.blocked.waiters.timed],
]

function clientLines(reading: Reading): string[] {
  let maxQueryBytes = 0
  let maxOutputBytes = 0
  for (const client of reading.state.clients.list()) {
    maxQueryBytes = Math.max(maxQueryBytes, client.queryBytes)
    maxOutputBytes = Math.max(maxOutputBytes, client.outputBytes)
  }
  return linesOf(CLIENT_FIELDS, { reading, maxQueryBytes, maxOutputBytes })
}

export const clientsSection: Section = { title: 'Clients', names: ['clients'], asked: 'always', lines: clientLines }

const seconds = (micros: number): string => (micros / 1e6).toFixed(6)

export const cpuSection = sectionOf('CPU', [
  ['used_cpu_sys', () => seconds(process.resourceUsage().systemCPUTime)],
  ['used_cpu_user', () => seconds(process.resourceUsage().userCPUTime)],
  ['used_cpu_sys_children', seconds(0)],
  ['used_cpu_user_children', seconds(0)],
  ['used_cpu_sys_main_thread', () => seconds(process.threadCpuUsage().system)],
  ['used_cpu_user_main_thread', () => seconds(process.threadCpuUsage().user)],
])
