// The settings this server honours, one row each. A row's key is the field of Config that holds its value, so that the
// hot path reads a plain property; fields carry their unit in their name. The names after it are the ones users see.
import { APPEND_ONLY_SETTINGS } from './append-only-settings.ts'
import { COLLECTION_SETTINGS } from './collection-settings.ts'
import { DEFRAG_SETTINGS } from './defrag-settings.ts'
import { EVICTION_SETTINGS } from './eviction-settings.ts'
import {
  bool,
  clampedInteger,
  INT_MAX,
  INT_MIN,
  integer,
  LONG_MAX,
  memory,
  memoryOrPercent,
  octal,
  oneOf,
  onlyNo,
  switchedOn,
  text,
  UINT_MAX,
} from './kinds.ts'
import { row, type Setting } from './setting.ts'
import {
  addresses,
  directory,
  fileName,
  keyspaceEvents,
  logLevel,
  outputBufferLimits,
  percentiles,
  portOrOff,
  savePoints,
  shutdownWords,
  version,
} from './structured-kinds.ts'

const PORT_MAX = 65535n
/** Commands that the operator may open to everybody, to the local machine, or to nobody. */
const PERMISSION = oneOf(['no', 'yes', 'local'])

export const SETTINGS = {
  // Network
  bind: row('Network', 'bind', addresses(), '0.0.0.0', 'Addresses to listen on for RESP.', { flag: 'host' }),
  port: row('Network', 'port', integer(0n, PORT_MAX), '6480', 'Port for RESP; 0 takes any free one.'),
  /** Path of the socket, or ''. */
  unixsocket: row('Network', 'unixsocket', text('a path, or "" for none'), '', 'Unix socket to listen on as well.', {
    traits: ['immutable'],
  }),
  /** File mode; 0 leaves it to the umask. */
  unixsocketPerm: row(
    'Network',
    'unixsocketperm',
    octal(0, 0o777),
    '0',
    'File mode of the Unix socket; 0 = by umask.',
    {
      traits: ['immutable'],
    },
  ),
  /** Seconds; 0 = off. */
  tcpKeepaliveSeconds: row(
    'Network',
    'tcp-keepalive',
    integer(0n, INT_MAX),
    '300',
    'Seconds between TCP keepalives; 0 = off.',
  ),
  requirepass: row('Network', 'requirepass', text('a password, or "" for none'), '', 'Password of the default user.', {
    traits: ['sensitive'],
  }),
  protectedMode: row(
    'Network',
    'protected-mode',
    bool(),
    'no',
    'Refuse clients of other machines while no password is set; with a redis.conf the default is yes.',
  ),
  metricsHost: row(
    'Network',
    'metrics-host',
    text('an address'),
    '0.0.0.0',
    'Address of the HTTP server for metrics.',
    {
      hot: 'start',
    },
  ),
  /** undefined = no HTTP server; 0 = any free port. */
  metricsPort: row('Network', 'metrics-port', portOrOff(), '9090', 'Port of /metrics, /health and /ready.', {
    hot: 'start',
  }),

  // Limits of a client
  maxClients: row('Limits of a client', 'maxclients', integer(1n, UINT_MAX), '10000', 'Connections at one time.', {
    flag: 'max-clients',
  }),
  maxRespArgs: row('Limits of a client', 'max-resp-args', integer(1n, INT_MAX), '1048576', 'Arguments of one command.'),
  maxRespBulkBytes: row(
    'Limits of a client',
    'proto-max-bulk-len',
    memory(1n, LONG_MAX),
    '536870912',
    'Bytes of one argument.',
    {
      flag: 'max-resp-bulk-len',
    },
  ),
  maxRespInlineBytes: row(
    'Limits of a client',
    'max-resp-inline-len',
    memory(1n, INT_MAX),
    '65536',
    'Bytes of an inline command.',
  ),
  /** Bytes received from a client and not yet run. */
  clientQueryBufferLimitBytes: row(
    'Limits of a client',
    'client-query-buffer-limit',
    memory(1024n * 1024n, LONG_MAX),
    '1073741824',
    'Bytes a client may send ahead of what is answered.',
  ),
  clientOutputBufferLimits: row(
    'Limits of a client',
    'client-output-buffer-limit',
    outputBufferLimits(),
    'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
    'Bytes of unsent replies after which a client is closed, by class.',
  ),
  /** Seconds; 0 = never. */
  timeoutSeconds: row(
    'Limits of a client',
    'timeout',
    integer(0n, INT_MAX),
    '0',
    'Seconds until an idle client is closed; 0 = never.',
  ),

  // Memory
  /** What was asked for; 0 = 70 % of the memory there is. `Config.memoryLimitBytes` is the limit in force. */
  maxmemoryBytes: row(
    'Memory',
    'maxmemory',
    memory(0n, LONG_MAX),
    '1073741824',
    'Limit of the data in bytes; 0 = 70 % of RAM.',
    {
      flag: 'memory-limit',
    },
  ),
  ...EVICTION_SETTINGS,
  ...DEFRAG_SETTINGS,
  /** 0 = no limit but that of the table's memory. */
  trackingTableMaxKeys: row(
    'Memory',
    'tracking-table-max-keys',
    integer(0n, LONG_MAX),
    '1000000',
    'Keys remembered for client-side caching; 0 = as many as fit into a quarter of maxmemory.',
  ),
  /** Bytes; 0 = no limit; below 0 a percentage of the limit in force. `Config.clientsLimitBytes` is in bytes. */
  maxmemoryClients: row(
    'Memory',
    'maxmemory-clients',
    memoryOrPercent(100),
    '0',
    'Bytes of all clients, or % of maxmemory, above which the largest are closed; 0 = no limit.',
  ),
  shardedMode: row(
    'Memory',
    'sharded-mode',
    onlyNo('several threads come later'),
    'no',
    'Several threads on one store.',
    {
      hot: 'start',
    },
  ),

  // Persistence
  /** '' = none given: `Config.snapshotPath` is the path in force. */
  persistPath: row(
    'Persistence',
    'persist-path',
    text('a file, or "" for none'),
    '',
    'File of the snapshot; none = nothing is kept.',
    {
      hot: 'start',
    },
  ),
  persistIntervalSeconds: row(
    'Persistence',
    'persist-interval',
    integer(1n, INT_MAX),
    '300',
    'Seconds between snapshots.',
  ),
  ignoreDamagedSnapshot: row(
    'Persistence',
    'ignore-damaged-snapshot',
    switchedOn(),
    'no',
    'Start empty when the snapshot cannot be read; the file is kept under another name.',
    { hot: 'start' },
  ),
  sharedValues: row(
    'Persistence',
    'shared-values',
    bool(),
    'yes',
    'Snapshots in slices beside the traffic (yes), or in one go (no).',
    { hot: 'start' },
  ),
  stopsWritesOnSaveError: row(
    'Persistence',
    'stop-writes-on-bgsave-error',
    bool(),
    'yes',
    'Refuse writes while the last snapshot failed, where snapshots are taken by themselves.',
  ),
  /** In addition to the interval. */
  savePoints: row(
    'Persistence',
    'save',
    savePoints(),
    '',
    'Snapshot after so many seconds if so many changes were made.',
  ),
  /** Absolute. */
  dir: row('Persistence', 'dir', directory(), '.', 'Directory of dbfilename.', {
    traits: ['protected', 'not-while-loading'],
  }),
  dbfilename: row(
    'Persistence',
    'dbfilename',
    fileName('dbfilename', 'filename', 'allowed'),
    'dump.rdb',
    'Snapshot file in dir; used without persist-path, when dir or dbfilename is given or the start was by redis.conf.',
    { traits: ['protected'] },
  ),
  restoreFrom: row(
    'Persistence',
    'restore-from',
    text('a file, or "" for none'),
    '',
    'RDB, JSON or append-only file to load at start, while there is no snapshot yet.',
    { hot: 'start' },
  ),
  /** Below 0: Redis waits once in so many keys; we do not. */
  keyLoadDelayMicros: row(
    'Persistence',
    'key-load-delay',
    integer(INT_MIN, INT_MAX),
    '0',
    'Microseconds that the start waits for each key it loads; for test suites.',
    { traits: ['hidden'] },
  ),
  keySaveDelayMicros: row(
    'Persistence',
    'rdb-key-save-delay',
    integer(INT_MIN, INT_MAX),
    '0',
    'Microseconds that a background save waits for each key, before it begins; for test suites.',
    { traits: ['hidden'] },
  ),
  rdbCompression: row('Persistence', 'rdbcompression', bool(), 'yes', 'Compress strings in DUMP and RDB (LZF).'),

  ...APPEND_ONLY_SETTINGS,

  // Keys and expiry
  databases: row('Keys and expiry', 'databases', integer(1n, INT_MAX), '16', 'Databases that SELECT knows.', {
    traits: ['immutable'],
  }),
  namespaceFromUser: row(
    'Keys and expiry',
    'namespace-from-user',
    bool(),
    'no',
    'Bind each connection to the namespace that is called as the user it logs in as (`redis://name:password@host`).',
  ),
  /** Runs a second of the background work. */
  hz: row(
    'Keys and expiry',
    'hz',
    clampedInteger(0n, INT_MAX, 1, 500),
    '10',
    'Rounds of background work in a second (idle clients, output limits, save points).',
  ),

  notifyKeyspaceEvents: row(
    'Keys and expiry',
    'notify-keyspace-events',
    keyspaceEvents(),
    '',
    'Which changes of keys are published: letters of Ag$lshzxeKEtmdn.',
  ),
  ...COLLECTION_SETTINGS,

  // Log and metrics
  logLevel: row('Log and metrics', 'loglevel', logLevel(), 'notice', 'What is logged.', { flag: 'log' }),
  logfile: row('Log and metrics', 'logfile', text('a file, or "" for standard output'), '', 'Where the log goes.', {
    traits: ['immutable'],
  }),
  metricsMaxNamespaces: row(
    'Log and metrics',
    'metrics-max-namespaces',
    integer(0n, 2048n),
    '200',
    'Namespaces with labels of their own in /metrics; the rest is summed under _other.',
    { hot: 'start' },
  ),
  /** 0 = nothing is watched. */
  latencyMonitorThresholdMs: row(
    'Log and metrics',
    'latency-monitor-threshold',
    integer(0n, LONG_MAX),
    '0',
    'Milliseconds from which LATENCY remembers what held the server up; 0 = off.',
  ),
  /** Negative = nothing is logged. */
  slowlogLogSlowerThanMicros: row(
    'Log and metrics',
    'slowlog-log-slower-than',
    integer(-1n, LONG_MAX),
    '10000',
    'Microseconds from which SLOWLOG remembers a command; -1 = off. Below 1000 each command is timed by itself.',
  ),
  slowlogMaxLength: row('Log and metrics', 'slowlog-max-len', integer(0n, LONG_MAX), '128', 'Entries of SLOWLOG.'),
  latencyTracking: row('Log and metrics', 'latency-tracking', bool(), 'yes', 'Histograms of the time commands take.'),
  latencyTrackingInfoPercentiles: row(
    'Log and metrics',
    'latency-tracking-info-percentiles',
    percentiles(),
    '50 99 99.9',
    'Percentiles in INFO latencystats.',
  ),

  // Process
  readyJson: row('Process', 'ready-json', switchedOn(), 'no', 'Print one JSON line with the ports once ready.', {
    hot: 'start',
  }),
  redisVersion: row('Process', 'redis-version', version(), '7.0.15', 'Version of Redis that clients are told.', {
    hot: 'start',
  }),
  enableDebugCommand: row('Process', 'enable-debug-command', PERMISSION, 'no', 'Who may use DEBUG.', {
    traits: ['immutable'],
  }),
  enableProtectedConfigs: row(
    'Process',
    'enable-protected-configs',
    PERMISSION,
    'no',
    'Who may change dir and dbfilename by CONFIG SET.',
    { traits: ['immutable'] },
  ),
  daemonize: row(
    'Process',
    'daemonize',
    onlyNo('run it under a service manager instead'),
    'no',
    'Run in the background.',
    {
      traits: ['immutable'],
    },
  ),
  shutdownOnSigint: row(
    'Process',
    'shutdown-on-sigint',
    shutdownWords(),
    'default',
    'What SIGINT does about the data: default, save or nosave; with force although it cannot be saved.',
  ),
  shutdownOnSigterm: row('Process', 'shutdown-on-sigterm', shutdownWords(), 'default', 'The same for SIGTERM.'),
  pidfile: row('Process', 'pidfile', text('a file, or "" for none'), '', 'File to write the process id to.', {
    traits: ['immutable'],
  }),
} as const

/** The values of all settings, by field. */
export type Values = {
  -readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never
}

export type Field = keyof typeof SETTINGS
