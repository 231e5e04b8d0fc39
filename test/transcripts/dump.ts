// DUMP and RESTORE: values as bytes. The payloads are redis-server 7.0.15's, or made with its format.

import { message, OK, simple } from '../support/expectation.ts'
import { FIXED_NAMES, type Transcript, transcript } from '../support/transcript.ts'

const BAR = '"\\x00\\x03\\x62\\x61\\x72\\x0a\\x00\\xe6\\xbe\\x49\\x60\\xee\\x66\\xfd\\x17"'
const TEN = '"\\x00\\xc0\\x0a\\x0a\\x00\\x6e\\x9f\\x57\\x45\\x0e\\xae\\x63\\xbb"'
const VERSION_1 = '"\\x00\\x03\\x62\\x61\\x72\\x01\\x00\\xd2\\xfa\\xa8\\x53\\x1c\\x86\\xb6\\x44"'
const VERSION_13 = '"\\x00\\x03\\x62\\x61\\x72\\x0d\\x00\\x44\\x17\\xc0\\xd3\\xe9\\xd3\\x8a\\xd7"'
const STREAM = '"\\x15\\x00\\x0a\\x00\\xc6\\x6a\\x52\\x17\\xb5\\x68\\xf2\\x8c"'
const NOTHING = '"\\x04\\x00\\x0a\\x00\\x93\\x31\\x96\\xc0\\x27\\x92\\x95\\xbf"'
const TWICE = '"\\x02\\x02\\x01\\x61\\x01\\x61\\x0a\\x00\\x57\\xbe\\x76\\x2f\\xc2\\xd6\\x52\\x3a"'
const NAN =
  '"\\x05\\x01\\x01\\x61\\x00\\x00\\x00\\x00\\x00\\x00\\xf8\\x7f\\x0a\\x00\\xf0\\xf9\\x29\\xa9\\x06\\x54\\x59\\x27"'
/** Of Redis 7.4: f goes 100 s after the start of the test, g stays. */
const TIMED =
  '"\\x18\\xa0\\xee\\xe6\\xcf\\x8b\\x01\\x00\\x00\\x02\\x01\\x01\\x66\\x01\\x76\\x00\\x01\\x67\\x01\\x77\\x0c\\x00\\x11\\xb8\\x52\\xbb\\x65\\xe2\\xe2\\x6a"'
const WRONG = '-ERR DUMP payload version or checksum are wrong'
const BAD = '-ERR Bad data format'
const bytes = (text: string): string => Buffer.from(text, 'hex').toString('latin1')

