// Places as numbers: what Redis 7.0.15 makes of them, and searches against looking at every place.

import { describe, expect, test } from 'bun:test'
import { formatHuman } from '../../src/bytes/double.ts'
import { Random } from '../../src/store/random.ts'
import { GeoShape } from '../../src/values/geo-shape.ts'
import {
  distance,
  distanceText,
  geohashText,
  interleave,
  LATITUDE_MAX,
  latitudeDistance,
  Position,
  radians,
  scoreOfPosition,
} from '../../src/values/geohash.ts'

const position = new Position()
const PALERMO_SCORE = 3479099956230698

/** Longitude, latitude, ZSCORE, GEOHASH, GEOPOS, GEODIST from Palermo: recorded from Redis 7.0.15. */
const RECORDED: readonly (readonly [number, number, number, string, string, string, string])[] = [
  [0, 0, 3377699720527872, 's0000000000', '0.00000268220901489', '0.00000126736058093', '4454733.0204'],
  [-180, -85.05112878, 0, '00bh0hbj200', '-179.99999731779098511', '-85.05112751263942528', '14784257.5187'],
  [180, 85.05112878, 13510798882111488, 'bp05b5048p0', '180', '85.0511287799999991', '6307362.7206'],
  [13.361389, 38.115556, 3479099956230698, 'sqc8b49rny0', '13.36138933897018433', '38.11555639549629859', '0.0000'],
  [
    15.087269,
    37.502669,
    3479447370796909,
    'sqdtr74hyu0',
    '15.08726745843887329',
    '37.50266842333162032',
    '166274.1516',
  ],
  [
    -122.27652,
    37.805186,
    1367952638197536,
    '9q9p1d0znt0',
    '-122.27652043104171753',
    '37.80518485897756165',
    '10431665.6681',
  ],
  [
    151.2093,
    -33.8688,
    3252046221964352,
    'r3gx2f77bj0',
    '151.20929986238479614',
    '-33.86880091934155956',
    '16230616.4547',
  ],
  [
    -0.0000001,
    0.0000001,
    1876499844737706,
    'ebpbpbpbpb0',
    '-0.00000268220901489',
    '0.00000126736058093',
    '4454733.1890',
  ],
  [
    179.9999999,
    -60.5,
    3073890828938986,
    'pvpzzfrczy0',
    '179.99999731779098511',
    '-60.50000086320581261',
    '17360989.2143',
  ],
  [2.352222, 48.856614, 3663832779125286, 'u09tvw0f6t0', '2.35221952199935913', '48.85661473867625659', '1485554.2795'],
]

describe('as Redis', () => {
  for (const [longitude, latitude, score, hash, east, north, apart] of RECORDED) {
    test(`${longitude} ${latitude}`, () => {
      expect(scoreOfPosition(longitude, latitude)).toBe(score)
      position.decode(score)
      expect([formatHuman(position.longitude), formatHuman(position.latitude)]).toEqual([east, north])
      expect(geohashText(position.longitude, position.latitude)).toBe(hash)
      const palermo = new Position()
      palermo.decode(PALERMO_SCORE)
      const metres = distance(palermo.longitude, palermo.latitude, position.longitude, position.latitude)
      expect(distanceText(metres)).toBe(apart)
    })
  }
})

test('bits of column and row take turns', () => {
  expect(interleave(0b101, 0b011)).toBe(0b100111)
  expect(interleave(2 ** 26 - 1, 0)).toBe(0xaaaaaaaaaaaaa)
  expect(interleave(0, 2 ** 26 - 1)).toBe(0x5555555555555)
})

test('a place is found again within a metre', () => {
  const random = new Random(2)
  for (let i = 0; i < 2000; i++) {
    const longitude = random.fraction() * 360 - 180
    const latitude = (random.fraction() * 2 - 1) * LATITUDE_MAX
    position.decode(scoreOfPosition(longitude, latitude))
    expect(distance(longitude, latitude, position.longitude, position.latitude)).toBeLessThan(1)
  }
})

test('distances have four decimals, half-way the even one', () => {
  expect([0, 0.00005, 0.03125, 0.09375, 166274.15156960033].map(distanceText)).toEqual([
    ...['0.0000', '0.0000', '0.0312', '0.0938', '166274.1516'],
  ])
  expect(distanceText(Number.NaN)).toBe('-922337203685477.5808')
})

describe('a search looks at the squares of', () => {
  for (const kind of ['circle', 'box'] as const) {
    test(`a ${kind}, and misses nothing that lies in it`, () => {
      const random = new Random(4)
      const shape = new GeoShape()
      for (let round = 0; round < 300; round++) {
        const metres = 10 ** (1 + random.below(5)) * (1 + random.fraction() * 9)
        shape.kind = kind
        shape.center.longitude = random.fraction() * 240 - 120
        shape.center.latitude = random.fraction() * 100 - 50
        shape.radius = shape.width = metres
        shape.height = metres * random.fraction()
        shape.cover()
        const degrees = (3 * metres) / 111_000
        for (let i = 0; i < 100; i++) {
          const longitude = shape.center.longitude + (random.fraction() - 0.5) * degrees
          const latitude = shape.center.latitude + (random.fraction() - 0.5) * degrees
          if (Math.abs(latitude) > 70 || Math.abs(longitude) > 170) continue
          const score = scoreOfPosition(longitude, latitude)
          position.decode(score)
          if (shape.distanceTo(position) < 0) continue
          const seen = Array.from(
            { length: shape.squares },
            (_, k) => score >= (shape.low[k] ?? 0) && score < (shape.high[k] ?? 0),
          )
          expect(seen.filter(Boolean)).toHaveLength(1)
        }
      }
    })
  }
})

describe('what degrees rule out lies outside by the formula', () => {
  for (const kind of ['circle', 'box'] as const) {
    test(`a ${kind}, up to the poles and across the map's edge`, () => {
      const random = new Random(5)
      const shape = new GeoShape()
      const place = new Position()
      for (let round = 0; round < 500; round++) {
        const metres = 10 ** random.below(8) * (1 + random.fraction() * 9)
        shape.kind = kind
        shape.center.longitude = random.fraction() * 360 - 180
        shape.center.latitude = random.fraction() * 170 - 85
        shape.radius = metres
        shape.width = metres * random.fraction() * 2
        shape.height = metres * random.fraction() * 2
        shape.cover()
        const { longitude, latitude } = shape.center
        for (let i = 0; i < 100; i++) {
          // From far away to right at the edge.
          const degrees = (metres / 111_000) * (i % 2 === 0 ? 4 : 1.02)
          place.latitude = Math.max(-85, Math.min(85, latitude + (random.fraction() - 0.5) * degrees))
          place.longitude = longitude + ((random.fraction() - 0.5) * degrees) / Math.cos(radians(place.latitude))
          if (!(Math.abs(place.longitude) <= 180)) place.longitude = random.fraction() * 360 - 180
          const found = distance(longitude, latitude, place.longitude, place.latitude)
          const lies =
            kind === 'circle'
              ? !(found > metres)
              : !(latitudeDistance(place.latitude, latitude) > shape.height / 2) &&
                !(distance(place.longitude, place.latitude, longitude, place.latitude) > shape.width / 2)
          expect(shape.distanceTo(place)).toBe(lies ? found : -1)
        }
      }
    })
  }
})
