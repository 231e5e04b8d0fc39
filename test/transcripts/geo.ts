// Places on earth: how they are kept, how far they are apart, and which lie in a circle or a box.

import { double, type Expected, OK, where } from '../support/expectation.ts'
import { type Transcript, transcript } from '../support/transcript.ts'

const SYNTAX = '-ERR syntax error'
const UNIT = '-ERR unsupported unit provided. please use M, KM, FT, MI'
const WRONG = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const FLOAT = '-ERR value is not a valid float'
const SICILY = 'GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania'
const place = (longitude: string, latitude: string): Expected => [double(longitude), double(latitude)]
const PALERMO = place('13.36138933897018433', '38.11555639549629859')
const CATANIA = place('15.08726745843887329', '37.50266842333162032')

const MEMBERS: readonly Transcript[] = [
  transcript('GEOADD keeps places as scores of a sorted set', [
    [SICILY, 2],
    [SICILY, 0],
    ['TYPE g', where('a sorted set', reply => Bun.deepEquals(reply, { simple: 'zset' }))],
    ['ZSCORE g Palermo', double('3479099956230698')],
    ['GEOPOS g Palermo none Catania', [PALERMO, null, CATANIA]],
    ['GEOPOS g', []],
    ['GEOPOS none a', [null]],
    ['GEOHASH g Palermo none Catania', ['sqc8b49rny0', null, 'sqdtr74hyu0']],
    ['GEOHASH none a', [null]],
    ['GEOADD edge 180 85.05112878 ne -180 -85.05112878 sw 0 0 middle', 3],
    ['GEOHASH edge ne sw middle', ['bp05b5048p0', '00bh0hbj200', 's0000000000']],
    [
      'GEOPOS edge ne sw',
      [place('180', '85.0511287799999991'), place('-179.99999731779098511', '-85.05112751263942528')],
    ],
  ]),
  transcript('GEOADD adds only, changes only, and counts changes', [
    ['GEOADD g NX 1 1 a', 1],
    ['GEOADD g NX 2 2 a 3 3 b', 1],
    ['GEOADD g XX CH 2 2 a 4 4 c', 1],
    ['GEOADD g CH 2 2 a 5 5 d', 1],
    ['ZCARD g', 3],
    ['GEOADD none XX 1 1 a', 0],
    ['EXISTS none', 0],
  ]),
  transcript('GEOADD checks all places before it adds the first', [
    ['GEOADD g NX XX 1 1 a', SYNTAX],
    ['GEOADD g 1 1 a 2', SYNTAX],
    ['GEOADD g NX CH NX', SYNTAX],
    ['GEOADD g 1 1 a x 2 b', FLOAT],
    ['GEOADD g 1 1 a 181 2 b', '-ERR invalid longitude,latitude pair 181.000000,2.000000'],
    ['GEOADD g 1 1 a 18 -86 b', '-ERR invalid longitude,latitude pair 18.000000,-86.000000'],
    ['GEOADD g inf 1.0078125 b', '-ERR invalid longitude,latitude pair inf,1.007812'],
    ['GEOADD g -0.0 181 b', '-ERR invalid longitude,latitude pair -0.000000,181.000000'],
    ['GEOADD g 1e21 1 b', '-ERR invalid longitude,latitude pair 1000000000000000000000.000000,1.000000'],
    ['EXISTS g', 0],
    ['SET s v', OK],
    ['GEOADD s 1 1 a', WRONG],
    ['GEOPOS s a', WRONG],
    ['GEOHASH s a', WRONG],
    ['GEODIST s a b', WRONG],
  ]),
  transcript('GEODIST measures between two members', [
    [SICILY, 2],
    ['GEODIST g Palermo Catania', '166274.1516'],
    ['GEODIST g Palermo Catania km', '166.2742'],
    ['GEODIST g Palermo Catania MI', '103.3182'],
    ['GEODIST g Palermo Catania ft', '545518.8700'],
    ['GEODIST g Palermo Palermo', '0.0000'],
    ['GEODIST g Palermo none', null],
    ['GEODIST g none Palermo', null],
    ['GEODIST none a b', null],
    ['GEODIST g Palermo Catania parsec', UNIT],
    ['GEODIST g Palermo Catania m m', SYNTAX],
  ]),
]

