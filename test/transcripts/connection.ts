// The connection: protocol versions, logging in, names, and what a client may know of the others.

import { any, map, OK, simple, verbatim, where } from '../support/expectation.ts'
import { FIXED_NAMES, type Transcript, transcript, UNBOUND } from '../support/transcript.ts'

const NOT_INTEGER = '-ERR value is not an integer or out of range'
const NAME = '-ERR Client names cannot contain spaces, newlines or special characters.'
const NOAUTH = '-NOAUTH Authentication required.'
const WRONGPASS = '-WRONGPASS invalid username-password pair or user is disabled.'

const SECRET = { settings: { requirepass: 'secret' }, modes: ['RESP2', 'pipelined', 'byte by byte'] }

/** HELLO's answer for a protocol version. */
const greeting = (protocol: number) =>
  map([
    ['server', 'redis'],
    ['version', /^\d+\.\d+\.\d+$/],
    ['proto', protocol],
    ['id', any],
    ['mode', 'standalone'],
    ['role', 'master'],
    ['modules', []],
  ])

const helpOf = (name: string) =>
  where(`help of ${name}`, r => Array.isArray(r) && Bun.inspect(r[0]).includes(`${name} <subcommand>`))

const basics: readonly Transcript[] = [
  transcript('PING answers PONG or the message', [
    ['PING', simple('PONG')],
    ['PING hello', 'hello'],
    ['PING ""', ''],
    ['PING a b', "-ERR wrong number of arguments for 'ping' command"],
  ]),
  transcript('ECHO answers the message', [
    ['ECHO "a\\r\\nb"', 'a\r\nb'],
    ['ECHO', "-ERR wrong number of arguments for 'echo' command"],
    ['ECHO a b', "-ERR wrong number of arguments for 'echo' command"],
  ]),
  transcript('QUIT says goodbye', [
    ['SET k v', OK],
    ['QUIT', OK],
    ['b> GET k', 'v'],
  ]),
  transcript('unknown commands are quoted back', [
    ['NOPE', "-ERR unknown command 'NOPE', with args beginning with: "],
    ['nope a "b c"', "-ERR unknown command 'nope', with args beginning with: 'a' 'b c' "],
    ['"foo\\r\\nbar" x', "-ERR unknown command 'foo  bar', with args beginning with: 'x' "],
    [
      `${'n'.repeat(200)} ${'a'.repeat(200)} b`,
      `-ERR unknown command '${'n'.repeat(128)}', with args beginning with: '${'a'.repeat(128)}' `,
    ],
    ['GETT k', "-ERR unknown command 'GETT', with args beginning with: 'k' "],
    ['""', "-ERR unknown command '', with args beginning with: "],
  ]),
]

const protocols: readonly Transcript[] = [
  transcript('HELLO chooses the protocol', [
    ['HELLO', any],
    ['HELLO 3', greeting(3)],
    ['GET missing', null],
    ['HELLO', greeting(3)],
    ['HELLO 2', greeting(2)],
    ['HELLO', greeting(2)],
    ['HELLO 3 SETNAME me', greeting(3)],
    ['CLIENT GETNAME', 'me'],
    ['HELLO 3 AUTH default anything SETNAME you', greeting(3)],
    ['CLIENT GETNAME', 'you'],
  ]),
  transcript('HELLO refuses versions and options that it does not know', [
    ['HELLO 1', '-NOPROTO unsupported protocol version'],
    ['HELLO 4', '-NOPROTO unsupported protocol version'],
    ['HELLO x', '-ERR Protocol version is not an integer or out of range'],
    ['HELLO 3 NOPE', "-ERR Syntax error in HELLO option 'NOPE'"],
    ['HELLO 3 AUTH default', "-ERR Syntax error in HELLO option 'AUTH'"],
    ['HELLO 3 SETNAME', "-ERR Syntax error in HELLO option 'SETNAME'"],
    ['HELLO 3 SETNAME "a b"', NAME],
    ['HELLO 3 AUTH nobody x', WRONGPASS],
    ['CLIENT GETNAME', null],
    ['HELLO 2 SETNAME kept NOPE', "-ERR Syntax error in HELLO option 'NOPE'"],
    ['CLIENT GETNAME', 'kept'],
  ]),
  transcript(
    'RESET brings back a new connection',
    [
      ['SET k zero', OK],
      ['SELECT 3', OK],
      ['HELLO 3 SETNAME me', greeting(3)],
      ['RESET', simple('RESET')],
      ['GET k', 'zero'],
      ['CLIENT GETNAME', null],
      ['HELLO', greeting(2)],
      ['RESET now', "-ERR wrong number of arguments for 'reset' command"],
    ],
    UNBOUND,
  ),
]

