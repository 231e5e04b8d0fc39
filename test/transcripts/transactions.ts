// Transactions: what is queued, what EXEC runs, and what spoils it.

import { type Expected, OK, simple, waits } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const QUEUED = simple('QUEUED')
const WRONGTYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.'

const QUEUE: readonly Transcript[] = [
  transcript('EXEC runs what was queued and gives all replies', [
    ['MULTI', OK],
    ['SET k 1', QUEUED],
    ['INCR k', QUEUED],
    ['RPUSH l a b', QUEUED],
    ['LRANGE l 0 -1', QUEUED],
    ['b> EXISTS k l', 0],
    ['EXEC', [OK, 2, 2, ['a', 'b']]],
    ['b> EXISTS k l', 2],
    ['EXEC', '-ERR EXEC without MULTI'],
  ]),
  transcript('an empty transaction gives an empty array', [
    ['MULTI', OK],
    ['EXEC', []],
  ]),
  transcript('a command that fails does not stop the others', [
    ['SET k v', OK],
    ['MULTI', OK],
    ['LPUSH k x', QUEUED],
    ['INCR k', QUEUED],
    ['SET k w', QUEUED],
    ['EXEC', [WRONGTYPE, '-ERR value is not an integer or out of range', OK]],
    ['GET k', 'w'],
  ]),
  transcript('what cannot be queued discards the whole', [
    ['MULTI', OK],
    ['SET k v', QUEUED],
    ['NOSUCH x', "-ERR unknown command 'NOSUCH', with args beginning with: 'x' "],
    ['GET', "-ERR wrong number of arguments for 'get' command"],
    ['EXEC', ABORTED],
    ['EXISTS k', 0],
    ['MULTI', OK],
    ['EXEC now', "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"],
    ['EXEC', '-ERR EXEC without MULTI'],
    ['MULTI', OK],
    ['CLIENT NOSUCH', "-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP."],
    ['EXEC', ABORTED],
  ]),
  transcript('MULTI and WATCH inside a transaction are refused and spoil nothing', [
    ['MULTI', OK],
    ['MULTI', '-ERR MULTI calls can not be nested'],
    ['WATCH k', '-ERR WATCH inside MULTI is not allowed'],
    ['SET k v', QUEUED],
    ['EXEC', [OK]],
  ]),
  transcript('DISCARD forgets what was queued', [
    ['DISCARD', '-ERR DISCARD without MULTI'],
    ['MULTI', OK],
    ['SET k v', QUEUED],
    ['DISCARD', OK],
    ['EXISTS k', 0],
    ['EXEC', '-ERR EXEC without MULTI'],
  ]),
  transcript(
    'SELECT in a transaction counts for what follows, RESET ends it',
    [
      ['MULTI', OK],
      ['SELECT 5', QUEUED],
      ['SET k v', QUEUED],
      ['EXEC', [OK, OK]],
      ['EXISTS k', 1],
      ['MULTI', OK],
      ['RESET', simple('RESET')],
      ['EXEC', '-ERR EXEC without MULTI'],
    ],
    { modes: ['RESP2', 'pipelined', 'byte by byte'] },
  ),
  transcript('nobody waits inside a transaction, and those who wait are served after it', [
    ['MULTI', OK],
    ['BLPOP l 0', QUEUED],
    ['BLMOVE l m LEFT LEFT 0', QUEUED],
    ['BZPOPMIN z 0', QUEUED],
    ['EXEC', [null, null, null]],
    ['b> BLPOP l 0', waits],
    ['MULTI', OK],
    ['RPUSH l a', QUEUED],
    ['RPUSH l b', QUEUED],
    ['LPOP l', QUEUED],
    ['EXEC', [1, 2, 'a']],
    ['b <', ['l', 'b']],
  ]),
]

/** A change of `k` between WATCH and EXEC, by another client. */
function spoils(name: string, change: string, reply: Expected): Transcript {
  return transcript(name, [
    ['SET k v', OK],
    ['SET other x', OK],
    ['WATCH k', OK],
    [`b> ${change}`, reply],
    ['MULTI', OK],
    ['SET done 1', QUEUED],
    ['EXEC', null],
    ['EXISTS done', 0],
    ['MULTI', OK],
    ['SET done 1', QUEUED],
    ['EXEC', [OK]],
  ])
}

const WATCHED: readonly Transcript[] = [
  spoils('a write to a watched key', 'APPEND k x', 2),
  spoils('its deletion', 'DEL k', 1),
  spoils('its renaming', 'RENAME k elsewhere', OK),
  spoils('another key that takes its name', 'RENAME other k', OK),
  spoils('a deadline for it', 'EXPIRE k 100', 1),
  spoils('FLUSHDB', 'FLUSHDB', OK),
  spoils('FLUSHALL', 'FLUSHALL', OK),
  spoils('SWAPDB', 'SWAPDB 0 1', OK),
  spoils('its move to another database', 'MOVE k 1', 1),
  transcript('a transaction whose keys did not change runs', [
    ['SET k v', OK],
    ['WATCH k other', OK],
    ['b> SET elsewhere x', OK],
    ['b> GET k', 'v'],
    ['MULTI', OK],
    ['GET k', QUEUED],
    ['EXEC', ['v']],
  ]),
  transcript('the own change counts, UNWATCH takes it back', [
    ['WATCH k', OK],
    ['SET k v', OK],
    ['MULTI', OK],
    ['EXEC', null],
    ['WATCH k', OK],
    ['SET k w', OK],
    ['UNWATCH', OK],
    ['MULTI', OK],
    ['EXEC', []],
    ['WATCH k', OK],
    ['SET k x', OK],
    ['MULTI', OK],
    ['DISCARD', OK],
    ['MULTI', OK],
    ['EXEC', []],
  ]),
  transcript('a key that is made and deleted again has changed', [
    ['WATCH k', OK],
    ['b> SET k v', OK],
    ['b> DEL k', 1],
    ['MULTI', OK],
    ['EXEC', null],
  ]),
  transcript('a deadline that passes spoils, one that has passed before does not', [
    ['SET k v PX 100', OK],
    ['WATCH k', OK],
    ['+101ms'],
    ['MULTI', OK],
    ['EXEC', null],
    ['SET k v PX 100', OK],
    ['+101ms'],
    ['WATCH k', OK],
    ['MULTI', OK],
    ['EXEC', []],
  ]),
  transcript('SWAPDB with a key that is over brings nothing', [
    ['SELECT 1', OK],
    ['SET k v PX 100', OK],
    ['SELECT 0', OK],
    ['+101ms'],
    ['WATCH k', OK],
    ['b> SWAPDB 0 1', OK],
    ['MULTI', OK],
    ['EXEC', []],
  ]),
  transcript('FLUSHDB leaves those alone who watch a key that is not there', [
    ['SET other x', OK],
    ['WATCH k', OK],
    ['b> FLUSHALL', OK],
    ['MULTI', OK],
    ['EXEC', []],
  ]),
  transcript('a change of the same name in another database is none', [
    ['WATCH k', OK],
    ['b> SELECT 1', OK],
    ['b> SET k v', OK],
    ['MULTI', OK],
    ['EXEC', []],
  ]),
]

export const transactions: readonly Transcript[] = [...QUEUE, ...WATCHED]
