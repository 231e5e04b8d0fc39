// BITFIELD: integers of any width at any bit of a string, and what happens to those that do not fit.

import { OK } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const TYPE = '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.'
const OFFSET = '-ERR bit offset is not an integer or out of range'
const SYNTAX = '-ERR syntax error'
const MAX = '9223372036854775807'
const MIN = '-9223372036854775808'

export const bitfield: readonly Transcript[] = [
  transcript('BITFIELD reads, sets and increments', [
    ['BITFIELD k SET u8 0 255 GET u8 0 INCRBY u4 4 1 GET u8 0', [0, 255, 0, 240]],
    ['BITFIELD k SET i5 3 -3', [-16]],
    ['GET k', '\xfd'],
    ['BITFIELD k GET i5 3 GET u5 3 GET u1 0 GET i1 0', [-3, 29, 1, -1]],
    ['BITFIELD k SET u8 #1 7 GET u8 #1', [0, 7]],
    ['STRLEN k', 2],
    ['BITFIELD k GET u16 8 GET u8 #100', [1792, 0]],
    ['STRLEN k', 2],
    ['BITFIELD k', []],
    ['BITFIELD none GET i64 0', [0]],
    ['EXISTS none', 0],
  ]),
  transcript('BITFIELD wraps, saturates or gives nothing', [
    ['BITFIELD k SET u8 0 300 GET u8 0', [0, 44]],
    ['BITFIELD k OVERFLOW SAT SET u8 0 300 GET u8 0', [44, 255]],
    ['BITFIELD k OVERFLOW FAIL SET u8 0 300', [null]],
    ['BITFIELD k OVERFLOW FAIL INCRBY u8 0 1 OVERFLOW WRAP INCRBY u8 0 1', [null, 0]],
    ['BITFIELD k OVERFLOW SAT INCRBY u8 0 -1 SET u8 0 -1 GET u8 0', [0, 0, 255]],
    ['BITFIELD k SET i8 8 127 INCRBY i8 8 1 OVERFLOW SAT INCRBY i8 8 -10 INCRBY i8 8 500', [0, -128, -128, 127]],
    ['BITFIELD k SET i8 16 -129 GET i8 16 OVERFLOW SAT SET i8 16 -129 GET i8 16', [0, 127, 127, -128]],
    ['BITFIELD other OVERFLOW FAIL SET u2 100 4', [null]],
    ['STRLEN other', 13],
  ]),
  transcript('BITFIELD is exact in 64 bits', [
    [`BITFIELD k SET i64 0 ${MAX} GET i64 0`, [0, BigInt(MAX)]],
    ['BITFIELD k INCRBY i64 0 1', [BigInt(MIN)]],
    [
      `BITFIELD k OVERFLOW SAT INCRBY i64 0 -1 INCRBY i64 0 ${MAX} INCRBY i64 0 ${MAX}`,
      [BigInt(MIN), -1, BigInt(MAX) - 1n],
    ],
    ['BITFIELD k OVERFLOW SAT INCRBY i64 0 2', [BigInt(MAX)]],
    [`BITFIELD w SET u63 1 ${MAX} GET u63 1 INCRBY u63 1 1`, [0, BigInt(MAX), 0]],
    ['BITFIELD w SET u63 1 -1 GET u63 1 OVERFLOW SAT INCRBY u63 1 1', [0, BigInt(MAX), BigInt(MAX)]],
    ['BITFIELD w GET i64 1 GET i64 0', [-2, BigInt(MAX)]],
    ['BITFIELD x SET u53 3 9007199254740991 INCRBY u53 3 1 INCRBY u53 3 -1', [0, 0, 9007199254740991]],
    [
      `BITFIELD y SET u8 0 ${MAX} GET u8 0 OVERFLOW SAT INCRBY i8 8 ${MIN} SET u8 16 ${MIN} GET u8 16`,
      [0, 255, -128, 0, 255],
    ],
    // Computed in 64 bits by Redis, the distance to the upper end overflows.
    [`BITFIELD z OVERFLOW SAT SET i8 0 ${MIN} GET i8 0`, [0, 127]],
    ['BITFIELD z OVERFLOW SAT SET i8 0 -9223372036854775680 GET i8 0', [127, -128]],
  ]),
  transcript('BITFIELD keeps the deadline and turns a number into text', [
    ['SET k 1 EX 100', OK],
    ['BITFIELD k INCRBY u8 0 1', [50]],
    ['GET k', '2'],
    ['TTL k', 100],
    ['OBJECT ENCODING k', 'raw'],
  ]),
  transcript('BITFIELD checks all operations before it does the first', [
    ['BITFIELD k SET u8 0 1 GET', SYNTAX],
    ['BITFIELD k SET u8 0 1 OVERFLOW', SYNTAX],
    ['BITFIELD k SET u8 0 1 OVERFLOW NO', '-ERR Invalid OVERFLOW type specified'],
    ['BITFIELD k SET u8 0 1 SET u64 0 1', TYPE],
    ['BITFIELD k SET u8 0 1 GET i65 0', TYPE],
    ['BITFIELD k SET u8 0 1 GET u0 0', TYPE],
    ['BITFIELD k SET u8 0 1 GET U8 0', TYPE],
    ['BITFIELD k SET u8 0 1 GET "" 0', TYPE],
    ['BITFIELD k SET u8 0 1 GET u8 -1', OFFSET],
    ['BITFIELD k SET u8 0 1 GET u8 #', OFFSET],
    ['BITFIELD k SET u8 0 1 GET u8 4294967296', OFFSET],
    ['BITFIELD k SET u8 0 1 SET u8 0 x', '-ERR value is not an integer or out of range'],
    ['EXISTS k', 0],
  ]),
  transcript('BITFIELD_RO only reads', [
    ['SET k abc', OK],
    ['BITFIELD_RO k GET u8 0 GET u8 #1', [97, 98]],
    ['BITFIELD_RO k', []],
    ['BITFIELD_RO none GET u8 0', [0]],
    ['BITFIELD_RO k SET u8 0 1', '-ERR BITFIELD_RO only supports the GET subcommand'],
    ['BITFIELD_RO k SET u8 0 x', '-ERR value is not an integer or out of range'],
    ['BITFIELD_RO k GET x 0', TYPE],
  ]),
]
