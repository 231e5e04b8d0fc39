// Who watches the server at work: MONITOR, SLOWLOG, LATENCY.

import { map, OK, simple, verbatim, where } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const NO_KEYS = "-ERR Replica can't interact with the keyspace"

const helpOf = (name: string) =>
  where(`help of ${name}`, r => Array.isArray(r) && Bun.inspect(r[0]).includes(`${name} <subcommand>`))
const COUNT = '-ERR count should be greater than or equal to -1'

export const watchers: readonly Transcript[] = [
  transcript(
    'MONITOR shows what others do until RESET',
    [
      ['MONITOR', OK],
      ['b> PING', simple('PONG')],
      ['a <', /^\d+\.\d{6} \[0 [\d.:]+\] "PING"$/],
      ['b> CLIENT ID', 2],
      ['a <', /"CLIENT" "ID"$/],
      ['GET k', NO_KEYS],
      ['RESET', simple('RESET')],
      ['b> PING', simple('PONG')],
      ['PING', simple('PONG')],
    ],
    { modes: ['RESP2', 'pipelined', 'byte by byte'] },
  ),
  transcript('MONITOR is none of a transaction', [
    ['MULTI', OK],
    ['MONITOR', simple('QUEUED')],
    ['EXEC', ["-ERR MONITOR isn't allowed for DENY BLOCKING client"]],
    ['MONITOR now', "-ERR wrong number of arguments for 'monitor' command"],
  ]),
  transcript('SLOWLOG tells nothing while nothing is slow', [
    ['CONFIG SET slowlog-log-slower-than -1', OK],
    ['SLOWLOG LEN', 0],
    ['SLOWLOG GET', []],
    ['SLOWLOG GET -1', []],
    ['SLOWLOG RESET', OK],
    ['SLOWLOG GET -2', COUNT],
    ['SLOWLOG GET x', COUNT],
    ['SLOWLOG GET 1 2', "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."],
    ['SLOWLOG nosuch', "-ERR unknown subcommand 'nosuch'. Try SLOWLOG HELP."],
    ['SLOWLOG LEN x', "-ERR wrong number of arguments for 'slowlog|len' command"],
    ['SLOWLOG HELP', helpOf('SLOWLOG')],
    ['SLOWLOG', "-ERR wrong number of arguments for 'slowlog' command"],
  ]),
  transcript('SLOWLOG with a threshold of 0 remembers every command', [
    ['CONFIG SET slowlog-log-slower-than 0', OK],
    ['SLOWLOG RESET', OK],
    ['SET k v', OK],
    ['SLOWLOG GET 1', [[2, 1_700_000_000, 0, ['SET', /k$/, 'v'], /^127/, '']]],
    ['SLOWLOG LEN', 3],
  ]),
  transcript('LATENCY knows no events while nothing is watched', [
    ['LATENCY LATEST', []],
    ['LATENCY HISTORY command', []],
    ['LATENCY GRAPH command', "-ERR No samples available for event 'command'"],
    ['LATENCY RESET', 0],
    ['LATENCY RESET command nosuch', 0],
    ['LATENCY DOCTOR', verbatim('txt', /latency-monitor-threshold/)],
    ['LATENCY HISTORY', "-ERR wrong number of arguments for 'latency|history' command"],
    ['LATENCY HELP', helpOf('LATENCY')],
    ['LATENCY', "-ERR wrong number of arguments for 'latency' command"],
  ]),
  transcript('LATENCY HISTOGRAM counts calls by how long they took', [
    ['PING', simple('PONG')],
    ['LATENCY HISTOGRAM nosuch get', map([])],
    [
      'LATENCY HISTOGRAM PING',
      map([
        [
          'ping',
          map([
            ['calls', 1],
            ['histogram_usec', map([[1, 1]])],
          ]),
        ],
      ]),
    ],
  ]),
]
