// Client-side caching beside Redis 7.0.15: three connections say the same to both servers, and each of them must receive
// the same bytes in the same order, replies and what comes without being asked for.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { installed } from '../../scripts/support/run.ts'
import { Raw } from '../support/raw.ts'
import { request } from '../support/resp.ts'
import { wordsOf } from '../support/words.ts'
import { besideRedis } from './servers.ts'

setDefaultTimeout(30_000)

/** `connection> request; request` in one piece. The number of connection b stands for B. */
type Scene = readonly string[]

const SCENES: Readonly<Record<string, Scene>> = {
  errors: [
    'a> CLIENT TRACKING; CLIENT TRACKING perhaps; CLIENT TRACKING ON often; CLIENT TRACKING ON PREFIX; CLIENT TRACKING ON REDIRECT',
    'a> CLIENT TRACKING OFF REDIRECT x; CLIENT TRACKING ON REDIRECT 0; CLIENT TRACKING ON REDIRECT B REDIRECT 1; CLIENT TRACKING ON PREFIX x',
    'a> CLIENT TRACKING perhaps REDIRECT 99999; CLIENT TRACKING OFF BCAST OPTIN OPTOUT PREFIX x; CLIENT TRACKING ON REDIRECT -1',
    'a> CLIENT TRACKING ON BCAST OPTIN; CLIENT TRACKING ON BCAST OPTOUT; CLIENT TRACKING ON OPTIN OPTOUT; CLIENT CACHING YES; CLIENT CACHING',
    'a> CLIENT TRACKING ON OPTIN; CLIENT TRACKING ON BCAST; CLIENT TRACKING ON OPTOUT; CLIENT CACHING NO; CLIENT CACHING perhaps',
    'a> CLIENT TRACKING ON; CLIENT CACHING YES; CLIENT TRACKING OFF; CLIENT TRACKINGINFO x; CLIENT GETREDIR x; CLIENT CACHING YES x',
    'a> CLIENT TRACKING ON BCAST PREFIX FOOBAR PREFIX FOO; CLIENT TRACKING ON BCAST PREFIX FOO PREFIX BAR; CLIENT TRACKINGINFO',
    'a> CLIENT TRACKING ON BCAST PREFIX FO; CLIENT TRACKING ON BCAST PREFIX BARB; CLIENT TRACKING ON BCAST PREFIX FOO; CLIENT TRACKING ON',
    'a> CLIENT TRACKING ON BCAST; CLIENT TRACKINGINFO; CLIENT TRACKING ON BCAST PREFIX z; RESET; HELLO 3; CLIENT TRACKINGINFO',
  ],
  'reads are told once': [
    'a> CLIENT TRACKING ON',
    'a> GET k; MGET l m',
    'c> SET k 1; SET k 2',
    'c> DEL l; SET m 1; SET n 1',
  ],
  'own changes behind the reply': ['a> CLIENT TRACKING ON; HSET h f v; HGET h f', 'a> HDEL h f; GET x; SET x 1; PING'],
  transactions: [
    'a> CLIENT TRACKING ON; SET b 1; GET a',
    'a> MULTI; INCR a; GET b; EXEC; PING',
    'c> SET b 2',
    'c> MULTI; SET a 1; SET b 1; SET c 1; EXEC',
  ],
  'what reads, and what only writes': [
    'a> CLIENT TRACKING ON; SET w 1; GETSET w 2; GETDEL w; LPUSH l x; LPOP l; APPEND s x',
    'c> SET w 1; LPUSH l x; APPEND s x',
    'a> TYPE t; EXISTS e; TTL d; OBJECT ENCODING o; STRLEN s; LLEN l; SCARD set; PFCOUNT p; SORT_RO q; SDIFF u v',
    'a> LCS x y; GEOPOS g m; ZUNION 2 z1 z2; HLEN h; BITFIELD_RO bits GET u8 0; DUMPX x; GET; SORT sorted; BITFIELD b2 GET u8 0',
    'c> SET t 1; SET e 1; SET d 1; SET o 1; SET s 1; SADD set 1; PFADD p 1; LPUSH q 1; SADD u 1; SADD v 1; SET x 1; SET y 1',
    'c> GEOADD g 1 1 m; ZADD z1 1 a; ZADD z2 1 a; HSET h f v; SETBIT bits 1 1; LPUSH sorted 1; SETBIT b2 1 1',
  ],
  'errors count as reads': ['c> LPUSH l x', 'a> CLIENT TRACKING ON; GET l', 'c> LPUSH l y'],
  'what changes keys': [
    'c> SET a 1; SET b 1; SET c 1; SET d 1; RPUSH l x y; SADD s m; SET e 1',
    'a> CLIENT TRACKING ON; MGET a b c d e f g; LRANGE l 0 -1; SMEMBERS s; GET moved',
    'c> RENAME a f; COPY b g; MOVE c 1; PERSIST d; EXPIRE d 100; LPOP l 2; SREM s m; SET e 1 NX; UNLINK e; TOUCH b',
  ],
  databases: ['a> SELECT 1; CLIENT TRACKING ON; GET k', 'c> SET k 1'],
  flushes: [
    'a> CLIENT TRACKING ON; GET k',
    'c> FLUSHALL; SET k 1',
    'a> MULTI; FLUSHDB; EXEC; PING',
    'b> CLIENT TRACKING ON BCAST',
    'c> FLUSHDB',
  ],
  NOLOOP: ['a> CLIENT TRACKING ON NOLOOP; MGET k l m', 'a> SET k 1', 'c> SET l 1; SET k 1', 'a> FLUSHALL'],
  'OPTIN and OPTOUT': [
    'a> CLIENT TRACKING ON OPTIN; GET a; CLIENT CACHING YES; GET b; GET c; CLIENT CACHING YES; CLIENT GETREDIR; GET d; GET e',
    'a> CLIENT CACHING YES; MULTI; GET f; GET g; EXEC; GET h; MULTI; CLIENT CACHING YES; GET i; EXEC; GET j',
    'c> MSET a 1 b 1 c 1 d 1 e 1 f 1 g 1 h 1 i 1 j 1',
    'b> CLIENT TRACKING ON OPTOUT; GET a; CLIENT CACHING NO; GET b; GET c',
    'c> SET a 1; SET b 1; SET c 1',
  ],
  broadcasts: [
    'a> CLIENT TRACKING ON BCAST PREFIX b: PREFIX a:',
    'b> CLIENT TRACKING ON BCAST NOLOOP',
    'c> MSET b:2 x a:1 x c:1 x b:1 x',
    'b> MSET a:1 x c:1 x; PING',
    'a> SET a:2 x; PING',
    'c> MULTI; SET a:1 x; SET b:1 x; DEL a:1; EXEC',
    'a> CLIENT TRACKING OFF; CLIENT TRACKING ON BCAST',
    'c> SET a:1 x',
  ],
  redirections: [
    'a> CLIENT TRACKING ON REDIRECT B; GET k; CLIENT TRACKINGINFO; CLIENT GETREDIR',
    'c> SET k 1',
    'b> HELLO 2',
    'a> GET k',
    'c> SET k 1',
    'b> SUBSCRIBE __redis__:invalidate',
    'a> GET k',
    'c> SET k 1; FLUSHALL',
    'a> CLIENT TRACKING OFF; CLIENT TRACKING ON BCAST REDIRECT B PREFIX x PREFIX w',
    'c> MSET x1 1 x2 1 w 1 y 1',
  ],
  'RESP2 without redirection': [
    'a> HELLO 2; CLIENT TRACKING ON; GET k',
    'c> SET k 1; FLUSHALL',
    'a> CLIENT TRACKINGINFO; GET k; HELLO 3',
    'c> SET k 1',
  ],
  waits: ['c> RPUSH to a', 'a> CLIENT TRACKING ON; LRANGE to 0 -1; BLMOVE from to LEFT LEFT 0', 'c> RPUSH from x'],
  'no replies': ['a> CLIENT TRACKING ON; GET k; CLIENT REPLY OFF', 'c> SET k 1', 'a> CLIENT REPLY ON', 'c> SET k 1'],
}

