// Hashes: fields set, read, counted, drawn and scanned, in both forms.

import { any, type Expected, map, matches, OK, simple, sorted, where } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const WRONGTYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const INTEGER = '-ERR value is not an integer or out of range'
const SYNTAX = '-ERR syntax error'
const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`

/** More fields than a packed hash has. */
const MANY = Array.from({ length: 600 }, (_, i) => `f${i} ${i}`).join(' ')

/** Pairs of an array in RESP3, flat in RESP2. */
const pairs = (list: readonly (readonly [string, string])[]): Expected =>
  where(`pairs of ${JSON.stringify(list)}`, (reply, protocol) =>
    matches(protocol === 2 ? list.flat() : list, reply, protocol),
  )

const distinct = (n: number): Expected =>
  where(`${n} different ones`, reply => Array.isArray(reply) && reply.length === n && new Set(reply).size === n)

const length = (n: number): Expected => where(`${n} of them`, reply => Array.isArray(reply) && reply.length === n)

const FIELDS: readonly Transcript[] = [
  transcript('fields are set and read', [
    ['HSET h a 1 b 2', 2],
    ['HSET h a 3 c 4', 1],
    ['HGET h a', '3'],
    ['HGET h none', null],
    ['HGET none a', null],
    ['HMGET h a none c', ['3', null, '4']],
    ['HMGET none a b', [null, null]],
    ['HLEN h', 3],
    ['HLEN none', 0],
    ['HEXISTS h a', 1],
    ['HEXISTS h none', 0],
    ['HEXISTS none a', 0],
    ['HSTRLEN h a', 1],
    ['HSTRLEN h none', 0],
    ['HSTRLEN none a', 0],
    [
      'HGETALL h',
      map([
        ['a', '3'],
        ['b', '2'],
        ['c', '4'],
      ]),
    ],
    ['HGETALL none', map([])],
    ['HKEYS h', ['a', 'b', 'c']],
    ['HVALS h', ['3', '2', '4']],
    ['HKEYS none', []],
    ['HVALS none', []],
    ['TYPE h', simple('hash')],
    ['OBJECT ENCODING h', 'listpack'],
  ]),
  transcript('HMSET and HSETNX', [
    ['HMSET h a 1 b 2', OK],
    ['HSETNX h a 9', 0],
    ['HSETNX h c 3', 1],
    ['HSETNX new f v', 1],
    ['HMGET h a b c', ['1', '2', '3']],
    ['HGET new f', 'v'],
  ]),
  transcript('fields and values are bytes, and numbers keep their text', [
    ['HSET h "" "" "a\\x00b" "\\xff\\x80" 007 +7 42 -0 9007199254740993 1e3', 5],
    ['HGET h ""', ''],
    ['HGET h "a\\x00b"', '\xff\x80'],
    ['HGET h 007', '+7'],
    ['HGET h 7', null],
    ['HGET h 42', '-0'],
    ['HGET h 9007199254740993', '1e3'],
    ['HSET h 42 -123456789012', 0],
    ['HSTRLEN h 42', 13],
    ['HGET h 42', '-123456789012'],
  ]),
  transcript('a hash without fields is gone', [
    ['HSET h a 1 b 2 c 3', 3],
    ['HDEL h none', 0],
    ['HDEL h a none b a', 2],
    ['HDEL h c x', 1],
    ['EXISTS h', 0],
    ['HDEL h a', 0],
    ['HSET h a 1', 1],
    ['HDEL h a', 1],
    ['TYPE h', simple('none')],
    ['DBSIZE', 0],
  ]),
  transcript('a key that is no hash fails before anything changes', [
    ['SET s v', OK],
    ['HSET h f v', 1],
    ['HSET s f v', WRONGTYPE],
    ['HMSET s f v', WRONGTYPE],
    ['HSETNX s f v', WRONGTYPE],
    ['HGET s f', WRONGTYPE],
    ['HMGET s f', WRONGTYPE],
    ['HDEL s f', WRONGTYPE],
    ['HLEN s', WRONGTYPE],
    ['HEXISTS s f', WRONGTYPE],
    ['HSTRLEN s f', WRONGTYPE],
    ['HGETALL s', WRONGTYPE],
    ['HKEYS s', WRONGTYPE],
    ['HVALS s', WRONGTYPE],
    ['HINCRBY s f 1', WRONGTYPE],
    ['HINCRBYFLOAT s f 1', WRONGTYPE],
    ['HRANDFIELD s', WRONGTYPE],
    ['HRANDFIELD s 2', WRONGTYPE],
    ['HSCAN s 0', WRONGTYPE],
    ['GET h', WRONGTYPE],
    ['GET s', 'v'],
    ['HGETALL h', map([['f', 'v']])],
    ['SET h string', OK],
    ['GET h', 'string'],
  ]),
  transcript('the number of words of a hash command is checked', [
    ['HSET h f', arity('hset')],
    ['HSET h f v g', arity('hset')],
    ['HMSET h f v g', arity('hmset')],
    ['HGETALL h x', arity('hgetall')],
    ['EXISTS h', 0],
  ]),
]

const FORMS: readonly Transcript[] = [
  transcript('a hash of many fields, or with a long one, becomes a table and stays one', [
    [`HSET h ${MANY}`, 600],
    ['OBJECT ENCODING h', 'hashtable'],
    ['HLEN h', 600],
    ['HMGET h f0 f599 f600', ['0', '599', null]],
    ['HSTRLEN h f599', 3],
    ['HDEL h f0 f1 nothing', 2],
    ['HLEN h', 598],
    ['HKEYS h', length(598)],
    ['HVALS h', length(598)],
    [`HSET v f ${'x'.repeat(64)}`, 1],
    ['OBJECT ENCODING v', 'listpack'],
    [`HSET v f ${'x'.repeat(65)}`, 0],
    ['OBJECT ENCODING v', 'hashtable'],
    ['HSET v f x', 0],
    ['OBJECT ENCODING v', 'hashtable'],
    [`HSET w ${'f'.repeat(65)} v`, 1],
    ['OBJECT ENCODING w', 'hashtable'],
    [`HGET w ${'f'.repeat(65)}`, 'v'],
  ]),
  transcript('the limits of a small hash are settings', [
    ['HSET h a 1 b 2 c 3', 3],
    ['CONFIG SET hash-max-listpack-entries 3 hash-max-ziplist-value 5', OK],
    ['HSET h c 4', 0],
    ['OBJECT ENCODING h', 'listpack'],
    ['HSET h d 5', 1],
    ['OBJECT ENCODING h', 'hashtable'],
    ['HGETALL h', where('four pairs', reply => JSON.stringify(reply).split(/[,:]/).length >= 8)],
    ['HSET i a 123456', 1],
    ['OBJECT ENCODING i', 'hashtable'],
    ['HINCRBY j a 12345', 12345],
    ['OBJECT ENCODING j', 'listpack'],
    ['HINCRBY j a 123456', 135801],
    ['OBJECT ENCODING j', 'hashtable'],
  ]),
  transcript('values of any length in a table', [
    [`HSET h f ${'x'.repeat(300)}`, 1],
    [`HSET h f ${'y'.repeat(50_000)} g ${'z'.repeat(253)} ${'k'.repeat(254)} v`, 2],
    ['HSTRLEN h f', 50_000],
    ['HGET h g', 'z'.repeat(253)],
    [`HGET h ${'k'.repeat(254)}`, 'v'],
    ['HSET h f short', 0],
    ['HGET h f', 'short'],
    ['HSET h g also', 0],
    ['HGET h g', 'also'],
    ['HDEL h f g', 2],
    ['HLEN h', 1],
  ]),
  transcript('keys with hashes are copied, renamed and moved', [
    ['HSET h a 1 b 2', 2],
    [`HSET big ${MANY}`, 600],
    ['COPY h copy', 1],
    ['COPY big bigcopy', 1],
    ['HSET copy a 9', 0],
    ['HSET bigcopy f0 9', 0],
    ['HGET h a', '1'],
    ['HGET big f0', '0'],
    ['HLEN bigcopy', 600],
    ['RENAME h other', OK],
    ['RENAME big bigother', OK],
    [
      'HGETALL other',
      map([
        ['a', '1'],
        ['b', '2'],
      ]),
    ],
    ['HGET bigother f599', '599'],
    ['DEL other bigother', 2],
    ['HGET bigcopy f0', '9'],
    ['PEXPIRE bigcopy 10', 1],
    ['+11ms'],
    ['HLEN bigcopy', 0],
  ]),
]

const COUNTERS: readonly Transcript[] = [
  transcript('HINCRBY counts fields', [
    ['HINCRBY h a 5', 5],
    ['HINCRBY h a -7', -2],
    ['HSET h b 10 c x d " 1" e 9223372036854775807 f -9223372036854775808 g 9007199254740992', 6],
    ['HINCRBY h b 1', 11],
    ['HINCRBY h c 1', '-ERR hash value is not an integer'],
    ['HINCRBY h d 1', '-ERR hash value is not an integer'],
    ['HINCRBY h e 1', '-ERR increment or decrement would overflow'],
    ['HINCRBY h e -1', 9223372036854775806n],
    ['HINCRBY h f -1', '-ERR increment or decrement would overflow'],
    ['HINCRBY h f 9223372036854775807', -1],
    ['HINCRBY h g 1', 9007199254740993n],
    ['HGET h g', '9007199254740993'],
    ['HINCRBY h a x', INTEGER],
    ['HINCRBY h a 1.5', INTEGER],
    ['HINCRBY h a 9223372036854775808', INTEGER],
    ['HINCRBY new a 9223372036854775807', 9223372036854775807n],
    ['HINCRBY none a x', INTEGER],
    ['EXISTS none', 0],
    [`HSET t ${MANY}`, 600],
    ['HINCRBY t f7 100', 107],
    ['HGET t f7', '107'],
  ]),
  transcript('HINCRBYFLOAT adds decimals', [
    ['HINCRBYFLOAT h a 1.5', '1.5'],
    ['HINCRBYFLOAT h a 2.25', '3.75'],
    ['HINCRBYFLOAT h a -3.75', '0'],
    ['HSET h b 10.50 c x d " 1" e 3', 4],
    ['HINCRBYFLOAT h b 0.1', '10.6'],
    ['HINCRBYFLOAT h c 1', '-ERR hash value is not a float'],
    ['HINCRBYFLOAT h d 1', '-ERR hash value is not a float'],
    ['HINCRBYFLOAT h e 5.0e3', '5003'],
    ['HINCRBYFLOAT h a x', '-ERR value is not a valid float'],
    ['HINCRBYFLOAT h a inf', '-ERR value is NaN or Infinity'],
    ['HINCRBYFLOAT h a nan', '-ERR value is not a valid float'],
    ['HINCRBYFLOAT none a x', '-ERR value is not a valid float'],
    ['EXISTS none', 0],
  ]),
]

const CHANCE: readonly Transcript[] = [
  transcript('HRANDFIELD draws fields', [
    ['HRANDFIELD none', null],
    ['HRANDFIELD none 3', []],
    ['HRANDFIELD none -3 WITHVALUES', []],
    ['HSET h a 1', 1],
    ['HRANDFIELD h', 'a'],
    ['HRANDFIELD h 0', []],
    ['HRANDFIELD h 5', ['a']],
    ['HRANDFIELD h -3', ['a', 'a', 'a']],
    ['HRANDFIELD h 5 WITHVALUES', pairs([['a', '1']])],
    [
      'HRANDFIELD h -2 withvalues',
      pairs([
        ['a', '1'],
        ['a', '1'],
      ]),
    ],
    ['HSET h b 2 c 3', 2],
    ['HRANDFIELD h 3', sorted('a', 'b', 'c')],
    ['HRANDFIELD h 2', distinct(2)],
    ['HRANDFIELD h -10', length(10)],
    [`HSET big ${MANY}`, 600],
    ['HRANDFIELD big', /^f\d+$/],
    ['HRANDFIELD big 10', distinct(10)],
    ['HRANDFIELD big 599', distinct(599)],
    ['HRANDFIELD big 601', distinct(600)],
    ['HRANDFIELD big -1000', length(1000)],
  ]),
  transcript('HRANDFIELD checks its words', [
    ['HSET h a 1', 1],
    ['HRANDFIELD h x', INTEGER],
    ['HRANDFIELD h 1 x', SYNTAX],
    ['HRANDFIELD h 1 WITHVALUES x', SYNTAX],
    ['HRANDFIELD h -9223372036854775807 WITHVALUES', '-ERR value is out of range'],
    ['HRANDFIELD h 9223372036854775807 WITHVALUES', '-ERR value is out of range'],
    ['HRANDFIELD h 9223372036854775807', ['a']],
    [
      'HRANDFIELD h -9223372036854775808',
      '-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    ],
  ]),
  transcript(
    'HRANDFIELD gives no reply without a bound',
    [
      ['HSET h a 1', 1],
      ['HRANDFIELD h -9223372036854775807', '-ERR value is out of range'],
      ['HRANDFIELD h -1048577', '-ERR value is out of range'],
    ],
    { notRedis: 'Redis goes on until the client is gone' },
  ),
]

const SCANS: readonly Transcript[] = [
  transcript('HSCAN lists a small hash at once', [
    ['HSCAN none 0', ['0', []]],
    ['HSET h a 1 b 2 12 3', 3],
    ['HSCAN h 0', ['0', ['a', '1', 'b', '2', '12', '3']]],
    ['HSCAN h 0 COUNT 1', ['0', ['a', '1', 'b', '2', '12', '3']]],
    ['HSCAN h 0 MATCH b*', ['0', ['b', '2']]],
    ['HSCAN h 0 MATCH 1?', ['0', ['12', '3']]],
    ['HSCAN h 0 MATCH *', ['0', ['a', '1', 'b', '2', '12', '3']]],
    ['HSCAN h x', '-ERR invalid cursor'],
    ['HSCAN h 0 COUNT 0', SYNTAX],
    ['HSCAN h 0 COUNT x', INTEGER],
    ['HSCAN h 0 MATCH', SYNTAX],
    ['HSCAN h 0 WHAT', SYNTAX],
  ]),
  transcript('HSCAN takes a table in pieces', [
    [`HSET h ${MANY}`, 600],
    ['HSCAN h 0 COUNT 1000', ['0', length(1200)]],
    ['HSCAN h 0 COUNT 10', [/^[1-9]\d*$/, any]],
    ['HSCAN h 0 COUNT 1000 MATCH f59?', ['0', length(20)]],
  ]),
  transcript(
    'HSCAN without values',
    [
      ['HSET h a 1 b 2', 2],
      ['HSCAN h 0 NOVALUES', ['0', ['a', 'b']]],
      ['HSCAN h 0 MATCH a NOVALUES COUNT 5', ['0', ['a']]],
    ],
    { notRedis: 'NOVALUES is of Redis 7.4' },
  ),
]

export const hashes: readonly Transcript[] = [...FIELDS, ...FORMS, ...COUNTERS, ...CHANCE, ...SCANS]