const passwords: readonly Transcript[] = [
  transcript('without a password set, AUTH needs a user name', [
    ['AUTH secret', /^-ERR AUTH <password> called without any password configured for the default user\./],
    ['AUTH default anything', OK],
    ['AUTH nobody x', WRONGPASS],
    ['AUTH a b c', '-ERR syntax error'],
    ['GET k', null],
  ]),
  transcript(
    'a client that has not logged in may do next to nothing',
    [
      ['GET k', NOAUTH],
      ['SET k v', NOAUTH],
      ['PING', NOAUTH],
      ['SELECT 1', NOAUTH],
      ['NOPE', "-ERR unknown command 'NOPE', with args beginning with: "],
      ['GET', "-ERR wrong number of arguments for 'get' command"],
      ['HELLO', /^-NOAUTH HELLO must be called with the client already authenticated/],
      ['HELLO 3', /^-NOAUTH HELLO must be called with the client already authenticated/],
      ['AUTH wrong', WRONGPASS],
      ['AUTH nobody secret', WRONGPASS],
      ['AUTH secre', WRONGPASS],
      ['AUTH secrets', WRONGPASS],
      ['AUTH ""', WRONGPASS],
      ['GET k', NOAUTH],
      ['AUTH secret', OK],
      ['SET k v', OK],
      ['AUTH wrong', WRONGPASS],
      ['GET k', 'v'],
      ['b> GET k', NOAUTH],
      ['b> AUTH default secret', OK],
      ['b> GET k', 'v'],
    ],
    { ...SECRET, modes: ['RESP2', 'byte by byte'] },
  ),
  transcript(
    'HELLO logs in on the way',
    [
      ['HELLO 3 AUTH default wrong', WRONGPASS],
      ['GET k', NOAUTH],
      ['HELLO 3 AUTH default secret', greeting(3)],
      ['GET k', null],
      ['RESET', simple('RESET')],
      ['GET k', NOAUTH],
    ],
    SECRET,
  ),
  transcript(
    'a password can be set and taken away while running',
    [
      ['CONFIG SET requirepass new', OK],
      ['GET k', null],
      ['b> GET k', NOAUTH],
      ['b> AUTH new', OK],
      ['b> GET k', null],
      ['CONFIG SET requirepass ""', OK],
      ['c> GET k', null],
    ],
    { modes: ['RESP2', 'pipelined'] },
  ),
]

const LINE =
  /^id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:6379 fd=\d+ name=\S* age=\d+ idle=\d+ flags=N db=\d+ sub=0 psub=0 /

