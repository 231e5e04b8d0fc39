// Sets: members in and out, draws, unions and their like, scans, and what form a set is said to have.

import { members, OK, sorted, where } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const WRONGTYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const SYNTAX = '-ERR syntax error'
const NOT_INTEGER = '-ERR value is not an integer or out of range'
const NOT_POSITIVE = '-ERR value is out of range, must be positive'
const OOM = "-OOM command not allowed when used memory > 'maxmemory'."
const LONG = 'x'.repeat(65)
const BIG = 'b'.repeat(40_000)

const manyWords = (n: number, prefix: string): string => Array.from({ length: n }, (_, i) => `${prefix}${i}`).join(' ')
const manyMembers = (n: number, prefix: string) => members(...Array.from({ length: n }, (_, i) => `${prefix}${i}`))

/** So many different texts, all of them among these. */
const someOf = (count: number, from: readonly string[]) =>
  where(`${count} of ${from.join(' ')}`, reply => {
    const found = Array.isArray(reply)
      ? reply
      : typeof reply === 'object' && reply !== null && 'set' in reply
        ? reply.set
        : []
    return found.length === count && new Set(found).size === count && found.every(item => from.includes(String(item)))
  })
const oneOf = (...from: readonly string[]) => where(`one of ${from.join(' ')}`, reply => from.includes(String(reply)))

const single: readonly Transcript[] = [
  transcript('SADD, SREM, SISMEMBER and SCARD', [
    ['SADD s a b c', 3],
    ['SADD s c d', 1],
    ['SADD s a', 0],
    ['SCARD s', 4],
    ['SISMEMBER s a', 1],
    ['SISMEMBER s z', 0],
    ['SMISMEMBER s a z d', [1, 0, 1]],
    ['SMEMBERS s', members('a', 'b', 'c', 'd')],
    [
      'TYPE s',
      where('set', reply => typeof reply === 'object' && reply !== null && 'simple' in reply && reply.simple === 'set'),
    ],
    ['SREM s a z', 1],
    ['SREM s z', 0],
    ['SREM s b c d', 3],
    ['EXISTS s', 0],
    ['SREM s a', 0],
    ['SCARD s', 0],
    ['SMEMBERS s', members()],
    ['SISMEMBER s a', 0],
    ['SMISMEMBER s a b', [0, 0]],
  ]),
  transcript('members are any bytes, and numbers only in their usual spelling', [
    ['SADD s "" "\\x00\\r\\n\\xff" 01 1 -0 0 +1 " 1"', 8],
    ['SADD s 1 01 ""', 0],
    ['SMEMBERS s', members('', '\x00\r\n\xff', '01', '1', '-0', '0', '+1', ' 1')],
    ['SREM s 1 -0', 2],
    ['SISMEMBER s 01', 1],
    ['SISMEMBER s 1', 0],
  ]),
  transcript('integers of all widths are exact, in order', [
    ['SADD s 1 -1 70000 -70000 5000000000 9007199254740993 9007199254740992', 7],
    ['SADD s 9223372036854775807 -9223372036854775808 9223372036854775806', 3],
    ['OBJECT ENCODING s', 'intset'],
    ['SISMEMBER s 9007199254740993', 1],
    ['SISMEMBER s 9007199254740994', 0],
    ['SISMEMBER s 9223372036854775808', 0],
    ['SREM s 9007199254740992 9223372036854775807', 2],
    [
      'SMEMBERS s',
      members(
        '-9223372036854775808',
        '-70000',
        '-1',
        '1',
        '70000',
        '5000000000',
        '9007199254740993',
        '9223372036854775806',
      ),
    ],
    ['SADD s 9223372036854775808', 1],
    ['OBJECT ENCODING s', 'hashtable'],
    ['SISMEMBER s 9007199254740993', 1],
    ['SISMEMBER s 9223372036854775806', 1],
  ]),
  transcript('a set is an intset while its members are integers and few', [
    ['SADD s 1 2 3', 3],
    ['OBJECT ENCODING s', 'intset'],
    ['SADD s a', 1],
    ['OBJECT ENCODING s', 'hashtable'],
    ['SREM s a', 1],
    ['OBJECT ENCODING s', 'hashtable'],
    [`SADD n ${manyWords(512, '')}`, 512],
    ['OBJECT ENCODING n', 'intset'],
    ['SADD n 511', 0],
    ['OBJECT ENCODING n', 'intset'],
    ['SADD n 512', 1],
    ['OBJECT ENCODING n', 'hashtable'],
    ['SMEMBERS n', manyMembers(513, '')],
    ['SADD w word', 1],
    ['OBJECT ENCODING w', 'hashtable'],
  ]),
  transcript('sets of all sizes keep what they are given', [
    [`SADD s ${manyWords(128, 'word')}`, 128],
    ['SMEMBERS s', manyMembers(128, 'word')],
    ['SADD s word128', 1],
    ['SMEMBERS s', manyMembers(129, 'word')],
    [`SADD t a ${LONG} 5`, 3],
    ['SMEMBERS t', members('a', LONG, '5')],
    [`SREM t ${LONG} a`, 2],
    ['SMEMBERS t', members('5')],
    ['COPY s u', 1],
    ['SREM s word0', 1],
    ['SMEMBERS u', manyMembers(129, 'word')],
    ['RENAME u v', OK],
    ['SCARD v', 129],
    ['DEL v s t', 3],
  ]),
  transcript('wrong types and wrong numbers of words', [
    ['SET k v', OK],
    ...['SADD k a', 'SREM k a', 'SCARD k', 'SISMEMBER k a', 'SMISMEMBER k a', 'SMEMBERS k', 'SSCAN k 0'].map(
      text => [text, WRONGTYPE] as const,
    ),
    ...['SPOP k', 'SPOP k 1', 'SRANDMEMBER k', 'SRANDMEMBER k 0', 'SINTERCARD 1 k', 'SMOVE k s a'].map(
      text => [text, WRONGTYPE] as const,
    ),
    ['GET k', 'v'],
    ['SADD s a', 1],
    ['GET s', WRONGTYPE],
    ['INCR s', WRONGTYPE],
    ['SADD s', "-ERR wrong number of arguments for 'sadd' command"],
    ['SMOVE s k a', WRONGTYPE],
    ['SMEMBERS s', members('a')],
    ['SET s v', OK],
    ['GET s', 'v'],
  ]),
  transcript(
    'without enough memory no set is changed',
    [
      [`SADD s ${BIG} ${BIG}x ${BIG}y`, OOM],
      ['EXISTS s', 0],
      [`SADD s ${BIG} b`, 2],
      [`SADD s c ${BIG}x ${BIG}y`, OOM],
      ['SMEMBERS s', members(BIG, 'b')],
      [`SADD t ${BIG}x`, 1],
      ['SUNIONSTORE s s t', OOM],
      ['SMEMBERS s', members(BIG, 'b')],
      ['SINTERSTORE s s t', 0],
      ['EXISTS s', 0],
    ],
    { settings: { maxmemory: '110kb' }, modes: ['RESP2', 'RESP3'], notRedis: 'its own memory is larger than that' },
  ),
  transcript('a set goes at its deadline', [
    ['SADD s a', 1],
    ['EXPIRE s 10', 1],
    ['SADD s b', 1],
    ['TTL s', 10],
    ['+11s'],
    ['SMEMBERS s', members()],
    ['SADD s c', 1],
    ['TTL s', -1],
  ]),
]

