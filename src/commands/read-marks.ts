// Looks on for the policy `ear`: notes which keys of its namespaces were read. Reading means that data was asked for and
// found; looking whether a key is there, how long it is or when it expires does not count.

import type { ReplyWriter } from '../resp/writer.ts'
import type { Session } from '../session/session.ts'
import type { AfterRead } from '../store/after-read.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Place } from '../store/place.ts'
import type { Args } from './args.ts'
import { keyPositions } from './key-positions.ts'
import type { Onlooker } from './onlooker.ts'
import type { TableRow } from './table.ts'

const READING: ReadonlySet<string> = new Set(
  (
    'get mget getrange substr lrange lindex hget hgetall hkeys hvals hmget hrandfield smembers sismember smismember ' +
    'srandmember zrange zrangebyscore zrevrangebyscore zrevrange zrank zrevrank zscore zmscore zrangebylex zrevrangebylex ' +
    'zrandmember'
  ).split(' '),
)

const MINUS = 45
const ZERO = 48
const NULL = 95
const INTEGER = 58

export class ReadMarks implements Onlooker {
  private readonly keys: Keyspace
  private readonly reply: ReplyWriter
  private readonly marks: AfterRead
  private readonly isMeant: (nsHash: number) => boolean
  private readonly place: Place
  private sizeBefore = 0

  constructor(keys: Keyspace, reply: ReplyWriter, marks: AfterRead, isMeant: (nsHash: number) => boolean) {
    this.keys = keys
    this.reply = reply
    this.marks = marks
    this.isMeant = isMeant
    this.place = new Place(keys.at.shard)
  }

  before(): void {
    this.sizeBefore = this.reply.size
  }

  after(_session: Session, row: TableRow, args: Args): void {
    if (!READING.has(row.name) || !this.hasFound(row.name)) return
    const { keys, place } = this
    for (const { word } of keyPositions(row.row, args, 0) ?? []) {
      if (keys.find(place, args, word) !== 0 && this.isMeant(place.nsHash)) this.marks.mark(place)
    }
  }

  /** Whether the reply is something: no error, no null, nothing empty, and not the 0 of SISMEMBER. */
  private hasFound(name: string): boolean {
    const { buf, length, size } = this.reply
    const start = length - (size - this.sizeBefore)
    // A reply that fills buffers is one.
    if (start < 0) return true
    const kind = buf[start]
    const next = buf[start + 1]
    if (kind === MINUS || kind === NULL || next === MINUS) return kind === INTEGER
    return next !== ZERO || (kind === INTEGER && name !== 'sismember')
  }
}
