// Parameters of Redis 7.0.15 whose feature is not built here. Clients and tools read and set them, so CONFIG knows them:
// a value is checked, kept and given back, and changes nothing. Where silence would deceive (a password file, TLS, the
// append-only file) every value but the default is refused. When a feature is built, its row moves to settings.ts.
import {
  BadValue,
  bool,
  INT_MAX,
  INT_MIN,
  integer,
  integerOf,
  type Kind,
  LONG_MAX,
  memory,
  oneOf,
  onlyNo,
  text,
  UINT_MAX,
} from './kinds.ts'
import { row, type Setting, type Trait } from './setting.ts'
import { hostName, onlyEmpty, oomScores, titleTemplate } from './structured-kinds.ts'

interface KnownOptions {
  readonly aliases?: readonly string[]
  readonly traits?: readonly Trait[]
}

const START: KnownOptions = { traits: ['immutable'] }
const HIDDEN: KnownOptions = { traits: ['hidden'] }
const EITHER_WAY: KnownOptions = { traits: ['either-way'] }
const SECRET: KnownOptions = { traits: ['sensitive'] }
const PORT_MAX = 65535n
const ANY_TEXT = 'any text'

/** Why the settings that would deceive are refused. */
const LATER = {
  replication: 'replication comes later',
  cluster: 'cluster mode is not supported',
  tls: 'TLS comes later',
  acl: 'access control lists come later: use requirepass',
}

function known<T>(name: string, kind: Kind<T>, fallback: string, options: KnownOptions = {}): Setting<T> {
  return row('Known to CONFIG only', name, kind, fallback, 'Kept and given back, without effect yet.', options)
}

function onlyZero(why: string): Kind<number> {
  const port = integer(0n, PORT_MAX)
  return {
    ...port,
    takes: 'only 0',
    parse(words) {
      if (port.parse(words) !== 0) throw new BadValue(why)
      return 0
    },
  }
}

/** `replicaof no one`, or nothing. */
function notReplica(why: string): Kind<string> {
  return {
    words: 'many',
    inFile: 'quoted',
    takes: 'only "no one"',
    parse(words) {
      const [host, port] = words
      if (host === undefined || (host === '' && words.length === 1)) return ''
      if (words.length !== 2) throw new BadValue('wrong number of arguments')
      if (host.toLowerCase() === 'no' && port?.toLowerCase() === 'one') return ''
      const number = integerOf(port ?? '')
      throw new BadValue(number === undefined || number < 0n || number > PORT_MAX ? 'Invalid master port' : why)
    },
    print: () => '',
    confLines: () => [],
  }
}

let made: readonly Setting<unknown>[] | undefined

/** These settings. Their rows are made when somebody asks first: a start that names none of them does without. */
export const redisOnly = (): readonly Setting<unknown>[] => {
  made ??= makeRows()
  return made
}

