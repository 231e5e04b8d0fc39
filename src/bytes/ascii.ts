// The smallest operations on runs of bytes: compare, copy, find, and the way to and from text.
// A run is always (buffer, start, end) with `end` one past the last byte, so that no sub-array is made on the hot path.
// "Letters" are the 26 ASCII ones, as in C's default locale: bytes above 127 have no case.

/**
 * Above this a call into the engine pays: Buffer's copy takes 22 to 33 ns by itself, the loop 32 ns for 64 bytes and 63
 * for 96, `set(subarray)` 57 to 80, most of it for the sub-array (Bun 1.4.5). Within GET the call costs more than that:
 * from 48 bytes on, values of 64 bytes took a tenth longer.
 */
const LOOP_COPY_LIMIT = 96
/** It works on any Uint8Array, though its type says otherwise. */
const copyNatively = Buffer.prototype.copy as (
  this: Uint8Array,
  target: Uint8Array,
  targetStart: number,
  start: number,
  end: number,
) => number

const encoder = new TextEncoder()

/** The byte, with 'A'..'Z' made 'a'..'z'. */
export function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte
}

/** Whether buf[start, end) spells `lowerName`, whatever its case. `lowerName` must hold no capital letter. */
export function equalsIgnoreCase(buf: Uint8Array, start: number, end: number, lowerName: Uint8Array): boolean {
  const length = end - start
  if (length !== lowerName.length) return false
  for (let i = 0; i < length; i++) {
    const byte = buf[start + i]
    const wanted = lowerName[i]
    if (byte !== wanted && (byte < 65 || byte > 90 || byte + 32 !== wanted)) return false
  }
  return true
}

/** Whether the two runs hold the same bytes. */
export function equals(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false
  while (aStart < aEnd) if (a[aStart++] !== b[bStart++]) return false
  return true
}

/** Negative, 0 or positive: order by unsigned bytes (memcmp), and a run before its own continuation. */
export function compare(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aLength = aEnd - aStart
  const bLength = bEnd - bStart
  const shorter = Math.min(aLength, bLength)
  for (let i = 0; i < shorter; i++) {
    const difference = a[aStart + i] - b[bStart + i]
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/** Copies src[start, end) to dst at `dstAt` and returns the end in `dst`. Within one buffer runs must not overlap. */
export function copy(dst: Uint8Array, dstAt: number, src: Uint8Array, start: number, end: number): number {
  const dstEnd = dstAt + (end - start)
  if (end - start > LOOP_COPY_LIMIT) {
    copyNatively.call(src, dst, dstAt, start, end)
    return dstEnd
  }
  // Four bytes a turn: 64 bytes in 21 ns instead of 37.
  for (const fours = end - 3; start < fours; start += 4, dstAt += 4) {
    dst[dstAt] = src[start]
    dst[dstAt + 1] = src[start + 1]
    dst[dstAt + 2] = src[start + 2]
    dst[dstAt + 3] = src[start + 3]
  }
  while (start < end) dst[dstAt++] = src[start++]
  return dstEnd
}

/** Where `byte` first stands in buf[start, end), or -1. */
export function indexOfByte(buf: Uint8Array, start: number, end: number, byte: number): number {
  for (let i = start; i < end; i++) if (buf[i] === byte) return i
  return -1
}

/** The bytes of a constant, as UTF-8. */
export function fromText(text: string): Uint8Array {
  return encoder.encode(text)
}

/** One character per byte (Latin-1), so no byte is lost: for names, logs and error texts. Allocates. */
export function toText(buf: Uint8Array, start: number, end: number): string {
  return Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString('latin1')
}
