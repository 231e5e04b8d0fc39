// The server itself: time, snapshots, INFO, CONFIG, SHUTDOWN's refusals, DEBUG.

import {
  afterPush,
  any,
  bigNumber,
  bool,
  double,
  map,
  OK,
  set,
  simple,
  sorted,
  verbatim,
  where,
} from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const NOT_POSITIVE = '-ERR value is out of range, must be positive'

const NOT_INTEGER = '-ERR value is not an integer or out of range'
/** A picture of so many lines, and the version. */
const lines = (count: number): RegExp =>
  new RegExp(`^([^\\n]*\\n){${count}}\\nHills at night\\. Redis ver\\. 7\\.0\\.15\\n$`)

const A_TABLE = verbatim(
  'txt',
  /^Hash table 0 stats \(main hash table\):\n table size: \d+\n number of elements: [12]\n/,
)
const NO_TABLE = '-ERR The value stored at the specified key is not represented using an hash table'

const helpOf = (name: string) =>
  where(`help of ${name}`, r => Array.isArray(r) && Bun.inspect(r[0]).includes(`${name} <subcommand>`))

const ordinary: readonly Transcript[] = [
  transcript('TIME tells seconds and microseconds', [
    ['TIME', [/^\d{10}$/, /^\d{1,6}$/]],
    ['TIME now', "-ERR wrong number of arguments for 'time' command"],
  ]),
  transcript('INFO tells about the server, all of it or sections', [
    ['INFO', verbatim('txt', /^/)],
    ['INFO server', verbatim('txt', /^/)],
    ['INFO nothing', verbatim('txt', '')],
    ['INFO server clients', verbatim('txt', /^/)],
  ]),
  transcript('LOLWUT draws hills as large as they are asked for, within bounds, and tells the version', [
    ['LOLWUT', verbatim('txt', lines(18))],
    ['LOLWUT 20 3', verbatim('txt', lines(3))],
    ['LOLWUT VERSION 5 20 3', verbatim('txt', lines(3))],
    ['LOLWUT -9223372036854775808 9223372036854775807', verbatim('txt', lines(100))],
    ['LOLWUT VERSION five', NOT_INTEGER],
    ['LOLWUT 20 three', NOT_INTEGER],
  ]),
  transcript('SAVE writes a snapshot that DEBUG RELOAD reads', [
    ['MSET a 1 ns/b 2', OK],
    ['SET c 3 EX 10', OK],
    ['SELECT 5', OK],
    ['SET d 4', OK],
    ['SAVE', OK],
    ['LASTSAVE', any],
    ['SET e 5', OK],
    ['DEBUG RELOAD NOSAVE', OK],
    ['MGET d e', ['4', null]],
    ['SET e 5', OK],
    ['DEBUG RELOAD', OK],
    ['MGET d e', ['4', '5']],
    ['SELECT 0', OK],
    ['KEYS *', any],
    ['MGET a ns/b c', ['1', '2', '3']],
    ['TTL c', 10],
    ['DEBUG RELOAD nope', '-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.'],
  ]),
  transcript('BGSAVE refuses what it does not know', [
    ['BGSAVE nope', '-ERR syntax error'],
    ['BGSAVE SCHEDULE now', '-ERR syntax error'],
    ['SAVE now', "-ERR wrong number of arguments for 'save' command"],
  ]),
  transcript('BGREWRITEAOF makes the append-only file anew in the background', [
    ['BGREWRITEAOF now', "-ERR wrong number of arguments for 'bgrewriteaof' command"],
    ['BGREWRITEAOF', simple('Background append only file rewriting started')],
    ['BGREWRITEAOF', '-ERR Background append only file rewriting already in progress'],
  ]),
  transcript('BGSAVE saves in the background', [['BGSAVE', simple('Background saving started')]]),
  transcript('SHUTDOWN refuses what does not go together', [
    ['SHUTDOWN nope', '-ERR syntax error'],
    ['SHUTDOWN SAVE NOSAVE', '-ERR syntax error'],
    ['SHUTDOWN ABORT NOW', '-ERR syntax error'],
    ['SHUTDOWN ABORT', '-ERR No shutdown in progress.'],
    ['PING', simple('PONG')],
  ]),
]