const makeRows = (): readonly Setting<unknown>[] => [
  // What we do in one way only: expiry and freeing go in slices whatever these say, one thread serves all shards
  known('active-expire-effort', integer(1n, 10n), '1'),
  // Large values are freed in slices (store/graves.ts), and for a write that needs their room at once: `yes` is honoured, and
  // so is what `no` is there for.
  known('lazyfree-lazy-eviction', bool(), 'no', EITHER_WAY),
  known('lazyfree-lazy-expire', bool(), 'no', EITHER_WAY),
  known('lazyfree-lazy-server-del', bool(), 'no', EITHER_WAY),
  known('lazyfree-lazy-user-del', bool(), 'no', EITHER_WAY),
  known('lazyfree-lazy-user-flush', bool(), 'no', EITHER_WAY),
  known('proc-title-template', titleTemplate(), '{title} {listen-addr} {server-mode}'),
  known('set-proc-title', bool(), 'yes', START),
  known('shard-count', integer(0n, 65536n), '0'),
  // Append-only file and snapshot
  known('aof-rewrite-incremental-fsync', bool(), 'yes'),
  known('loading-process-events-interval-bytes', integer(1024n, INT_MAX), '2097152', HIDDEN),
  known('rdb-del-sync-files', bool(), 'no'),
  known('rdb-save-incremental-fsync', bool(), 'yes'),
  known('rdbchecksum', bool(), 'yes', START),
  known('sanitize-dump-payload', oneOf(['no', 'yes', 'clients']), 'no'),
  // Replication
  known('masterauth', text(ANY_TEXT), '', SECRET),
  known('masteruser', text(ANY_TEXT), '', SECRET),
  known('min-replicas-max-lag', integer(0n, INT_MAX), '10', { aliases: ['min-slaves-max-lag'] }),
  known('min-replicas-to-write', integer(0n, INT_MAX), '0', { aliases: ['min-slaves-to-write'] }),
  known('propagation-error-behavior', oneOf(['ignore', 'panic', 'panic-on-replicas']), 'ignore'),
  known('repl-backlog-size', memory(1n, LONG_MAX), '1048576'),
  known('repl-backlog-ttl', integer(0n, LONG_MAX), '3600'),
  known('repl-disable-tcp-nodelay', bool(), 'no'),
  known('repl-diskless-load', oneOf(['disabled', 'on-empty-db', 'swapdb']), 'disabled', {
    traits: ['not-while-loading'],
  }),
  known('repl-diskless-sync', bool(), 'yes'),
  known('repl-diskless-sync-delay', integer(0n, INT_MAX), '5'),
  known('repl-diskless-sync-max-replicas', integer(0n, INT_MAX), '0'),
  known('repl-ping-replica-period', integer(1n, INT_MAX), '10', { aliases: ['repl-ping-slave-period'] }),
  known('repl-timeout', integer(1n, INT_MAX), '60'),
  known('replica-announce-ip', text(ANY_TEXT), '', { aliases: ['slave-announce-ip'] }),
  known('replica-announce-port', integer(0n, PORT_MAX), '0', { aliases: ['slave-announce-port'] }),
  known('replica-announced', bool(), 'yes'),
  known('replica-ignore-disk-write-errors', bool(), 'no'),
  known('replica-ignore-maxmemory', bool(), 'yes', { aliases: ['slave-ignore-maxmemory'] }),
  known('replica-lazy-flush', bool(), 'no', { aliases: ['slave-lazy-flush'] }),
  known('replica-priority', integer(0n, INT_MAX), '100', { aliases: ['slave-priority'] }),
  known('replica-read-only', bool(), 'yes', { aliases: ['slave-read-only'] }),
  known('replica-serve-stale-data', bool(), 'yes', { aliases: ['slave-serve-stale-data'] }),
  known('replicaof', notReplica(LATER.replication), '', { aliases: ['slaveof'], traits: ['immutable'] }),
  // Cluster
  known('cluster-allow-pubsubshard-when-down', bool(), 'yes'),
  known('cluster-allow-reads-when-down', bool(), 'no'),
  known('cluster-allow-replica-migration', bool(), 'yes'),
  known('cluster-announce-bus-port', integer(0n, PORT_MAX), '0'),
  known('cluster-announce-hostname', hostName(), ''),
  known('cluster-announce-ip', text(ANY_TEXT), ''),
  known('cluster-announce-port', integer(0n, PORT_MAX), '0'),
  known('cluster-announce-tls-port', integer(0n, PORT_MAX), '0'),
  known('cluster-config-file', text(ANY_TEXT), 'nodes.conf', START),
  known('cluster-enabled', onlyNo(LATER.cluster), 'no', START),
  known('cluster-link-sendbuf-limit', memory(0n, LONG_MAX), '0'),
  known('cluster-migration-barrier', integer(0n, INT_MAX), '1'),
  known('cluster-node-timeout', integer(0n, LONG_MAX), '15000'),
  known('cluster-port', integer(0n, PORT_MAX), '0', START),
  known('cluster-preferred-endpoint-type', oneOf(['ip', 'hostname', 'unknown-endpoint']), 'ip'),
  known('cluster-replica-no-failover', bool(), 'no', { aliases: ['cluster-slave-no-failover'] }),
  known('cluster-replica-validity-factor', integer(0n, INT_MAX), '10', { aliases: ['cluster-slave-validity-factor'] }),
  known('cluster-require-full-coverage', bool(), 'yes'),
  // TLS
  known('tls-auth-clients', oneOf(['no', 'yes', 'optional']), 'yes'),
  known('tls-ca-cert-dir', text(ANY_TEXT), ''),
  known('tls-ca-cert-file', text(ANY_TEXT), ''),
  known('tls-cert-file', text(ANY_TEXT), ''),
  known('tls-ciphers', text(ANY_TEXT), ''),
  known('tls-ciphersuites', text(ANY_TEXT), ''),
  known('tls-client-cert-file', text(ANY_TEXT), ''),
  known('tls-client-key-file', text(ANY_TEXT), ''),
  known('tls-client-key-file-pass', text(ANY_TEXT), ''),
  known('tls-cluster', bool(), 'no'),
  known('tls-dh-params-file', text(ANY_TEXT), ''),
  known('tls-key-file', text(ANY_TEXT), ''),
  known('tls-key-file-pass', text(ANY_TEXT), ''),
  known('tls-port', onlyZero(LATER.tls), '0'),
  known('tls-prefer-server-ciphers', bool(), 'no'),
  known('tls-protocols', text(ANY_TEXT), ''),
  known('tls-replication', bool(), 'no'),
  known('tls-session-cache-size', integer(0n, INT_MAX), '20480'),
  known('tls-session-cache-timeout', integer(0n, INT_MAX), '300'),
  known('tls-session-caching', bool(), 'yes'),
  // Encodings
  known('list-max-listpack-size', integer(INT_MIN, INT_MAX), '-2', { aliases: ['list-max-ziplist-size'] }),
  known('list-compress-depth', integer(0n, INT_MAX), '0'),
  known('stream-node-max-bytes', memory(0n, LONG_MAX), '4096'),
  known('stream-node-max-entries', integer(0n, LONG_MAX), '100'),
  // Eviction and memory
  known('activerehashing', bool(), 'yes'),
  known('disable-thp', bool(), 'yes', START),
  known('jemalloc-bg-thread', bool(), 'yes'),
  known('oom-score-adj', oneOf(['no', 'yes', 'relative', 'absolute'], { relative: 'yes' }), 'no'),
  known('oom-score-adj-values', oomScores(), '0 200 800'),
  // Diagnosis
  known('acllog-max-len', integer(0n, LONG_MAX), '128'),
  known('always-show-logo', bool(), 'no', START),
  known('busy-reply-threshold', integer(0n, LONG_MAX), '5000', { aliases: ['lua-time-limit'] }),
  known('crash-log-enabled', bool(), 'yes'),
  known('crash-memcheck-enabled', bool(), 'yes'),
  known('ignore-warnings', text(ANY_TEXT), ''),
  known('syslog-enabled', bool(), 'no', START),
  known(
    'syslog-facility',
    oneOf(['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7']),
    'local0',
    START,
  ),
  known('syslog-ident', text(ANY_TEXT), 'redis', START),
  known('use-exit-on-panic', bool(), 'no', HIDDEN),
  known('watchdog-period', integer(0n, INT_MAX), '0', HIDDEN),
  // Process and network
  known('acl-pubsub-default', oneOf(['allchannels', 'resetchannels']), 'resetchannels'),
  known('aclfile', onlyEmpty(LATER.acl), '', START),
  known('aof_rewrite_cpulist', text(ANY_TEXT), '', START),
  known('bgsave_cpulist', text(ANY_TEXT), '', START),
  known('bind-source-addr', text(ANY_TEXT), ''),
  known('bio_cpulist', text(ANY_TEXT), '', START),
  known('dynamic-hz', bool(), 'yes'),
  known('enable-module-command', oneOf(['no', 'yes', 'local']), 'no', START),
  known('io-threads', integer(1n, 128n), '1', START),
  known('io-threads-do-reads', bool(), 'no', START),
  known('lua-enable-deprecated-api', bool(), 'no', { traits: ['immutable', 'hidden'] }),
  known('server_cpulist', text(ANY_TEXT), '', START),
  known('shutdown-timeout', integer(0n, INT_MAX), '10'),
  known('socket-mark-id', integer(0n, UINT_MAX), '0', START),
  known('supervised', oneOf(['upstart', 'systemd', 'auto', 'no']), 'no', START),
  known('tcp-backlog', integer(0n, INT_MAX), '511', START),
]

/** Followed by rename-commands.ts. */
export const RENAME_COMMAND = 'rename-command'

/** Lines of a redis.conf that are no parameters of CONFIG. All but that one are named in a warning at start. */
export const OTHER_DIRECTIVES: ReadonlySet<string> = new Set([
  RENAME_COMMAND,
  'loadmodule',
  'sentinel',
  // Redis 7 itself reads these and does nothing.
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
])

/** A directive that must not be passed over, and why: without it the server would be more open than was meant. */
export const REFUSED_DIRECTIVES: ReadonlyMap<string, string> = new Map([['user', LATER.acl]])
