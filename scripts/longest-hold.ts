// `bun scripts/longest-hold.ts`: how long the loop is held by what makes a large value go, and by the slices that free it
// afterwards, in processor time. One line for each type and end; the whole server runs in this process, without sockets.
// Then by changes of a large value while a save runs that has not come to it (`save` in the name), and by the save's steps.
//   --elements N   of each value, and keys for the flushes (5000000)
//   --only WORD    only what has this word in its name

import { dlopen, FFIType } from 'bun:ffi'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { commandFormat } from '../src/persist/aof/command-output.ts'
import { AtomicFile } from '../src/persist/atomic-file.ts'
import { FileQueue } from '../src/persist/file-queue.ts'
import { rdbFormat } from '../src/persist/rdb/file-output.ts'
import type { SaveFormat } from '../src/persist/save-output.ts'
import { SaveWalk } from '../src/persist/save-walk.ts'
import { snapshotFormat } from '../src/persist/snapshot-output.ts'
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

/** What changes a large value, or makes it go, while it has still to be written. */
const CHANGES: Readonly<Record<string, readonly Words[]>> = {
  set: [
    ['SADD', 'big', 'new'],
    ['SREM', 'big', 'member:5'],
    ['SPOP', 'big'],
  ],
  hash: [
    ['HSET', 'big', 'field:5', 'new'],
    ['HDEL', 'big', 'field:6'],
    ['HPEXPIRE', 'big', '100000', 'FIELDS', '1', 'field:7'],
  ],
  zset: [
    ['ZADD', 'big', '5', 'member:5'],
    ['ZPOPMIN', 'big'],
    ['ZREM', 'big', 'member:9'],
  ],
  list: [
    ['LPUSH', 'big', 'new'],
    ['RPOP', 'big'],
    ['LSET', 'big', String(elements >> 1), 'new'],
    ['LTRIM', 'big', String(elements >> 1), '-1'],
  ],
}
const GOING: readonly Words[] = [
  ['EXPIRE', 'big', '1000'],
  ['RENAME', 'big', 'bigger'],
  ['DEL', 'bigger'],
]

const SAVES: Readonly<Record<string, SaveFormat>> = {
  snapshot: snapshotFormat(0),
  RDB: rdbFormat({ kind: 'base', nowMs: 0, compression: 'on' }),
  commands: commandFormat(),
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

/** A save with the change before its first step. Without the file's end, which is no business of the loop. */
function measureSave(name: string, client: Client, engine: Engine, format: SaveFormat, call: Words): void {
  const { keys } = engine.server
  const path = join(tmpdir(), `kvns-longest-hold-${process.pid}`)
  const file = new AtomicFile(path)
  const queue = new FileQueue(file)
  keys.setNow(engine.clock.nowMs())
  const walk = new SaveWalk(keys, queue, format(queue, keys))
  const hold = milliseconds(() => client.call(...call))
  let longest = 0
  let steps = 0
  let all = 0
  for (let more = true; more; steps++) {
    const took = milliseconds(() => {
      more = walk.step()
    })
    all += took
    longest = Math.max(longest, took)
    queue.writeAll()
  }
  file.abandon()
  const figures = [hold, longest, all].map(ms => ms.toFixed(2).padStart(9)).join(' ')
  console.log(`${name.padEnd(32)} ${figures} ${String(steps).padStart(7)}`)
}

console.log(`${'ms of processor time'.padEnd(24)}   command  longest      all  slices`)
const engine = new Engine({ maxmemory: '1900mb' })
// Slices look at the time that passes; deadlines stay with the clock that stands still.
engine.clock.nowNs = () => systemClock.nowNs()
let client = engine.connect()
/** Nothing but a small key and the large one. */
function begin(type: string): void {
  // The last reply may have been longer than one client takes in a turn.
  client.leave()
  client = engine.connect()
  client.call('FLUSHALL')
  while (engine.server.expiry.slice());
  client.call(...(SMALL[type] as Words))
  fill(client, type)
}

for (const type of Object.keys(TYPES)) {
  for (const [end, calls] of Object.entries({ ...ENDS, ...MORE[type] })) {
    const name = `${type} ${end}`
    if (!name.includes(values.only)) continue
    begin(type)
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
for (const [format, save] of Object.entries(SAVES)) {
  for (const type of Object.keys(TYPES)) {
    const calls = [...(CHANGES[type] ?? []), ...GOING]
    if (!calls.some(call => `save ${format} ${type} ${call[0]}`.includes(values.only))) continue
    begin(type)
    // Compiled, as it is in a server that runs: the first save of each kind tells nothing.
    for (const call of [['SET', 'small', '1'], ...calls]) {
      const name = `save ${format} ${type} ${call[0]}`
      if (call[0] !== 'SET' && !name.includes(values.only)) continue
      measureSave(name, client, engine, save, call)
    }
  }
}
