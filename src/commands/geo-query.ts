// What a request of the GEOSEARCH and GEORADIUS families asks for: the shape, the order, what to reply or where to store.
// The families share their options; a form says what else a command takes.

import { fromText } from '../bytes/ascii.ts'
import {
  COUNT_MUST_BE_POSITIVE,
  GEO_ANY_WITHOUT_COUNT,
  GEO_BOX_NEGATIVE,
  GEO_HEIGHT,
  GEO_MEMBER,
  GEO_RADIUS,
  GEO_RADIUS_NEGATIVE,
  GEO_UNIT,
  GEO_WIDTH,
  geoOptionMissing,
  geoStoreOptions,
  invalidPosition,
  SYNTAX,
} from '../resp/errors.ts'
import type { GeoOrder } from '../values/geo-search.ts'
import { GeoShape } from '../values/geo-shape.ts'
import { LATITUDE_MAX, LONGITUDE_MAX, type Position } from '../values/geohash.ts'
import type { SortedSet } from '../values/zset.ts'
import type { Args } from './args.ts'

/** What tells the commands of the two families apart. */
export interface GeoForm {
  /** The word with the sorted set. */
  readonly source: number
  /** The center: in the words behind the source, as degrees or as a member, or an option. */
  readonly center: 'degrees' | 'member' | 'option'
  /** Whether results may be stored: never, when an option says so, or always under the key in word 1. */
  readonly store: 'never' | 'option' | 'always'
}

interface Unit {
  readonly word: Uint8Array
  readonly metres: number
}

const UNITS: readonly Unit[] = [
  { word: fromText('m'), metres: 1 },
  { word: fromText('km'), metres: 1000 },
  { word: fromText('ft'), metres: 0.3048 },
  { word: fromText('mi'), metres: 1609.34 },
]

/** Metres of the unit in word `i`. */
export function unitAt(args: Args, i: number): number {
  for (const { word, metres } of UNITS) if (args.is(i, word)) return metres
  throw GEO_UNIT
}

/** Reads the longitude in word `i` and the latitude behind it. Throws unless they lie on the map. */
export function readPosition(args: Args, i: number, position: Position): void {
  const longitude = args.double(i)
  const latitude = args.double(i + 1)
  if (!(Math.abs(longitude) <= LONGITUDE_MAX && Math.abs(latitude) <= LATITUDE_MAX)) {
    throw invalidPosition(longitude, latitude)
  }
  position.longitude = longitude
  position.latitude = latitude
}

export class GeoQuery {
  readonly shape = new GeoShape()
  order: GeoOrder = 'none'
  /** Results wanted, 0 for all. */
  count = 0
  /** Any of them will do, not the nearest. */
  any = false
  withDistance = false
  withHash = false
  withPosition = false
  /** The word with the key under which to store, 0 for none; and whether distances become the scores. */
  storeAt = 0
  storeDistances = false

  private centered: 'no' | 'member' | 'degrees' = 'no'
  private shaped: 'no' | 'circle' | 'box' = 'no'
  private form: GeoForm = { source: 1, center: 'option', store: 'never' }
  private zset: SortedSet | undefined

  /** Reads a request. `zset` is the source, undefined when there is none: then no member can be looked for in it. */
  parse(args: Args, form: GeoForm, zset: SortedSet | undefined): void {
    this.reset(form, zset)
    let i = form.source + 1
    if (form.center === 'degrees') {
      readPosition(args, i, this.shape.center)
      this.circle(args, i + 2)
      i += 4
    } else if (form.center === 'member') {
      if (zset !== undefined) {
        this.centerOnMember(args, i)
        this.circle(args, i + 1)
      }
      i += 3
    }
    while (i < args.count) i = this.option(args, i)
    this.check(args)
  }

  private reset(form: GeoForm, zset: SortedSet | undefined): void {
    this.form = form
    this.zset = zset
    this.order = 'none'
    this.count = 0
    this.any = this.withDistance = this.withHash = this.withPosition = this.storeDistances = false
    this.storeAt = form.store === 'always' ? 1 : 0
    this.centered = 'no'
    this.shaped = 'no'
  }

  /** Reads the option in word `i`; returns the word behind it. */
  private option(args: Args, i: number): number {
    for (const { word, values, read } of OPTIONS) {
      if (args.is(i, word) && i + values < args.count && read(this, args, i + 1)) return i + 1 + values
    }
    throw SYNTAX
  }

