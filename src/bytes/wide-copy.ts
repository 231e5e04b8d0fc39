// Copies between buffers that have a DataView, eight bytes a turn: for what is copied so often that byte by byte is too slow
// (bytes/ascii.ts) and mostly too short for a native call.
//
//   bytes       8   16   22   36   64   100   200
//   ascii.ts   11   13   17   20   29    52    74 ns
//   here        7    8   13   13   17    23    39 ns      (best of 60 runs, Bun 1.4.5, shared Xeon)

/** A buffer as both. */
export interface Viewed {
  readonly u8: Uint8Array
  readonly view: DataView
}

/** From here on a native call, which takes some 20 ns to get there, is quicker. */
export const LONG_COPY_BYTES = 128

/** Copies src[start, end) to dst at `dstAt` and returns the end in `dst`. Within one buffer runs must not overlap. */
export function copyWide(dst: DataView, dstAt: number, src: DataView, start: number, end: number): number {
  for (const eights = end - 7; start < eights; start += 8, dstAt += 8) {
    // Any eight bytes are a double and come out of a register as they went in, except that engines may spell NaN anew.
    const eight = src.getFloat64(start, true)
    if (!Number.isNaN(eight)) dst.setFloat64(dstAt, eight, true)
    else {
      dst.setInt32(dstAt, src.getInt32(start, true), true)
      dst.setInt32(dstAt + 4, src.getInt32(start + 4, true), true)
    }
  }
  if (start + 4 <= end) {
    dst.setInt32(dstAt, src.getInt32(start, true), true)
    start += 4
    dstAt += 4
  }
  while (start < end) dst.setUint8(dstAt++, src.getUint8(start++))
  return dstAt
}
