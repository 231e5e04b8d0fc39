// Client-side caching: CLIENT TRACKING and what belongs to it. Who hears of what in RESP3 is in test/tracking/.

import { map, message, OK, set } from '../support/expectation.ts'
import { FIXED_NAMES, type Transcript, transcript, UNBOUND } from '../support/transcript.ts'

const RESP2 = { modes: ['RESP2', 'byte by byte', 'as lines'] }
const CHANNEL = '__redis__:invalidate'

function info(flags: readonly string[], redirect: number, prefixes: readonly string[]) {
  return map([
    ['flags', set(flags)],
    ['redirect', redirect],
    ['prefixes', prefixes],
  ])
}

const SWITCHED = 'before disabling tracking for this client, and then re-enabling it with a different mode.'

const OPTIONS: readonly Transcript[] = [
  transcript(
    'what CLIENT TRACKINGINFO and GETREDIR tell',
    [
      ['CLIENT TRACKINGINFO', info(['off'], -1, [])],
      ['CLIENT GETREDIR', -1],
      ['CLIENT TRACKING on', OK],
      ['CLIENT TRACKINGINFO', info(['on'], 0, [])],
      ['CLIENT GETREDIR', 0],
      ['CLIENT TRACKING ON NOLOOP OPTIN', OK],
      ['CLIENT TRACKINGINFO', info(['on', 'optin', 'noloop'], 0, [])],
      ['CLIENT CACHING yes', OK],
      ['CLIENT TRACKINGINFO', info(['on', 'optin', 'caching-yes', 'noloop'], 0, [])],
      ['PING', /PONG/],
      ['CLIENT TRACKINGINFO', info(['on', 'optin', 'noloop'], 0, [])],
      ['CLIENT TRACKING OFF', OK],
      ['CLIENT TRACKING ON optout', OK],
      ['CLIENT CACHING NO', OK],
      ['CLIENT TRACKINGINFO', info(['on', 'optout', 'caching-no'], 0, [])],
      ['CLIENT TRACKING OFF', OK],
      ['CLIENT TRACKING ON BCAST PREFIX foo PREFIX bar', OK],
      ['CLIENT TRACKINGINFO', info(['on', 'bcast'], 0, ['bar', 'foo'])],
      ['CLIENT TRACKING ON BCAST PREFIX c', OK],
      ['CLIENT TRACKINGINFO', info(['on', 'bcast'], 0, ['bar', 'c', 'foo'])],
      ['CLIENT TRACKING OFF', OK],
      ['CLIENT TRACKING OFF', OK],
      ['CLIENT TRACKING ON BCAST', OK],
      ['CLIENT TRACKINGINFO', info(['on', 'bcast'], 0, [''])],
      ['RESET', /RESET/],
      ['CLIENT TRACKINGINFO', info(['off'], -1, [])],
    ],
    { modes: ['RESP2', 'byte by byte', 'as lines', 'in pieces', 'pipelined'] },
  ),
  transcript(
    'options that do not go together',
    [
      ['CLIENT TRACKING', "-ERR wrong number of arguments for 'client|tracking' command"],
      ['CLIENT TRACKING perhaps', '-ERR syntax error'],
      ['CLIENT TRACKING ON often', '-ERR syntax error'],
      ['CLIENT TRACKING ON PREFIX', '-ERR syntax error'],
      ['CLIENT TRACKING ON REDIRECT', '-ERR syntax error'],
      ['CLIENT TRACKING OFF REDIRECT x', '-ERR value is not an integer or out of range'],
      ['CLIENT TRACKING ON REDIRECT 0', '-ERR The client ID you want redirect to does not exist'],
      ['CLIENT TRACKING ON REDIRECT 1 REDIRECT 1', '-ERR A client can only redirect to a single other client'],
      ['CLIENT TRACKING ON PREFIX x', '-ERR PREFIX option requires BCAST mode to be enabled'],
      ['CLIENT TRACKING ON BCAST OPTIN', '-ERR OPTIN and OPTOUT are not compatible with BCAST'],
      ['CLIENT TRACKING ON BCAST OPTOUT', '-ERR OPTIN and OPTOUT are not compatible with BCAST'],
      ['CLIENT TRACKING ON OPTIN OPTOUT', "-ERR You can't specify both OPTIN mode and OPTOUT mode"],
      [
        'CLIENT CACHING YES',
        '-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
      ],
      ['CLIENT CACHING', "-ERR wrong number of arguments for 'client|caching' command"],
      ['CLIENT TRACKING ON OPTIN', OK],
      ['CLIENT TRACKING ON BCAST', `-ERR You can't switch BCAST mode on/off ${SWITCHED}`],
      ['CLIENT TRACKING ON OPTOUT', `-ERR You can't switch OPTIN/OPTOUT mode ${SWITCHED}`],
      ['CLIENT CACHING NO', '-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.'],
      ['CLIENT CACHING perhaps', '-ERR syntax error'],
      ['CLIENT TRACKING ON', OK],
      ['CLIENT CACHING YES', '-ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.'],
      ['CLIENT TRACKING OFF', OK],
      ['CLIENT TRACKINGINFO', info(['off'], -1, [])],
    ],
    UNBOUND,
  ),
  transcript('prefixes of one client must not overlap', [
    [
      'CLIENT TRACKING ON BCAST PREFIX FOOBAR PREFIX FOO',
      "-ERR Prefix 'FOOBAR' overlaps with another provided prefix 'FOO'. Prefixes for a single client must not overlap.",
    ],
    ['CLIENT TRACKING ON BCAST PREFIX FOO PREFIX BAR', OK],
    [
      'CLIENT TRACKING ON BCAST PREFIX FO',
      "-ERR Prefix 'FO' overlaps with an existing prefix 'FOO'. Prefixes for a single client must not overlap.",
    ],
    [
      'CLIENT TRACKING ON BCAST PREFIX BARB',
      "-ERR Prefix 'BARB' overlaps with an existing prefix 'BAR'. Prefixes for a single client must not overlap.",
    ],
    [
      'CLIENT TRACKING ON BCAST PREFIX X PREFIX BARB',
      "-ERR Prefix 'BARB' overlaps with an existing prefix 'BAR'. Prefixes for a single client must not overlap.",
    ],
    ['CLIENT TRACKINGINFO', info(['on', 'bcast'], 0, ['BAR', 'FOO'])],
  ]),
  transcript(
    'a third prefix that overlaps with the second is refused',
    [
      [
        'CLIENT TRACKING ON BCAST PREFIX A PREFIX FOO PREFIX FOOBAR',
        "-ERR Prefix 'FOO' overlaps with another provided prefix 'FOOBAR'. Prefixes for a single client must not overlap.",
      ],
      ['CLIENT TRACKINGINFO', info(['off'], -1, [])],
    ],
    { notRedis: 'Redis 7.0.15 replies this error and OK behind it, and tracks' },
  ),
]

