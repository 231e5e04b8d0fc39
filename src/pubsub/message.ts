// One published message on its way to many: encoded at most once for each protocol and pattern, however many receive it.

import { ReplyWriter } from '../resp/writer.ts'

/** The first word of what a subscriber gets. */
export type MessageKind = 'message' | 'smessage'

export class Message {
  private readonly kind: MessageKind
  private readonly buf: Uint8Array
  private readonly channelStart: number
  private readonly channelEnd: number
  private readonly start: number
  private readonly end: number
  private readonly plain: (Uint8Array | undefined)[] = [undefined, undefined]
  private byPattern: Map<string, (Uint8Array | undefined)[]> | undefined

  /** Channel and text lie in `buf`; it must not change before the last `encoded`. */
  constructor(
    kind: MessageKind,
    buf: Uint8Array,
    channelStart: number,
    channelEnd: number,
    start: number,
    end: number,
  ) {
    this.kind = kind
    this.buf = buf
    this.channelStart = channelStart
    this.channelEnd = channelEnd
    this.start = start
    this.end = end
  }

  /** The bytes for a client of this protocol; shared, not to be changed. `pattern` as in Deliver. */
  encoded(protocol: 2 | 3, pattern: string | undefined): Uint8Array {
    const made = pattern === undefined ? this.plain : this.madeFor(pattern)
    made[protocol - 2] ??= this.encode(protocol, pattern)
    return made[protocol - 2] as Uint8Array
  }

  private madeFor(pattern: string): (Uint8Array | undefined)[] {
    this.byPattern ??= new Map()
    const known = this.byPattern.get(pattern)
    if (known !== undefined) return known
    const made = [undefined, undefined]
    this.byPattern.set(pattern, made)
    return made
  }

  private encode(protocol: 2 | 3, pattern: string | undefined): Uint8Array {
    scratch.protocol = protocol
    if (pattern === undefined) {
      scratch.push(3)
      scratch.bulkText(this.kind)
    } else {
      scratch.push(4)
      scratch.bulkText('pmessage')
      scratch.bulkText(pattern)
    }
    scratch.bulk(this.buf, this.channelStart, this.channelEnd)
    scratch.bulk(this.buf, this.start, this.end)
    const pieces = scratch.take()
    return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)
  }
}

const scratch = new ReplyWriter(4096)
