// Who watches the server at work: MONITOR.

import { OK, simple } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const NO_KEYS = "-ERR Replica can't interact with the keyspace"

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
]
