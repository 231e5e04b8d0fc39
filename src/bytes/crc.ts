// Checksums that stand in file formats: CRC16 places a key in a cluster slot, CRC64 seals RDB files and DUMP payloads, CRC32
// our snapshots.
// JavaScript has no 64-bit integer without allocation, so the CRC64 runs on two 32-bit halves.
//
//   crc16   XMODEM: polynomial 1021, not reflected, starts at 0          "123456789" -> 31c3
//   crc64   Jones: polynomial ad93d23594c935a9, reflected, starts at 0   "123456789" -> e9c6d914c4b8d9ca
//
//   crc16 1.3 ns a byte, crc64 0.6 ns a byte in long runs

/** The CRC32 of zlib, going on from `seed`. The engine's own: loading node:zlib would take 3 ms of every start. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return Bun.hash.crc32(bytes, seed)
}

/** Filled when it is needed first, as those below: 2 ms of every start otherwise. */
let crc16Table: Uint16Array | undefined

function makeCrc16Table(): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
    return crc & 0xffff
  })
}

/** The CRC16 of buf[start, end), 0 to 65535. The cluster slot of a key is its lower 14 bits. */
export function crc16(buf: Uint8Array, start: number, end: number): number {
  crc16Table ??= makeCrc16Table()
  let crc = 0
  for (let at = start; at < end; at++) crc = ((crc << 8) & 0xffff) ^ crc16Table[(crc >>> 8) ^ buf[at]]
  return crc
}

/** The polynomial ad93d23594c935a9 with its bits reversed, as the reflected CRC needs it. */
const POLYNOMIAL_HIGH = 0x95ac9329
const POLYNOMIAL_LOW = 0xac4bc9b5

/**
 * Table `t` at t * 256 tells what a byte does to the CRC when `t` zero bytes follow it: eight bytes are taken in one step
 * by eight look-ups ("slicing", Kounavis and Berry, 2005).
 */
const SLICES = 8
/** From here on it pays to look at the bytes as words, which takes an object. */
const LONG_BYTES = 128
const HIGH = new Int32Array(SLICES * 256)
const LOW = new Int32Array(SLICES * 256)

let areTablesFilled = false

function fillTables(): void {
  areTablesFilled = true
  for (let byte = 0; byte < 256; byte++) {
    let high = 0
    let low = byte
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (carry === 1) {
        high ^= POLYNOMIAL_HIGH
        low ^= POLYNOMIAL_LOW
      }
    }
    HIGH[byte] = high
    LOW[byte] = low
  }
  for (let at = 256; at < SLICES * 256; at++) {
    const high = HIGH[at - 256]
    const low = LOW[at - 256]
    HIGH[at] = (high >>> 8) ^ HIGH[low & 255]
    LOW[at] = ((low >>> 8) | (high << 24)) ^ LOW[low & 255]
  }
}

/** What eight bytes do, in one of the tables. */
function mixed(table: Int32Array, x: number, y: number): number {
  const first =
    table[1792 + (x & 255)] ^
    table[1536 + ((x >>> 8) & 255)] ^
    table[1280 + ((x >>> 16) & 255)] ^
    table[1024 + (x >>> 24)]
  return (
    first ^ table[768 + (y & 255)] ^ table[512 + ((y >>> 8) & 255)] ^ table[256 + ((y >>> 16) & 255)] ^ table[y >>> 24]
  )
}

/** A running CRC64: feed it pieces in order, then read both halves. */
export class Crc64 {
  /** The upper and the lower 32 bits, as int32. */
  high = 0
  low = 0

  constructor() {
    if (!areTablesFilled) fillTables()
  }

  update(buf: Uint8Array, start: number, end: number): void {
    if (end - start < LONG_BYTES) {
      this.updateShort(buf, start, end)
      return
    }
    const first = start + (-(buf.byteOffset + start) & 3)
    const words = new Int32Array(buf.buffer, buf.byteOffset + first, (end - first) >> 2)
    const pairs = words.length & ~1
    this.updateShort(buf, start, first)
    this.updateWords(words, pairs)
    this.updateShort(buf, first + 4 * pairs, end)
  }

  /** Two words a step: three quarters of what four bytes a step took. The processor's words are little endian, as those of the CRC. */
  private updateWords(words: Int32Array, n: number): void {
    let { high, low } = this
    for (let i = 0; i < n; i += 2) {
      const x = low ^ words[i]
      const y = high ^ words[i + 1]
      low = mixed(LOW, x, y)
      high = mixed(HIGH, x, y)
    }
    this.high = high
    this.low = low
  }

  private updateShort(buf: Uint8Array, start: number, end: number): void {
    let { high, low } = this
    let at = start
    for (const eights = end - 7; at < eights; at += 8) {
      const x = low ^ (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24))
      const y = high ^ (buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24))
      low = mixed(LOW, x, y)
      high = mixed(HIGH, x, y)
    }
    for (; at < end; at++) {
      const index = (low ^ buf[at]) & 255
      low = ((low >>> 8) | (high << 24)) ^ LOW[index]
      high = (high >>> 8) ^ HIGH[index]
    }
    this.high = high | 0
    this.low = low | 0
  }

  /** Writes the eight bytes at `at`, little endian as RDB has them, and returns the end. */
  write(dst: Uint8Array, at: number): number {
    for (let shift = 0; shift < 32; shift += 8) dst[at++] = this.low >>> shift
    for (let shift = 0; shift < 32; shift += 8) dst[at++] = this.high >>> shift
    return at
  }

  /**
   * Takes in what another sum of as many bytes would be: a CRC that starts at 0 is linear, so the sum of a text of which some
   * bits are turned is the sum of the text mixed with that of the bits.
   */
  mix(other: Crc64): void {
    this.high ^= other.high
    this.low ^= other.low
  }

  /** Whether the eight bytes at `at` are what `write` would put there. */
  matches(buf: Uint8Array, at: number): boolean {
    for (let shift = 0; shift < 32; shift += 8) if (buf[at++] !== ((this.low >>> shift) & 255)) return false
    for (let shift = 0; shift < 32; shift += 8) if (buf[at++] !== ((this.high >>> shift) & 255)) return false
    return true
  }
}

/** The sum of what `crc` has summed up and so many zero bytes behind it; in time of their logarithm. */
export function crc64Moved(crc: Crc64, zeroBytes: number): Crc64 {
  const mask = 0xffffffffn
  // In the reflected CRC the upper bit is x^0: a byte more is a multiplication by x^8, modulo the polynomial.
  let sum = ((BigInt(crc.high) & mask) << 32n) | (BigInt(crc.low) & mask)
  let power = 1n << 55n
  for (let left = zeroBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) sum = product(sum, power)
    power = product(power, power)
  }
  const moved = new Crc64()
  moved.high = Number(BigInt.asIntN(32, sum >> 32n))
  moved.low = Number(BigInt.asIntN(32, sum))
  return moved
}

/** Of two polynomials over GF(2), modulo that of the CRC64. */
function product(a: bigint, b: bigint): bigint {
  const polynomial = (BigInt(POLYNOMIAL_HIGH) << 32n) | BigInt(POLYNOMIAL_LOW)
  let sum = 0n
  for (let bit = 63n; bit >= 0n; bit--) {
    if (((b >> bit) & 1n) === 1n) sum ^= a
    a = (a & 1n) === 1n ? (a >> 1n) ^ polynomial : a >> 1n
  }
  return sum
}
