// SETBIT and GETBIT: bits counted from the highest of the first byte.

import { OK } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const OFFSET = '-ERR bit offset is not an integer or out of range'
const BIT = '-ERR bit is not an integer or out of range'

export const bits: readonly Transcript[] = [
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
  ]),
  transcript('SETBIT works on the digits of a number and keeps the deadline', [
    ['SET k 1 EX 10', OK],
    ['SETBIT k 6 1', 0],
    ['GET k', '3'],
    ['TTL k', 10],
    ['OBJECT ENCODING k', 'raw'],
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
