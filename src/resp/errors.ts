// The one catalogue of error replies, in Redis 7.0.15's words. A handler throws one of these before it changes
// anything; only the dispatcher catches it, drops what the command had written and sends `reply`.
// A text that never varies is built once and frozen; one with arguments comes from a function below.
// Texts are byte strings (one char is one byte, as bytes/ascii.ts toText makes them). The writer turns CR and LF
// into spaces, so bytes of a client may be quoted as they are.

import { quoted, sixDecimals } from './printf.ts'

/**
 * An error reply in flight. Deliberately not an `Error`: a wrong type or a bad number is an ordinary answer, and
 * collecting a stack for each would cost microseconds. A thrown `Error`, by contrast, is always a bug of ours.
 */
export class CommandError {
  /** The reply without the leading `-` and the line end: an upper-case code, a space, the sentence. */
  readonly reply: string

  constructor(reply: string) {
    this.reply = reply
  }

  /** The first word, as INFO errorstats counts it: `ERR`, `WRONGTYPE`. */
  get code(): string {
    const space = this.reply.indexOf(' ')
    return space < 0 ? this.reply : this.reply.slice(0, space)
  }

  toString(): string {
    return this.reply
  }
}

function fixed(reply: string): CommandError {
  return Object.freeze(new CommandError(reply))
}

// Shared by every family (server.c createSharedObjects, object.c).
export const WRONGTYPE = fixed('WRONGTYPE Operation against a key holding the wrong kind of value')
export const SYNTAX = fixed('ERR syntax error')
export const NO_SUCH_KEY = fixed('ERR no such key')
export const NOT_AN_INTEGER = fixed('ERR value is not an integer or out of range')
export const NOT_A_FLOAT = fixed('ERR value is not a valid float')
export const OUT_OF_RANGE = fixed('ERR value is out of range')
export const NOT_POSITIVE = fixed('ERR value is out of range, must be positive')
export const INDEX_OUT_OF_RANGE = fixed('ERR index out of range')
export const OFFSET_OUT_OF_RANGE = fixed('ERR offset is out of range')
export const SAME_OBJECT = fixed('ERR source and destination objects are the same')
export const DB_OUT_OF_RANGE = fixed('ERR DB index is out of range')
export const BUSYKEY = fixed('BUSYKEY Target key name already exists.')
export const INVALID_CURSOR = fixed('ERR invalid cursor')
export const NUMKEYS_NOT_POSITIVE = fixed('ERR numkeys should be greater than 0')
export const NUMKEYS_TOO_BIG = fixed("ERR Number of keys can't be greater than number of args")
export const NUMKEYS_NEGATIVE = fixed("ERR Number of keys can't be negative")
export const COUNT_NOT_POSITIVE = fixed('ERR count should be greater than 0')
export const TIMEOUT_NOT_A_FLOAT = fixed('ERR timeout is not a float or out of range')
export const TIMEOUT_NOT_AN_INTEGER = fixed('ERR timeout is not an integer or out of range')
export const TIMEOUT_NEGATIVE = fixed('ERR timeout is negative')

// What the gates before a command answer (server.c processCommand, networking.c).
export const OOM = fixed("OOM command not allowed when used memory > 'maxmemory'.")
/** Ours: the limit would allow it, but no free block of the arena is long enough. */
export const OOM_ARENA = fixed('OOM command not allowed when no arena has room for its data.')
export const NOAUTH = fixed('NOAUTH Authentication required.')
export const LOADING = fixed('LOADING Redis is loading the dataset in memory')
export const MISCONF = fixed(
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that " +
    'may modify the data set are disabled, because this instance is configured to report errors during writes if ' +
    'RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about ' +
    'the RDB error.',
)
export const READONLY = fixed("READONLY You can't write against a read only replica.")
export const NOREPLICAS = fixed('NOREPLICAS Not enough good replicas to write.')
export const MASTERDOWN = fixed("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")
export const MAX_CLIENTS = fixed('ERR max number of clients reached')
export const NOPERM_KEY = fixed('NOPERM this user has no permissions to access one of the keys used as arguments')
export const NOPERM_CHANNEL = fixed(
  'NOPERM this user has no permissions to access one of the channels used as arguments',
)
export const BUSY_SCRIPT = fixed(
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
)
export const BUSY_FUNCTION = fixed(
  'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.',
)
export const INTERNAL = fixed('ERR internal error')

