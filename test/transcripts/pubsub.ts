// Publish and subscribe, and the events of keys.

import { map, message, OK, simple, sorted, waits, where } from '../support/expectation.ts'
import { FIXED_NAMES, type Transcript, transcript } from '../support/transcript.ts'

const RESP2 = { modes: ['RESP2', 'byte by byte', 'as lines'] }

function only(command: string): string {
  return `-ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
}

const MESSAGES: readonly Transcript[] = [
  transcript(
    'a message reaches those who listen to its channel, once for each way in which they do',
    [
      ['b> SUBSCRIBE news', message('subscribe', 'news', 1)],
      ['b> PSUBSCRIBE n*', message('psubscribe', 'n*', 2)],
      ['c> SUBSCRIBE news', message('subscribe', 'news', 1)],
      ['PUBLISH news hello', 3],
      ['b <', message('message', 'news', 'hello')],
      ['b <', message('pmessage', 'n*', 'news', 'hello')],
      ['c <', message('message', 'news', 'hello')],
      ['PUBLISH nothing x', 1],
      ['b <', message('pmessage', 'n*', 'nothing', 'x')],
      ['PUBLISH other x', 0],
      ['b> UNSUBSCRIBE news', message('unsubscribe', 'news', 1)],
      ['PUBLISH news again', 2],
      ['b <', message('pmessage', 'n*', 'news', 'again')],
      ['c <', message('message', 'news', 'again')],
      ['b> PUNSUBSCRIBE n*', message('punsubscribe', 'n*', 0)],
      ['PUBLISH news x', 1],
      ['c <', message('message', 'news', 'x')],
    ],
    FIXED_NAMES,
  ),
  transcript(
    'subscribing twice is subscribing once; leaving what one never joined is confirmed',
    [
      ['b> SUBSCRIBE a', message('subscribe', 'a', 1)],
      ['b> SUBSCRIBE a', message('subscribe', 'a', 1)],
      ['PUBLISH a x', 1],
      ['b <', message('message', 'a', 'x')],
      ['b> UNSUBSCRIBE zzz', message('unsubscribe', 'zzz', 1)],
      ['b> UNSUBSCRIBE', message('unsubscribe', 'a', 0)],
      ['b> UNSUBSCRIBE', message('unsubscribe', null, 0)],
      ['b> PUNSUBSCRIBE', message('punsubscribe', null, 0)],
      ['b> SUNSUBSCRIBE', message('sunsubscribe', null, 0)],
    ],
    FIXED_NAMES,
  ),
  transcript(
    'shard channels are a world of their own',
    [
      ['b> SSUBSCRIBE s', message('ssubscribe', 's', 1)],
      ['b> SUBSCRIBE s', message('subscribe', 's', 1)],
      ['SPUBLISH s one', 1],
      ['b <', message('smessage', 's', 'one')],
      ['PUBLISH s two', 1],
      ['b <', message('message', 's', 'two')],
      ['PUBSUB SHARDCHANNELS', ['s']],
      ['PUBSUB SHARDNUMSUB s t', ['s', 1, 't', 0]],
      ['b> SUNSUBSCRIBE s', message('sunsubscribe', 's', 0)],
      ['SPUBLISH s three', 0],
    ],
    FIXED_NAMES,
  ),
  transcript(
    'PUBSUB tells who listens',
    [
      ['PUBSUB CHANNELS', []],
      ['b> SUBSCRIBE a1', message('subscribe', 'a1', 1)],
      ['b> SUBSCRIBE b1', message('subscribe', 'b1', 2)],
      ['c> SUBSCRIBE a1', message('subscribe', 'a1', 1)],
      ['c> PSUBSCRIBE p*', message('psubscribe', 'p*', 2)],
      ['PUBSUB CHANNELS', sorted('a1', 'b1')],
      ['PUBSUB CHANNELS a*', ['a1']],
      ['PUBSUB NUMSUB a1 b1 c1', ['a1', 2, 'b1', 1, 'c1', 0]],
      ['PUBSUB NUMSUB', []],
      ['PUBSUB CHANNELS a b', "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP."],
      ['PUBSUB NUMPAT', 1],
      ['PUBSUB HELP', where('starts with PUBSUB', r => Array.isArray(r) && Bun.inspect(r[0]).includes('PUBSUB <sub'))],
      ['PUBSUB NOSUCH', "-ERR unknown subcommand 'NOSUCH'. Try PUBSUB HELP."],
    ],
    FIXED_NAMES,
  ),
  transcript(
    'CLIENT REPLY turns replies off, on, or skips one; messages come all the same',
    [
      ['CLIENT REPLY ON', OK],
      ['CLIENT REPLY SKIP', waits],
      ['SET k 1', waits],
      ['GET k', '1'],
      ['CLIENT REPLY OFF', waits],
      ['GET k', waits],
      ['NOSUCH', waits],
      ['CLIENT REPLY SKIP', waits],
      ['SUBSCRIBE a', message('subscribe', 'a', 1)],
      ['b> PUBLISH a x', 1],
      ['a <', message('message', 'a', 'x')],
      ['UNSUBSCRIBE a', message('unsubscribe', 'a', 0)],
      ['CLIENT REPLY ON', OK],
      ['CLIENT REPLY PERHAPS', '-ERR syntax error'],
    ],
    { ...FIXED_NAMES, modes: ['RESP2', 'RESP3', 'byte by byte'] },
  ),
  transcript(
    'a RESP2 client that listens may do little else',
    [
      ['b> SUBSCRIBE a', message('subscribe', 'a', 1)],
      ['b> GET k', only('get')],
      ['b> CLIENT ID', only('client|id')],
      ['b> PING', ['pong', '']],
      ['b> PING hi', ['pong', 'hi']],
      ['b> RESET', simple('RESET')],
      ['b> PING', simple('PONG')],
      ['PUBLISH a x', 0],
    ],
    RESP2,
  ),
]

const EVENTS: readonly Transcript[] = [
  transcript(
    'changes of keys are published when they are asked for',
    [
      ['CONFIG SET notify-keyspace-events KEA', OK],
      ['CONFIG GET notify-keyspace-events', map([['notify-keyspace-events', 'AKE']])],
      ['b> PSUBSCRIBE *', message('psubscribe', '*', 1)],
      ['SET k v EX 100', OK],
      ['b <', message('pmessage', '*', '__keyspace@0__:k', 'set')],
      ['b <', message('pmessage', '*', '__keyevent@0__:set', 'k')],
      ['b <', message('pmessage', '*', '__keyspace@0__:k', 'expire')],
      ['b <', message('pmessage', '*', '__keyevent@0__:expire', 'k')],
      ['CONFIG SET notify-keyspace-events El', OK],
      ['SET k w', OK],
      ['RPUSH ns/l a', 1],
      ['b <', message('pmessage', '*', '__keyevent@0__:rpush', 'ns/l')],
      ['LPOP ns/l', 'a'],
      ['b <', message('pmessage', '*', '__keyevent@0__:lpop', 'ns/l')],
      ['CONFIG SET notify-keyspace-events Ex', OK],
      ['SELECT 3', OK],
      ['SET gone v PX 10', OK],
      ['+11ms'],
      ['sweep'],
      ['EXISTS gone', 0],
      ['b <', message('pmessage', '*', '__keyevent@3__:expired', 'gone')],
      ['CONFIG SET notify-keyspace-events Emn', OK],
      ['GET nowhere', null],
      ['b <', message('pmessage', '*', '__keyevent@3__:keymiss', 'nowhere')],
      ['SET here v', OK],
      ['b <', message('pmessage', '*', '__keyevent@3__:new', 'here')],
      ['CONFIG SET notify-keyspace-events ""', OK],
      ['SET k v', OK],
      ['b> PUNSUBSCRIBE', message('punsubscribe', '*', 0)],
    ],
    { ...FIXED_NAMES, modes: ['RESP3', 'byte by byte'] },
  ),
]

export const pubsub: readonly Transcript[] = [...MESSAGES, ...EVENTS]
