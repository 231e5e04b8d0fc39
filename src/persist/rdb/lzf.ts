// LZF, Marc Lehmann's small and fast compression, as strings in RDB have it.
//
//   000lllll, bytes                     l + 1 bytes as they are
//   lllooooo oooooooo                   l + 2 bytes (l from 1 to 6) that stood o + 1 bytes before
//   111ooooo llllllll oooooooo          l + 9 bytes that stood o + 1 bytes before
//
//   compress    a look at a table for every byte that is not part of a match

import { copy } from '../../bytes/ascii.ts'

/** What a reference of three bytes stands for at most, divided by three: no text becomes longer than this many times. */
export const MOST_EXPANSION = 88

const MOST_LITERALS = 32
const MOST_OFFSET = 1 << 13
const MOST_MATCH = 264
const TABLE_BITS = 14
const FOLDED = 7
const TABLE_LIMIT = 0x7000_0000

/** Where the three bytes of a hash were seen last, counted on over all texts: what is below `base` is of an earlier one. */
const table = new Int32Array(1 << TABLE_BITS)
let base = 1

/**
 * Compresses src[start, end) to dst[at, limit). Returns the end in `dst`, or -1 when it has no room: the text is better
 * left as it is then.
 */
export function lzfCompress(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  at: number,
  limit: number,
): number {
  if (base + end - start > TABLE_LIMIT) {
    table.fill(0)
    base = 1
  }
  const shift = base - start
  base += end - start
  let out = at
  let literals = start
  let from = start
  let two = (src[from] << 8) | src[from + 1]
  while (from < end - 2) {
    const three = (two << 8) | src[from + 2]
    const hash = hashOf(three)
    const seen = table[hash] - shift
    table[hash] = from + shift
    const offset = from - seen - 1
    if (seen < start || offset >= MOST_OFFSET || threeAt(src, seen) !== three) {
      two = three & 0xffff
      from++
      continue
    }
    if (literals < from) out = writeLiterals(src, literals, from, dst, out, limit)
    if (out < 0 || out + 3 > limit) return -1
    const length = matchLength(src, seen, from, end)
    out = writeMatch(dst, out, length - 2, offset)
    // Of a long run only the last places are worth remembering.
    for (let i = Math.max(from + 1, from + length - 2); i < from + length && i < end - 2; i++) {
      table[hashOf(threeAt(src, i))] = i + shift
    }
    from += length
    literals = from
    two = (src[from] << 8) | src[from + 1]
  }
  return writeLiterals(src, literals, end, dst, out, limit)
}

function threeAt(src: Uint8Array, at: number): number {
  return (src[at] << 16) | (src[at + 1] << 8) | src[at + 2]
}

function hashOf(three: number): number {
  return Math.imul(three, 0x9e3779b1) >>> (32 - TABLE_BITS)
}

function matchLength(src: Uint8Array, seen: number, from: number, end: number): number {
  const most = Math.min(MOST_MATCH, end - from)
  let length = 3
  while (length < most && src[seen + length] === src[from + length]) length++
  return length
}

function writeMatch(dst: Uint8Array, at: number, length: number, offset: number): number {
  if (length < FOLDED) dst[at++] = (length << 5) | (offset >> 8)
  else {
    dst[at++] = (FOLDED << 5) | (offset >> 8)
    dst[at++] = length - FOLDED
  }
  dst[at++] = offset
  return at
}

function writeLiterals(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  at: number,
  limit: number,
): number {
  for (let from = start; from < end; from += MOST_LITERALS) {
    const n = Math.min(MOST_LITERALS, end - from)
    if (at + 1 + n > limit) return -1
    dst[at] = n - 1
    at = copy(dst, at + 1, src, from, from + n)
  }
  return at
}

/** Expands src[start, end) to exactly dst[0, length). False when the bytes are not those of a text of this length. */
export function lzfExpand(src: Uint8Array, start: number, end: number, dst: Uint8Array, length: number): boolean {
  let from = start
  let to = 0
  while (from < end) {
    const head = src[from++]
    if (head < MOST_LITERALS) {
      const n = head + 1
      if (n > end - from || n > length - to) return false
      to = copy(dst, to, src, from, from + n)
      from += n
      continue
    }
    let n = (head >> 5) + 2
    if (n === FOLDED + 2) {
      if (from >= end) return false
      n += src[from++]
    }
    if (from >= end) return false
    let seen = to - (((head & 31) << 8) | src[from++]) - 1
    if (seen < 0 || n > length - to) return false
    // The runs may overlap: a byte written here may be read again at once.
    for (const stop = to + n; to < stop; ) dst[to++] = dst[seen++]
  }
  return to === length
}
