// The snapshot file: what it looks like, and what is thrown when it does not look like that.
// Everything after the first eight bytes is MessagePack in frames; numbers of the frames are big endian, as MessagePack's.
//
//   offset
//   0       'KVNS'        u32 version
//   8       frame         opening map { createdMs, databases }
//   ...     frames        records, whole ones: a record never crosses a frame
//   ...     frame         closing map { records, bytes }; `bytes` is the size of everything before this frame
//   end                   nothing may follow
//
//   frame:  u32 length of the payload | u32 CRC32 of the payload | u32 CRC32 of these two, started with the third word of
//           the frame before (the first: with the CRC32 of the eight opening bytes) | payload
//
// So a length is known to be right before it is used, and a lost, doubled or exchanged frame breaks the chain. A payload
// that begins with a map is the opening or the closing one, else it is a run of records, which are arrays:
//
//   [type, db, name, expireAtMs | nil, access, ...value]    a key; the fields of the value are in kinds.ts
//   [PART, bytes]                                           the next piece of the value of the key before
//   [ASIDE + type, ...], [ASIDE + PART, bytes]              a key and its pieces, between the pieces of another one
//
// `name` is the key's name as clients see it, `ns/key`, binary; `access` is the access word of store/access.ts.
// Files of the first days may have several records of a key, of which the last one counts; a value whose parts stop short,
// which the record that follows gives up; and
//
//   [GONE, db, name]                                        a key that stands further up and was renamed since

import { fromText, toText } from '../bytes/ascii.ts'
import { crc32 } from '../bytes/crc.ts'

export const VERSION = 1
export const FRAME_HEAD_BYTES = 12

/** Record types above the types of values, which are those of store/entry.ts. */
export const PART = 16
export const GONE = 17
/** A bit. */
export const ASIDE = 32
/** type, db, name, expireAtMs, access */
export const KEY_FIELDS = 5

/** The first bytes of every snapshot of this version. */
export const OPENING: Uint8Array = Uint8Array.from([...fromText('KVNS'), 0, 0, 0, VERSION])
/** Where the checksum of the first frame goes on from. Not worked out before somebody asks: that fills CRC's tables. */
export const firstSeed = (): number => crc32(OPENING)

interface OpeningMap {
  readonly createdMs: number
  readonly databases: number
}

interface ClosingMap {
  readonly records: number
  readonly bytes: number
}

/** Written and read by hand: a library for it took 15 ms of the first save, which clients noticed. */
export function packMap(map: OpeningMap | ClosingMap): Uint8Array {
  const entries = Object.entries(map)
  const view = new DataView(new ArrayBuffer(128))
  const packed = new Uint8Array(view.buffer)
  let at = 0
  packed[at++] = FIXED_MAP | entries.length
  for (const [name, value] of entries) {
    packed[at++] = FIXED_STRING | name.length
    packed.set(fromText(name), at)
    at += name.length
    packed[at++] = DOUBLE
    view.setFloat64(at, value)
    at += 8
  }
  return packed.subarray(0, at)
}

const FIXED_MAP = 0x80
const FIXED_STRING = 0xa0
const DOUBLE = 0xcb
/** How numbers may stand in files of the first days, beside doubles and those below 128. */
const NUMBER_READERS: Readonly<Record<number, readonly [bytes: number, read: (view: DataView, at: number) => number]>> =
  {
    [DOUBLE]: [8, (view, at) => view.getFloat64(at)],
    204: [1, (view, at) => view.getUint8(at)],
    205: [2, (view, at) => view.getUint16(at)],
    206: [4, (view, at) => view.getUint32(at)],
    207: [8, (view, at) => Number(view.getBigUint64(at))],
  }

/** The named whole numbers of a packed map; undefined when it is no map of numbers or one of them is missing. */
export function unpackMap(bytes: Uint8Array, names: readonly string[]): readonly number[] | undefined {
  const map = new Map<string, number>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  try {
    let at = 1
    for (let left = view.getUint8(0) ^ FIXED_MAP; left > 0; left--) {
      const length = view.getUint8(at++) ^ FIXED_STRING
      if (length > 31) return undefined
      const name = toText(bytes, at, at + length)
      at += length
      const first = view.getUint8(at++)
      const [size, read] = NUMBER_READERS[first] ?? [0, undefined]
      map.set(name, first < 128 ? first : (read?.(view, at) ?? Number.NaN))
      at += size
    }
    if (at !== bytes.length) return undefined
  } catch {
    // It ends too early.
    return undefined
  }
  const numbers = names.map(name => map.get(name) ?? Number.NaN)
  return numbers.every(n => Number.isSafeInteger(n) && n >= 0) ? numbers : undefined
}

/** The bytes of the file are not those that were written. */
export class SnapshotDamaged extends Error {
  override readonly name = 'SnapshotDamaged'
  readonly path: string
  /** Offset in the file. */
  readonly byte: number
  readonly reason: string

  constructor(path: string, byte: number, reason: string) {
    super(`snapshot ${path} is damaged at byte ${byte}: ${reason}`)
    this.path = path
    this.byte = byte
    this.reason = reason
  }
}

/** The file is in order, but this server, as it is set up, cannot hold it. */
export class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused'
  readonly path: string

  constructor(path: string, reason: string) {
    super(`snapshot ${path} cannot be loaded: ${reason}`)
    this.path = path
  }
}