const REDIRECTED: readonly Transcript[] = [
  transcript(
    'RESP2: another connection hears of the keys that this one has read',
    [
      ['CLIENT ID', 1],
      [`b> SUBSCRIBE ${CHANNEL}`, message('subscribe', CHANNEL, 1)],
      ['CLIENT TRACKING ON REDIRECT 2', OK],
      ['MSET a 1 b 1', OK],
      ['GET a', '1'],
      ['INCR b', 2],
      ['INCR a', 2],
      ['b <', message('message', CHANNEL, ['a'])],
      ['INCR a', 3],
      ['GET a', '3'],
      ['FLUSHALL', OK],
      ['b <', message('message', CHANNEL, null)],
    ],
    { modes: RESP2.modes },
  ),
  transcript(
    'RESP2: broadcasts leave at the end of the turn, by their prefixes',
    [
      ['CLIENT ID', 1],
      [`b> SUBSCRIBE ${CHANNEL}`, message('subscribe', CHANNEL, 1)],
      ['CLIENT TRACKING ON BCAST REDIRECT 2 PREFIX b: PREFIX a:', OK],
      ['MSET b:2 x a:1 x c:1 x b:1 x', OK],
      ['b <', message('message', CHANNEL, ['a:1'])],
      ['b <', message('message', CHANNEL, ['b:1', 'b:2'])],
      ['CLIENT TRACKING OFF', OK],
      ['CLIENT TRACKING ON BCAST NOLOOP REDIRECT 2', OK],
      ['SET own x', OK],
      ['c> SET other x', OK],
      ['b <', message('message', CHANNEL, ['other'])],
    ],
    { ...FIXED_NAMES, modes: ['RESP2', 'byte by byte'] },
  ),
]

export const tracking: readonly Transcript[] = [...OPTIONS, ...REDIRECTED]