const SEARCHES: readonly Transcript[] = [
  transcript('GEOSEARCH finds what lies in a circle or a box', [
    [SICILY, 2],
    ['GEOADD g 12.758489 38.788135 edge1 17.241510 38.788135 edge2', 2],
    ['GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC', ['Catania', 'Palermo']],
    ['GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC', ['Palermo', 'Catania']],
    ['GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC', ['Catania', 'Palermo', 'edge2', 'edge1']],
    ['GEOSEARCH g FROMMEMBER Palermo BYRADIUS 100 km ASC', ['Palermo', 'edge1']],
    ['GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 2', ['Catania', 'Palermo']],
    ['GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1 DESC', ['edge1']],
    ['GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1 ANY', ['Palermo']],
    [
      'GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD WITHDIST WITHHASH',
      [
        ['Catania', '56.4413', 3479447370796909, CATANIA],
        ['Palermo', '190.4424', 3479099956230698, PALERMO],
      ],
    ],
    ['GEOSEARCH g FROMLONLAT -60 -30 BYRADIUS 1 m', []],
    ['GEOSEARCH none FROMMEMBER a BYRADIUS 1 m', []],
  ]),
  transcript('GEOSEARCH wants one center and one shape', [
    ['GEOADD g 1 1 a', 1],
    ['GEOSEARCH g FROMLONLAT 1 1 FROMMEMBER a BYRADIUS 1 m', SYNTAX],
    ['GEOSEARCH g FROMMEMBER a BYRADIUS 1 m BYBOX 1 1 m', SYNTAX],
    [
      'GeoSearch g BYRADIUS 1 m ASC COUNT 1',
      '-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GeoSearch',
    ],
    ['GEOSEARCH g FROMLONLAT 1 1 ASC DESC', '-ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH'],
    ['GEOSEARCH g FROMMEMBER b BYRADIUS 1 m', '-ERR could not decode requested zset member'],
    ['GEOSEARCH g FROMMEMBER a BYRADIUS x m', '-ERR need numeric radius'],
    ['GEOSEARCH g FROMMEMBER a BYRADIUS -1 m', '-ERR radius cannot be negative'],
    ['GEOSEARCH g FROMMEMBER a BYBOX x 1 m', '-ERR need numeric width'],
    ['GEOSEARCH g FROMMEMBER a BYBOX 1 x m', '-ERR need numeric height'],
    ['GEOSEARCH g FROMMEMBER a BYBOX -1 1 m', '-ERR height or width cannot be negative'],
    ['GEOSEARCH g FROMMEMBER a BYRADIUS 1 yd', UNIT],
    ['GEOSEARCH g FROMMEMBER a BYRADIUS 1 m COUNT 0', '-ERR COUNT must be > 0'],
    ['GEOSEARCH g FROMMEMBER a BYRADIUS 1 m ANY', '-ERR the ANY argument requires COUNT argument'],
    ['GEOSEARCH g FROMMEMBER a BYRADIUS 1 m STOREDIST', SYNTAX],
    ['GEOSEARCH g FROMLONLAT 500 1 BYRADIUS 1 m', '-ERR invalid longitude,latitude pair 500.000000,1.000000'],
    ['SET s v', OK],
    ['GEOSEARCH s FROMMEMBER a BYRADIUS x m', WRONG],
  ]),
  transcript('GEOSEARCHSTORE stores places or distances', [
    [SICILY, 2],
    ['SET d v EX 100', OK],
    ['GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km', 2],
    ['GEOPOS d Palermo', [PALERMO]],
    ['TTL d', -1],
    ['GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST ASC COUNT 1', 1],
    ['ZRANGE d 0 -1', ['Catania']],
    ['ZSCORE d Catania', double('56.441257870158204')],
    ['GEOSEARCHSTORE g g FROMMEMBER Palermo BYRADIUS 1 m', 1],
    ['ZRANGE g 0 -1', ['Palermo']],
    ['GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m', 0],
    ['EXISTS d', 0],
    ['SET d v', OK],
    ['GEOSEARCHSTORE d none FROMLONLAT 0 0 BYRADIUS 1 m', 0],
    ['EXISTS d', 0],
    [
      'GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m WITHDIST',
      '-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
    ],
  ]),
  transcript('a search meets members of any score', [
    ['ZADD g 1.5 half -7 minus inf infinite -inf below 9e18 large 5e-324 tiny', 6],
    ['GEOPOS g half', [place('-179.99999731779098511', '-85.05112497791824921')]],
    ['GEOPOS g infinite', [place('-179.99999731779098511', '-85.05112751263942528')]],
    ['GEOPOS g minus', [place('180', '85.0511287799999991')]],
    [
      'GEOSEARCH g FROMLONLAT -180 -85 BYRADIUS 100 km WITHHASH ASC',
      [
        ['half', 1],
        ['tiny', 0],
      ],
    ],
  ]),
]

const RADIUS: readonly Transcript[] = [
  transcript('GEORADIUS and GEORADIUSBYMEMBER find what lies in a circle', [
    [SICILY, 2],
    ['GEORADIUS g 15 37 200 km ASC', ['Catania', 'Palermo']],
    ['GEORADIUS_RO g 15 37 200 km ASC COUNT 1', ['Catania']],
    [
      'GEORADIUS g 15 37 200 km WITHDIST DESC',
      [
        ['Palermo', '190.4424'],
        ['Catania', '56.4413'],
      ],
    ],
    ['GEORADIUSBYMEMBER g Palermo 200 km ASC', ['Palermo', 'Catania']],
    ['GEORADIUSBYMEMBER_RO g Palermo 1 m', ['Palermo']],
    ['GEORADIUS none 15 37 200 km', []],
    ['GEORADIUSBYMEMBER none a x y', []],
    ['GEORADIUSBYMEMBER g a 1 m', '-ERR could not decode requested zset member'],
    ['GEORADIUS g 15 37 x km', '-ERR need numeric radius'],
    ['GEORADIUS g 15 137 1 km', '-ERR invalid longitude,latitude pair 15.000000,137.000000'],
    ['GEORADIUS g 15 37 1 km BYRADIUS 1 m', SYNTAX],
  ]),
  transcript('GEORADIUS stores what it finds when asked to', [
    [SICILY, 2],
    ['GEORADIUS g 15 37 200 km STORE d', 2],
    ['GEOHASH d Palermo', ['sqc8b49rny0']],
    ['GEORADIUSBYMEMBER g Palermo 200 km STOREDIST d', 2],
    ['ZSCORE d Palermo', double('0')],
    ['GEORADIUSBYMEMBER g Palermo 200 km STOREDIST other STORE d', 2],
    ['GEOHASH d Palermo', ['sqc8b49rny0']],
    ['EXISTS other', 0],
    ['GEORADIUS none 15 37 200 km STORE d', 0],
    ['EXISTS d', 0],
    ['GEORADIUS_RO g 15 37 200 km STORE d', SYNTAX],
    ['GEORADIUSBYMEMBER_RO g Palermo 200 km STORE d', SYNTAX],
    [
      'GEORADIUS g 15 37 200 km STORE d WITHDIST',
      '-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
    ],
  ]),
]

export const geo: readonly Transcript[] = [...MEMBERS, ...SEARCHES, ...RADIUS]