const configuration: readonly Transcript[] = [
  transcript(
    'CONFIG GET gives the settings that match',
    [
      ['CONFIG GET maxclients', map([['maxclients', '10000']])],
      ['CONFIG GET MaxClients', map([['MaxClients', '10000']])],
      ['CONFIG GET nothing', map([])],
      ['CONFIG GET maxmemory-pol* databases', any],
      ['CONFIG GET', "-ERR wrong number of arguments for 'config|get' command"],
    ],
    { notRedis: 'its limits follow the machine' },
  ),
  transcript('CONFIG SET sets all or nothing', [
    ['CONFIG SET maxclients 50 timeout 7', OK],
    ['CONFIG GET maxclients', map([['maxclients', '50']])],
    ['CONFIG GET timeout', map([['timeout', '7']])],
    ['CONFIG SET maxclients 60 nothing 1', "-ERR Unknown option or number of arguments for CONFIG SET - 'nothing'"],
    [
      'CONFIG SET timeout 8 timeout 9',
      /^-ERR CONFIG SET failed \(possibly related to argument 'timeout'\) - duplicate parameter/,
    ],
    [
      'CONFIG SET timeout x',
      /^-ERR CONFIG SET failed \(possibly related to argument 'timeout'\) - argument couldn't be parsed into an integer/,
    ],
    ['CONFIG SET timeout', "-ERR wrong number of arguments for 'config|set' command"],
    ['CONFIG SET timeout 1 maxclients', '-ERR syntax error'],
    ['CONFIG GET timeout', map([['timeout', '7']])],
  ]),
  transcript('CONFIG SET proto-max-bulk-len bounds strings at once', [
    ['CONFIG SET proto-max-bulk-len 2000000', OK],
    ['SETRANGE k 1999999 x', 2_000_000],
    ['SETRANGE k 2000000 x', '-ERR string exceeds maximum allowed size (proto-max-bulk-len)'],
    ['APPEND k x', '-ERR string exceeds maximum allowed size (proto-max-bulk-len)'],
    ['STRLEN k', 2_000_000],
  ]),
  transcript('CONFIG SET maxmemory refuses what would need more', [
    ['SET k v', OK],
    ['CONFIG SET maxmemory 1', OK],
    ['SET k w', "-OOM command not allowed when used memory > 'maxmemory'."],
    ['INCR n', "-OOM command not allowed when used memory > 'maxmemory'."],
    ['GET k', 'v'],
    ['DEL k', 1],
    ['CONFIG SET maxmemory 0', OK],
    ['SET k w', OK],
  ]),
  transcript('CONFIG RESETSTAT, REWRITE and HELP', [
    ['CONFIG RESETSTAT', OK],
    ['CONFIG REWRITE', '-ERR The server is running without a config file'],
    ['CONFIG HELP', helpOf('CONFIG')],
    ['CONFIG nope', "-ERR unknown subcommand 'nope'. Try CONFIG HELP."],
    ['config', "-ERR wrong number of arguments for 'config' command"],
  ]),
]

