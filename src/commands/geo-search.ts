// GEOSEARCH and GEORADIUS with their kin: the members of a sorted set in a circle or a box on the map, replied or stored.

import { buildValue, readValue, replaceValue, room } from '../store/collections.ts'
import { GeoResults } from '../values/geo-search.ts'
import { distanceText, Position } from '../values/geohash.ts'
import { SortedSet } from '../values/zset.ts'
import type { Args } from './args.ts'
import type { Command, KeySpec, ReadContext, WriteContext } from './command.ts'
import { type GeoForm, GeoQuery } from './geo-query.ts'
import { READ_ONE } from './key-specs.ts'

const zset = new SortedSet()
const built = new SortedSet()
const query = new GeoQuery()
const results = new GeoResults()
const position = new Position()

/** Reads the request and looks; how many results are wanted of those found. */
function find(ctx: ReadContext, args: Args, form: GeoForm): number {
  const exists = readValue(ctx.keys, args, form.source, zset)
  query.parse(args, form, exists ? zset : undefined)
  if (!exists) return 0
  const { count } = query
  results.find(zset, query.shape, query.any ? count : 0)
  const wanted = count === 0 ? results.length : Math.min(count, results.length)
  results.sort(query.order, wanted)
  return wanted
}

function replyResults(ctx: ReadContext, wanted: number): void {
  const { reply } = ctx
  const { withDistance, withHash, withPosition } = query
  const parts = 1 + (withDistance ? 1 : 0) + (withHash ? 1 : 0) + (withPosition ? 1 : 0)
  reply.array(wanted)
  for (let i = 0; i < wanted; i++) {
    const result = results.order[i]
    results.load(zset, result)
    if (parts > 1) reply.array(parts)
    reply.bulk(zset.buf, zset.start, zset.end)
    if (withDistance) reply.bulkText(distanceText(results.distances[result] / query.shape.metres))
    if (withHash) replyHash(ctx, results.scores[result])
    if (withPosition) replyPosition(ctx, results.scores[result])
  }
}

/** The score, cut off to a 64-bit integer. */
function replyHash(ctx: ReadContext, score: number): void {
  if (Number.isSafeInteger(score)) ctx.reply.int(score)
  else ctx.reply.int64(BigInt(Math.trunc(score)))
}

export function replyPosition(ctx: ReadContext, score: number): void {
  position.decode(score)
  ctx.reply.array(2)
  ctx.reply.humanDouble(position.longitude)
  ctx.reply.humanDouble(position.latitude)
}

/** Makes the results the sorted set at keys.at. */
function storeResults(ctx: WriteContext, wanted: number): void {
  const { keys } = ctx
  let bytes = 0
  for (let i = 0; i < wanted; i++) {
    results.load(zset, results.order[i])
    bytes += zset.end - zset.start
  }
  room(keys, keys.at, zset.roomFor(wanted, bytes))
  buildValue(keys, keys.at, built)
  try {
    for (let i = 0; i < wanted; i++) {
      const result = results.order[i]
      results.load(zset, result)
      const score = query.storeDistances ? results.distances[result] / query.shape.metres : results.scores[result]
      if (!built.find(zset.buf, zset.start, zset.end)) built.insert(score, zset.buf, zset.start, zset.end)
    }
  } catch (error) {
    built.release()
    throw error
  }
  replaceValue(keys, keys.at, built, 0)
}

function search(ctx: ReadContext, args: Args, form: GeoForm): void {
  replyResults(ctx, find(ctx, args, form))
}

function searchOrStore(ctx: WriteContext, args: Args, form: GeoForm, event: string): void {
  const { keys, reply } = ctx
  const wanted = find(ctx, args, form)
  if (query.storeAt === 0) {
    replyResults(ctx, wanted)
    return
  }
  const old = keys.open(args, query.storeAt)
  if (wanted > 0) {
    storeResults(ctx, wanted)
    keys.dirty += wanted - 1
    keys.commit(keys.at, event)
  } else if (old !== 0) keys.remove(keys.at, 'del')
  reply.int(wanted)
}

const AROUND_DEGREES: GeoForm = { source: 1, center: 'degrees', store: 'option' }
const AROUND_MEMBER: GeoForm = { source: 1, center: 'member', store: 'option' }
const AROUND_DEGREES_ONLY: GeoForm = { source: 1, center: 'degrees', store: 'never' }
const AROUND_MEMBER_ONLY: GeoForm = { source: 1, center: 'member', store: 'never' }
const BY_OPTIONS: GeoForm = { source: 1, center: 'option', store: 'never' }
const BY_OPTIONS_STORED: GeoForm = { source: 2, center: 'option', store: 'always' }