const clients: readonly Transcript[] = [
  transcript('CLIENT SETNAME names the connection', [
    ['CLIENT GETNAME', null],
    ['CLIENT SETNAME me', OK],
    ['CLIENT GETNAME', 'me'],
    ['CLIENT SETNAME "a b"', NAME],
    ['CLIENT SETNAME "a\\n"', NAME],
    ['CLIENT GETNAME', 'me'],
    ['CLIENT SETNAME ""', OK],
    ['CLIENT GETNAME', null],
  ]),
  transcript(
    'CLIENT ID numbers connections in their order',
    [
      ['CLIENT ID', 1],
      ['b> CLIENT ID', 2],
      ['CLIENT ID', 1],
    ],
    UNBOUND,
  ),
  transcript(
    'CLIENT LIST and INFO describe connections',
    [
      ['CLIENT SETNAME first', OK],
      ['b> SELECT 3', OK],
      ['+5s'],
      [
        'CLIENT LIST',
        verbatim('txt', /^id=1 .* name=first age=5 idle=0 .*cmd=client\|list .*\nid=2 .* idle=5 .* db=3 .*\n$/),
      ],
      ['CLIENT INFO', verbatim('txt', LINE)],
      ['CLIENT LIST ID 2', verbatim('txt', /^id=2 [^\n]*\n$/)],
      ['CLIENT LIST ID 2 99 1', verbatim('txt', /^id=2 [^\n]*\nid=1 [^\n]*\n$/)],
      ['CLIENT LIST TYPE normal', verbatim('txt', /^id=1 [^\n]*\nid=2 /)],
      ['CLIENT LIST TYPE pubsub', verbatim('txt', '')],
      ['CLIENT LIST TYPE nope', "-ERR Unknown client type 'nope'"],
      ['CLIENT LIST ID x', '-ERR Invalid client ID'],
      ['CLIENT LIST nope', '-ERR syntax error'],
      ['CLIENT LIST ID', '-ERR syntax error'],
    ],
    UNBOUND,
  ),
  transcript(
    'CLIENT KILL closes the connections that pass the filter',
    [
      ['PING', simple('PONG')],
      ['b> PING', simple('PONG')],
      ['c> PING', simple('PONG')],
      ['CLIENT KILL ID 2', 1],
      ['CLIENT LIST', where('without client 2', r => !Bun.inspect(r).includes('id=2 '))],
      ['CLIENT KILL ID 2', 0],
      ['CLIENT KILL TYPE normal SKIPME yes', 1],
      ['CLIENT KILL USER default', 0],
      ['CLIENT KILL TYPE pubsub', 0],
      ['CLIENT KILL ADDR 1.2.3.4:5', 0],
      ['CLIENT KILL LADDR 1.2.3.4:5', 0],
      ['CLIENT KILL 1.2.3.4:5', '-ERR No such client'],
      ['CLIENT KILL ID 1', 0],
      ['CLIENT KILL ID 1 SKIPME no', 1],
    ],
    UNBOUND,
  ),
  transcript('CLIENT KILL refuses filters that are none', [
    ['CLIENT KILL ID x', '-ERR client-id should be greater than 0'],
    ['CLIENT KILL ID 0', '-ERR client-id should be greater than 0'],
    ['CLIENT KILL TYPE nope', "-ERR Unknown client type 'nope'"],
    ['CLIENT KILL USER nobody', "-ERR No such user 'nobody'"],
    ['CLIENT KILL SKIPME maybe', '-ERR syntax error'],
    ['CLIENT KILL ID 5 nope', '-ERR syntax error'],
    ['CLIENT KILL nope x', '-ERR syntax error'],
    ['CLIENT KILL ID 1 TYPE', '-ERR syntax error'],
    ['CLIENT KILL', "-ERR wrong number of arguments for 'client|kill' command"],
  ]),
  transcript(
    'CLIENT KILL MAXAGE closes old connections',
    [
      ['b> PING', simple('PONG')],
      ['+10s'],
      ['c> PING', simple('PONG')],
      ['CLIENT KILL MAXAGE 0', '-ERR maxage should be greater than 0'],
      ['CLIENT KILL MAXAGE x', '-ERR maxage is not an integer or out of range'],
      ['CLIENT KILL MAXAGE 11', 0],
      ['CLIENT KILL MAXAGE 10', 1],
      ['CLIENT LIST ID 1', verbatim('txt', '')],
    ],
    { ...UNBOUND, notRedis: 'since 7.4' },
  ),
  transcript(
    'CLIENT KILL ID takes several',
    [
      ['PING', simple('PONG')],
      ['b> PING', simple('PONG')],
      ['c> PING', simple('PONG')],
      ['d> PING', simple('PONG')],
      ['CLIENT KILL ID 99', 0],
      ['CLIENT KILL ID 99 2 4 TYPE normal', 2],
      ['c> PING', simple('PONG')],
      ['CLIENT LIST ID 3 3', verbatim('txt', /^id=3 [^\n]*\nid=3 [^\n]*\n$/)],
    ],
    { ...UNBOUND, notRedis: 'since 8.0' },
  ),
  transcript(
    'CLIENT LIST tells how many keys a client watches',
    [
      ['WATCH a b a', OK],
      ['CLIENT INFO', verbatim('txt', / multi=-1 qbuf=.* watch=2 /)],
      ['MULTI', OK],
      ['GET a', simple('QUEUED')],
      ['CLIENT INFO', simple('QUEUED')],
      ['EXEC', [null, verbatim('txt', / watch=0 /)]],
    ],
    { notRedis: 'since 7.4' },
  ),
  transcript(
    'CLIENT SETINFO notes the library',
    [
      ['CLIENT SETINFO LIB-NAME lib', OK],
      ['CLIENT SETINFO lib-ver 1.2.3', OK],
      ['CLIENT INFO', verbatim('txt', /lib-name=lib lib-ver=1\.2\.3\n$/)],
      ['CLIENT SETINFO LIB-NAME "a b"', '-ERR lib-name cannot contain spaces, newlines or special characters.'],
      ['CLIENT SETINFO nope x', "-ERR Unrecognized option 'nope'"],
    ],
    { notRedis: 'since 7.2' },
  ),
  transcript('CLIENT NO-EVICT takes on or off', [
    ['CLIENT NO-EVICT on', OK],
    ['CLIENT INFO', verbatim('txt', / flags=e /)],
    ['CLIENT NO-EVICT OFF', OK],
    ['CLIENT NO-EVICT maybe', '-ERR syntax error'],
  ]),
  transcript(
    'CLIENT NO-TOUCH leaves access times alone',
    [
      ['SET k v', OK],
      ['+20s'],
      ['CLIENT NO-TOUCH on', OK],
      ['GET k', 'v'],
      ['OBJECT IDLETIME k', 20],
      ['b> GET k', 'v'],
      ['OBJECT IDLETIME k', 0],
      ['CLIENT NO-TOUCH off', OK],
      ['CLIENT NO-TOUCH nope', '-ERR syntax error'],
    ],
    { notRedis: 'since 7.2' },
  ),
  transcript('CLIENT and its subcommands name each other', [
    ['CLIENT HELP', helpOf('CLIENT')],
    ['CLIENT nope', "-ERR unknown subcommand 'nope'. Try CLIENT HELP."],
    ['client', "-ERR wrong number of arguments for 'client' command"],
    ['CLIENT ID x', "-ERR wrong number of arguments for 'client|id' command"],
  ]),
]

const names: readonly Transcript[] = [
  transcript(
    'SELECT keeps to its connection',
    [
      ['SET k zero', OK],
      ['SELECT 1', OK],
      ['b> GET k', 'zero'],
      ['SELECT 16', '-ERR DB index is out of range'],
      ['SELECT x', NOT_INTEGER],
      ['GET k', null],
    ],
    FIXED_NAMES,
  ),
]

export const connection: readonly Transcript[] = [...basics, ...protocols, ...passwords, ...clients, ...names]