const debugging: readonly Transcript[] = [
  transcript('DEBUG AOF-FLUSH-SLEEP takes microseconds', [
    ['DEBUG AOF-FLUSH-SLEEP 1', OK],
    ['DEBUG AOF-FLUSH-SLEEP 0', OK],
    ['DEBUG AOF-FLUSH-SLEEP -1', /^-ERR value is out of range, must be positive/],
  ]),
  transcript('DEBUG PROTOCOL shows every type of reply', [
    ['DEBUG PROTOCOL string', 'Hello World'],
    ['DEBUG PROTOCOL integer', 12345],
    ['DEBUG PROTOCOL double', double('3.141')],
    ['DEBUG PROTOCOL null', null],
    ['DEBUG PROTOCOL array', [0, 1, 2]],
    ['DEBUG PROTOCOL set', set([0, 1, 2])],
    [
      'DEBUG PROTOCOL map',
      map([
        [0, bool(false)],
        [1, bool(true)],
        [2, bool(false)],
      ]),
    ],
    ['DEBUG PROTOCOL bignum', bigNumber('1234567999999999999999999999999999999')],
    ['DEBUG PROTOCOL verbatim', verbatim('txt', 'This is a verbatim\nstring')],
    ['DEBUG PROTOCOL true', bool(true)],
    ['DEBUG PROTOCOL false', bool(false)],
    ['DEBUG PROTOCOL nope', /^-ERR Wrong protocol type name\. Please use one of the following: string\|integer\|/],
  ]),
  transcript(
    'attributes and pushes exist in RESP3 only',
    [
      ['DEBUG PROTOCOL attrib', 'Some real reply following the attribute'],
      ['DEBUG PROTOCOL push', '-ERR RESP2 is not supported by this command'],
    ],
    { modes: ['RESP2'] },
  ),
  transcript(
    'attributes come before their reply, pushes beside it',
    [
      [
        'DEBUG PROTOCOL attrib',
        where('attributes and reply', r =>
          Bun.deepEquals(r, {
            attributes: [['key-popularity', ['key:123', 90]]],
            reply: 'Some real reply following the attribute',
          }),
        ),
      ],
      ['DEBUG PROTOCOL push', afterPush(['server-cpu-usage', 42], 'Some real reply following the push reply')],
      ['DEBUG ERROR "A b"', '-A b'],
    ],
    { modes: ['RESP3', 'in pieces'] },
  ),
  transcript(
    'DEBUG helps test suites',
    [
      ['DEBUG HELP', helpOf('DEBUG')],
      ['DEBUG SLEEP 0', OK],
      ['DEBUG POPULATE 3 p 10', OK],
      ['KEYS *', sorted('p:0', 'p:1', 'p:2')],
      ['GET p:1', 'value:1\x00\x00\x00'],
      ['DEBUG POPULATE 2', OK],
      ['GET key:1', 'value:1'],
      ['DEBUG POPULATE x', NOT_POSITIVE],
      ['DEBUG POPULATE -1', NOT_POSITIVE],
      ['DEBUG POPULATE 1 p -1', NOT_POSITIVE],
      [
        'DEBUG OBJECT p:1',
        /^Value at:0x[0-9a-f]+ refcount:1 encoding:\w+ serializedlength:\d+ lru:\d+ lru_seconds_idle:0/,
      ],
      ['DEBUG OBJECT missing', '-ERR no such key'],
      ['DEBUG nope', "-ERR unknown subcommand or wrong number of arguments for 'nope'. Try DEBUG HELP."],
      ['DEBUG SLEEP', "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP."],
    ],
    { modes: ['RESP2', 'RESP3', 'pipelined'] },
  ),
  transcript('DEBUG RELOAD NOFLUSH MERGE puts what the file has into what is there', [
    ['MSET a 1 b 2', OK],
    ['SAVE', OK],
    ['MSET b changed c 3', OK],
    ['DEBUG RELOAD NOSAVE NOFLUSH', /^-ERR Error trying to load the RDB dump/],
    ['DEBUG RELOAD NOSAVE NOFLUSH MERGE', OK],
    ['MGET a b c', ['1', '2', '3']],
    ['FLUSHALL', OK],
    ['DEBUG RELOAD NOFLUSH NOSAVE', OK],
    ['MGET a b c', ['1', '2', null]],
  ]),
  transcript(
    'DEBUG HTSTATS tells how full tables are',
    [
      ['DEBUG HTSTATS 0', verbatim('txt', /^\[Dictionary HT\]\nHash table 0 stats \(main hash table\):\nNo stats/)],
      ['MSET a 1 b 2 ns/c 3', OK],
      ['EXPIRE a 100', 1],
      [
        'DEBUG HTSTATS 0',
        verbatim('txt', /table size: \d+\n number of elements: 3\n tables: [2-4]\n slots.*\n.*\n .*: 1\n$/),
      ],
      ['DEBUG HTSTATS 16', '-ERR Out of range database'],
      ['DEBUG HTSTATS x', NOT_INTEGER],
      ['HSET h f v', 1],
      ['SADD s a', 1],
      ['ZADD z 1 a', 1],
      ...['a', 'h', 's', 'z'].map(key => [`DEBUG HTSTATS-KEY ${key}`, NO_TABLE] as const),
      ['CONFIG SET hash-max-listpack-entries 1 set-max-listpack-entries 1 zset-max-listpack-entries 1', OK],
      ['SADD s b', 1],
      ['DEBUG HTSTATS-KEY s', A_TABLE],
      ['HSET h g v', 1],
      ['ZADD z 1 b', 1],
      ['DEBUG HTSTATS-KEY h', A_TABLE],
      ['DEBUG HTSTATS-KEY z', A_TABLE],
      ['DEBUG HTSTATS-KEY missing', '-ERR no such key'],
    ],
    { modes: ['RESP2', 'RESP3', 'pipelined', 'in pieces'] },
  ),
  transcript('DEBUG subcommands for what does not exist here check their words', [
    ['DEBUG QUICKLIST-PACKED-THRESHOLD 1b', OK],
    ['DEBUG QUICKLIST-PACKED-THRESHOLD 4gb', OK],
    ['DEBUG QUICKLIST-PACKED-THRESHOLD 5gb', /^-ERR argument must be a memory value bigger than 1/],
    ['DEBUG QUICKLIST-PACKED-THRESHOLD x', /^-ERR argument must be a memory value bigger than 1/],
    ['DEBUG REPLYBUFFER PEAK-RESET-TIME never', OK],
    ['DEBUG REPLYBUFFER PEAK-RESET-TIME 100', OK],
    ['DEBUG REPLYBUFFER PEAK-RESET-TIME soon', NOT_INTEGER],
    ['DEBUG REPLYBUFFER RESIZING 0', OK],
    ['DEBUG REPLYBUFFER nope 0', /^-ERR unknown subcommand or wrong number of arguments/],
    ['DEBUG PAUSE-CRON 1', OK],
    ['DEBUG PAUSE-CRON 0', OK],
    ['DEBUG CHANGE-REPL-ID', OK],
    ['DEBUG JMAP', /^-ERR unknown subcommand or wrong number of arguments/],
  ]),
  transcript(
    'DEBUG DIGEST is the same for the same data and no other',
    [
      ['DEBUG DIGEST', simple('0'.repeat(40))],
      ['SET a 1', OK],
      ['DEBUG DIGEST', /^[1-9a-f][0-9a-f]*$|^0[0-9a-f]*[1-9a-f]/],
      ['DEBUG DIGEST-VALUE missing', [simple('0'.repeat(40))]],
      ['COPY a b', 1],
      [
        'DEBUG DIGEST-VALUE a b',
        where('twice the same', r => Array.isArray(r) && r.length === 2 && Bun.deepEquals(r[0], r[1])),
      ],
      ['FLUSHALL', OK],
      ['DEBUG DIGEST', simple('0'.repeat(40))],
    ],
    { modes: ['RESP2', 'RESP3', 'pipelined'] },
  ),
  transcript(
    'DEBUG is refused unless it is enabled',
    [
      ['DEBUG SLEEP 0', /^-ERR DEBUG command not allowed\. If the enable-debug-command option is set to "local"/],
      ['PING', simple('PONG')],
    ],
    { settings: { 'enable-debug-command': 'no' } },
  ),
]

export const server: readonly Transcript[] = [...ordinary, ...configuration, ...debugging]