export const dump: readonly Transcript[] = [
  transcript('DUMP gives the bytes that Redis gives', [
    ['SET k bar', OK],
    ['DUMP k', bytes('00036261720a00e6be4960ee66fd17')],
    ['SET n 10', OK],
    ['DUMP n', bytes('00c00a0a006e9f57450eae63bb')],
    // Small collections lie packed; hashes with the same fields share their names.
    ['HSET h f v 1 2', 2],
    ['HSET g f v 1 2', 2],
    ['HSET own 1 2', 1],
    ['HSET own f v', 1],
    ['HDEL own 1', 1],
    ['HSET own 1 2', 1],
    ['DUMP h', bytes('101111000000040081660281760201010201ff0a001a4df2175e0bff9b')],
    ['DUMP g', bytes('101111000000040081660281760201010201ff0a001a4df2175e0bff9b')],
    ['DUMP own', bytes('101111000000040081660281760201010201ff0a001a4df2175e0bff9b')],
    ['ZADD z 1 a -5 b', 2],
    ['DUMP z', bytes('1112120000000400816202dffb028161020101ff0a002e26e2223a05171e')],
    ['ZADD halves 1.5 a 2 b', 2],
    ['DUMP halves', bytes('111414000000040081610283312e35048162020201ff0a00fa02b425af188763')],
    ['DUMP missing', null],
    ['DUMP', "-ERR wrong number of arguments for 'dump' command"],
  ]),
  transcript('RESTORE makes a key, also from older versions', [
    [`RESTORE k 0 ${BAR}`, OK],
    ['GET k', 'bar'],
    ['TTL k', -1],
    [`RESTORE n 0 ${TEN}`, OK],
    ['OBJECT ENCODING n', 'int'],
    ['INCR n', 11],
    [`RESTORE old 0 ${VERSION_1}`, OK],
    ['GET old', 'bar'],
  ]),
  transcript('RESTORE replaces a key only when told to', [
    ['RPUSH k x', 1],
    [`RESTORE k 0 ${BAR}`, '-BUSYKEY Target key name already exists.'],
    ['RESTORE k x y', '-BUSYKEY Target key name already exists.'],
    ['TYPE k', simple('list')],
    [`RESTORE k 0 ${BAR} REPLACE`, OK],
    ['GET k', 'bar'],
    [`RESTORE k 100000 ${TEN} replace`, OK],
    ['GET k', '10'],
    [`RESTORE k 0 ${BAR} REPLACE`, OK],
    ['TTL k', -1],
  ]),
  transcript(
    'the time to live of RESTORE is one from now, or absolute',
    [
      [`RESTORE k 5000 ${BAR}`, OK],
      ['PTTL k', 5000],
      ['+5001ms'],
      ['GET k', null],
      [`RESTORE k 1700000010000 ${BAR} ABSTTL`, OK],
      ['PEXPIRETIME k', 1_700_000_010_000],
      [`RESTORE k -1 ${BAR} REPLACE`, '-ERR Invalid TTL value, must be >= 0'],
      [`RESTORE k x ${BAR} REPLACE`, '-ERR value is not an integer or out of range'],
      ['GET k', 'bar'],
    ],
    { notRedis: 'its clock stands elsewhere' },
  ),
  transcript('a deadline that is past makes no key, and takes the one away that was there', [
    [`RESTORE k 1 ${BAR} ABSTTL`, OK],
    ['EXISTS k', 0],
    ['SET k v', OK],
    [`RESTORE k 1000 ${BAR} ABSTTL REPLACE`, OK],
    ['EXISTS k', 0],
  ]),
  transcript('a payload that is wrong changes nothing', [
    ['SET k v', OK],
    ['RESTORE k 0 "" REPLACE', WRONG],
    ['RESTORE k 0 "\\x00\\x03\\x62\\x61\\x72\\x0a\\x00\\xe6\\xbe\\x49\\x60\\xee\\x66\\xfd\\x18" REPLACE', WRONG],
    [`RESTORE k 0 ${VERSION_13} REPLACE`, WRONG],
    [`RESTORE k 0 ${NOTHING} REPLACE`, BAD],
    [`RESTORE k 0 ${TWICE} REPLACE`, BAD],
    [`RESTORE k 0 ${NAN} REPLACE`, BAD],
    [`RESTORE k 0 ${TWICE}`, '-BUSYKEY Target key name already exists.'],
    [`RESTORE other 0 ${TWICE}`, BAD],
    ['EXISTS other', 0],
    ['GET k', 'v'],
  ]),
  transcript(
    'streams come later',
    [
      [`RESTORE k 0 ${STREAM}`, BAD],
      ['EXISTS k', 0],
    ],
    { notRedis: 'it has streams' },
  ),
  transcript('the options of RESTORE', [
    [`RESTORE k 0 ${BAR} NOPE`, '-ERR syntax error'],
    [`RESTORE k 0 ${BAR} IDLETIME`, '-ERR syntax error'],
    [`RESTORE k 0 ${BAR} IDLETIME -1`, '-ERR Invalid IDLETIME value, must be >= 0'],
    [`RESTORE k 0 ${BAR} IDLETIME x`, '-ERR value is not an integer or out of range'],
    [`RESTORE k 0 ${BAR} FREQ 256`, '-ERR Invalid FREQ value, must be >= 0 and <= 255'],
    [`RESTORE k 0 ${BAR} FREQ -1`, '-ERR Invalid FREQ value, must be >= 0 and <= 255'],
    [`RESTORE k 0 ${BAR} FREQ 1 IDLETIME 1`, '-ERR syntax error'],
    [`RESTORE k 0 ${BAR} IDLETIME 1000 REPLACE`, OK],
    ['OBJECT IDLETIME k', 1000],
    [`RESTORE k 0 ${BAR} FREQ 10 REPLACE`, OK],
    ['OBJECT IDLETIME k', 0],
  ]),
  transcript(
    'fields keep their deadlines in version 12, as with Redis 7.4',
    [
      [`RESTORE h 0 ${TIMED}`, OK],
      ['HPEXPIRETIME h FIELDS 2 f g', [1_700_000_100_000, -1]],
      ['HMGET h f g', ['v', 'w']],
      ['+100001ms'],
      ['HMGET h f g', [null, 'w']],
      ['HSET timed f v', 1],
      ['HPEXPIREAT timed 1700000200000 FIELDS 1 f', [1]],
      ['DUMP timed', bytes('184075e8cf8b0100000101016601760c001b2d53c83fad8eee')],
    ],
    { notRedis: 'of 7.4' },
  ),
  transcript(
    'restored keys are announced',
    [
      ['CONFIG SET notify-keyspace-events KEA', OK],
      ['b> SUBSCRIBE __keyevent@0__:restore __keyevent@0__:del', message('subscribe', '__keyevent@0__:restore', 1)],
      ['b <', message('subscribe', '__keyevent@0__:del', 2)],
      [`RESTORE k 0 ${BAR}`, OK],
      ['b <', message('message', '__keyevent@0__:restore', 'k')],
      [`RESTORE k 1 ${BAR} ABSTTL REPLACE`, OK],
      ['b <', message('message', '__keyevent@0__:del', 'k')],
    ],
    FIXED_NAMES,
  ),
  transcript('MIGRATE says what is wrong before it looks for a server', [
    ['MIGRATE 127.0.0.1 1 missing 0 10', simple('NOKEY')],
    ['MIGRATE 127.0.0.1 1 "" 0 10 COPY REPLACE AUTH p KEYS missing gone', simple('NOKEY')],
    ['MIGRATE 127.0.0.1 1 "" 0 10 KEYS', simple('NOKEY')],
    ['MIGRATE nowhere x missing -1 -1', simple('NOKEY')],
    ['MIGRATE 127.0.0.1 1 k 0', "-ERR wrong number of arguments for 'migrate' command"],
    ['SET k v', OK],
    ['MIGRATE 127.0.0.1 1 k 0 x', '-ERR value is not an integer or out of range'],
    ['MIGRATE 127.0.0.1 1 k x 10', '-ERR value is not an integer or out of range'],
    ['MIGRATE 127.0.0.1 1 k x 10 MOVE', '-ERR syntax error'],
    ['MIGRATE 127.0.0.1 1 k 0 10 AUTH', '-ERR syntax error'],
    ['MIGRATE 127.0.0.1 1 k 0 10 AUTH2 u', '-ERR syntax error'],
    [
      'MIGRATE 127.0.0.1 1 k 0 10 KEYS k',
      '-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
    ],
    ['GET k', 'v'],
  ]),
  transcript(
    'MIGRATE of a key cannot be part of a transaction',
    [
      ['SET k v', OK],
      ['MULTI', OK],
      ['MIGRATE 127.0.0.1 1 missing 0 10', simple('QUEUED')],
      ['MIGRATE 127.0.0.1 1 k 0 10', simple('QUEUED')],
      ['EXEC', [simple('NOKEY'), '-ERR MIGRATE cannot wait for another server inside of a transaction']],
      ['GET k', 'v'],
    ],
    { notRedis: 'it holds up everybody for as long' },
  ),
]
