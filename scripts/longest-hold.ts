// `bun scripts/longest-hold.ts`: how long the loop is held by what makes a large value go, and by the slices that free it
// afterwards, in processor time. One line for each type and end; the whole server runs in this process, without sockets.
//   --elements N   of each value, and keys for the flushes (5000000)
//   --only WORD    only what has this word in its name

import { dlopen, FFIType } from 'bun:ffi'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/store/clock.ts'
import { type Client, Engine } from '../test/support/engine.ts'

const { values } = parseArgs({
  options: { elements: { type: 'string', default: '5000000' }, only: { type: 'string', default: '' } },
})
const elements = Number(values.elements)
const AT_ONCE = 10_000

type Words = readonly string[]

/** The words for elements `i` on. */
const TYPES: Readonly<Record<string, readonly [command: string, words: (i: number) => Words]>> = {
  set: ['SADD', i => [`member:${i}`]],
  hash: ['HSET', i => [`field:${i}`, `value:${i}`]],
  zset: ['ZADD', i => [String((i * 7919) % 1_000_003), `member:${i}`]],
  list: ['RPUSH', i => [`element:${i}`]],
}

const SMALL: Readonly<Record<string, Words>> = {
  set: ['SADD', 'small', 'a'],
  hash: ['HSET', 'small', 'a', '1'],
  zset: ['ZADD', 'small', '1', 'a'],
  list: ['RPUSH', 'small', 'a'],
}

/** What makes a value go, by name; the last call of each is measured. */
const ENDS: Readonly<Record<string, readonly Words[]>> = {
  DEL: [['DEL', 'big']],
  UNLINK: [['UNLINK', 'big']],
  SET: [['SET', 'big', '1']],
  RENAME: [['RENAME', 'small', 'big']],
  expiry: [
    ['PEXPIRE', 'big', '1'],
    ['GET', 'big'],
  ],
  FLUSHDB: [['FLUSHDB']],
  FLUSHALL: [['FLUSHALL']],
}

const MORE: Readonly<Record<string, Readonly<Record<string, readonly Words[]>>>> = {
  set: {
    SUNIONSTORE: [['SUNIONSTORE', 'big', 'small']],
    SPOP: [['SPOP', 'big', String(elements - 3)]],
    'SPOP all': [['SPOP', 'big', String(elements)]],
  },
  zset: {
    ZREMRANGEBYRANK: [['ZREMRANGEBYRANK', 'big', '3', '-1']],
    ZREMRANGEBYSCORE: [['ZREMRANGEBYSCORE', 'big', '(1', '+inf']],
    ZRANGESTORE: [['ZRANGESTORE', 'big', 'small', '0', '-1']],
  },
  list: {
    LTRIM: [['LTRIM', 'big', '2500', '2502']],
    SORT: [['SORT', 'small', 'ALPHA', 'STORE', 'big']],
  },
  hash: {},
}

const { symbols } = dlopen('libc.so.6', { clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 } })
const CLOCK_THREAD_CPUTIME_ID = 3
const timespec = new BigInt64Array(2)

/** What the engine has is only as exact as the kernel's tick. */
function threadMs(): number {
  symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, timespec)
  return Number(timespec[0]) * 1000 + Number(timespec[1]) / 1e6
}

/** Of this thread alone: the compiler and the collector have their own. */
function milliseconds(work: () => void): number {
  const before = threadMs()
  work()
  return threadMs() - before
}

function fill(client: Client, type: string): void {
  const [command, words] = TYPES[type] as (typeof TYPES)[string]
  for (let i = 0; i < elements; i += AT_ONCE) {
    const many = Array.from({ length: Math.min(AT_ONCE, elements - i) }, (_, j) => words(i + j)).flat()
    client.call(command, 'big', ...many)
  }
}

function measure(name: string, client: Client, engine: Engine, calls: readonly Words[]): void {
  for (const call of calls.slice(0, -1)) client.call(...call)
  engine.clock.advance(10)
  const hold = milliseconds(() => client.call(...(calls.at(-1) as Words)))
  let longest = 0
  let slices = 0
  let all = 0
  for (let more = true; more; slices++) {
    const took = milliseconds(() => {
      more = engine.server.expiry.slice()
    })
    all += took
    longest = Math.max(longest, took)
  }
  const figures = [hold, longest, all].map(ms => ms.toFixed(2).padStart(9)).join(' ')
  console.log(`${name.padEnd(24)} ${figures} ${String(slices).padStart(7)}`)
}

console.log(`${'ms of processor time'.padEnd(24)}   command  longest      all  slices`)
const engine = new Engine({ maxmemory: '1900mb' })
// Slices look at the time that passes; deadlines stay with the clock that stands still.
engine.clock.nowNs = () => systemClock.nowNs()
let client = engine.connect()
for (const type of Object.keys(TYPES)) {
  for (const [end, calls] of Object.entries({ ...ENDS, ...MORE[type] })) {
    const name = `${type} ${end}`
    if (!name.includes(values.only)) continue
    // The last reply may have been longer than one client takes in a turn.
    client.leave()
    client = engine.connect()
    client.call('FLUSHALL')
    while (engine.server.expiry.slice());
    client.call(...(SMALL[type] as Words))
    fill(client, type)
    measure(name, client, engine, calls)
  }
}
for (const end of ['FLUSHDB', 'FLUSHALL', 'NS DROP other']) {
  const name = `keys ${end}`
  if (!name.includes(values.only)) continue
  client.leave()
  client = engine.connect()
  client.call('FLUSHALL')
  while (engine.server.expiry.slice());
  for (let i = 0; i < elements; i += AT_ONCE) {
    const pairs = Array.from({ length: AT_ONCE }, (_, j) => [`other/key:${i + j}`, `value:${i + j}`]).flat()
    client.call('MSET', ...pairs)
  }
  measure(name, client, engine, [end.split(' ')])
}