// Sessions (acl.c, networking.c, multi.c, blocked.c).
export const NOPROTO = fixed('NOPROTO unsupported protocol version')
export const PROTOCOL_NOT_AN_INTEGER = fixed('ERR Protocol version is not an integer or out of range')
export const WRONGPASS = fixed('WRONGPASS invalid username-password pair or user is disabled.')
export const HELLO_NOAUTH = fixed(
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> ' +
    'option can be used to authenticate the client and select the RESP protocol version at the same time',
)
export const AUTH_WITHOUT_PASSWORD = fixed(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your ' +
    'configuration is correct?',
)
export const CLIENT_NAME = fixed('ERR Client names cannot contain spaces, newlines or special characters.')
export const NO_SUCH_CLIENT = fixed('ERR No such client')
export const EXECABORT = fixed('EXECABORT Transaction discarded because of previous errors.')
export const NESTED_MULTI = fixed('ERR MULTI calls can not be nested')
export const EXEC_WITHOUT_MULTI = fixed('ERR EXEC without MULTI')
export const DISCARD_WITHOUT_MULTI = fixed('ERR DISCARD without MULTI')
export const WATCH_INSIDE_MULTI = fixed('ERR WATCH inside MULTI is not allowed')
/** Ours: what a transaction queues counts against client-query-buffer-limit. */
export const TRANSACTION_TOO_LARGE = fixed('ERR the transaction is too large')
export const NOT_IN_TRANSACTION = fixed('ERR Command not allowed inside a transaction')
export const MONITOR_AND_BLOCKING = fixed("ERR MONITOR isn't allowed for DENY BLOCKING client")
/** A monitor is a kind of replica to Redis. */
export const MONITOR_AND_KEYS = fixed("ERR Replica can't interact with the keyspace")
export const UNBLOCKED_BY_CLIENT = fixed('UNBLOCKED client unblocked via CLIENT UNBLOCK')
export const UNBLOCKED_STREAM_GONE = fixed('UNBLOCKED the stream key no longer exists')
export const NOSCRIPT = fixed('NOSCRIPT No matching script. Please use EVAL.')
export const NOTBUSY = fixed('NOTBUSY No scripts in execution right now.')

// Keys and expiry (db.c, expire.c, cluster.c, object.c).
export const EXPIRE_NX_CONFLICT = fixed('ERR NX and XX, GT or LT options at the same time are not compatible')
export const EXPIRE_GT_LT = fixed('ERR GT and LT options at the same time are not compatible')
export const BAD_DATA_FORMAT = fixed('ERR Bad data format')
export const DUMP_CHECKSUM = fixed('ERR DUMP payload version or checksum are wrong')
export const RESTORE_TTL = fixed('ERR Invalid TTL value, must be >= 0')
export const RESTORE_IDLETIME = fixed('ERR Invalid IDLETIME value, must be >= 0')
export const RESTORE_FREQ = fixed('ERR Invalid FREQ value, must be >= 0 and <= 255')
export const LFU_SELECTED = fixed(
  'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between ' +
    'policies at runtime LRU and LFU data will take some time to adjust.',
)
export const LFU_NOT_SELECTED = fixed(
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching ' +
    'between policies at runtime LRU and LFU data will take some time to adjust.',
)
export const SORT_NOT_A_DOUBLE = fixed("ERR One or more scores can't be converted into double")
export const SAVE_IN_PROGRESS = fixed('ERR Background save already in progress')
export const SAVE_BLOCKED = fixed(
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a " +
    'BGSAVE whenever possible.',
)
export const REWRITE_IN_PROGRESS = fixed('ERR Background append only file rewriting already in progress')
export const NO_KEY_ARGUMENTS = fixed('ERR The command has no key arguments')
export const GETKEYS_COMMAND = fixed('ERR Invalid command specified')
export const GETKEYS_ARITY = fixed('ERR Invalid number of arguments specified for command')

