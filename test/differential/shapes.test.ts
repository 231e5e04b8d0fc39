// Commands of all families, in RESP2 and in RESP3: the types of the replies, all the way down, are Redis's.
// What is in them the random commands of the campaign compare.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { installed } from '../../scripts/support/run.ts'
import { type Reply, ReplyReader } from '../support/resp.ts'
import { wordsOf } from '../support/words.ts'
import { besideRedis } from './servers.ts'
import { type Command, Wire } from './wire.ts'

setDefaultTimeout(30_000)

/**
 * One after the other on one connection; not those that end it, or whose reply is each server's own. Collections that lie
 * in no order have one element where their types differ.
 */
const REQUESTS = `
  SET s hello · SET n 10 · GET s · GET none · MGET s none · STRLEN s · GETRANGE s 0 1 · SUBSTR s 0 1 · SETNX s x
  SET s x GET · SET none x XX · SET none x XX GET · SETEX e 100 x · PSETEX e 100000 x · GETSET s y · GETSET none2 y · GETDEL none2 · GETDEL none2
  GETEX s · GETEX none EX 5 · MSET a 1 b 2 · MSETNX a 1 c 2 · APPEND s z · SETRANGE s 1 q · INCR n · DECR n · INCRBY n 5
  DECRBY n 5 · INCRBYFLOAT n 1.5 · SET n 10 · INCR s
  SADD one x · SADD set a b c · SADD set a · SREM set c · SMOVE set one nope · SCARD set · SISMEMBER set a · SMISMEMBER set a q
  SMEMBERS one · SMEMBERS none · SSCAN one 0 · SRANDMEMBER one · SRANDMEMBER none · SRANDMEMBER one 2 · SRANDMEMBER one -2
  SRANDMEMBER none 2 · SINTER one one · SINTER one none · SINTERSTORE to one · SINTERCARD 1 one · SUNION one none · SUNIONSTORE to one · SDIFF one none
  SDIFFSTORE to one · SADD pop a b · SPOP pop · SPOP pop 1 · SPOP pop · SPOP pop 1
  SETBIT bits 5 1 · GETBIT bits 5 · BITCOUNT bits · BITPOS bits 1 · BITOP NOT bits2 bits · BITFIELD bits GET u8 0 INCRBY u2 0 1
  BITFIELD bits OVERFLOW FAIL SET u8 0 255 INCRBY u8 0 10 · BITFIELD_RO bits GET i5 0
  PFADD hll a b · PFCOUNT hll · PFMERGE hll2 hll · PFDEBUG ENCODING hll · PFDEBUG GETREG hll2 · PFDEBUG DECODE hll2
  GEOADD geo 13.361389 38.115556 P 15.087269 37.502669 C · GEOPOS geo P none · GEODIST geo P C · GEODIST geo P none
  GEOHASH geo P none · GEOSEARCH geo FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD WITHDIST WITHHASH
  GEOSEARCH geo FROMMEMBER P BYBOX 400 400 km ASC · GEOSEARCHSTORE geo2 geo FROMMEMBER P BYRADIUS 1 km
  GEORADIUS geo 15 37 200 km WITHDIST ASC · GEORADIUS geo 15 37 200 km WITHCOORD ASC · GEORADIUS none 15 37 200 km
  GEORADIUSBYMEMBER geo P 1 km WITHHASH · GEORADIUS_RO geo 15 37 200 km ASC · GEORADIUSBYMEMBER_RO geo P 1 km
  MSET l1 ohmytext l2 mynewtext · LCS l1 l2 · LCS l1 l2 LEN · LCS l1 l2 IDX · LCS l1 l2 IDX MINMATCHLEN 4 WITHMATCHLEN
  RPUSH list a b c d e f · LPUSH list z · LPUSHX none x · RPUSHX list y · LPOP list · LPOP none · LPOP list 1 · LPOP none 1 · LPOP list 0
  RPOP list · RPOP none 2 · LMOVE list list2 LEFT RIGHT · LMOVE none list2 LEFT RIGHT · RPOPLPUSH list list2 · RPOPLPUSH none list2
  LMPOP 1 list LEFT · LMPOP 1 none LEFT · LLEN list · LRANGE list 0 -1 · LRANGE none 0 -1 · LINDEX list 0 · LINDEX list 99
  LSET list 0 q · LINSERT list BEFORE q p · LINSERT list BEFORE none p · LREM list 1 p · LTRIM list 0 1 · LPOS list q · LPOS list none
  LPOS list q COUNT 0 · LPOS none q COUNT 0 · RPUSH list a b c d e f g · BLPOP list 1 · BLPOP none 0.01 · BRPOP list 1 · BRPOP none 0.01
  BLMOVE list list2 LEFT LEFT 1 · BLMOVE none list2 LEFT LEFT 0.01 · BRPOPLPUSH list list2 1 · BRPOPLPUSH none list2 0.01
  BLMPOP 1 1 list LEFT COUNT 2 · BLMPOP 0.01 1 none LEFT
  ZADD z 1 a 2.5 b inf c · ZADD z INCR 1 a · ZADD z NX INCR 1 a · ZADD z XX GT CH 5 a · ZINCRBY z 1 a · ZREM z none · ZCARD z · ZCOUNT z -inf +inf
  ZLEXCOUNT z - + · ZSCORE z a · ZSCORE z none · ZSCORE none a · ZMSCORE z a none · ZRANK z a · ZRANK z none · ZREVRANK z a · ZSCAN z 0
  ZRANGE z 0 -1 · ZRANGE z 0 -1 WITHSCORES · ZRANGE none 0 -1 WITHSCORES · ZRANGE z 0 -1 REV WITHSCORES · ZRANGE z -inf +inf BYSCORE WITHSCORES LIMIT 0 2
  ZREVRANGE z 0 -1 WITHSCORES · ZRANGEBYSCORE z -inf +inf WITHSCORES · ZRANGEBYSCORE z -inf +inf · ZREVRANGEBYSCORE z +inf -inf WITHSCORES
  ZRANGEBYLEX z - + · ZREVRANGEBYLEX z + - · ZRANGESTORE z2 z 0 0 · ZREMRANGEBYRANK z2 5 6 · ZREMRANGEBYSCORE z2 100 101 · ZREMRANGEBYLEX z2 (q (r
  ZUNION 2 z z2 · ZUNION 2 z z2 WITHSCORES · ZINTER 1 z WITHSCORES · ZDIFF 2 z none WITHSCORES · ZDIFF 2 z none · ZUNIONSTORE z3 1 z
  ZINTERSTORE z3 1 z · ZDIFFSTORE z3 1 z · ZINTERCARD 1 z · ZRANDMEMBER z2 · ZRANDMEMBER none · ZRANDMEMBER z2 1 WITHSCORES · ZRANDMEMBER z2 -2 WITHSCORES
  ZRANDMEMBER z2 1 · ZRANDMEMBER none 1 · ZADD p 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h · ZPOPMIN p · ZPOPMIN p 2 · ZPOPMIN none · ZPOPMAX p · ZPOPMAX p 1 · ZMPOP 1 p MIN
  ZMPOP 1 none MIN · BZPOPMIN p 1 · BZPOPMIN none 0.01 · BZPOPMAX p 1 · BZPOPMAX none 0.01 · ZADD p 1 a 2 b · BZMPOP 1 1 p MAX COUNT 2 · BZMPOP 0.01 1 none MIN
  HSET h f 1 · HSET h f 2 g x · HGET h f · HGET h none · HGET none f · HMGET h f none · HMGET none f · HGETALL h · HGETALL none · HKEYS h · HKEYS none · HVALS h · HVALS none
  HLEN h · HEXISTS h f · HSTRLEN h f · HSCAN h 0 · HSET h1 f v · HRANDFIELD h1 · HRANDFIELD none · HRANDFIELD h1 1 · HRANDFIELD h1 1 WITHVALUES
  HRANDFIELD h1 -2 WITHVALUES · HRANDFIELD none 1 WITHVALUES · HMSET h q 1 · HSETNX h q 1 · HDEL h q · HINCRBY h f 1 · HINCRBYFLOAT h f 1.5
  DEL none · UNLINK none · EXISTS s · TOUCH s · TYPE s · TYPE none · RENAME e e2 · RENAMENX e2 s · RENAME none x · MOVE none 1 · COPY s s2 · EXPIRE s 100 · PEXPIRE s 100000
  EXPIREAT s 99999999999 · PEXPIREAT s 99999999999999 · TTL s · TTL none · PTTL s · EXPIRETIME s · PEXPIRETIME s · PERSIST s · KEYS h1 · KEYS nothing*
  SCAN 0 MATCH nothing* COUNT 10000 · RANDOMKEY · DBSIZE · RPUSH sort 2 1 · SORT sort · SORT sort GET none* · SORT sort STORE sorted · SORT_RO sort · SORT none
  OBJECT ENCODING s · OBJECT ENCODING none · OBJECT FREQ s · OBJECT IDLETIME s · OBJECT REFCOUNT h · OBJECT HELP · MEMORY USAGE s · MEMORY USAGE none · MEMORY HELP
  MEMORY DOCTOR · MEMORY PURGE · WATCH s · UNWATCH · MULTI · HGETALL h · ZRANGE z 0 -1 WITHSCORES · GET none · SMEMBERS one · EXEC · MULTI · DISCARD
  PUBLISH news x · SPUBLISH news x · PUBSUB CHANNELS · PUBSUB NUMPAT · PUBSUB NUMSUB a · PUBSUB SHARDCHANNELS · PUBSUB SHARDNUMSUB a · PUBSUB HELP
  SUBSCRIBE news · PSUBSCRIBE n* · PING · PING x · UNSUBSCRIBE news · PUNSUBSCRIBE n* · UNSUBSCRIBE · PUNSUBSCRIBE · SSUBSCRIBE s · SUNSUBSCRIBE s · SUNSUBSCRIBE
  PING · PING x · ECHO x · HELLO · AUTH x · SELECT 0 · CLIENT ID · CLIENT INFO · CLIENT LIST · CLIENT LIST ID 1 · CLIENT KILL ID 99999 · CLIENT KILL 1.1.1.1:1 · CLIENT UNBLOCK 99999
  CLIENT PAUSE 0 · CLIENT UNPAUSE · CLIENT REPLY ON · CLIENT GETNAME · CLIENT SETNAME x · CLIENT GETNAME · CLIENT NO-EVICT ON · CLIENT HELP
  CLIENT TRACKINGINFO · CLIENT GETREDIR · CLIENT TRACKING ON OPTIN NOLOOP · CLIENT CACHING YES · CLIENT TRACKINGINFO · CLIENT TRACKING OFF
  CLIENT TRACKING ON BCAST PREFIX x · CLIENT TRACKINGINFO · CLIENT TRACKING OFF
  TIME · LASTSAVE · INFO · INFO server · INFO nothing · CONFIG GET maxmemory · CONFIG GET nothing · CONFIG GET maxmemory timeout · CONFIG SET timeout 0 · CONFIG RESETSTAT · CONFIG HELP · CONFIG REWRITE
  LOLWUT · DEBUG PROTOCOL string · DEBUG PROTOCOL integer · DEBUG PROTOCOL double · DEBUG PROTOCOL bignum · DEBUG PROTOCOL null · DEBUG PROTOCOL array · DEBUG PROTOCOL set · DEBUG PROTOCOL map · DEBUG PROTOCOL attrib · DEBUG PROTOCOL verbatim · DEBUG PROTOCOL true · DEBUG PROTOCOL false · DEBUG PROTOCOL nothing · COMMAND COUNT · COMMAND DOCS get nothing · COMMAND DOCS set · COMMAND DOCS config · COMMAND INFO get nothing set · COMMAND INFO config · COMMAND LIST FILTERBY PATTERN getde*
  COMMAND GETKEYS SET a b · COMMAND GETKEYSANDFLAGS SET a b · COMMAND HELP · COMMAND LIST FILTERBY MODULE x · COMMAND GETKEYS GET
  CONFIG SET slowlog-log-slower-than 0 · SLOWLOG GET 1 · SLOWLOG LEN · CONFIG SET slowlog-log-slower-than 10000 · SLOWLOG RESET · SLOWLOG GET · SLOWLOG HELP
  CONFIG SET latency-monitor-threshold 10 · DEBUG SLEEP 0.02 · LATENCY LATEST · LATENCY HISTORY command · LATENCY HISTORY none · LATENCY GRAPH command · LATENCY GRAPH none
  LATENCY DOCTOR · LATENCY RESET command · LATENCY HISTOGRAM ping · LATENCY HISTOGRAM nothing · LATENCY HELP
  SWAPDB 0 1 · SWAPDB 0 1 · FLUSHDB · FLUSHALL · GET · NOSUCH x
  DEBUG PROTOCOL push
`
const LINES = REQUESTS.split(/[·\n]/)
  .map(line => line.trim())
  .filter(line => line !== '')

