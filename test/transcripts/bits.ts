// Strings as bits, counted from the highest of the first byte: single bits, counts, searches, and several strings combined.

import { OK } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const OFFSET = '-ERR bit offset is not an integer or out of range'
const BIT = '-ERR bit is not an integer or out of range'
const INTEGER = '-ERR value is not an integer or out of range'
const SYNTAX = '-ERR syntax error'

const SINGLE: readonly Transcript[] = [
  transcript('SETBIT lengthens a string with zero bytes and tells the old bit', [
    ['SETBIT k 1 1', 0],
    ['GET k', '@'],
    ['SETBIT k 1 0', 1],
    ['SETBIT k 17 1', 0],
    ['STRLEN k', 3],
    ['GETBIT k 17', 1],
    ['GETBIT k 16', 0],
    ['GETBIT k 1000', 0],
    ['GETBIT none 0', 0],
    ['OBJECT ENCODING k', 'raw'],
    ['SETBIT k 17 1', 1],
  ]),
  transcript('SETBIT works on the digits of a number and keeps the deadline', [
    ['SET k 1 EX 10', OK],
    ['SETBIT k 6 1', 0],
    ['GET k', '3'],
    ['TTL k', 10],
    ['OBJECT ENCODING k', 'raw'],
    ['SET n 1', OK],
    ['SETBIT n 7 1', 1],
    ['OBJECT ENCODING n', 'raw'],
  ]),
  transcript('bits and offsets are checked before anything changes', [
    ['SETBIT k -1 1', OFFSET],
    ['SETBIT k 4294967296 1', OFFSET],
    ['SETBIT k x 1', OFFSET],
    ['SETBIT k 0 2', BIT],
    ['SETBIT k 0 x', BIT],
    ['GETBIT k -1', OFFSET],
    ['EXISTS k', 0],
  ]),
]

const COUNTS: readonly Transcript[] = [
  transcript('BITCOUNT counts all bits, or those of a range of bytes or bits', [
    ['SET k foobar', OK],
    ['BITCOUNT k', 26],
    ['BITCOUNT k 0 0', 4],
    ['BITCOUNT k 1 1', 6],
    ['BITCOUNT k 1 1 BYTE', 6],
    ['BITCOUNT k 5 30 bit', 17],
    ['BITCOUNT k -6 -1 BIT', 3],
    ['BITCOUNT k 7 7 BIT', 0],
    ['BITCOUNT k 1 1 BIT', 1],
    ['BITCOUNT k -2 -1', 7],
    ['BITCOUNT k -100 100', 26],
    ['BITCOUNT k 100 200', 0],
    ['BITCOUNT k 2 1', 0],
    ['BITCOUNT k -1 -2', 0],
    ['BITCOUNT none', 0],
    ['SET n 15', OK],
    ['BITCOUNT n', 7],
  ]),
  transcript('BITCOUNT looks at its arguments only when there is a string, at the unit only when there is a range', [
    ['BITCOUNT none a b c', 0],
    ['SET k v', OK],
    ['BITCOUNT k 0', SYNTAX],
    ['BITCOUNT k 0 1 BIT BIT', SYNTAX],
    ['BITCOUNT k 0 1 WORD', SYNTAX],
    ['BITCOUNT k -1 -2 WORD', 0],
    ['BITCOUNT k a 1', INTEGER],
    ['BITCOUNT k 0 b', INTEGER],
    ['BITCOUNT k -9223372036854775807 -9223372036854775808', 0],
    ['BITCOUNT k -9223372036854775808 -9223372036854775807', 5],
    ['SET e ""', OK],
    ['BITCOUNT e', 0],
    ['BITCOUNT e 0 -1', 0],
    ['BITCOUNT e 0 -1 BIT', 0],
  ]),
]