// Strings and bits (t_string.c, bitops.c, hyperloglog.c).
export const OVERFLOW = fixed('ERR increment or decrement would overflow')
export const DECREMENT_OVERFLOW = fixed('ERR decrement would overflow')
export const INCREMENT_NAN = fixed('ERR increment would produce NaN or Infinity')
export const STRING_TOO_LONG = fixed('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
export const BIT_OFFSET = fixed('ERR bit offset is not an integer or out of range')
export const BIT_VALUE = fixed('ERR bit is not an integer or out of range')
export const BIT_ARGUMENT = fixed('ERR The bit argument must be 1 or 0.')
export const BITOP_NOT = fixed('ERR BITOP NOT must be called with a single source key.')
export const BITFIELD_TYPE = fixed(
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
)
export const BITFIELD_OVERFLOW = fixed('ERR Invalid OVERFLOW type specified')
export const BITFIELD_READ_ONLY = fixed('ERR BITFIELD_RO only supports the GET subcommand')
export const LCS_NOT_STRINGS = fixed('ERR The specified keys must contain string values')
export const LCS_LEN_AND_IDX = fixed('ERR If you want both the length and indexes, please just use IDX.')
export const LCS_TOO_LONG = fixed('ERR String too long for LCS')
export const LCS_MEMORY = fixed('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len')
export const NOT_HYPERLOGLOG = fixed('WRONGTYPE Key is not a valid HyperLogLog string value.')
export const HYPERLOGLOG_NOT_SPARSE = fixed('ERR HLL encoding is not sparse')
export const SPECIFIED_KEY_MISSING = fixed('ERR The specified key does not exist')
export const INVALID_HYPERLOGLOG = fixed('INVALIDOBJ Corrupted HLL object detected')

// Hashes, lists, sorted sets, geo (t_hash.c, t_list.c, t_zset.c, geo.c). Deadlines of fields: Redis 7.4 and 8.0.
export const HASH_NOT_AN_INTEGER = fixed('ERR hash value is not an integer')
export const HASH_NOT_A_FLOAT = fixed('ERR hash value is not a float')
export const FIELDS_MISSING = fixed('ERR Mandatory argument FIELDS is missing or not at the right position')
export const FIELDS_NOT_POSITIVE = fixed('ERR Number of fields must be a positive integer')
/** The same of HEXPIRE and its sisters, and of HSETEX. */
export const FIELDS_PARAMETER = fixed('ERR Parameter `numFields` should be greater than 0')
export const FIELDS_INVALID = fixed('ERR invalid number of fields')
export const FIELDS_MISMATCH = fixed('ERR The `numfields` parameter must match the number of arguments')
export const FIELD_EXPIRE_NEGATIVE = fixed('ERR invalid expire time, must be >= 0')
export const HSETEX_NO_TIME = fixed('ERR missing expire time')
export const HSETEX_CONDITIONS = fixed('ERR Only one of FXX or FNX arguments can be specified')
export const HSETEX_EXPIRATIONS = fixed('ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified')
export const VALUE_NAN = fixed('ERR value is NaN or Infinity')
export const RANK_ZERO = fixed(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start " +
    'from the end of the list',
)
export const COUNT_NEGATIVE = fixed("ERR COUNT can't be negative")
export const MAXLEN_NEGATIVE = fixed("ERR MAXLEN can't be negative")
export const LIMIT_NEGATIVE = fixed("ERR LIMIT can't be negative")
export const SCORE_NAN = fixed('ERR resulting score is not a number (NaN)')
export const SCORE_RANGE = fixed('ERR min or max is not a float')
export const LEX_RANGE = fixed('ERR min or max not valid string range item')
export const WEIGHT_NOT_A_FLOAT = fixed('ERR weight value is not a float')
export const ZADD_NX_XX = fixed('ERR XX and NX options at the same time are not compatible')
export const ZADD_GT_LT_NX = fixed('ERR GT, LT, and/or NX options at the same time are not compatible')
export const ZADD_INCR_PAIR = fixed('ERR INCR option supports a single increment-element pair')
export const ZRANGE_LIMIT = fixed(
  'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
)
export const ZRANGE_WITHSCORES_LEX = fixed('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
export const GEO_UNIT = fixed('ERR unsupported unit provided. please use M, KM, FT, MI')
export const GEO_RADIUS = fixed('ERR need numeric radius')
export const GEO_WIDTH = fixed('ERR need numeric width')
export const GEO_HEIGHT = fixed('ERR need numeric height')
export const GEO_RADIUS_NEGATIVE = fixed('ERR radius cannot be negative')
export const GEO_BOX_NEGATIVE = fixed('ERR height or width cannot be negative')
export const GEO_MEMBER = fixed('ERR could not decode requested zset member')
export const GEO_ANY_WITHOUT_COUNT = fixed('ERR the ANY argument requires COUNT argument')
export const COUNT_MUST_BE_POSITIVE = fixed('ERR COUNT must be > 0')

// Streams (t_stream.c).
export const STREAM_ID = fixed('ERR Invalid stream ID specified as stream command argument')
export const STREAM_ID_ZERO = fixed('ERR The ID specified in XADD must be greater than 0-0')
export const STREAM_ID_TOO_SMALL = fixed(
  'ERR The ID specified in XADD is equal or smaller than the target stream top item',
)
export const STREAM_EXHAUSTED = fixed('ERR The stream has exhausted the last possible ID, unable to add more items')
export const STREAM_START = fixed('ERR invalid start ID for the interval')
export const STREAM_END = fixed('ERR invalid end ID for the interval')
export const STREAM_MAXLEN_NEGATIVE = fixed('ERR The MAXLEN argument must be >= 0.')
export const STREAM_LIMIT_NEGATIVE = fixed('ERR The LIMIT argument must be >= 0.')
export const BUSYGROUP = fixed('BUSYGROUP Consumer Group name already exists')
export const GROUP_GONE = fixed('NOGROUP the consumer group this client was blocked on no longer exists')
export const XGROUP_NO_KEY = fixed(
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM ' +
    'option to create an empty stream automatically.',
)

/** How many bytes of a client's own words are quoted back: the 128 of Redis's `%.128s`. */
const QUOTED_BYTES = 128

// Namespaces (ours). Names are byte strings.

export function frozenNamespace(name: string): CommandError {
  return new CommandError(`READONLY namespace '${quoted(name, QUOTED_BYTES)}' is frozen.`)
}

export function namespaceAboveQuota(name: string): CommandError {
  const shown = quoted(name, QUOTED_BYTES)
  return new CommandError(`OOM command not allowed when used memory > 'maxmemory' of namespace '${shown}'.`)
}

export function namespaceFull(name: string): CommandError {
  return new CommandError(
    `OOM command not allowed when keys >= 'max-keys' of namespace '${quoted(name, QUOTED_BYTES)}'.`,
  )
}

/** A client that is bound to a namespace meddles with another one. */
export function boundElsewhere(name: string): CommandError {
  return new CommandError(`NOPERM this client is bound to namespace '${quoted(name, QUOTED_BYTES)}'`)
}

/** `name` is the full name as the row spells it: `get`, `config|set`. */
export function wrongArity(name: string): CommandError {
  return new CommandError(`ERR wrong number of arguments for '${name}' command`)
}

/**
 * `name` and `args` are the client's own words (byte strings). Of `args` no more is read than the reply shows, so
 * hand over a generator and a long request costs nothing. Source: server.c commandCheckExistence.
 */
export function unknownCommand(name: string, args: Iterable<string>): CommandError {
  let shown = ''
  for (const arg of args) {
    shown += `'${quoted(arg, QUOTED_BYTES - shown.length)}' `
    if (shown.length >= QUOTED_BYTES) break
  }
  return new CommandError(`ERR unknown command '${quoted(name, QUOTED_BYTES)}', with args beginning with: ${shown}`)
}

/** For a container command: the name after it is in no row. `command` is the client's spelling of the container. */
export function unknownSubcommand(subcommand: string, command: string): CommandError {
  return new CommandError(
    `ERR unknown subcommand '${quoted(subcommand, QUOTED_BYTES)}'. Try ${command.toUpperCase()} HELP.`,
  )
}

/** For handlers that take subcommands apart themselves (DEBUG). Source: networking.c addReplySubcommandSyntaxError. */
export function subcommandSyntax(subcommand: string, command: string): CommandError {
  const shown = quoted(subcommand, QUOTED_BYTES)
  return new CommandError(
    `ERR unknown subcommand or wrong number of arguments for '${shown}'. Try ${command.toUpperCase()} HELP.`,
  )
}

export function invalidExpire(name: string): CommandError {
  return new CommandError(`ERR invalid expire time in '${name}' command`)
}

/** EXPIRE and its sisters, for a word that is none of NX XX GT LT. */
export function unsupportedOption(option: string): CommandError {
  // As Redis trims a formatted error; line ends further in become spaces.
  const shown = quoted(option, Number.MAX_SAFE_INTEGER).replace(/[\r\n]+$/, '')
  return new CommandError(`ERR Unsupported option ${shown}`)
}

/** HSETEX, for a word that is none of its options. */
export function unknownArgument(word: string): CommandError {
  return new CommandError(`ERR unknown argument: ${quoted(word, Number.MAX_SAFE_INTEGER)}`)
}

/** Both bounds are inclusive. Source: object.c getRangeLongFromObjectOrReply. */
export function notInRange(min: number | bigint, max: number | bigint): CommandError {
  return new CommandError(`ERR value is out of range, value must between ${min} and ${max}`)
}

/** ZUNION, ZINTER, ZDIFF and their STORE forms with numkeys below 1. */
export function inputKeyNeeded(name: string): CommandError {
  return new CommandError(`ERR at least 1 input key is needed for '${name}' command`)
}

/** Of Redis 8.2. `name` in capitals. */
export function bitopSources(name: string): CommandError {
  return new CommandError(`ERR BITOP ${name} must be called with at least two source keys.`)
}

export function unknownPfdebug(subcommand: string): CommandError {
  return new CommandError(`ERR Unknown PFDEBUG subcommand '${quoted(subcommand, Number.MAX_SAFE_INTEGER)}'`)
}

export function helloOption(option: string): CommandError {
  return new CommandError(`ERR Syntax error in HELLO option '${quoted(option, Number.MAX_SAFE_INTEGER)}'`)
}

export function noPermission(name: string): CommandError {
  return new CommandError(`NOPERM this user has no permissions to run the '${name}' command`)
}

/** RESP2 only: a subscribed client may not run `name`. */
export function subscribedContext(name: string): CommandError {
  return new CommandError(
    `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  )
}

/** EXEC, when a gate refuses it. `reply` is what the gate would answer; a plain `ERR` is left out, as Redis does. */
export function transactionDiscarded(reply: string): CommandError {
  const cause = reply.startsWith('ERR ') ? reply.slice(4) : reply
  return new CommandError(`EXECABORT Transaction discarded because of: ${cause}`)
}

/** `cause` is the operating system's sentence, such as `No space left on device`. */
export function appendFailed(cause: string): CommandError {
  return new CommandError(`MISCONF Errors writing to the AOF file: ${cause}`)
}

/** `parameter` is the CONFIG name that was refused, `reason` why; an empty reason is left out. */
export function configSetFailed(parameter: string, reason: string): CommandError {
  const why = reason === '' ? '' : ` - ${reason}`
  return new CommandError(`ERR CONFIG SET failed (possibly related to argument '${parameter}')${why}`)
}

export function configUnknown(parameter: string): CommandError {
  return new CommandError(`ERR Unknown option or number of arguments for CONFIG SET - '${parameter}'`)
}

/** XGROUP and XINFO: the stream is there, the group is not. */
export function noSuchGroup(group: string, key: string): CommandError {
  return new CommandError(`NOGROUP No such consumer group '${group}' for key name '${key}'`)
}

/** XPENDING, XCLAIM, XAUTOCLAIM: one of the two is missing. */
export function noSuchKeyOrGroup(key: string, group: string): CommandError {
  return new CommandError(`NOGROUP No such key '${key}' or consumer group '${group}'`)
}

export function noSuchGroupToRead(key: string, group: string): CommandError {
  return new CommandError(`${noSuchKeyOrGroup(key, group).reply} in XREADGROUP with GROUP option`)
}

/** Degrees, printed as C's `%f` does. */
export function invalidPosition(longitude: number, latitude: number): CommandError {
  return new CommandError(`ERR invalid longitude,latitude pair ${sixDecimals(longitude)},${sixDecimals(latitude)}`)
}

/** GEORADIUS with STORE (`what` says so) and GEOSEARCHSTORE. */
export function geoStoreOptions(what: string): CommandError {
  return new CommandError(`ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`)
}

/** `options` are two of which one is needed; `name` is the client's spelling of the command. */
export function geoOptionMissing(options: string, name: string): CommandError {
  return new CommandError(`ERR exactly one of ${options} can be specified for ${name}`)
}

/** A RESP2 client that is subscribed could not tell a reply from a message (server.c processCommand). */
export function onlyWhileSubscribed(command: string): CommandError {
  return new CommandError(
    `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  )
}
