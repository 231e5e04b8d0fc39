// What GEOSEARCH searches: a circle or a box on the map, and the squares that cover it, whose scores are all that has to be
// looked at. The squares are a square of about the shape's size with its eight neighbours, less those that lie outside.

import {
  columnOf,
  columnStart,
  degrees,
  distance,
  EARTH_RADIUS_M,
  interleave,
  latitudeDistance,
  Position,
  radians,
  rowOf,
  rowStart,
  STEP_MAX,
} from './geohash.ts'

/** The middle square and its neighbours: column and row beside it, in the order in which Redis looks at them. */
const AROUND_COLUMNS = Int32Array.of(0, 0, 0, 1, -1, 1, -1, 1, -1)
const AROUND_ROWS = Int32Array.of(0, 1, -1, 0, 0, 1, 1, -1, -1)

/** Far more than sums of doubles are off, far less than the squares of the finest map. */
const SLACK = 1e-9

/** Half of the map's width at the equator. */
const MERCATOR_MAX_M = 20037726.37

export class GeoShape {
  readonly center = new Position()
  kind: 'circle' | 'box' = 'circle'
  /** In units of `metres` each, as the next three. */
  radius = 0
  width = 0
  height = 0
  metres = 1
  /** Scores that the squares cover: from low[i] up to, not including, high[i]. */
  readonly low = new Float64Array(AROUND_ROWS.length)
  readonly high = new Float64Array(AROUND_ROWS.length)
  squares = 0

  private west = 0
  private south = 0
  private east = 0
  private north = 0

  /** Degrees that a place in the shape can be away, and a little more: what is farther needs no sines. Set by cover. */
  private mostRows = Infinity
  private mostColumns = Infinity

  /** Metres from the center to a place in the shape; -1 when it lies outside. */
  distanceTo(position: Position): number {
    const { center, metres } = this
    const { longitude, latitude } = position
    if (Math.abs(latitude - center.latitude) > this.mostRows) return -1
    const columns = Math.abs(longitude - center.longitude)
    if (columns > this.mostColumns && 360 - columns > this.mostColumns) return -1
    if (this.kind === 'box') {
      if (latitudeDistance(latitude, center.latitude) > (this.height * metres) / 2) return -1
      if (distance(longitude, latitude, center.longitude, latitude) > (this.width * metres) / 2) return -1
      return distance(center.longitude, center.latitude, longitude, latitude)
    }
    const found = distance(center.longitude, center.latitude, longitude, latitude)
    return found > this.radius * metres ? -1 : found
  }

  /** Finds the squares. To be called before distanceTo. */
  cover(): void {
    const { longitude, latitude } = this.center
    this.bound()
    if (this.kind === 'circle') this.boundCircle()
    else this.boundBox()
    let step = stepFor(this.reachM(), latitude)
    if (step > 1 && !this.isCovered(step)) step--
    const column = columnOf(longitude, step)
    const row = rowOf(latitude, step)
    // Which sides the shape does not reach beyond its own square; of two halves there is nothing to leave out.
    const fine = step >= 2
    const noSouth = fine && rowStart(row, step) < this.south
    const noNorth = fine && rowStart(row + 1, step) > this.north
    const noWest = fine && columnStart(column, step) < this.west
    const noEast = fine && columnStart(column + 1, step) > this.east
    this.squares = 0
    let before = -1
    for (let i = 0; i < AROUND_COLUMNS.length; i++) {
      const columns = AROUND_COLUMNS[i]
      const rows = AROUND_ROWS[i]
      if ((rows < 0 && noSouth) || (rows > 0 && noNorth) || (columns < 0 && noWest) || (columns > 0 && noEast)) continue
      const bits = interleave(moved(column, columns, step), moved(row, rows, step))
      // On a map of two halves, neighbours are the same square. (Redis compares with the first one never.)
      if (before >= 0 && bits === before) continue
      if (i > 0) before = bits
      const size = 2 ** (2 * (STEP_MAX - step))
      this.low[this.squares] = bits * size
      this.high[this.squares++] = (bits + 1) * size
    }
  }

  /** Metres from the center to the farthest points of the shape. */
  private reachM(): number {
    if (this.kind === 'circle') return this.radius * this.metres
    const x = this.width / 2
    const y = this.height / 2
    return Math.sqrt(x * x + y * y) * this.metres
  }

  /** The edges of the shape in degrees. */
  private bound(): void {
    const { longitude, latitude } = this.center
    const height = this.metres * (this.kind === 'circle' ? this.radius : this.height / 2)
    const width = this.metres * (this.kind === 'circle' ? this.radius : this.width / 2)
    const rows = degrees(height / EARTH_RADIUS_M)
    // The parallel nearer to the pole is the shorter one: there, so many metres are more degrees.
    const parallel = latitude < 0 ? latitude - rows : latitude + rows
    const columns = degrees(width / EARTH_RADIUS_M / Math.cos(radians(parallel)))
    this.west = longitude - columns
    this.east = longitude + columns
    this.south = latitude - rows
    this.north = latitude + rows
  }

  /** Where the meridians touch a circle: farther from the pole than its highest point, so `bound` is of no use for this. */
  private boundCircle(): void {
    const angle = (this.radius * this.metres) / EARTH_RADIUS_M
    const latitude = radians(Math.abs(this.center.latitude))
    const holdsPole = !(angle + latitude < Math.PI / 2 - SLACK)
    this.mostRows = degrees(angle) * (1 + SLACK) + SLACK
    this.mostColumns = holdsPole
      ? Infinity
      : degrees(Math.asin(Math.sin(angle) / Math.cos(latitude))) * (1 + SLACK) + SLACK
  }

  /** A width is measured along the parallel of the place: on that of the box which is nearest to a pole it is most degrees. */
  private boundBox(): void {
    const rows = (this.height * this.metres) / 2 / EARTH_RADIUS_M
    const angle = (this.width * this.metres) / 4 / EARTH_RADIUS_M
    const parallel = Math.cos(Math.min(Math.PI / 2, radians(Math.abs(this.center.latitude)) + rows))
    const sine = angle < Math.PI / 2 ? Math.sin(angle) / parallel : Infinity
    this.mostRows = degrees(rows) * (1 + SLACK) + SLACK
    // Close to 1 its arc is too far off.
    this.mostColumns = sine < 1 - SLACK ? degrees(2 * Math.asin(sine)) * (1 + SLACK) + SLACK : Infinity
  }

  /** Whether the square around the center and its neighbours at `step` reach to the edges. */
  private isCovered(step: number): boolean {
    const column = columnOf(this.center.longitude, step)
    const row = rowOf(this.center.latitude, step)
    return !(
      rowStart(moved(row, 1, step) + 1, step) < this.north ||
      rowStart(moved(row, -1, step), step) > this.south ||
      columnStart(moved(column, 1, step) + 1, step) < this.east ||
      columnStart(moved(column, -1, step), step) > this.west
    )
  }
}

/** A column or row beside another; the map is round both ways. */
function moved(index: number, by: number, step: number): number {
  return by === 0 ? index : (index + by) & (2 ** step - 1)
}

/** Halvings of the map that leave squares about as large as `reachM` metres. */
function stepFor(reachM: number, latitude: number): number {
  if (reachM === 0) return STEP_MAX
  let step = 1
  for (let m = reachM; m < MERCATOR_MAX_M; m *= 2) step++
  step -= 2
  // Towards the poles squares are narrower.
  if (Math.abs(latitude) > 66) step--
  if (Math.abs(latitude) > 80) step--
  return Math.max(1, Math.min(STEP_MAX, step))
}