const SEARCHES: readonly Transcript[] = [
  transcript('BITPOS finds the first bit', [
    ['SET k "\\xff\\xf0\\x00"', OK],
    ['BITPOS k 0', 12],
    ['BITPOS k 1', 0],
    ['BITPOS k 1 1', 8],
    ['BITPOS k 1 2', -1],
    ['BITPOS k 0 0 0', -1],
    ['BITPOS k 1 9 -1 BIT', 9],
    ['BITPOS k 0 4 11 BIT', -1],
    ['BITPOS k 0 4 12 BIT', 12],
    ['BITPOS k 1 12 -1 BIT', -1],
    ['BITPOS k 1 -15 -1 BIT', 9],
    ['BITPOS k 1 0 -1 BYTE', 0],
    ['BITPOS k 1 3 2', -1],
  ]),
  transcript('BITPOS takes a string for followed by zeros unless an end is given', [
    ['SET k "\\xff\\xff"', OK],
    ['BITPOS k 0', 16],
    ['BITPOS k 0 1', 16],
    ['BITPOS k 0 0 -1', -1],
    ['BITPOS k 0 2', -1],
    ['BITPOS none 0', 0],
    ['BITPOS none 1', -1],
    ['SET e ""', OK],
    ['BITPOS e 0', -1],
    ['BITPOS e 1', -1],
  ]),
  transcript('BITPOS checks the bit first, and the range only when there is a string', [
    ['BITPOS k x', INTEGER],
    ['BITPOS k 2', '-ERR The bit argument must be 1 or 0.'],
    ['BITPOS none 0 a b c', 0],
    ['SET k v', OK],
    ['BITPOS k 0 a', INTEGER],
    ['BITPOS k 0 0 b', INTEGER],
    ['BITPOS k 0 0 1 WORD', SYNTAX],
    ['BITPOS k 0 0 1 BIT BIT', SYNTAX],
  ]),
]

const COMBINED: readonly Transcript[] = [
  transcript('BITOP combines strings of any length, shorter ones as if zeros followed', [
    ['SET a "\\xff\\x0f\\xaa"', OK],
    ['SET b "\\x0f\\xff"', OK],
    ['BITOP AND d a b', 3],
    ['GET d', '\x0f\x0f\0'],
    ['BITOP or d a b', 3],
    ['GET d', '\xff\xff\xaa'],
    ['BITOP Xor d a b', 3],
    ['GET d', '\xf0\xf0\xaa'],
    ['BITOP NOT d a', 3],
    ['GET d', '\0\xf0\x55'],
    ['BITOP AND d a none', 3],
    ['GET d', '\0\0\0'],
    ['BITOP OR d b', 2],
    ['GET d', '\x0f\xff'],
    ['OBJECT ENCODING d', 'raw'],
  ]),
  transcript('BITOP may write over one of its sources, and takes the deadline away', [
    ['SET a abc EX 100', OK],
    ['SET b "   "', OK],
    ['BITOP XOR a a b', 3],
    ['GET a', 'ABC'],
    ['TTL a', -1],
    ['BITOP NOT a a', 3],
    ['GET a', '\xbe\xbd\xbc'],
  ]),
  transcript('BITOP of nothing removes the key', [
    ['SET d v', OK],
    ['BITOP OR d none other', 0],
    ['EXISTS d', 0],
    ['BITOP NOT d none', 0],
  ]),
  transcript('BITOP checks its operation and the number of sources', [
    ['BITOP NAND d a b', SYNTAX],
    ['BITOP NOT d a b', '-ERR BITOP NOT must be called with a single source key.'],
    ['BITOP AND d', "-ERR wrong number of arguments for 'bitop' command"],
  ]),
  transcript(
    'BITOP knows the operations of Redis 8.2',
    [
      ['SET a "\\xf0"', OK],
      ['SET b "\\xcc"', OK],
      ['SET c "\\xaa\\xff"', OK],
      ['BITOP DIFF d a b c', 2],
      ['GET d', '\x10\0'],
      ['BITOP DIFF1 d a b c', 2],
      ['GET d', '\x0e\xff'],
      ['BITOP ANDOR d a b c', 2],
      ['GET d', '\xe0\0'],
      ['BITOP ONE d a b c', 2],
      ['GET d', '\x16\xff'],
      ['BITOP ONE d a', 1],
      ['GET d', '\xf0'],
      ['BITOP DIFF d a', '-ERR BITOP DIFF must be called with at least two source keys.'],
      ['BITOP andor d a', '-ERR BITOP ANDOR must be called with at least two source keys.'],
    ],
    { notRedis: 'DIFF, DIFF1, ANDOR and ONE are of Redis 8.2' },
  ),
]

export const bits: readonly Transcript[] = [...SINGLE, ...COUNTS, ...SEARCHES, ...COMBINED]
