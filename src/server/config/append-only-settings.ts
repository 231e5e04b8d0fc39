// The settings of the append-only file: part of settings.ts.

import { bool, INT_MAX, integer, LONG_MAX, memory, oneOf } from './kinds.ts'
import { row } from './setting.ts'
import { fileName } from './structured-kinds.ts'

export const APPEND_ONLY_SETTINGS = {
  appendonly: row(
    'Persistence',
    'appendonly',
    bool(),
    'no',
    'Log every change to an append-only file, in the format of Redis 7, and begin with what is in it.',
    { traits: ['not-while-loading'] },
  ),
  appendfilename: row(
    'Persistence',
    'appendfilename',
    fileName('appendfilename', 'filename', 'refused'),
    'appendonly.aof',
    'What the names of its files begin with.',
    { traits: ['immutable'] },
  ),
  appenddirname: row(
    'Persistence',
    'appenddirname',
    fileName('appenddirname', 'dirname', 'refused'),
    'appendonlydir',
    'The directory of its files, in `dir`.',
    { traits: ['immutable'] },
  ),
  appendfsync: row(
    'Persistence',
    'appendfsync',
    oneOf(['everysec', 'always', 'no']),
    'everysec',
    'When it is put to disk: `always` before the reply, `everysec` once a second, `no` when the system likes.',
  ),
  noAppendfsyncOnRewrite: row(
    'Persistence',
    'no-appendfsync-on-rewrite',
    bool(),
    'no',
    'Put nothing to disk while it is made anew.',
  ),
  /** 0 = never by itself. */
  autoAofRewritePercentage: row(
    'Persistence',
    'auto-aof-rewrite-percentage',
    integer(0n, INT_MAX),
    '100',
    'Percent that it grows by before it is made anew; 0 = only when asked.',
  ),
  autoAofRewriteMinSizeBytes: row(
    'Persistence',
    'auto-aof-rewrite-min-size',
    memory(0n, LONG_MAX),
    '67108864',
    'Bytes below which it is not made anew by itself.',
  ),
  aofLoadTruncated: row(
    'Persistence',
    'aof-load-truncated',
    bool(),
    'yes',
    'Start with a file whose last command is cut off, without that; `no`: refuse to.',
  ),
  aofTimestampEnabled: row(
    'Persistence',
    'aof-timestamp-enabled',
    bool(),
    'no',
    'Note the time in it, in lines that Redis below 7 does not know.',
  ),
  aofUseRdbPreamble: row(
    'Persistence',
    'aof-use-rdb-preamble',
    bool(),
    'yes',
    'Begin it with an RDB file when it is made anew, which is smaller and loads faster; `no`: with commands.',
  ),
  aofDisableAutoGc: row('Persistence', 'aof-disable-auto-gc', bool(), 'no', 'Keep files that have been replaced.'),
}
