// LCS: text, length, and where the equal parts lie.

import { map, OK } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const SYNTAX = '-ERR syntax error'
/** Two copies of one text, each behind a beginning that shares nothing with the other. */
const COMMON = Array.from({ length: 60 }, (_, i) => `line ${i};`.replace(' ', '_')).join('')

export const lcs: readonly Transcript[] = [
  transcript('LCS answers the text or its length', [
    ['MSET a ohmytext b mynewtext', OK],
    ['LCS a b', 'mytext'],
    ['LCS a b LEN', 6],
    ['LCS b a len', 6],
    ['LCS missing b', ''],
    ['LCS a missing LEN', 0],
    ['LCS missing missing', ''],
    ['LCS a a', 'ohmytext'],
  ]),
  transcript('LCS IDX tells where the parts lie, the last one first', [
    ['MSET a ohmytext b mynewtext', OK],
    [
      'LCS a b IDX',
      map([
        [
          'matches',
          [
            [
              [4, 7],
              [5, 8],
            ],
            [
              [2, 3],
              [0, 1],
            ],
          ],
        ],
        ['len', 6],
      ]),
    ],
    [
      'LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN',
      map([
        ['matches', [[[4, 7], [5, 8], 4]]],
        ['len', 6],
      ]),
    ],
    [
      'LCS a b IDX MINMATCHLEN 5',
      map([
        ['matches', []],
        ['len', 6],
      ]),
    ],
    [
      'LCS a missing IDX',
      map([
        ['matches', []],
        ['len', 0],
      ]),
    ],
  ]),
  transcript('LCS of long strings', [
    [`MSET a XYZ${COMMON} b ?${COMMON}!`, OK],
    ['LCS a b', COMMON],
    ['LCS a b LEN', COMMON.length],
    [
      'LCS a b IDX WITHMATCHLEN',
      map([
        ['matches', [[[3, COMMON.length + 2], [1, COMMON.length], COMMON.length]]],
        ['len', COMMON.length],
      ]),
    ],
  ]),
  transcript('LCS refuses bad options', [
    ['MSET a ohmytext b mynewtext', OK],
    ['LCS a b LEN IDX', '-ERR If you want both the length and indexes, please just use IDX.'],
    ['LCS a b nope', SYNTAX],
    ['LCS a b MINMATCHLEN', SYNTAX],
    ['LCS a b IDX MINMATCHLEN x', '-ERR value is not an integer or out of range'],
    ['LCS a', "-ERR wrong number of arguments for 'lcs' command"],
  ]),
]
