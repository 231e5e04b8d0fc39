// Places on earth as members of a sorted set: GEOADD, and what GEOPOS, GEODIST and GEOHASH say of them.

import { fromText } from '../bytes/ascii.ts'
import { SYNTAX } from '../resp/errors.ts'
import { commitValue, makeValue, openValue, readValue, room, settleValue } from '../store/collections.ts'
import { distance, distanceText, geohashText, Position, scoreOfPosition } from '../values/geohash.ts'
import { SortedSet } from '../values/zset.ts'
import type { Args } from './args.ts'
import type { Command, ReadContext, WriteContext } from './command.ts'
import { readPosition, unitAt } from './geo-query.ts'
import { replyPosition } from './geo-search.ts'
import { READ_ONE, UPDATE_ONE } from './key-specs.ts'

const NX = fromText('nx')
const XX = fromText('xx')
const CH = fromText('ch')
/** Words of a member: longitude, latitude, name. */
const STEP = 3
/** Scores that are kept room for between requests. */
const KEPT_SCORES = 4096

const zset = new SortedSet()
const position = new Position()
const other = new Position()

class AddOptions {
  nx = false
  xx = false
  ch = false
  /** The word with the first longitude. */
  from = 2
  /** Of the members, in order: long decimals cost too much to be read twice. */
  scores = new Float64Array(16)

  parse(args: Args): void {
    this.nx = this.xx = this.ch = false
    let i = 2
    for (; i < args.count; i++) {
      if (args.is(i, NX)) this.nx = true
      else if (args.is(i, XX)) this.xx = true
      else if (args.is(i, CH)) this.ch = true
      else break
    }
    this.from = i
    const words = args.count - i
    if (words === 0 || words % STEP !== 0 || (this.nx && this.xx)) throw SYNTAX
    this.makeRoom(words / STEP)
    for (let n = 0; i < args.count; i += STEP, n++) {
      readPosition(args, i, position)
      this.scores[n] = scoreOfPosition(position.longitude, position.latitude)
    }
  }

  private makeRoom(n: number): void {
    const room = this.scores.length
    if (n > room || (room > KEPT_SCORES && n <= KEPT_SCORES)) this.scores = new Float64Array(Math.max(16, n))
  }
}

const options = new AddOptions()

function geoadd(ctx: WriteContext, args: Args): void {
  const { keys, reply } = ctx
  options.parse(args)
  const { from, nx, xx } = options
  const { buf, count } = args
  const exists = openValue(keys, args, 1, zset)
  if (!exists && xx) {
    reply.int(0)
    return
  }
  if (!exists) makeValue(keys, keys.at, zset)
  room(keys, keys.at, zset.roomFor((count - from) / STEP, args.ends[count - 1] - args.starts[from]))
  let added = 0
  let updated = 0
  for (let i = from; i < count; i += STEP) {
    const start = args.starts[i + 2]
    const end = args.ends[i + 2]
    const score = options.scores[(i - from) / STEP]
    if (!zset.find(buf, start, end)) {
      if (xx) continue
      zset.insert(score, buf, start, end)
      added++
    } else if (!nx && zset.score !== score) {
      zset.rescore(score, buf, start, end)
      updated++
    }
  }
  if (added + updated === 0) settleValue(keys, keys.at, zset)
  else {
    keys.dirty += added + updated - 1
    commitValue(keys, keys.at, zset, 'zadd')
  }
  reply.int(options.ch ? added + updated : added)
}

function hasMember(args: Args, i: number): boolean {
  return zset.find(args.buf, args.starts[i], args.ends[i])
}

function geopos(ctx: ReadContext, args: Args): void {
  const exists = readValue(ctx.keys, args, 1, zset)
  ctx.reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) {
    if (exists && hasMember(args, i)) replyPosition(ctx, zset.score)
    else ctx.reply.nullArray()
  }
}

function geohash(ctx: ReadContext, args: Args): void {
  const exists = readValue(ctx.keys, args, 1, zset)
  ctx.reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) {
    if (exists && hasMember(args, i)) {
      position.decode(zset.score)
      ctx.reply.bulkText(geohashText(position.longitude, position.latitude))
    } else ctx.reply.null()
  }
}

function geodist(ctx: ReadContext, args: Args): void {
  if (args.count > 5) throw SYNTAX
  const metres = args.count === 5 ? unitAt(args, 4) : 1
  if (!readValue(ctx.keys, args, 1, zset) || !hasMember(args, 2)) {
    ctx.reply.null()
    return
  }
  position.decode(zset.score)
  if (!hasMember(args, 3)) {
    ctx.reply.null()
    return
  }
  other.decode(zset.score)
  const apart = distance(position.longitude, position.latitude, other.longitude, other.latitude)
  ctx.reply.bulkText(distanceText(apart / metres))
}

export const geoCommands: readonly Command[] = [
  {
    name: 'geoadd',
    syntax:
      'key [condition: NX | XX] [change: CH] longitude(double) latitude(double) member [longitude(double) latitude(double) member ...]',
    effect: 'write',
    group: 'geo',
    since: '3.2.0',
    complexity: 'O(log(N)) for each of the members, with N members in the sorted set',
    summary: 'Adds members with their places, in degrees, to a sorted set, or moves them.',
    flags: ['denyoom'],
    keys: UPDATE_ONE,
    history: [['6.2.0', 'Options `CH`, `NX` and `XX`.']],
    run: geoadd,
  },
  {
    name: 'geopos',
    syntax: 'key member [member ...]',
    arity: -2,
    effect: 'read',
    group: 'geo',
    since: '3.2.0',
    complexity: 'O(N) for N members',
    summary: 'Gives longitude and latitude of members, null for each that is not there.',
    flags: [],
    keys: READ_ONE,
    run: geopos,
  },
  {
    name: 'geodist',
    syntax: 'key member1 member2 [unit: M | KM | FT | MI]',
    effect: 'read',
    group: 'geo',
    since: '3.2.0',
    complexity: 'O(1)',
    summary: 'Gives the distance between two members.',
    flags: [],
    keys: READ_ONE,
    run: geodist,
  },
  {
    name: 'geohash',
    syntax: 'key member [member ...]',
    arity: -2,
    effect: 'read',
    group: 'geo',
    since: '3.2.0',
    complexity: 'O(1) for each member',
    summary: 'Gives the geohashes of members, as geohash.org knows them.',
    flags: [],
    keys: READ_ONE,
    run: geohash,
  },
]