const moving: readonly Transcript[] = [
  transcript('SMOVE takes a member from one set to another', [
    ['SADD a 1 x y', 3],
    ['SADD b 2 3', 2],
    ['SMOVE a b x', 1],
    ['SMEMBERS a', members('1', 'y')],
    ['SMEMBERS b', members('2', '3', 'x')],
    ['OBJECT ENCODING b', 'hashtable'],
    ['SMOVE a c 1', 1],
    ['OBJECT ENCODING c', 'intset'],
    ['SMOVE a b nothing', 0],
    ['SMOVE nothing b x', 0],
    ['SADD b y', 1],
    ['SMOVE a b y', 1],
    ['EXISTS a', 0],
    ['SMEMBERS b', members('2', '3', 'x', 'y')],
    ['SMOVE b b x', 1],
    ['SMOVE b b nothing', 0],
    ['SCARD b', 4],
    ['SET k v', OK],
    ['SMOVE b k x', WRONGTYPE],
    ['SMOVE nothing k x', 0],
    ['SMOVE k b x', WRONGTYPE],
    ['SCARD b', 4],
  ]),
  transcript('SMOVE to a key that has just expired', [
    ['SADD a x y', 2],
    ['SADD b z', 1],
    ['EXPIRE b 1', 1],
    ['+2s'],
    ['SMOVE a b x', 1],
    ['SMEMBERS b', members('x')],
    ['SMOVE a b y', 1],
    ['EXISTS a', 0],
    ['TTL b', -1],
  ]),
  transcript('SPOP takes members out, the set with the last', [
    ['SADD s a b c', 3],
    ['SPOP s', oneOf('a', 'b', 'c')],
    ['SCARD s', 2],
    ['SPOP s 0', members()],
    ['SPOP s 1', someOf(1, ['a', 'b', 'c'])],
    ['SPOP s 5', someOf(1, ['a', 'b', 'c'])],
    ['EXISTS s', 0],
    ['SPOP s', null],
    ['SPOP s 5', members()],
    ['SADD n 1 2 3 4 5 6 7 8 9 10', 10],
    ['SPOP n 7', someOf(7, ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'])],
    ['SCARD n', 3],
    [`SADD t ${manyWords(300, 'w')}`, 300],
    ['SPOP t 290', someOf(290, manyWords(300, 'w').split(' '))],
    ['SCARD t', 10],
    ['SPOP t 10', someOf(10, manyWords(300, 'w').split(' '))],
    ['EXISTS t', 0],
    ['SPOP s -1', NOT_POSITIVE],
    ['SPOP s x', NOT_POSITIVE],
    ['SPOP s 1 2', SYNTAX],
  ]),
  transcript('SRANDMEMBER shows members and leaves them', [
    ['SADD s a b c d e', 5],
    ['SRANDMEMBER s', oneOf('a', 'b', 'c', 'd', 'e')],
    ['SRANDMEMBER s 1', someOf(1, ['a', 'b', 'c', 'd', 'e'])],
    ['SRANDMEMBER s 4', someOf(4, ['a', 'b', 'c', 'd', 'e'])],
    ['SRANDMEMBER s 5', sorted('a', 'b', 'c', 'd', 'e')],
    ['SRANDMEMBER s 9', sorted('a', 'b', 'c', 'd', 'e')],
    ['SRANDMEMBER s -20', where('20 members', reply => Array.isArray(reply) && reply.length === 20)],
    ['SRANDMEMBER s 0', []],
    ['SCARD s', 5],
    [`SADD t ${manyWords(300, 'w')}`, 300],
    ...[2, 99, 200, 299].map(n => [`SRANDMEMBER t ${n}`, someOf(n, manyWords(300, 'w').split(' '))] as const),
    [`SADD n ${manyWords(300, '')}`, 300],
    ...[2, 99, 200, 299].map(n => [`SRANDMEMBER n ${n}`, someOf(n, manyWords(300, '').split(' '))] as const),
    ['SRANDMEMBER missing', null],
    ['SRANDMEMBER missing 5', []],
    ['SRANDMEMBER s x', NOT_INTEGER],
    ['SRANDMEMBER s 1 2', SYNTAX],
    [
      'SRANDMEMBER s -9223372036854775808',
      '-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    ],
  ]),
  transcript(
    'SRANDMEMBER shows no member a million million times',
    [
      ['SADD s a', 1],
      ['SRANDMEMBER s -1000000000000', '-ERR value is out of range'],
      ['SRANDMEMBER s -9223372036854775807', '-ERR value is out of range'],
    ],
    { notRedis: 'Redis goes on until the limit of the output buffer' },
  ),
]

const combining: readonly Transcript[] = [
  transcript('SINTER, SUNION and SDIFF of integers and words', [
    ['SADD a 1 2 3 4', 4],
    ['SADD b 3 4 5 x', 4],
    ['SADD c 4 x y', 3],
    ['SINTER a', members('1', '2', '3', '4')],
    ['SINTER a b', members('3', '4')],
    ['SINTER a b c', members('4')],
    ['SINTER a b c missing', members()],
    ['SINTER missing', members()],
    ['SINTER a a a', members('1', '2', '3', '4')],
    ['SUNION a', members('1', '2', '3', '4')],
    ['SUNION a b c', members('1', '2', '3', '4', '5', 'x', 'y')],
    ['SUNION missing a missing', members('1', '2', '3', '4')],
    ['SUNION missing', members()],
    ['SUNION a a', members('1', '2', '3', '4')],
    ['SDIFF a', members('1', '2', '3', '4')],
    ['SDIFF a b', members('1', '2')],
    ['SDIFF b a c', members('5')],
    ['SDIFF a missing', members('1', '2', '3', '4')],
    ['SDIFF missing a', members()],
    ['SDIFF a b a', members()],
    ['SINTERCARD 2 a b', 2],
    ['SINTERCARD 2 a b LIMIT 1', 1],
    ['SINTERCARD 2 a b limit 0', 2],
    ['SINTERCARD 2 a missing', 0],
  ]),
  transcript('the difference is the same whichever way it is found', [
    [`SADD many ${manyWords(200, '')}`, 200],
    ['SADD few 1 2 3', 3],
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((key, i) => [`SADD ${key} ${10 * i} ${10 * i + 1} z`, 3] as const),
    ['SDIFF few many', members()],
    ['SDIFFSTORE rest many a b c d e f', 188],
    ['OBJECT ENCODING rest', 'intset'],
    ['SDIFF many rest', members(...[0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51].map(String))],
    ['SDIFF few a b c d e f', members('2', '3')],
    ['SDIFF many rest a b c d e f', members()],
  ]),
  transcript('the STORE forms replace what was there, or remove it', [
    ['SADD a 1 2 3', 3],
    ['SADD b 2 3 x', 3],
    ['SET d old', OK],
    ['EXPIRE d 100', 1],
    ['SINTERSTORE d a b', 2],
    ['SMEMBERS d', members('2', '3')],
    ['OBJECT ENCODING d', 'intset'],
    ['TTL d', -1],
    ['SUNIONSTORE d a b', 4],
    ['OBJECT ENCODING d', 'hashtable'],
    ['SMEMBERS d', members('1', '2', '3', 'x')],
    ['SDIFFSTORE d a b', 1],
    ['SMEMBERS d', members('1')],
    ['SINTERSTORE d a missing', 0],
    ['EXISTS d', 0],
    ['SDIFFSTORE d a a', 0],
    ['SUNIONSTORE d missing', 0],
    ['SUNIONSTORE a a b', 4],
    ['SMEMBERS a', members('1', '2', '3', 'x')],
    ['SDIFFSTORE a a b', 1],
    ['SMEMBERS a', members('1')],
    ['SINTERSTORE b missing a', 0],
    ['EXISTS b', 0],
    ['SET k v', OK],
    ['SINTERSTORE a missing k', WRONGTYPE],
    ['SUNIONSTORE a a k', WRONGTYPE],
    ['SDIFFSTORE a missing k', WRONGTYPE],
    ['SMEMBERS a', members('1')],
    ['SINTER missing k', WRONGTYPE],
    ['SUNION a k', WRONGTYPE],
    ['SDIFF missing k', WRONGTYPE],
  ]),
  transcript('SINTERCARD checks its words', [
    ['SADD s a', 1],
    ['SINTERCARD 0 s', '-ERR numkeys should be greater than 0'],
    ['SINTERCARD x s', '-ERR numkeys should be greater than 0'],
    ['SINTERCARD 2 s', "-ERR Number of keys can't be greater than number of args"],
    ['SINTERCARD 1 s t', SYNTAX],
    ['SINTERCARD 1 s LIMIT', SYNTAX],
    ['SINTERCARD 1 s LIMIT -1', "-ERR LIMIT can't be negative"],
    ['SINTERCARD 1 s LIMIT x', "-ERR LIMIT can't be negative"],
    ['SINTERCARD 1 s LIMIT 5 LIMIT 1', 1],
    ['COMMAND GETKEYS SINTERCARD 2 a b LIMIT 3', ['a', 'b']],
    ['COMMAND GETKEYS SINTERCARD 3 a b', '-ERR Invalid arguments specified for command'],
  ]),
]

/** A whole scan of a small set: cursor 0 and these members in any order. */
const whole = (...items: readonly string[]) =>
  where(`the end and ${items.join(' ')}`, reply => {
    if (!Array.isArray(reply) || reply[0] !== '0' || !Array.isArray(reply[1])) return false
    return JSON.stringify(reply[1].map(String).sort()) === JSON.stringify([...items].sort())
  })

const scanning: readonly Transcript[] = [
  transcript('SSCAN shows small sets whole', [
    ['SADD s 1 2 3', 3],
    ['SSCAN s 0', whole('1', '2', '3')],
    ['SSCAN s 0 COUNT 1', whole('1', '2', '3')],
    ['SSCAN s 77 MATCH [12]', whole('1', '2')],
    ['SADD s foo foobar', 2],
    ['SSCAN s 0 MATCH foo*', whole('foo', 'foobar')],
    ['SSCAN s 0 MATCH *', whole('1', '2', '3', 'foo', 'foobar')],
    [`SADD t ${manyWords(200, 'w')}`, 200],
    ['SSCAN t 0 COUNT 1000', whole(...manyWords(200, 'w').split(' '))],
    ['SSCAN t 0 COUNT 1000 MATCH w7', whole('w7')],
    ['SSCAN missing 0', whole()],
    ['SSCAN missing 0 NONSENSE', whole()],
    ['SSCAN s x', '-ERR invalid cursor'],
    ['SSCAN s 0 COUNT 0', SYNTAX],
    ['SSCAN s 0 COUNT x', NOT_INTEGER],
    ['SSCAN s 0 COUNT', SYNTAX],
    ['SSCAN s 0 TYPE set', SYNTAX],
  ]),
]

export const sets: readonly Transcript[] = [...single, ...moving, ...combining, ...scanning]
