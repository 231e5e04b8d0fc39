// The numbers of Redis's RDB format: how values are told apart, in files and in DUMP payloads.
//
//   number     since version   value
//   0 .. 4     1               string; list, set, sorted set (scores as text), hash, element after element
//   5          8               sorted set, scores as doubles
//   9 .. 13    2 .. 4          hash as zipmap, list as ziplist, set as intset, sorted set and hash as ziplist
//   14, 18     7, 10           list as ziplists; as listpacks
//   16, 17     10              hash and sorted set as listpack
//   20         11              set as listpack
//   22 .. 25   12              hash whose fields expire (Redis 7.4): 22 and 23 are those of its release candidates

import { fromText } from '../../bytes/ascii.ts'

export const RDB_STRING = 0
export const RDB_LIST = 1
export const RDB_SET = 2
export const RDB_ZSET = 3
export const RDB_HASH = 4
export const RDB_ZSET_2 = 5
export const RDB_HASH_ZIPMAP = 9
export const RDB_LIST_ZIPLIST = 10
export const RDB_SET_INTSET = 11
export const RDB_ZSET_ZIPLIST = 12
export const RDB_HASH_ZIPLIST = 13
export const RDB_LIST_QUICKLIST = 14
export const RDB_HASH_LISTPACK = 16
export const RDB_ZSET_LISTPACK = 17
export const RDB_LIST_QUICKLIST_2 = 18
export const RDB_SET_LISTPACK = 20
export const RDB_HASH_TIMED_RC = 22
export const RDB_HASH_LISTPACK_TIMED_RC = 23
export const RDB_HASH_TIMED = 24
export const RDB_HASH_LISTPACK_TIMED = 25

export const RDB_MODULE_PRE_GA = 6
export const RDB_MODULE_2 = 7
export const RDB_STREAM = 15
const RDB_STREAM_2 = 19
export const RDB_STREAM_3 = 21

/** Names of the types that Redis has and that are not read here. */
export const FOREIGN_TYPES: Readonly<Record<number, string>> = {
  [RDB_MODULE_PRE_GA]: 'a module value',
  [RDB_MODULE_2]: 'a module value',
  [RDB_STREAM]: 'a stream',
  [RDB_STREAM_2]: 'a stream',
  [RDB_STREAM_3]: 'a stream',
}

/** The version that is written: Redis 7.0's. */
export const RDB_VERSION = 10
/** The first one with hashes whose fields expire; the newest one that is read. */
export const RDB_VERSION_TIMED_FIELDS = 12

/** How the first byte of a length begins (its two upper bits), and those of 32 and 64 bits. */
export const LENGTH_32 = 0x80
export const LENGTH_64 = 0x81
/** In place of a string's length: how it is kept instead. */
export const AS_INT8 = 0
export const AS_INT16 = 1
export const AS_INT32 = 2
export const AS_LZF = 3

/** What a node of a quicklist is. */
export const NODE_PLAIN = 1
export const NODE_PACKED = 2

/** Records of a file that are no keys. */
export const FIRST_OPCODE = 243
export const OP_SLOT_INFO = 244
export const OP_FUNCTION2 = 245
export const OP_MODULE_AUX = 247
export const OP_IDLE = 248
export const OP_FREQ = 249
export const OP_AUX = 250
export const OP_RESIZEDB = 251
export const OP_EXPIRETIME_MS = 252
export const OP_EXPIRETIME = 253
export const OP_SELECTDB = 254
export const OP_EOF = 255

/** What files begin with, Redis's and Valkey's. */
export const RDB_MAGICS: readonly Uint8Array[] = ['REDIS', 'VALKEY'].map(fromText)
/** Files have a checksum since then. */
export const FIRST_SUMMED_VERSION = 5
/** Valkey 9's version; those before it count as Redis does. */
export const VALKEY_VERSION = 80

/** Types of which the number of elements, or of nodes, comes first; the others are packed together. */
export const COUNTED_TYPES: ReadonlySet<number> = new Set([
  RDB_LIST,
  RDB_SET,
  RDB_ZSET,
  RDB_ZSET_2,
  RDB_HASH,
  RDB_HASH_TIMED,
  RDB_HASH_TIMED_RC,
  RDB_LIST_QUICKLIST,
  RDB_LIST_QUICKLIST_2,
])