  private check(args: Args): void {
    const { form } = this
    if (this.storeAt > 0 && (this.withDistance || this.withHash || this.withPosition)) {
      throw geoStoreOptions(form.center === 'option' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS')
    }
    if (form.center === 'option' && this.centered === 'no') {
      throw geoOptionMissing('FROMMEMBER or FROMLONLAT', args.text(0))
    }
    if (form.center === 'option' && this.shaped === 'no') {
      throw geoOptionMissing('BYRADIUS and BYBOX', args.text(0))
    }
    if (this.any && this.count === 0) throw GEO_ANY_WITHOUT_COUNT
    // The first few of no order would be any: the nearest are meant.
    if (this.count > 0 && this.order === 'none' && !this.any) this.order = 'nearest'
  }

  private centerOnMember(args: Args, i: number): void {
    const { zset } = this
    if (zset === undefined) return
    if (!zset.find(args.buf, args.starts[i], args.ends[i])) throw GEO_MEMBER
    this.shape.center.decode(zset.score)
  }

  private circle(args: Args, i: number): void {
    const radius = args.double(i, GEO_RADIUS)
    if (radius < 0) throw GEO_RADIUS_NEGATIVE
    this.shape.metres = unitAt(args, i + 1)
    this.shape.radius = radius
    this.shape.kind = 'circle'
  }

  private box(args: Args, i: number): void {
    const width = args.double(i, GEO_WIDTH)
    const height = args.double(i + 1, GEO_HEIGHT)
    if (width < 0 || height < 0) throw GEO_BOX_NEGATIVE
    this.shape.metres = unitAt(args, i + 2)
    this.shape.width = width
    this.shape.height = height
    this.shape.kind = 'box'
  }

  readCount(args: Args, i: number): void {
    this.count = args.int(i)
    if (this.count <= 0) throw COUNT_MUST_BE_POSITIVE
  }

  /** STORE and STOREDIST of GEORADIUS. */
  storeUnder(i: number, distances: boolean): boolean {
    if (this.form.store !== 'option') return false
    this.storeAt = i
    this.storeDistances = distances
    return true
  }

  /** STOREDIST of GEOSEARCHSTORE. */
  scoreByDistance(): boolean {
    if (this.form.store !== 'always') return false
    this.storeDistances = true
    return true
  }

  fromMember(args: Args, i: number): boolean {
    if (this.form.center !== 'option' || this.centered === 'degrees') return false
    this.centerOnMember(args, i)
    this.centered = 'member'
    return true
  }

  fromDegrees(args: Args, i: number): boolean {
    if (this.form.center !== 'option' || this.centered === 'member') return false
    readPosition(args, i, this.shape.center)
    this.centered = 'degrees'
    return true
  }

  byRadius(args: Args, i: number): boolean {
    if (this.form.center !== 'option' || this.shaped === 'box') return false
    this.circle(args, i)
    this.shaped = 'circle'
    return true
  }

  byBox(args: Args, i: number): boolean {
    if (this.form.center !== 'option' || this.shaped === 'circle') return false
    this.box(args, i)
    this.shaped = 'box'
    return true
  }
}

interface Option {
  readonly word: Uint8Array
  /** Words that follow on it. */
  readonly values: number
  /** Reads those from word `i` on; false when this command does not know the option, or not here. */
  readonly read: (query: GeoQuery, args: Args, i: number) => boolean
}

function option(name: string, values: number, read: Option['read']): Option {
  return { word: fromText(name), values, read }
}

/** An option that is always known. */
function plain(name: string, values: number, set: (query: GeoQuery, args: Args, i: number) => void): Option {
  return option(name, values, (query, args, i) => {
    set(query, args, i)
    return true
  })
}

const OPTIONS: readonly Option[] = [
  option('byradius', 2, (query, args, i) => query.byRadius(args, i)),
  option('bybox', 3, (query, args, i) => query.byBox(args, i)),
  option('fromlonlat', 2, (query, args, i) => query.fromDegrees(args, i)),
  option('frommember', 1, (query, args, i) => query.fromMember(args, i)),
  plain('asc', 0, query => {
    query.order = 'nearest'
  }),
  plain('desc', 0, query => {
    query.order = 'farthest'
  }),
  plain('count', 1, (query, args, i) => query.readCount(args, i)),
  plain('any', 0, query => {
    query.any = true
  }),
  plain('withdist', 0, query => {
    query.withDistance = true
  }),
  plain('withcoord', 0, query => {
    query.withPosition = true
  }),
  plain('withhash', 0, query => {
    query.withHash = true
  }),
  option('store', 1, (query, _args, i) => query.storeUnder(i, false)),
  option('storedist', 1, (query, _args, i) => query.storeUnder(i, true)),
  option('storedist', 0, query => query.scoreByDistance()),
]