/** Only the type of the whole reply: lists whose length is each server's own. */
const OUTSIDE_ONLY =
  /^(INFO|LOLWUT|CLIENT LIST|CLIENT INFO|PFDEBUG GETREG|(\w+ )HELP|RANDOMKEY|LATENCY HISTOGRAM ping|COMMAND DOCS [sc]|COMMAND INFO config)/
/** The types of a reply as text; strings, numbers and the rest stand for themselves by their first character. */
function shapeOf(reply: Reply): string {
  if (reply === null) return 'null'
  if (typeof reply === 'string') return '$'
  if (typeof reply === 'number' || typeof reply === 'bigint') return ':'
  if (Array.isArray(reply)) return `*[${reply.map(shapeOf).join(' ')}]`
  const typed = reply as unknown as Record<string, unknown>
  if ('error' in typed) return `-${typed.error}`
  if ('map' in typed) return `%{${(typed.map as [Reply, Reply][]).map(pair => pair.map(shapeOf).join('=')).join(' ')}}`
  if ('set' in typed) return `~[${(typed.set as Reply[]).map(shapeOf).join(' ')}]`
  if ('push' in typed) return `>[${(typed.push as Reply[]).map(shapeOf).join(' ')}]`
  if ('verbatim' in typed) return `=${typed.format}`
  if ('attributes' in typed) return `|${JSON.stringify(typed.attributes)} ${shapeOf(typed.reply as Reply)}`
  return Object.keys(typed).join()
}

function shapeOfBytes(bytes: string, line: string): string {
  const reader = new ReplyReader()
  reader.feed(Buffer.from(bytes, 'latin1'))
  const reply = reader.next()
  // A null has two forms in RESP2 and one in RESP3.
  if (reply === null) return bytes.slice(0, 2)
  const shape = shapeOf(reply as Reply)
  return OUTSIDE_ONLY.test(line) ? shape.slice(0, 1) : shape
}

async function shapes(port: number, protocol: string): Promise<string[]> {
  const wire = await Wire.open(port)
  try {
    const [, ...replies] = await wire.batch([['HELLO', protocol], ...LINES.map(line => wordsOf(line) as Command)])
    return replies.map((bytes, i) => `${LINES[i]}  ${shapeOfBytes(bytes, LINES[i] ?? '')}`)
  } finally {
    wire.close()
  }
}

const hasRedis = installed('redis-server')

test.if(hasRedis).each(['2', '3'])('replies have the types of Redis in RESP%s', async protocol => {
  await besideRedis(async ports => {
    const [redis, ours] = [await shapes(ports.redis, protocol), await shapes(ports.ours, protocol)]
    expect(ours).toEqual(redis)
  })
})