/** In which what was sent has arrived, for those who cannot be asked. */
const QUIET_MS = 15
/** Redis spells the null of a flush for the client that tracks, be it RESP3 within a RESP2 message to another one. */
const REDIS_NULL = '__redis__:invalidate _'
const RESP2_NULL = '__redis__:invalidate $-1'

/** Lets all that is under way arrive: who is served next has been told before. */
async function settled(connections: readonly Raw[]): Promise<void> {
  for (const raw of connections) {
    const before = raw.text.length
    raw.send(request(['ECHO', 'settled']))
    await raw.until('settled', () => raw.text.indexOf('settled', before) >= 0)
  }
}

/** In one line, without the numbers that connections have. */
function plain(text: string, id: string): string {
  return text
    .replaceAll('\r\n', ' ')
    .replaceAll(`:${id} `, ':B ')
    .replace(/\$2 id :\d+/g, '$2 id :N')
    .replaceAll(REDIS_NULL, RESP2_NULL)
}

async function play(port: number, scene: Scene): Promise<string[]> {
  const [a, b, c] = [await Raw.open(port), await Raw.open(port), await Raw.open(port)]
  const all = [a, b, c]
  const byName: Readonly<Record<string, Raw>> = { a, b, c }
  /** Those who wait, take no replies, or listen in RESP2: they would not answer. */
  const quiet = new Set<Raw>()
  try {
    for (const raw of all) raw.send(request(['HELLO', '3']))
    await c.until('greeted', () => c.text.includes('modules'))
    c.send(request(['FLUSHALL']))
    b.send(request(['CLIENT', 'ID']))
    await settled(all)
    const id = /:(\d+)\r\n\$7\r\nsettled/.exec(b.text)?.[1] ?? ''
    for (const raw of all) raw.text = ''
    for (const step of scene) {
      const [name = '', requests = ''] = step.split('> ')
      const raw = byName[name] as Raw
      const lines = requests.replace('REDIRECT B', `REDIRECT ${id}`).split('; ')
      raw.send(lines.map(line => request(wordsOf(line))).join(''))
      if (/BLMOVE|REPLY OFF|^SUBSCRIBE/.test(requests)) quiet.add(raw)
      if (/REPLY ON/.test(requests)) quiet.delete(raw)
      await Bun.sleep(QUIET_MS)
      await settled(all.filter(one => !quiet.has(one)))
    }
    await Bun.sleep(QUIET_MS)
    return all.map(raw => plain(raw.text, id))
  } finally {
    for (const raw of all) raw[Symbol.dispose]()
  }
}

test.if(installed('redis-server'))('each connection receives what Redis sends', async () => {
  await besideRedis(async ports => {
    const received = async (port: number) => {
      // Numbers of connections are none that a reply would have.
      for (let i = 0; i < 100; i++) (await Raw.open(port))[Symbol.dispose]()
      const all: Record<string, readonly string[]> = {}
      for (const [name, scene] of Object.entries(SCENES)) all[name] = await play(port, scene)
      return all
    }
    expect(await received(ports.ours)).toEqual(await received(ports.redis))
  })
})