const UNIT = '<unit: M | KM | FT | MI>'
const SHAPE = `<from: FROMMEMBER member | FROMLONLAT <longitude(double) latitude(double)>> <by: <circle: BYRADIUS radius(double) ${UNIT}> | <box: BYBOX width(double) height(double) ${UNIT}>>`
const ORDER = '[order: ASC | DESC]'
const COUNT = '[count: COUNT count [ANY]]'
const WITH = '[WITHCOORD] [WITHDIST] [WITHHASH]'
const RADIUS = `radius(double) ${UNIT} ${WITH} ${COUNT} ${ORDER}`
const STORE = '[STORE key(key#1)] [STOREDIST key(key#2)]'
const COST = 'O(N+log(M)) for N members in the squares around the shape and M members in all'

/** STORE and STOREDIST stand at word `from` or later. */
function mayStore(from: number): readonly KeySpec[] {
  return [
    ...READ_ONE,
    { at: from, after: 'STORE', last: 0, step: 1, flags: ['OW', 'update'] },
    { at: from, after: 'STOREDIST', last: 0, step: 1, flags: ['OW', 'update'] },
  ]
}

export const geoSearches: readonly Command[] = [
  {
    name: 'geosearch',
    syntax: `key ${SHAPE} ${ORDER} ${COUNT} ${WITH}`,
    effect: 'read',
    group: 'geo',
    since: '6.2.0',
    complexity: COST,
    summary: 'Gives the members in a circle or a box around a place or a member.',
    flags: [],
    keys: READ_ONE,
    history: [['7.0.0', 'Units in any case.']],
    run: (ctx, args) => search(ctx, args, BY_OPTIONS),
  },
  {
    name: 'geosearchstore',
    syntax: `destination source ${SHAPE} ${ORDER} ${COUNT} [STOREDIST]`,
    effect: 'write',
    group: 'geo',
    since: '6.2.0',
    complexity: COST,
    summary: 'Stores the members in a circle or a box as another sorted set, with their places or distances.',
    flags: ['denyoom'],
    keys: [
      { at: 1, last: 0, step: 1, flags: ['OW', 'update'] },
      { at: 2, last: 0, step: 1, flags: ['RO', 'access'] },
    ],
    history: [['7.0.0', 'Units in any case.']],
    run: (ctx, args) => searchOrStore(ctx, args, BY_OPTIONS_STORED, 'geosearchstore'),
  },
  {
    name: 'georadius',
    syntax: `key longitude(double) latitude(double) ${RADIUS} ${STORE}`,
    effect: 'write',
    group: 'geo',
    since: '3.2.0',
    complexity: COST,
    summary: 'Gives or stores the members in a circle around a place.',
    flags: ['denyoom'],
    keys: mayStore(6),
    deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument' },
    history: [
      ['6.2.0', 'Option `ANY` of `COUNT`.'],
      ['7.0.0', 'Units in any case.'],
    ],
    run: (ctx, args) => searchOrStore(ctx, args, AROUND_DEGREES, 'georadiusstore'),
  },
  {
    name: 'georadiusbymember',
    syntax: `key member ${RADIUS} ${STORE}`,
    effect: 'write',
    group: 'geo',
    since: '3.2.0',
    complexity: COST,
    summary: 'Gives or stores the members in a circle around another member.',
    flags: ['denyoom'],
    keys: mayStore(5),
    deprecated: {
      since: '6.2.0',
      replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
    },
    history: [['7.0.0', 'Units in any case.']],
    run: (ctx, args) => searchOrStore(ctx, args, AROUND_MEMBER, 'georadiusstore'),
  },
  {
    name: 'georadius_ro',
    syntax: `key longitude(double) latitude(double) ${RADIUS}`,
    effect: 'read',
    group: 'geo',
    since: '3.2.10',
    complexity: COST,
    summary: 'As GEORADIUS, without storing.',
    flags: [],
    keys: READ_ONE,
    deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` with the `BYRADIUS` argument' },
    history: [['6.2.0', 'Option `ANY` of `COUNT`.']],
    run: (ctx, args) => search(ctx, args, AROUND_DEGREES_ONLY),
  },
  {
    name: 'georadiusbymember_ro',
    syntax: `key member ${RADIUS}`,
    effect: 'read',
    group: 'geo',
    since: '3.2.10',
    complexity: COST,
    summary: 'As GEORADIUSBYMEMBER, without storing.',
    flags: [],
    keys: READ_ONE,
    deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments' },
    run: (ctx, args) => search(ctx, args, AROUND_MEMBER_ONLY),
  },
]
